/* test_resolve - identifiers as a person types them. */
#include "revtest.h"

#include "revision/resolve.h"

static struct err err;

static const char *failed(void)
{
    assert_int_equal(err.code, ERR_USAGE);
    assert_true(err.hint[0] != '\0');
    return arena_printf(arena, "error: %s", err.primary);
}

static const char *resolved(const char *text)
{
    struct revset set;

    err = (struct err)ERR_INIT;
    return resolve(graph, text, &set, &err) == 0 ? ids(set) : failed();
}

static const char *target(enum resolve_direction direction, const char *rows, const char *text)
{
    struct resolve_target found;

    err = (struct err)ERR_INIT;
    if (resolve_target(graph, text, set_of(rows), direction, &found, &err) != 0)
        return failed();
    return arena_printf(arena, "%s%s%s", found.revisions.n == 0 ? "base" : ids(found.revisions),
                        found.branch == NULL ? "" : " of ",
                        found.branch == NULL ? "" : found.branch->id);
}

#define up(rows, text) target(RESOLVE_UPGRADE, rows, text)
#define down(rows, text) target(RESOLVE_DOWNGRADE, rows, text)
#define stamp(rows, text) target(RESOLVE_STAMP, rows, text)

static const char *ranged(const char *rows, const char *text)
{
    struct revset lower;
    struct revset upper;

    err = (struct err)ERR_INIT;
    if (resolve_range(graph, text, set_of(rows), &lower, &upper, &err) != 0)
        return failed();
    return arena_printf(arena, "%s..%s", ids(lower), ids(upper));
}

/* aaaa1 - aaaa2 - { net01(net) - net02, shp01(shop) - shp02 }, and shp02 depends on net02 */
static void branches(void)
{
    rev("aaaa1", "");
    rev("aaaa2", "aaaa1");
    rev_labelled("net01", "aaaa2", "networking");
    rev("net02", "net01");
    rev_labelled("shp01", "aaaa2", "shop");
    rev_depends("shp02", "shp01", "net02");
    link_ok();
}

static void symbols(void **state)
{
    (void)state;
    branches();
    assert_string_equal(resolved("net01"), "net01");
    assert_string_equal(resolved("shop"), "shp01");
    assert_string_equal(resolved("base"), "");
    assert_string_equal(resolved(""), "");
    assert_string_equal(resolved("heads"), "shp02");
    assert_string_equal(resolved("networking@head"), "net02");
    assert_string_equal(resolved("networking@heads"), "net02");
    assert_string_equal(resolved("networking@base"), "");
    assert_string_equal(resolved("@heads"), "shp02");
}

static void head_must_be_one(void **state)
{
    (void)state;
    branches();
    assert_string_equal(resolved("head"), "error: multiple head revisions are present for given "
                                          "argument \"head\"");
    assert_string_equal(err.detail, "candidate: \"net02\"\ncandidate: \"shp02\"");
    assert_string_equal(resolved("aaaa1@head"),
                        "error: multiple head revisions are present for given argument \"head\"");
}

static void one_head(void **state)
{
    struct revision *found;

    (void)state;
    rev("aaaa", "");
    rev("bbbb", "aaaa");
    link_ok();
    assert_string_equal(resolved("head"), "bbbb");
    err = (struct err)ERR_INIT;
    assert_int_equal(resolve_one(graph, "head", &found, &err), 0);
    assert_string_equal(found->id, "bbbb");
    assert_int_equal(resolve_one(graph, "base", &found, &err), 0);
    assert_null(found);
}

static void one_of_several(void **state)
{
    struct revision *found;

    (void)state;
    rev("aaaa", "");
    rev("bbbb", "");
    link_ok();
    err = (struct err)ERR_INIT;
    assert_int_equal(resolve_one(graph, "heads", &found, &err), -1);
    assert_string_equal(err.primary,
                        "multiple head revisions are present for given argument \"heads\"");
}

