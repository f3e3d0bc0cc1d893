/* Tests of dblock: one holder, who it is, waiting without harm, and poolers. */
#include "basetest.h"

#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "pg/dblock.h"
#include "pgtest.h"

#define RUN   "20260131T134510Z-4f2a"
#define OTHER "20260131T134611Z-77aa"

static char base[64];
static struct arena *arena;
static struct db_target *here;

static int setup(void **state)
{
    (void)state;
    log_setup(LOG_ERROR, 0);
    arena = arena_new();
    pgtest_create(base, "dblock");
    here = pgtest_target(arena, base, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pgtest_drop(base);
    arena_free(arena);
    return 0;
}

static struct dblock *take(const char *run)
{
    struct dblock *lock = NULL;
    struct err err = ERR_INIT;

    if (dblock_take(here, run, 0, &lock, &err) < 0)
        fail_msg("%s", err.primary);
    return lock;
}

static void expect_busy(const struct db_target *target, int64_t wait_ms, const char *holder)
{
    struct dblock *lock = NULL;
    struct err err = ERR_INIT;

    assert_int_equal(dblock_take(target, OTHER, wait_ms, &lock, &err), -1);
    assert_null(lock);
    assert_int_equal(err.code, ERR_BUSY);
    basetest_has(err.primary, holder);
    basetest_has(err.detail, "pid ");
    assert_true(err.hint[0] != '\0');
}

static void test_take_and_free(void **state)
{
    struct err err = ERR_INIT;
    struct dblock *lock = take(RUN);

    (void)state;
    assert_int_equal(dblock_check(lock, &err), 0);
    expect_busy(here, 0, "run " RUN " by ");
    expect_busy(here, 0, "step locked");
    dblock_step(lock, "apply");
    expect_busy(here, 0, "step apply");
    expect_busy(here, 0, base);
    dblock_step(lock, "a step whose name is far too long to be shown as a whole to anybody");
    assert_true(strlen(pgtest_value(base, "SELECT application_name FROM pg_stat_activity WHERE "
                                          "application_name LIKE 'deploy-db%too%' OR "
                                          "application_name LIKE 'deploy-db%a st%'")) == 63);
    expect_busy(here, 0, "run " RUN " by ");
    dblock_free(lock);
    lock = take(OTHER); /* at once: freeing does not leave it to the server to notice */
    dblock_free(lock);
    dblock_free(NULL);
}

/* The session must not be in a transaction: CREATE INDEX CONCURRENTLY would wait for it. */
static void test_holder_is_idle(void **state)
{
    struct dblock *lock = take(RUN);

    (void)state;
    assert_string_equal(pgtest_value(base, "SELECT state FROM pg_stat_activity "
                                           "WHERE application_name LIKE 'deploy-db " RUN "%'"),
                        "idle");
    dblock_free(lock);
}

static void test_detail_says_since_when(void **state)
{
    struct dblock *lock = take(RUN);
    struct dblock *second = NULL;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(dblock_take(here, OTHER, 0, &second, &err), -1);
    basetest_has(err.detail, "on the server itself, since 2");
    dblock_free(lock);
}

/* The lock that is held in another database is that of the one which is deployed to, and looking takes
 * nothing. */
static void test_look(void **state)
{
    struct dblock *swap = NULL, *other = NULL;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(dblock_look_swap(here, "postgres", &err), 0);
    assert_int_equal(dblock_take_swap(here, "postgres", RUN, &swap, &err), 0);
    dblock_step(swap, "copying");
    assert_int_equal(dblock_look_swap(here, "postgres", &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    basetest_has(err.primary, db_target_name(here));
    basetest_has(err.primary, "run " RUN " by ");
    basetest_has(err.primary, "step copying");
    err_clear(&err);
    assert_int_equal(dblock_take(here, OTHER, 0, &other, &err), 0); /* another lock */
    dblock_free(other);
    dblock_free(swap);
    assert_int_equal(dblock_look_swap(here, "postgres", &err), 0);
}

/* Who waits and is thrown out is told that the database is in use. */
static void test_thrown_out(void **state)
{
    struct dblock *lock = take(RUN), *second = NULL;
    struct err err = ERR_INIT;
    pid_t child;

    (void)state;
    child = fork();
    if (child == 0) {
        pgtest_value(base, "SELECT pg_sleep(1)");
        pgtest_value(base, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name "
                           "LIKE 'deploy-db " OTHER "%waiting'");
        _exit(0);
    }
    assert_int_equal(dblock_take(here, OTHER, 20000, &second, &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    basetest_has(err.primary, "has ended all other sessions");
    assert_int_equal(waitpid(child, NULL, 0), child);
    dblock_free(lock);
}

/* A role that may not read the statistics of others sees who it is, but not since when. */
static void test_holder_of_another_role(void **state)
{
    struct dblock *lock = take(RUN);

    (void)state;
    pgtest_sql(NULL, "CREATE ROLE test_dblock_nobody LOGIN");
    expect_busy(pgtest_target(arena, base, "test_dblock_nobody"), 0, "run " RUN " by ");
    dblock_free(lock);
    pgtest_sql(NULL, "DROP ROLE test_dblock_nobody");
}

/* Somebody else's program with the same key is shown by its name. */
static void test_foreign_holder(void **state)
{
    struct dblock *lock = take(RUN);
    PGconn *conn = pgtest_connect(base);
    char key[64];

    (void)state;
    snprintf(key, sizeof key, "%s",
             pgtest_value(base,
                          "SELECT classid || ', ' || objid::bigint::bit(32)::int FROM pg_locks "
                          "WHERE locktype = 'advisory' AND classid = 1684300337"));
    dblock_free(lock);
    pgtest_run(conn, "SET application_name = 'by hand'");
    pgtest_run(conn, "SELECT pg_advisory_lock(%s)", key);
    expect_busy(here, 0, "\"by hand\" of role \"postgres\"");
    PQfinish(conn);
}

static void test_databases_are_independent(void **state)
{
    struct dblock *lock = take(RUN);
    struct dblock *second = NULL;
    struct err err = ERR_INIT;
    char name[64];

    (void)state;
    pgtest_create(name, "dblock2");
    assert_int_equal(dblock_take(pgtest_target(arena, name, NULL), OTHER, 0, &second, &err), 0);
    dblock_free(second);
    dblock_free(lock);
    pgtest_drop(name);
}

static void test_waits(void **state)
{
    struct dblock *lock = NULL;
    struct err err = ERR_INIT;
    int64_t begun;
    auto_buf struct buf out = {0};
    int ready[2];
    char byte;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        struct dblock *mine = NULL;

        if (dblock_take(here, RUN, 0, &mine, &err) < 0 || write(ready[1], "x", 1) != 1)
            _exit(1);
        clock_sleep_ms(1200);
        _exit(0); /* without releasing: the lock dies with the process */
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    begun = clock_mono_ms();
    basetest_capture();
    log_setup(LOG_INFO, 0);
    expect_busy(here, 400, "run " RUN);
    assert_true(clock_mono_ms() - begun >= 400);
    assert_int_equal(dblock_take(here, OTHER, 10000, &lock, &err), 0);
    log_setup(LOG_ERROR, 0);
    basetest_captured(&out);
    assert_true(clock_mono_ms() - begun < 5000);
    basetest_has(buf_text(&out), "is being deployed to by run " RUN);
    basetest_has(buf_text(&out), "waiting for it");
    dblock_free(lock);
    waitpid(child, NULL, 0);
    close(ready[0]);
    close(ready[1]);
}

static void test_lost(void **state)
{
    struct dblock *lock = take(RUN);
    struct err err = ERR_INIT;

    (void)state;
    pgtest_sql(base, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                     "WHERE application_name LIKE 'deploy-db " RUN "%%'");
    assert_int_equal(dblock_check(lock, &err), -1);
    assert_int_equal(err.code, ERR_INTERNAL);
    basetest_has(err.primary, "the lock of this deployment was lost");
    dblock_step(lock, "apply"); /* is quiet about it */
    dblock_free(lock);
}

static void test_unreachable(void **state)
{
    struct dblock *lock = NULL;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(
        dblock_take(pgtest_target(arena, "test_there_is_none", NULL), RUN, 0, &lock, &err), -1);
    assert_int_equal(err.code, ERR_REFUSED);
    assert_null(lock);
}

/* While one deployment builds an index concurrently, another polls: the build must end, and neither
 * may be chosen as the victim of a deadlock. */
static void test_concurrent_index(void **state)
{
    struct dblock *lock = take(RUN);
    struct err err = ERR_INIT;
    pid_t child;
    PGconn *conn;
    int status;

    (void)state;
    pgtest_sql(base, "CREATE TABLE big AS SELECT generate_series(1, 200000) AS id");
    fflush(NULL);
    child = fork();
    if (child == 0) {
        struct dblock *mine = NULL;
        struct err busy = ERR_INIT;

        _exit(dblock_take(here, OTHER, 60000, &mine, &busy) < 0);
    }
    while (strcmp(pgtest_value(base, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE "
                                     "'deploy-db " OTHER "%waiting'"),
                  "1") != 0)
        clock_sleep_ms(20);
    conn = pgtest_connect(base);
    for (int i = 0; i < 3; i++) {
        pgtest_run(conn, "CREATE INDEX CONCURRENTLY ix_%d ON big (id)", i);
        assert_int_equal(dblock_check(lock, &err), 0);
    }
    PQfinish(conn);
    assert_int_equal(waitpid(child, &status, WNOHANG), 0); /* it polls still: no build waited for its end */
    dblock_free(lock);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* --- poolers ---------------------------------------------------------------------------------- */

static char pool_dir[64];
static pid_t pool_pid;

static void write_pool_file(const char *name, const char *text)
{
    const struct passwd *owner = getpwnam("postgres");
    const char *path = fs_join(arena, pool_dir, name);
    struct err err = ERR_INIT;

    assert_int_equal(fs_write(path, text, strlen(text), 0600, &err), 0);
    if (geteuid() == 0)
        assert_int_equal(chown(path, owner->pw_uid, owner->pw_gid), 0);
}

/* pgbouncer refuses to run as root. */
static void exec_pool(const char *ini)
{
    static const char *const as_postgres[] = {"--reuid=postgres", "--regid=postgres",
                                              "--clear-groups", "--pdeathsig=KILL"};
    const char *argv[9] = {"/usr/sbin/pgbouncer", "-q", ini, NULL};

    if (geteuid() == 0) {
        argv[0] = "setpriv";
        memcpy(argv + 1, as_postgres, sizeof as_postgres);
        argv[5] = "/usr/sbin/pgbouncer";
        argv[6] = "-q";
        argv[7] = ini;
        argv[8] = NULL;
    }
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

static void await_pool(void)
{
    const char *conninfo =
        arena_printf(arena, "host=%s port=6432 dbname=%s user=postgres", pool_dir, base);

    for (int i = 0; i < 200; i++) {
        PGconn *conn = PQconnectdb(conninfo);
        bool ready = PQstatus(conn) == CONNECTION_OK;

        PQfinish(conn);
        if (ready)
            return;
        clock_sleep_ms(50);
    }
    fail_msg("pgbouncer does not start");
}

/* A pgbouncer before the cluster; gives a target behind it. */
static struct db_target *start_pool(const char *mode, int size, int round_robin)
{
    const struct passwd *owner = getpwnam("postgres");
    struct db_target *target = NULL;
    struct err err = ERR_INIT;
    PGconn *conn = pgtest_connect(NULL);
    const char *ini;

    assert_non_null(owner);
    snprintf(pool_dir, sizeof pool_dir, "/tmp/pool.XXXXXX");
    assert_non_null(mkdtemp(pool_dir));
    assert_int_equal(chmod(pool_dir, 0755), 0);
    if (geteuid() == 0)
        assert_int_equal(chown(pool_dir, owner->pw_uid, owner->pw_gid), 0);
    write_pool_file("pgbouncer.ini",
                    arena_printf(arena,
                                 "[databases]\n%s = host=%s port=%s user=postgres\n[pgbouncer]\n"
                                 "pool_mode = %s\ndefault_pool_size = %d\nserver_round_robin = %d\n"
                                 "auth_type = any\nunix_socket_dir = %s\nlisten_port = 6432\n"
                                 "logfile = %s/log\npidfile =\n",
                                 base, PQhost(conn), PQport(conn), mode, size, round_robin,
                                 pool_dir, pool_dir));
    PQfinish(conn);
    ini = fs_join(arena, pool_dir, "pgbouncer.ini");
    fflush(NULL);
    pool_pid = fork();
    if (pool_pid == 0)
        exec_pool(ini);
    await_pool();
    assert_int_equal(db_target_new(arena,
                                   arena_printf(arena, "host=%s port=6432 dbname=%s user=postgres",
                                                pool_dir, base),
                                   NULL, &target, &err),
                     0);
    return target;
}

static void stop_pool(void)
{
    struct err err = ERR_INIT;

    kill(pool_pid, SIGKILL);
    waitpid(pool_pid, NULL, 0);
    assert_int_equal(fs_remove_tree(pool_dir, &err), 0);
}

static bool is_pooled(const struct db_target *target)
{
    struct err err = ERR_INIT;
    bool pooled = false;

    if (dblock_pooled(target, &pooled, &err) < 0)
        fail_msg("%s\n%s", err.primary, err.detail);
    return pooled;
}

static void test_direct_is_not_pooled(void **state)
{
    (void)state;
    assert_false(is_pooled(here));
}

static void test_transaction_pool(void **state)
{
    static const struct {
        int size;
        int round_robin;
    } pools[] = {{1, 0}, {5, 0}, {2, 1}, {3, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof pools / sizeof *pools; i++) {
        struct db_target *target = start_pool("transaction", pools[i].size, pools[i].round_robin);
        struct dblock *lock = NULL;
        struct err err = ERR_INIT;
        PGconn *held[3];

        /* so that the pool has all its server processes */
        for (int k = 0; k < 3; k++) {
            held[k] = PQconnectdb(
                arena_printf(arena, "host=%s port=6432 dbname=%s user=postgres", pool_dir, base));
            if (k < pools[i].size)
                pgtest_run(held[k], "BEGIN");
        }
        for (int k = 0; k < 3 && k < pools[i].size; k++)
            pgtest_run(held[k], "COMMIT");

        assert_true(is_pooled(target));
        assert_int_equal(dblock_take(target, RUN, 0, &lock, &err), -1);
        assert_int_equal(err.code, ERR_REFUSED);
        basetest_has(err.primary, "pooler in transaction mode");

        /* Nothing of ours reaches the sessions of others. */
        for (int k = 0; k < 3; k++) {
            pgtest_run(held[k], "BEGIN; SET LOCAL client_min_messages = warning; "
                                "CREATE TABLE IF NOT EXISTS writable (a int); "
                                "SELECT 1 / (current_setting('default_transaction_read_only') = "
                                "'off')::int; COMMIT");
            PQfinish(held[k]);
        }
        stop_pool();
    }
}

static void test_session_pool(void **state)
{
    struct db_target *target = start_pool("session", 10, 0);
    struct dblock *lock = NULL;
    struct err err = ERR_INIT;
    struct db *db;

    (void)state;
    assert_false(is_pooled(target));
    if (dblock_take(target, RUN, 0, &lock, &err) < 0)
        fail_msg("%s", err.primary);
    expect_busy(here, 0, "run " RUN);
    assert_int_equal(dblock_check(lock, &err), 0);
    db = pgtest_open(target, DB_READ);
    assert_int_equal(strtol(pgtest_value(base, arena_printf(arena,
                                                            "SELECT count(*) FROM pg_stat_activity "
                                                            "WHERE pid = %d",
                                                            db_pid(db))),
                            NULL, 10),
                     1);
    db_close(db);
    dblock_free(lock);
    stop_pool();
}

/* The pool has no process left for a second session: an error within the time, no hang. */
static void test_full_session_pool(void **state)
{
    struct db_target *target = start_pool("session", 1, 0);
    struct err err = ERR_INIT;
    int64_t begun = clock_mono_ms();
    bool pooled = false;

    (void)state;
    assert_int_equal(db_target_new(arena,
                                   arena_printf(arena,
                                                "host=%s port=6432 dbname=%s user=postgres "
                                                "connect_timeout=2",
                                                pool_dir, base),
                                   NULL, &target, &err),
                     0);
    assert_int_equal(dblock_pooled(target, &pooled, &err), -1);
    assert_int_equal(err.code, ERR_REFUSED);
    assert_true(clock_mono_ms() - begun < 8000);
    stop_pool();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take_and_free),
        cmocka_unit_test(test_holder_is_idle),
        cmocka_unit_test(test_detail_says_since_when),
        cmocka_unit_test(test_look),
        cmocka_unit_test(test_thrown_out),
        cmocka_unit_test(test_holder_of_another_role),
        cmocka_unit_test(test_foreign_holder),
        cmocka_unit_test(test_databases_are_independent),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_concurrent_index),
        cmocka_unit_test(test_direct_is_not_pooled),
        cmocka_unit_test(test_transaction_pool),
        cmocka_unit_test(test_session_pool),
        cmocka_unit_test(test_full_session_pool),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
