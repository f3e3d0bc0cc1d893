/* copy_in and analyze: lines become rows, all of a statement or none of it; statistics of every table. */
#include "basetest.h"
#include "pgtest.h"

#include "pg/analyze.h"
#include "pg/copy_in.h"

static struct arena *arena;
static char database[64];
static struct db *db;
static struct err err;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    err = (struct err)ERR_INIT;
    pgtest_create(database, "copy_in");
    pgtest_sql(database, "CREATE TABLE \"O'dd \"\"x\" (id int, t text, x xml)");
    if (copy_in_open(pgtest_target(arena, database, NULL), database, &db, &err) < 0)
        fail_msg("%s", err.primary);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    db_close(db);
    pgtest_drop(database);
    arena_free(arena);
    return 0;
}

static const char table[] = "public.\"O'dd \"\"x\" (id, t)";

static void write_text(const char *text)
{
    if (copy_in_write(db, text, strlen(text), NULL, NULL, &err) < 0)
        fail_msg("%s", err.primary);
}

static int64_t load(const char *into, const char *text)
{
    int64_t rows = -1;

    if (copy_in_begin(db, into, &err) < 0)
        fail_msg("%s\n%s", err.primary, err.detail);
    write_text(text);
    if (copy_in_end(db, into, &rows, &err) < 0)
        fail_msg("%s\n%s", err.primary, err.detail);
    return rows;
}

static void lines_become_rows(void **state)
{
    int64_t rows;

    (void)state;
    assert_int_equal(load(table, "1\ta\\tb\n2\t\\N\n3\tlast line without its end"), 3);
    assert_int_equal(load(table, ""), 0);
    assert_int_equal(load("public.\"O'dd \"\"x\" (x)", "<a/><b/>\n"), 1);
    assert_string_equal(pgtest_value(database, "SELECT string_agg(t, '|' ORDER BY id) FROM "
                                               "\"O'dd \"\"x\""),
                        "a\tb|last line without its end");
    assert_int_equal(copy_in_begin(db, table, &err), 0);
    for (int i = 0; i < 20000; i++)
        write_text(arena_printf(arena, "%d\t%0200d\n", i, i));
    assert_int_equal(copy_in_end(db, table, &rows, &err), 0);
    assert_int_equal(rows, 20000);
}

static bool always(void *arg)
{
    (void)arg;
    return true;
}

/* What fails leaves no row, and the session goes on. */
static void all_or_nothing(void **state)
{
    static char zeros[1 << 20];
    int64_t rows;
    int rc = 0;

    (void)state;
    assert_int_equal(copy_in_begin(db, "public.missing (id)", &err), -1);
    basetest_has(err.primary, "relation \"public.missing\" does not exist");
    assert_string_equal(err.sqlstate, "42P01");
    err = (struct err)ERR_INIT;
    assert_int_equal(copy_in_begin(db, table, &err), 0);
    write_text("1\ta\nx\tb\n");
    assert_int_equal(copy_in_end(db, table, &rows, &err), -1);
    basetest_has(err.primary, "invalid input syntax for type integer");
    basetest_has(err.detail, "line 2");
    err = (struct err)ERR_INIT;
    assert_int_equal(copy_in_begin(db, table, &err), 0);
    write_text("1\ta\n");
    copy_in_abandon(db);
    copy_in_abandon(db); /* nothing is under way */
    assert_int_equal(copy_in_begin(db, table, &err), 0);
    memset(zeros, '0', sizeof zeros);
    for (int i = 0; i < 200 && rc == 0; i++)
        rc = copy_in_write(db, zeros, sizeof zeros, always, NULL, &err);
    assert_int_equal(rc, -1);
    assert_string_equal(err.primary, "cancelled");
    copy_in_abandon(db);
    err = (struct err)ERR_INIT;
    assert_string_equal(pgtest_value(database, "SELECT count(*) FROM \"O'dd \"\"x\""), "0");
    assert_int_equal(load(table, "7\tstill there\n"), 1);
}

static void a_lost_session_is_told(void **state)
{
    int64_t rows;

    (void)state;
    assert_int_equal(copy_in_begin(db, table, &err), 0);
    pgtest_sql(NULL, "SELECT pg_terminate_backend(%d, 5000)", db_pid(db));
    if (copy_in_write(db, "1\ta\n", 4, NULL, NULL, &err) == 0)
        assert_int_equal(copy_in_end(db, table, &rows, &err), -1);
    assert_int_not_equal(err.code, ERR_NONE);
    copy_in_abandon(db);
    assert_string_equal(pgtest_value(database, "SELECT count(*) FROM \"O'dd \"\"x\""), "0");
}

static void statistics(void **state)
{
    const char *const *tables = NULL;
    size_t n = 0;
    bool found = false;

    (void)state;
    pgtest_sql(database, "INSERT INTO \"O'dd \"\"x\" SELECT n, repeat('x', 500) "
                         "FROM generate_series(1, 20000) n");
    assert_int_equal(analyze_list(db, arena, &tables, &n, &err), 0);
    assert_string_equal(tables[0], "public.\"O'dd \"\"x\"");
    for (size_t i = 0; i < n; i++) {
        found = found || strcmp(tables[i], "pg_catalog.pg_class") == 0;
        assert_int_equal(analyze_table(db, tables[i], &err), 0);
    }
    assert_true(found);
    assert_string_equal(
        pgtest_value(database, "SELECT reltuples FROM pg_class WHERE relname LIKE 'O''dd%%'"), "20000");
    assert_int_equal(analyze_table(db, "public.gone", &err), -1);
    basetest_has(err.primary, "could not gather statistics of public.gone");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_become_rows),
        TEST(all_or_nothing),
        TEST(a_lost_session_is_told),
        TEST(statistics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