/* The least length of four is the key's, not of what is typed. */
static void prefixes(void **state)
{
    (void)state;
    rev("abcd1", "");
    rev("abcd2", "abcd1");
    rev("bcd", "abcd2");
    rev("bcde", "bcd");
    rev("éé1", "bcde");
    rev("éé12", "éé1");
    link_ok();
    assert_string_equal(resolved("abcd1"), "abcd1");
    assert_string_equal(resolved("b"), "bcde");
    assert_string_equal(resolved("bcd"), "bcd");
    /* three characters, though they are five bytes, are too few */
    assert_string_equal(resolved("é"), "éé12");
    assert_string_equal(resolved("abc"),
                        "error: can't locate revision identified by \"abc\": 2 begin so");
    assert_string_equal(err.detail, "candidate: \"abcd1\"\ncandidate: \"abcd2\"");
    assert_string_equal(resolved("zz"), "error: can't locate revision identified by \"zz\"");
    assert_string_equal(resolved("abcd12"),
                        "error: can't locate revision identified by \"abcd12\"");
}

static void labels_count_as_prefixes(void **state)
{
    (void)state;
    rev_labelled("abcdef", "", "abcx abc2y");
    rev("zzzz", "abcdef");
    link_ok();
    assert_string_equal(resolved("abcx"), "abcdef");
    assert_string_equal(resolved("abcd"), "abcdef");
    assert_string_equal(resolved("abc"),
                        "error: can't locate revision identified by \"abc\": 3 begin so");
    assert_string_equal(err.detail,
                        "candidate: \"abcdef\"\ncandidate: \"abcx\" (branch of \"abcdef\")\n"
                                    "candidate: \"abc2y\" (branch of \"abcdef\")");
}

static void many_candidates(void **state)
{
    (void)state;
    for (size_t i = 0; i < 500; i++)
        rev(arena_printf(arena, "same%zu", i), "");
    link_ok();
    assert_string_equal(resolved("same"),
                        "error: can't locate revision identified by \"same\": 500 begin so");
    assert_non_null(strstr(err.detail, "same19"));
    assert_null(strstr(err.detail, "same20"));
    assert_string_equal(resolved("head"), "error: multiple head revisions are present for given "
                                          "argument \"head\"");
    assert_non_null(strstr(err.detail, "and 480 more"));
}

static void a_label_limits(void **state)
{
    (void)state;
    branches();
    assert_string_equal(resolved("networking@net02"), "net02");
    assert_string_equal(resolved("networking@aaaa1"), "aaaa1");
    assert_string_equal(resolved("networking@n"),
                        "error: can't locate revision identified by \"n\": 3 begin so");
    assert_string_equal(resolved("networking@s"),
                        "error: can't locate revision identified by \"s\"");
    assert_string_equal(resolved("networking@shp01"),
                        "error: revision \"shp01\" is not a member of branch \"net01\"");
    assert_string_equal(resolved("nowhere@net01"),
                        "error: can't locate revision identified by \"nowhere\"");
    assert_string_equal(resolved("nowhere@base"),
                        "error: can't locate revision identified by \"nowhere\"");
    assert_string_equal(resolved("net01@head"), "net02"); /* any revision is a label */
    assert_string_equal(resolved("networking@"), "");
}

static void so_many_below_the_heads(void **state)
{
    (void)state;
    branches();
    assert_string_equal(resolved("-1"), "shp01");
    assert_string_equal(resolved("shop@-2"), "aaaa2");
    assert_string_equal(resolved("-3"), "aaaa1");
    assert_string_equal(resolved("-4"),
                        "error: relative revision \"-4\" goes below the first revision of its "
                        "branch");
    assert_string_equal(resolved("-5"),
                        "error: relative revision \"-5\" didn't produce 5 migrations");
    assert_string_equal(resolved("+1"), "error: can't locate revision identified by \"+1\"");
    assert_string_equal(resolved("-1x"), "error: can't locate revision identified by \"-1x\"");
    assert_string_equal(resolved("-"), "error: can't locate revision identified by \"-\"");
}

