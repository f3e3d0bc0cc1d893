/* Tests of bundle/chunk: rows in, whole rows out, whatever the sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bundle/chunk.h"
#include "bundle/rowtext.h"
#include "membundle.h"

enum { OID = 4711 };

static unsigned next(void *arg)
{
    unsigned *count = arg;

    return (*count)++;
}

static struct bundle_writer *begin(struct memfile *file)
{
    const struct bundle_out out = memfile_out(file);
    struct bundle_writer *writer = NULL;
    struct err err = ERR_INIT;

    assert_int_equal(bundle_create(&out, 1, 0, &writer, &err), 0);
    assert_int_equal(bundle_put(writer, "meta.json", "{}", 2, false, &err), 0);
    return writer;
}

/* The text of a row: ${n} bytes with the newline, which do not compress well. */
static void make_row(char *row, size_t n, uint32_t seed)
{
    memfile_noise((unsigned char *)row, n, seed);
    for (size_t i = 0; i < n; i++)
        row[i] = (char)(' ' + (unsigned char)row[i] % 95);
    row[n - 1] = '\n';
}

static void add_rows(struct chunk *chunk, size_t rows, size_t n, uint32_t seed, struct buf *all)
{
    char *auto_free row = mem_alloc(n);
    struct err err = ERR_INIT;

    for (size_t i = 0; i < rows; i++) {
        make_row(row, n, seed + (uint32_t)i);
        assert_int_equal(chunk_row(chunk, row, n, &err), 0);
        buf_add(all, row, n);
    }
}

/* All chunks of the bundle one after the other are what went in; each ends with a row's end. */
static void expect_chunks(struct memfile *file, const struct buf *all, unsigned count,
                          int64_t most_bytes)
{
    const struct bundle_in in = memfile_in(file);
    struct arena *arena = arena_new();
    struct buf auto_buf text = {0};
    struct err err = ERR_INIT;
    struct bundle bundle;
    unsigned found = 0;

    assert_int_equal(bundle_open(&in, arena, &bundle, &err), 0);
    assert_int_equal(bundle_verify(&bundle, 2, NULL, NULL, &err), 0);
    for (size_t i = 0; i < bundle.n_members; i++) {
        struct bundle_stream *stream = NULL;
        char name[64];
        unsigned number;
        uint32_t oid;
        ssize_t n;

        if (!bundle_chunk_of(&bundle.members[i], &oid, &number))
            continue;
        assert_int_equal(oid, OID);
        assert_int_equal(number, found++);
        assert_true(bundle.members[i].size_bytes <= most_bytes);
        snprintf(name, sizeof name, "data/%u.%04u.copy", OID, number);
        assert_int_equal(bundle_read_open(&bundle, name, &stream, &err), 0);
        do {
            buf_reserve(&text, 65536);
            n = bundle_read(stream, text.data + text.len, 65536, &err);
            assert_true(n >= 0);
            text.len += (size_t)n;
        } while (n > 0);
        bundle_read_close(stream);
        assert_int_equal(text.data[text.len - 1], '\n');
    }
    assert_int_equal(found, count);
    assert_int_equal(text.len, all->len);
    assert_true(all->len == 0 || memcmp(text.data, all->data, all->len) == 0);
    arena_free(arena);
}

static void finish(struct bundle_writer *writer)
{
    const struct bundle_table table = {
        .schema = "s", .name = "t", .rows = -1, .hash = "", .copy = "s.t (a)", .oid = OID};
    struct err err = ERR_INIT;
    int64_t raw, bytes;

    bundle_table(writer, &table);
    assert_int_equal(bundle_finish(writer, &raw, &bytes, &err), 0);
}

