/* test_stamp - what `stamp` does to the version rows; tests/differential asks Alembic. */
#include "revtest.h"

#include "revision/stamp.h"

static struct stamp stamp;

static const char *changes(void)
{
    const char *text = "";

    for (size_t i = 0; i < stamp.n; i++) {
        const struct row_change *one = &stamp.changes[i];
        const char *sep = i > 0 ? ", " : "";

        if (one->kind == ROW_INSERT)
            text = arena_printf(arena, "%s%s+%s", text, sep, one->to);
        else if (one->kind == ROW_DELETE)
            text = arena_printf(arena, "%s%s-%s", text, sep, one->from);
        else
            text = arena_printf(arena, "%s%s%s>%s", text, sep, one->from, one->to);
    }
    return text;
}

static void stamped(const char *rows, const char *targets, const char *done, const char *after)
{
    struct err err = ERR_INIT;

    if (stamp_plan(graph, set_of(rows), words(targets), &stamp, &err) != 0)
        fail_msg("%s", err.primary);
    assert_string_equal(changes(), done);
    assert_set(stamp.rows, after);
}

static void refused(const char *rows, const char *targets, enum err_code code, const char *primary)
{
    struct err err = ERR_INIT;

    assert_int_equal(stamp_plan(graph, set_of(rows), words(targets), &stamp, &err), -1);
    assert_int_equal(err.code, code);
    assert_string_equal(err.primary, primary);
    assert_true(err.hint[0] != '\0');
}

/* a1 - a2 - (b1 - b2, c1) - m of b2 and c1; z1(zed) - z2, which depends on a1 */
static void trees(void)
{
    rev("a1", "");
    rev("a2", "a1");
    rev("b1", "a2");
    rev_labelled("b2", "b1", "bee");
    rev_labelled("c1", "a2", "cee");
    rev("m", "b2 c1");
    rev_labelled("z1", "", "zed");
    rev_depends("z2", "z1", "a1");
    link_ok();
}

static void what_is_stored_stays(void **state)
{
    (void)state;
    trees();
    stamped("a1", "a1", "", "a1");
    stamped("b2 c1", "c1", "", "b2 c1");
}

static void up_and_down_in_one_step(void **state)
{
    (void)state;
    trees();
    stamped("a1", "m", "a1>m", "m");
    stamped("m", "a1", "m>a1", "a1");
    stamped("b2 c1", "m", "-b2, c1>m", "m");
    stamped("b2 c1", "a1", "-b2, c1>a1", "a1");
    stamped("b2 z1", "b1", "b2>b1", "b1 z1");
}

static void a_branch_that_is_new(void **state)
{
    (void)state;
    trees();
    stamped("", "a1", "+a1", "a1");
    stamped("a1", "z1", "+z1", "a1 z1");
    stamped("b2", "c1", "+c1", "b2 c1");
}

/* z2 needs a1: what depends on the target goes down with it, what it depends on goes up. */
static void dependencies_are_lineage(void **state)
{
    (void)state;
    trees();
    stamped("z2", "a1", "z2>a1", "a1");
    stamped("a1", "z2", "a1>z2", "z2");
    stamped("a1 z1", "z2", "-a1, z1>z2", "z2");
}

static void base(void **state)
{
    (void)state;
    trees();
    stamped("b2 c1 z1", "base", "-b2, -c1, -z1", "");
    stamped("b2 c1 z1", "zed@base", "-z1", "b2 c1");
    stamped("b2 c1 z1", "bee@base bee@base", "-b2", "c1 z1");
    stamped("", "base", "", "");
    refused("a1", "zed@base b1", ERR_USAGE, "\"zed@base\" is base, and \"b1\" is to be stored too");
    refused("a1", "b1 base", ERR_USAGE, "\"base\" is base, and \"b1\" is to be stored too");
}

static void several_targets(void **state)
{
    (void)state;
    trees();
    stamped("a1", "b1 c1", "a1>b1, +c1", "b1 c1");
    stamped("a1", "c1 b1", "a1>c1, +b1", "b1 c1");
    stamped("m", "b1 c1", "m>b1, +c1", "b1 c1");
    stamped("", "c1 c1 cee", "+c1", "c1");
    stamped("m z1", "heads", "z1>z2", "m z2");
    stamped("a2 z1", "heads", "-a2, z1>m, +z2", "m z2");
}

/* Alembic forgets c1 here. */
static void what_is_named_stays(void **state)
{
    (void)state;
    trees();
    stamped("b1 c1", "b2 c1", "b1>b2", "b2 c1");
    stamped("b1 c1", "c1 b2", "b1>b2", "b2 c1");
}

