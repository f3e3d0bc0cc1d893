/* copy and copy_plan: what is read is what pg_dump would write, whoever else is at work. */
#include "basetest.h"
#include "pgtest.h"

#include "base/buf.h"
#include "pg/copy.h"
#include "pg/copy_plan.h"

enum { WAIT_MS = 300 };

static struct arena *arena;
static char database[64];

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    pgtest_create(database, "copy");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pgtest_drop(database);
    arena_free(arena);
    return 0;
}

/* --- the plan -------------------------------------------------------------------------------------*/

/* A session that holds a snapshot, and its plan; the status of copy_plan_take. */
static int take_plan(struct db **db, int64_t threshold, struct copy_plan *plan,
                     const char **changed, struct err *err)
{
    char exported[64];

    *db = pgtest_open(pgtest_target(arena, database, NULL), DB_READ);
    if (db_export_snapshot(*db, exported, err) < 0)
        fail_msg("%s", err->primary);
    return copy_plan_take(*db, arena, threshold, WAIT_MS, plan, changed, err);
}

static const struct copy_table *table_of(const struct copy_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->n; i++)
        if (strcmp(plan->tables[i].name, name) == 0)
            return &plan->tables[i];
    fail_msg("table %s is not in the plan", name);
    return NULL;
}

static void test_who_copies_what(void **state)
{
    static const char *const plain[] = {"t", "Q \"uote", "sel ect", "child", "leaf", "made", "un"};
    static const char *const others[] = {"tab\tname", "line\nname", "back\\slash", "odd_column",
                                         "nothing", "only_made", "hash_leaf"};
    struct err err = ERR_INIT;
    struct copy_plan plan;
    const char *changed;
    struct db *db;

    (void)state;
    pgtest_sql(database,
               "CREATE TABLE t (gone int, b int, \"A\" text, \"select\" int); ALTER TABLE t DROP gone; "
               "CREATE TABLE \"Q \"\"uote\" (a int); CREATE SCHEMA \"S.\"; CREATE TABLE \"S.\".\"sel ect\" (a int); "
               "CREATE TABLE child () INHERITS (t); CREATE TABLE made (a int, b int GENERATED ALWAYS AS (a) STORED); "
               "CREATE TABLE part (a int) PARTITION BY LIST (a); CREATE TABLE leaf PARTITION OF part DEFAULT; "
               "CREATE UNLOGGED TABLE un (a int); "
               "CREATE TABLE \"tab\tname\" (a int); CREATE TABLE \"line\nname\" (a int); "
               "CREATE TABLE \"back\\slash\" (a int); CREATE TABLE odd_column (a int, \"b\tc\" int); "
               "CREATE TABLE nothing (); CREATE TABLE only_made (b int GENERATED ALWAYS AS (1) STORED); "
               "CREATE TABLE hashed (a int) PARTITION BY HASH (a); "
               "CREATE TABLE hash_leaf PARTITION OF hashed FOR VALUES WITH (MODULUS 1, REMAINDER 0); "
               "CREATE VIEW v AS SELECT 1 AS a; CREATE SCHEMA deploy_db; CREATE TABLE deploy_db.run (a int); "
               "SELECT lo_create(4711)");
    if (take_plan(&db, 0, &plan, &changed, &err) < 0)
        fail_msg("%s", err.primary);
    assert_null(changed);
    assert_int_equal(plan.n, 15); /* the large objects are one */
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        assert_true(table_of(&plan, plain[i])->own);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(table_of(&plan, others[i])->plain);
    assert_false(table_of(&plan, "pg_largeobject_metadata")->plain);
    assert_string_equal(table_of(&plan, "t")->columns, "(b, \"A\", \"select\")");
    assert_string_equal(table_of(&plan, "made")->columns, "(a)");
    assert_string_equal(table_of(&plan, "Q \"uote")->quoted, "public.\"Q \"\"uote\"");
    assert_false(table_of(&plan, "child")->comparable);
    assert_true(table_of(&plan, "t")->comparable);
    assert_false(table_of(&plan, "hash_leaf")->moves); /* the hash of an int is the same everywhere */
    for (size_t i = 1; i < plan.n; i++) {
        int order = strcmp(plan.tables[i - 1].schema, plan.tables[i].schema);

        assert_true(order < 0 ||
                    (order == 0 && strcmp(plan.tables[i - 1].name, plan.tables[i].name) < 0));
    }
    assert_string_equal(copy_plan_patterns(&plan, arena)[0], "\"S.\".(\"sel ect\")");
    assert_string_equal(copy_plan_patterns(&plan, arena)[1],
                        "\"public\".(\"Q \"\"uote\"|\"child\"|\"leaf\"|\"made\"|\"t\"|\"un\")");
    assert_null(copy_plan_patterns(&plan, arena)[2]);
    db_close(db);
    if (take_plan(&db, 1, &plan, &changed, &err) < 0)
        fail_msg("%s", err.primary);
    assert_null(copy_plan_patterns(&plan, arena)[0]); /* all are smaller */
    db_close(db);
}

