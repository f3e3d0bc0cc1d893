/*
 * Sections without a transaction, on the cluster of DDB_TEST_CONNINFO: failed, killed, gone on
 * with. time-limit: 300
 */
#include "sqltest.h"

static const char bare_body[] = "-- upgrade\n-- no transaction\nSET my.x = '7';\n"
                                "CREATE TABLE b (id int);\nCREATE TABLE c (id int);\n"
                                "INSERT INTO b VALUES (current_setting('my.x')::int);\n"
                                "-- downgrade\nDROP TABLE b;\nDROP TABLE c;\n";

/* Behind an obstacle, which is removed: what is done is not done again. */
static void test_bare_goes_on(void **state)
{
    (void)state;
    put("a1", "", "-- upgrade\nCREATE TABLE a (id int);\n");
    put("b2", "a1", bare_body);
    put("c3", "b2", "-- upgrade\nCREATE TABLE d (id int);\n");
    up("a1", "+a1");
    up("b2", "a1>b2");
    up("c3", "b2>c3");
    sql("CREATE TABLE c (obstacle int)");
    run_fails(
        arena_printf(call->arena,
                     "revision b2: statement 3 in \"%s\" line 10 failed: relation \"c\" already "
                     "exists",
                     path_of("b2")));
    assert_string_equal(catalog(), "a b c");
    assert_string_equal(versions(), "a1");
    assert_string_equal(halves(), "b2:2");

    sql("DROP TABLE c");
    forget_steps();
    up("b2", "a1>b2");
    up("c3", "b2>c3");
    run_ok();
    log_has("revision b2 is half applied: going on behind statement 2 of 4");
    assert_string_equal(catalog(), "a b c d");
    gives("SELECT string_agg(id::text, ' ') FROM b", "7");
    assert_string_equal(versions(), "c3");
    assert_string_equal(halves(), "");
    assert_string_equal(applied(), "a1 b2 c3");
}

static void test_bare_is_refused(void **state)
{
    (void)state;
    put("b2", "", bare_body);
    put("c3", "", "-- upgrade\n");
    up("b2", "+b2");
    sql("CREATE TABLE c (obstacle int)");
    assert_int_equal(engine->steps(call, steps), -1);
    forget_steps();
    up("c3", "+c3");
    run_fails(
        "revision b2 is half applied, up to statement 2 of its upgrade, which is no part of this "
        "run");
    forget_steps();
    put("b2", "", "-- upgrade\n-- no transaction\nSET my.x = '8';\n");
    up("b2", "+b2");
    run_fails("revision b2 is half applied up to statement 2 of a file that has changed since");
    assert_string_equal(halves(), "b2:2");
}

/* Somebody else's rows are seen before anything is done. */
static void test_bare_and_foreign_rows(void **state)
{
    (void)state;
    put("a1", "", "-- upgrade\n");
    put("b2", "a1", bare_body);
    up("a1", "+a1");
    run_ok();
    forget_steps();
    up("b2", "+a1 a1>b2");
    run_fails("revision b2: table public.alembic_version has 1 rows \"a1\" and should have none: "
              "somebody else has migrated meanwhile");
    sql("DELETE FROM alembic_version");
    forget_steps();
    up("b2", "a1>b2");
    run_fails("revision b2: table public.alembic_version has 0 rows \"a1\" and should have one: "
              "somebody else has migrated meanwhile");
    assert_string_equal(catalog(), "");
    assert_string_equal(halves(), "");
}

/* Killed while a statement runs inside a transaction: it did not happen, and is run again. */
static void test_bare_killed(void **state)
{
    (void)state;
    put("b2", "", "-- upgrade\n-- no transaction\nCREATE TABLE b (id int);\n"
                  "INSERT INTO b SELECT 1 FROM pg_sleep((SELECT s FROM nap));\n"
                  "CREATE TABLE c (id int);\n");
    up("b2", "+b2");
    sql("CREATE TABLE nap AS SELECT 60 AS s");
    run_and_kill(SQLTEST_SLEEPS);
    assert_string_equal(halves(), "b2:1");
    assert_string_equal(catalog(), "b nap");
    sql("UPDATE nap SET s = 0");
    run_ok();
    gives("SELECT count(*) FROM b", "1");
    assert_string_equal(catalog(), "b c nap");
    assert_string_equal(versions(), "b2");
    assert_string_equal(halves(), "");
}

