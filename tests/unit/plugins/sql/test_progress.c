/*
 * What the engine remembers in the database, and what it does with it: inspect, settle,
 * can_transaction, on the cluster of DDB_TEST_CONNINFO. time-limit: 300
 */
#include "sqltest.h"

/* --- findings ----------------------------------------------------------------------------------*/

static struct buf found;

static int add(void *arg, const struct ddb_finding *finding)
{
    int *left = arg;

    assert_true(finding->hint[0] != '\0');
    buf_addf(&found, "%s %s: %s\n", finding->kind, finding->revision, finding->text);
    return left != NULL && --*left == 0;
}

static const char *inspect(void)
{
    buf_release(&found);
    succeeds(engine->inspect(call, add, NULL));
    return buf_text(&found);
}

static void test_nothing_to_find(void **state)
{
    (void)state;
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\n");
    assert_string_equal(inspect(), ""); /* no tables */
    succeeds(engine->settle(call));
    gives("SELECT to_regnamespace('deploy_db') IS NULL", "t");
    up("a1", "+a1");
    run_ok();
    assert_string_equal(inspect(), "");
}

static void test_edited(void **state)
{
    int one = 1;

    (void)state;
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\n");
    put("b2", "a1", "-- upgrade\n");
    put("c3", "b2", "-- upgrade\n");
    up("a1", "+a1");
    up("b2", "a1>b2");
    up("c3", "b2>c3");
    run_ok();
    put("a1", "", "-- upgrade\nCREATE TABLE a (id bigint);\n");
    put("c3", "b2", "-- upgrade\n\n");
    sql("UPDATE deploy_db.applied_file SET applied_at = '2026-01-31 13:45:10+00'");
    assert_string_equal(inspect(),
                        arena_printf(call->arena,
                                     "edited a1: revision a1: \"%s\" is not what was applied on "
                                     "2026-01-31 13:45:10 UTC by run 20260131T134510Z-test\n"
                                     "edited c3: revision c3: \"%s\" is not what was applied on "
                                     "2026-01-31 13:45:10 UTC by run 20260131T134510Z-test\n",
                                     path_of("a1"), path_of("c3")));
    buf_release(&found);
    succeeds(engine->inspect(call, add, &one)); /* stops after one */
    assert_null(strstr(buf_text(&found), "c3"));

    assert_int_equal(unlink(path_of("a1")), 0); /* somebody else's matter */
    put("c3", "b2", "-- upgrade\n");
    assert_string_equal(inspect(), "");
}

static void test_inspect_reads_only(void **state)
{
    (void)state;
    sql("ALTER DATABASE %s SET default_transaction_read_only = off", database);
    put("a1", "", "-- upgrade\n");
    up("a1", "+a1");
    run_ok();
    sql("CREATE FUNCTION deploy_db.writes() RETURNS text LANGUAGE plpgsql AS "
        "$$ BEGIN CREATE TABLE public.written (id int); RETURN ''; END $$; "
        "ALTER TABLE deploy_db.applied_file RENAME TO kept; CREATE VIEW deploy_db.applied_file AS "
        "SELECT revision, sha256 || deploy_db.writes() AS sha256, applied_at, run "
        "FROM deploy_db.kept");
    assert_int_equal(engine->inspect(call, add, NULL), -1);
    basetest_has(call->err.primary, "cannot execute CREATE TABLE in a read-only transaction");
}

/* --- can_transaction ---------------------------------------------------------------------------*/

static void test_can_transaction(void **state)
{
    (void)state;
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\n-- downgrade\n-- no transaction\n");
    put("b2", "a1", "-- upgrade\n-- no transaction\nVACUUM;\n-- downgrade\n");
    assert_int_equal(engine->can_transaction(call, (const char *const[]){"a1", NULL}),
                     DDB_CAN_FULLY);
    assert_int_equal(engine->can_transaction(call, (const char *const[]){"a1", "b2", NULL}),
                     DDB_CAN_PARTLY);
    assert_int_equal(engine->can_transaction(call, (const char *const[]){"x9", NULL}),
                     DDB_CAN_PARTLY);
    fakehost_fact(call, "direction", "downgrade");
    assert_int_equal(engine->can_transaction(call, (const char *const[]){"b2", NULL}),
                     DDB_CAN_FULLY);
    assert_int_equal(engine->can_transaction(call, (const char *const[]){"b2", "a1", NULL}),
                     DDB_CAN_PARTLY);
    assert_int_equal(engine->can_downgrade(call), DDB_CAN_FULLY);
}

static void lasts(const char *statement, int can)
{
    put("a1", "", arena_printf(call->arena, "-- upgrade\nSELECT 1;\n%s;\n", statement));
    assert_int_equal(engine->can_transaction(call, (const char *const[]){"a1", NULL}), can);
}