/* A table that was written to since it was analyzed is measured, in its pages and outside of them. */
static void test_sizes(void **state)
{
    static const char *const writes[] = {
        NULL, "INSERT INTO t SELECT n FROM generate_series(1, 50000) n",
        "INSERT INTO o SELECT repeat(md5(n::text), 3000) FROM generate_series(1, 30) n",
        "ANALYZE; SELECT pg_stat_force_next_flush()"};
    const int64_t page = 8192;

    (void)state;
    pgtest_sql(database, "CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE TABLE o (a text); "
                         "ALTER TABLE o ALTER a SET STORAGE EXTERNAL; INSERT INTO o VALUES ('x')");
    pgtest_sql(database, "VACUUM ANALYZE t");
    pgtest_sql(database, "VACUUM ANALYZE o");
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        struct err err = ERR_INIT;
        struct copy_plan plan;
        const char *changed;
        struct db *db;

        if (writes[i] != NULL)
            pgtest_sql(database, "%s", writes[i]);
        if (take_plan(&db, 0, &plan, &changed, &err) < 0)
            fail_msg("%s", err.primary);
        if (i == 0)
            assert_int_equal(table_of(&plan, "t")->bytes, page);
        else
            assert_true(table_of(&plan, "t")->pages > 200);
        if (i < 2)
            assert_int_equal(table_of(&plan, "o")->bytes, page);
        else
            assert_true(table_of(&plan, "o")->bytes > 30 * 96000);
        db_close(db);
    }
}

/* A table that is emptied, rewritten, renamed or dropped after the export is found; one that is not, is not. */
static void test_changes_before_the_locks(void **state)
{
    static const struct {
        const char *sql;
        bool changes;
    } cases[] = {{"INSERT INTO t VALUES (2)", false},
                 {"TRUNCATE t", true},
                 {"ALTER TABLE t ALTER a TYPE bigint", true},
                 {"ALTER TABLE t ADD b int", false},
                 {"DROP TABLE t", true},
                 {"ALTER TABLE t RENAME TO s", true},
                 {"CREATE TABLE u AS TABLE t; ALTER TABLE t RENAME TO s; ALTER TABLE u RENAME TO t",
                  true}};
    char exported[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct db *db;
        struct err err = ERR_INIT;
        struct copy_plan plan;
        const char *changed;

        pgtest_sql(database, "SET client_min_messages = error; DROP TABLE IF EXISTS s, t; CREATE TABLE t AS SELECT 1 AS a");
        db = pgtest_open(pgtest_target(arena, database, NULL), DB_READ);
        assert_int_equal(db_export_snapshot(db, exported, &err), 0);
        pgtest_sql(database, "%s", cases[i].sql);
        if (copy_plan_take(db, arena, 0, WAIT_MS, &plan, &changed, &err) < 0)
            fail_msg("%s: %s", cases[i].sql, err.primary);
        assert_int_equal(changed != NULL, cases[i].changes);
        if (changed != NULL)
            assert_string_equal(changed, "public.t");
        db_close(db);
    }
}

static void test_a_blocker_is_named(void **state)
{
    PGconn *other = pgtest_connect(database);
    char pid[32];
    struct err err = ERR_INIT;
    struct copy_plan plan;
    const char *changed;
    struct db *db;

    (void)state;
    pgtest_sql(database, "CREATE TABLE t (a int)");
    pgtest_run(other, "SET application_name = 'the \"other\"'; BEGIN; LOCK TABLE t");
    assert_int_equal(take_plan(&db, 0, &plan, &changed, &err), -1);
    assert_int_equal(err.code, ERR_REFUSED);
    snprintf(pid, sizeof pid, "process %d (the \"other\"", PQbackendPID(other));
    assert_non_null(strstr(err.detail, pid));
    PQfinish(other);
    db_close(db);
}

