/* test_graph - what is linked, what is derived, what is refused. */
#include "revtest.h"

/* a1 - a2 - a3(lab)   b1 - b2, which depends on a2 */
static void two_trees(void)
{
    rev("a1", "");
    rev("a2", "a1");
    rev_labelled("a3", "a2", "lab");
    rev("b1", "");
    rev_depends("b2", "b1", "a3");
    link_ok();
}

static void heads_with_and_without_dependencies(void **state)
{
    (void)state;
    two_trees();
    assert_set(graph_heads(graph), "a3 b2");
    assert_set(graph_effective_heads(graph), "b2");
    assert_set(graph_bases(graph), "a1 b1");
    assert_true(graph_find(graph, "a3")->is_head);
    assert_false(graph_find(graph, "a3")->is_effective_head);
    assert_true(graph_find(graph, "b1")->is_effective_base);
}

static void a_base_with_a_dependency_is_no_effective_base(void **state)
{
    (void)state;
    rev("a1", "");
    rev_depends("b1", "", "a1");
    link_ok();
    assert_set(graph_bases(graph), "a1 b1");
    assert_false(graph_find(graph, "b1")->is_effective_base);
    assert_true(graph_find(graph, "b1")->is_base);
}

static void sets_are_in_load_order(void **state)
{
    (void)state;
    rev("z", "m");
    rev("m", "");
    rev("a", "m");
    link_ok();
    assert_set(graph_heads(graph), "z a");
    assert_int_equal(graph_find(graph, "a")->index, 2);
    assert_ptr_equal(graph_at(graph, 1), graph_find(graph, "m"));
    assert_set(graph_find(graph, "m")->next, "z a");
}

static void branch_and_merge_points(void **state)
{
    (void)state;
    rev("a", "");
    rev("b", "a");
    rev("c", "a");
    rev_depends("d", "b c", "");
    rev_depends("e", "d", "a");
    link_ok();
    assert_true(graph_find(graph, "a")->is_branch_point);
    assert_false(graph_find(graph, "b")->is_branch_point);
    assert_true(graph_find(graph, "d")->is_merge_point);
    assert_false(graph_find(graph, "e")->is_merge_point);
    assert_set(graph_find(graph, "a")->all_next, "b c e");
}

static void a_dependency_is_no_branch_point(void **state)
{
    (void)state;
    rev("a", "");
    rev("b", "a");
    rev_depends("x", "", "a");
    link_ok();
    assert_false(graph_find(graph, "a")->is_branch_point);
    assert_int_equal(graph_find(graph, "a")->all_next.n, 2);
}

static void empty_graph(void **state)
{
    struct revset none = {0};

    (void)state;
    link_ok();
    assert_int_equal(graph_count(graph), 0);
    assert_set(graph_heads(graph), "");
    assert_null(graph_find(graph, "a"));
    assert_set(graph_ancestors(graph, none, EDGES_NORMAL), "");
}

static void find_needs_the_whole_key(void **state)
{
    (void)state;
    assert_null(graph_find(graph, "a3"));
    two_trees();
    assert_string_equal(graph_find(graph, "lab")->id, "a3");
    assert_null(graph_find(graph, "la"));
    assert_null(graph_find(graph, ""));
}

static void dependencies_by_label_and_id_are_one(void **state)
{
    (void)state;
    rev_labelled("a", "", "lab");
    rev_depends("b", "", "lab a");
    link_ok();
    assert_set(graph_find(graph, "b")->depends_on, "a");
    assert_set(graph_find(graph, "b")->all_down, "a");
    assert_string_equal(graph_find(graph, "b")->depends_on_ids[0], "lab");
}

static void dependencies_that_an_ancestor_has_are_dropped(void **state)
{
    (void)state;
    rev("x", "");
    rev("y", "");
    rev_depends("a", "", "x");
    rev("b", "a");
    rev_depends("c", "b", "x y");
    rev_depends("d", "c", "x y");
    rev_depends("other", "", "x");
    link_ok();
    assert_set(graph_find(graph, "a")->normal_down, "x");
    assert_set(graph_find(graph, "c")->normal_down, "b y");
    assert_set(graph_find(graph, "d")->normal_down, "c");
    assert_set(graph_find(graph, "d")->all_down, "c x y");
    assert_set(graph_find(graph, "other")->normal_down, "x");
}

