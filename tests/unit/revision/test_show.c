/* test_show - revisions as text; the lines were observed of Alembic. */
#include "revtest.h"

#include "revision/order.h"
#include "revision/show.h"

static struct buf out;

#define assert_out(text) \
    do { \
        assert_string_equal(buf_text(&out), text); \
        buf_release(&out); \
    } while (0)

/* n1 - n2(networking); s1 - s2(shop), which depends on n2 */
static void trees(void)
{
    rev_full("n1", "", "", "", "one");
    rev_full("n2", "n1", "networking", "", "msg");
    rev_full("s1", "", "", "", "");
    rev_full("s2", "s1", "shop", "n2", "two\nlines\n\nRevision ID: s2\n");
    link_ok();
}

static struct revset all(void)
{
    struct revset set = {0};

    for (size_t i = 0; i < graph_count(graph); i++)
        revset_add(arena, &set, graph_at(graph, i));
    return order_history(graph, set);
}

static void heads(void **state)
{
    (void)state;
    trees();
    show_heads(graph, false, false, &out);
    assert_out("n2 (networking) (effective head)\ns2 (shop) (head)\n");
    show_heads(graph, true, false, &out);
    assert_out("s2 (shop) (head)\n");
    show_heads(graph, true, true, &out);
    assert_out("Rev: s2 (head)\nParent: s1\nAlso depends on: n2\nBranch names: shop\n"
               "Path: versions/s2_.py\n\n    two\n    lines\n    \n    Revision ID: s2\n\n");
}

static void history(void **state)
{
    (void)state;
    trees();
    show_history(graph, all(), set_of("n2"), false, &out);
    assert_out("s1 (n2) -> s2 (shop) (head), two\nlines\n"
               "<base> -> s1 (shop), \n"
               "n1 -> n2 (networking) (effective head) (current), msg\n"
               "<base> -> n1 (networking), one\n");
}

static void current(void **state)
{
    (void)state;
    trees();
    show_current(graph, set_of("s2"), false, &out);
    assert_out("n2 (effective head)\ns2 (head)\n");
    show_current(graph, set_of(""), false, &out);
    assert_out("");
    show_current(graph, set_of("n1"), true, &out);
    assert_out("Rev: n1\nParent: <base>\nBranch names: networking\nPath: versions/n1_.py\n\n"
               "    one\n\n");
}

static void branches(void **state)
{
    (void)state;
    rev("áaaa", "");
    rev_full("bb", "áaaa", "lab", "", "doc");
    rev("cc", "áaaa");
    rev("dd", "bb cc");
    link_ok();
    show_branches(graph, false, &out);
    assert_out("áaaa (branchpoint)\n     -> bb (lab)\n     -> cc\n\n");
    show_branches(graph, true, &out);
    assert_out("Rev: áaaa (branchpoint)\nParent: <base>\nBranches into: bb, cc\n"
               "Path: versions/áaaa_.py\n\n\n\n     -> bb (lab), doc\n     -> cc, \n\n");
    show_history(graph, set_of("dd"), set_of(""), false, &out);
    assert_out("bb, cc -> dd (lab) (head) (mergepoint), \n");
}

static void no_branches(void **state)
{
    (void)state;
    trees();
    show_branches(graph, false, &out);
    assert_out("");
}

static void entry(void **state)
{
    (void)state;
    rev("a", "");
    rev("b", "");
    rev_full("m", "a b", "", "",
             "  \nfirst\r\nsecond\x0bthird\xc2\x85" "fourth\xe2\x80\xa8" "fifth\n");
    link_ok();
    show_entry(graph, graph_find(graph, "m"), true, &out);
    assert_out("Rev: m (head) (mergepoint) (current)\nMerges: a, b\nPath: versions/m_.py\n\n"
               "    first\n    second\n    third\n    fourth\n    fifth\n\n");
}

static void without_path_and_doc(void **state)
{
    struct revision revision = {.id = "a"};

    (void)state;
    graph_add(graph, &revision);
    link_ok();
    show_entry(graph, graph_at(graph, 0), false, &out);
    assert_out("Rev: a (head)\nParent: <base>\nPath: \n\n\n\n");
}

static void steps(void **state)
{
    (void)state;
    trees();
    show_step(graph, graph_find(graph, "n1"), true, &out);
    assert_out("upgrade  -> n1, one");
    show_step(graph, graph_find(graph, "s1"), false, &out);
    assert_out("downgrade s1 -> ");
    show_step(graph, graph_find(graph, "s2"), true, &out);
    assert_out("upgrade s1 -> s2, two\nlines");
}

static void step_of_a_merge(void **state)
{
    (void)state;
    rev("b2", "");
    rev("c", "");
    rev_full("d", "b2 c", "", "", "doc");
    link_ok();
    show_step(graph, graph_find(graph, "d"), true, &out);
    assert_out("upgrade b2, c -> d, doc");
    show_step(graph, graph_find(graph, "d"), false, &out);
    assert_out("downgrade d -> b2, c, doc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REVTEST(heads),
        REVTEST(history),
        REVTEST(current),
        REVTEST(branches),
        REVTEST(no_branches),
        REVTEST(entry),
        REVTEST(without_path_and_doc),
        REVTEST(steps),
        REVTEST(step_of_a_merge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
