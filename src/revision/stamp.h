/*
 * stamp - what `stamp` does to the version table's rows: they move, nothing runs. Pure.
 *
 * As Alembic: a target that is stored stays; otherwise the rows related to the targets (ancestors
 * and descendants, dependencies included, of a target or of its LABEL@) move to the first target
 * that is related to one of them, and every other target becomes a row. `base` removes the related
 * rows: all, or with LABEL@ those of the branch.
 *
 * Different on purpose: relative targets are understood; what is stored and named stays also when
 * another target moves rows (there `stamp heads` loses the branches that are at their head); there
 * may be several targets below one row; rows that imply each other are refused; base besides
 * another target is refused (there it is ignored).
 */
#ifndef REVISION_STAMP_H
#define REVISION_STAMP_H

#include "revision/graph.h"
#include "revision/rows.h"

/* In the arena of the graph. */
struct stamp {
    struct revset rows;         /* what is stored afterwards, in load order */
    struct row_change *changes; /* in the order in which to make them */
    size_t n;
};

/* stamp_plan(graph, rows, targets, out, err): from the version rows ${rows} to ${targets}, texts as
 * resolve_target() takes them, with a NULL at the end. Nothing to do gives no changes. Errors:
 * ERR_USAGE, a target that cannot be understood, or none; ERR_REFUSED, a revision would be stored
 * together with its ancestor. */
int stamp_plan(struct graph *graph, struct revset rows, const char *const *targets,
               struct stamp *out, struct err *err) CHECK;

/* stamp_purge(graph, stored, targets, out, err): the same with --purge: first every row is deleted,
 * whatever it holds: ${stored} are ids, with a NULL at the end, that the graph need not have. An id
 * that is stored several times is one deletion. */
int stamp_purge(struct graph *graph, const char *const *stored, const char *const *targets,
                struct stamp *out, struct err *err) CHECK;

#endif
