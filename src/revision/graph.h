/*
 * graph - revisions and how they follow each other, as Alembic understands them.
 *
 * Pure: no files, no database. An engine lists its revisions, the graph links them and derives
 * Alembic's sets: heads (nobody's down_revision), effective heads (nobody's down_revision and
 * nobody's dependency; what a fully upgraded version table holds), bases, effective bases, branch
 * points, merge points, propagated branch labels. Rules: Alembic 1.19 script/revision.py, observed
 * equal in 1.8.1.
 */
#ifndef REVISION_GRAPH_H
#define REVISION_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

struct revision;

/* A list of revisions, in the arena of its graph. Zero-initialise it; a copy of the structure
 * shares the list, so add to one of the two only. */
struct revset {
    struct revision **v;
    size_t n;
    size_t cap; /* for revset_add */
};

struct revision {
    const char *id;
    const char *doc;
    const char *path;
    const char *const *down_ids;       /* as declared; NULL-terminated, never NULL */
    const char *const *labels_declared;
    const char *const *depends_on_ids;

    /* filled by graph_link() */
    size_t index;                      /* load order */
    size_t level;                      /* longest way down to an effective base, over all edges */
    struct revset down;                /* down_revision */
    struct revset depends_on;          /* resolved dependencies, as declared */
    struct revset all_down;            /* down and depends_on, without duplicates */
    struct revset normal_down;         /* down, and the dependencies that no ancestor has yet */
    struct revset next;                /* who has this as down_revision */
    struct revset all_next;            /* next and who depends on this */
    const char *const *labels;         /* declared and propagated, sorted */
    bool is_head, is_effective_head, is_base, is_effective_base;
    bool is_branch_point, is_merge_point;
    unsigned mark;                     /* scratch of one traversal; see graph_new_mark */
};

struct graph;

/* graph_new(arena): empty; everything lives as long as ${arena}. */
struct graph *graph_new(struct arena *arena);
struct arena *graph_arena(const struct graph *graph);

/* graph_add(graph, revision): a copy of the declared part of ${revision} (id, doc, path, the three
 * lists), in load order. Call graph_link when all are in. */
void graph_add(struct graph *graph, const struct revision *revision);

/* graph_link(graph, errs): resolve and derive. Every mistake becomes an entry of ${errs} (class
 * ERR_REFUSED): an id twice, a missing parent or dependency, a cycle, a label used twice, a
 * character that an id must not have. Returns 0 or -1. */
int graph_link(struct graph *graph, struct errs *errs) CHECK;

size_t graph_count(const struct graph *graph);
struct revision *graph_at(const struct graph *graph, size_t index); /* load order */

/* graph_find(graph, id): the revision with exactly this id or declared branch label, or NULL. */
struct revision *graph_find(const struct graph *graph, const char *id);

/* The derived sets, each in load order. */
struct revset graph_heads(const struct graph *graph);
struct revset graph_effective_heads(const struct graph *graph);
struct revset graph_bases(const struct graph *graph);

/* Ancestors and descendants of ${of}, themselves included, in load order. ${edges} says which. */
enum graph_edges {
    EDGES_DOWN,   /* down_revision only */
    EDGES_NORMAL, /* and normalised dependencies */
    EDGES_ALL,    /* and all dependencies */
};
struct revset graph_ancestors(struct graph *graph, struct revset of, enum graph_edges edges);
struct revset graph_descendants(struct graph *graph, struct revset of, enum graph_edges edges);

/* The same without making lists: graph_mark_* give each of them a new value of `mark` and return
 * it; graph_marked() lists who has ${mark}, in load order. The next traversal overwrites marks. */
unsigned graph_mark_ancestors(struct graph *graph, struct revset of, enum graph_edges edges);
unsigned graph_mark_descendants(struct graph *graph, struct revset of, enum graph_edges edges);
struct revset graph_marked(const struct graph *graph, unsigned mark);

/* graph_mark_below(graph, of): by EDGES_NORMAL, whatever is under one of ${of}; of ${of} itself
 * what is under another of it. */
unsigned graph_mark_below(struct graph *graph, struct revset of);

bool revset_has(struct revset set, const struct revision *revision);
void revset_add(struct arena *arena, struct revset *set, struct revision *revision);

/* graph_new_mark(graph): a value no revision's `mark` has, for one traversal. */
unsigned graph_new_mark(struct graph *graph);

/* revision_long_doc(arena, revision): the docstring without blanks around it;
 * revision_short_doc: its part before the first empty line, which may still have several lines.
 * Copies, in ${arena}, only where something is cut off. */
const char *revision_long_doc(struct arena *arena, const struct revision *revision);
const char *revision_short_doc(struct arena *arena, const struct revision *revision);

#endif
