/*
 * resolve_impl - what resolve.c and resolve_walk.c share.
 */
#ifndef REVISION_RESOLVE_IMPL_H
#define REVISION_RESOLVE_IMPL_H

#include "revision/graph.h"

/* The branch that has a revision: its ancestors and descendants by down_revision. Valid until the
 * next traversal. */
struct lineage {
    unsigned down;
    unsigned up;
};

struct lineage resolve_lineage(struct graph *graph, struct revision *branch);
bool resolve_in_lineage(struct lineage lineage, const struct revision *revision);

/* resolve_filter(): those of ${set} in the lineage of ${branch} (NULL: all). */
struct revset resolve_filter(struct graph *graph, struct revset set, struct revision *branch);

/* resolve_several(): the members of ${set} become lines of the detail. Returns -1. */
int resolve_several(struct revset set, struct err *err);

/* resolve_split(): LABEL@SYMBOL at the first "@"; ${branch} is NULL without a label. */
int resolve_split(struct graph *graph, const char *text, const char **symbol,
                  struct revision **branch, struct err *err) CHECK;

/* An identifier, a label or the beginning of one; and a SYMBOL without relative part. */
int resolve_symbol(struct graph *graph, const char *symbol, struct revision *branch,
                   struct revision **out, struct err *err) CHECK;
int resolve_absolute(struct graph *graph, const char *symbol, struct revision *branch,
                     struct revset *out, struct err *err) CHECK;
int resolve_absolute_one(struct graph *graph, const char *symbol, struct revision *branch,
                         struct revision **out, struct err *err) CHECK;

/* resolve_steps(text, steps): whether ${text} is a number and nothing else. */
bool resolve_steps(const char *text, size_t *steps);

/* resolve_is_walk(): whether ${text} is [LABEL@]SYMBOL+N or [LABEL@]SYMBOL-N. */
bool resolve_is_walk(struct graph *graph, const char *text);

/* resolve_below_heads(): the revisions ${steps} below each effective head of ${branch}. */
int resolve_below_heads(struct graph *graph, struct revision *branch, size_t steps,
                        struct revset *out, struct err *err) CHECK;

#endif
