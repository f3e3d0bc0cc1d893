/*
 * Sessions on the cluster of DDB_TEST_CONNINFO: connecting, batches, what a refusal says.
 */
#include "sqltest.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "sql/invalid.h"
#include "sql/session.h"

static struct session session;

static int setup(void **state)
{
    sqltest_setup(state);
    fakehost_fact(call, "lock_timeout_ms", "1500");
    fakehost_fact(call, "statement_timeout_ms", "2500");
    succeeds(session_open(call, &session, false));
    return 0;
}

static int teardown(void **state)
{
    session_close(&session);
    return sqltest_teardown(state);
}

static const char *ask(const char *query)
{
    PGresult *res = session_query(&session, "could not ask", query, 0, NULL);
    const char *text;

    if (res == NULL)
        fail_msg("%s", call->err.primary);
    text = arena_strdup(call->arena, PQgetvalue(res, 0, 0));
    PQclear(res);
    return text;
}

static const char shown[] = "SELECT concat_ws(' ', current_setting('application_name'), "
                            "current_setting('client_encoding'), current_setting('lock_timeout'), "
                            "current_setting('statement_timeout'), "
                            "current_setting('standard_conforming_strings'), "
                            "current_setting('default_transaction_read_only'), current_user)";

static void test_settings(void **state)
{
    (void)state;
    assert_string_equal(ask(shown), "deploy-db fake UTF8 1500ms 2500ms on off postgres");
    assert_int_equal(session_exec(&session, "x", "SET lock_timeout = 0; SET search_path = x; "
                                                 "SET standard_conforming_strings = off; "
                                                 "CREATE ROLE sql_other; SET ROLE sql_other"),
                     0);
    assert_int_equal(session_reset(&session), 0);
    assert_string_equal(ask(shown), "deploy-db fake UTF8 1500ms 2500ms on off postgres");
    assert_string_equal(ask("SHOW search_path"), "\"$user\", public");
    assert_string_equal(ask("SELECT setting || ' ' || reset_val FROM pg_settings "
                            "WHERE name = 'synchronous_commit'"),
                        "on off"); /* the cluster's is off */
    assert_int_equal(session_exec(&session, "x", "DROP ROLE sql_other"), 0);
    session_close(&session);
    succeeds(session_open(call, &session, true));
    assert_string_equal(ask(shown), "deploy-db fake UTF8 1500ms 2500ms on on postgres");
}

/* A role whose sessions begin as another one. */
static void test_default_role(void **state)
{
    (void)state;
    sql("CREATE ROLE sql_owner; CREATE ROLE sql_deployer LOGIN; GRANT sql_owner TO sql_deployer; "
        "ALTER ROLE sql_deployer SET role TO sql_owner");
    session_close(&session);
    call->conninfo = arena_printf(call->arena, "%s user=sql_deployer", call->conninfo);
    succeeds(session_open(call, &session, false));
    assert_string_equal(ask("SELECT current_user"), "sql_owner");
    assert_int_equal(session_exec(&session, "x", "RESET ROLE; SET ROLE NONE"), 0);
    assert_int_equal(session_reset(&session), 0);
    assert_string_equal(ask("SELECT current_user"), "sql_owner");
    session_close(&session);
    sql("DROP ROLE sql_deployer, sql_owner");
    session = (struct session){.call = call};
}

static void test_notices_are_logged(void **state)
{
    (void)state;
    assert_int_equal(session_exec(&session, "x", "DO $$ BEGIN RAISE NOTICE 'seen'; END $$"), 0);
    log_has("detail: server: NOTICE: seen");
}

static void test_batch(void **state)
{
    struct session_item items[] = {
        {.sql = "CREATE TABLE t (id int, v text)"},
        {.sql = "INSERT INTO t VALUES ($1, $2), (8, NULL)", .n = 2, .values = {"7", "it's"}},
        {.sql = "UPDATE t SET id = id + $1::int", .n = 1, .values = {"1"}},
        {.sql = "SELECT * FROM t"},
        {.sql = "INSERT INTO t VALUES (1 / ($1::int))", .n = 1, .values = {"0"}},
        {.sql = "DROP TABLE t"},
    };
    size_t failed;
    PGresult *res;

    (void)state;
    assert_int_equal(session_batch(&session, items, 4, &failed, &res), 0);
    assert_null(res);
    assert_int_equal(failed, 4);
    assert_int_equal(items[1].rows, 2);
    assert_int_equal(items[2].rows, 2);
    gives("SELECT string_agg(id || coalesce(v, '-'), ' ' ORDER BY id) FROM t", "8it's 9-");
    assert_int_equal(session_batch(&session, items + 3, 3, &failed, &res), 1);
    assert_int_equal(failed, 1);
    assert_string_equal(session_state(res), "22012");
    assert_true(session_is_one_of(res, (const char *const[]){"1", "22012", NULL}));
    assert_false(session_is_one_of(res, (const char *const[]){"1", NULL}));
    PQclear(res);
    gives("SELECT count(*) FROM t", "2"); /* what stands behind it was not run */
    assert_string_equal(ask("SELECT 1"), "1");
}

