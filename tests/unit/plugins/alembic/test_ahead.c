/* Many files, read ahead: in their order, all of them, each with its own outcome. */
#include "basetest.h"

#include <errno.h>
#include <sys/stat.h>

#include "alembic/ahead.h"

enum { FILES = 700, MOST = 4096 }; /* more than the readers may be ahead */

static char *dir;
static char paths_text[FILES][256];
static const char *paths[FILES];

static void put(size_t n, const char *text)
{
    FILE *file = fopen(paths[n], "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int setup(void **state)
{
    (void)state;
    dir = basetest_dir();
    for (size_t i = 0; i < FILES; i++) {
        char text[128];

        snprintf(paths_text[i], sizeof paths_text[i], "%s/%s%03zu.py", dir, i % 2 ? "d/" : "", i);
        paths[i] = paths_text[i];
        if (i == 1) {
            char folder[256];

            snprintf(folder, sizeof folder, "%s/d", dir);
            assert_int_equal(mkdir(folder, 0755), 0);
        }
        snprintf(text, sizeof text, "revision = 'r%zu'\ndown_revision = ('a', 'b%zu')\n", i, i);
        put(i, text);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    basetest_dir_remove(dir);
    return 0;
}

static void expect_next(struct ahead *ahead, size_t n)
{
    const struct header *header;
    const struct header_stamp *stamp;
    char id[32], down[32];

    snprintf(id, sizeof id, "r%zu", n);
    snprintf(down, sizeof down, "b%zu", n);
    assert_int_equal(ahead_next(ahead, &header, &stamp), 0);
    assert_string_equal(header_list(header, HEADER_REVISION)[0], id);
    assert_string_equal(header_list(header, HEADER_DOWN)[1], down);
    assert_null(header_list(header, HEADER_DOWN)[2]);
}

static void test_all_in_order(void **state)
{
    const size_t counts[] = {0, 1, 63, 64, 65, 128, 129, 257, FILES};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct ahead *ahead = ahead_open(paths, counts[i], MOST, true);

        for (size_t n = 0; n < counts[i]; n++)
            expect_next(ahead, n);
        ahead_close(ahead);
    }
    ahead_close(NULL);
}

static void test_left_early(void **state)
{
    (void)state;
    for (size_t stop = 0; stop < 300; stop += 37) {
        struct ahead *ahead = ahead_open(paths, FILES, MOST, true);

        for (size_t n = 0; n < stop; n++)
            expect_next(ahead, n);
        ahead_close(ahead);
    }
}

static void test_settled(void **state)
{
    (void)state;
    for (size_t stop = 0; stop < 300; stop += 61) {
        struct ahead *ahead = ahead_open(paths, FILES, MOST, true);

        for (size_t n = 0; n < FILES; n++) {
            if (n == stop)
                ahead_settle(ahead);
            expect_next(ahead, n);
        }
        ahead_settle(ahead);
        ahead_close(ahead);
    }
}

static void expect_failure(struct ahead *ahead, int errnum)
{
    const struct header *header;
    const struct header_stamp *stamp;

    assert_int_equal(ahead_next(ahead, &header, &stamp), -1);
    assert_int_equal(errno, errnum);
}

static void test_outcomes(void **state)
{
    char large[MOST + 2];
    const struct header *header;
    const struct header_stamp *stamp;
    struct ahead *ahead;

    (void)state;
    memset(large, '#', sizeof large);
    large[sizeof large - 1] = '\0';
    put(0, large);
    put(1, "revision = f'{x}'\n");
    assert_int_equal(unlink(paths[2]), 0);
    assert_int_equal(unlink(paths[3]) || mkdir(paths[3], 0755), 0);
    assert_int_equal(unlink(paths[4]) || mkfifo(paths[4], 0644), 0);
    put(5, "");
    ahead = ahead_open(paths, FILES, MOST, true);
    expect_failure(ahead, EFBIG);
    assert_int_equal(ahead_next(ahead, &header, &stamp), 1);
    assert_string_equal(header->unknown_name, "revision");
    assert_int_equal(header->unknown_line, 1);
    expect_failure(ahead, ENOENT);
    expect_failure(ahead, EISDIR);
    expect_failure(ahead, EINVAL);
    assert_int_equal(ahead_next(ahead, &header, &stamp), 0);
    assert_null(header_list(header, HEADER_REVISION)[0]);
    for (size_t n = 6; n < FILES; n++)
        expect_next(ahead, n);
    ahead_close(ahead);
}

/* Longer than one read, by one byte and by many. */
static void test_long_files(void **state)
{
    static const size_t lengths[] = {16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 100 * 1000};
    const size_t n = sizeof lengths / sizeof *lengths;
    struct ahead *ahead;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        char *text = mem_alloc(lengths[i] + 1), end[64];
        int tail = snprintf(end, sizeof end, "\nrevision = 'r%zu'\ndown_revision = 'a', 'b%zu'", 6 + i,
                            6 + i);

        memset(text, '#', lengths[i]);
        memcpy(text + lengths[i] - (size_t)tail, end, (size_t)tail);
        put(6 + i, text);
        mem_free(text);
    }
    ahead = ahead_open(paths + 6, n, 100 * 1000, true);
    for (size_t i = 0; i < n; i++)
        expect_next(ahead, 6 + i);
    ahead_close(ahead);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_in_order),
        cmocka_unit_test(test_left_early),
        cmocka_unit_test(test_settled),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_long_files),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
