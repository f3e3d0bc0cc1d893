/* Tests of foreign: the version tables that other tools keep. */
#include "basetest.h"

#include "base/log.h"
#include "pg/foreign.h"
#include "pgtest.h"

static char base[64];
static struct arena *arena;
static struct db *db;

static int setup(void **state)
{
    (void)state;
    log_setup(LOG_ERROR, 0);
    arena = arena_new();
    pgtest_create(base, "foreign");
    db = pgtest_open(pgtest_target(arena, base, NULL), DB_READ);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    db_close(db);
    pgtest_drop(base);
    arena_free(arena);
    return 0;
}

/* "1 !2 <3": versions; "!" failed, "<" stands for all before it; "none": no table. */
static const char *read_text(enum foreign_tool tool)
{
    struct err err = ERR_INIT;
    struct foreign foreign;
    const char *text = "";

    if (foreign_read(db, arena, tool, &foreign, &err) != 0)
        return arena_printf(arena, "%s", err.primary);
    if (foreign.table == NULL)
        return "none";
    for (size_t i = 0; i < foreign.n; i++)
        text = arena_printf(arena, "%s%s%s%s%s", text, i > 0 ? " " : "",
                            foreign.items[i].failed ? "!" : "",
                            foreign.items[i].and_all_before ? "<" : "", foreign.items[i].version);
    return text;
}

static void no_table(void **state)
{
    (void)state;
    assert_string_equal(read_text(FOREIGN_DBMATE), "none");
    assert_string_equal(read_text(FOREIGN_GOOSE), "none");
    assert_string_equal(read_text(FOREIGN_GOLANG), "none");
    assert_string_equal(read_text(FOREIGN_FLYWAY), "none");
}

static void dbmate(void **state)
{
    (void)state;
    pgtest_sql(base, "CREATE TABLE schema_migrations (version varchar(255) PRIMARY KEY); "
                     "INSERT INTO schema_migrations VALUES ('20240102000000'), ('20240101000000')");
    assert_string_equal(read_text(FOREIGN_DBMATE), "20240101000000 20240102000000");
    assert_string_equal(read_text(FOREIGN_GOLANG),
                        "the table public.schema_migrations is dbmate's, not golang-migrate's");
    pgtest_sql(base, "DROP TABLE schema_migrations");
}

static void golang(void **state)
{
    (void)state;
    pgtest_sql(base, "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, "
                     "dirty boolean NOT NULL)");
    assert_string_equal(read_text(FOREIGN_GOLANG), "");
    pgtest_sql(base, "INSERT INTO schema_migrations VALUES (7, false)");
    assert_string_equal(read_text(FOREIGN_GOLANG), "<7");
    pgtest_sql(base, "UPDATE schema_migrations SET dirty = true");
    assert_string_equal(read_text(FOREIGN_GOLANG), "!<7");
    assert_string_equal(read_text(FOREIGN_DBMATE),
                        "the table public.schema_migrations is golang-migrate's, not dbmate's");
    pgtest_sql(base, "DROP TABLE schema_migrations");
}

/* The last row of a version counts; version 0 is goose's own. */
static void goose(void **state)
{
    (void)state;
    pgtest_sql(base, "CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT "
                     "NULL, is_applied boolean NOT NULL, tstamp timestamp DEFAULT now()); "
                     "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), "
                     "(2, true), (10, true), (10, false), (9, true), (9, false), (9, true)");
    assert_string_equal(read_text(FOREIGN_GOOSE), "2 9");
    pgtest_sql(base, "DROP TABLE goose_db_version");
}

static void flyway(void **state)
{
    (void)state;
    pgtest_sql(base, "CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, "
                     "version varchar(50), description varchar(200), type varchar(20), "
                     "success boolean NOT NULL); "
                     "INSERT INTO flyway_schema_history VALUES "
                     "(0, NULL, 'made', 'SCHEMA', true), (1, '1', 'base', 'BASELINE', true), "
                     "(2, '1.2', 'a', 'SQL', true), (3, NULL, 'views', 'SQL', true), "
                     "(4, '1.10', 'b', 'SQL', true), (5, '1.10', 'b', 'UNDO_SQL', true), "
                     "(6, '2', 'c', 'SQL', true), (7, '3', 'gone', 'SQL', true), "
                     "(8, '3', 'gone', 'DELETE', true)");
    assert_string_equal(read_text(FOREIGN_FLYWAY), "<1 1.2 2");
    pgtest_sql(base, "INSERT INTO flyway_schema_history VALUES (9, '4', 'd', 'SQL', false), "
                     "(10, '2', 'c', 'UNDO_SQL', false)");
    assert_string_equal(read_text(FOREIGN_FLYWAY), "<1 1.2 !4 !2");
    pgtest_sql(base, "DROP TABLE flyway_schema_history");
}

static void a_table_of_another_kind(void **state)
{
    (void)state;
    pgtest_sql(base, "CREATE TABLE goose_db_version (a int)");
    basetest_has(read_text(FOREIGN_GOOSE), "could not read the table public.goose_db_version");
    pgtest_sql(base, "DROP TABLE goose_db_version");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_table), cmocka_unit_test(dbmate),
        cmocka_unit_test(golang),   cmocka_unit_test(goose),
        cmocka_unit_test(flyway),   cmocka_unit_test(a_table_of_another_kind),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
