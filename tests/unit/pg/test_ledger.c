/* Tests of ledger: the record of runs in the database. */
#include "basetest.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/cancel.h"
#include "base/log.h"
#include "pg/ledger.h"
#include "pgtest.h"

static char base[64];
static struct arena *arena;
static struct db *db;

static int setup(void **state)
{
    (void)state;
    log_setup(LOG_ERROR, 0);
    arena = arena_new();
    pgtest_create(base, "ledger");
    pgtest_sql(NULL, "CREATE ROLE test_ledger_nobody LOGIN");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pgtest_drop(base);
    pgtest_sql(NULL, "DROP ROLE test_ledger_nobody");
    arena_free(arena);
    return 0;
}

static int each_setup(void **state)
{
    (void)state;
    pgtest_sql(base, "SET client_min_messages = warning; DROP SCHEMA IF EXISTS deploy_db CASCADE");
    db = pgtest_open(pgtest_target(arena, base, NULL), DB_WRITE);
    return 0;
}

static int each_teardown(void **state)
{
    (void)state;
    db_close(db);
    return 0;
}

static struct ledger_run some_run(const char *id, const char *started)
{
    return (struct ledger_run){.id = id,
                               .environment = "production",
                               .command = "deploy",
                               .who = "ann",
                               .host = "build7",
                               .started = started,
                               .phase = "plan",
                               .before = "{\"rows\": [\"a\"]}",
                               .plan = "[]",
                               .status = -1};
}

static void begin(const struct ledger_run *run)
{
    struct err err = ERR_INIT;

    if (ledger_begin(db, run, &err) < 0)
        fail_msg("%s", err.primary);
}

static bool open_run(struct ledger_run *run)
{
    struct err err = ERR_INIT;
    bool found = false;

    if (ledger_open(db, arena, run, &found, &err) < 0)
        fail_msg("%s", err.primary);
    return found;
}

static void test_nothing_yet(void **state)
{
    struct ledger_run run, *list;
    struct err err = ERR_INIT;
    size_t n = 7;

    (void)state;
    assert_false(open_run(&run));
    assert_int_equal(ledger_list(db, arena, NULL, 10, &list, &n, &err), 0);
    assert_int_equal(n, 0);
    /* asking created nothing */
    assert_string_equal(pgtest_value(base, "SELECT to_regnamespace('deploy_db') IS NULL"), "t");
}

static void test_life_of_a_run(void **state)
{
    struct ledger_run run = some_run("20260131T134510Z-4f2a", "2026-01-31T13:45:10Z");
    struct ledger_run seen;
    struct err err = ERR_INIT;

    (void)state;
    begin(&run);
    assert_true(open_run(&seen));
    assert_string_equal(seen.id, run.id);
    assert_string_equal(seen.environment, "production");
    assert_string_equal(seen.command, "deploy");
    assert_string_equal(seen.who, "ann");
    assert_string_equal(seen.host, "build7");
    assert_string_equal(seen.started, "2026-01-31T13:45:10Z");
    assert_null(seen.ended);
    assert_string_equal(seen.phase, "plan");
    assert_string_equal(seen.before, run.before); /* to the byte */
    assert_string_equal(seen.plan, "[]");
    assert_null(seen.outcome);
    assert_int_equal(seen.status, -1);

    assert_int_equal(ledger_update(db, run.id, "apply", NULL, &err), 0);
    assert_true(open_run(&seen));
    assert_string_equal(seen.phase, "apply");
    assert_string_equal(seen.plan, "[]");
    assert_int_equal(ledger_update(db, run.id, "verify", "{\"a\": 1}", &err), 0);
    assert_true(open_run(&seen));
    assert_string_equal(seen.plan, "{\"a\": 1}");

    assert_int_equal(ledger_end(db, run.id, 7, "rolled back", &err), 0);
    assert_false(open_run(&seen));
    {
        struct ledger_run *list;
        size_t n;

        assert_int_equal(ledger_list(db, arena, NULL, 10, &list, &n, &err), 0);
        assert_int_equal(n, 1);
        assert_int_equal(list[0].status, 7);
        assert_string_equal(list[0].outcome, "rolled back");
        assert_string_equal(list[0].phase, "verify");
        assert_non_null(list[0].ended);
        assert_int_equal(strlen(list[0].ended), 20);
    }
    assert_true(strlen(pgtest_value(base, "SELECT obj_description('deploy_db'::regnamespace)")) >
                20);
}

static void test_odd_text(void **state)
{
    static const char odd[] = "it's \"odd\" \\ $1\n-- é";
    struct ledger_run run = some_run(odd, NULL);
    struct ledger_run seen;
    struct err err = ERR_INIT;

    (void)state;
    run.who = run.host = run.environment = odd;
    begin(&run);
    assert_int_equal(ledger_update(db, odd, odd, NULL, &err), 0);
    assert_true(open_run(&seen));
    assert_string_equal(seen.id, odd);
    assert_string_equal(seen.who, odd);
    assert_string_equal(seen.phase, odd);
    assert_int_equal(strlen(seen.started), 20); /* now, since nothing was said */
    assert_int_equal(ledger_end(db, odd, 0, odd, &err), 0);
    assert_false(open_run(&seen));
}