static void so_many_from_a_revision(void **state)
{
    (void)state;
    branches();
    assert_string_equal(resolved("aaaa1+1"), "aaaa2");
    assert_string_equal(resolved("net02-2"), "aaaa2");
    assert_string_equal(resolved("heads-1"), "shp01");
    assert_string_equal(resolved("shop@head-1"), "shp01");
    assert_string_equal(resolved("networking@aaaa2+1"), "net01");
    assert_string_equal(resolved("netw+1"), "net02");
    assert_string_equal(resolved("net02+0"), "net02");
    assert_string_equal(resolved("aaaa2+1"),
                        "error: ambiguous walk: above \"aaaa2\" are several revisions");
    assert_string_equal(resolved("head-1"),
                        "error: multiple head revisions are present for given argument \"head\"");
    assert_string_equal(resolved("net02+1"),
                        "error: relative revision \"net02+1\" didn't produce 1 migrations");
    assert_string_equal(resolved("aaaa1-1"),
                        "error: relative revision \"aaaa1-1\" goes below the first revision of its "
                        "branch");
    assert_string_equal(resolved("none-1"), "error: can't locate revision identified by \"none\"");
    assert_string_equal(resolved("shop@+1"), "error: can't locate revision identified by \"+1\"");
}

static void one_below_two_heads(void **state)
{
    (void)state;
    rev("aaaa", "");
    rev("bbbb", "aaaa");
    rev("cccc", "aaaa");
    link_ok();
    assert_string_equal(resolved("-1"), "aaaa");
}

static void nothing_in_an_empty_graph(void **state)
{
    (void)state;
    link_ok();
    assert_string_equal(resolved("head"), "");
    assert_string_equal(resolved("heads"), "");
    assert_string_equal(resolved("abcd"), "error: can't locate revision identified by \"abcd\"");
    assert_string_equal(up("", "+1"),
                        "error: relative revision \"+1\" didn't produce 1 migrations");
}

/* --- targets ---------------------------------------------------------------------------------- */

static void absolute_targets(void **state)
{
    (void)state;
    branches();
    assert_string_equal(up("", "heads"), "shp02");
    assert_string_equal(up("", "networking@head"), "net02");
    assert_string_equal(up("", "base"), "base");
    assert_string_equal(down("net01", "base"), "base");
    assert_string_equal(down("net01", "networking@base"), "base of net01");
    assert_string_equal(down("net01", "shop@aaaa2"), "aaaa2 of shp01");
    assert_string_equal(up("", ""), "error: no target revision in \"\"");
    assert_string_equal(down("", "shop@"), "error: no target revision in \"shop@\"");
    assert_string_equal(down("", "head"), "error: multiple head revisions are present for given "
                                          "argument \"head\"");
}

static void up_from_the_rows(void **state)
{
    (void)state;
    branches();
    assert_string_equal(up("", "+1"), "aaaa1");
    assert_string_equal(up("aaaa1", "+1"), "aaaa2");
    assert_string_equal(up("", "+2"), "aaaa2");
    assert_string_equal(up("", "+3"),
                        "error: ambiguous walk: above \"aaaa2\" are several revisions");
    assert_string_equal(err.detail, "candidate: \"net01\"\ncandidate: \"shp01\"");
    assert_string_equal(up("aaaa2", "networking@+2"), "net02");
    assert_string_equal(up("", "networking@+4"), "net02");
    assert_string_equal(up("net01 shp01", "+1"),
                        "error: \"+1\" is ambiguous: upgrade from several current revisions");
    assert_string_equal(up("net01 shp01", "shop@+1"), "shp02");
    assert_string_equal(up("net02", "shop@+1"), "shp01"); /* from the fork, which is applied */
    assert_string_equal(up("aaaa1", "+9"),
                        "error: ambiguous walk: above \"aaaa2\" are several revisions");
    assert_string_equal(up("shp02", "+1"),
                        "error: relative revision \"+1\" didn't produce 1 migrations");
    assert_string_equal(up("aaaa1", "+0"),
                        "error: relative revision \"+0\" didn't produce 0 migrations");
    assert_string_equal(up("aaaa1", "-1"),
                        "error: relative revision \"-1\" didn't produce 1 migrations");
}

