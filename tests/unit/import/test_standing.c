/* test_standing - where a database stands in an imported history. */
#include "importtest.h"

#include "import/standing.h"

/* Versions 1, 2 and 4 with files; 3 in Go. */
static void four(void)
{
    file("1_a.sql", "-- +goose Up\n");
    file("2_b.sql", "-- +goose Up\n");
    file("3_c.go", "");
    file("4_d.sql", "-- +goose Up\n");
    finish();
}

/* stands("1 !2 <4"): the identifier, or the reasons; "!" failed, "<" all before it too. */
static const char *stands(const char *versions)
{
    struct standing_version list[8] = {{0}};
    char *rest = arena_strdup(arena, versions);
    const char *id, *text = "";
    size_t n = 0;

    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        if (*word == '\0')
            continue;
        list[n].failed = *word == '!';
        list[n].and_all_before = *word == '<';
        list[n++].version = word + strspn(word, "!<");
    }
    errs_release(&errs);
    if (standing_find(history, list, n, &id, &errs) == 0)
        return id == NULL ? "none" : id;
    for (size_t i = 0; i < errs.n; i++)
        text = arena_printf(arena, "%s%s\n", text, errs.items[i].primary);
    return text;
}

static void a_prefix(void **state)
{
    (void)state;
    four();
    assert_string_equal(stands(""), "none");
    assert_string_equal(stands("1"), "0001");
    assert_string_equal(stands("2 1"), "0002");
    assert_string_equal(stands("1 2 3"), "0002");
    assert_string_equal(stands("1 2 3 4"), "0004");
    assert_string_equal(stands("<2"), "0002");
}

static void no_prefix(void **state)
{
    (void)state;
    four();
    assert_string_equal(stands("2 4"),
                        "version \"1\" is not applied in this database, and \"4\" is\n");
    assert_string_equal(stands("1 5"),
                        "version \"5\" is applied in this database, and no file has it\n");
    assert_string_equal(stands("1 !2 4"),
                        "version \"2\" was begun in this database and did not end\n");
    assert_string_equal(stands("!<9"),
                        "version \"9\" was begun in this database and did not end\n"
                        "version \"9\" is applied in this database, and no file has it\n");
}

/* Flyway's baseline stands for what is below it, and needs no file. */
static void baseline(void **state)
{
    (void)state;
    history = import_start(arena, testing = IMPORT_FLYWAY);
    file("V1__a.sql", "");
    file("V1.5__b.sql", "");
    file("V3__c.sql", "");
    finish();
    assert_string_equal(stands("<2"), "0001.5");
    assert_string_equal(stands("<2 3.0"), "0003");
    assert_string_equal(stands("<0"), "none");
    testing = IMPORT_GOOSE;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IMPORTTEST(a_prefix),
        IMPORTTEST(no_prefix),
        IMPORTTEST(baseline),
    };

    testing = IMPORT_GOOSE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