static void test_hidden_rows_are_refused(void **state)
{
    struct err err = ERR_INIT;
    struct copy_plan plan;
    const char *changed;
    char exported[64];
    struct db *db;

    (void)state;
    pgtest_sql(NULL, "SET client_min_messages = error; DROP ROLE IF EXISTS test_copy_reader; CREATE ROLE test_copy_reader LOGIN");
    pgtest_sql(database, "CREATE TABLE t (a int); CREATE TABLE u (a int); "
                         "GRANT SELECT ON t, u TO test_copy_reader; "
                         "ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE u ENABLE ROW LEVEL SECURITY");
    db = pgtest_open(pgtest_target(arena, database, "test_copy_reader"), DB_READ);
    assert_int_equal(db_export_snapshot(db, exported, &err), 0);
    assert_int_equal(copy_plan_take(db, arena, 0, WAIT_MS, &plan, &changed, &err), -1);
    assert_non_null(strstr(err.primary, "public.t"));
    assert_non_null(strstr(err.detail, "public.u"));
    db_close(db);
    pgtest_sql(database, "DROP TABLE t, u; CREATE TABLE w (a int)");
    err_clear(&err);
    db = pgtest_open(pgtest_target(arena, database, "test_copy_reader"), DB_READ);
    assert_int_equal(db_export_snapshot(db, exported, &err), 0);
    assert_int_equal(copy_plan_take(db, arena, 0, WAIT_MS, &plan, &changed, &err), -1);
    assert_string_equal(err.sqlstate, "42501");
    db_close(db);
    pgtest_sql(NULL, "DROP ROLE test_copy_reader");
}

/* --- rows -----------------------------------------------------------------------------------------*/

struct lines {
    struct buf text;
    int64_t n, stop_at; /* 0: never */
};

static int keep(void *arg, const char *line, size_t n, struct err *err)
{
    struct lines *lines = arg;

    if (lines->stop_at > 0 && lines->n == lines->stop_at)
        return err_set(err, ERR_INTERNAL, "enough");
    buf_add(&lines->text, line, n);
    lines->n++;
    return 0;
}

static int read_lines(struct db *db, const char *source, struct lines *lines, struct err *err)
{
    const struct copy_sink sink = {.row = keep, .arg = lines};

    return copy_rows(db, source, &sink, err);
}

static void expect_lines(struct db *db, const char *source, struct lines *lines)
{
    struct err err = ERR_INIT;

    if (read_lines(db, source, lines, &err) < 0)
        fail_msg("%s: %s", source, err.primary);
}

static void expect_range(struct db *db, int from, int to, struct lines *lines)
{
    auto_buf struct buf source = {0};

    copy_source("public.t", "(a, filler)", from, to, &source);
    expect_lines(db, buf_text(&source), lines);
}

static struct db *open_copy(void)
{
    struct err err = ERR_INIT;
    struct db *db = NULL;

    if (copy_open(pgtest_target(arena, database, NULL), NULL, NULL, &db, &err) < 0)
        fail_msg("%s", err.primary);
    return db;
}

/* Ranges of every size put together are the table, for tables with every number of pages. */
static void test_ranges_are_the_table(void **state)
{
    struct db *db;

    (void)state;
    pgtest_sql(database, "CREATE TABLE t (a int, filler char(1000)); ALTER TABLE t ALTER filler SET STORAGE PLAIN");
    for (int pages = 0; pages <= 9; pages++) {
        pgtest_sql(database,
                   "TRUNCATE t; INSERT INTO t SELECT n FROM generate_series(1, %d) n; "
                   "DELETE FROM t WHERE a %% 5 = 0; UPDATE t SET a = -a WHERE a %% 7 = 0",
                   pages * 6);
        db = open_copy();
        for (int step = 1; step <= 5; step++) {
            struct lines whole = {0}, ranges = {0};

            expect_lines(db, "public.t (a, filler)", &whole);
            for (int from = 0; from == 0 || from < pages; from += step)
                expect_range(db, from, from + step < pages ? from + step : 0, &ranges);
            assert_int_equal(ranges.n, whole.n);
            assert_string_equal(buf_text(&ranges.text), buf_text(&whole.text));
            buf_release(&whole.text);
            buf_release(&ranges.text);
        }
        db_close(db);
    }
}

