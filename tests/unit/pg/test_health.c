/* Tests of health: what a role may do, and what is in a deployment's way. */
#include "basetest.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "pg/health.h"
#include "pgtest.h"

static char base[64];
static struct arena *arena;
static struct health health;

static int setup(void **state)
{
    (void)state;
    log_setup(LOG_ERROR, 0);
    arena = arena_new();
    pgtest_create(base, "health");
    pgtest_sql(NULL, "CREATE ROLE test_health_role LOGIN; CREATE ROLE test_health_app LOGIN");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    health_release(&health);
    pgtest_drop(base);
    pgtest_sql(NULL, "DROP ROLE test_health_role, test_health_app");
    arena_free(arena);
    return 0;
}

/* ${user} NULL: the superuser. */
static const struct health *examine(const char *user, int64_t long_ms)
{
    struct db *db = pgtest_open(pgtest_target(arena, base, user), DB_READ);
    struct err err = ERR_INIT;

    health_release(&health);
    if (health_read(db, arena, long_ms, &health, &err) < 0)
        fail_msg("%s\n%s", err.primary, err.detail);
    db_close(db);
    return &health;
}

static const struct health *examine_role(void)
{
    return examine("test_health_role", 0);
}

static PGconn *connect_named(const char *user, const char *name)
{
    PGconn *conn = pgtest_connect_as(base, user);

    pgtest_run(conn, "SET application_name = '%s'", name);
    return conn;
}

static void test_superuser(void **state)
{
    const struct health *seen = examine(NULL, 1000);

    (void)state;
    assert_true(seen->can_create_databases);
    assert_true(seen->can_create_schema);
    assert_true(seen->can_end_sessions);
    assert_true(seen->reads_everything);
    assert_false(seen->is_standby);
    assert_true(seen->database_bytes > 1024 * 1024);
    assert_string_equal(seen->encoding, pgtest_value(base, "SELECT getdatabaseencoding()"));
    assert_int_equal(seen->unreadable.n + seen->dumps.n + seen->long_transactions.n +
                         seen->prepared.n + seen->invalid_indexes.n,
                     0);
}

static void test_create_databases(void **state)
{
    (void)state;
    assert_false(examine_role()->can_create_databases);
    pgtest_sql(NULL, "ALTER ROLE test_health_role CREATEDB");
    assert_false(examine_role()->can_create_databases); /* not the owner */
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" OWNER TO test_health_role", base);
    assert_true(examine_role()->can_create_databases);
    pgtest_sql(NULL, "ALTER ROLE test_health_role NOCREATEDB");
    assert_false(examine_role()->can_create_databases); /* the owner, no more */
    pgtest_sql(NULL,
               "ALTER ROLE test_health_role CREATEDB; CREATE ROLE test_health_group; "
               "GRANT test_health_group TO test_health_role; "
               "ALTER DATABASE \"%s\" OWNER TO test_health_group",
               base);
    assert_true(examine_role()->can_create_databases); /* owner by membership */
    pgtest_sql(NULL,
               "ALTER DATABASE \"%s\" OWNER TO postgres; DROP ROLE test_health_group; "
               "ALTER ROLE test_health_role NOCREATEDB",
               base);
}

/* The schema public of a new database, before it belonged to whoever owns the database. */
static void test_schema_public(void **state)
{
    bool before_15 = strtol(pgtest_value(base, "SHOW server_version_num"), NULL, 10) < 150000;

    (void)state;
    assert_string_equal(examine_role()->no_restore, "create and rename databases");
    pgtest_sql(NULL,
               "ALTER ROLE test_health_role CREATEDB; GRANT pg_signal_backend TO test_health_role; "
               "ALTER DATABASE \"%s\" OWNER TO test_health_role",
               base);
    assert_null(examine_role()->no_restore);
    pgtest_sql(base, "ALTER SCHEMA public OWNER TO test_health_role");
    if (before_15)
        basetest_has(examine_role()->no_restore, "to role test_health_role, as only a superuser");
    else
        assert_null(examine_role()->no_restore);
    assert_null(examine(NULL, 1000)->no_restore);
    pgtest_sql(base, "ALTER SCHEMA public OWNER TO postgres");
    pgtest_sql(NULL,
               "ALTER DATABASE \"%s\" OWNER TO postgres; ALTER ROLE test_health_role NOCREATEDB; "
               "REVOKE pg_signal_backend FROM test_health_role",
               base);
}

