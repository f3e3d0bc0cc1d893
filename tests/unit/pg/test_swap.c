/* swap: names, creating, closing, the exchange with sessions that come back, refusals, rights. */
#define SWAP_CLOSE_MS 1500
#include "basetest.h"
#include "pgtest.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../../../src/pg/swap.c"

static struct arena *arena;
static char live[64];
static char fresh[64];
static char aside[64];
static struct db *admin;
static struct err err;

static void drop_all(void)
{
    const char *const names[] = {live, fresh, aside};

    for (size_t i = 0; i < 3; i++)
        pgtest_drop(names[i]);
}

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    err_clear(&err);
    snprintf(fresh, sizeof fresh, "swap_fresh_%d", (int)getpid());
    snprintf(aside, sizeof aside, "swap_aside_%d", (int)getpid());
    snprintf(live, sizeof live, "Swap %d é", (int)getpid());
    drop_all();
    pgtest_sql(NULL, "CREATE DATABASE \"%s\" TEMPLATE template0", live);
    pgtest_sql(live, "CREATE TABLE old (id int)");
    admin = pgtest_open(pgtest_target(arena, NULL, NULL), DB_WRITE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    db_close(admin);
    drop_all();
    arena_free(arena);
    return 0;
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        err_clear(&err);                                                                           \
        if ((call) != 0)                                                                           \
            fail_msg("%s\n%s\n%s", err.primary, err.detail, err.hint);                             \
    } while (0)

#define FAILS(call, part)                                                                          \
    do {                                                                                           \
        err_clear(&err);                                                                           \
        assert_int_equal((call), -1);                                                              \
        basetest_has(err.primary, (part));                                                         \
    } while (0)

static struct dbprops plain(const char *owner)
{
    return (struct dbprops){.encoding = "UTF8", .collate = "C", .ctype = "C", .owner = owner};
}

static bool exists(const char *name)
{
    bool there;

    OK(swap_exists(admin, name, &there, &err));
    return there;
}

static bool is_open(const char *name)
{
    bool open;

    OK(swap_is_open(admin, name, &open, &err));
    return open;
}

static void make_fresh(void)
{
    struct dbprops props = plain(NULL);

    OK(swap_create(admin, fresh, &props, &err));
    pgtest_sql(fresh, "CREATE TABLE new (id int)");
}

/* Nothing was exchanged. */
static void expect_unchanged(void)
{
    assert_true(exists(live));
    assert_false(exists(aside));
}

/* --- names ------------------------------------------------------------------------------------ */

static void test_names(void **state)
{
    static const char *const run = "20260131T134510Z-ab12cd";
    char name[100];
    const char *made;

    (void)state;
    assert_string_equal(swap_name(arena, "shop", "failed", "r1"), "shop_failed_r1");
    for (size_t len = 1; len < 90; len++) {
        memset(name, 'n', len);
        name[len] = '\0';
        made = swap_name(arena, name, "before", run);
        assert_true(strlen(made) <= 63);
        basetest_has(made, arena_printf(arena, "_before_%s", run));
        assert_int_equal(made[0], 'n');
    }
    assert_int_equal(strlen(made), 63);
    /* Characters of two bytes are not cut in half, wherever the end falls. */
    for (size_t len = 1; len < 90; len++) {
        memset(name, 'n', len);
        for (size_t i = len % 2; i + 1 < len; i += 2)
            memcpy(name + i, "é", 2);
        name[len] = '\0';
        made = swap_name(arena, name, "before", run);
        assert_true(strlen(made) <= 63);
        made = strchr(made, '_');
        assert_int_not_equal((unsigned char)made[-1], 0xC3);
    }
}

/* --- creating and dropping -------------------------------------------------------------------- */

