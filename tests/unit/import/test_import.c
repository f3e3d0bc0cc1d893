/* test_import - tools, versions and identifiers. */
#include "importtest.h"

static void names(void **state)
{
    enum import_tool tool;

    (void)state;
    for (int i = 0; i < IMPORT_TOOLS; i++) {
        assert_int_equal(import_tool(import_name((enum import_tool)i), &tool), 0);
        assert_int_equal((int)tool, i);
    }
    assert_int_equal(import_tool("golang", &tool), -1);
    assert_int_equal(import_tool("", &tool), -1);
}

static void identifiers(void **state)
{
    (void)state;
    assert_string_equal(import_id(arena, "1"), "0001");
    assert_string_equal(import_id(arena, "123"), "0123");
    assert_string_equal(import_id(arena, "00001"), "00001");
    assert_string_equal(import_id(arena, "1.2"), "0001.2");
    assert_string_equal(import_id(arena, "20240131120000"), "20240131120000");
}

static void versions(void **state)
{
    (void)state;
    assert_true(import_compare(IMPORT_GOOSE, "9", "10") < 0);
    assert_true(import_compare(IMPORT_DBMATE, "9", "10") > 0);
    assert_int_equal(import_compare(IMPORT_GOLANG, "0001", "1"), 0);
    assert_int_equal(import_compare(IMPORT_FLYWAY, "1.0", "1"), 0);
    assert_true(import_compare(IMPORT_FLYWAY, "1.0.1", "1") > 0);
    assert_true(import_compare(IMPORT_FLYWAY, "99999999999999999999", "100000000000000000000") < 0);
}

/* Fourteen digits that are no time are a version all the same. */
static void dates(void **state)
{
    (void)state;
    file("20240229120000_a.sql", "-- +goose Up\n");
    file("20240230120000_e.sql", "-- +goose Up\n");
    file("20241331120000_b.sql", "-- +goose Up\n");
    file("20240131250000_c.sql", "-- +goose Up\n");
    file("99990131120000_d.sql", "-- +goose Up\n");
    finish();
    for (size_t i = 0; i < history->n; i++)
        if (strcmp(history->items[i].version, "20240229120000") == 0)
            assert_string_equal(history->items[i].create_date, "2024-02-29 12:00:00");
        else
            assert_null(history->items[i].create_date);
    assert_int_equal(history->n, 5);
}

/* More files than fit into the first allocation. */
static void many(void **state)
{
    (void)state;
    for (int i = 300; i > 0; i--)
        file(arena_printf(arena, "%d_a.sql", i), "-- +goose Up\n");
    for (int i = 301; i < 400; i++)
        file(arena_printf(arena, "%d_a.go", i), "");
    finish();
    assert_int_equal(history->n, 300);
    for (int i = 0; i < 300; i++)
        assert_string_equal(history->items[i].version, arena_printf(arena, "%d", i + 1));
    assert_int_equal(history->n_left_out, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IMPORTTEST(names), IMPORTTEST(identifiers), IMPORTTEST(versions),
        IMPORTTEST(dates), IMPORTTEST(many),
    };

    testing = IMPORT_GOOSE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