/* What is a parent as well stays; and only down_revision ancestors count, not dependencies'. */
static void dependencies_that_stay(void **state)
{
    (void)state;
    rev("x", "");
    rev_depends("a", "", "x");
    rev_depends("m", "a x", "x");
    rev_depends("n", "", "a x");
    link_ok();
    assert_set(graph_find(graph, "m")->normal_down, "a x");
    assert_set(graph_find(graph, "n")->normal_down, "a x");
}

/* More shared dependencies than bits in a word. */
static void many_shared_dependencies(void **state)
{
    const char *all = "";

    (void)state;
    for (size_t i = 0; i < 150; i++) {
        char *id = arena_printf(arena, "d%zu", i);

        rev(id, "");
        all = arena_printf(arena, "%s %s", all, id);
    }
    rev_depends("first", "", all);
    rev("between", "first");
    rev_depends("second", "between", all);
    rev_depends("beside", "", all);
    link_ok();
    assert_int_equal(graph_find(graph, "first")->normal_down.n, 150);
    assert_set(graph_find(graph, "second")->normal_down, "between");
    assert_int_equal(graph_find(graph, "beside")->normal_down.n, 150);
}

static void ancestors_and_descendants(void **state)
{
    (void)state;
    two_trees();
    assert_set(graph_ancestors(graph, set_of("b2"), EDGES_DOWN), "b1 b2");
    assert_set(graph_ancestors(graph, set_of("b2"), EDGES_NORMAL), "a1 a2 a3 b1 b2");
    assert_set(graph_ancestors(graph, set_of("b2"), EDGES_ALL), "a1 a2 a3 b1 b2");
    assert_set(graph_descendants(graph, set_of("a2"), EDGES_DOWN), "a2 a3");
    assert_set(graph_descendants(graph, set_of("a2 a2 b1"), EDGES_ALL), "a2 a3 b1 b2");
}

static void levels(void **state)
{
    (void)state;
    two_trees();
    assert_int_equal(graph_find(graph, "a1")->level, 0);
    assert_int_equal(graph_find(graph, "a3")->level, 2);
    assert_int_equal(graph_find(graph, "b2")->level, 3);
}

static void marks_are_new(void **state)
{
    unsigned first;
    unsigned second;

    (void)state;
    rev("a", "");
    link_ok();
    first = graph_mark_ancestors(graph, set_of("a"), EDGES_ALL);
    second = graph_new_mark(graph);
    assert_true(first != second);
    assert_true(graph_find(graph, "a")->mark == first);
    assert_set(graph_marked(graph, second), "");
}

/* --- labels ----------------------------------------------------------------------------------- */

/* base - fork - n1(net) - n2, and fork - s1: down from the newest as far as the fork. */
static void labels_go_up_and_down_to_the_fork(void **state)
{
    (void)state;
    rev("base", "");
    rev("fork", "base");
    rev("n0", "fork");
    rev_labelled("n1", "n0", "net");
    rev("n2", "n1");
    rev("s1", "fork");
    link_ok();
    assert_string_equal(labels_of("n2"), "net");
    assert_string_equal(labels_of("n1"), "net");
    assert_string_equal(labels_of("n0"), "net");
    assert_string_equal(labels_of("fork"), "");
    assert_string_equal(labels_of("base"), "");
    assert_string_equal(labels_of("s1"), "");
}

static void labels_go_down_to_the_base(void **state)
{
    (void)state;
    rev("a", "");
    rev("b", "a");
    rev_labelled("c", "b", "zeta alpha");
    link_ok();
    assert_string_equal(labels_of("a"), "alpha zeta");
    assert_string_equal(labels_of("c"), "alpha zeta");
}

static void labels_stop_at_a_merge(void **state)
{
    (void)state;
    rev("a", "");
    rev("b", "");
    rev("m", "a b");
    rev_labelled("n", "m", "lab");
    link_ok();
    assert_string_equal(labels_of("n"), "lab");
    assert_string_equal(labels_of("m"), "");
}

static void labels_stop_where_something_depends(void **state)
{
    (void)state;
    rev("a", "");
    rev_labelled("b", "a", "lab");
    rev_depends("x", "", "a");
    link_ok();
    assert_string_equal(labels_of("a"), "");
    assert_string_equal(labels_of("x"), "");
}

/* --- mistakes --------------------------------------------------------------------------------- */

