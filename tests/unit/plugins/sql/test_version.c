/*
 * The version table between two engines: Alembic begins, "sql" goes on, Alembic finishes, on the
 * cluster of DDB_TEST_CONNINFO.
 */
#include "sqltest.h"

#include "base/proc.h"

static void put_file(const char *name, const char *what)
{
    struct err err = ERR_INIT;

    assert_int_equal(
        fs_write(arena_printf(call->arena, "%s/%s", dir, name), what, strlen(what), 0644, &err), 0);
}

/* Revision ${id} for both engines. */
static void put_both(const char *id, const char *below)
{
    const char *revises = *below != '\0' ? arena_printf(call->arena, "'%s'", below) : "None";

    put_file(arena_printf(call->arena, "versions/%s.py", id),
             arena_printf(call->arena,
                          "\"\"\"add %s\"\"\"\nfrom alembic import op\nrevision = '%s'\n"
                          "down_revision = %s\n\n\ndef upgrade():\n"
                          "    op.execute('CREATE TABLE t_%s (id int)')\n\n\ndef downgrade():\n"
                          "    op.execute('DROP TABLE t_%s')\n",
                          id, id, revises, id, id));
    put(id, below, arena_printf(call->arena,
                                "-- upgrade\nCREATE TABLE t_%s (id int);\n-- downgrade\n"
                                "DROP TABLE t_%s;\n",
                                id, id));
}

static void alembic(const char *action, const char *target)
{
    const char *ini = arena_printf(call->arena, "%s/alembic.ini", dir);
    struct proc proc = {.argv = (const char *const[]){"alembic", "-c", ini, action, target, NULL}};
    struct buf out = {0};
    struct err err = ERR_INIT;

    if (proc_output(&proc, &out, &err) < 0)
        fail_msg("%s\n%s", err.primary, err.detail);
    buf_release(&out);
}

static void test_two_engines(void **state)
{
    (void)state;
    put_file("alembic.ini", "[alembic]\nscript_location = %(here)s\n");
    put_file("env.py",
             arena_printf(call->arena,
                          "import psycopg2\nimport sqlalchemy\nfrom alembic import context\n"
                          "engine = sqlalchemy.create_engine('postgresql://', "
                          "creator=lambda: psycopg2.connect(\"%s\"))\n"
                          "with engine.connect() as connection:\n"
                          "    context.configure(connection=connection)\n"
                          "    with context.begin_transaction():\n"
                          "        context.run_migrations()\n",
                          call->conninfo));
    put_both("a1", "");
    put_both("b2", "a1");
    put_both("c3", "b2");
    put_both("d4", "c3");
    alembic("upgrade", "b2");
    up("c3", "b2>c3");
    run_ok();
    assert_string_equal(versions(), "c3");
    alembic("upgrade", "d4");
    assert_string_equal(versions(), "d4");
    assert_string_equal(catalog(), "t_a1 t_b2 t_c3 t_d4");
    alembic("downgrade", "b2");
    assert_string_equal(versions(), "b2");

    /* and the other way round: a table that "sql" has made */
    alembic("downgrade", "base");
    sql("DROP TABLE alembic_version");
    forget_steps();
    up("a1", "+a1");
    run_ok();
    alembic("upgrade", "head");
    assert_string_equal(versions(), "d4");
    forget_steps();
    down("d4", "d4>c3");
    run_ok();
    alembic("downgrade", "base");
    assert_string_equal(versions(), "(none)");
    assert_string_equal(catalog(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_two_engines)};

    return cmocka_run_group_tests_name("version", tests, NULL, NULL);
}
