/* graph - see graph.h. The container, its sets and traversals; graph_link.c derives the rest. */
#include "revision/graph.h"

#include <stdint.h>
#include <string.h>

#include "revision/graph_impl.h"

struct graph *graph_new(struct arena *arena)
{
    struct graph *graph = arena_alloc(arena, sizeof *graph);

    graph->arena = arena;
    return graph;
}

struct arena *graph_arena(const struct graph *graph)
{
    return graph->arena;
}

static const char *const *copy_list(struct arena *arena, const char *const *list)
{
    size_t n = 0;
    const char **copy;

    while (list != NULL && list[n] != NULL)
        n++;
    copy = arena_alloc(arena, (n + 1) * sizeof *copy);
    for (size_t i = 0; i < n; i++)
        copy[i] = arena_strdup(arena, list[i]);
    return copy;
}

void graph_add(struct graph *graph, const struct revision *revision)
{
    struct revision *copy;

    if (graph->n_room == 0) { /* side by side, as they are walked all the time */
        graph->n_room = 64;
        graph->room = arena_alloc(graph->arena, graph->n_room * sizeof *graph->room);
    }
    copy = graph->room++;
    graph->n_room--;
    copy->id = arena_strdup(graph->arena, revision->id);
    copy->doc = arena_strdup(graph->arena, revision->doc);
    copy->path = arena_strdup(graph->arena, revision->path);
    copy->down_ids = copy_list(graph->arena, revision->down_ids);
    copy->labels_declared = copy_list(graph->arena, revision->labels_declared);
    copy->depends_on_ids = copy_list(graph->arena, revision->depends_on_ids);
    copy->labels = copy_list(graph->arena, NULL);
    copy->index = graph->all.n;
    revset_add(graph->arena, &graph->all, copy);
}

size_t graph_count(const struct graph *graph)
{
    return graph->all.n;
}

struct revision *graph_at(const struct graph *graph, size_t index)
{
    return graph->all.v[index];
}

/* FNV-1a. */
static size_t hash(const char *key)
{
    uint64_t value = UINT64_C(14695981039346656037);

    for (const unsigned char *c = (const unsigned char *)key; *c != '\0'; c++)
        value = (value ^ *c) * UINT64_C(1099511628211);
    return (size_t)(value ^ value >> 32);
}

struct graph_key *graph_slot(const struct graph *graph, const char *key)
{
    size_t at = hash(key) & (graph->n_keys - 1);

    while (graph->keys[at].key != NULL && strcmp(graph->keys[at].key, key) != 0)
        at = (at + 1) & (graph->n_keys - 1);
    return &graph->keys[at];
}

struct revision *graph_find(const struct graph *graph, const char *id)
{
    return graph->n_keys == 0 ? NULL : graph_slot(graph, id)->revision;
}

/* --- sets ------------------------------------------------------------------------------------- */

bool revset_has(struct revset set, const struct revision *revision)
{
    for (size_t i = 0; i < set.n; i++)
        if (set.v[i] == revision)
            return true;
    return false;
}

void revset_add(struct arena *arena, struct revset *set, struct revision *revision)
{
    if (set->n >= set->cap) {
        size_t cap = set->n < 2 ? 2 : set->n * 2;
        struct revision **grown = arena_alloc(arena, cap * sizeof(struct revision *));

        if (set->n > 0)
            memcpy(grown, set->v, set->n * sizeof *grown);
        set->v = grown;
        set->cap = cap;
    }
    set->v[set->n++] = revision;
}

struct revset graph_heads(const struct graph *graph)
{
    struct revset set = {0};

    for (size_t i = 0; i < graph->all.n; i++)
        if (graph->all.v[i]->is_head)
            revset_add(graph->arena, &set, graph->all.v[i]);
    return set;
}

struct revset graph_effective_heads(const struct graph *graph)
{
    struct revset set = {0};

    for (size_t i = 0; i < graph->all.n; i++)
        if (graph->all.v[i]->is_effective_head)
            revset_add(graph->arena, &set, graph->all.v[i]);
    return set;
}

