/* Tests of versions: reading the version table, who uses it, ending a dead run's sessions. */
#include "basetest.h"

#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "pg/dblock.h"
#include "pg/versions.h"
#include "pgtest.h"

#define RUN "20260131T134510Z-4f2a"

static char base[64];
static struct arena *arena;
static struct db *db;

static int setup(void **state)
{
    (void)state;
    log_setup(LOG_ERROR, 0);
    arena = arena_new();
    pgtest_create(base, "versions");
    pgtest_sql(NULL, "CREATE ROLE test_versions_nobody LOGIN");
    db = pgtest_open(pgtest_target(arena, base, NULL), DB_READ);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    db_close(db);
    pgtest_drop(base);
    pgtest_sql(NULL, "DROP ROLE test_versions_nobody");
    arena_free(arena);
    return 0;
}

/* The rows, joined by commas; "none" for a missing table. */
static const char *read_joined(const char *schema, const char *table)
{
    auto_strvec struct strvec rows = {0};
    struct err err = ERR_INIT;
    auto_free char *joined = NULL;
    bool exists;

    if (versions_read(db, schema, table, &rows, &exists, &err) < 0)
        fail_msg("%s", err.primary);
    if (!exists) {
        assert_int_equal(rows.n, 0);
        return "none";
    }
    joined = strvec_join(&rows, ",");
    return arena_strdup(arena, joined);
}

static void test_read(void **state)
{
    (void)state;
    assert_string_equal(read_joined(NULL, "alembic_version"), "none");
    assert_string_equal(read_joined("app", "alembic_version"), "none"); /* no such schema */
    pgtest_sql(base, "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)");
    assert_string_equal(read_joined(NULL, "alembic_version"), "");
    pgtest_sql(base, "INSERT INTO alembic_version VALUES ('b'), ('a'), ('B'), ('_x'), ('2')");
    assert_string_equal(read_joined(NULL, "alembic_version"), "2,B,_x,a,b"); /* bytewise */
    assert_string_equal(read_joined("public", "alembic_version"), "2,B,_x,a,b");
    pgtest_sql(base, "DROP TABLE alembic_version");
}

static void test_read_odd_names(void **state)
{
    (void)state;
    pgtest_sql(base, "CREATE SCHEMA \"my \"\"app\n\"");
    pgtest_sql(base,
               "CREATE TABLE \"my \"\"app\n\".\"Ver.sions'; --\" AS SELECT 'x' AS version_num");
    assert_string_equal(read_joined("my \"app\n", "Ver.sions'; --"), "x");
    assert_string_equal(read_joined(NULL, "Ver.sions'; --"), "none");
    pgtest_sql(base, "DROP SCHEMA \"my \"\"app\n\" CASCADE");
}

/* Without a schema the table is the one that the role's search path finds. */
static void test_read_search_path(void **state)
{
    struct db *before = db;

    (void)state;
    pgtest_sql(base,
               "CREATE SCHEMA app; CREATE TABLE app.alembic_version AS SELECT 'app' AS "
               "version_num; ALTER ROLE postgres IN DATABASE \"%s\" SET search_path = app",
               base);
    assert_string_equal(read_joined(NULL, "alembic_version"), "none");
    db = pgtest_open(pgtest_target(arena, base, NULL), DB_READ);
    assert_string_equal(read_joined(NULL, "alembic_version"), "app");
    db_close(db);
    db = before;
    pgtest_sql(base, "DROP SCHEMA app CASCADE; ALTER ROLE postgres IN DATABASE \"%s\" RESET ALL",
               base);
}

static void test_read_failures(void **state)
{
    struct db *nobody = pgtest_open(pgtest_target(arena, base, "test_versions_nobody"), DB_READ);
    auto_strvec struct strvec rows = {0};
    struct err err = ERR_INIT;
    bool exists;

    (void)state;
    pgtest_sql(base, "CREATE TABLE alembic_version (version_num text); CREATE TABLE other (a int)");
    assert_int_equal(versions_read(nobody, NULL, "alembic_version", &rows, &exists, &err), -1);
    assert_string_equal(err.sqlstate, "42501");
    basetest_has(err.primary, "could not read the version table public.alembic_version");
    err_clear(&err);
    assert_int_equal(versions_read(db, NULL, "other", &rows, &exists, &err), -1);
    assert_string_equal(err.sqlstate, "42703");
    db_close(nobody);
    pgtest_sql(base, "DROP TABLE alembic_version, other");
}

static bool writable(struct db *session)
{
    struct err err = ERR_INIT;
    bool yes;

    if (versions_writable(session, NULL, "alembic_version", &yes, &err) < 0)
        fail_msg("%s", err.primary);
    return yes;
}

static void test_writable(void **state)
{
    struct db *nobody = pgtest_open(pgtest_target(arena, base, "test_versions_nobody"), DB_READ);

    (void)state;
    assert_true(writable(nobody)); /* there is no table */
    pgtest_sql(base, "CREATE TABLE alembic_version (version_num text)");
    assert_true(writable(db));
    assert_false(writable(nobody));
    pgtest_sql(base, "GRANT SELECT, INSERT, UPDATE ON alembic_version TO test_versions_nobody");
    assert_false(writable(nobody));
    pgtest_sql(base, "GRANT DELETE ON alembic_version TO test_versions_nobody");
    assert_true(writable(nobody));
    db_close(nobody);
    pgtest_sql(base, "DROP TABLE alembic_version");
}

static size_t idle(int64_t wait_ms, struct strvec *busy)
{
    struct err err = ERR_INIT;

    strvec_release(busy);
    if (versions_idle(db, NULL, "alembic_version", wait_ms, busy, &err) < 0)
        fail_msg("%s", err.primary);
    return busy->n;
}

