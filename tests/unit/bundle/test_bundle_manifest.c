/* Tests of bundle/bundle_manifest: what is refused although its hash is right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bundle/bundle_manifest.h"
#include "bundle/bundle_name.h"

#define SHA     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MEMBER(name) "{\"name\":\"" name "\",\"size\":1,\"raw_size\":2,\"sha256\":\"" SHA "\",\"offset\":3}"
#define TABLE(name, more)                                                                          \
    "{\"schema\":\"s\",\"name\":\"" name "\",\"rows\":1," more "}"
#define MANIFEST(version, members, tables)                                                         \
    "{\"format\":\"deploy-db snapshot\",\"version\":" version ",\"members\":[" members             \
    "],\"tables\":[" tables "]}"

static int parse(const char *text, struct bundle *bundle, struct err *err)
{
    static struct arena *arena;

    arena_free(arena);
    arena = text != NULL ? arena_new() : NULL;
    return text != NULL ? bundle_manifest_parse(text, strlen(text), arena, bundle, err) : 0;
}

/* What becomes a part of statements is a name with columns and nothing else. */
static void copy_is_checked(void **state)
{
    static const char *const good[] = {"s.t (a)", "public.orders (id, \"as text\")", "\"My \"\"app\".\"T (able\" (\"a, (\", b_2)"};
    static const char *const bad[] = {"", "s.t", "t (a)", "s.t(a)", "s.t ()", "s.t (a", "s.t (a))", "s.t (a,b)", "s.t (a, )",
                                      "s.t (a) FROM PROGRAM 'id'", "s.t (a); DROP TABLE t", "S.t (a)", "s.1 (a)", "s.\"t (a)",
                                      "s.\"\"t (a)", ".t (a)", "s. (a)", "s.t  (a)", "s.t (\"a)", "s.t (a -- )", "s.t.u (a)"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_ptr_equal(bundle_copy_columns(good[i]), strstr(good[i], i == 2 ? "(\"a" : "("));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (bundle_copy_columns(bad[i]) != NULL)
            fail_msg("taken: %s", bad[i]);
}

static void a_good_one_is_read(void **state)
{
    struct bundle bundle = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(parse(MANIFEST("1", MEMBER("a"), "{\"schema\":\"s\",\"name\":\"t\",\"rows\":-1}"),
                           &bundle, &err), 0);
    assert_int_equal(bundle.n_members, 1);
    assert_int_equal(bundle.members[0].size_bytes, 1);
    assert_int_equal(bundle.members[0].raw_bytes, 2);
    assert_int_equal(bundle.members[0].offset, 3);
    assert_string_equal(bundle.members[0].sha256, SHA);
    assert_int_equal(bundle.tables[0].rows, -1);
}

static void bad_ones_are_refused(void **state)
{
    static const char *const texts[] = {
        "", "[]", "null", "{", "{}", "{\"format\":\"other\",\"version\":1}",
        MANIFEST("1", "", ""), MANIFEST("0", MEMBER("a"), ""), MANIFEST("\"1\"", MEMBER("a"), ""),
        MANIFEST("1", "1", ""), MANIFEST("1", "{}", ""), MANIFEST("1", MEMBER("../a"), ""),
        MANIFEST("1", MEMBER("a") "," MEMBER("b") "," MEMBER("a"), ""),
        MANIFEST("1", "{\"name\":\"a\",\"size\":-1,\"raw_size\":0,\"sha256\":\"" SHA "\",\"offset\":0}", ""),
        MANIFEST("1", "{\"name\":\"a\",\"size\":1.5,\"raw_size\":0,\"sha256\":\"" SHA "\",\"offset\":0}", ""),
        MANIFEST("1", "{\"name\":\"a\",\"size\":99999999999999999999,\"raw_size\":0,\"sha256\":\"" SHA "\",\"offset\":0}", ""),
        MANIFEST("1", "{\"name\":\"a\",\"size\":1,\"raw_size\":9223372036854775807,\"sha256\":\"" SHA
                 "\",\"offset\":0}," MEMBER("b"), ""),
        MANIFEST("1", "{\"name\":\"a\",\"size\":1,\"raw_size\":0,\"sha256\":\"abc\",\"offset\":0}", ""),
        MANIFEST("1", "{\"name\":\"a\",\"size\":1,\"raw_size\":0,\"offset\":0}", ""),
        MANIFEST("1", MEMBER("a"), "1"), MANIFEST("1", MEMBER("a"), "{\"schema\":\"s\",\"rows\":1}"),
        MANIFEST("1", MEMBER("a"), "{\"schema\":\"s\",\"name\":\"t\",\"rows\":-2}"),
        "{\"format\":\"deploy-db snapshot\",\"version\":1,\"members\":{},\"tables\":[]}",
        "{\"format\":\"deploy-db snapshot\",\"version\":1,\"members\":[" MEMBER("a") "],\"tables\":1}",
        /* chunks: without a table, a gap, two tables of one number, a copy without a number */
        MANIFEST("1", MEMBER("data/7.0000.copy.zst"), "{\"schema\":\"s\",\"name\":\"t\",\"rows\":1}"),
        MANIFEST("1", MEMBER("data/7.0001.copy.zst"), TABLE("t", "\"oid\":7,\"copy\":\"s.t (a)\"")),
        MANIFEST("1", MEMBER("data/7.0000.copy.zst"), TABLE("t", "\"oid\":7,\"copy\":\"s.t (a)\"") ","
                                   TABLE("u", "\"oid\":7,\"copy\":\"s.u (a)\"")),
        MANIFEST("1", MEMBER("a"), TABLE("t", "\"copy\":\"s.t (a)\"")),
        MANIFEST("1", MEMBER("a"), TABLE("t", "\"oid\":7,\"copy\":\"s.t\\n; DROP\"")),
        MANIFEST("1", MEMBER("a"), TABLE("t", "\"hash\":\"abc\"")),
        /* parts: a gap, a wrong start, out of order, interrupted, twice */
        MANIFEST("1", MEMBER("d.zst.000000") "," MEMBER("d.zst.000002"), ""),
        MANIFEST("1", MEMBER("d.zst.000001"), ""),
        MANIFEST("1", MEMBER("d.zst.000001") "," MEMBER("d.zst.000000"), ""),
        MANIFEST("1", MEMBER("d.zst.000000") "," MEMBER("e") "," MEMBER("d.zst.000001"), ""),
        MANIFEST("1", MEMBER("d.zst.000000") "," MEMBER("e.zst.000001"), ""),
        MANIFEST("1", MEMBER("d.zst.000000") "," MEMBER("d.zst.000000"), ""),
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct bundle bundle = {0};
        struct err err = ERR_INIT;

        if (parse(texts[i], &bundle, &err) == 0)
            fail_msg("accepted: %s", texts[i]);
        assert_int_equal(err.code, ERR_PREPARE);
    }
}

static void a_newer_format_says_so(void **state)
{
    struct bundle bundle = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(parse(MANIFEST("2", MEMBER("a"), ""), &bundle, &err), -1);
    assert_string_equal(err.primary, "the snapshot has format version 2, this program reads 1");
    assert_string_not_equal(err.hint, "");
}

/* Nesting deeper than a stack. */
static void deep_nesting_is_refused(void **state)
{
    struct bundle bundle = {0};
    struct buf auto_buf text = {0};
    struct err err = ERR_INIT;

    (void)state;
    for (int i = 0; i < 1000000; i++)
        buf_addc(&text, '[');
    assert_int_equal(parse(buf_text(&text), &bundle, &err), -1);
}

static void names_are_taken_apart(void **state)
{
    char base[BUNDLE_NAME_MAX + 1];
    int part;

    (void)state;
    assert_true(bundle_manifest_base("main.dump.zst.000123", base, &part));
    assert_string_equal(base, "main.dump");
    assert_int_equal(part, 123);
    assert_true(bundle_manifest_base("globals.sql.zst", base, &part));
    assert_string_equal(base, "globals.sql");
    assert_int_equal(part, -1);
    assert_false(bundle_manifest_base("meta.json", base, &part));
    assert_false(bundle_manifest_base(".zst", base, &part));
    assert_false(bundle_manifest_base("000000", base, &part));
    assert_false(bundle_manifest_base("a.000000", base, &part));
    assert_false(bundle_manifest_base("a.zst.00001", base, &part));
    assert_false(bundle_manifest_base("a.zst.0000001", base, &part));
}

static int end(void **state)
{
    (void)state;
    return parse(NULL, NULL, NULL); /* releases the arena */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy_is_checked),
        cmocka_unit_test(a_good_one_is_read),
        cmocka_unit_test(bad_ones_are_refused),
        cmocka_unit_test(a_newer_format_says_so),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(names_are_taken_apart),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