static void up_in_several_trees(void **state)
{
    (void)state;
    rev_labelled("aaaa1", "", "aa");
    rev("aaaa2", "aaaa1");
    rev_labelled("bbbb1", "", "bb");
    link_ok();
    assert_string_equal(up("", "+1"),
                        "error: ambiguous walk: above \"base\" are several revisions");
    assert_string_equal(up("", "bb@+1"), "bbbb1");
    assert_string_equal(up("bbbb1", "aa@+2"), "aaaa2");
}

static void from_a_symbol(void **state)
{
    (void)state;
    branches();
    assert_string_equal(up("", "aaaa1+1"), "aaaa2");
    assert_string_equal(up("", "networking@aaaa1+2"), "net01");
    assert_string_equal(up("", "net02-2"), "aaaa2");
    assert_string_equal(up("", "heads-1"), "shp01");
    assert_string_equal(up("", "networking@head-1"), "net01");
    assert_string_equal(up("", "shop-1"), "aaaa2");
    assert_string_equal(up("", "base+2"), "aaaa2");
    assert_string_equal(down("net02", "net02-1"), "net01");
    assert_string_equal(down("net02", "networking@head-3"), "aaaa1 of net01");
    assert_string_equal(down("net02", "aaaa1+1"), "aaaa2");
    assert_string_equal(up("", "base-1"),
                        "error: relative revision \"base-1\" didn't produce 1 migrations");
    assert_string_equal(up("", "nnnn-1"), "error: can't locate revision identified by \"nnnn\"");
    assert_string_equal(down("", "current-1"),
                        "error: can't locate revision identified by \"current\"");
}

static void down_from_the_rows(void **state)
{
    (void)state;
    branches();
    assert_string_equal(down("net02", "-1"), "net01 of net02");
    assert_string_equal(down("net02", "-4"), "base of net02");
    assert_string_equal(down("net02", "-5"),
                        "error: relative revision \"-5\" didn't produce 5 migrations");
    assert_string_equal(down("net01 shp01", "-1"),
                        "error: \"-1\" is ambiguous: downgrade from several current revisions");
    assert_string_equal(err.detail, "candidate: \"net01\"\ncandidate: \"shp01\"");
    assert_string_equal(down("net01 shp01", "shop@-1"), "aaaa2 of shp01");
    assert_string_equal(down("shp02", "networking@-1"), "net01 of net01"); /* implied by shp02 */
    assert_string_equal(down("", "-1"),
                        "error: relative revision \"-1\" didn't produce 1 migrations");
    assert_string_equal(down("net02", "+1"),
                        "error: relative revision \"+1\" didn't produce 1 migrations");
    assert_string_equal(down("net02", "-0"),
                        "error: relative revision \"-0\" didn't produce 0 migrations");
}

static void stamps(void **state)
{
    (void)state;
    branches();
    assert_string_equal(stamp("net01", "+1"), "net02");
    assert_string_equal(stamp("net02", "-1"), "net01 of net02");
    assert_string_equal(stamp("aaaa1", "-1"), "base of aaaa1");
    assert_string_equal(stamp("net01 shp01", "shop@-1"), "aaaa2 of shp01");
    assert_string_equal(stamp("net01 shp01", "shop@+1"), "shp02 of shp01");
    assert_string_equal(stamp("", "aaaa1+1"), "aaaa2");
    assert_string_equal(stamp("", "shop@head"), "shp02 of shp01");
    assert_string_equal(stamp("", "shop@base"), "base of shp01");
    assert_string_equal(stamp("", "heads"), "shp02");
    assert_string_equal(stamp("net01 shp01", "-1"),
                        "error: \"-1\" is ambiguous: downgrade from several current revisions");
    assert_string_equal(stamp("", "aaaa1-1"),
                        "error: relative revision \"aaaa1-1\" goes below the first revision of its "
                        "branch");
    assert_string_equal(stamp("", ""), "error: no target revision in \"\"");
}