/* The rows of the label's lineage go too when some row is related to the target. */
static void a_label_widens(void **state)
{
    (void)state;
    trees();
    stamped("b2 c1", "b1", "b2>b1", "b1 c1");
    stamped("b2 c1", "a2@b1", "-b2, c1>b1", "b1");
    stamped("b1 z1", "bee@b2", "b1>b2", "b2 z1");
    refused("b1", "zed@b2", ERR_USAGE, "revision \"b2\" is not a member of branch \"z1\"");
}

static void relative_targets(void **state)
{
    (void)state;
    trees();
    stamped("a1", "+1", "a1>a2", "a2");
    stamped("a2", "-1", "a2>a1", "a1");
    stamped("a1", "-1", "-a1", "");
    stamped("b1 z1", "zed@-1", "-z1", "b1");
    stamped("b1 c1", "bee@+1", "b1>b2", "b2 c1");
    stamped("", "zed@+1", "+z1", "z1");
    stamped("a1", "a1+1", "a1>a2", "a2");
    stamped("a1", "m-0", "a1>m", "m");
    stamped("a1", "zed@head-1", "+z1", "a1 z1");
    refused("", "-1", ERR_USAGE, "relative revision \"-1\" didn't produce 1 migrations");
    refused("b1 c1", "-1", ERR_USAGE,
            "\"-1\" is ambiguous: downgrade from several current revisions");
    refused("a1", "z1-1", ERR_USAGE,
            "relative revision \"z1-1\" goes below the first revision of its branch");
}

static void overlaps(void **state)
{
    (void)state;
    trees();
    refused("", "a1 b1", ERR_REFUSED,
            "revision \"a1\" would be stored together with \"b1\", which descends from it or "
            "depends on it");
    refused("", "z2 a1", ERR_REFUSED,
            "revision \"a1\" would be stored together with \"z2\", which descends from it or "
            "depends on it");
    refused("a1", "a1 a2", ERR_REFUSED,
            "revision \"a1\" would be stored together with \"a2\", which descends from it or "
            "depends on it");
    /* One that was there already. */
    refused("a1 b1", "z1", ERR_REFUSED,
            "revision \"a1\" would be stored together with \"b1\", which descends from it or "
            "depends on it");
}

static void mistakes(void **state)
{
    (void)state;
    trees();
    refused("a1", "", ERR_USAGE, "no revision to stamp");
    refused("a1", "head", ERR_USAGE,
            "multiple head revisions are present for given argument \"head\"");
    refused("a1", "a2 nowhere", ERR_USAGE, "can't locate revision identified by \"nowhere\"");
}

static void purged(const char *stored, const char *targets, const char *done, const char *after)
{
    struct err err = ERR_INIT;

    if (stamp_purge(graph, words(stored), words(targets), &stamp, &err) != 0)
        fail_msg("%s", err.primary);
    assert_string_equal(changes(), done);
    assert_set(stamp.rows, after);
}

static void purge(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    trees();
    purged("gone a1 gone a2", "a1", "-gone, -a1, -a2, +a1", "a1");
    purged("gone", "base", "-gone", "");
    purged("", "heads", "+m, +z2", "m z2");
    purged("b1", "zed@+1", "-b1, +z1", "z1");
    assert_int_equal(stamp_purge(graph, words("b1"), words("b1-1 b1"), &stamp, &err), -1);
    assert_int_equal(err.code, ERR_REFUSED);
}

static void the_rows_of_the_caller_stay(void **state)
{
    struct revset rows;
    struct err err = ERR_INIT;

    (void)state;
    trees();
    rows = set_of("b1 c1");
    assert_int_equal(stamp_plan(graph, rows, words("m"), &stamp, &err), 0);
    assert_set(rows, "b1 c1");
    assert_set(stamp.rows, "m");
}

/* Ten thousand branches: a step of its own for each would take minutes. */
static void many_branches(void **state)
{
    enum { BRANCHES = 10000 };
    struct err err = ERR_INIT;

    (void)state;
    rev("a", "");
    for (size_t i = 0; i < BRANCHES; i++)
        rev(arena_printf(arena, "b%zu", i), "a");
    link_ok();
    assert_int_equal(stamp_plan(graph, set_of("a"), words("heads"), &stamp, &err), 0);
    assert_int_equal(stamp.n, BRANCHES);
    assert_int_equal(stamp.rows.n, BRANCHES);
    assert_int_equal(stamp_plan(graph, stamp.rows, words("a"), &stamp, &err), 0);
    assert_int_equal(stamp.n, BRANCHES);
    assert_set(stamp.rows, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REVTEST(what_is_stored_stays),
        REVTEST(up_and_down_in_one_step),
        REVTEST(a_branch_that_is_new),
        REVTEST(dependencies_are_lineage),
        REVTEST(base),
        REVTEST(several_targets),
        REVTEST(what_is_named_stays),
        REVTEST(a_label_widens),
        REVTEST(relative_targets),
        REVTEST(overlaps),
        REVTEST(mistakes),
        REVTEST(purge),
        REVTEST(the_rows_of_the_caller_stay),
        REVTEST(many_branches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
