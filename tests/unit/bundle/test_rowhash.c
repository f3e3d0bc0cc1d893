/* Tests of bundle/rowhash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "bundle/rowhash.h"

static const char text[] = "abc\n\n1\tone\\ntwo\nabc\n";

static void known_values(void **state)
{
    struct rowhash hash = {0};
    char hex[ROWHASH_DIGITS + 1];

    (void)state;
    rowhash_hex(&hash, hex);
    assert_string_equal(hex, "00000000000000000000000000000000");
    rowhash_line(&hash, "abc", 3); /* as `printf abc | xxhsum -H2` prints it */
    rowhash_hex(&hash, hex);
    assert_string_equal(hex, "06b05ab6733a618578af5f94892f3950");
    assert_int_equal(hash.rows, 1);
}

static void order_and_cuts_do_not_matter(void **state)
{
    const size_t n = strlen(text);
    struct rowhash whole = {0}, shuffled = {0};

    (void)state;
    assert_int_equal(rowhash_text(&whole, text, n), n);
    assert_int_equal(whole.rows, 4);
    rowhash_line(&shuffled, "1\tone\\ntwo", 10);
    rowhash_line(&shuffled, "abc", 3);
    rowhash_line(&shuffled, "abc", 3);
    rowhash_line(&shuffled, "", 0);
    assert_memory_equal(&whole, &shuffled, sizeof whole);
    for (size_t cut = 0; cut <= n; cut++) {
        struct rowhash first = {0}, second = {0};
        size_t used = rowhash_text(&first, text, cut);

        assert_true(used <= cut);
        assert_int_equal(rowhash_text(&second, text + used, n - used), n - used);
        rowhash_merge(&first, &second);
        assert_memory_equal(&whole, &first, sizeof whole);
    }
}

/* A sum, so that a row that stands twice is not one that stands nowhere. */
static void every_change_shows(void **state)
{
    static const char *const others[] = {
        "abc\n\n1\tone\\ntwo\n",                                      /* a row less */
        "abc\n\n1\tone\\ntwo\nabc\nabc\n",                            /* one more */
        "abc\n\n1\tone\\ntwo\nabd\n", "abc\n1\tone\\ntwo\nabc\n \n", /* other rows */
    };
    struct rowhash hash = {0};

    (void)state;
    rowhash_text(&hash, text, strlen(text));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct rowhash other = {0};

        rowhash_text(&other, others[i], strlen(others[i]));
        assert_true(other.low != hash.low && other.high != hash.high);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(order_and_cuts_do_not_matter),
        cmocka_unit_test(every_change_shows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