/* More than the sockets' buffers hold, both ways. */
static void test_large_batch(void **state)
{
    const char *large = arena_printf(call->arena, "SELECT '%0*d'", 1000 * 1000, 1);
    struct session_item items[20];
    size_t failed;
    PGresult *res;

    (void)state;
    for (size_t i = 0; i < 20; i++)
        items[i] = (struct session_item){.sql = large};
    assert_int_equal(session_batch(&session, items, 20, &failed, &res), 0);
    assert_string_equal(ask("SELECT 1"), "1");
}

static void test_copy(void **state)
{
    struct buf data = {0};
    PGresult *res;

    (void)state;
    for (int i = 0; i < 300000; i++)
        buf_addf(&data, "%d\n", i);
    assert_int_equal(session_exec(&session, "x", "CREATE TABLE t (id int)"), 0);
    assert_int_equal(session_copy(&session, "COPY t FROM STDIN", data.data, data.len, &res), 0);
    PQclear(res);
    assert_string_equal(ask("SELECT count(*) FROM t"), "300000");
    memcpy(data.data + 2, "x", 1); /* the second line; the server reads on to the end */
    assert_int_equal(session_copy(&session, "COPY t FROM STDIN", data.data, data.len, &res), 1);
    assert_string_equal(session_state(res), "22P02");
    PQclear(res);
    assert_int_equal(session_copy(&session, "COPY nowhere FROM STDIN", "1\n", 2, &res), 1);
    assert_string_equal(session_state(res), "42P01");
    PQclear(res);
    assert_int_equal(session_copy(&session, "SELECT 1", "", 0, &res), 0);
    PQclear(res);
    assert_string_equal(ask("SELECT count(*) FROM t"), "300000");
    buf_release(&data);
}

/* The line is found by characters, which may have several bytes. */
static void test_fail(void **state)
{
    static const char text[] = "SELECT 'ä€𝄞',\n  'ö',\n\t nope,\n 1";
    struct session_place place = {.what = "it failed", .sql = text, .line = 40};
    PGresult *res;

    (void)state;
    assert_int_equal(session_try(&session, text, 0, NULL, &res), 1);
    assert_int_equal(session_fail(&session, &place, res), -1);
    PQclear(res);
    assert_string_equal(call->err.primary, "it failed: column \"nope\" does not exist");
    assert_string_equal(call->err.detail, "line 42: nope,\nSQLSTATE: 42703");
    fakehost_clear(call);
    assert_int_equal(session_exec(&session, "could not ask",
                                  "DO $$ BEGIN\n PERFORM 1 / 0;\nEND $$"),
                     -1);
    assert_string_equal(call->err.primary, "could not ask: division by zero");
    basetest_has(call->err.detail, "context: SQL statement \"SELECT 1 / 0\"");
    basetest_has(call->err.detail,
                 "context: PL/pgSQL function inline_code_block line 2 at PERFORM");
    fakehost_clear(call);
    assert_int_equal(session_exec(&session, "could not ask", "SELECT sum('a'::text)"), -1);
    basetest_has(call->err.hint, "No function matches the given name and argument types.");
}

/* Where the database has no encoding, a character is a byte. */
static void test_fail_without_encoding(void **state)
{
    static const char text[] = "SELECT 'ä€𝄞ä€𝄞',\n nope,\n 1,\n 2,\n 3";
    const char *name = arena_printf(call->arena, "%s_ascii", database);
    struct session_place place = {.what = "it failed", .sql = text, .line = 40};
    PGresult *res;

    (void)state;
    pgtest_sql(NULL, "CREATE DATABASE %s TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'", name);
    session_close(&session);
    call->conninfo = arena_printf(call->arena, "%s dbname=%s", pgtest_conninfo(), name);
    succeeds(session_open(call, &session, false));
    assert_int_equal(session_try(&session, text, 0, NULL, &res), 1);
    session_fail(&session, &place, res);
    PQclear(res);
    session_close(&session);
    pgtest_drop(name);
    assert_string_equal(call->err.detail, "line 41: nope,\nSQLSTATE: 42703");
}

static void test_fail_with_password(void **state)
{
    static const char text[] = "CREATE ROLE r\n Password 'hunter2' NOSUCH";
    struct session_place place = {.what = "it failed", .sql = text, .line = 40};
    PGresult *res;

    (void)state;
    assert_int_equal(session_try(&session, text, 0, NULL, &res), 1);
    session_fail(&session, &place, res);
    PQclear(res);
    assert_string_equal(call->err.detail,
                        "line 41: (not shown: it may hold a password)\nSQLSTATE: 42601");
    fakehost_clear(call);
    assert_int_equal(session_exec(&session, "could not ask",
                                  "DO $$ BEGIN EXECUTE 'CREATE ROLE r PASSWORD ''hunter2'' NOSUCH'; "
                                  "END $$"),
                     -1);
    basetest_has(call->err.detail, "query: (not shown: it may hold a password)");
    assert_null(strstr(call->err.detail, "hunter2"));
}