static void test_create_and_drop(void **state)
{
    struct dbprops props = plain("postgres");
    PGconn *guest;

    (void)state;
    assert_false(exists(fresh));
    OK(swap_create(admin, fresh, &props, &err));
    assert_true(exists(fresh));
    assert_true(is_open(fresh));
    assert_string_equal(pgtest_value(fresh, "SELECT datcollate FROM pg_database "
                                            "WHERE datname = current_database()"),
                        "C");
    /* One of that name is replaced, with sessions in it or marked as a template. */
    pgtest_sql(fresh, "CREATE TABLE t (id int)");
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" IS_TEMPLATE true", fresh);
    guest = pgtest_connect(fresh);
    OK(swap_create(admin, fresh, &props, &err));
    PQfinish(guest);
    assert_string_equal(pgtest_value(fresh, "SELECT count(*) FROM pg_class WHERE relname = 't'"),
                        "0");
    OK(swap_drop(admin, fresh, &err));
    assert_false(exists(fresh));
    OK(swap_drop(admin, fresh, &err));
    FAILS(swap_is_open(admin, fresh, &(bool){false}, &err), "does not exist");
    FAILS(swap_open(admin, fresh, &err), "could not open database");
    FAILS(swap_close(admin, fresh, 0, &err), "does not exist");
}

/* The slots that the subscriptions name stay: nobody is connected to. */
static void test_drop_with_subscriptions(void **state)
{
    struct dbprops props = plain("postgres");

    (void)state;
    OK(swap_create(admin, fresh, &props, &err));
    pgtest_sql(fresh, "CREATE SUBSCRIPTION \"odd \"\"sub\" CONNECTION 'host=192.0.2.1' PUBLICATION p "
                      "WITH (connect = false, slot_name = 'of_the_live_one')");
    pgtest_sql(fresh, "CREATE SUBSCRIPTION other CONNECTION 'host=192.0.2.1' PUBLICATION p "
                      "WITH (connect = false)");
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" ALLOW_CONNECTIONS false", fresh);
    OK(swap_drop(admin, fresh, &err));
    assert_false(exists(fresh));

    OK(swap_create(admin, fresh, &props, &err));
    pgtest_sql(fresh, "CREATE SUBSCRIPTION live CONNECTION 'host=192.0.2.1 connect_timeout=2' PUBLICATION p "
                      "WITH (connect = false)");
    pgtest_sql(fresh, "ALTER SUBSCRIPTION live ENABLE");
    FAILS(swap_drop(admin, fresh, &err), "subscription \"live\"");
    assert_true(exists(fresh));
    assert_true(is_open(fresh));
    pgtest_sql(fresh, "ALTER SUBSCRIPTION live DISABLE");
    OK(swap_drop(admin, fresh, &err));
}

static void test_create_refused(void **state)
{
    struct dbprops props = plain("nobody at all");

    (void)state;
    FAILS(swap_create(admin, fresh, &props, &err), "could not create database");
    basetest_has(err.primary, "nobody at all");
    props = plain(NULL);
    props.collate = "xx_XX";
    FAILS(swap_create(admin, fresh, &props, &err), "xx_XX");
    assert_false(exists(fresh));
    props = plain(NULL);
    OK(swap_create(admin, fresh, &props, &err));
    props.n = 1;
    props.statements = &(struct dbprops_statement){"ALTER DATABASE ", " SET no_such_thing TO '1'"};
    FAILS(swap_properties(admin, fresh, &props, &err), "could not set the properties");
    basetest_has(err.primary, "no_such_thing");
}

static void test_locale_providers(void **state)
{
    auto_buf struct buf sql = {0};
    struct dbprops props = plain(NULL);

    (void)state;
    props.provider = "icu";
    props.icu_locale = "de";
    add_locale(admin, arena, &props, &sql);
    basetest_has(buf_text(&sql), "LC_CTYPE 'C' LOCALE_PROVIDER 'icu' ICU_LOCALE 'de'");
    buf_reset(&sql);
    props.provider = "builtin";
    props.icu_locale = "C.UTF-8";
    add_locale(admin, arena, &props, &sql);
    basetest_has(buf_text(&sql), "LOCALE_PROVIDER 'builtin' BUILTIN_LOCALE 'C.UTF-8'");
}

