/* test_golang - files of golang-migrate. */
#include "importtest.h"

static void pairs(void **state)
{
    (void)state;
    file("m/000010_b.down.sql", "DROP TABLE b;");
    file("m/000010_b.up.sql", "CREATE TABLE b ();");
    file("m/9_add_a.up.sql", "CREATE TABLE a ();");
    file("m/11_c.down.sql", "SELECT 1;");
    assert_string_equal(finish(), "0009 000010 0011");
    assert_string_equal(history->items[0].name, "add a");
    assert_null(history->items[0].downgrade.text);
    assert_string_equal(history->items[1].upgrade.text, "CREATE TABLE b ();");
    assert_string_equal(history->items[1].downgrade.text, "DROP TABLE b;");
    assert_string_equal(history->items[1].path, "m/000010_b.up.sql");
    assert_string_equal(history->items[1].downgrade.path, "m/000010_b.down.sql");
    assert_int_equal(history->items[1].upgrade.line, 1);
    assert_null(history->items[2].upgrade.text);
}

static void all_mistakes(void **state)
{
    (void)state;
    file("1_a.up.sql", "");
    file("01_b.up.sql", "");
    import_add(history, "2_c.up.sql", "a\n\0b", 4, &errs);
    file("3_d.up.sql", "a\n\nM\xfcller\n");
    file("4_e.up.sql", "M\u00fcller \U0001f600 \u20ac");
    file("123456789012345678901234567890123_d.up.sql", "");
    assert_string_equal(mistakes(),
                        "01_b.up.sql: version \"01\" is there already, in \"1_a.up.sql\"\n"
                        "2_c.up.sql:2: a character is not in UTF-8\n"
                        "3_d.up.sql:3: a character is not in UTF-8\n"
                        "123456789012345678901234567890123_d.up.sql: version "
                        "\"123456789012345678901234567890123\" is longer than 32 characters\n");
}

static void other_files(void **state)
{
    (void)state;
    assert_false(import_takes(IMPORT_GOLANG, "m/1_a.sql"));
    assert_false(import_takes(IMPORT_GOLANG, "m/a.up.sql"));
    assert_false(import_takes(IMPORT_GOLANG, "m/1a.up.sql"));
    assert_true(import_takes(IMPORT_GOLANG, "m/1_.up.sql"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IMPORTTEST(pairs),
        IMPORTTEST(all_mistakes),
        IMPORTTEST(other_files),
    };

    testing = IMPORT_GOLANG;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
