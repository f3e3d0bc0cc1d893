/*
 * revtest - a graph for each test, written in few words.
 *
 * Lists are texts: "a b" for the ids a and b, in order; "" is empty.
 */
#ifndef REVISION_REVTEST_H
#define REVISION_REVTEST_H

#include "basetest.h"

#include "revision/graph.h"

static struct arena *arena;
static struct graph *graph;
static struct errs errs;

static inline int revtest_setup(void **state)
{
    (void)state;
    arena = arena_new();
    graph = graph_new(arena);
    return 0;
}

static inline int revtest_teardown(void **state)
{
    (void)state;
    errs_release(&errs);
    arena_free(arena);
    return 0;
}

#define REVTEST(name) cmocka_unit_test_setup_teardown(name, revtest_setup, revtest_teardown)

static inline const char *const *words(const char *text)
{
    char *rest = arena_strdup(arena, text);
    auto_strvec struct strvec list = {0};

    for (char *word; (word = strsep(&rest, " ")) != NULL;)
        if (*word != '\0')
            strvec_push(&list, word);
    return (const char *const *)arena_list(arena, &list);
}

static inline void rev_full(const char *id, const char *down, const char *labels,
                            const char *depends_on, const char *doc)
{
    char *path = arena_printf(arena, "versions/%s_.py", id);
    struct revision revision = {
        .id = id,
        .path = path,
        .doc = doc,
        .down_ids = words(down),
        .labels_declared = words(labels),
        .depends_on_ids = words(depends_on),
    };

    graph_add(graph, &revision);
}

static inline void rev(const char *id, const char *down)
{
    rev_full(id, down, "", "", "");
}

static inline void rev_labelled(const char *id, const char *down, const char *labels)
{
    rev_full(id, down, labels, "", "");
}

static inline void rev_depends(const char *id, const char *down, const char *depends_on)
{
    rev_full(id, down, "", depends_on, "");
}

static inline void link_ok(void)
{
    int status = graph_link(graph, &errs);

    if (status != 0)
        print_message("%s\n", errs.items[0].primary);
    assert_int_equal(status, 0);
    assert_int_equal(errs.n, 0);
}

static inline const char *ids(struct revset set)
{
    const char *text = "";

    for (size_t i = 0; i < set.n; i++)
        text = arena_printf(arena, "%s%s%s", text, i > 0 ? " " : "", set.v[i]->id);
    return text;
}

static inline struct revset set_of(const char *text)
{
    struct revset set = {0};

    for (const char *const *id = words(text); *id != NULL; id++) {
        assert_non_null(graph_find(graph, *id));
        revset_add(arena, &set, graph_find(graph, *id));
    }
    return set;
}

#define assert_set(set, text) assert_string_equal(ids(set), text)

static inline const char *labels_of(const char *id)
{
    const char *text = "";

    for (const char *const *label = graph_find(graph, id)->labels; *label != NULL; label++)
        text = arena_printf(arena, "%s%s%s", text, *text != '\0' ? " " : "", *label);
    return text;
}

/* A repeatable random number below ${limit}. */
static inline size_t random_below(size_t limit)
{
    static uint64_t seed = UINT64_C(88172645463325252);

    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % limit);
}

/* random_graph(n, dependencies): linked; revision i is named "ri". */
static inline void random_graph(size_t n, bool dependencies)
{
    for (size_t i = 0; i < n; i++) {
        const char *down = "";
        const char *depends_on = "";

        for (size_t k = random_below(4); k > 0 && i > 0; k--)
            down = arena_printf(arena, "%s r%zu", down, random_below(i));
        if (dependencies && i > 0 && random_below(4) == 0)
            depends_on = arena_printf(arena, "r%zu", random_below(i));
        rev_depends(arena_printf(arena, "r%zu", i), down, depends_on);
    }
    link_ok();
}

/* long_line(n): a line of ${n} revisions. */
static inline void long_line(size_t n)
{
    char id[32];
    char before[32] = "";

    for (size_t i = 0; i < n; i++) {
        const char *down[2] = {before[0] == '\0' ? NULL : before, NULL};
        struct revision revision = {.id = id, .down_ids = down};

        snprintf(id, sizeof id, "%012zx", (i * 2654435761u) & 0xffffffffffff);
        graph_add(graph, &revision);
        memcpy(before, id, sizeof id);
    }
    link_ok();
}

#endif
