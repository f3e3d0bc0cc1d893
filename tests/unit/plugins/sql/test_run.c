/*
 * Steps on a real cluster: DDB_TEST_CONNINFO. time-limit: 300
 */
#include "sqltest.h"

static const char b2_fails[] = "revision b2: statement 2 in \"%s\" line 8 failed: "
                               "column \"nope\" does not exist";

/* a1, b2 and c3 on a line; b2 fails in its second statement. */
static void put_three(void)
{
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\nINSERT INTO a VALUES (1);\n"
                  "-- downgrade\nDROP TABLE a;\n");
    put("b2", "a1", "-- upgrade\nCREATE TABLE b (id int);\nSELECT id,\n  nope FROM b;\n"
                    "-- downgrade\nDROP TABLE b;\n");
    put("c3", "b2", "-- upgrade\nCREATE TABLE c (id int);\n-- downgrade\nDROP TABLE c;\n");
    up("a1", "+a1");
    up("b2", "a1>b2");
    up("c3", "b2>c3");
}

static void test_upgrade_and_downgrade(void **state)
{
    (void)state;
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\n-- downgrade\nDROP TABLE a;\n");
    put("b2", "a1", "-- upgrade\n\n-- downgrade\n");
    up("a1", "+a1");
    up("b2", "a1>b2");
    run_ok();
    assert_string_equal(catalog(), "a");
    assert_string_equal(versions(), "b2");
    assert_string_equal(applied(), "a1 b2");
    log_has("info: running upgrade x -> b2, add b2 (2 of 2, after 0.");
    assert_int_equal(call->progress_done, 2);
    gives("SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || ' ' || "
          "attnotnull, ',') || ' ' || (SELECT string_agg(conname || contype::text, ',') "
          "FROM pg_constraint WHERE conrelid = 'alembic_version'::regclass) FROM pg_attribute "
          "WHERE attrelid = 'alembic_version'::regclass AND attnum > 0",
          "version_num character varying(32) true alembic_version_pkcp");

    forget_steps();
    down("b2", "b2>a1");
    down("a1", "-a1");
    run_ok();
    assert_string_equal(catalog(), "");
    assert_string_equal(versions(), "(none)");
    assert_string_equal(applied(), "");
}

static void test_run_is_one_transaction(void **state)
{
    (void)state;
    put_three();
    run_fails(arena_printf(call->arena, b2_fails, path_of("b2")));
    assert_int_equal(call->err.hint[0], '\0');
    basetest_has(call->err.detail, "line 9: nope FROM b");
    basetest_has(call->err.detail, "SQLSTATE: 42703");
    assert_string_equal(catalog(), "");
    gives("SELECT to_regclass('alembic_version') IS NULL AND "
                 "to_regnamespace('deploy_db') IS NULL",
                 "t");
}

static void test_migration_is_one_transaction(void **state)
{
    (void)state;
    put_three();
    fakehost_setting(call, "transaction", "migration");
    run_fails(arena_printf(call->arena, b2_fails, path_of("b2")));
    assert_string_equal(catalog(), "a");
    gives("SELECT id FROM a", "1");
    assert_string_equal(versions(), "a1");
    assert_string_equal(applied(), "a1");
}

static void test_setting_transaction(void **state)
{
    (void)state;
    put_three();
    fakehost_setting(call, "transaction", "step");
    run_fails("the engine's setting \"transaction\" is \"step\"");
}

static void test_outside_only(void **state)
{
    (void)state;
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\nVACUUM a;\n");
    up("a1", "+a1");
    assert_int_equal(engine->steps(call, steps), -1);
    basetest_has(call->err.primary, "VACUUM cannot run inside a transaction block");
    assert_string_equal(call->err.hint, "Begin the section with the line \"-- no transaction\".");
    assert_string_equal(catalog(), "");
}

/* A schema of its own, a name that needs quotes; a search path that a file empties is its own. */
static void test_version_table(void **state)
{
    (void)state;
    sql("CREATE SCHEMA \"My\"");
    fakehost_fact(call, "version_table", "Version \"rows\"");
    fakehost_fact(call, "version_table_schema", "My");
    put("a1", "", "-- upgrade\nSELECT pg_catalog.set_config('search_path', '', false);\n"
                  "CREATE TABLE public.a (id int);\n");
    put("b2", "a1", "-- upgrade\nCREATE TABLE b (id int);\n");
    up("a1", "+a1");
    up("b2", "a1>b2");
    run_ok();
    assert_string_equal(catalog(), "a b");
    gives("SELECT version_num FROM \"My\".\"Version \"\"rows\"\"\"", "b2");
}

