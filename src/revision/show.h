/*
 * show - revisions as text, byte for byte as Alembic prints them (labels sorted, children in load
 * order, where Alembic's order is arbitrary). Pure formatting, appended to a buffer.
 */
#ifndef REVISION_SHOW_H
#define REVISION_SHOW_H

#include "base/buf.h"
#include "revision/graph.h"

/* show_heads(graph, effective, verbose, out): `heads`; ${effective} is --resolve-dependencies. */
void show_heads(struct graph *graph, bool effective, bool verbose, struct buf *out);

/* show_history(graph, set, rows, verbose, out): `history` of ${set}, which is in that order already
 * (order_history, order_range). ${rows} are marked "(current)"; empty to mark none. */
void show_history(struct graph *graph, struct revset set, struct revset rows, bool verbose,
                  struct buf *out);

/* show_current(graph, rows, verbose, out): `current` for these version rows. */
void show_current(struct graph *graph, struct revset rows, bool verbose, struct buf *out);

/* show_branches(graph, verbose, out): `branches`. */
void show_branches(struct graph *graph, bool verbose, struct buf *out);

/* show_entry(graph, revision, is_current, out): the long form, as `show` prints it. */
void show_entry(struct graph *graph, const struct revision *revision, bool is_current,
                struct buf *out);

/* show_step(graph, revision, is_upgrade, out): "upgrade A -> B, doc", as in Alembic's log, without
 * "Running " and without a line end. Dependencies are not shown. */
void show_step(struct graph *graph, const struct revision *revision, bool is_upgrade,
               struct buf *out);

#endif