/* Exactly the names that the exchange gives, of this database and no other; the newest first. */
static void test_kept(void **state)
{
    static const char *const names[] = {
        "_before_20260101T000000Z-abcdef", "_undone_20260103T000000Z-0a1b2c",
        "_failed_20260102T000000Z-abcdef", "_fresh_20260102T000000Z-abcdef",
        "_before_20260101T000000Z-xyz",    "_before_before_20260101T000000Z-abcdef"};
    struct swap_kept *list = NULL;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        pgtest_sql(NULL, "CREATE DATABASE \"%s%s\"", live, names[i]);
    OK(swap_kept(admin, arena, live, &list, &n, &err));
    assert_int_equal(n, 3);
    assert_string_equal(list[0].word, "undone");
    assert_string_equal(list[1].name, arena_printf(arena, "%s%s", live, names[2]));
    assert_string_equal(list[2].run, "20260101T000000Z-abcdef");
    OK(swap_kept(admin, arena, arena_printf(arena, "%s_before", live), &list, &n, &err));
    assert_int_equal(n, 1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        pgtest_sql(NULL, "DROP DATABASE \"%s%s\"", live, names[i]);
}

/* --- closing ---------------------------------------------------------------------------------- */

static void test_close_ends_sessions(void **state)
{
    PGconn *idle = pgtest_connect(live);
    PGconn *busy = pgtest_connect(live);
    struct db *ours = pgtest_open(pgtest_target(arena, live, NULL), DB_READ);
    PGconn *late;

    (void)state;
    pgtest_run(busy, "BEGIN; LOCK TABLE old");
    OK(swap_close(admin, live, db_pid(ours), &err));
    assert_false(is_open(live));
    assert_true(db_alive(ours));
    PQclear(PQexec(idle, "SELECT 1"));
    assert_int_equal(PQstatus(idle), CONNECTION_BAD);
    PQclear(PQexec(busy, "SELECT 1"));
    assert_int_equal(PQstatus(busy), CONNECTION_BAD);
    late = PQconnectdb(pgtest_conninfo_for(arena, live, NULL));
    assert_int_equal(PQstatus(late), CONNECTION_BAD);
    basetest_has(PQerrorMessage(late), "not currently accepting connections");
    /* Closing what is closed is fine. */
    OK(swap_close(admin, live, 0, &err));
    assert_false(db_alive(ours));
    OK(swap_open(admin, live, &err));
    assert_true(is_open(live));
    PQreset(late);
    assert_int_equal(PQstatus(late), CONNECTION_OK);
    PQfinish(late);
    PQfinish(idle);
    PQfinish(busy);
    db_close(ours);
}

static void test_prepared_transaction_is_refused(void **state)
{
    (void)state;
    assert_string_not_equal(pgtest_value(NULL, "SHOW max_prepared_transactions"), "0");
    pgtest_sql(live, "BEGIN; INSERT INTO old VALUES (1); PREPARE TRANSACTION 'order 66'");
    FAILS(swap_close(admin, live, 0, &err), "is held by prepared transaction 'order 66' of role");
    basetest_has(err.hint, "ROLLBACK PREPARED");
    assert_int_equal(err.code, ERR_REFUSED);
    assert_true(is_open(live));
    pgtest_sql(live, "ROLLBACK PREPARED 'order 66'");
    OK(swap_close(admin, live, 0, &err));
}

static void test_logical_slot_in_use_is_refused(void **state)
{
    PGconn *reader = PQconnectdb(
        arena_printf(arena, "%s replication=database", pgtest_conninfo_for(arena, live, NULL)));
    PGresult *res;

    (void)state;
    assert_int_equal(PQstatus(reader), CONNECTION_OK);
    assert_string_equal(pgtest_value(NULL, "SHOW wal_level"), "logical");
    pgtest_sql(live, "SELECT pg_create_logical_replication_slot('swap_slot', 'pgoutput')");
    pgtest_sql(live, "CREATE PUBLICATION swap_pub FOR ALL TABLES");
    res = PQexec(reader, "START_REPLICATION SLOT swap_slot LOGICAL 0/0 "
                         "(proto_version '1', publication_names 'swap_pub')");
    assert_int_equal(PQresultStatus(res), PGRES_COPY_BOTH);
    PQclear(res);
    FAILS(swap_close(admin, live, 0, &err), "is held by logical replication slot swap_slot");
    assert_true(is_open(live));
    PQfinish(reader);
    for (int i = 0; i < 100 && pgtest_value(NULL, "SELECT 1 FROM pg_replication_slots "
                                                  "WHERE active")[0] != '\0'; i++)
        clock_sleep_ms(50);
    OK(swap_close(admin, live, 0, &err));
    OK(swap_open(admin, live, &err));
    pgtest_sql(live, "SELECT pg_drop_replication_slot('swap_slot')");
}

/* --- rights ----------------------------------------------------------------------------------- */

static void as_owner(const char *attributes)
{
    db_close(admin);
    pgtest_sql(NULL, "SET client_min_messages = error; DROP ROLE IF EXISTS swap_owner; "
                     "CREATE ROLE swap_owner LOGIN %s", attributes);
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" OWNER TO swap_owner", live);
    admin = pgtest_open(pgtest_target(arena, NULL, "swap_owner"), DB_WRITE);
}