static void test_create_schema(void **state)
{
    (void)state;
    assert_false(examine_role()->can_create_schema);
    pgtest_sql(base, "GRANT CREATE ON DATABASE \"%s\" TO test_health_role", base);
    assert_true(examine_role()->can_create_schema);
    pgtest_sql(base, "REVOKE CREATE ON DATABASE \"%s\" FROM test_health_role", base);
    pgtest_sql(base, "CREATE SCHEMA deploy_db");
    assert_false(examine_role()->can_create_schema); /* somebody else's */
    pgtest_sql(base, "ALTER SCHEMA deploy_db OWNER TO test_health_role");
    assert_true(examine_role()->can_create_schema);
    pgtest_sql(base, "DROP SCHEMA deploy_db");
}

static void test_end_sessions(void **state)
{
    PGconn *app;

    (void)state;
    assert_true(examine_role()->can_end_sessions); /* nobody else is here */
    app = connect_named("test_health_app", "app");
    assert_false(examine_role()->can_end_sessions);
    pgtest_sql(NULL, "GRANT pg_signal_backend TO test_health_role");
    assert_true(examine_role()->can_end_sessions);
    pgtest_sql(NULL, "REVOKE pg_signal_backend FROM test_health_role");
    pgtest_sql(NULL, "GRANT test_health_app TO test_health_role");
    assert_true(examine_role()->can_end_sessions);
    pgtest_sql(NULL, "REVOKE test_health_app FROM test_health_role");
    PQfinish(app);
}

static void test_unreadable(void **state)
{
    const struct health *seen;

    (void)state;
    pgtest_sql(base,
               "CREATE TABLE open (a int); GRANT SELECT ON open TO public; "
               "CREATE TABLE shut (a int); CREATE SEQUENCE counter; CREATE SCHEMA inner_; "
               "CREATE TABLE inner_.\"Ta\"\"ble\" (a int); GRANT SELECT ON ALL TABLES IN SCHEMA "
               "inner_ TO public; CREATE TABLE hidden (a int); GRANT SELECT ON hidden TO public; "
               "ALTER TABLE hidden ENABLE ROW LEVEL SECURITY");
    seen = examine_role();
    assert_false(seen->reads_everything);
    assert_int_equal(seen->unreadable.n, 4);
    assert_string_equal(seen->unreadable.v[0], "inner_.\"Ta\"\"ble\""); /* no USAGE on its schema */
    assert_string_equal(seen->unreadable.v[1], "public.counter");
    assert_string_equal(seen->unreadable.v[2], "public.hidden (row security)");
    assert_string_equal(seen->unreadable.v[3], "public.shut");
    assert_true(examine(NULL, 0)->reads_everything);
    pgtest_sql(base, "DROP TABLE shut, hidden; DROP SCHEMA inner_ CASCADE; DROP SEQUENCE counter");
    assert_true(examine_role()->reads_everything);
    pgtest_sql(base, "DO $$ BEGIN FOR i IN 1..25 LOOP EXECUTE format('CREATE TABLE t%%s ()', i); "
                     "END LOOP; END $$");
    seen = examine_role();
    assert_false(seen->reads_everything);
    assert_int_equal(seen->unreadable.n, 20);
    pgtest_sql(base, "DO $$ BEGIN FOR i IN 1..25 LOOP EXECUTE format('DROP TABLE t%%s', i); "
                     "END LOOP; END $$");
}

