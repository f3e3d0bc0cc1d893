/* test_order - which revisions run, and in which order; the examples were observed of Alembic. */
#include "revtest.h"

#include <time.h>

#include "revision/order.h"
#include "revision/rows.h"

static struct revset all(void)
{
    struct revset set = {0};

    for (size_t i = 0; i < graph_count(graph); i++)
        revset_add(arena, &set, graph_at(graph, i));
    return set;
}

static const char *history(void)
{
    return ids(order_history(graph, all()));
}

static const char *upgrade(const char *rows, const char *targets)
{
    struct err err = ERR_INIT;
    struct revset steps;

    if (order_upgrade(graph, set_of(rows), set_of(targets), &steps, &err) != 0)
        return arena_printf(arena, "error: %s", err.primary);
    return ids(steps);
}

static const char *downgrade_branch(const char *rows, const char *target, const char *branch)
{
    struct err err = ERR_INIT;
    struct revset steps;

    if (order_downgrade_branch(graph, set_of(rows),
                               strcmp(target, "base") == 0 ? NULL : graph_find(graph, target),
                               branch == NULL ? NULL : graph_find(graph, branch), &steps,
                               &err) != 0) {
        assert_int_equal(err.code, ERR_REFUSED);
        assert_true(err.hint[0] != '\0');
        return arena_printf(arena, "error: %s", err.primary);
    }
    return ids(steps);
}

static const char *downgrade(const char *rows, const char *target)
{
    return downgrade_branch(rows, target, NULL);
}

static const char *range(const char *lower, const char *upper)
{
    struct err err = ERR_INIT;
    struct revset set;

    if (order_range(graph, set_of(lower), set_of(upper), &set, &err) != 0) {
        assert_int_equal(err.code, ERR_USAGE);
        return arena_printf(arena, "error: %s", err.primary);
    }
    return ids(set);
}

/* a -> (b1 -> b2, c) -> d, declared as (b2, c) */
static void diamond_graph(void)
{
    rev("a", "");
    rev("b1", "a");
    rev("b2", "b1");
    rev("c", "a");
    rev("d", "b2 c");
    link_ok();
}

static void diamond(void **state)
{
    (void)state;
    diamond_graph();
    assert_string_equal(history(), "d b2 b1 c a");
    assert_string_equal(upgrade("", "d"), "a c b1 b2 d");
    assert_string_equal(downgrade("d", "base"), "d b2 b1 c a");
    assert_string_equal(downgrade("d", "a"), "d b2 b1 c");
    assert_string_equal(downgrade("d", "b1"), "d b2");
}

static void three_way_merge(void **state)
{
    (void)state;
    rev("a", "");
    rev("x1", "a");
    rev("x2", "a");
    rev("x3", "a");
    rev("m", "x1 x2 x3");
    link_ok();
    assert_string_equal(upgrade("a", "m"), "x3 x2 x1 m");
    assert_string_equal(history(), "m x1 x2 x3 a");
}

static void order_of_parents_matters(void **state)
{
    (void)state;
    rev("a", "");
    rev("x", "a");
    rev("y", "a");
    rev("m", "y x");
    link_ok();
    assert_string_equal(history(), "m y x a");
}

/* n1 - n2, s1 - s2, and s2 depends on n2: the dependency's tree runs first. */
static void trees(void)
{
    rev("n1", "");
    rev("n2", "n1");
    rev("s1", "");
    rev_depends("s2", "s1", "n2");
    link_ok();
}

static void dependency_tree_runs_first(void **state)
{
    (void)state;
    trees();
    assert_string_equal(upgrade("", "s2"), "n1 n2 s1 s2");
    assert_string_equal(upgrade("s1", "s2"), "n1 n2 s2");
    assert_string_equal(upgrade("", "n2"), "n1 n2");
}

static void dropping_a_dependency_drops_its_dependants(void **state)
{
    (void)state;
    trees();
    assert_string_equal(downgrade_branch("s2", "base", "n2"), "s2 n2 n1");
    assert_string_equal(downgrade_branch("s2", "base", "s2"), "s2 s1");
    assert_string_equal(downgrade("s2", "n1"), "s2 n2");
}

static void downgrade_to_a_fork_drops_all_branches(void **state)
{
    (void)state;
    rev("a", "");
    rev("b", "a");
    rev("c", "a");
    link_ok();
    assert_string_equal(downgrade("b c", "a"), "b c");
    assert_string_equal(downgrade("c", "a"), "c");
}

