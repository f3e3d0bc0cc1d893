/*
 * Steps as SQL text: read by psql, compared with what Alembic prints and with what the engine
 * does, on the cluster of DDB_TEST_CONNINFO.
 */
#include "sqltest.h"

#include "base/proc.h"

static struct buf text;

static int add(void *arg, const char *what, size_t n)
{
    (void)arg;
    buf_add(&text, what, n);
    return 0;
}

static int stop(void *arg, const char *what, size_t n)
{
    (void)what;
    (void)n;
    return ++*(int *)arg == 3;
}

static const char *render(int creates)
{
    buf_release(&text);
    succeeds(engine->steps_sql(call, steps, creates, add, NULL));
    return buf_text(&text);
}

static const char *output(const char *const *argv)
{
    struct proc proc = {.argv = argv};
    struct buf out = {0};
    struct err err = ERR_INIT;
    const char *copy;

    if (proc_output(&proc, &out, &err) < 0)
        fail_msg("%s\n%s", err.primary, err.detail);
    copy = arena_strdup(call->arena, buf_text(&out));
    buf_release(&out);
    return copy;
}

/* The database as pg_dump prints it, without the engine's own schema. */
static const char *dump(void)
{
    const char *const argv[] = {"pg_dump", "--inserts",    "-N", "deploy_db",
                                "-d",      call->conninfo, NULL};
    char *all = arena_strdup(call->arena, output(argv));

    for (char *at = all; (at = strstr(at, "restrict ")) != NULL;) /* a random word follows */
        while (*at != '\n' && *at != '\0')
            *at++ = '.';
    return all;
}

static void put_line(void)
{
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int, t text);\nCOPY a FROM STDIN;\n1\to\\tne\n"
                  "2\t\\N\n\\.\n-- downgrade\nDROP TABLE a;\n");
    put("b2", "a1", "-- upgrade\n-- no transaction\nVACUUM;\nCREATE TABLE \"b;\" (id int)\n"
                    "/* ; */ -- ;\n;\nCREATE INDEX CONCURRENTLY b_id ON \"b;\" (id);\n");
    put("c3", "b2", "-- upgrade\nSET search_path = pg_catalog;\nCREATE FUNCTION public.f() RETURNS "
                    "text LANGUAGE sql AS $$ SELECT ';'::text; $$;\n");
    put("d4", "c3", "-- upgrade\nCREATE TABLE d (t text DEFAULT 'it''s');\n");
    add_step("a1", false, "upgrade  -> a1, add a1", "+a1");
    add_step("b2", false, "upgrade a1 -> b2, add b2", "a1>b2");
    add_step("c3", false, "upgrade b2 -> c3, add c3", "b2>c3");
    add_step("d4", false, "upgrade c3 -> d4, add d4", "c3>d4");
}

/* psql -f leads to what steps() leads to. */
static void same_as_steps(void)
{
    const char *file = arena_printf(call->arena, "%s/all.sql", dir);
    const char *const argv[] = {"psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", file,
                                "-d",   call->conninfo, NULL};
    struct err err = ERR_INIT;
    const char *expected;

    put_line();
    run_ok();
    expected = dump();
    basetest_has(expected, "INSERT INTO public.alembic_version VALUES ('d4')");
    basetest_has(expected, "CREATE INDEX b_id");
    pgtest_drop(database);
    pgtest_create(database, "sql");
    fakehost_clear(call);
    render(1);
    assert_int_equal(fs_write(file, text.data, text.len, 0644, &err), 0);
    output(argv);
    assert_string_equal(dump(), expected);
}

static void test_psql(void **state)
{
    (void)state;
    same_as_steps();
    basetest_has(buf_text(&text), "COPY a FROM STDIN;\n1\to\\tne\n2\t\\N\n\\.\n\n");
    basetest_has(buf_text(&text), "COMMIT;\n\n-- Running upgrade a1 -> b2\n\nVACUUM;\n\n");
}

static void test_psql_per_migration(void **state)
{
    (void)state;
    fakehost_setting(call, "transaction", "migration");
    same_as_steps();
}

/* --- Alembic's spelling ------------------------------------------------------------------------*/

static void put_file(const char *name, const char *what)
{
    struct err err = ERR_INIT;

    assert_int_equal(
        fs_write(arena_printf(call->arena, "%s/%s", dir, name), what, strlen(what), 0644, &err), 0);
}

