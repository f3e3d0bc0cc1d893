/*
 * What statements make, and which statements remove it.
 */
#include "sqltest.h"

#include "sql/made.h"

static int setup(void **state)
{
    (void)state;
    call = fakehost_open(ddb_plugin());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fakehost_close(call);
    return 0;
}

static const char *names(const char *statement)
{
    struct made made = {.call = call};
    const char *text = "";

    made_add(&made, statement);
    for (size_t i = 0; i < made.n; i++)
        text = arena_printf(call->arena, "%s%s%s", text, i > 0 ? " " : "", made.names[i]);
    return text;
}

static void test_names(void **state)
{
    static const char *const cases[][2] = {
        {"CREATE TABLE t (add int)", "t"},
        {"create table IF NOT EXISTS public . \"T t\" (id int)", "T t"},
        {"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS I_1 ON s.t (id)", "i_1"},
        {"CREATE INDEX ON t (id)", ""},
        {"CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$", "f"},
        {"CREATE /* x */ MATERIALIZED VIEW -- y\n v AS SELECT 1", "v"},
        {"CREATE TYPE s.mood AS ENUM ('a')", "mood"},
        {"CREATE CONSTRAINT TRIGGER tr AFTER INSERT ON t EXECUTE FUNCTION f()", "tr"},
        {"CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()", "e"},
        {"CREATE DATABASE d", "d"},
        {"ALTER TABLE ONLY s.t ADD COLUMN IF NOT EXISTS a int DEFAULT 'add x', ADD b int, "
         "ADD CONSTRAINT c CHECK (add > 1), ADD PRIMARY KEY (a), ALTER d SET NOT NULL",
         "a b c"},
        {"ALTER TYPE mood ADD VALUE 'x'", ""},
        {"INSERT INTO t VALUES (1)", ""},
        {"DROP TABLE t", ""},
        {"CREATE", ""},
        {"CREATE TABLE", ""},
        {"ALTER TABLE t ADD", ""},
        {"ALTER TABLE t ADD COLUMN", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(names(cases[i][0]), cases[i][1]);
}

static void test_has(void **state)
{
    struct made made = {.call = call};

    (void)state;
    assert_false(made_has(&made, "DROP TABLE t"));
    made_add(&made, "CREATE TABLE t (id int)");
    made_add(&made, "ALTER TABLE u ADD COLUMN \"C c\" int");
    assert_true(made_has(&made, "DROP TABLE IF EXISTS public.T"));
    assert_true(made_has(&made, "drop table a, t cascade"));
    assert_true(made_has(&made, "ALTER TABLE u DROP \"C c\""));
    assert_false(made_has(&made, "ALTER TABLE u DROP d"));
    assert_false(made_has(&made, "DROP TABLE \"T\""));
    assert_false(made_has(&made, "COMMENT ON COLUMN u.d IS 't'"));
    assert_false(made_has(&made, "ALTER TABLE u ALTER d SET DEFAULT 't'"));
    assert_false(made_has(&made, "INSERT INTO t VALUES (1)"));
}

#define MADE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {MADE(test_names), MADE(test_has)};

    return cmocka_run_group_tests_name("made", tests, NULL, NULL);
}
