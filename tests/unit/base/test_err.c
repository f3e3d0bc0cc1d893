/* test_err - failures with three parts. */
#include <errno.h>

#include "basetest.h"

static void test_set_and_wrap(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(err_set(&err, ERR_BUSY, "lock \"%s\" is held", "shop"), -1);
    assert_int_equal(err.code, ERR_BUSY);
    assert_string_equal(err.primary, "lock \"shop\" is held");
    assert_int_equal(err_wrap(&err, "could not deploy"), -1);
    assert_string_equal(err.primary, "could not deploy: lock \"shop\" is held");
    assert_int_equal(err_as(&err, ERR_REFUSED), -1);
    assert_int_equal(err.code, ERR_REFUSED);
    err_clear(&err);
    assert_int_equal(err.code, ERR_NONE);
    assert_string_equal(err.primary, "");
}

static void test_first_failure_wins(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    err_set(&err, ERR_CONFIG, "first");
    err_set(&err, ERR_INTERNAL, "second");
    err_sys(&err, ERR_INTERNAL, ENOENT, "third");
    assert_int_equal(err.code, ERR_CONFIG);
    assert_string_equal(err.primary, "first");
    assert_string_equal(err.detail, "second\nthird: No such file or directory");
}

static void test_detail_and_hint(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    err_detail(&err, "one");
    err_detail(&err, "two");
    err_hint(&err, "Do %s.", "this");
    err_hint(&err, "Not that.");
    assert_string_equal(err.detail, "one\ntwo");
    assert_string_equal(err.hint, "Do this.");
}

static void test_long_texts_are_cut(void **state)
{
    struct err err = ERR_INIT;
    char *text = mem_alloc(20000);

    (void)state;
    memset(text, 'x', 19999);
    err_set(&err, ERR_INTERNAL, "%s", text);
    err_wrap(&err, "%s", text);
    err_detail(&err, "%s", text);
    err_detail(&err, "%s", text);
    err_hint(&err, "%s", text);
    assert_int_equal(strlen(err.primary), sizeof err.primary - 1);
    assert_int_equal(strlen(err.detail), sizeof err.detail - 1);
    assert_int_equal(strlen(err.hint), sizeof err.hint - 1);
    mem_free(text);
}

static void test_table(void **state)
{
    (void)state;
    for (int status = 0; status <= 11; status++) {
        assert_non_null(err_meaning(status));
        assert_non_null(err_database(status));
    }
    assert_null(err_meaning(12));
    assert_null(err_database(-1));
    assert_string_equal(err_database(ERR_ROLLED_BACK), "as before");
    assert_int_equal(ERR_ROLLED_BACK, 7);
}

static void test_list(void **state)
{
    struct errs list = {0};

    (void)state;
    for (int i = 0; i < 20; i++)
        err_set(errs_new(&list), ERR_REFUSED, "reason %d", i);
    assert_int_equal(list.n, 20);
    assert_string_equal(list.items[0].primary, "reason 0");
    assert_string_equal(list.items[19].primary, "reason 19");
    assert_string_equal(list.items[19].detail, "");
    errs_release(&list);
    assert_int_equal(list.n, 0);
    errs_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_and_wrap),     cmocka_unit_test(test_first_failure_wins),
        cmocka_unit_test(test_detail_and_hint),  cmocka_unit_test(test_long_texts_are_cut),
        cmocka_unit_test(test_table),            cmocka_unit_test(test_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
