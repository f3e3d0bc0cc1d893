/*
 * show_impl - what show.c and draw.c share.
 */
#ifndef REVISION_SHOW_IMPL_H
#define REVISION_SHOW_IMPL_H

#include "revision/show.h"

/* The optional parts of a line. */
enum show_parts {
    SHOW_PARENTS = 1,
    SHOW_LABELS = 2,
    SHOW_TREE = 4, /* whether it is a branch point or merge point */
    SHOW_DOC = 8,
    SHOW_CURRENT = 16,
};

/* show_line(): a revision in one line, as `history` and others print it; without its end. */
void show_line(struct graph *graph, const struct revision *revision, unsigned parts,
               struct buf *out);

/* show_ids(), show_names(): "a, b". */
void show_ids(struct revset set, struct buf *out);
void show_names(const char *const *names, struct buf *out);

/* show_line_break(): the bytes of the line break at ${text}, or 0: those of Python's
 * str.splitlines(). */
size_t show_line_break(const char *text);

#endif