/* As a crash between statement 2 and its count would leave it. */
static void put_running(void)
{
    sql("INSERT INTO deploy_db.half_applied SELECT 'b2', 'upgrade', sha256, 1, true, '{}', NULL, "
        "now() "
        "FROM deploy_db.applied_file");
    sql("DELETE FROM alembic_version");
}

/* VACUUM cannot run inside; a database that was created before the crash is there already. */
static void test_bare_outside(void **state)
{
    const char *other = arena_printf(call->arena, "%s_other", database);
    const char *exists = arena_printf(
        call->arena, "SELECT count(*) FROM pg_database WHERE datname = '%s'", other);

    (void)state;
    put("b2", "", arena_printf(call->arena,
                               "-- upgrade\n-- no transaction\nVACUUM;\nCREATE DATABASE %s;\n"
                               "DROP DATABASE %s;\n",
                               other, other));
    up("b2", "+b2");
    run_ok();
    assert_string_equal(versions(), "b2");
    assert_string_equal(halves(), "");
    gives(exists, "0");

    put_running();
    pgtest_sql(NULL, "CREATE DATABASE %s", other);
    run_ok();
    log_has("warning: revision b2: statement 2 was cut off, and is taken as done: database");
    gives(exists, "0");
    assert_string_equal(versions(), "b2");
}

/* A procedure that commits may have done half of its work. */
static void test_bare_procedure(void **state)
{
    (void)state;
    put("b2", "", "-- upgrade\n-- no transaction\nCREATE TABLE b (id int);\n"
                  "DO $$ BEGIN INSERT INTO b VALUES (1); COMMIT; END $$;\n");
    up("b2", "+b2");
    run_ok();
    gives("SELECT count(*) FROM b", "1");
    put_running();
    run_fails(arena_printf(call->arena,
                           "revision b2: statement 2 in \"%s\" line 9 did not come to its end, and "
                           "what it has committed is unknown",
                           path_of("b2")));
    basetest_has(call->err.hint, "UPDATE deploy_db.half_applied SET running = false");
    gives("SELECT count(*) FROM b", "1");
}

/* It fails behind a COMMIT of its own: the same. */
static void test_bare_procedure_fails(void **state)
{
    (void)state;
    put("b2", "", "-- upgrade\n-- no transaction\nCREATE TABLE b (id int);\n"
                  "DO $$ BEGIN INSERT INTO b VALUES (1); COMMIT; PERFORM 1 / 0; END $$;\n");
    up("b2", "+b2");
    run_fails(arena_printf(call->arena,
                           "revision b2: statement 2 in \"%s\" line 9 failed: division by zero",
                           path_of("b2")));
    assert_string_equal(halves(), "b2:1r");
    fakehost_clear(call);
    assert_int_equal(engine->steps(call, steps), -1);
    basetest_has(call->err.primary, "what it has committed is unknown");
    gives("SELECT count(*) FROM b", "1");
}

/* Nothing of it was done: the file may be mended. */
static void test_bare_first_fails(void **state)
{
    (void)state;
    put("b2", "", "-- upgrade\n-- no transaction\nSELECT 1 / 0;\nCREATE TABLE b (id int);\n");
    up("b2", "+b2");
    assert_int_equal(engine->steps(call, steps), -1);
    assert_string_equal(halves(), "");
    put("b2", "", "-- upgrade\n-- no transaction\nSELECT 1 / 1;\nCREATE TABLE b (id int);\n");
    fakehost_clear(call);
    run_ok();
    assert_string_equal(catalog(), "b");
}