static void downgrade_of_one_branch(void **state)
{
    (void)state;
    rev("a", "");
    rev("b", "a");
    rev("b2", "b");
    rev("c", "a");
    link_ok();
    assert_string_equal(downgrade_branch("b2 c", "a", "b2"), "b2 b");
    assert_string_equal(downgrade_branch("b2 c", "a", "a"),
                        "error: \"a\" is not a valid downgrade target on branch \"a\"");
    /* one base: the branch does not matter */
    assert_string_equal(downgrade_branch("b2 c", "base", "c"), "b2 b c a");
}

static void downgrade_of_one_tree(void **state)
{
    (void)state;
    rev("a1", "");
    rev("a2", "a1");
    rev("b1", "");
    link_ok();
    assert_string_equal(downgrade_branch("a2 b1", "base", "a2"), "a2 a1");
    assert_string_equal(downgrade("a2 b1", "base"), "a2 a1 b1");
}

static void nothing_to_do(void **state)
{
    (void)state;
    diamond_graph();
    assert_string_equal(upgrade("d", "d"), "");
    assert_string_equal(upgrade("d", "b1"), "");
    assert_string_equal(upgrade("", ""), "");
    assert_string_equal(downgrade("d", "d"), "");
    assert_string_equal(downgrade("", "base"), "");
    assert_string_equal(downgrade("b2", "b2"), "");
}

static void downgrade_to_what_is_not_applied(void **state)
{
    (void)state;
    diamond_graph();
    assert_string_equal(downgrade("b1", "b2"),
                        "error: destination \"b2\" is not a valid downgrade target from the "
                        "current revisions");
    assert_string_equal(downgrade("b1", "c"),
                        "error: destination \"c\" is not a valid downgrade target from the "
                        "current revisions");
}

static void overlaps_are_refused(void **state)
{
    (void)state;
    diamond_graph();
    assert_string_equal(upgrade("a b1", "d"),
                        "error: stored revision \"b1\" overlaps with revision \"a\"");
    assert_string_equal(upgrade("", "d c"),
                        "error: requested revision \"d\" overlaps with revision \"c\"");
    assert_string_equal(upgrade("b2 c", "d"), "d");
}

/* A row that is only implied through a dependency overlaps, too. */
static void overlap_through_a_dependency(void **state)
{
    (void)state;
    trees();
    assert_string_equal(upgrade("n1 s2", "s2"),
                        "error: stored revision \"s2\" overlaps with revision \"n1\"");
}

static void partial_upgrade_of_branches(void **state)
{
    (void)state;
    rev("a", "");
    rev("b1", "a");
    rev("b2", "b1");
    rev("c1", "a");
    rev("c2", "c1");
    link_ok();
    assert_string_equal(upgrade("b1", "b2 c2"), "c1 c2 b2");
    assert_string_equal(upgrade("b1", "c1"), "c1");
}

static void ties_follow_the_load_order(void **state)
{
    (void)state;
    rev("h2", "a");
    rev("h1", "a");
    rev("a", "");
    link_ok();
    assert_string_equal(history(), "h2 h1 a");
    assert_string_equal(upgrade("", "h1 h2"), "a h1 h2");
}

static void ranges(void **state)
{
    (void)state;
    diamond_graph();
    assert_string_equal(range("", "d"), "d b2 b1 c a");
    assert_string_equal(range("b1", "d"), "d b2 b1");
    assert_string_equal(range("b1", "b2"), "b2 b1");
    assert_string_equal(range("d", "d"), "d");
    assert_string_equal(range("b1 a", "d"),
                        "error: requested revision \"b1\" overlaps with revision \"a\"");
    assert_string_equal(range("c", "b2"),
                        "error: revision \"c\" is not below the end of the range");
    assert_string_equal(range("", ""), "");
}

/* h hangs on x only through y, which does not descend from x by down_revision. */
static void a_range_with_a_gap(void **state)
{
    (void)state;
    rev("l", "");
    rev("x", "l");
    rev_depends("y", "", "x");
    rev_depends("z", "l", "y");
    link_ok();
    assert_string_equal(range("l", "z"), "z x l");
}

static void history_of_some(void **state)
{
    (void)state;
    diamond_graph();
    assert_string_equal(ids(order_history(graph, set_of("a d"))), "d a");
    assert_string_equal(ids(order_history(graph, set_of(""))), "");
}

/* --- many ------------------------------------------------------------------------------------- */

static bool under(const struct revision *revision, struct revset set)
{
    unsigned mark = graph_mark_ancestors(graph, set, EDGES_NORMAL);

    return revision->mark == mark;
}

/* Alembic's walk as it is described, with whole sets of ancestors for each cursor. */
static struct revset slow_history(void)
{
    struct revset cursors = {0};
    struct revset out = {0};
    size_t n = graph_count(graph);
    size_t work = 0;
    bool *listed = mem_alloc(n);