static void many_rows_make_several_chunks(void **state)
{
    struct memfile file = {0};
    struct bundle_writer *writer = begin(&file);
    struct chunk *chunk = chunk_new(writer, 1, CHUNK_BYTES_MIN);
    struct rowtext *rows = rowtext_new();
    struct buf auto_buf all = {0};
    struct err err = ERR_INIT;
    unsigned count = 0;

    (void)state;
    chunk_begin(chunk, true, OID, next, &count);
    add_rows(chunk, 40000, 101, 1, &all);
    assert_true(chunk_stored(chunk)->rows > 0 && chunk_stored(chunk)->rows < 40000);
    assert_int_equal(chunk_end(chunk, &err), 0);
    assert_true(count >= 3);
    rowtext_add(rows, all.data, all.len);
    assert_memory_equal(rowtext_rows(rows), chunk_taken(chunk), sizeof(struct rowhash));
    assert_memory_equal(rowtext_rows(rows), chunk_stored(chunk), sizeof(struct rowhash));
    rowtext_free(rows);
    chunk_free(chunk);
    finish(writer);
    expect_chunks(&file, &all, count, CHUNK_BYTES_MIN + 300 * 1024);
    buf_release(&file.bytes);
}

/* Rows around and above the size of every buffer. */
static void large_rows_stay_whole(void **state)
{
    static const size_t sizes[] = {1,       2,       262143,  262144,  262145,
                                   1048575, 1048577, 5000000, 1};
    struct memfile file = {0};
    struct bundle_writer *writer = begin(&file);
    struct chunk *chunk = chunk_new(writer, 1, CHUNK_BYTES_MIN);
    struct buf auto_buf all = {0};
    struct err err = ERR_INIT;
    unsigned count = 0;

    (void)state;
    chunk_begin(chunk, true, OID, next, &count);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        add_rows(chunk, 1, sizes[i], (uint32_t)i, &all);
    assert_int_equal(chunk_end(chunk, &err), 0);
    assert_int_equal(chunk_taken(chunk)->rows, 9);
    chunk_free(chunk);
    finish(writer);
    expect_chunks(&file, &all, count, 8 * 1024 * 1024);
    buf_release(&file.bytes);
}

/* What was not handed over when a session was lost is not in the bundle, and the rest goes on. */
static void a_new_beginning_drops_what_is_undone(void **state)
{
    struct memfile file = {0};
    struct bundle_writer *writer = begin(&file);
    struct chunk *chunk = chunk_new(writer, 1, CHUNK_BYTES_MIN);
    struct buf auto_buf all = {0}, lost = {0};
    struct err err = ERR_INIT;
    unsigned count = 0;
    int64_t stored;

    (void)state;
    chunk_begin(chunk, true, OID, next, &count);
    add_rows(chunk, 20000, 101, 1, &all);
    stored = chunk_stored(chunk)->rows;
    assert_true(stored > 0 && stored < 20000);
    all.len = (size_t)stored * 101;
    chunk_begin(chunk, true, OID, next, &count);
    assert_int_equal(chunk_taken(chunk)->rows, 0);
    add_rows(chunk, 10, 50, 7, &all);
    assert_int_equal(chunk_end(chunk, &err), 0);
    chunk_begin(chunk, false, OID, next, &count); /* only hashed */
    add_rows(chunk, 10, 50, 7, &lost);
    assert_int_equal(chunk_end(chunk, &err), 0);
    assert_int_equal(chunk_taken(chunk)->rows, 10);
    chunk_begin(chunk, true, OID, next, &count); /* no rows, no chunk */
    assert_int_equal(chunk_end(chunk, &err), 0);
    chunk_free(chunk);
    finish(writer);
    expect_chunks(&file, &all, count, CHUNK_BYTES_MIN + 300 * 1024);
    buf_release(&file.bytes);
}

static void failures_are_told(void **state)
{
    struct memfile file = {0};
    struct bundle_writer *writer = begin(&file);
    struct chunk *chunk = chunk_new(writer, 1, CHUNK_BYTES_MIN);
    struct err err = ERR_INIT;
    unsigned count = 0;

    (void)state;
    chunk_begin(chunk, true, OID, next, &count);
    assert_int_equal(chunk_row(chunk, "cut", 3, &err), -1);
    err_clear(&err);
    file.fail_after = file.bytes.len + 10;
    assert_int_equal(chunk_row(chunk, "a row\n", 6, &err), 0);
    assert_int_equal(chunk_end(chunk, &err), -1);
    assert_non_null(strstr(err.primary, "the store is full"));
    chunk_free(chunk);
    bundle_abandon(writer);
    buf_release(&file.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_rows_make_several_chunks),
        cmocka_unit_test(large_rows_stay_whole),
        cmocka_unit_test(a_new_beginning_drops_what_is_undone),
        cmocka_unit_test(failures_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
