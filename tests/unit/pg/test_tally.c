/* tally: rows counted once, writes counted, nothing forgotten. */
#include "basetest.h"
#include "pgtest.h"

#include "base/clock.h"
#include "pg/tally.h"

static struct arena *arena;
static char database[64];

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    pgtest_create(database, "tally");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pgtest_drop(database);
    arena_free(arena);
    return 0;
}

struct steps {
    int64_t calls, done, total;
};

static void note(void *arg, int64_t done, int64_t total)
{
    struct steps *steps = arg;

    steps->calls++;
    assert_int_equal(done, steps->calls);
    steps->done = done;
    steps->total = total;
}

/* "schema.name rows" of each, in the order they came. */
static const char *rows_of(struct db *db, struct steps *steps)
{
    auto_buf struct buf out = {0};
    struct tally *list = NULL;
    struct err err = ERR_INIT;
    size_t n = 0;

    if (tally_rows(db, arena, steps != NULL ? note : NULL, steps, &list, &n, &err) < 0)
        fail_msg("%s", err.primary);
    for (size_t i = 0; i < n; i++)
        buf_addf(&out, "%s.%s %lld\n", list[i].schema, list[i].name, (long long)list[i].rows);
    return arena_strdup(arena, buf_text(&out));
}

static void test_every_row_once(void **state)
{
    struct db *db = pgtest_open(pgtest_target(arena, database, NULL), DB_READ);
    struct steps steps = {0};

    (void)state;
    pgtest_sql(database,
               "CREATE SCHEMA \"S \"\"1\"\"\"; CREATE TABLE \"S \"\"1\"\"\".\"t\n.x\" (a int); "
               "INSERT INTO \"S \"\"1\"\"\".\"t\n.x\" SELECT generate_series(1, 7); "
               "CREATE TABLE parent (a int); CREATE TABLE child () INHERITS (parent); "
               "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2), (3); "
               "CREATE TABLE part (a int) PARTITION BY LIST (a); "
               "CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1); "
               "INSERT INTO part VALUES (1), (1); CREATE UNLOGGED TABLE \"Un\" (); "
               "CREATE TABLE alembic_version (version_num text); "
               "INSERT INTO alembic_version VALUES ('a'), ('b'); "
               "CREATE SCHEMA deploy_db; CREATE TABLE deploy_db.run (id int); "
               "CREATE VIEW v AS SELECT 1; CREATE MATERIALIZED VIEW m AS SELECT 1; "
               "CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw; "
               "CREATE FOREIGN TABLE f (a int) SERVER s; "
               "CREATE TABLE config (a int); ALTER EXTENSION postgres_fdw ADD TABLE config");
    assert_string_equal(rows_of(db, &steps), "S \"1\".t\n.x 7\n"
                                             "public.Un 0\n"
                                             "public.alembic_version 2\n"
                                             "public.child 2\n"
                                             "public.parent 1\n"
                                             "public.part_1 2\n");
    assert_int_equal(steps.calls, 6);
    assert_int_equal(steps.total, 6);
    assert_string_equal(rows_of(db, NULL), rows_of(db, NULL));
    db_close(db);
}

static void test_large_objects(void **state)
{
    struct db *db = pgtest_open(pgtest_target(arena, database, NULL), DB_READ);

    (void)state;
    assert_string_equal(rows_of(db, NULL), "");
    pgtest_sql(database, "SELECT lo_create(0), lo_create(0)");
    assert_string_equal(rows_of(db, NULL), "pg_catalog.pg_largeobject_metadata 2\n");
    db_close(db);
}

