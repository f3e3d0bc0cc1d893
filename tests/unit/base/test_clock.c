/* test_clock - time and sizes for people and for names. */
#include "basetest.h"

#include "base/clock.h"

static void test_iso(void **state)
{
    char out[32];

    (void)state;
    assert_string_equal(clock_iso(0, out), "1970-01-01T00:00:00Z");
    assert_string_equal(clock_iso(1769867110, out), "2026-01-31T13:45:10Z");
    assert_string_equal(clock_compact(1769867110, out), "20260131T134510Z");
    assert_string_equal(clock_iso(INT64_MAX, out), "?");
}

static void test_parse(void **state)
{
    static const char *const wrong[] = {
        "",
        "2026",
        "2026-01-31",
        "2026-01-31T13:45:10",
        "2026-01-31T13:45:10Zx",
        "2026-0131T13:45:10Z",
        "20260131T13:45:10Z",
        "2026-02-31T13:45:10Z",
        "2026-13-01T00:00:00Z",
        "2026-01-31T25:00:00Z",
        "2026-01-31T13:60:10Z",
        "2026-00-10T00:00:00Z",
        "2026-01-31 13:45:10Z",
        "-026-01-31T13:45:10Z",
        "1900-01-01T00:00:00Z",
    };

    (void)state;
    assert_int_equal(clock_parse("2026-01-31T13:45:10Z"), 1769867110);
    assert_int_equal(clock_parse("20260131T134510Z"), 1769867110);
    assert_int_equal(clock_parse("2024-02-29T00:00:00Z"), 1709164800);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (clock_parse(wrong[i]) != -1)
            fail_msg("\"%s\" was read as a time", wrong[i]);
}

static void test_span(void **state)
{
    char out[32];

    (void)state;
    assert_string_equal(clock_span(0, out), "0 ms");
    assert_string_equal(clock_span(-5, out), "0 ms");
    assert_string_equal(clock_span(850, out), "850 ms");
    assert_string_equal(clock_span(12345, out), "12.3 s");
    assert_string_equal(clock_span(59999, out), "59.9 s");
    assert_string_equal(clock_span(245000, out), "4 min 05 s");
    assert_string_equal(clock_span((2 * 3600 + 10 * 60) * 1000, out), "2 h 10 min");
}

static void test_age(void **state)
{
    char out[32];

    (void)state;
    assert_string_equal(clock_age(1000, 1000, out), "just now");
    assert_string_equal(clock_age(1059, 1000, out), "just now");
    assert_string_equal(clock_age(1060, 1000, out), "in the future");
    assert_string_equal(clock_age(1000, 1060, out), "1 minute ago");
    assert_string_equal(clock_age(1000, 1000 + 3 * 60, out), "3 minutes ago");
    assert_string_equal(clock_age(1000, 1000 + 7200, out), "2 hours ago");
    assert_string_equal(clock_age(1000, 1000 + 86400, out), "1 day ago");
    assert_string_equal(clock_age(0, 400 * 86400, out), "1 year ago");
}

static void test_size(void **state)
{
    char out[32];

    (void)state;
    assert_string_equal(size_text(0, out), "0 B");
    assert_string_equal(size_text(1023, out), "1023 B");
    assert_string_equal(size_text(1024, out), "1.0 KiB");
    assert_string_equal(size_text(1024 * 1024 - 1, out), "1.0 MiB");
    assert_string_equal(size_text(3565158, out), "3.4 MiB");
    assert_string_equal(size_text(INT64_MAX, out), "8.0 EiB");
    assert_string_equal(size_text(-1, out), "-1 B");
}

static void test_sleep(void **state)
{
    int64_t before = clock_mono_ms();

    (void)state;
    clock_sleep_ms(0);
    clock_sleep_ms(-10);
    clock_sleep_ms(150);
    assert_in_range(clock_mono_ms() - before, 150, 5000);
    assert_true(clock_now() > 1700000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iso), cmocka_unit_test(test_parse), cmocka_unit_test(test_span),
        cmocka_unit_test(test_age), cmocka_unit_test(test_size),  cmocka_unit_test(test_sleep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
