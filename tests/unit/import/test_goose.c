/* test_goose - files of goose. */
#include "importtest.h"

static void two_directions(void **state)
{
    (void)state;
    file("m/00001_add_users.sql",
         "-- +goose Up\nCREATE TABLE u ();\n-- +goose Down\nDROP TABLE u;\n");
    file("m/20240131120000_b.sql", "-- +goose up\nSELECT 1; -- done\n");
    assert_string_equal(finish(), "00001 20240131120000");
    assert_string_equal(history->items[0].name, "add users");
    assert_string_equal(history->items[0].upgrade.text, "\nCREATE TABLE u ();\n");
    assert_string_equal(history->items[0].downgrade.text, "\nDROP TABLE u;\n");
    assert_int_equal(history->items[0].downgrade.line, 3);
    assert_string_equal(history->items[1].create_date, "2024-01-31 12:00:00");
    assert_null(history->items[1].downgrade.text);
}

/* The markers go; a statement that only its marker ended gets its semicolon. */
static void blocks(void **state)
{
    (void)state;
    file("1_a.sql", "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- why\n"
                    "-- +goose StatementEnd\n-- +goose StatementBegin\nSELECT 2 -- two;\n"
                    "-- +goose StatementEnd\nSELECT 3\n;\n-- +goose Down\n"
                    "-- +goose StatementBegin\nSELECT 4\n\n-- +goose StatementEnd");
    assert_string_equal(finish(), "0001");
    assert_string_equal(history->items[0].upgrade.text,
                        "\n\nSELECT 1;\n-- why\n\n\nSELECT 2 -- two;\n;\nSELECT 3\n;\n");
    assert_string_equal(history->items[0].downgrade.text, "\n\nSELECT 4\n\n;\n");
}

static void no_transaction(void **state)
{
    (void)state;
    file("1_a.sql",
         "-- tidy\n-- +goose NO TRANSACTION\n\n-- +goose Up\nVACUUM;\n-- +goose Down\nVACUUM;\n");
    file("2_b.sql", "-- +goose Up\nSELECT 1;\n");
    assert_string_equal(finish(), "0001 0002");
    assert_true(history->items[0].upgrade.no_transaction);
    assert_true(history->items[0].downgrade.no_transaction);
    assert_false(history->items[1].upgrade.no_transaction);
    assert_string_equal(history->items[0].upgrade.text, "-- tidy\n\n\n\nVACUUM;\n");
    assert_int_equal(history->items[0].upgrade.line, 1);
}

static void order(void **state)
{
    (void)state;
    file("10_b.sql", "-- +goose Up\n");
    file("9_a.sql", "-- +goose Up\n");
    file("00002_a.sql", "-- +goose Up\n");
    assert_string_equal(finish(), "00002 0009 0010");
    assert_string_equal(import_find(history, "2")->id, "00002");
    assert_null(import_find(history, "3"));
}

static void go(void **state)
{
    (void)state;
    assert_false(import_takes(IMPORT_GOOSE, "main.go"));
    assert_false(import_takes(IMPORT_GOOSE, "1_a_test.go"));
    file("00002_fill.go", "package migrations\n");
    file("00003_b.sql", "-- +goose Up\n");
    assert_string_equal(finish(), "00003");
    assert_string_equal(left_out(), "00002_fill.go: a migration in Go\n");
    assert_true(import_is_left_out(history, "2"));
    assert_false(import_is_left_out(history, "3"));
}

static void mistakes_of_blocks(void **state)
{
    (void)state;
    file("1_a.sql", "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n");
    file("2_b.sql", "-- +goose Up\n-- +goose StatementEnd\n");
    file("3_c.sql", "-- +goose StatementBegin\n-- +goose Up\n");
    file("4_d.sql", "-- +goose Up\n-- +goose StatementBegin\n-- +goose StatementBegin\n"
                    "-- +goose StatementEnd\n");
    assert_string_equal(mistakes(), "1_a.sql:2: \"-- +goose StatementBegin\" has no StatementEnd\n"
                                    "2_b.sql:2: StatementEnd has no StatementBegin\n"
                                    "3_c.sql:1: StatementBegin stands before \"-- +goose Up\"\n"
                                    "3_c.sql:1: \"-- +goose StatementBegin\" has no StatementEnd\n"
                                    "4_d.sql:3: StatementBegin stands in another one\n");
}

static void all_mistakes(void **state)
{
    (void)state;
    file("1_a.sql", "-- +goose Up\n\nSELECT 1\n  FROM t\n-- +goose Down\nSELECT 2;\n");
    file("2_b.sql", "-- +goose Up\nSELECT 1;\n-- +goose Up\n");
    file("3_c.sql", "SELECT 1;\nSELECT 2;\n-- +goose Up\n");
    file("4_d.sql", "-- +goose Up\n-- +goose ENVSUB ON\nSELECT '${A}';\n");
    file("5_e.sql", "-- +goose Up\n-- +goose Sideways\n");
    file("6_f.sql", "\n");
    file("seed.sql", "");
    file("07_g.sql", "-- +goose Down\nSELECT 1;\n-- +goose Up\n");
    file("7_h.sql", "-- +goose Up\n");
    assert_string_equal(
        mistakes(), "1_a.sql:3: the statement does not end with a semicolon\n"
                    "2_b.sql:3: the file has this direction already\n"
                    "3_c.sql:1: SQL stands before \"-- +goose Up\"\n"
                    "4_d.sql:2: environment variables in SQL (\"ENVSUB ON\") cannot be imported\n"
                    "5_e.sql:2: unknown annotation \"+goose Sideways\"\n"
                    "6_f.sql: there is no \"-- +goose Up\"\n"
                    "seed.sql: the name must be NUMBER_NAME.sql, the number above 0\n"
                    "07_g.sql:1: \"-- +goose Down\" stands before \"-- +goose Up\"\n"
                    "7_h.sql: version \"7\" is there already, in \"07_g.sql\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IMPORTTEST(two_directions), IMPORTTEST(blocks), IMPORTTEST(no_transaction),
        IMPORTTEST(order),          IMPORTTEST(go),     IMPORTTEST(mistakes_of_blocks),
        IMPORTTEST(all_mistakes),
    };

    testing = IMPORT_GOOSE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
