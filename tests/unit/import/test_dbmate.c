/* test_dbmate - files of dbmate. */
#include "importtest.h"

static void two_blocks(void **state)
{
    (void)state;
    file(
        "db/20240131120000_add_users.sql",
        "-- who may log in\n-- migrate:up\nCREATE TABLE u ();\n\n-- migrate:down\nDROP TABLE u;\n");
    assert_string_equal(finish(), "20240131120000");
    assert_string_equal(history->items[0].name, "add users");
    assert_string_equal(history->items[0].create_date, "2024-01-31 12:00:00");
    assert_string_equal(history->items[0].upgrade.text,
                        "-- who may log in\n\nCREATE TABLE u ();\n\n");
    assert_int_equal(history->items[0].upgrade.line, 1);
    assert_string_equal(history->items[0].downgrade.text, "\nDROP TABLE u;\n");
    assert_int_equal(history->items[0].downgrade.line, 5);
    assert_false(history->items[0].upgrade.no_transaction);
    assert_false(history->items[0].downgrade.no_transaction);
}

static void options(void **state)
{
    (void)state;
    file("1_a.sql",
         "--migrate:up transaction:false\r\nVACUUM;\r\n-- migrate:down  transaction:true");
    assert_string_equal(finish(), "0001");
    assert_string_equal(history->items[0].upgrade.text, "\nVACUUM;\r\n");
    assert_true(history->items[0].upgrade.no_transaction);
    assert_false(history->items[0].downgrade.no_transaction);
    assert_null(history->items[0].create_date);
}

/* Only a whole line from its first byte is a marker. */
static void markers(void **state)
{
    (void)state;
    file("1_a.sql", "-- migrate:up\n -- migrate:down\na;\n-- migrate:uphill\n-- migrate:down\nd;");
    assert_string_equal(finish(), "0001");
    assert_string_equal(history->items[0].upgrade.text,
                        "\n -- migrate:down\na;\n-- migrate:uphill\n");
    assert_string_equal(history->items[0].downgrade.text, "\nd;");
}

static void no_down(void **state)
{
    (void)state;
    file("1_a.sql", "-- migrate:up\na;");
    assert_string_equal(finish(), "0001");
    assert_string_equal(history->items[0].upgrade.text, "\na;");
    assert_null(history->items[0].downgrade.text);
}

/* dbmate sorts names, not numbers. */
static void order(void **state)
{
    (void)state;
    file("d/9_a.sql", "-- migrate:up\n");
    file("d/10_b.sql", "-- migrate:up\n");
    file("d/20240131120000_c.sql", "-- migrate:up\n");
    assert_string_equal(finish(), "0010 20240131120000 0009");
}

static void all_mistakes(void **state)
{
    (void)state;
    file("1_a.sql", "CREATE TABLE a ();\n-- migrate:up\n");
    file("2_b.sql", "-- migrate:down\nDROP TABLE a;\n");
    file("3_c.sql", "-- migrate:up transaction:no\n");
    file("4_d.sql", "");
    file("4_e.sql", "-- migrate:up\n-- migrate:down\n-- migrate:up transaction:false\n");
    assert_string_equal(mistakes(),
                        "1_a.sql:1: SQL stands before \"-- migrate:up\"\n"
                        "2_b.sql:1: \"-- migrate:down\" stands before \"-- migrate:up\"\n"
                        "2_b.sql: there is no \"-- migrate:up\"\n"
                        "3_c.sql:1: unknown option \"transaction:no\"\n"
                        "4_d.sql: there is no \"-- migrate:up\"\n"
                        "4_e.sql:3: the file has such a block already\n"
                        "4_e.sql: version \"4\" is there already, in \"4_d.sql\"\n");
}

static void other_files(void **state)
{
    (void)state;
    assert_false(import_takes(IMPORT_DBMATE, "db/schema.sql"));
    assert_false(import_takes(IMPORT_DBMATE, "db/1_a.sql.orig"));
    assert_true(import_takes(IMPORT_DBMATE, "db/1.sql"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IMPORTTEST(two_blocks),  IMPORTTEST(options), IMPORTTEST(markers),
        IMPORTTEST(no_down),     IMPORTTEST(order),   IMPORTTEST(all_mistakes),
        IMPORTTEST(other_files),
    };

    testing = IMPORT_DBMATE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
