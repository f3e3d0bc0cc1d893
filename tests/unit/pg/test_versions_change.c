/* Tests of versions_change: rows changed without migrations, in the database and as text. */
#include "basetest.h"

#include "base/log.h"
#include "pg/versions.h"
#include "pg/versions_change.h"
#include "pgtest.h"

static char base[64];
static struct arena *arena;
static struct db *db;

static int setup(void **state)
{
    (void)state;
    log_setup(LOG_ERROR, 0);
    arena = arena_new();
    pgtest_create(base, "versions_change");
    db = pgtest_open(pgtest_target(arena, base, NULL), DB_WRITE);
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

static const char *rows(const char *schema, const char *table)
{
    auto_strvec struct strvec list = {0};
    struct err err = ERR_INIT;
    auto_free char *joined = NULL;
    bool exists;

    if (versions_read(db, schema, table, &list, &exists, &err) < 0)
        fail_msg("%s", err.primary);
    if (!exists)
        return "none";
    joined = strvec_join(&list, ",");
    return arena_strdup(arena, joined);
}

static int change(const char *schema, const char *table, const char *const *expected,
                  const struct versions_change *changes, size_t n, struct err *err)
{
    return versions_change_rows(db, schema, table, (char *const *)expected, changes, n, err);
}

static const char *const nothing[] = {NULL};

static void test_created(void **state)
{
    const struct versions_change insert[] = {{NULL, "a1"}, {NULL, "b'2"}};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(change(NULL, "alembic_version", nothing, insert, 2, &err), 0);
    assert_string_equal(rows(NULL, "alembic_version"), "a1,b'2");
    pgtest_sql(base, "DO $$BEGIN ASSERT (SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE "
                     "conname = 'alembic_version_pkc') = 'PRIMARY KEY (version_num)'; END$$");
}

static void test_changed(void **state)
{
    const char *const before[] = {"a1", "b'2", NULL};
    const struct versions_change changes[] = {{"a1", NULL}, {"b'2", "c3"}, {NULL, "d4"}};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(change(NULL, "alembic_version", before, changes, 3, &err), 0);
    assert_string_equal(rows(NULL, "alembic_version"), "c3,d4");
}

/* Whatever goes wrong, no row is changed. */
static void test_refused(void **state)
{
    const char *const other[] = {"c3", NULL};
    const char *const before[] = {"c3", "d4", NULL};
    const struct versions_change good[] = {{"c3", NULL}};
    const struct versions_change absent[] = {{"c3", NULL}, {"x9", "y9"}};
    const struct versions_change twice[] = {{"c3", "e5"}, {NULL, "d4"}};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(change(NULL, "alembic_version", other, good, 1, &err), -1);
    basetest_has(err.primary, "have changed meanwhile");
    err_clear(&err);
    assert_int_equal(change(NULL, "alembic_version", before, absent, 2, &err), -1);
    basetest_has(err.primary, "has 0 rows \"x9\", expected 1");
    err_clear(&err);
    assert_int_equal(change(NULL, "alembic_version", before, twice, 2, &err), -1);
    basetest_has(err.primary, "duplicate key");
    assert_string_equal(rows(NULL, "alembic_version"), "c3,d4");
}

/* A row that is there twice goes as one, but is not changed. */
static void test_twice(void **state)
{
    const char *const before[] = {"c3", "c3", NULL};
    const struct versions_change gone[] = {{"c3", NULL}, {NULL, "z1"}};
    const struct versions_change moved[] = {{"c3", "z1"}};
    struct err err = ERR_INIT;

    (void)state;
    pgtest_sql(base, "CREATE TABLE twice AS SELECT 'c3' AS version_num FROM generate_series(1, 2)");
    assert_int_equal(change(NULL, "twice", before, moved, 1, &err), -1);
    basetest_has(err.primary, "has 2 rows \"c3\", expected 1");
    err_clear(&err);
    assert_int_equal(change(NULL, "twice", before, gone, 2, &err), 0);
    assert_string_equal(rows(NULL, "twice"), "z1");
}

static void test_odd_names(void **state)
{
    const struct versions_change insert[] = {{NULL, "a1"}};
    struct err err = ERR_INIT;

    (void)state;
    pgtest_sql(base, "CREATE SCHEMA \"my \"\"app\"");
    assert_int_equal(change("my \"app", "Ver'sions;", nothing, insert, 1, &err), 0);
    assert_string_equal(rows("my \"app", "Ver'sions;"), "a1");
    pgtest_sql(base, "DROP SCHEMA \"my \"\"app\" CASCADE");
}

static void test_text(void **state)
{
    const struct versions_change changes[] = {{NULL, "a1"}, {"a1", "b'2"}, {"b'2", NULL}};
    auto_buf struct buf out = {0};

    (void)state;
    versions_change_text(NULL, "alembic_version", true, changes, 3, &out);
    assert_string_equal(
        buf_text(&out),
        "BEGIN;\n\n"
        "CREATE TABLE alembic_version (\n    version_num VARCHAR(32) NOT NULL, \n"
        "    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n);\n\n"
        "INSERT INTO alembic_version (version_num) VALUES ('a1') RETURNING "
        "alembic_version.version_num;\n\n"
        "UPDATE alembic_version SET version_num='b''2' WHERE alembic_version.version_num = 'a1';\n\n"
        "DELETE FROM alembic_version WHERE alembic_version.version_num = 'b''2';\n\n"
        "COMMIT;\n\n");
    buf_reset(&out);
    versions_change_text("App", "v", false, changes, 1, &out);
    basetest_has(buf_text(&out), "INSERT INTO \"App\".v (version_num)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_created), cmocka_unit_test(test_changed),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_twice),
        cmocka_unit_test(test_odd_names), cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
