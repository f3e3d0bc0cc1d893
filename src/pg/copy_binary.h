/*
 * copy_binary - lines of COPY's text format as rows of its binary format. Taking numbers, times and escapes
 * apart costs the server a third of a load; it is done here instead, where the client has time that the
 * server has not. For tables all of whose columns have one of the types of binary_value.h; and for loads
 * whose rows are compared afterwards, because two programs are not to be trusted to read the same out of a
 * text. Source: "Binary Format" in the description of COPY.
 */
#ifndef PG_COPY_BINARY_H
#define PG_COPY_BINARY_H

#include "base/buf.h"
#include "pg/binary_value.h"
#include "pg/db.h"

/* Of one statement. copy_binary_columns fills it, copy_binary_release frees what it holds. */
struct copy_binary {
    binary_value *const *values; /* of each column */
    size_t n;
    bool begun;
    struct buf rest;  /* the beginning of a line whose end has not come */
    struct buf plain; /* scratch: a field without its escapes */
};

/* copy_binary_columns(db, arena, quoted, columns, binary, err): what is known of ${columns}, in parentheses,
 * of the table ${quoted}. ${binary}->values is NULL if one of them has to be loaded as text. */
int copy_binary_columns(struct db *db, struct arena *arena, const char *quoted, const char *columns,
                        struct copy_binary *binary, struct err *err) CHECK;

/* copy_binary_feed(binary, text, n, out): a piece of lines, cut anywhere; their rows are added to ${out}.
 * False: a line is not one of such a table, and the statement has to be abandoned. */
bool copy_binary_feed(struct copy_binary *binary, const char *text, size_t n,
                      struct buf *out) CHECK;

/* copy_binary_end(binary, out): no more lines. False: the last one has no end. */
bool copy_binary_end(struct copy_binary *binary, struct buf *out) CHECK;

void copy_binary_release(struct copy_binary *binary);

#endif