/* The counter is not touched with the rights of the role that the file sets. */
static void test_bare_set_role(void **state)
{
    (void)state;
    sql("DROP ROLE IF EXISTS sql_owner; CREATE ROLE sql_owner; CREATE TABLE b (id int); "
        "CREATE SCHEMA s AUTHORIZATION sql_owner; ALTER TABLE b OWNER TO sql_owner; "
        "ALTER TABLE b SET SCHEMA s");
    put("b2", "", "-- upgrade\n-- no transaction\nSET ROLE sql_owner;\nCREATE TABLE s.c (id int);\n"
                  "CREATE INDEX CONCURRENTLY b_id ON s.b (id);\nVACUUM s.b;\n");
    up("b2", "+b2");
    run_ok();
    gives("SELECT string_agg(relname || ' ' || relowner::regrole::text, ' ' ORDER BY relname) "
          "FROM pg_class WHERE relnamespace = 's'::regnamespace",
          "b sql_owner b_id sql_owner c sql_owner");
    assert_string_equal(versions(), "b2");
    sql("DROP OWNED BY sql_owner; DROP ROLE sql_owner");
}

/* --- indexes -----------------------------------------------------------------------------------*/

static const char index_body[] = "-- upgrade\n-- no transaction\n"
                                 "CREATE UNIQUE INDEX CONCURRENTLY b_id ON b (id);\n";

static const char invalid[] = "SELECT coalesce(string_agg(indexrelid::regclass::text, ' '), '') "
                              "FROM pg_index WHERE NOT indisvalid";

/* On duplicates: what it leaves is dropped; without them a rerun builds it. */
static void test_index_fails(void **state)
{
    (void)state;
    sql("CREATE TABLE b (id int); INSERT INTO b VALUES (1), (1)");
    put("b2", "", index_body);
    up("b2", "+b2");
    run_fails(
        arena_printf(call->arena,
                     "revision b2: statement 1 in \"%s\" line 8 failed: could not create unique "
                     "index \"b_id\"",
                     path_of("b2")));
    basetest_has(call->err.detail, "Key (id)=(1) is duplicated.");
    assert_string_equal(catalog(), "b");
    assert_string_equal(halves(), "");
    sql("DELETE FROM b WHERE ctid = (SELECT min(ctid) FROM b)");
    fakehost_clear(call);
    run_ok();
    assert_string_equal(catalog(), "b b_id");
    gives(invalid, "");
    assert_string_equal(versions(), "b2");
}

static void make_invalid(const char *index, const char *table)
{
    PGconn *conn = pgtest_connect(database);
    PGresult *res = PQexec(conn, arena_printf(call->arena,
                                              "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s (id)",
                                              index, table));

    assert_int_equal(PQresultStatus(res), PGRES_FATAL_ERROR);
    PQclear(res);
    PQfinish(conn);
}

/* An index that is invalid already is not ours, unless it has the name on that table. */
static void test_index_of_others(void **state)
{
    (void)state;
    sql("CREATE TABLE b (id int); INSERT INTO b VALUES (1), (1); CREATE TABLE c (id int)");
    sql("CREATE SCHEMA s; CREATE TABLE s.b (id int); INSERT INTO s.b VALUES (1), (1)");
    make_invalid("b_other", "b");
    make_invalid("\"B id\"", "b");
    make_invalid("\"B id\"", "s.b");
    gives(invalid, "b_other \"B id\" s.\"B id\"");
    put("b2", "", "-- upgrade\n-- no transaction\n"
                  "CREATE INDEX CONCURRENTLY IF NOT EXISTS \"B id\" ON /* the */ public.b (id);\n"
                  "CREATE UNIQUE INDEX CONCURRENTLY ON b (id);\n");
    up("b2", "+b2");
    run_fails(
        arena_printf(call->arena,
                     "revision b2: statement 2 in \"%s\" line 9 failed: could not create unique "
                     "index \"b_id_idx\"",
                     path_of("b2")));
    log_has("dropping the invalid index public.\"B id\"");
    log_has("dropping the invalid index public.b_id_idx");
    gives(invalid, "b_other s.\"B id\"");
    assert_string_equal(catalog(), "B id b b_other c");
    assert_string_equal(halves(), "b2:1");
}