static void test_idle(void **state)
{
    auto_strvec struct strvec busy = {0};
    PGconn *conn = pgtest_connect(base);
    int64_t begun;

    (void)state;
    assert_int_equal(idle(100, &busy), 0); /* there is no table */
    pgtest_sql(base, "CREATE TABLE alembic_version (version_num text)");
    assert_int_equal(idle(100, &busy), 0);
    assert_int_equal(idle(0, &busy), 0);
    pgtest_run(conn, "SET application_name = 'alembic'; BEGIN; SELECT * FROM alembic_version");
    begun = clock_mono_ms();
    assert_int_equal(idle(300, &busy), 1);
    assert_true(clock_mono_ms() - begun >= 300 && clock_mono_ms() - begun < 3000);
    basetest_has(busy.v[0], arena_printf(arena, "pid %d, alembic, since 2", PQbackendPID(conn)));
    assert_int_equal(idle(0, &busy), 1);
    pgtest_run(conn, "COMMIT");
    assert_int_equal(idle(300, &busy), 0);
    PQfinish(conn);
    /* nothing is left locked, and the session is usable */
    assert_string_equal(pgtest_value(base, "SELECT count(*) FROM pg_locks l JOIN pg_class c ON "
                                           "c.oid = l.relation WHERE relname = 'alembic_version'"),
                        "0");
    assert_string_equal(read_joined(NULL, "alembic_version"), "");
}

static void test_idle_prepared_transaction(void **state)
{
    auto_strvec struct strvec busy = {0};

    (void)state;
    pgtest_sql(base, "BEGIN; INSERT INTO alembic_version VALUES ('x'); PREPARE TRANSACTION 'two'");
    assert_int_equal(idle(100, &busy), 1);
    basetest_has(busy.v[0], "a prepared transaction");
    pgtest_sql(base, "ROLLBACK PREPARED 'two'");
}

/* The one in the way goes away while we wait. */
static void test_idle_after_a_while(void **state)
{
    auto_strvec struct strvec busy = {0};
    PGconn *conn = pgtest_connect(base);
    pid_t child;

    (void)state;
    pgtest_run(conn, "BEGIN; SELECT * FROM alembic_version");
    child = fork();
    if (child == 0) {
        PGconn *admin = PQconnectdb(pgtest_conninfo());

        clock_sleep_ms(300);
        PQclear(PQexec(admin,
                       arena_printf(arena, "SELECT pg_terminate_backend(%d)", PQbackendPID(conn))));
        _exit(0);
    }
    assert_int_equal(idle(5000, &busy), 0);
    waitpid(child, NULL, 0);
    PQfinish(conn);
}

static void test_idle_without_rights(void **state)
{
    struct db *nobody = pgtest_open(pgtest_target(arena, base, "test_versions_nobody"), DB_READ);
    auto_strvec struct strvec busy = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(versions_idle(nobody, NULL, "alembic_version", 100, &busy, &err), -1);
    assert_string_equal(err.sqlstate, "42501");
    assert_true(db_alive(nobody));
    db_close(nobody);
}

/* --- a dead run's sessions -------------------------------------------------------------------- */

static PGconn *connect_named(const char *name)
{
    PGconn *conn = pgtest_connect(base);

    pgtest_run(conn, "SET application_name = '%s'", name);
    return conn;
}

static bool is_ended(PGconn *conn)
{
    PGresult *res = PQexec(conn, "SELECT 1");
    bool ended = PQresultStatus(res) != PGRES_TUPLES_OK;

    PQclear(res);
    PQfinish(conn);
    return ended;
}

static void test_disconnect(void **state)
{
    PGconn *child = connect_named("deploy-db " RUN);
    PGconn *holder = connect_named("deploy-db " RUN " me@host apply");
    PGconn *other = connect_named("deploy-db " RUN "b");
    PGconn *app = connect_named("app");
    struct err err = ERR_INIT;
    struct db *own, *second;

    (void)state;
    pgtest_run(child, "BEGIN; LOCK TABLE alembic_version");
    db_set_run(RUN); /* recovery bears the same name */
    own = pgtest_open(pgtest_target(arena, base, NULL), DB_READ);
    second = pgtest_open(pgtest_target(arena, base, NULL), DB_READ);
    assert_int_equal(versions_disconnect(own, RUN, &err), 0);
    assert_true(db_alive(own));
    assert_true(db_alive(second));
    db_close(second);
    assert_true(db_alive(db));
    db_close(own);
    assert_true(is_ended(child));
    assert_true(is_ended(holder));
    assert_false(is_ended(other));
    assert_false(is_ended(app));
    assert_int_equal(versions_disconnect(db, RUN, &err), 0); /* nobody there */
    assert_int_equal(versions_disconnect(db, "it's \"odd\" %", &err), 0);
}

static void test_disconnect_without_rights(void **state)
{
    struct db *nobody = pgtest_open(pgtest_target(arena, base, "test_versions_nobody"), DB_READ);
    PGconn *child = connect_named("deploy-db gone");
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(versions_disconnect(nobody, "gone", &err), -1);
    assert_string_equal(err.sqlstate, "42501");
    basetest_has(err.primary, arena_printf(arena, "could not end session %d (deploy-db gone)",
                                           PQbackendPID(child)));
    assert_false(is_ended(child));
    db_close(nobody);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_odd_names),
        cmocka_unit_test(test_read_search_path),
        cmocka_unit_test(test_read_failures),
        cmocka_unit_test(test_writable),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_idle_prepared_transaction),
        cmocka_unit_test(test_idle_after_a_while),
        cmocka_unit_test(test_idle_without_rights),
        cmocka_unit_test(test_disconnect),
        cmocka_unit_test(test_disconnect_without_rights),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