static void test_what_no_rollback_takes_back(void **state)
{
    (void)state;
    lasts("SELECT setval('s', 7)", DDB_CAN_PARTLY);
    lasts("SELECT pg_catalog.\"setval\" /* all */ ('s', 7)", DDB_CAN_PARTLY);
    lasts("DO $$ BEGIN PERFORM SETVAL ('s', 7); END $$", DDB_CAN_PARTLY);
    lasts("SELECT dblink_exec('dbname=x', 'DELETE FROM t')", DDB_CAN_PARTLY);
    lasts("COPY t TO PROGRAM 'mail -s rows somebody'", DDB_CAN_PARTLY);
    lasts("COPY t FROM PROGRAM E'cat\\t x'", DDB_CAN_PARTLY);
    lasts("CREATE TABLE program (setval int, dblink text)", DDB_CAN_FULLY);
    lasts("SELECT 1 -- setval\n, 'x'", DDB_CAN_FULLY);
    lasts("UPDATE t SET my_setval = reset_setval(1) WHERE program = 'x'", DDB_CAN_FULLY);
}

/* --- half applied ------------------------------------------------------------------------------*/

static const char body[] = "-- upgrade\n-- no transaction\nCREATE TABLE b (id int);\n"
                           "ALTER TABLE a ADD COLUMN note text;\n"
                           "CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id);\n"
                           "INSERT INTO a (id) SELECT 2 FROM pg_sleep(60);\n"
                           "CREATE TABLE c (id int);\n"
                           "-- downgrade\nDROP TABLE c;\nDROP INDEX CONCURRENTLY a_id;\n"
                           "ALTER TABLE a DROP COLUMN note;\nDROP TABLE b;\n";

static void put_half(void)
{
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\n");
    put("b2", "a1", body);
    up("a1", "+a1");
    up("b2", "a1>b2");
    run_and_kill(SQLTEST_SLEEPS);
    assert_string_equal(halves(), "b2:3");
    assert_string_equal(catalog(), "a a_id b");
    assert_string_equal(versions(), "a1");
}

static void test_settle(void **state)
{
    (void)state;
    put_half();
    assert_string_equal(inspect(),
                        "half-applied b2: revision b2 is half applied: its upgrade stopped "
                        "behind statement 3 of 5\n");
    succeeds(engine->settle(call));
    log_has("revision b2: undoing 3 of 5 statements of its upgrade");
    log_has("passed over: revision b2: statement 1 in ");
    log_has("what it removes was not made");
    assert_string_equal(halves(), "");
    assert_string_equal(catalog(), "a");
    assert_string_equal(versions(), "a1");
    gives("SELECT string_agg(attname, ' ') FROM pg_attribute WHERE attrelid = 'a'::regclass AND "
          "attnum > 0 AND NOT attisdropped",
          "id");
    assert_string_equal(inspect(), "");
}

static void test_settle_needs_the_file(void **state)
{
    (void)state;
    put_half();
    put("b2", "a1", "-- upgrade\n-- no transaction\nCREATE TABLE b (id bigint);\n-- downgrade\n");
    assert_int_equal(engine->settle(call), -1);
    assert_string_equal(call->err.primary,
                        "revision b2 is half applied up to statement 3 of a file "
                        "that has changed since");
    fakehost_clear(call);
    assert_string_equal(inspect(),
                        "stuck b2: revision b2 is half applied: its upgrade stopped "
                        "behind statement 3 of a file that has changed since\n");
    assert_int_equal(unlink(path_of("b2")), 0);
    assert_int_equal(engine->settle(call), -1);
    assert_string_equal(call->err.primary,
                        "revision b2 is half applied, and its file is missing");
    assert_string_equal(halves(), "b2:3");
}

/* Without a way back, and with one that fails for another reason. */
static void test_settle_fails(void **state)
{
    (void)state;
    put("b2", "", "-- upgrade\n-- no transaction\nCREATE TABLE b (id int);\nSELECT 1 / 0;\n");
    up("b2", "+b2");
    assert_int_equal(engine->steps(call, steps), -1);
    fakehost_clear(call);
    assert_int_equal(engine->settle(call), -1);
    assert_string_equal(call->err.primary,
                        arena_printf(call->arena,
                                     "revision b2 is half applied, and \"%s\" has no section "
                                     "\"-- downgrade\" that would undo it",
                                     path_of("b2")));
    sql("DELETE FROM deploy_db.half_applied; DROP TABLE b");
    fakehost_clear(call);
    put("b2", "", "-- upgrade\n-- no transaction\nCREATE TABLE b (id int);\nSELECT 1 / 0;\n"
                  "-- downgrade\nDROP TABLE b;\n");
    assert_int_equal(engine->steps(call, steps), -1);
    sql("CREATE VIEW v AS SELECT * FROM b");
    fakehost_clear(call);
    assert_int_equal(engine->settle(call), -1);
    assert_string_equal(
        call->err.primary,
        arena_printf(call->arena,
                     "revision b2: statement 1 in \"%s\" line 11 failed: cannot drop "
                     "table b because other objects depend on it",
                     path_of("b2")));
    assert_string_equal(halves(), "b2:1");
    sql("DROP VIEW v");
    fakehost_clear(call);
    succeeds(engine->settle(call));
    assert_string_equal(catalog(), "");
}

