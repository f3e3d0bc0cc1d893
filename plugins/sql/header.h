/*
 * header - the comment at the top of a revision file, line by line; and what a line of comment
 * means. For file.c.
 *
 * The header goes on, over blank lines, up to the first marker or the first line that is no
 * comment. Before "Revision ID" a marker is text, so that any message can be written there.
 *
 * Changes: nothing.
 */
#ifndef SQL_HEADER_H
#define SQL_HEADER_H

#include "file.h"

enum header_kind {
    HEADER_TEXT,
    HEADER_ID, /* fields */
    HEADER_DOWN,
    HEADER_DATE,
    HEADER_LABELS,
    HEADER_DEPENDS,
    HEADER_UPGRADE, /* markers */
    HEADER_DOWNGRADE,
    HEADER_NO_TRANSACTION,
    HEADER_FALSE_MARKER, /* text that is about to be taken for a marker: "-- down", "-- Upgrade:" */
};

/* header_line(comment, n): what "-- …" means, without its line end; ${value} and ${value_n} get a
 * field's value, stripped. */
enum header_kind header_line(const char *comment, size_t n, const char **value, size_t *value_n);

/* header_extent(text, n, is_whole, extent): how many bytes of ${text}, whole lines, are header;
 * false when more text is needed to know. ${is_whole}: there is no more. */
bool header_extent(const char *text, size_t n, bool is_whole, size_t *extent);

/* header_parse(call, text, n, file): its fields, from the ${n} bytes that header_extent gave. The
 * sections' no_transaction is set too. fail() with every mistake. */
int header_parse(struct ddb_call *call, const char *text, size_t n, struct file *file);

#endif