/* Below a base only from what is stored: ID-N would undo every tree. */
static void never_below_a_base(void **state)
{
    (void)state;
    rev("aaaa", "");
    rev("bbbb", "");
    link_ok();
    assert_string_equal(down("aaaa bbbb", "bbbb-1"),
                        "error: relative revision \"bbbb-1\" goes below the first revision of its "
                        "branch");
    assert_string_equal(down("aaaa bbbb", "bbbb@-1"), "base of bbbb");
    assert_string_equal(up("aaaa bbbb", "bbbb-1"),
                        "error: relative revision \"bbbb-1\" goes below the first revision of its "
                        "branch");
}

static void not_across_a_merge(void **state)
{
    (void)state;
    rev("aaaa", "");
    rev("bbbb", "aaaa");
    rev("cccc", "aaaa");
    rev("dddd", "bbbb cccc");
    link_ok();
    assert_string_equal(down("dddd", "-1"),
                        "error: ambiguous walk: below \"dddd\" are several revisions");
    assert_string_equal(resolved("-1"),
                        "error: ambiguous walk: below \"dddd\" are several revisions");
    assert_string_equal(up("aaaa", "bbbb@+2"), "dddd");
}

static void signs_in_labels_and_text_after_numbers(void **state)
{
    (void)state;
    rev_labelled("aaaa", "", "rel-2");
    rev("bbbb", "aaaa");
    link_ok();
    assert_string_equal(up("", "rel-2"), "aaaa");
    assert_string_equal(up("", "rel-2+1"), "bbbb");
    assert_string_equal(up("", "rel-2@head"), "bbbb");
    assert_string_equal(up("", "bbbb-1x"),
                        "error: can't locate revision identified by \"bbbb-1x\"");
    assert_string_equal(up("", "bbbb-"), "error: can't locate revision identified by \"bbbb-\"");
    assert_string_equal(down("bbbb", "-99999999999999999999999"),
                        "error: relative revision \"-99999999999999999999999\" didn't produce "
                        "99999999999999999999999 migrations");
}

/* --- ranges ----------------------------------------------------------------------------------- */

static void ranges(void **state)
{
    (void)state;
    branches();
    assert_string_equal(ranged("", ":"), "..shp02");
    assert_string_equal(ranged("", "aaaa1:net01"), "aaaa1..net01");
    assert_string_equal(ranged("", "aaaa1:"), "aaaa1..shp02");
    assert_string_equal(ranged("", ":net01"), "..net01");
    assert_string_equal(ranged("net01", "current:"), "net01..shp02");
    assert_string_equal(ranged("net01", ":current"), "..net01");
    assert_string_equal(ranged("net01", "current:+1"), "net01..net02");
    assert_string_equal(ranged("", "aaaa1:+1"), "aaaa1..aaaa2");
    assert_string_equal(ranged("", "net01:+9"), "net01..net02");
    assert_string_equal(ranged("", "shp02:+1"), "shp02..shp02");
    assert_string_equal(ranged("", "-2:"), "aaaa2..shp02");
    assert_string_equal(ranged("", "shop@-1:"), "shp01..shp02");
    assert_string_equal(ranged("", "net02-1:net02"), "net01..net02");
    assert_string_equal(ranged("", ":heads-1"), "..shp01");
    assert_string_equal(ranged("", "networking@base:"), ".."); /* its head is only a dependency */
    assert_string_equal(ranged("", "shop@base:"), "..shp02");
    assert_string_equal(ranged("", "shop@base:aaaa1"), ".."); /* has no label */
    assert_string_equal(ranged("", "shp01@base:aaaa1"), "..aaaa1");
    assert_string_equal(ranged("", "shp01@base:net01"), "..");
    assert_string_equal(ranged("", "nnnn@base:"),
                        "error: can't locate revision identified by \"nnnn\"");
    assert_string_equal(ranged("", "aaaa1"), "error: \"aaaa1\" is not a range of revisions");
    assert_string_equal(ranged("", "a:b:c"), "error: \"a:b:c\" is not a range of revisions");
    assert_string_equal(ranged("", "nnnn:"), "error: can't locate revision identified by \"nnnn\"");
    assert_string_equal(ranged("", ":nnnn"), "error: can't locate revision identified by \"nnnn\"");
}