static void test_in_the_session_s_snapshot(void **state)
{
    struct db *db = pgtest_open(pgtest_target(arena, database, NULL), DB_READ);
    struct err err = ERR_INIT;
    char id[64];

    (void)state;
    pgtest_sql(database, "CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    assert_int_equal(db_export_snapshot(db, id, &err), 0);
    assert_string_equal(rows_of(db, NULL), "public.t 1\n");
    pgtest_sql(database, "INSERT INTO t VALUES (2)");
    assert_string_equal(rows_of(db, NULL), "public.t 1\n");
    db_end_snapshot(db);
    assert_string_equal(rows_of(db, NULL), "public.t 2\n");
    db_close(db);
}

/* Rows that row security hides must not be missing from a count without a word. */
static void test_hidden_rows_are_an_error(void **state)
{
    struct db *db;
    struct tally *list;
    struct err err = ERR_INIT;
    size_t n;

    (void)state;
    pgtest_sql(NULL, "SET client_min_messages = error; DROP ROLE IF EXISTS tally_reader; "
                     "CREATE ROLE tally_reader LOGIN");
    pgtest_sql(database, "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); "
                         "ALTER TABLE t ENABLE ROW LEVEL SECURITY; "
                         "CREATE POLICY p ON t USING (a = 1); GRANT SELECT ON t TO tally_reader");
    db = pgtest_open(pgtest_target(arena, database, "tally_reader"), DB_READ);
    assert_int_equal(tally_rows(db, arena, NULL, NULL, &list, &n, &err), -1);
    basetest_has(err.primary, "could not count the rows of table public.t");
    basetest_has(err.primary, "row-level security");
    pgtest_sql(database, "ALTER TABLE t DISABLE ROW LEVEL SECURITY; "
                         "REVOKE SELECT ON t FROM tally_reader");
    err_clear(&err);
    assert_int_equal(tally_rows(db, arena, NULL, NULL, &list, &n, &err), -1);
    basetest_has(err.primary, "permission denied");
    db_close(db);
    pgtest_sql(NULL, "DROP ROLE tally_reader");
}

static struct tally writes_of(struct db *db, const char *name)
{
    struct tally *list;
    struct err err = ERR_INIT;
    size_t n;

    if (tally_writes(db, arena, &list, &n, &err) < 0)
        fail_msg("%s", err.primary);
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0)
            return list[i];
    fail_msg("no table %s", name);
    return (struct tally){0};
}

/* Inside one transaction, too, the newest figures are read. */
static void test_writes(void **state)
{
    struct db *db = pgtest_open(pgtest_target(arena, database, NULL), DB_READ);
    struct err err = ERR_INIT;
    struct tally tally;
    char id[64];

    (void)state;
    pgtest_sql(database, "CREATE TABLE t (a int)");
    assert_int_equal(db_export_snapshot(db, id, &err), 0);
    tally = writes_of(db, "t");
    assert_int_equal(tally.inserted, 0);
    assert_int_equal(tally.rows, -1);
    pgtest_sql(database, "INSERT INTO t SELECT generate_series(1, 10); "
                         "UPDATE t SET a = -a WHERE a > 6; DELETE FROM t WHERE a = 1");
    /* The other session reports when it ends, which may take a moment. */
    for (int i = 0; i < 100 && (tally = writes_of(db, "t")).inserted == 0; i++)
        clock_sleep_ms(50);
    assert_int_equal(tally.inserted, 10);
    assert_int_equal(tally.updated, 4);
    assert_int_equal(tally.deleted, 1);
    db_end_snapshot(db);
    db_close(db);
}

static void test_stats_reset(void **state)
{
    struct db *db = pgtest_open(pgtest_target(arena, database, NULL), DB_READ);
    struct err err = ERR_INIT;
    char first[40] = "x";
    char second[40] = "x";

    (void)state;
    assert_int_equal(tally_stats_reset(db, first, &err), 0);
    assert_int_equal(strlen(first), strlen("2026-01-01T00:00:00.000000Z")); /* the server's start */
    pgtest_sql(database, "SELECT pg_stat_reset()");
    assert_int_equal(tally_stats_reset(db, second, &err), 0);
    assert_true(strcmp(first, second) < 0);
    memcpy(first, second, sizeof first);
    pgtest_sql(database, "SELECT pg_stat_reset()");
    assert_int_equal(tally_stats_reset(db, second, &err), 0);
    assert_true(strcmp(first, second) < 0);
    db_close(db);
}

static void test_lost_session(void **state)
{
    struct db *db = pgtest_open(pgtest_target(arena, database, NULL), DB_READ);
    struct tally *list;
    struct err err = ERR_INIT;
    char when[40];
    size_t n;

    (void)state;
    pgtest_sql(NULL, "SELECT pg_terminate_backend(%d, 5000)", db_pid(db));
    assert_int_equal(tally_rows(db, arena, NULL, NULL, &list, &n, &err), -1);
    assert_int_equal(tally_writes(db, arena, &list, &n, &err), -1);
    assert_int_equal(tally_stats_reset(db, when, &err), -1);
    db_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_row_once),
        TEST(test_large_objects),
        TEST(test_in_the_session_s_snapshot),
        TEST(test_hidden_rows_are_an_error),
        TEST(test_writes),
        TEST(test_stats_reset),
        TEST(test_lost_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
