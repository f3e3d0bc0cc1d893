/* drift: strictness, missing objects, sentences. */
#include "basetest.h"

#include "pg/drift.h"

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* A catalog of triples in their order, ended by NULL. */
static struct catalog catalog_of(const char *const *triples)
{
    struct catalog catalog = {0};
    size_t n = 0;

    while (triples[n] != NULL)
        n++;
    catalog.n = n / 3;
    catalog.facts = arena_alloc(arena, catalog.n * sizeof *catalog.facts);
    for (size_t i = 0; i < catalog.n; i++)
        catalog.facts[i] =
            (struct catalog_fact){triples[3 * i], triples[3 * i + 1], triples[3 * i + 2]};
    return catalog;
}

#define CATALOG(...) catalog_of((const char *const[]){__VA_ARGS__, NULL})

/* The sentences of all differences, one a line. */
static const char *compare(struct catalog expected, struct catalog actual,
                           const struct drift_rules *rules)
{
    auto_buf struct buf out = {0};
    struct drift *list = NULL;
    size_t n = 99;

    drift_compare(arena, &expected, &actual, rules, &list, &n);
    for (size_t i = 0; i < n; i++)
        buf_addf(&out, "%s\n", drift_sentence(arena, &list[i]));
    return arena_strdup(arena, buf_text(&out));
}

static void test_strictness(void **state)
{
    static const struct drift_rules neither = {false, false};
    static const struct drift_rules type_only = {true, false};
    static const struct drift_rules default_only = {false, true};
    static const struct drift_rules both = {true, true};
    struct catalog a = CATALOG("column public.t.c", "default", "1", "column public.t.c",
                               "nullable", "no", "column public.t.c", "type", "integer");
    struct catalog b = CATALOG("column public.t.c", "default", "2", "column public.t.c",
                               "nullable", "yes", "column public.t.c", "type", "bigint");
    static const char nullable[] = "column public.t.c: nullable is yes, expected no\n";
    static const char type[] = "column public.t.c: type is bigint, expected integer\n";
    static const char value[] = "column public.t.c: default is 2, expected 1\n";

    (void)state;
    assert_string_equal(compare(a, b, &neither), nullable);
    assert_string_equal(compare(a, b, &type_only), arena_printf(arena, "%s%s", nullable, type));
    assert_string_equal(compare(a, b, &default_only), arena_printf(arena, "%s%s", value, nullable));
    assert_string_equal(compare(a, b, &both),
                        arena_printf(arena, "%s%s%s", value, nullable, type));
    assert_string_equal(compare(a, b, NULL), compare(a, b, &both));
    assert_string_equal(compare(a, a, NULL), "");
}

static void test_facts_of_one_side(void **state)
{
    static const struct drift_rules type_only = {true, false};
    struct catalog bare = CATALOG("column public.t.c", "type", "integer");
    struct catalog with = CATALOG("column public.t.c", "comment", "why", "column public.t.c",
                                  "default", "1", "column public.t.c", "type", "integer");

    (void)state;
    assert_string_equal(compare(with, bare, NULL),
                        "column public.t.c: comment is missing, expected why\n"
                        "column public.t.c: default is missing, expected 1\n");
    assert_string_equal(compare(bare, with, NULL),
                        "column public.t.c: comment is why, expected none\n"
                        "column public.t.c: default is 1, expected none\n");
    assert_string_equal(compare(bare, with, &type_only),
                        "column public.t.c: comment is why, expected none\n");
}

static void test_missing_object_is_one_entry(void **state)
{
    static const struct drift_rules neither = {false, false};
    struct catalog none = {0};
    struct catalog column = CATALOG("column public.t.a", "type", "integer", "table public.t", "is",
                                    "table");
    struct catalog two = CATALOG("column public.t.a", "type", "integer", "column public.t.b",
                                 "default", "1", "column public.t.b", "type", "integer",
                                 "table public.t", "is", "table");

    (void)state;
    assert_string_equal(compare(two, column, &neither), "column public.t.b is missing\n");
    assert_string_equal(compare(column, two, &neither), "column public.t.b is not expected\n");
    assert_string_equal(compare(two, none, NULL), "table public.t is missing\n");
    assert_string_equal(compare(none, two, NULL), "table public.t is not expected\n");
    assert_string_equal(compare(none, none, NULL), "");
}

/* Names with dots and quotes; a table and a view of the same name. */
static void test_parts_of_missing_objects(void **state)
{
    struct catalog none = {0};
    struct catalog odd = CATALOG("column \"a.\"\"b\".\"t.\".\"c.d\"", "type", "x",
                                 "constraint \"a.\"\"b\".\"t.\".pk", "is", "x",
                                 "function public.f(integer)", "is", "x",
                                 "index \"a.\"\"b\".\"t.\".i", "is", "x",
                                 "table \"a.\"\"b\".\"t.\"", "is", "table");
    struct catalog view = CATALOG("column public.t.a", "type", "x", "view public.t", "is", "x");
    struct catalog table = CATALOG("column public.t.b", "type", "x", "table public.t", "is", "x");
    struct catalog orphan = CATALOG("column public.t.b", "type", "x");

    (void)state;
    assert_string_equal(compare(odd, none, NULL),
                        "function public.f(integer) is missing\n"
                        "table \"a.\"\"b\".\"t.\" is missing\n");
    assert_string_equal(compare(view, table, NULL),
                        "column public.t.a is missing\ncolumn public.t.b is not expected\n"
                        "table public.t is not expected\nview public.t is missing\n");
    assert_string_equal(compare(orphan, none, NULL), "column public.t.b is missing\n");
}

static void test_sentences_are_one_short_line(void **state)
{
    char same[400];
    struct drift drift = {"view public.v", "is", NULL, " SELECT a,\n    b\n   FROM t;"};
    const char *text;

    (void)state;
    assert_string_equal(drift_sentence(arena, &drift),
                        "view public.v is SELECT a, b FROM t;, expected none");
    for (size_t i = 0; i < sizeof same - 1; i += 2)
        memcpy(same + i, "ü", 2);
    same[sizeof same - 2] = '\0';
    drift.expected = arena_printf(arena, "%sone", same);
    drift.actual = arena_printf(arena, "%stwo", same);
    text = drift_sentence(arena, &drift);
    basetest_has(text, "view public.v is …ü");
    basetest_has(text, "ütwo, expected …ü");
    basetest_has(text, "üone");
    assert_in_range(strlen(text), 50, 200);
    drift = (struct drift){"table t", "options", "x", ""};
    assert_string_equal(drift_sentence(arena, &drift), "table t: options is empty, expected x");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_strictness),
        TEST(test_facts_of_one_side),
        TEST(test_missing_object_is_one_entry),
        TEST(test_parts_of_missing_objects),
        TEST(test_sentences_are_one_short_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