static const char *any(const char *rows, const char *text)
{
    struct revset set;

    err = (struct err)ERR_INIT;
    return resolve_any(graph, text, set_of(rows), &set, &err) == 0 ? ids(set) : failed();
}

static void anything(void **state)
{
    (void)state;
    branches();
    assert_string_equal(any("aaaa2", "current"), "aaaa2");
    assert_string_equal(any("", "current"), "");
    assert_string_equal(any("", ""), "");
    assert_string_equal(any("", "base"), "");
    assert_string_equal(any("", "heads"), "shp02");
    assert_string_equal(any("", "net01+1"), "net02");
    assert_string_equal(any("", "net02-2"), "aaaa2");
    assert_string_equal(any("", "shop@-1"), "shp01");
    assert_string_equal(any("", "-2"), "aaaa2");
    assert_string_equal(any("aaaa2", "shop@+1"), "shp01");
    assert_non_null(strstr(any("", "aaaa"), "begin so"));
}

static void who_needs_the_rows(void **state)
{
    static const char *const rows[] = {"current", "+1", "shop@+2", NULL};
    static const char *const none[] = {"", "heads", "-1", "shop@-1", "a+1", "currents", NULL};
    static const char *const ranges_rows[] = {"current:", ":current", "+1:", "a@+1:b", NULL};
    static const char *const ranges_none[] = {":", "a:+1", "-1:", "a:currents", "b", NULL};

    (void)state;
    for (size_t i = 0; rows[i] != NULL; i++)
        assert_true(resolve_needs_rows(rows[i]));
    for (size_t i = 0; none[i] != NULL; i++)
        assert_false(resolve_needs_rows(none[i]));
    for (size_t i = 0; ranges_rows[i] != NULL; i++)
        assert_true(resolve_range_needs_rows(ranges_rows[i]));
    for (size_t i = 0; ranges_none[i] != NULL; i++)
        assert_false(resolve_range_needs_rows(ranges_none[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REVTEST(symbols),
        REVTEST(head_must_be_one),
        REVTEST(one_head),
        REVTEST(one_of_several),
        REVTEST(prefixes),
        REVTEST(labels_count_as_prefixes),
        REVTEST(many_candidates),
        REVTEST(a_label_limits),
        REVTEST(so_many_below_the_heads),
        REVTEST(so_many_from_a_revision),
        REVTEST(one_below_two_heads),
        REVTEST(nothing_in_an_empty_graph),
        REVTEST(absolute_targets),
        REVTEST(up_from_the_rows),
        REVTEST(up_in_several_trees),
        REVTEST(from_a_symbol),
        REVTEST(down_from_the_rows),
        REVTEST(stamps),
        REVTEST(never_below_a_base),
        REVTEST(not_across_a_merge),
        REVTEST(signs_in_labels_and_text_after_numbers),
        REVTEST(ranges),
        REVTEST(anything),
        REVTEST(who_needs_the_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