static void assert_refused(const char *primary)
{
    assert_int_equal(graph_link(graph, &errs), -1);
    assert_true(errs.n >= 1);
    assert_int_equal(errs.items[0].code, ERR_REFUSED);
    assert_string_equal(errs.items[0].primary, primary);
    assert_true(errs.items[0].hint[0] != '\0');
}

static void an_id_twice(void **state)
{
    (void)state;
    rev("a", "");
    rev("b", "a");
    rev("a", "");
    assert_refused("revision \"a\" is present more than once");
    assert_string_equal(errs.items[0].detail, "file: versions/a_.py\nfile: versions/a_.py");
}

static void missing_parent(void **state)
{
    (void)state;
    rev("b", "a");
    assert_refused("revision \"a\" referenced from revision \"b\" is not present");
    assert_string_equal(errs.items[0].detail, "file: versions/b_.py");
}

/* A parent is named by its id; its label or the beginning of its id is not enough. */
static void a_label_is_no_parent(void **state)
{
    (void)state;
    rev_labelled("abcdef", "", "lab");
    rev("b", "lab");
    rev("c", "abcd");
    assert_refused("revision \"lab\" referenced from revision \"b\" is not present");
    assert_int_equal(errs.n, 2);
}

static void missing_dependency(void **state)
{
    (void)state;
    rev("abcdef", "");
    rev_depends("b", "", "abcd");
    assert_refused("dependency \"abcd\" referenced from revision \"b\" is not present");
}

static void label_twice(void **state)
{
    (void)state;
    rev_labelled("a", "", "lab");
    rev_labelled("b", "a", "lab");
    assert_refused("branch name \"lab\" in revision \"b\" already used by revision \"a\"");
}

static void label_that_is_an_id(void **state)
{
    (void)state;
    rev("a", "");
    rev_labelled("b", "a", "b");
    assert_refused("branch name \"b\" in revision \"b\" already used by revision \"b\"");
}

static void illegal_characters(void **state)
{
    (void)state;
    rev("a@b:c-d+e", "");
    assert_refused("character(s) \"+, -, :, @\" not allowed in revision identifier \"a@b:c-d+e\"");
}

static void empty_id(void **state)
{
    (void)state;
    rev("", "");
    assert_refused("a revision has an empty identifier");
}

static void self_loops(void **state)
{
    (void)state;
    rev("a", "a");
    assert_refused("self-loop is detected in revisions (a)");
}

static void dependency_self_loop(void **state)
{
    (void)state;
    rev_full("a", "", "lab", "lab", "");
    assert_refused("dependency self-loop is detected in revisions (a)");
}

static void cycle(void **state)
{
    (void)state;
    rev("a", "b");
    rev("b", "a");
    assert_refused("cycle is detected in revisions (a, b)");
}

/* Only those on the cycle are named, not what is above and below it. */
static void cycle_in_the_middle(void **state)
{
    (void)state;
    rev("base", "");
    rev("a", "base c");
    rev("b", "a");
    rev("c", "b");
    rev("head", "c");
    assert_refused("cycle is detected in revisions (a, b, c)");
}

static void dependency_cycle(void **state)
{
    (void)state;
    rev_depends("a", "", "b");
    rev_depends("b", "", "a");
    rev("c", "");
    assert_refused("dependency cycle is detected in revisions (a, b)");
}

static void dependency_on_a_descendant(void **state)
{
    (void)state;
    rev_depends("a", "", "b");
    rev("b", "a");
    assert_refused("dependency cycle is detected in revisions (a, b)");
}

static void long_cycle(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20; i++)
        rev(arena_printf(arena, "c%zu", i), arena_printf(arena, "c%zu", (i + 1) % 20));
    assert_refused("cycle is detected in revisions (c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, "
                   "c11 and 8 more)");
}

static void every_mistake_is_reported(void **state)
{
    (void)state;
    rev("a-b", "");
    rev("c", "nowhere");
    rev_depends("d", "", "nothing");
    rev("e", "f");
    rev("f", "e");
    assert_int_equal(graph_link(graph, &errs), -1);
    assert_int_equal(errs.n, 4);
}

static void earlier_errors_are_not_ours(void **state)
{
    (void)state;
    err_set(errs_new(&errs), ERR_CONFIG, "something else");
    rev("a", "");
    assert_int_equal(graph_link(graph, &errs), 0);
    assert_int_equal(errs.n, 1);
}