static void drop_owner(void)
{
    db_close(admin);
    admin = NULL;
    drop_all();
    pgtest_sql(NULL, "DROP ROLE swap_owner");
}

static void test_owner_who_may_create_databases(void **state)
{
    struct dbprops props = plain("swap_owner");
    PGconn *session;

    (void)state;
    as_owner("CREATEDB");
    session = pgtest_connect_as(live, "swap_owner");
    OK(swap_create(admin, fresh, &props, &err));
    OK(swap_close(admin, live, 0, &err));
    OK(swap_rename(admin, live, aside, fresh, &err));
    assert_true(is_open(live));
    assert_false(is_open(aside));
    OK(swap_drop(admin, aside, &err));
    PQfinish(session);
    drop_owner();
}

/* A role that may not end the server's own processes drops a database while one of them works there. */
static void test_drop_under_autovacuum(void **state)
{
    struct dbprops props = plain("swap_owner");
    int waits = 0;

    (void)state;
    as_owner("CREATEDB");
    OK(swap_create(admin, fresh, &props, &err));
    pgtest_sql(fresh, "CREATE TABLE t WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_cost_limit = 1, "
                      "autovacuum_vacuum_cost_delay = 100) AS SELECT generate_series(1, 200000)");
    pgtest_sql(fresh, "DELETE FROM t");
    pgtest_sql(NULL, "ALTER SYSTEM SET autovacuum = on");
    pgtest_sql(NULL, "ALTER SYSTEM SET autovacuum_naptime = '1s'");
    pgtest_sql(NULL, "SELECT pg_reload_conf()");
    while (strcmp(pgtest_value(NULL, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = "
                                     "'autovacuum worker' AND datname LIKE 'swap_fresh_%'"), "1") != 0) {
        assert_true(waits++ < 300);
        clock_sleep_ms(100);
    }
    OK(swap_drop(admin, fresh, &err));
    assert_false(exists(fresh));
    pgtest_sql(NULL, "ALTER SYSTEM RESET ALL");
    pgtest_sql(NULL, "SELECT pg_reload_conf()");
    drop_owner();
}

/* One whose sessions it may not end stays, and the message has them. */
static void test_drop_refused(void **state)
{
    struct dbprops props = plain("swap_owner");
    PGconn *session;

    (void)state;
    as_owner("CREATEDB");
    OK(swap_create(admin, fresh, &props, &err));
    session = pgtest_connect(fresh);
    FAILS(swap_drop(admin, fresh, &err), "is being accessed by other users");
    basetest_has(err.detail, "which this role must not end");
    assert_true(exists(fresh));
    PQfinish(session);
    OK(swap_drop(admin, fresh, &err));
    drop_owner();
}

