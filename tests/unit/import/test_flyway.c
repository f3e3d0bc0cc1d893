/* test_flyway - files of Flyway. */
#include "importtest.h"

static void order_by_parts(void **state)
{
    (void)state;
    file("sql/V1.10__c.sql", "SELECT 3;");
    file("sql/V1_9__b_b.sql", "SELECT 2;");
    file("sql/V1__a.sql", "SELECT 1;");
    file("sql/old/V20240131120000__d.sql", "SELECT 4;");
    file("sql/U1.9__b_b.sql", "SELECT -2;");
    file("sql/V2.sql", "SELECT 5;");
    file("sql/V2.1.sql", "SELECT 6;");
    assert_string_equal(finish(), "0001 0001.9 0001.10 0002 0002.1 20240131120000");
    assert_string_equal(history->items[1].name, "b b");
    assert_string_equal(history->items[1].version, "1.9");
    assert_string_equal(history->items[1].upgrade.text, "SELECT 2;");
    assert_string_equal(history->items[1].downgrade.text, "SELECT -2;");
    assert_string_equal(history->items[1].path, "sql/V1_9__b_b.sql");
    assert_string_equal(history->items[3].name, "");
    assert_ptr_equal(import_find(history, "1.9.0"), &history->items[1]);
}

static void settings(void **state)
{
    (void)state;
    file("V1__a.sql", "\xef\xbb\xbfSELECT '${a}';");
    file("V1__a.sql.conf",
         "# one\n\nexecuteInTransaction = false\r\nplaceholderReplacement=False\n");
    file("U1__a.sql", "SELECT 1;");
    assert_string_equal(finish(), "0001");
    assert_true(history->items[0].upgrade.no_transaction);
    assert_false(history->items[0].downgrade.no_transaction);
    assert_string_equal(history->items[0].upgrade.text, "SELECT '${a}';");
}

static void not_taken(void **state)
{
    (void)state;
    file("R__views.sql", "");
    file("R__views.sql.conf", "executeInTransaction=false\n");
    file("B3__base.sql", "");
    file("beforeMigrate.sql", "");
    file("afterEachMigrate__log.sql", "");
    file("V2__fill.java", "");
    file("V3__a.sql", "");
    assert_string_equal(finish(), "0003");
    assert_string_equal(left_out(), "R__views.sql: a repeatable migration\n"
                                    "B3__base.sql: a baseline\n"
                                    "beforeMigrate.sql: a callback\n"
                                    "afterEachMigrate__log.sql: a callback\n"
                                    "V2__fill.java: a migration in Java\n");
    assert_true(import_is_left_out(history, "2.0"));
    assert_false(import_takes(IMPORT_FLYWAY, "after.sql"));
    assert_false(import_takes(IMPORT_FLYWAY, "seed.sql"));
    assert_false(import_takes(IMPORT_FLYWAY, "Views.sql"));
    assert_false(import_takes(IMPORT_FLYWAY, "V1__a.txt"));
}

static void all_mistakes(void **state)
{
    (void)state;
    file("V1__a.sql", "SELECT 1;\n\nSELECT '${owner}', '${two';\n");
    file("V1.0__b.sql", "");
    file("V2a__c.sql", "");
    file("V3.sql.conf", "executeInTransaction=false");
    file("V1__a.sql.conf", "shouldExecute=false\nnonsense\nencoding=UTF-8\n");
    file("U9__d.sql", "");
    assert_string_equal(mistakes(),
                        "V1.0__b.sql: version \"1.0\" is there already, in \"V1__a.sql\"\n"
                        "V2a__c.sql: the name must be VERSION__NAME.sql behind its letter\n"
                        "V3.sql.conf: there is no migration for this file\n"
                        "V1__a.sql.conf:1: the setting \"shouldExecute=false\" cannot be imported\n"
                        "V1__a.sql.conf:2: the line is no setting\n"
                        "V1__a.sql:3: the placeholder \"${owner}\" cannot be imported\n"
                        "U9__d.sql: there is no V9__….sql that it would undo\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IMPORTTEST(order_by_parts),
        IMPORTTEST(settings),
        IMPORTTEST(not_taken),
        IMPORTTEST(all_mistakes),
    };

    testing = IMPORT_FLYWAY;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