/* So is what a block of code or a function sets. */
static void test_hidden_set(void **state)
{
    (void)state;
    sql("CREATE SCHEMA s; CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS "
        "$$ BEGIN SET search_path = s; END $$");
    put("a1", "", "-- upgrade\nDO $$ BEGIN SET search_path = s; END $$;\nCREATE TABLE a (id int);\n");
    put("b2", "a1", "-- upgrade\nCREATE TABLE b (id int);\nSELECT f();\n");
    put("c3", "b2", "-- upgrade\nCREATE TABLE c (id int);\n");
    up("a1", "+a1");
    up("b2", "a1>b2");
    up("c3", "b2>c3");
    run_ok();
    assert_string_equal(catalog(), "b c");
    gives("SELECT to_regclass('s.a')", "s.a");
}

/* Two rows become one and two again. */
static void test_merge(void **state)
{
    (void)state;
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\n");
    put("b1", "", "-- upgrade\nCREATE TABLE b (id int);\n");
    put("c1", "a1, b1", "-- upgrade\n-- downgrade\n");
    up("a1", "+a1");
    up("b1", "+b1");
    up("c1", "-a1 b1>c1");
    run_ok();
    assert_string_equal(versions(), "c1");
    forget_steps();
    down("c1", "+a1 c1>b1");
    run_ok();
    assert_string_equal(versions(), "a1 b1");
}

/* So many that what each ends with is prepared; two files throw that away. */
static void test_many(void **state)
{
    const char *below = "";

    (void)state;
    for (int i = 0; i < 30; i++) {
        const char *id = arena_printf(call->arena, "r%02d", i);
        const char *more = i == 5    ? "DEALLOCATE ALL;\n"
                           : i == 15 ? "-- no transaction\nDISCARD ALL;\n"
                                     : "";

        put(id, below, arena_printf(call->arena,
                                    "-- upgrade\n%sCREATE TABLE t%02d (id int);\n-- downgrade\n"
                                    "DROP TABLE t%02d;\n",
                                    more, i, i));
        up(id, i == 0 ? "+r00" : arena_printf(call->arena, "%s>%s", below, id));
        below = id;
        if (i == 12) {
            run_ok();
            forget_steps();
        }
    }
    run_ok();
    assert_string_equal(versions(), "r29");
    gives("SELECT count(*) FROM deploy_db.applied_file", "30");
    forget_steps();
    for (int i = 29; i >= 0; i--)
        down(arena_printf(call->arena, "r%02d", i),
             i == 0 ? "-r00" : arena_printf(call->arena, "r%02d>r%02d", i, i - 1));
    run_ok();
    assert_string_equal(versions(), "(none)");
    assert_string_equal(catalog(), "");
    gives("SELECT count(*) FROM deploy_db.applied_file", "0");
}

/* Somebody else's row: nothing of the step stays. */
static void test_foreign_migration(void **state)
{
    (void)state;
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\n");
    put("b2", "a1", "-- upgrade\nCREATE TABLE b (id int);\n");
    up("a1", "+a1");
    run_ok();
    sql("UPDATE alembic_version SET version_num = 'x9'");
    forget_steps();
    up("b2", "a1>b2");
    run_fails("revision b2: table public.alembic_version has 0 rows \"a1\" and should have one: "
              "somebody else has migrated meanwhile");
    assert_string_equal(catalog(), "a");
    assert_string_equal(versions(), "x9");
}

/* While steps run, others read the rows and cannot write them. */
static void test_rows_are_locked(void **state)
{
    (void)state;
    put("z0", "", "-- upgrade\n");
    up("z0", "+z0");
    run_ok();
    forget_steps();
    put("a1", "z0", "-- upgrade\nSELECT pg_sleep(60);\n");
    up("a1", "z0>a1");
    run_and_kill("SELECT EXISTS (SELECT FROM pg_locks WHERE mode = 'ShareRowExclusiveLock' AND "
                 "relation = 'alembic_version'::regclass AND granted)");
    assert_string_equal(versions(), "z0");
}

/* Mistakes of all files are told before the first of them is run. */
static void test_mistakes(void **state)
{
    (void)state;
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\nCOMMIT;\n");
    put("b2", "a1", "-- upgrade\nSAVEPOINT x;\nROLLBACK TO x;\n\\i other.sql\n");
    put("c3", "b2", "-- upgrade\nSELECT 'open;\n");
    put("d4", "c3", "-- upgrade\n");
    up("a1", "+a1");
    up("b2", "a1>b2");
    up("c3", "b2>c3");
    down("d4", "d4>c3");
    run_fails(arena_printf(call->arena,
                           "\"%s\" line 8: \"COMMIT\" begins or ends a transaction",
                           path_of("a1")));
    basetest_has(call->err.detail, path_of("b2"));
    basetest_has(call->err.detail, path_of("c3"));
    basetest_has(call->err.detail, arena_printf(call->arena,
                                                "revision d4 cannot be downgraded: \"%s\" has no "
                                                "section \"-- downgrade\"",
                                                path_of("d4")));
    assert_null(strstr(call->err.detail, "SAVEPOINT"));
    gives("SELECT to_regclass('alembic_version') IS NULL", "t");
}

