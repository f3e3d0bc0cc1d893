/* Tests of bundle/rowhash and bundle/rowtext. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "bundle/rowtext.h"

static const char text[] = "abc\n\n1\tone\\ntwo\nabc\n";

/* The rows of ${data}, given in two pieces. */
static struct rowhash rows_of(const char *data, size_t cut, bool whole, bool marked)
{
    struct rowtext *taken = rowtext_new();
    struct rowhash rows;

    rowtext_add(taken, "of another text", 15);
    rowtext_begin(taken);
    rowtext_add(taken, data, cut);
    rowtext_add(taken, data + cut, strlen(data) - cut);
    rows = *rowtext_rows(taken);
    assert_int_equal(rowtext_whole(taken), whole);
    assert_int_equal(rowtext_marked(taken), marked);
    rowtext_free(taken);
    return rows;
}

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
    struct rowhash whole = {0};

    (void)state;
    rowhash_line(&whole, "1\tone\\ntwo", 10);
    rowhash_line(&whole, "abc", 3);
    rowhash_line(&whole, "abc", 3);
    rowhash_line(&whole, "", 0);
    for (size_t cut = 0; cut <= n; cut++) {
        struct rowhash rows = rows_of(text, cut, true, false);

        assert_memory_equal(&whole, &rows, sizeof whole);
    }
}

/* What pg_dump writes behind the rows is no row, and nothing may follow. */
static void an_end_mark_is_no_row(void **state)
{
    static const char marked[] = "abc\n\n1\tone\\ntwo\nabc\n\\.\n\n\n";
    static const char behind[] = "abc\n\n1\tone\\ntwo\nabc\n\\.\n\nabc\n";
    const struct rowhash whole = rows_of(text, 0, true, false);

    (void)state;
    for (size_t cut = 0; cut <= strlen(marked); cut++) {
        struct rowhash rows = rows_of(marked, cut, true, true);

        assert_memory_equal(&whole, &rows, sizeof whole);
    }
    for (size_t cut = 0; cut <= strlen(behind); cut++)
        rows_of(behind, cut, false, true);
    rows_of("abc\ncut off", 6, false, false);
    assert_int_equal(rows_of("\\.x\n.\n\\\n", 1, true, false).rows, 3);
}

/* A sum, so that a row that stands twice is not one that stands nowhere. */
static void every_change_shows(void **state)
{
    static const char *const others[] = {
        "abc\n\n1\tone\\ntwo\n",                                      /* a row less */
        "abc\n\n1\tone\\ntwo\nabc\nabc\n",                            /* one more */
        "abc\n\n1\tone\\ntwo\nabd\n", "abc\n1\tone\\ntwo\nabc\n \n", /* other rows */
    };
    const struct rowhash hash = rows_of(text, 0, true, false);

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const struct rowhash other = rows_of(others[i], 0, true, false);

        assert_true(other.low != hash.low && other.high != hash.high);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(order_and_cuts_do_not_matter),
        cmocka_unit_test(an_end_mark_is_no_row),
        cmocka_unit_test(every_change_shows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