    cursors = graph_effective_heads(graph);
    while (cursors.n > 0) {
        struct revision *candidate = cursors.v[work];
        size_t blocker;
        bool moved = false;

        for (blocker = 0; blocker < cursors.n; blocker++) {
            struct revset one = {.v = &cursors.v[blocker], .n = 1};

            if (blocker != work && under(candidate, one))
                break;
        }
        if (blocker < cursors.n) {
            work = blocker;
            continue;
        }
        revset_add(arena, &out, candidate);
        listed[candidate->index] = true;
        for (size_t i = 0; i < candidate->normal_down.n; i++) {
            struct revision *down = candidate->normal_down.v[i];

            if (listed[down->index] || revset_has(cursors, down))
                continue;
            if (moved)
                revset_add(arena, &cursors, down);
            else
                cursors.v[work] = down;
            moved = true;
        }
        if (!moved) {
            memmove(&cursors.v[work], &cursors.v[work + 1],
                    (--cursors.n - work) * sizeof *cursors.v);
            work = work > 0 ? work - 1 : 0;
        }
    }
    mem_free(listed);
    return out;
}

static void random_graphs_as_described(void **state)
{
    (void)state;
    for (size_t i = 0; i < 60; i++) {
        struct revset fast;
        struct revset slow;

        arena_free(arena);
        arena = arena_new();
        graph = graph_new(arena);
        random_graph(1 + random_below(120), i % 2 == 0);
        fast = order_history(graph, all());
        slow = slow_history();
        assert_int_equal(fast.n, graph_count(graph));
        assert_string_equal(ids(fast), ids(slow));
    }
}

static double cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* What comes first must be in order; and the time must not grow with the square. The limit is far
 * above what is usual (20 to 60 ms), for sanitizers and slow machines. */
static void assert_ordered_soon(size_t n, double start)
{
    struct err err = ERR_INIT;
    struct revset none = {0};
    struct revset rows;
    struct revset up;
    struct revset down;
    bool *done = mem_alloc(n);

    assert_int_equal(order_upgrade(graph, none, graph_effective_heads(graph), &up, &err), 0);
    assert_int_equal(up.n, n);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < up.v[i]->all_down.n; j++)
            assert_true(done[up.v[i]->all_down.v[j]->index]);
        done[up.v[i]->index] = true;
    }
    rows = graph_effective_heads(graph);
    assert_int_equal(order_downgrade(graph, rows, NULL, &down, &err), 0);
    for (size_t i = 0; i < n; i++)
        assert_ptr_equal(down.v[i], up.v[n - 1 - i]);
    assert_true(cpu_ms() - start < 5000);
    mem_free(done);
}

static void ten_thousand_in_a_line(void **state)
{
    double start = cpu_ms();

    (void)state;
    long_line(10000);
    assert_ordered_soon(10000, start);
}

static void ten_thousand_at_random(void **state)
{
    double start = cpu_ms();

    (void)state;
    random_graph(10000, true);
    assert_ordered_soon(10000, start);
}

/* All heads at once: to look at each of the others at each step would take half a minute. */
static void a_hundred_thousand_branches(void **state)
{
    enum { BRANCHES = 100000 };
    double start = cpu_ms();
    const char *down[] = {NULL, NULL};
    char id[32] = "base";

    (void)state;
    for (size_t i = 0; i <= BRANCHES; i++) {
        struct revision revision = {.id = id, .down_ids = down};

        graph_add(graph, &revision);
        down[0] = "base";
        snprintf(id, sizeof id, "b%zu", i);
    }
    link_ok();
    assert_ordered_soon(BRANCHES + 1, start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REVTEST(diamond),
        REVTEST(three_way_merge),
        REVTEST(order_of_parents_matters),
        REVTEST(dependency_tree_runs_first),
        REVTEST(dropping_a_dependency_drops_its_dependants),
        REVTEST(downgrade_to_a_fork_drops_all_branches),
        REVTEST(downgrade_of_one_branch),
        REVTEST(downgrade_of_one_tree),
        REVTEST(nothing_to_do),
        REVTEST(downgrade_to_what_is_not_applied),
        REVTEST(overlaps_are_refused),
        REVTEST(overlap_through_a_dependency),
        REVTEST(partial_upgrade_of_branches),
        REVTEST(ties_follow_the_load_order),
        REVTEST(ranges),
        REVTEST(a_range_with_a_gap),
        REVTEST(history_of_some),
        REVTEST(random_graphs_as_described),
        REVTEST(ten_thousand_in_a_line),
        REVTEST(ten_thousand_at_random),
        REVTEST(a_hundred_thousand_branches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
