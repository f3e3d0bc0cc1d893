/*
 * graph_impl - what a graph is made of; for graph.c and graph_link.c only.
 */
#ifndef REVISION_GRAPH_IMPL_H
#define REVISION_GRAPH_IMPL_H

#include "revision/graph.h"

/* A slot of the hash table: an id or a declared label; key NULL while free. */
struct graph_key {
    const char *key;
    struct revision *revision;
};

struct graph {
    struct arena *arena;
    struct revset all; /* load order */
    struct graph_key *keys;
    size_t n_keys; /* a power of two, or 0 before graph_link() */
    unsigned mark;
    struct revision *room; /* for the next ones */
    size_t n_room;
};

/* graph_slot(graph, key): the slot that holds ${key}, or the free one where it belongs. */
struct graph_key *graph_slot(const struct graph *graph, const char *key);

#endif
