/* test_progress - the bar and the line that replaces it. */
#include "basetest.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/progress.h"

static void test_disabled(void **state)
{
    auto_buf struct buf out = {0};

    (void)state;
    progress_enable(0);
    basetest_capture();
    for (int i = 0; i < 1000; i++)
        progress_set("copy", i, 1000, 0);
    progress_end();
    progress_end();
    basetest_captured(&out);
    assert_string_equal(buf_text(&out), "");
}

static void test_bar(void **state)
{
    auto_buf struct buf out = {0};

    (void)state;
    progress_enable(1);
    basetest_capture();
    progress_set("snapshot", 0, 4 * 1024 * 1024, 1);
    clock_sleep_ms(120);
    progress_set("snapshot", 1024 * 1024, 4 * 1024 * 1024, 1);
    progress_set("snapshot", 2 * 1024 * 1024, 4 * 1024 * 1024, 1); /* too soon to be drawn */
    log_info("a message");
    clock_sleep_ms(120);
    progress_set("snapshot", -1, 0, 0);
    clock_sleep_ms(120);
    progress_set("snapshot", 9, 4, 0); /* more than all */
    progress_end();
    log_info("the end");
    basetest_captured(&out);
    progress_enable(0);
    basetest_has(out.data, "\rsnapshot [######..................] 25% 1.0 MiB of 4.0 MiB, ");
    assert_null(strstr(out.data, "50%"));
    basetest_has(out.data, "\r\033[Kdeploy-db: a message\n\rsnapshot: 0, 0/s");
    basetest_has(out.data, "] 100% 9 of 9, ");
    basetest_has(out.data, "\r\033[Kdeploy-db: the end\n");
}

static void test_line_at_the_end(void **state)
{
    auto_buf struct buf out = {0};

    (void)state;
    progress_enable(0);
    basetest_capture();
    progress_set("restore", 10, 0, 0);
    clock_sleep_ms(2050);
    progress_set("restore", 42, 0, 0);
    progress_set("next", 0, 0, 0); /* another work ends the first */
    progress_end();
    basetest_captured(&out);
    basetest_has(buf_text(&out), "deploy-db: restore: 42 in 2.");
    assert_null(strstr(buf_text(&out), "next"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disabled),
        cmocka_unit_test(test_bar),
        cmocka_unit_test(test_line_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
