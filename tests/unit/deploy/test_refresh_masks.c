/* refresh_masks: rules against a catalog. */
#include "basetest.h"

#include "deploy/mask_type.h"
#include "deploy/refresh_masks.h"

/* Sorted, as a catalog is. */
static struct catalog_fact facts[] = {
    {"column public.\"Odd.Name\".\"a \"\"b\"", "type", "text"},
    {"column public.events.payload", "type", "jsonb"},
    {"column public.events.payload", "nullable", "yes"},
    {"column public.events_1.payload", "type", "jsonb"},
    {"column public.log.line", "type", "text"},
    {"column public.users.age", "type", "integer"},
    {"column public.users.blob", "type", "bytea"},
    {"column public.users.code", "type", "character varying(6)"},
    {"column public.users.email", "nullable", "no"},
    {"column public.users.email", "type", "public.address"},
    {"column public.users.full_name", "generated", "stored (a || b)"},
    {"column public.users.full_name", "type", "text"},
    {"column public.users.id", "type", "bigint"},
    {"column public.users.mood", "type", "public.mood"},
    {"column public.users.names", "type", "text[]"},
    {"column public.users.ref", "type", "uuid"},
    {"column public.users.scores", "type", "numeric(10,2)[]"},
    {"column public.users.seen", "type", "timestamp(3) with time zone"},
    {"column public.v.email", "type", "text"},
    {"domain public.address", "is", "domain of public.short"},
    {"domain public.short", "is", "domain of character varying(40)"},
    {"enum public.mood", "is", "enum ('good')"},
    {"table public.\"Odd.Name\"", "is", "table"},
    {"table public.events", "is", "partitioned table"},
    {"table public.events_1", "is", "table"},
    {"table public.events_1", "partition of", "public.events FOR VALUES FROM (1) TO (2)"},
    {"table public.log", "is", "unlogged table"},
    {"table public.users", "is", "table"},
};

static int compare(const void *a, const void *b)
{
    const struct catalog_fact *x = a, *y = b;
    int order = strcmp(x->object, y->object);

    return order != 0 ? order : strcmp(x->aspect, y->aspect);
}

static struct arena *arena;
static struct catalog catalog = {.facts = facts, .n = sizeof facts / sizeof *facts};
static struct env env;
static struct refresh_masks masks;
static struct errs problems;

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    qsort(facts, catalog.n, sizeof *facts, compare);
    env = (struct env){.name = "staging"};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    errs_release(&problems);
    arena_free(arena);
    return 0;
}

static int make(struct conf_mask *rules, size_t n, bool strict)
{
    env.refresh.masks = (struct conf_masks){rules, n};
    env.refresh.mask_strict = strict;
    return refresh_masks_make(arena, &env, "salt", &catalog, &masks, &problems);
}

static void test_rules(void **state)
{
    static const char *const excluded[] = {"public.log", NULL};
    struct conf_mask rules[] = {
        {"public.users.email", "email", NULL, 1},  {"public.events.payload", "hash", NULL, 2},
        {"public.users.code", "constant", "a\tb", 3}, {"public.users.ref", "hash", NULL, 4},
        {"public.\"Odd.Name\".\"a \"\"b\"", "digits", NULL, 5},
        {"public.users.blob", "null", NULL, 6},    {"public.users.names", "keep", NULL, 7},
    };
    const struct masked_table *table;
    struct mask mask;
    struct err err = ERR_INIT;

    (void)state;
    env.refresh.exclude_data = excluded;
    if (make(rules, 7, true) != 0)
        fail_msg("%s\n%s", problems.items[0].primary, problems.items[0].detail);
    assert_int_equal(masks.n, 4);
    table = refresh_masks_table(&masks, "public", "events_1");
    assert_non_null(table);
    assert_int_equal(table->columns[0].field.form, MASK_JSON);
    assert_null(refresh_masks_table(&masks, "public", "events"));
    assert_true(refresh_masks_table(&masks, "public", "log")->left_out);
    table = refresh_masks_table(&masks, "public", "Odd.Name");
    assert_non_null(table);
    assert_string_equal(table->columns[0].name, "a \"b");
    table = refresh_masks_table(&masks, "public", "users");
    assert_int_equal(table->n, 4);
    assert_int_equal(
        refresh_masks_line(arena, &masks, table, "(id, email, code, ref, blob)", &mask, &err), 0);
    assert_int_equal(mask.n, 5);
    assert_int_equal(mask.fields[0].function, MASK_KEEP);
    assert_int_equal(mask.fields[1].function, MASK_EMAIL);
    assert_int_equal(mask.fields[1].most, 40);
    assert_string_equal(mask.fields[2].constant, "a\\tb");
    assert_int_equal(mask.fields[3].form, MASK_UUID);
    assert_int_equal(mask.fields[4].function, MASK_NULL);
    assert_int_equal(refresh_masks_line(arena, &masks, table, "(id, email)", &mask, &err), -1);
    err_clear(&err);
    table = refresh_masks_table(&masks, "public", "Odd.Name");
    assert_int_equal(refresh_masks_line(arena, &masks, table, "(\"a \"\"b\")", &mask, &err), 0);
    assert_int_equal(mask.n, 1);
}