/* What was there before under a name that the revision could not give is not removed. */
static void test_settle_leaves_others(void **state)
{
    (void)state;
    sql("CREATE TABLE c (id int); CREATE TABLE a (note text); INSERT INTO a VALUES ('kept')");
    put("b2", "", "-- upgrade\n-- no transaction\nCREATE TABLE b (id int);\n"
                  "CREATE TABLE c (id int);\nALTER TABLE a ADD COLUMN note text;\n"
                  "-- downgrade\nALTER TABLE a DROP COLUMN note;\nDROP TABLE c;\n"
                  "DROP TABLE b;\nDROP TABLE gone;\n");
    up("b2", "+b2");
    assert_int_equal(engine->steps(call, steps), -1);
    assert_string_equal(halves(), "b2:1");
    fakehost_clear(call);
    succeeds(engine->settle(call));
    log_has("table \"gone\" does not exist");
    assert_string_equal(catalog(), "a c");
    gives("SELECT note FROM a", "kept");
}

/* Rows that were not changed must not be changed back. */
static void test_settle_and_data(void **state)
{
    (void)state;
    sql("CREATE TABLE a (id int); INSERT INTO a VALUES (1)");
    put("b2", "", "-- upgrade\n-- no transaction\nCREATE TABLE b (id int);\nSELECT 1 / n FROM d;\n"
                  "UPDATE a SET id = id + 1;\n-- downgrade\nUPDATE a SET id = id - 1;\n"
                  "DROP TABLE b;\n");
    sql("CREATE TABLE d AS SELECT 0 AS n");
    up("b2", "+b2");
    assert_int_equal(engine->steps(call, steps), -1);
    fakehost_clear(call);
    assert_int_equal(engine->settle(call), -1);
    assert_string_equal(call->err.primary,
                        arena_printf(call->arena,
                                     "revision b2 is half applied, and statement 1 in \"%s\" line "
                                     "12, which would be a part of undoing it, may change data",
                                     path_of("b2")));
    gives("SELECT id FROM a", "1");
    assert_string_equal(halves(), "b2:1");

    /* all were done, and only the version row is missing: it is in the way by then */
    sql("UPDATE d SET n = 1; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO alembic_version VALUES ('b2'); RETURN NULL; END $$; "
        "CREATE TRIGGER t AFTER UPDATE ON a EXECUTE FUNCTION f()");
    fakehost_clear(call);
    assert_int_equal(engine->steps(call, steps), -1);
    basetest_has(call->err.primary, "duplicate key value violates unique constraint");
    sql("DROP TRIGGER t ON a");
    assert_string_equal(halves(), "b2:3");
    gives("SELECT id FROM a", "2");
    sql("CREATE VIEW v AS SELECT FROM b"); /* undoing it, and again, would change the row twice */
    for (int i = 0; i < 2; i++) {
        fakehost_clear(call);
        assert_int_equal(engine->settle(call), -1);
        basetest_has(call->err.primary, "may change data");
    }
    gives("SELECT id FROM a", "2");
    sql("DELETE FROM alembic_version");
    fakehost_clear(call);
    run_ok(); /* it can be finished */
    gives("SELECT id FROM a", "2");
    assert_string_equal(versions(), "b2");
}

/* Nothing was done yet: nothing is undone, not even without a downgrade section. */
static void test_settle_nothing_done(void **state)
{
    (void)state;
    put("b2", "", "-- upgrade\n-- no transaction\nSELECT 1 / 0;\n");
    up("b2", "+b2");
    assert_int_equal(engine->steps(call, steps), -1);
    assert_string_equal(halves(), "");
    fakehost_clear(call);
    succeeds(engine->settle(call));
}

