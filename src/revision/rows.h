/*
 * rows - the version table's rows: what they mean and how a step changes them. Pure.
 */
#ifndef REVISION_ROWS_H
#define REVISION_ROWS_H

#include "revision/graph.h"

/* rows_check(graph, ids, rows, errs): turn the stored ids into revisions. Each of these becomes an
 * entry of ${errs} (ERR_REFUSED) with a hint: an id unknown to the checkout, the same id twice, a
 * row that is an ancestor of another row (overlap). ${rows} gets the known ones, in load order. */
int rows_check(struct graph *graph, const char *const *ids, struct revset *rows,
               struct errs *errs) CHECK;

/* rows_applied(graph, rows): everything that is applied: the rows and their ancestors, dependencies
 * included. */
struct revset rows_applied(struct graph *graph, struct revset rows);

/* rows_current(graph, rows): what `current` prints: applied revisions that no applied revision has
 * as down_revision, in load order. */
struct revset rows_current(struct graph *graph, struct revset rows);

/* rows_equal(a, b): the same set. */
bool rows_equal(struct revset a, struct revset b);

/* One change of the version table for a step. */
struct row_change {
    enum { ROW_INSERT, ROW_DELETE, ROW_UPDATE } kind;
    const char *from; /* ROW_DELETE, ROW_UPDATE */
    const char *to;   /* ROW_INSERT, ROW_UPDATE */
};

/* rows_upgrade / rows_downgrade(graph, rows, step, changes, n): the changes that running ${step}
 * makes, in Alembic's priority (delete, create, merge, unmerge, update); ${rows} is moved on.
 * ${changes} is in the graph's arena. */
void rows_upgrade(struct graph *graph, struct revset *rows, struct revision *step,
                  struct row_change **changes, size_t *n);
void rows_downgrade(struct graph *graph, struct revset *rows, struct revision *step,
                    struct row_change **changes, size_t *n);

#endif
