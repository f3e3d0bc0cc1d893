/* test_buf - growing byte strings. */
#include "basetest.h"

static void test_grow(void **state)
{
    auto_buf struct buf buf = {0};

    (void)state;
    assert_string_equal(buf_text(&buf), "");
    for (int i = 0; i < 10000; i++)
        buf_addc(&buf, (char)('a' + i % 26));
    assert_int_equal(buf.len, 10000);
    assert_int_equal(strlen(buf.data), 10000);
    assert_int_equal(buf.data[9999], 'a' + 9999 % 26);
}

static void test_add(void **state)
{
    auto_buf struct buf buf = {0};

    (void)state;
    buf_add(&buf, NULL, 0);
    assert_string_equal(buf_text(&buf), "");
    buf_adds(&buf, "one ");
    buf_addf(&buf, "%d %s", 2, "three");
    buf_add(&buf, "\0x", 2);
    assert_int_equal(buf.len, 13);
    assert_memory_equal(buf.data, "one 2 three\0x", 14);
    buf_drop(&buf, 0);
    buf_drop(&buf, 4);
    assert_string_equal(buf.data, "2 three");
    buf_drop(&buf, buf.len);
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf.data, "");
}

static void test_reset(void **state)
{
    struct buf buf = {0};

    (void)state;
    buf_reset(&buf);
    buf_drop(&buf, 0);
    buf_adds(&buf, "text");
    buf_reset(&buf);
    assert_string_equal(buf_text(&buf), "");
    assert_true(buf.cap > 0);
    buf_release(&buf);
    assert_null(buf.data);
    buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