/* An index that could not be dropped to the end is invalid: it is built again. */
static void test_settle_dropped_index(void **state)
{
    PGconn *other;

    (void)state;
    sql("CREATE TABLE b (id int); CREATE INDEX b_id ON b (id)");
    put("b2", "", "-- upgrade\n-- no transaction\nDROP INDEX CONCURRENTLY b_id;\n"
                  "-- downgrade\n-- no transaction\nCREATE INDEX CONCURRENTLY b_id ON b (id);\n");
    up("b2", "+b2");
    other = pgtest_connect(database);
    pgtest_run(other, "BEGIN; SELECT FROM b");
    fakehost_fact(call, "lock_timeout_ms", "300");
    assert_int_equal(engine->steps(call, steps), -1);
    basetest_has(call->err.primary, "due to lock timeout");
    PQfinish(other);
    gives("SELECT indisvalid FROM pg_index WHERE indexrelid = 'b_id'::regclass", "f");
    assert_string_equal(halves(), "b2:0r");
    fakehost_clear(call);
    succeeds(engine->settle(call));
    gives("SELECT indisvalid FROM pg_index WHERE indexrelid = 'b_id'::regclass", "t");
    assert_string_equal(halves(), "");
}

/* Proven to be as the run found it: nothing is undone, and what another run began stays. */
static void test_settle_as_before(void **state)
{
    (void)state;
    sql("CREATE TABLE t (id int)");
    put("a1", "", "-- upgrade\n-- no transaction\nCREATE TABLE a (id int);\nSELECT 1 / 0;\n"
                  "-- downgrade\nDROP TABLE a;\n");
    up("a1", "+a1");
    fakehost_fact(call, "as_before", "true");
    succeeds(engine->settle(call)); /* there is no record yet */
    assert_int_equal(engine->steps(call, steps), -1);
    assert_string_equal(halves(), "a1:1");
    sql("INSERT INTO deploy_db.half_applied SELECT 'b2', direction, sha256, 1, running, NULL, "
        "'another run', updated FROM deploy_db.half_applied");
    fakehost_clear(call);
    succeeds(engine->settle(call));
    assert_string_equal(halves(), "b2:1");
    assert_string_equal(catalog(), "a t");
}

/* Killed while an index is built. */
static void test_settle_index(void **state)
{
    PGconn *other;

    (void)state;
    sql("CREATE TABLE b (id int)");
    put("b2", "", "-- upgrade\n-- no transaction\nCREATE INDEX CONCURRENTLY b_id ON b (id);\n"
                  "-- downgrade\nDROP INDEX b_id;\n");
    up("b2", "+b2");
    other = pgtest_connect(database);
    pgtest_run(other, "BEGIN; INSERT INTO b VALUES (2)");
    run_and_kill("SELECT EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)");
    PQfinish(other);
    assert_string_equal(inspect(),
                        "half-applied b2: revision b2 is half applied: its upgrade was cut "
                        "off in statement 1 of 1\n");
    succeeds(engine->settle(call));
    assert_string_equal(catalog(), "b");
    assert_string_equal(halves(), "");
}

/* A downgrade that was cut off is undone by the upgrade section. */
static void test_settle_downgrade(void **state)
{
    (void)state;
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\nCREATE TABLE b (id int);\n"
                  "CREATE TABLE c (id int);\n"
                  "-- downgrade\n-- no transaction\nDROP TABLE c;\nDROP TABLE b;\nDROP TABLE a;\n");
    up("a1", "+a1");
    run_ok();
    sql("CREATE VIEW v AS SELECT * FROM a");
    forget_steps();
    down("a1", "-a1");
    assert_int_equal(engine->steps(call, steps), -1);
    assert_string_equal(halves(), "a1:2");
    assert_string_equal(catalog(), "a v");
    fakehost_clear(call);
    succeeds(engine->settle(call));
    assert_string_equal(catalog(), "a b c v");
    assert_string_equal(versions(), "a1");
    assert_string_equal(halves(), "");
}

static int release(void **state)
{
    buf_release(&found);
    return sqltest_teardown(state);
}

#define PROGRESS(name) cmocka_unit_test_setup_teardown(name, sqltest_setup, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRESS(test_nothing_to_find),
        PROGRESS(test_edited),
        PROGRESS(test_inspect_reads_only),
        PROGRESS(test_can_transaction),
        PROGRESS(test_what_no_rollback_takes_back),
        PROGRESS(test_settle),
        PROGRESS(test_settle_needs_the_file),
        PROGRESS(test_settle_fails),
        PROGRESS(test_settle_leaves_others),
        PROGRESS(test_settle_and_data),
        PROGRESS(test_settle_as_before),
        PROGRESS(test_settle_nothing_done),
        PROGRESS(test_settle_dropped_index),
        PROGRESS(test_settle_index),
        PROGRESS(test_settle_downgrade),
    };

    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