static void test_lost(void **state)
{
    (void)state;
    session.subject = "revision a1";
    assert_int_equal(
        session_exec(&session, "x", "SELECT pg_terminate_backend(pg_backend_pid())"), -1);
    basetest_has(call->err.primary, "revision a1: lost the connection to the database: ");
    fakehost_clear(call);
    assert_int_equal(session_exec(&session, "x", "SELECT 1"), -1);
    basetest_has(call->err.primary, "revision a1: lost the connection to the database");
}

/* What a transaction did, and what it locked, is gone when the session is closed: at once,
 * though it is much. */
static void test_close_rolls_back(void **state)
{
    PGconn *other = pgtest_connect(database);
    PGresult *res;

    (void)state;
    assert_int_equal(
        session_exec(&session, "x",
                     "BEGIN; DO $$ BEGIN FOR i IN 1..1000 LOOP "
                     "EXECUTE format('CREATE TABLE t%s (id int)', i); END LOOP; END $$"),
        0);
    call->cancelled = true; /* which does not stop it */
    session_close(&session);
    call->cancelled = false;
    res = PQexec(other, "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'");
    assert_string_equal(PQgetvalue(res, 0, 0), "0");
    PQclear(res);
    PQfinish(other);
}

static void test_cancelled(void **state)
{
    (void)state;
    call->cancelled = true;
    session.subject = "revision a1";
    assert_int_equal(session_exec(&session, "x", "CREATE TABLE t (id int)"), -1);
    assert_string_equal(call->err.primary, "revision a1: cancelled");
    assert_string_equal(catalog(), "");
    call->cancelled = false;
}

/* --- connecting --------------------------------------------------------------------------------*/

static void test_no_connection(void **state)
{
    struct session other;

    (void)state;
    call->conninfo = arena_printf(call->arena, "%s dbname=no_such_one", pgtest_conninfo());
    assert_int_equal(session_open(call, &other, false), -1);
    session_close(&other);
    assert_string_equal(call->err.primary, "could not connect to the database: FATAL:  database "
                                           "\"no_such_one\" does not exist");
    fakehost_clear(call);
    call->conninfo = "host=/no/such/folder";
    assert_int_equal(session_open(call, &other, false), -1);
    session_close(&other);
    basetest_has(call->err.primary, "could not connect to the database: No such file or directory");
    fakehost_clear(call);
    call->conninfo = "";
    assert_int_equal(session_open(call, &other, false), -1);
    session_close(&other);
    assert_string_equal(call->err.primary, "the environment has no database");
}

/* A server that takes the connection and says nothing. */
static void test_silent_server(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct session other;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", dir);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 5), 0);
    call->conninfo = arena_printf(call->arena, "host=%s port=5432 user=x connect_timeout=2", dir);
    assert_int_equal(session_open(call, &other, false), -1);
    session_close(&other);
    assert_string_equal(call->err.primary, "could not connect to the database: no answer in time");
    fakehost_clear(call);
    fakehost_fact(call, "timeout_ms", "300");
    assert_int_equal(session_open(call, &other, false), -1);
    session_close(&other);
    assert_string_equal(call->err.primary, "could not connect to the database: out of time");
    close(fd);
}

/* --- what CREATE INDEX is about ----------------------------------------------------------------*/

static void test_index_target(void **state)
{
    static const struct {
        const char *sql, *index, *table;
    } cases[] = {
        {"CREATE INDEX CONCURRENTLY i ON t (id)", "i", "t"},
        {"create unique index concurrently if not exists \"I \"\"x\" on only s . \"T\" using btree "
         "(x)",
         "I \"x", "s.\"T\""},
        {"CREATE/* a /* b */ */INDEX CONCURRENTLY -- c\n Big_1$ ON\nt(id)", "big_1$", "t"},
        {"CREATE INDEX CONCURRENTLY ON t (id)", "", "t"},
        {"CREATE INDEX i ON t (id)", "i", "t"},
        {"CREATE INDEX CONCURRENTLY \"on\" ON t (id)", "on", "t"},
        {"REINDEX INDEX CONCURRENTLY i", NULL, NULL},
        {"CREATE TABLE t (id int)", NULL, NULL},
        {"CREATE INDEX", "", ""},
        {"CREATE /* open", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct invalid_target target;
        bool is_create = invalid_target(call, cases[i].sql, &target);

        assert_int_equal(is_create, cases[i].index != NULL);
        if (is_create) {
            assert_string_equal(target.index, cases[i].index);
            assert_string_equal(target.table, cases[i].table);
        }
    }
}

#define SESSION(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SESSION(test_settings),
        SESSION(test_default_role),
        SESSION(test_notices_are_logged),
        SESSION(test_batch),
        SESSION(test_large_batch),
        SESSION(test_copy),
        SESSION(test_fail),
        SESSION(test_fail_without_encoding),
        SESSION(test_fail_with_password),
        SESSION(test_lost),
        SESSION(test_close_rolls_back),
        SESSION(test_cancelled),
        TEST(test_no_connection),
        TEST(test_silent_server),
        TEST(test_index_target),
    };

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
