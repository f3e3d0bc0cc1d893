/*
 * order - which revisions run, and in which order: exactly Alembic's (the topological walk of its
 * RevisionMap), so that the plan equals what the project's own command does.
 */
#ifndef REVISION_ORDER_H
#define REVISION_ORDER_H

#include "revision/graph.h"

/* order_history(graph, set): ${set} from the newest to the oldest, as `alembic history` lists. */
struct revset order_history(struct graph *graph, struct revset set);

/* order_upgrade(graph, rows, targets, out, err): what an upgrade from the version rows ${rows} to
 * ${targets} runs, first to last. An overlap of the rows is an error (ERR_REFUSED). */
int order_upgrade(struct graph *graph, struct revset rows, struct revset targets,
                  struct revset *out, struct err *err) CHECK;

/* order_downgrade(graph, rows, target, out, err): what a downgrade to ${target} (NULL: base) runs,
 * first to last. */
int order_downgrade(struct graph *graph, struct revset rows, struct revision *target,
                    struct revset *out, struct err *err) CHECK;

#endif