/* A range reads its pages and no others; settings of the database change neither plan nor text. */
static void test_settings(void **state)
{
    struct lines lines = {0};
    struct db *db;

    (void)state;
    pgtest_sql(database, "CREATE TABLE o (); CREATE TABLE t AS SELECT timestamptz '2024-01-31 12:00+00' AS at, "
                         "'\\x00ff'::bytea AS b, 1/3.0::float8 AS f, '-1 day 02:00'::interval AS i, "
                         "'o'::regclass AS c");
    pgtest_sql(NULL,
               "ALTER DATABASE \"%s\" SET datestyle = german; ALTER DATABASE \"%s\" SET timezone = 'Asia/Tokyo'; "
               "ALTER DATABASE \"%s\" SET bytea_output = escape; ALTER DATABASE \"%s\" SET extra_float_digits = 0; "
               "ALTER DATABASE \"%s\" SET intervalstyle = iso_8601; ALTER DATABASE \"%s\" SET enable_tidscan = off; "
               "ALTER DATABASE \"%s\" SET statement_timeout = 1; ALTER DATABASE \"%s\" SET search_path = public",
               database, database, database, database, database, database, database, database);
    db = open_copy();
    expect_lines(db, "public.t (at, b, f, i, c)", &lines);
    assert_string_equal(buf_text(&lines.text), "2024-01-31 12:00:00+00\t\\\\x00ff\t0.3333333333333333\t"
                                               "-1 days +02:00:00\tpublic.o\n");
    if (db_server_version(db) >= 140000) {
        auto_result struct db_result *rows = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(db_query(db, &rows, &err,
                                  "EXPLAIN SELECT at FROM ONLY public.t WHERE ctid >= '(0,0)' "
                                  "AND ctid < '(1,0)'",
                                  0),
                         0);
        assert_non_null(strstr(db_value(rows, 0, 0), "Tid Range Scan"));
    }
    buf_release(&lines.text);
    db_close(db);
}

/* After a failure or a stop in the middle the session works on; a lost one is known as such. */
static void test_failures(void **state)
{
    struct lines lines = {.stop_at = 1000};
    struct err err = ERR_INIT;
    int64_t rows = 0;
    struct db *db;

    (void)state;
    pgtest_sql(database, "CREATE TABLE t AS SELECT n AS a, 10 / (n - 50000) AS b FROM generate_series(1, 40000) n");
    db = open_copy();
    assert_int_equal(read_lines(db, "public.t (a)", &lines, &err), -1);
    assert_string_equal(err.primary, "enough");
    err_clear(&err);
    assert_int_equal(read_lines(db, "public.nowhere", &lines, &err), -1);
    assert_string_equal(err.sqlstate, "42P01");
    assert_false(copy_lost(&err));
    err_clear(&err);
    assert_int_equal(copy_count(db, "public.t", &rows, &err), 0);
    assert_int_equal(rows, 40000);
    assert_int_equal(
        read_lines(db, "(SELECT 1 / (n - 20000) FROM generate_series(1, 30000) n)", &lines, &err), -1);
    assert_string_equal(err.primary, "enough");
    err_clear(&err);
    lines.stop_at = 0;
    assert_int_equal(
        read_lines(db, "(SELECT 1 / (n - 20000) FROM generate_series(1, 30000) n)", &lines, &err), -1);
    assert_string_equal(err.sqlstate, "22012");
    err_clear(&err);
    assert_int_equal(
        read_lines(db, arena_printf(arena, "(SELECT pg_terminate_backend(%d) FROM generate_series(1, 9))",
                                    db_pid(db)),
                   &lines, &err),
        -1);
    assert_true(copy_lost(&err));
    db_close(db);
    buf_release(&lines.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_copies_what, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_changes_before_the_locks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_blocker_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hidden_rows_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ranges_are_the_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_settings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failures, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