static void test_sessions_that_cannot_be_ended(void **state)
{
    PGconn *session = pgtest_connect(live);

    (void)state;
    pgtest_run(session, "SET application_name = 'the boss'");
    as_owner("CREATEDB");
    FAILS(swap_close(admin, live, 0, &err), "could not end 1 session of database");
    basetest_has(err.detail, arena_printf(arena, "pid %d, role postgres, the boss",
                                          PQbackendPID(session)));
    basetest_has(err.detail, "which this role must not end");
    assert_true(is_open(live));
    pgtest_run(session, "SELECT 1");
    PQfinish(session);
    OK(swap_close(admin, live, 0, &err));
    drop_owner();
}

static void test_owner_without_createdb(void **state)
{
    struct dbprops props = plain("swap_owner");

    (void)state;
    make_fresh();
    as_owner("");
    FAILS(swap_create(admin, aside, &props, &err), "permission denied to create database");
    basetest_has(err.hint, "CREATEDB");
    FAILS(swap_create(admin, fresh, &props, &err), "could not drop database");
    basetest_has(err.primary, "must be owner of database");
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" OWNER TO swap_owner", fresh);
    OK(swap_close(admin, live, 0, &err));
    FAILS(swap_rename(admin, live, aside, fresh, &err), "permission denied to rename database");
    basetest_has(err.hint, "CREATEDB");
    assert_false(is_open(live));
    expect_unchanged();
    drop_owner();
}

static void test_somebody_else(void **state)
{
    (void)state;
    as_owner("CREATEDB");
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" OWNER TO postgres", live);
    FAILS(swap_close(admin, live, 0, &err), "could not close database");
    basetest_has(err.primary, "must be owner of database");
    basetest_has(err.hint, "swap_owner");
    FAILS(swap_open(admin, live, &err), "could not open database");
    assert_true(is_open(live));
    drop_owner();
}

/* --- the exchange ----------------------------------------------------------------------------- */

static void test_exchange(void **state)
{
    (void)state;
    make_fresh();
    OK(swap_close(admin, live, 0, &err));
    OK(swap_rename(admin, live, aside, fresh, &err));
    assert_false(exists(fresh));
    assert_true(is_open(live));
    assert_false(is_open(aside));
    assert_string_equal(pgtest_value(live, "SELECT count(*) FROM new"), "0");
    OK(swap_open(admin, aside, &err));
    assert_string_equal(pgtest_value(aside, "SELECT count(*) FROM old"), "0");
}

static void test_failed_exchange_changes_nothing(void **state)
{
    (void)state;
    FAILS(swap_rename(admin, live, aside, fresh, &err), "must be closed");
    OK(swap_close(admin, live, 0, &err));
    FAILS(swap_rename(admin, live, aside, fresh, &err), "does not exist");
    basetest_has(err.primary, "could not put database");
    assert_false(is_open(live));
    expect_unchanged();
    make_fresh();
    pgtest_sql(NULL, "CREATE DATABASE \"%s\" TEMPLATE template0", aside);
    FAILS(swap_rename(admin, live, aside, fresh, &err), "already exists");
    assert_false(is_open(live));
    assert_true(exists(fresh));
    assert_false(db_in_transaction(admin));
    OK(swap_drop(admin, aside, &err));
    OK(swap_rename(admin, live, aside, fresh, &err));
}

/* The server waits for it, then it is ended. */
static void test_session_in_the_fresh_database(void **state)
{
    PGconn *guest;

    (void)state;
    make_fresh();
    guest = pgtest_connect(fresh);
    OK(swap_close(admin, live, 0, &err));
    OK(swap_rename(admin, live, aside, fresh, &err));
    assert_true(is_open(live));
    PQfinish(guest);
}