/* --- COPY, timeouts, cancel --------------------------------------------------------------------*/

static void test_copy(void **state)
{
    (void)state;
    put("a1", "",
        "-- upgrade\nCREATE TABLE a (id int, t text);\nCOPY a FROM STDIN;\n1\tone\n2\t\\N\n"
        "\\.\nCOPY a (id) FROM stdin;\n\\.\nINSERT INTO a VALUES (3);\n");
    up("a1", "+a1");
    run_ok();
    gives("SELECT string_agg(id || coalesce(t, '-'), ' ' ORDER BY id) FROM a", "1one 2- 3-");
}

static void test_copy_fails(void **state)
{
    (void)state;
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int, t text);\n\nCOPY a\n FROM STDIN;\n1\tone\n"
                  "x\ttwo\n\\.\n");
    up("a1", "+a1");
    run_fails(arena_printf(call->arena,
                           "revision a1: statement 2 in \"%s\" line 9 failed: invalid input syntax "
                           "for type integer: \"x\"",
                           path_of("a1")));
    basetest_has(call->err.detail, "line 12 of the file");
    basetest_has(call->err.detail, "context: COPY a, line 2, column id: \"x\"");
    assert_string_equal(catalog(), "");

    fakehost_clear(call);
    put("a1", "", "-- upgrade\nCOPY nowhere FROM STDIN;\n1\n\\.\n");
    run_fails(arena_printf(call->arena,
                           "revision a1: statement 1 in \"%s\" line 7 failed: relation \"nowhere\" "
                           "does not exist",
                           path_of("a1")));

    fakehost_clear(call);
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\nCOPY a TO STDOUT;\n");
    run_fails("revision a1: COPY wants its data from, or gives it to, a client");
    wait_until("SELECT NOT EXISTS (SELECT FROM pg_stat_activity "
               "WHERE application_name = 'deploy-db fake')");
    assert_string_equal(catalog(), "");
}

static void test_lock_timeout(void **state)
{
    PGconn *other;

    (void)state;
    sql("CREATE TABLE a (id int)");
    put("a1", "", "-- upgrade\nALTER TABLE a ADD COLUMN t text;\n");
    up("a1", "+a1");
    fakehost_fact(call, "lock_timeout_ms", "100");
    other = pgtest_connect(database);
    pgtest_run(other, "BEGIN; LOCK TABLE a IN ACCESS SHARE MODE");
    run_fails(arena_printf(call->arena,
                           "revision a1: statement 1 in \"%s\" line 7 failed: canceling statement "
                           "due to lock timeout",
                           path_of("a1")));
    basetest_has(call->err.detail, "cause: lock timeout");
    PQfinish(other);
    fakehost_clear(call);
    run_ok();
    gives("SELECT count(*) FROM pg_attribute WHERE attrelid = 'a'::regclass AND attname = 't'",
                 "1");
}

static struct timespec cancel_at;

/* As if somebody cancelled a while after the start. */
static int cancelled_later(struct ddb_call *of)
{
    struct timespec now;

    (void)of;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > cancel_at.tv_sec;
}

static void test_cancel(void **state)
{
    static struct ddb_host host;
    struct timespec begun, ended;

    (void)state;
    host = fakehost_services;
    host.cancelled = cancelled_later;
    ddb_plugin()->load(&host);
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\nSELECT pg_sleep(60);\n");
    up("a1", "+a1");
    clock_gettime(CLOCK_MONOTONIC, &begun);
    cancel_at = begun;
    run_fails("revision a1: cancelled");
    clock_gettime(CLOCK_MONOTONIC, &ended);
    assert_in_range(ended.tv_sec - begun.tv_sec, 0, 8);
    /* rolled back when it returned, not some time later */
    gives("SELECT count(*) FROM pg_locks WHERE mode = 'ShareRowExclusiveLock'", "0");
    assert_string_equal(catalog(), "");
    ddb_plugin()->load(&fakehost_services);
}

static void test_deadline(void **state)
{
    (void)state;
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\nSELECT pg_sleep(60);\n");
    up("a1", "+a1");
    fakehost_fact(call, "timeout_ms", "700");
    run_fails("revision a1: out of time");
    assert_string_equal(catalog(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_upgrade_and_downgrade),
        TEST(test_run_is_one_transaction),
        TEST(test_migration_is_one_transaction),
        TEST(test_setting_transaction),
        TEST(test_outside_only),
        TEST(test_version_table),
        TEST(test_hidden_set),
        TEST(test_merge),
        TEST(test_many),
        TEST(test_foreign_migration),
        TEST(test_rows_are_locked),
        TEST(test_mistakes),
        TEST(test_copy),
        TEST(test_copy_fails),
        TEST(test_lock_timeout),
        TEST(test_cancel),
        TEST(test_deadline),
    };

    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