struct revset graph_bases(const struct graph *graph)
{
    struct revset set = {0};

    for (size_t i = 0; i < graph->all.n; i++)
        if (graph->all.v[i]->is_base)
            revset_add(graph->arena, &set, graph->all.v[i]);
    return set;
}

/* --- traversals ------------------------------------------------------------------------------- */

unsigned graph_new_mark(struct graph *graph)
{
    if (++graph->mark == 0) {
        for (size_t i = 0; i < graph->all.n; i++)
            graph->all.v[i]->mark = 0;
        graph->mark = 1;
    }
    return graph->mark;
}

/* The neighbours of a revision: downwards, or (reached by the same revisions, whether or not
 * dependencies are normalised) upwards. */
static struct revset neighbours(const struct revision *revision, enum graph_edges edges, bool up)
{
    if (up)
        return edges == EDGES_DOWN ? revision->next : revision->all_next;
    switch (edges) {
    case EDGES_DOWN:
        return revision->down;
    case EDGES_NORMAL:
        return revision->normal_down;
    case EDGES_ALL:
        break;
    }
    return revision->all_down;
}

static unsigned mark_reached(struct graph *graph, struct revset of, enum graph_edges edges, bool up)
{
    unsigned mark = graph_new_mark(graph);
    struct revision **stack = mem_alloc((graph->all.n + 1) * sizeof(struct revision *));
    size_t n = 0;

    for (size_t i = 0; i < of.n; i++) {
        if (of.v[i]->mark == mark)
            continue;
        of.v[i]->mark = mark;
        stack[n++] = of.v[i];
    }
    while (n > 0) {
        struct revset set = neighbours(stack[--n], edges, up);

        for (size_t i = 0; i < set.n; i++) {
            if (set.v[i]->mark == mark)
                continue;
            set.v[i]->mark = mark;
            stack[n++] = set.v[i];
        }
    }
    mem_free(stack);
    return mark;
}

unsigned graph_mark_ancestors(struct graph *graph, struct revset of, enum graph_edges edges)
{
    return mark_reached(graph, of, edges, false);
}

unsigned graph_mark_descendants(struct graph *graph, struct revset of, enum graph_edges edges)
{
    return mark_reached(graph, of, edges, true);
}

unsigned graph_mark_below(struct graph *graph, struct revset of)
{
    struct revset under = {0};

    for (size_t i = 0; i < of.n; i++)
        for (size_t j = 0; j < of.v[i]->normal_down.n; j++)
            revset_add(graph->arena, &under, of.v[i]->normal_down.v[j]);
    return graph_mark_ancestors(graph, under, EDGES_NORMAL);
}

struct revset graph_marked(const struct graph *graph, unsigned mark)
{
    struct revset set = {0};

    for (size_t i = 0; i < graph->all.n; i++)
        if (graph->all.v[i]->mark == mark)
            revset_add(graph->arena, &set, graph->all.v[i]);
    return set;
}

struct revset graph_ancestors(struct graph *graph, struct revset of, enum graph_edges edges)
{
    return graph_marked(graph, graph_mark_ancestors(graph, of, edges));
}

struct revset graph_descendants(struct graph *graph, struct revset of, enum graph_edges edges)
{
    return graph_marked(graph, graph_mark_descendants(graph, of, edges));
}

/* --- docstrings ------------------------------------------------------------------------------- */

const char *revision_long_doc(struct arena *arena, const struct revision *revision)
{
    static const char blanks[] = " \t\n\r\v\f\x1c\x1d\x1e\x1f";
    const char *start = revision->doc == NULL ? "" : revision->doc;
    size_t n;

    start += strspn(start, blanks);
    n = strlen(start);
    while (n > 0 && strchr(blanks, start[n - 1]) != NULL)
        n--;
    return start[n] == '\0' ? start : arena_strndup(arena, start, n);
}

const char *revision_short_doc(struct arena *arena, const struct revision *revision)
{
    const char *doc = revision_long_doc(arena, revision);
    const char *end = strstr(doc, "\n\n");

    return end == NULL ? doc : arena_strndup(arena, doc, (size_t)(end - doc));
}
