/* test_rows - what the version table holds, and how each step changes it. */
#include "revtest.h"

#include "revision/order.h"
#include "revision/rows.h"

static const char *described(const struct row_change *changes, size_t n, struct revset rows)
{
    const char *text = "";

    for (size_t i = 0; i < n; i++) {
        if (changes[i].kind == ROW_INSERT)
            text = arena_printf(arena, "%s+%s ", text, changes[i].to);
        else if (changes[i].kind == ROW_DELETE)
            text = arena_printf(arena, "%s-%s ", text, changes[i].from);
        else
            text = arena_printf(arena, "%s%s>%s ", text, changes[i].from, changes[i].to);
    }
    return arena_printf(arena, "%s= %s", text, ids(rows));
}

/* up/down("rows", "step"): "-a b>c = c" for DELETE a, UPDATE b to c, and the row c after it. */
static const char *up(const char *rows, const char *step)
{
    struct revset now = set_of(rows);
    struct row_change *changes;
    size_t n;

    rows_upgrade(graph, &now, graph_find(graph, step), &changes, &n);
    return described(changes, n, now);
}

static const char *down(const char *rows, const char *step)
{
    struct revset now = set_of(rows);
    struct row_change *changes;
    size_t n;

    rows_downgrade(graph, &now, graph_find(graph, step), &changes, &n);
    return described(changes, n, now);
}

static void a_line(void **state)
{
    (void)state;
    rev("a", "");
    rev("b", "a");
    link_ok();
    assert_string_equal(up("", "a"), "+a = a");
    assert_string_equal(up("a", "b"), "a>b = b");
    assert_string_equal(down("b", "b"), "b>a = a");
    assert_string_equal(down("a", "a"), "-a = ");
}

/* a - { b, c } - d(b, c) */
static void fork_and_merge(void **state)
{
    (void)state;
    rev("a", "");
    rev("b", "a");
    rev("c", "a");
    rev("d", "b c");
    link_ok();
    assert_string_equal(up("a", "b"), "a>b = b");
    assert_string_equal(up("b", "c"), "+c = b c");
    assert_string_equal(up("b c", "d"), "-b c>d = d");
    assert_string_equal(down("d", "d"), "+b d>c = b c");
    assert_string_equal(down("b c", "c"), "-c = b");
    assert_string_equal(down("b", "b"), "b>a = a");
}

static void three_way_merge(void **state)
{
    (void)state;
    rev("a", "");
    rev("x", "a");
    rev("y", "a");
    rev("z", "a");
    rev("m", "x y z");
    link_ok();
    assert_string_equal(up("x y z", "m"), "-x -y z>m = m");
    assert_string_equal(down("m", "m"), "+x +y m>z = x y z");
}

static void several_trees(void **state)
{
    (void)state;
    rev("a", "");
    rev("b", "");
    link_ok();
    assert_string_equal(up("a", "b"), "+b = a b");
    assert_string_equal(down("a b", "a"), "-a = b");
}

/* n1 - n2; s1 - s2, which depends on n2: a dependency is an edge here. */
static void trees(void)
{
    rev("n1", "");
    rev("n2", "n1");
    rev("s1", "");
    rev_depends("s2", "s1", "n2");
    rev("s3", "s2");
    link_ok();
}

static void dependencies(void **state)
{
    (void)state;
    trees();
    assert_string_equal(up("n2 s1", "s2"), "-s1 n2>s2 = s2");
    assert_string_equal(down("s2", "s2"), "+s1 s2>n2 = n2 s1");
    assert_string_equal(up("s2", "s3"), "s2>s3 = s3");
}

/* What another row implies is not stored again. */
static void implied_rows(void **state)
{
    (void)state;
    rev("n", "");
    rev_depends("s1", "", "n");
    rev_depends("t1", "", "n");
    link_ok();
    assert_string_equal(up("n", "s1"), "n>s1 = s1");
    assert_string_equal(up("s1", "t1"), "+t1 = s1 t1");
    assert_string_equal(down("s1 t1", "t1"), "-t1 = s1");
    assert_string_equal(down("s1", "s1"), "s1>n = n");
}

static void one_of_two_parents_is_a_row(void **state)
{
    (void)state;
    rev("p", "");
    rev("x", "p");
    rev("y", "");
    rev_depends("k", "", "y");
    rev("m", "x y");
    link_ok();
    assert_string_equal(up("x k", "m"), "x>m = k m");
    assert_string_equal(down("m k", "m"), "m>x = x k");
}

/* Parents that imply each other: only the newest of them comes back. */
static void parents_above_each_other(void **state)
{
    (void)state;
    rev("a", "");
    rev("b", "a");
    rev("m", "a b");
    rev("n", "b a");
    link_ok();
    assert_string_equal(up("b", "m"), "b>m = m");
    assert_string_equal(down("m", "m"), "m>b = b");
    assert_string_equal(down("n", "n"), "n>b = b");
}

static void steps_that_change_nothing(void **state)
{
    (void)state;
    rev("a", "");
    rev("b", "a");
    link_ok();
    assert_string_equal(up("b", "b"), "= b");
    assert_string_equal(down("a", "b"), "= a");
}

static void copies_of_rows_stay(void **state)
{
    struct revset before;
    struct revset now;
    struct row_change *changes;
    size_t n;

    (void)state;
    rev("a", "");
    rev("b", "a");
    rev("c", "a");
    link_ok();
    before = now = set_of("b");
    rows_upgrade(graph, &now, graph_find(graph, "c"), &changes, &n);
    assert_set(before, "b");
    rows_downgrade(graph, &now, graph_find(graph, "b"), &changes, &n);
    assert_set(before, "b");
    assert_set(now, "c");
}

