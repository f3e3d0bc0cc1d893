/*
 * header - what a revision file says about itself, without running it.
 *
 * Module-level assignments of revision, down_revision, branch_labels and depends_on and the
 * docstring are evaluated when they are literals: strings, None, tuples, lists and sets of strings,
 * annotated or not. Whatever else may bind one of these names (a call, an f-string, an import, an
 * assignment inside an if) makes its value unknown until a plain assignment follows: the caller
 * asks Alembic then. Nothing is guessed. Changes: nothing.
 */
#ifndef ALEMBIC_HEADER_H
#define ALEMBIC_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "lex.h"

enum header_name {
    HEADER_REVISION,
    HEADER_DOWN,
    HEADER_LABELS,
    HEADER_DEPENDS,
    HEADER_DOC,
    HEADER_NAMES,
};

enum header_kind {
    HEADER_UNSET,
    HEADER_NONE,
    HEADER_TEXT,
    HEADER_LIST,
    HEADER_UNKNOWN,
};

struct header_value {
    enum header_kind kind;
    int line;
    size_t first; /* of its strings in header->items, which end with a NULL */
};

/* Zero-initialise it; it can read many files, one after the other. */
struct header {
    struct header_value values[HEADER_NAMES];
    int unknown_line;         /* where header_read() had to give up */
    const char *unknown_name; /* and on what: one of the names, or "the file" */

    const char **items;
    size_t n_items, cap_items;
    char *strings; /* decoded, as long as the text at most */
    size_t cap_strings, n_strings;
    struct token *tokens; /* of the current logical line */
    size_t n_tokens, cap_tokens;
    bool in_def;          /* the block that indented lines belong to is a function or a class */
    bool started;         /* the first statement has been seen */
};

/* header_read(header, text, n): 0 when everything is known, -1 when ${unknown_name} is not. */
int header_read(struct header *header, const char *text, size_t n);

/* The strings of a value, NULL-terminated: one for a text, none for None and for a name that is not
 * set. Valid until the next header_read. */
const char *const *header_list(const struct header *header, enum header_name name);

/* header_reserve(header, n_items, n_strings): room for so many items and bytes of strings. */
void header_reserve(struct header *header, size_t n_items, size_t n_strings);

void header_release(struct header *header);

#endif