/* --- docstrings, copies ----------------------------------------------------------------------- */

static const char *short_doc(const char *doc)
{
    struct revision revision = {.doc = doc};

    return revision_short_doc(arena, &revision);
}

static void short_docs(void **state)
{
    (void)state;
    assert_string_equal(short_doc(NULL), "");
    assert_string_equal(short_doc(" \n\t"), "");
    assert_string_equal(short_doc("\nadd table\n\nRevision ID: a\n"), "add table");
    assert_string_equal(short_doc("two\nlines\n\nmore"), "two\nlines");
    assert_string_equal(short_doc("\n\nRevision ID: cccc\nRevises: b"),
                        "Revision ID: cccc\nRevises: b");
}

static void revisions_are_copied(void **state)
{
    char id[] = "abc";
    char down[] = "base";
    const char *downs[] = {down, NULL};
    struct revision revision = {.id = id, .down_ids = downs};

    (void)state;
    rev("base", "");
    graph_add(graph, &revision);
    id[0] = down[0] = 'X';
    downs[0] = NULL;
    link_ok();
    assert_set(graph_find(graph, "abc")->down, "base");
    assert_null(graph_find(graph, "abc")->path);
    assert_null(graph_find(graph, "abc")->labels[0]);
}

static void sets_grow(void **state)
{
    struct revset set = {0};
    struct revision revisions[100];

    (void)state;
    for (size_t i = 0; i < 100; i++)
        revset_add(arena, &set, &revisions[i]);
    assert_int_equal(set.n, 100);
    for (size_t i = 0; i < 100; i++)
        assert_ptr_equal(set.v[i], &revisions[i]);
    assert_true(revset_has(set, &revisions[99]));
    assert_false(revset_has(set, NULL));
}

/* A set around an array on the stack has no room: adding must not write into it. */
static void sets_around_an_array(void **state)
{
    struct revision a;
    struct revision *one[1] = {&a};
    struct revset set = {.v = one, .n = 1};

    (void)state;
    revset_add(arena, &set, &a);
    assert_ptr_not_equal(set.v, one);
    assert_int_equal(set.n, 2);
}

/* A line a hundred thousand long: recursion would not return. */
static void deep(void **state)
{
    (void)state;
    long_line(100000);
    assert_int_equal(graph_heads(graph).n, 1);
    assert_int_equal(graph_ancestors(graph, graph_heads(graph), EDGES_NORMAL).n, 100000);
    assert_int_equal(graph_at(graph, 99999)->level, 99999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REVTEST(heads_with_and_without_dependencies),
        REVTEST(a_base_with_a_dependency_is_no_effective_base),
        REVTEST(sets_are_in_load_order),
        REVTEST(branch_and_merge_points),
        REVTEST(a_dependency_is_no_branch_point),
        REVTEST(empty_graph),
        REVTEST(find_needs_the_whole_key),
        REVTEST(dependencies_by_label_and_id_are_one),
        REVTEST(dependencies_that_an_ancestor_has_are_dropped),
        REVTEST(dependencies_that_stay),
        REVTEST(many_shared_dependencies),
        REVTEST(ancestors_and_descendants),
        REVTEST(levels),
        REVTEST(marks_are_new),
        REVTEST(labels_go_up_and_down_to_the_fork),
        REVTEST(labels_go_down_to_the_base),
        REVTEST(labels_stop_at_a_merge),
        REVTEST(labels_stop_where_something_depends),
        REVTEST(an_id_twice),
        REVTEST(missing_parent),
        REVTEST(a_label_is_no_parent),
        REVTEST(missing_dependency),
        REVTEST(label_twice),
        REVTEST(label_that_is_an_id),
        REVTEST(illegal_characters),
        REVTEST(empty_id),
        REVTEST(self_loops),
        REVTEST(dependency_self_loop),
        REVTEST(cycle),
        REVTEST(cycle_in_the_middle),
        REVTEST(dependency_cycle),
        REVTEST(dependency_on_a_descendant),
        REVTEST(long_cycle),
        REVTEST(every_mistake_is_reported),
        REVTEST(earlier_errors_are_not_ours),
        REVTEST(short_docs),
        REVTEST(revisions_are_copied),
        REVTEST(sets_grow),
        REVTEST(sets_around_an_array),
        REVTEST(deep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