static void expect_problem(const char *text, const char *detail)
{
    for (size_t i = 0; i < problems.n; i++)
        if (strstr(problems.items[i].primary, text) != NULL &&
            strstr(problems.items[i].detail, detail) != NULL) {
            assert_int_equal(problems.items[i].code, ERR_REFUSED);
            return;
        }
    fail_msg("no problem says: %s (%s)", text, detail);
}

static void test_mistakes(void **state)
{
    static const char *const excluded[] = {"public.nothing", NULL};
    struct conf_mask rules[] = {
        {"public.users.phone", "hash", NULL, 1}, {"public.users.age", "hash", NULL, 2},
        {"public.users.email", "null", NULL, 3}, {"public.users.code", "email", NULL, 4},
        {"public.users.full_name", "null", NULL, 5}, {"public.users.names", "hash", NULL, 6},
        {"users.email", "hash", NULL, 7}, {"public.users.mood", "digits", NULL, 8},
        {"public.users.blob", "email", NULL, 9}, {"public.v.email", "null", NULL, 10},
    };

    (void)state;
    env.refresh.exclude_data = excluded;
    assert_int_equal(make(rules, 10, false), -1);
    expect_problem("no column public.users.phone", "");
    expect_problem("no column users.email", "");
    expect_problem("no table public.nothing", "");
    expect_problem("public.users.age cannot",
                   "line 2: with = \"hash\": hash cannot be made of a value of "
                   "type integer");
    expect_problem("public.users.email cannot", "it cannot be NULL");
    expect_problem("public.users.code cannot", "it holds 6 characters, and email needs 24");
    expect_problem("public.users.full_name cannot", "computed from other columns");
    expect_problem("public.users.names cannot", "type text[]");
    expect_problem("public.users.mood cannot", "type public.mood");
    expect_problem("public.users.blob cannot", "email");
    expect_problem("no column public.v.email of a table", "");
    assert_int_equal(problems.n, 11);
}

/* Everything that may hold a text, all at once; not what cannot. */
static void test_strict(void **state)
{
    struct conf_mask rules[] = {{"public.users.email", "keep", NULL, 1}};
    const char *detail;

    (void)state;
    env.refresh.exclude_data = NULL;
    assert_int_equal(make(rules, 1, true), -1);
    assert_int_equal(problems.n, 1);
    assert_string_equal(problems.items[0].primary, "6 columns may hold texts and have no mask");
    detail = problems.items[0].detail;
    basetest_has(detail, "public.\"Odd.Name\".\"a \"\"b\"  text");
    basetest_has(detail, "public.events_1.payload  jsonb");
    basetest_has(detail, "public.log.line  text");
    basetest_has(detail, "public.users.blob  bytea");
    basetest_has(detail, "public.users.code  character varying(6)");
    basetest_has(detail, "public.users.names  text[]");
    errs_release(&problems);
    assert_int_equal(make(rules, 1, false), 0);
    assert_int_equal(masks.n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_rules), TEST(test_mistakes), TEST(test_strict)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