/* Killed in the middle of a concurrent build: the leftover goes, the index is built. */
static void test_index_killed(void **state)
{
    PGconn *other;

    (void)state;
    sql("CREATE TABLE b (id int); INSERT INTO b VALUES (1)");
    put("b2", "", index_body);
    up("b2", "+b2");
    other = pgtest_connect(database);
    pgtest_run(other, "BEGIN; INSERT INTO b VALUES (2)"); /* the build waits for it */
    run_and_kill("SELECT EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)");
    PQfinish(other);
    gives(invalid, "b_id");
    assert_string_equal(halves(), "b2:0r");
    /* another one of the table fails meanwhile: it is not ours */
    sql("CREATE INDEX b_dba_idx ON b (id); UPDATE pg_index SET indisvalid = false "
        "WHERE indexrelid = 'b_dba_idx'::regclass");
    run_ok();
    log_has("dropping the invalid index public.b_id");
    gives(invalid, "b_dba_idx");
    assert_string_equal(catalog(), "b b_dba_idx b_id");
    assert_string_equal(halves(), "");
}

/* The server names it anew each time: nobody can say whether it was built. */
static void test_index_without_name(void **state)
{
    (void)state;
    sql("CREATE TABLE b (id int)");
    put("b2", "", "-- upgrade\n-- no transaction\nSELECT 1;\nCREATE INDEX CONCURRENTLY ON b (id);\n");
    up("b2", "+b2");
    run_ok();
    assert_string_equal(catalog(), "b b_id_idx");
    put_running();
    assert_int_equal(engine->steps(call, steps), -1);
    basetest_has(call->err.primary, "what it has committed is unknown");
    assert_string_equal(catalog(), "b b_id_idx");
}

/* One of the same name is under way in another session: it is not dropped, nor waited for to be dropped. */
static void test_index_of_others_is_built(void **state)
{
    PGconn *writer, *builder;

    (void)state;
    sql("CREATE TABLE b (id int)");
    put("b2", "", "-- upgrade\n-- no transaction\n"
                  "CREATE INDEX CONCURRENTLY IF NOT EXISTS b_id ON b (id);\n");
    up("b2", "+b2");
    writer = pgtest_connect(database);
    pgtest_run(writer, "BEGIN; INSERT INTO b VALUES (2)");
    builder = pgtest_connect(database);
    assert_true(PQsendQuery(builder, "CREATE INDEX CONCURRENTLY b_id ON b (id) WHERE id > 0"));
    wait_until("SELECT EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)");
    fakehost_fact(call, "lock_timeout_ms", "300");
    run_fails(arena_printf(call->arena,
                           "revision b2: statement 1 in \"%s\" line 8 failed: canceling statement "
                           "due to lock timeout",
                           path_of("b2")));
    assert_null(strstr(buf_text(&call->log), "dropping"));
    pgtest_run(writer, "COMMIT");
    PQfinish(writer);
    wait_until("SELECT indisvalid FROM pg_index WHERE indexrelid = 'b_id'::regclass");
    PQfinish(builder);
    fakehost_clear(call);
    run_ok();
    gives("SELECT pg_get_indexdef('b_id'::regclass)",
          "CREATE INDEX b_id ON public.b USING btree (id) WHERE (id > 0)");
}

/* --- privileges --------------------------------------------------------------------------------*/

static void test_unprivileged(void **state)
{
    (void)state;
    sql("DROP ROLE IF EXISTS sql_plain; CREATE ROLE sql_plain LOGIN; GRANT ALL ON SCHEMA public TO "
        "sql_plain");
    call->conninfo = arena_printf(call->arena, "%s dbname=%s user=sql_plain", pgtest_conninfo(),
                                  database);
    put("b2", "", bare_body);
    up("b2", "+b2");
    assert_int_equal(engine->steps(call, steps), -1);
    basetest_has(call->err.primary,
                 "could not create the record of applied files in schema deploy_db: "
                 "permission denied for database");
    basetest_has(call->err.hint, "GRANT CREATE ON DATABASE");
    assert_string_equal(catalog(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bare_goes_on),
        TEST(test_bare_is_refused),
        TEST(test_bare_and_foreign_rows),
        TEST(test_bare_killed),
        TEST(test_bare_outside),
        TEST(test_bare_procedure),
        TEST(test_bare_procedure_fails),
        TEST(test_bare_first_fails),
        TEST(test_bare_set_role),
        TEST(test_index_fails),
        TEST(test_index_of_others),
        TEST(test_index_killed),
        TEST(test_index_of_others_is_built),
        TEST(test_index_without_name),
        TEST(test_unprivileged),
    };

    return cmocka_run_group_tests_name("bare", tests, NULL, NULL);
}