/* Connect again and again, as the pool of an application does, until told to stop. */
static pid_t start_application(void)
{
    const char *conninfo = pgtest_conninfo_for(arena, live, NULL);
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (pid == 0) {
        PGconn *conn = PQconnectdb(conninfo);

        for (int i = 0; i < 5 && PQstatus(conn) == CONNECTION_OK; i++)
            PQclear(PQexec(conn, "SELECT pg_sleep(0.01)"));
        PQfinish(conn);
    }
    return pid;
}

static void test_exchange_under_fire(void **state)
{
    pid_t applications[4];
    char first[64];

    (void)state;
    for (size_t i = 0; i < 4; i++)
        applications[i] = start_application();
    for (int round = 0; round < 5; round++) {
        int64_t begun = clock_mono_ms();

        make_fresh();
        pgtest_sql(fresh, "CREATE TABLE round_%d (id int)", round);
        clock_sleep_ms(100);
        OK(swap_close(admin, live, 0, &err));
        OK(swap_rename(admin, live, aside, fresh, &err));
        print_message("  exchanged in %lld ms\n", (long long)(clock_mono_ms() - begun));
        snprintf(first, sizeof first, "SELECT count(*) FROM round_%d", round);
        assert_string_equal(pgtest_value(live, first), "0");
        OK(swap_drop(admin, aside, &err));
    }
    for (size_t i = 0; i < 4; i++) {
        int status;

        kill(applications[i], SIGKILL);
        assert_int_equal(waitpid(applications[i], &status, 0), applications[i]);
        assert_int_equal(WTERMSIG(status), SIGKILL);
    }
}

/* --- cancelling, a lost session --------------------------------------------------------------- */

static void on_alarm(int sig)
{
    (void)sig;
    kill(getpid(), SIGINT);
}

/* In a child, because a cancel request cannot be taken back. */
static void close_and_cancel(void)
{
    struct db *session;

    db_set_run("swap-cancel");
    session = NULL;
    if (db_open(pgtest_target(arena, NULL, "swap_owner"), NULL, DB_WRITE, &session, &err) < 0)
        _exit(2);
    cancel_install();
    signal(SIGALRM, on_alarm);
    ualarm(300 * 1000, 0);
    _exit(swap_close(session, live, 0, &err) == -1 ? 0 : 3);
}

static void test_cancelled_close_opens_again(void **state)
{
    PGconn *session = pgtest_connect(live);
    int status;
    pid_t pid;

    (void)state;
    as_owner("CREATEDB");
    pid = fork();
    if (pid == 0)
        close_and_cancel();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(is_open(live));
    PQfinish(session);
    drop_owner();
}

static void test_lost_session(void **state)
{
    struct dbprops props = plain(NULL);
    bool flag;

    (void)state;
    pgtest_sql(live, "SELECT pg_terminate_backend(%d, 5000)", db_pid(admin));
    FAILS(swap_create(admin, fresh, &props, &err), "could not look for database");
    FAILS(swap_close(admin, live, 0, &err), "could not look for database");
    FAILS(swap_rename(admin, live, aside, fresh, &err), "could not look for database");
    FAILS(swap_exists(admin, live, &flag, &err), "could not look for database");
    FAILS(swap_open(admin, live, &err), "could not open database");
    FAILS(swap_drop(admin, live, &err), "could not look for database");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_names),
        TEST(test_create_and_drop),
        TEST(test_drop_with_subscriptions),
        TEST(test_create_refused),
        TEST(test_locale_providers),
        TEST(test_kept),
        TEST(test_close_ends_sessions),
        TEST(test_prepared_transaction_is_refused),
        TEST(test_logical_slot_in_use_is_refused),
        TEST(test_owner_who_may_create_databases),
        TEST(test_drop_under_autovacuum),
        TEST(test_drop_refused),
        TEST(test_sessions_that_cannot_be_ended),
        TEST(test_owner_without_createdb),
        TEST(test_somebody_else),
        TEST(test_exchange),
        TEST(test_failed_exchange_changes_nothing),
        TEST(test_session_in_the_fresh_database),
        TEST(test_exchange_under_fire),
        TEST(test_cancelled_close_opens_again),
        TEST(test_lost_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
