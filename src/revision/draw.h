/*
 * draw - the graph as a picture: lines in a terminal, or text for Graphviz. Pure.
 */
#ifndef REVISION_DRAW_H
#define REVISION_DRAW_H

#include "base/buf.h"
#include "revision/graph.h"

enum draw_flags {
    DRAW_ASCII = 1, /* * | - \ / + instead of lines and dots in UTF-8 */
};

/* draw_graph(graph, set, rows, flags, out): ${set}, which is in the order of order_history()
 * already, one line a revision, newest first:
 *
 *     ● d (head) (mergepoint), all together
 *     ├─╮
 *     ● │ b (lab) (current), the one
 *     │ ● c (depends on x), the other
 *     ├─╯
 *     ● a (branchpoint)
 *
 * A line leads from a revision down to each parent (down_revision) of ${set}; parents outside are
 * named, "(revises z)", and so are dependencies. Lines that meet (├─╯) lead to the same revision,
 * lines that part (├─╮) come from the same; a vertical line within a horizontal one only crosses
 * it. ${rows} are marked "(current)"; empty to mark none. */
void draw_graph(struct graph *graph, struct revset set, struct revset rows, unsigned flags,
                struct buf *out);

/* draw_dot(graph, set, rows, out): ${set} in Graphviz's language, newest at the top: an arrow to
 * each parent, a dashed one to each dependency, heads with a bold frame, ${rows} filled. */
void draw_dot(struct graph *graph, struct revset set, struct revset rows, struct buf *out);

#endif
