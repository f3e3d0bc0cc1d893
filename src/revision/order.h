/*
 * order - which revisions run, and in which order: exactly Alembic's (the topological walk of its
 * RevisionMap), so that the plan equals what the project's own command does.
 */
#ifndef REVISION_ORDER_H
#define REVISION_ORDER_H

#include "revision/graph.h"

/* order_history(graph, set): ${set} from the newest to the oldest, as `alembic history` lists. */
struct revset order_history(struct graph *graph, struct revset set);

/* order_range(graph, lower, upper, out, err): what `history -r LOWER:UPPER` lists, in its order:
 * the ancestors of ${upper} that descend from ${lower}, both included; an empty ${lower} is base. A
 * ${lower} that is no ancestor of ${upper}, or overlaps, is an error (ERR_USAGE). */
int order_range(struct graph *graph, struct revset lower, struct revset upper, struct revset *out,
                struct err *err) CHECK;

/* order_upgrade(graph, rows, targets, out, err): what an upgrade from the version rows ${rows} to
 * ${targets} runs, first to last; nothing when all are applied. An overlap of the rows or of the
 * targets is an error (ERR_REFUSED). */
int order_upgrade(struct graph *graph, struct revset rows, struct revset targets,
                  struct revset *out, struct err *err) CHECK;

/* order_downgrade(graph, rows, target, out, err): what a downgrade to ${target} (NULL: base) runs,
 * first to last: whatever descends from its children or depends on them. Nothing when ${target} is
 * a row; an error (ERR_REFUSED) when it is not applied. */
int order_downgrade(struct graph *graph, struct revset rows, struct revision *target,
                    struct revset *out, struct err *err) CHECK;

/* order_downgrade_branch: the same, but of several children (or bases) only those that ${branch}, a
 * revision, descends from (NULL: all), as LABEL@TARGET asks. */
int order_downgrade_branch(struct graph *graph, struct revset rows, struct revision *target,
                           struct revision *branch, struct revset *out, struct err *err) CHECK;

#endif