static void test_dumps(void **state)
{
    PGconn *dump = connect_named(NULL, "pg_dump");
    PGconn *ours = connect_named(NULL, "deploy-db 20260131T134510Z-4f2a");
    PGconn *copy = connect_named(NULL, "nightly \"copy\"");
    PGresult *res;
    const struct health *seen;

    (void)state;
    pgtest_run(dump, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1");
    pgtest_run(ours, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1");
    res = PQexec(copy, "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 100000)) TO STDOUT");
    assert_int_equal(PQresultStatus(res), PGRES_COPY_OUT); /* and nobody reads it */
    PQclear(res);
    seen = examine(NULL, 0);
    assert_int_equal(seen->dumps.n, 2);
    assert_int_equal(seen->long_transactions.n, 0);
    basetest_has(seen->dumps.v[0],
                 arena_printf(arena, "pid %d, pg_dump, since 2", PQbackendPID(dump)));
    basetest_has(seen->dumps.v[1], "nightly \"copy\"");
    assert_int_equal(examine_role()->dumps.n, 1); /* by name; the query is not visible */
    PQfinish(copy);
    PQfinish(ours);
    PQfinish(dump);
}

static void test_long_transactions(void **state)
{
    PGconn *app = connect_named("test_health_app", "app\"\n;");
    PGconn *fresh;
    const struct health *seen;

    (void)state;
    pgtest_run(app, "BEGIN; SELECT 1,\n   2");
    clock_sleep_ms(700);
    fresh = connect_named("test_health_app", "fresh");
    pgtest_run(fresh, "BEGIN; SELECT 1");
    assert_int_equal(examine(NULL, 0)->long_transactions.n, 0);
    assert_int_equal(examine(NULL, 3600000)->long_transactions.n, 0);
    seen = examine(NULL, 600);
    assert_int_equal(seen->long_transactions.n, 1);
    basetest_has(seen->long_transactions.v[0], arena_printf(arena, "pid %d, ", PQbackendPID(app)));
    basetest_has(seen->long_transactions.v[0], ", role test_health_app, since 2");
    basetest_has(seen->long_transactions.v[0], ": BEGIN; SELECT 1, 2");
    PQfinish(fresh);
    PQfinish(app);
}

/* A role that may not read statistics sees neither beginning nor query; a transaction that is idle
 * between two statements of other work must not be told. */
static void test_hidden_transactions(void **state)
{
    PGconn *app = connect_named("test_health_app", "app");
    PGconn *idle = connect_named("test_health_app", "idle");
    const struct health *seen;

    (void)state;
    pgtest_run(app, "BEGIN; SELECT 1");
    pgtest_run(idle, "SELECT 1");
    assert_int_equal(examine("test_health_role", 0)->long_transactions.n, 0);
    seen = examine("test_health_role", 200);
    assert_int_equal(seen->long_transactions.n, 1);
    assert_string_equal(seen->long_transactions.v[0],
                        arena_printf(arena,
                                     "pid %d, app, role test_health_app, beginning and query "
                                     "not visible",
                                     PQbackendPID(app)));
    PQfinish(idle);
    PQfinish(app);
}

/* One short transaction after the other is no long one. */
static void test_hidden_short_transactions(void **state)
{
    pid_t child;

    (void)state;
    fflush(NULL);
    child = fork();
    if (child == 0) {
        PGconn *app = PQconnectdb(pgtest_conninfo_for(arena, base, "test_health_app"));

        for (int i = 0; i < 100; i++)
            PQclear(PQexec(app, "SELECT pg_sleep(0.05)"));
        _exit(0);
    }
    clock_sleep_ms(300);
    for (int i = 0; i < 5; i++)
        assert_int_equal(examine("test_health_role", 200)->long_transactions.n, 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void test_prepared(void **state)
{
    (void)state;
    pgtest_sql(base, "CREATE TABLE p (a int)");
    pgtest_sql(base, "BEGIN; INSERT INTO p VALUES (1); PREPARE TRANSACTION 'it''s one'");
    assert_int_equal(examine_role()->prepared.n, 1);
    basetest_has(health.prepared.v[0], "\"it's one\", role postgres, since 2");
    pgtest_sql(base, "ROLLBACK PREPARED 'it''s one'");
    assert_int_equal(examine_role()->prepared.n, 0);
}

static void test_invalid_indexes(void **state)
{
    PGconn *conn = pgtest_connect(base);

    (void)state;
    pgtest_run(conn, "CREATE TABLE twice AS SELECT 1 AS a FROM generate_series(1, 2)");
    PQclear(PQexec(conn, "CREATE UNIQUE INDEX CONCURRENTLY \"Ix\" ON twice (a)")); /* fails */
    PQfinish(conn);
    assert_int_equal(examine_role()->invalid_indexes.n, 1);
    assert_string_equal(health.invalid_indexes.v[0], "public.\"Ix\" on public.twice");
    pgtest_sql(base, "DROP TABLE twice");
}

static void test_failure(void **state)
{
    struct db *db = pgtest_open(pgtest_target(arena, base, NULL), DB_READ);
    struct health seen;
    struct err err = ERR_INIT;

    (void)state;
    pgtest_sql(base, "SELECT pg_terminate_backend(%d)", db_pid(db));
    clock_sleep_ms(200);
    assert_int_equal(health_read(db, arena, 0, &seen, &err), -1);
    basetest_has(err.primary, "could not examine database");
    assert_null(seen.unreadable.v); /* released */
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_superuser),
        cmocka_unit_test(test_create_databases),
        cmocka_unit_test(test_schema_public),
        cmocka_unit_test(test_create_schema),
        cmocka_unit_test(test_end_sessions),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_dumps),
        cmocka_unit_test(test_long_transactions),
        cmocka_unit_test(test_hidden_transactions),
        cmocka_unit_test(test_hidden_short_transactions),
        cmocka_unit_test(test_prepared),
        cmocka_unit_test(test_invalid_indexes),
        cmocka_unit_test(test_failure),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