static void test_order_and_limit(void **state)
{
    struct ledger_run second = some_run("b", "2026-02-01T00:00:00Z");
    struct ledger_run first = some_run("a", "2026-01-01T00:00:00Z");
    struct ledger_run third = some_run("c", "2026-03-01T00:00:00Z");
    struct ledger_run seen, *list;
    struct err err = ERR_INIT;
    size_t n;

    (void)state;
    begin(&second);
    begin(&first);
    third.ended = "2026-03-01T00:00:01Z";
    third.status = 0;
    begin(&third);
    assert_true(open_run(&seen));
    assert_string_equal(seen.id, "a");
    assert_int_equal(ledger_list(db, arena, NULL, 2, &list, &n, &err), 0);
    assert_int_equal(n, 2);
    assert_string_equal(list[0].id, "c");
    assert_int_equal(list[0].status, 0);
    assert_string_equal(list[1].id, "b");
    assert_int_equal(ledger_list(db, arena, "elsewhere", 10, &list, &n, &err), 0);
    assert_int_equal(n, 0);
    assert_int_equal(ledger_list(db, arena, third.environment, 10, &list, &n, &err), 0);
    assert_int_equal(n, 3);
    assert_int_equal(ledger_list(db, arena, NULL, -1, &list, &n, &err), 0);
    assert_int_equal(n, 0);
}

/* After a restore the database has an older record, or none. */
static void test_missing_row(void **state)
{
    struct ledger_run seen, *list;
    struct err err = ERR_INIT;
    size_t n;

    (void)state;
    assert_int_equal(ledger_end(db, "20260131T134510Z-4f2a", 8, "restored", &err), 0);
    assert_int_equal(ledger_list(db, arena, NULL, 10, &list, &n, &err), 0);
    assert_int_equal(n, 1);
    assert_string_equal(list[0].started, "2026-01-31T13:45:10Z");
    assert_string_equal(list[0].environment, "");
    assert_int_equal(list[0].status, 8);
    assert_int_equal(ledger_update(db, "not-a-time", "recover", NULL, &err), 0);
    assert_true(open_run(&seen));
    assert_string_equal(seen.id, "not-a-time");
    assert_string_equal(seen.phase, "recover");
}

static void test_failures(void **state)
{
    struct ledger_run run = some_run("x", NULL);
    struct db *nobody = pgtest_open(pgtest_target(arena, base, "test_ledger_nobody"), DB_WRITE);
    struct err err = ERR_INIT;
    bool found;

    (void)state;
    assert_int_equal(ledger_begin(nobody, &run, &err), -1);
    assert_string_equal(err.sqlstate, "42501");
    basetest_has(err.primary, "could not create the table deploy_db.run");
    basetest_has(err.hint, "CREATE");
    assert_true(db_alive(nobody));
    assert_string_equal(pgtest_value(base, "SELECT to_regnamespace('deploy_db') IS NULL"), "t");
    begin(&run);
    err_clear(&err);
    assert_int_equal(ledger_begin(db, &run, &err), -1); /* twice */
    assert_string_equal(err.sqlstate, "23505");
    err_clear(&err);
    assert_int_equal(ledger_update(db, "x", "apply", "no json", &err), -1);
    assert_string_equal(err.sqlstate, "22P02");
    err_clear(&err);
    assert_int_equal(ledger_open(nobody, arena, &run, &found, &err), -1);
    assert_string_equal(err.sqlstate, "42501");
    db_close(nobody);
}

/* The schema may be there without the table, made by an administrator for us. */
static void test_given_schema(void **state)
{
    struct ledger_run run = some_run("x", NULL);
    struct err err = ERR_INIT;
    struct db *nobody;

    (void)state;
    pgtest_sql(base, "CREATE SCHEMA deploy_db AUTHORIZATION test_ledger_nobody");
    nobody = pgtest_open(pgtest_target(arena, base, "test_ledger_nobody"), DB_WRITE);
    assert_int_equal(ledger_begin(nobody, &run, &err), 0);
    db_close(nobody);
}

enum { RACERS = 6, ROUNDS = 5 };

static void test_first_runs_race(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        pid_t children[RACERS];
        int go[2];

        pgtest_sql(base,
                   "SET client_min_messages = warning; DROP SCHEMA IF EXISTS deploy_db CASCADE");
        assert_int_equal(pipe(go), 0);
        fflush(NULL);
        for (int i = 0; i < RACERS; i++) {
            children[i] = fork();
            if (children[i] == 0) {
                struct err err = ERR_INIT;
                struct db *mine = NULL;
                struct ledger_run run = some_run(arena_printf(arena, "run %d", i), NULL);
                char byte;

                close(go[1]);
                if (db_open(pgtest_target(arena, base, NULL), NULL, DB_WRITE, &mine, &err) < 0 ||
                    read(go[0], &byte, 1) != 0 || ledger_begin(mine, &run, &err) < 0) {
                    fprintf(stderr, "%s\n", err.primary);
                    _exit(1);
                }
                _exit(0);
            }
        }
        usleep(200 * 1000);
        close(go[1]); /* all at once */
        close(go[0]);
        for (int i = 0; i < RACERS; i++) {
            int status;

            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_int_equal(status, 0);
        }
        assert_string_equal(pgtest_value(base, "SELECT count(*) FROM deploy_db.run"), "6");
    }
}

/* The last test: the cancel request stays. What happened is recorded all the same. */
static void test_cancel_does_not_stop_it(void **state)
{
    struct ledger_run run = some_run("x", NULL);
    struct err err = ERR_INIT;

    (void)state;
    begin(&run);
    cancel_install();
    raise(SIGINT);
    assert_true(cancel_requested());
    assert_int_equal(ledger_end(db, "x", 7, "cancelled", &err), 0);
    cancel_mask(true);
    assert_false(open_run(&run));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, each_setup, each_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_yet),     TEST(test_life_of_a_run),   TEST(test_odd_text),
        TEST(test_order_and_limit), TEST(test_missing_row),     TEST(test_failures),
        TEST(test_given_schema),    TEST(test_first_runs_race), TEST(test_cancel_does_not_stop_it),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