/* --- what is stored --------------------------------------------------------------------------- */

static const char *const *stored(const char *text)
{
    return words(text);
}

static void rows_are_found(void **state)
{
    struct revset rows;

    (void)state;
    trees();
    assert_int_equal(rows_check(graph, stored("s1 n2"), &rows, &errs), 0);
    assert_set(rows, "n2 s1"); /* load order */
    assert_int_equal(rows_check(graph, stored(""), &rows, &errs), 0);
    assert_set(rows, "");
}

static void assert_mistake(const char *ids_stored, const char *primary, const char *known)
{
    struct revset rows;

    errs_release(&errs);
    assert_int_equal(rows_check(graph, stored(ids_stored), &rows, &errs), -1);
    assert_int_equal(errs.n, 1);
    assert_int_equal(errs.items[0].code, ERR_REFUSED);
    assert_string_equal(errs.items[0].primary, primary);
    assert_true(errs.items[0].hint[0] != '\0');
    assert_set(rows, known);
}

static void mistaken_rows(void **state)
{
    (void)state;
    trees();
    assert_mistake("deadbeef n1", "can't locate revision identified by \"deadbeef\"", "n1");
    assert_mistake("n1 n1", "revision \"n1\" is stored more than once", "n1");
    assert_mistake("n1 n2",
                   "stored revision \"n1\" is an ancestor of stored revision \"n2\"", "n1 n2");
    assert_mistake("s3 n1",
                   "stored revision \"n1\" is an ancestor of stored revision \"s3\"", "n1 s3");
}

/* The version table holds identifiers, neither labels nor beginnings. */
static void labels_are_no_rows(void **state)
{
    (void)state;
    rev_labelled("abcdef", "", "lab");
    link_ok();
    assert_mistake("lab", "can't locate revision identified by \"lab\"", "");
    assert_mistake("abcd", "can't locate revision identified by \"abcd\"", "");
}

static void several_mistakes(void **state)
{
    struct revset rows;

    (void)state;
    trees();
    assert_int_equal(rows_check(graph, stored("x y n1 n2 n2 s3"), &rows, &errs), -1);
    assert_int_equal(errs.n, 5); /* x, y, n2 twice, n1 and n2 below another */
}

static void applied_and_current(void **state)
{
    (void)state;
    trees();
    assert_set(rows_applied(graph, set_of("s2")), "n1 n2 s1 s2");
    assert_set(rows_applied(graph, set_of("")), "");
    assert_set(rows_current(graph, set_of("s2")), "n2 s2"); /* n2 by its dependency only */
    assert_set(rows_current(graph, set_of("n1 s1")), "n1 s1");
    assert_set(rows_current(graph, set_of("n1 n2")), "n2");
    assert_set(rows_current(graph, set_of("")), "");
}

static void equal_sets(void **state)
{
    (void)state;
    trees();
    assert_true(rows_equal(set_of("n1 s1"), set_of("s1 n1")));
    assert_true(rows_equal(set_of(""), set_of("")));
    assert_false(rows_equal(set_of("n1"), set_of("n1 s1")));
    assert_false(rows_equal(set_of("n1 s1"), set_of("n1")));
    assert_false(rows_equal(set_of("n1"), set_of("s1")));
}

/* --- what must always hold -------------------------------------------------------------------- */

/* The rows are those of the applied revisions that no other applied one implies. */
static void assert_rows_of(struct revset rows, const bool *applied)
{
    for (size_t i = 0; i < graph_count(graph); i++) {
        struct revision *revision = graph_at(graph, i);
        bool newest = applied[i];

        for (size_t j = 0; j < revision->all_next.n; j++)
            newest = newest && !applied[revision->all_next.v[j]->index];
        assert_int_equal(revset_has(rows, revision), newest);
    }
}

static void random_walks(void **state)
{
    (void)state;
    for (size_t i = 0; i < 100; i++) {
        struct err err = ERR_INIT;
        struct revset rows = {0};
        struct revset steps;
        struct row_change *changes;
        bool applied[64] = {0};
        size_t n;

        arena_free(arena);
        arena = arena_new();
        graph = graph_new(arena);
        random_graph(1 + random_below(60), true);
        assert_int_equal(order_upgrade(graph, rows, graph_effective_heads(graph), &steps, &err), 0);
        for (size_t j = 0; j < steps.n; j++) {
            rows_upgrade(graph, &rows, steps.v[j], &changes, &n);
            applied[steps.v[j]->index] = true;
            assert_rows_of(rows, applied);
        }
        assert_true(rows_equal(rows, graph_effective_heads(graph)));
        assert_int_equal(order_downgrade(graph, rows, NULL, &steps, &err), 0);
        assert_int_equal(steps.n, graph_count(graph));
        for (size_t j = 0; j < steps.n; j++) {
            rows_downgrade(graph, &rows, steps.v[j], &changes, &n);
            applied[steps.v[j]->index] = false;
            assert_rows_of(rows, applied);
        }
        assert_int_equal(rows.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REVTEST(a_line),
        REVTEST(fork_and_merge),
        REVTEST(three_way_merge),
        REVTEST(several_trees),
        REVTEST(dependencies),
        REVTEST(implied_rows),
        REVTEST(one_of_two_parents_is_a_row),
        REVTEST(parents_above_each_other),
        REVTEST(steps_that_change_nothing),
        REVTEST(copies_of_rows_stay),
        REVTEST(rows_are_found),
        REVTEST(mistaken_rows),
        REVTEST(labels_are_no_rows),
        REVTEST(several_mistakes),
        REVTEST(applied_and_current),
        REVTEST(equal_sets),
        REVTEST(random_walks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