static void put_python(const char *id, const char *revises, const char *table)
{
    put_file(arena_printf(call->arena, "versions/%s.py", id),
             arena_printf(call->arena,
                          "\"\"\"add %s\"\"\"\nfrom alembic import op\nrevision = '%s'\n"
                          "down_revision = %s\n\n\ndef upgrade():\n"
                          "    op.execute('CREATE TABLE %s (id int)')\n\n\ndef downgrade():\n"
                          "    op.execute('DROP TABLE %s')\n",
                          id, id, revises, table, table));
}

/* Two trees that merge. */
static void test_alembic(void **state)
{
    const char *range;

    (void)state;
    put_file("alembic.ini", "[alembic]\nscript_location = %(here)s\n");
    put_file("env.py", "from alembic import context\n"
                       "context.configure(dialect_name='postgresql')\n"
                       "with context.begin_transaction():\n    context.run_migrations()\n");
    put_python("a1", "None", "a");
    put_python("b1", "('a1',)", "b");
    put_python("c1", "('b1',)", "c");
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\n-- downgrade\nDROP TABLE a;\n");
    put("b1", "a1", "-- upgrade\nCREATE TABLE b (id int);\n-- downgrade\nDROP TABLE b;\n");
    put("c1", "b1", "-- upgrade\nCREATE TABLE c (id int);\n-- downgrade\nDROP TABLE c;\n");
    add_step("a1", false, "upgrade  -> a1, add a1", "+a1");
    add_step("b1", false, "upgrade a1 -> b1, add b1", "a1>b1");
    add_step("c1", false, "upgrade b1 -> c1, add c1", "b1>c1");
    range = arena_printf(call->arena, "%s/alembic.ini", dir);
    assert_string_equal(render(1), output((const char *const[]){"alembic", "-c", range, "upgrade",
                                                                "head", "--sql", NULL}));
    forget_steps();
    add_step("c1", true, "downgrade c1 -> b1, add c1", "c1>b1");
    add_step("b1", true, "downgrade b1 -> a1, add b1", "b1>a1");
    assert_string_equal(render(0), output((const char *const[]){"alembic", "-c", range, "downgrade",
                                                                "c1:a1", "--sql", NULL}));
}

/* A downgrade of a merge arrives at two; the doc behind them is no identifier. */
static void test_merge(void **state)
{
    (void)state;
    put("c1", "a1, b1", "-- upgrade\n-- downgrade\n");
    add_step("c1", false, "upgrade a1, b1 -> c1, one, two", "-a1 b1>c1");
    assert_string_equal(render(0),
                        "BEGIN;\n\n-- Running upgrade a1, b1 -> c1\n\n"
                        "DELETE FROM alembic_version WHERE alembic_version.version_num = 'a1';\n\n"
                        "UPDATE alembic_version SET version_num='c1' "
                        "WHERE alembic_version.version_num = 'b1';\n\nCOMMIT;\n\n");
    forget_steps();
    fakehost_fact(call, "version_table", "Rows");
    fakehost_fact(call, "version_table_schema", "audit");
    add_step("c1", true, "downgrade c1 -> a1, b1, one, two", "+a1 c1>b1");
    assert_string_equal(render(0),
                        "BEGIN;\n\n-- Running downgrade c1 -> a1, b1\n\n"
                        "INSERT INTO audit.\"Rows\" (version_num) VALUES ('a1') RETURNING "
                        "audit.\"Rows\".version_num;\n\n"
                        "UPDATE audit.\"Rows\" SET version_num='b1' "
                        "WHERE audit.\"Rows\".version_num = 'c1';\n\nCOMMIT;\n\n");
}

static void test_stopped(void **state)
{
    int n = 0;

    (void)state;
    put_line();
    assert_int_equal(engine->steps_sql(call, steps, 1, stop, &n), -1);
    assert_int_equal(n, 3);
}

static int release(void **state)
{
    buf_release(&text);
    return sqltest_teardown(state);
}

#define TEXT(name) cmocka_unit_test_setup_teardown(name, sqltest_setup, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEXT(test_psql),  TEXT(test_psql_per_migration), TEXT(test_alembic),
        TEXT(test_merge), TEXT(test_stopped),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
