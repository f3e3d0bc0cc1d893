/* Tests of sqlfile: files of SQL in a session of ours; and of the mark that a database bears. */
#include "basetest.h"

#include "base/log.h"
#include "pg/ledger.h"
#include "pg/ledger_mark.h"
#include "pg/sqlfile.h"
#include "pgtest.h"

static char base[64];
static struct arena *arena;
static struct db *db;
static struct err err;

static int setup(void **state)
{
    (void)state;
    log_setup(LOG_ERROR, 0);
    arena = arena_new();
    pgtest_create(base, "sqlfile");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pgtest_drop(base);
    arena_free(arena);
    return 0;
}

static int each_setup(void **state)
{
    (void)state;
    err_clear(&err);
    pgtest_sql(base, "SET client_min_messages = warning; DROP SCHEMA IF EXISTS deploy_db CASCADE;"
                     "DROP TABLE IF EXISTS t");
    db = pgtest_open(pgtest_target(arena, base, NULL), DB_WRITE);
    return 0;
}

static int each_teardown(void **state)
{
    (void)state;
    db_close(db);
    return 0;
}

static int run(const char *text)
{
    return sqlfile_run(db, text, strlen(text), "x.sql", &err);
}

static void expect_count(const char *expected)
{
    struct db_result *rows = NULL;

    assert_int_equal(db_query(db, &rows, &err, "SELECT count(*) FROM t", 0), 0);
    assert_string_equal(db_value(rows, 0, 0), expected);
    db_result_free(rows);
}

static void test_run(void **state)
{
    (void)state;
    assert_int_equal(
        run("-- a comment; with a semicolon\nCREATE TABLE t (x text);\n"
            "INSERT INTO t VALUES ('a;b');\nDO $$ BEGIN INSERT INTO t VALUES ('c'); END $$;"
            "BEGIN; INSERT INTO t VALUES ('d'); ROLLBACK; VACUUM t"),
        0);
    expect_count("2");
    assert_int_equal(run(""), 0);
}

/* What came before stays: the caller throws the database away. */
static void test_failure(void **state)
{
    (void)state;
    assert_int_equal(run("CREATE TABLE t (x int);\nINSERT INTO t VALUES (1);\n\nSELECT 1 / 0;\n"
                         "INSERT INTO t VALUES (2);"),
                     -1);
    assert_int_equal(err.code, ERR_PREPARE);
    basetest_has(err.primary, "x.sql:4");
    basetest_has(err.primary, "division by zero");
    err_clear(&err);
    expect_count("1");
}

static void test_open_transaction(void **state)
{
    (void)state;
    assert_int_equal(run("CREATE TABLE t (x int); BEGIN; INSERT INTO t VALUES (1)"), -1);
    assert_string_equal(err.primary, "x.sql ends in an open transaction");
    assert_false(db_in_transaction(db));
    err_clear(&err);
    expect_count("0");
}

/* Nothing is run of a file that cannot be run as a whole. */
static void test_refused(void **state)
{
    static const struct {
        const char *text, *primary;
    } rows[] = {
        {"CREATE TABLE t (x int);\n\\! touch x\n", "x.sql:2: a meta-command"},
        {"CREATE TABLE t (x int);\nCOPY t FROM STDIN;\n1\n\\.\n", "x.sql:2: COPY"},
        {"CREATE TABLE t (x int);\nSELECT 'no end", "x.sql"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        err_clear(&err);
        assert_int_equal(run(rows[i].text), -1);
        assert_int_equal(err.code, ERR_REFUSED);
        basetest_has(err.primary, rows[i].primary);
        err_clear(&err);
        assert_int_equal(run("CREATE TABLE t (x int); DROP TABLE t"), 0);
    }
}

static void test_mark(void **state)
{
    const struct ledger_run run_ = {.id = "r",
                                    .environment = "prod",
                                    .command = "deploy",
                                    .who = "ann",
                                    .host = "h",
                                    .phase = "plan",
                                    .before = "{}",
                                    .plan = "{}",
                                    .status = -1};
    struct ledger_mark mark;

    (void)state;
    assert_int_equal(ledger_mark_read(db, arena, &mark, &err), 0);
    assert_null(mark.environment);
    assert_int_equal(ledger_begin(db, &run_, &err), 0);
    for (int round = 0; round < 3; round++) {
        const struct ledger_mark wanted = {round < 2 ? "prod" : "stage", round < 2};

        assert_int_equal(ledger_mark_write(db, &wanted, &err), 0);
        assert_int_equal(ledger_mark_read(db, arena, &mark, &err), 0);
        assert_string_equal(mark.environment, wanted.environment);
        assert_int_equal(mark.is_protected, wanted.is_protected);
    }
    assert_int_equal(db_exec(db, &err, "DELETE FROM deploy_db.environment", 0), 0);
    assert_int_equal(ledger_mark_read(db, arena, &mark, &err), 0);
    assert_null(mark.environment);
}

static void test_target_at(void **state)
{
    struct db_target *target, *there;

    (void)state;
    assert_int_equal(db_target_new(arena, "host=db1 port=5433 dbname=stage user=u password=p%ss",
                                   "postgresql+asyncpg", &target, &err),
                     0);
    there = db_target_at(arena, target, "fresh one");
    assert_string_equal(db_target_name(there), "fresh one");
    assert_string_equal(db_target_url(there), "postgresql+asyncpg://u:p%25ss@db1:5433/fresh one");
    assert_string_equal(db_target_shown_url(there),
                        "postgresql+asyncpg://u:***@db1:5433/fresh one");
    assert_string_equal(db_target_display(there), "fresh one on db1:5433 as u");
    assert_false(db_target_same(target, there));
    assert_true(db_target_same(target, db_target_at(arena, there, "stage")));
    for (const char *const *env = db_target_env(there, arena, NULL); *env != NULL; env++)
        if (strncmp(*env, "PGDATABASE", 10) == 0)
            assert_string_equal(*env, "PGDATABASE=fresh one");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, each_setup, each_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_run),  TEST(test_failure), TEST(test_open_transaction), TEST(test_refused),
        TEST(test_mark), TEST(test_target_at),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
