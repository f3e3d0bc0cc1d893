/* Tests of bundle_open and bundle_verify: no damage goes unnoticed, and none does harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/proc.h"
#include "bundle/chunk.h"
#include "membundle.h"

enum { PART = 16 * 1024 * 1024 };

static struct memfile whole; /* a small bundle */
static struct memfile copy;
static struct arena *arena;

static void build(struct memfile *file, size_t noise, const char *meta)
{
    struct bundle_out out = memfile_out(file);
    struct bundle_writer *writer = NULL;
    unsigned char *data = mem_alloc(noise);
    struct err err = ERR_INIT;
    int64_t raw, bytes;

    memfile_noise(data, noise, 7);
    assert_int_equal(bundle_create(&out, 3, 0, &writer, &err), 0);
    assert_int_equal(bundle_put(writer, "meta.json", meta, strlen(meta), false, &err), 0);
    assert_int_equal(bundle_put(writer, "globals.sql", "CREATE ROLE a;\n", 15, true, &err), 0);
    assert_int_equal(bundle_begin(writer, "main.dump", &err), 0);
    assert_int_equal(bundle_write(writer, data, noise, &err), 0);
    assert_int_equal(bundle_end(writer, &err), 0);
    bundle_table(writer, &(struct bundle_table){"public", "orders", 3, NULL, NULL, 0});
    assert_int_equal(bundle_finish(writer, &raw, &bytes, &err), 0);
    mem_free(data);
}

static int check(struct memfile *file, struct err *err)
{
    struct arena *scratch = arena_new();
    struct bundle_in in = memfile_in(file);
    struct bundle bundle;
    int rc = bundle_open(&in, scratch, &bundle, err);

    if (rc == 0)
        rc = bundle_verify(&bundle, 3, NULL, NULL, err);
    arena_free(scratch);
    return rc;
}

static void restore_copy(const struct memfile *from)
{
    buf_reset(&copy.bytes);
    buf_add(&copy.bytes, from->bytes.data, from->bytes.len);
}

/* ${copy} is damaged: it must be refused, with a member's name in the message. */
static void expect_refusal(const char *what, size_t at)
{
    struct err err = ERR_INIT;

    if (check(&copy, &err) == 0)
        fail_msg("%s at byte %zu of %zu went unnoticed", what, at, copy.bytes.len);
    assert_int_equal(err.code, ERR_PREPARE);
    assert_int_equal(err.detail[0], '\0');
    if (strchr(err.primary, '"') == NULL)
        fail_msg("%s at byte %zu: no member is named: %s", what, at, err.primary);
}

static void the_whole_one_passes(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    if (check(&whole, &err) < 0)
        fail_msg("%s", err.primary);
}

/* Every byte of the file, one bit each: headers, padding and the end included. */
static void every_flipped_byte_is_noticed(void **state)
{
    unsigned int seed = 42;

    (void)state;
    restore_copy(&whole);
    for (size_t i = 0; i < whole.bytes.len; i++) {
        char bit = (char)(1 << (rand_r(&seed) % 8));

        copy.bytes.data[i] ^= bit;
        expect_refusal("a flipped bit", i);
        copy.bytes.data[i] ^= bit;
    }
}

static void random_flips_are_noticed(void **state)
{
    unsigned int seed = 4711;

    (void)state;
    for (int round = 0; round < 200; round++) {
        size_t at = 0;

        restore_copy(&whole);
        for (int flips = 1 + rand_r(&seed) % 4; flips > 0; flips--) {
            at = (size_t)rand_r(&seed) % whole.bytes.len;
            copy.bytes.data[at] ^= (char)(1 << (rand_r(&seed) % 8));
        }
        if (memcmp(copy.bytes.data, whole.bytes.data, whole.bytes.len) != 0)
            expect_refusal("flipped bits", at);
    }
}

static void every_truncation_is_noticed(void **state)
{
    (void)state;
    restore_copy(&whole);
    while (copy.bytes.len > 0) {
        copy.bytes.len--;
        expect_refusal("a cut", copy.bytes.len);
    }
}

/* The input claims more than it gives. */
static void a_shrinking_input_is_noticed(void **state)
{
    struct bundle_in in = memfile_in(&whole);
    struct bundle bundle;
    struct err err = ERR_INIT;
    size_t len = whole.bytes.len;

    (void)state;
    assert_int_equal(bundle_open(&in, arena, &bundle, &err), 0);
    whole.bytes.len = (size_t)bundle.members[4].offset + 10;
    assert_int_equal(bundle_verify(&bundle, 3, NULL, NULL, &err), -1);
    whole.bytes.len = len;
    assert_string_equal(err.primary, "the snapshot is cut off in member \"main.dump.zst.000000\"");
}

static void appended_bytes_are_noticed(void **state)
{
    (void)state;
    for (size_t n = 1; n < 3000; n += 511) {
        restore_copy(&whole);
        for (size_t i = 0; i < n; i++)
            buf_addc(&copy.bytes, n % 2 ? '\0' : 'x');
        expect_refusal("appended bytes", whole.bytes.len);
    }
    restore_copy(&whole);
    buf_add(&copy.bytes, whole.bytes.data, whole.bytes.len);
    expect_refusal("an appended snapshot", whole.bytes.len);
}

/* Members of ${file}, found by the reader while it is whole. */
static struct bundle opened(struct memfile *file)
{
    struct bundle_in in = memfile_in(file);
    struct bundle bundle;
    struct err err = ERR_INIT;

    assert_int_equal(bundle_open(&in, arena, &bundle, &err), 0);
    return bundle;
}

static size_t blocks(const struct bundle_member *member)
{
    return 512 + ((size_t)member->size_bytes + 511) / 512 * 512;
}

/* Copy ${file} with its members in another order; an index that is out of range leaves it out. */
static void reorder(struct memfile *file, const struct bundle *bundle, const size_t *order, size_t n)
{
    buf_reset(&copy.bytes);
    for (size_t i = 0; i < n; i++)
        if (order[i] < bundle->n_members)
            buf_add(&copy.bytes, file->bytes.data + bundle->members[order[i]].offset - 512,
                    blocks(&bundle->members[order[i]]));
    for (int i = 0; i < 1024; i++)
        buf_addc(&copy.bytes, '\0');
}

static void moved_members_are_noticed(void **state)
{
    struct bundle bundle = opened(&whole);
    size_t order[8];
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(bundle.n_members, 7);
    for (size_t i = 0; i < 7; i++)
        order[i] = i;
    reorder(&whole, &bundle, order, 7);
    assert_int_equal(check(&copy, &err), 0); /* the helper changes nothing by itself */
    for (size_t i = 0; i < 7; i++)
        for (size_t j = i + 1; j < 7; j++) {
            order[i] = j;
            order[j] = i;
            reorder(&whole, &bundle, order, 7);
            expect_refusal("a swap", i);
            order[i] = i;
            order[j] = j;
        }
    for (size_t i = 0; i < 7; i++) {
        order[i] = 99;
        reorder(&whole, &bundle, order, 7);
        expect_refusal("a missing member", i);
        order[i] = i;
    }
    for (size_t i = 0; i < 7; i++) {
        memmove(order + i + 1, order + i, (7 - i) * sizeof *order);
        reorder(&whole, &bundle, order, 8);
        expect_refusal("a doubled member", i);
        memmove(order + i, order + i + 1, (7 - i) * sizeof *order);
    }
}

/* Parts of equal size: content swapped under the same names, and moved with their names. */
static void swapped_parts_are_noticed(void **state)
{
    struct memfile large = {0};
    struct bundle bundle;
    struct err err = ERR_INIT;
    char *first, *second, *hold = mem_alloc(512 + PART);

    (void)state;
    build(&large, 2 * PART + 1000, "{}");
    bundle = opened(&large);
    assert_int_equal(check(&large, &err), 0);
    assert_int_equal(bundle.members[5].size_bytes, PART);
    first = large.bytes.data + bundle.members[4].offset;
    second = large.bytes.data + bundle.members[5].offset;
    memcpy(hold, first, PART);
    memcpy(first, second, PART);
    memcpy(second, hold, PART);
    assert_int_equal(check(&large, &err), -1);
    assert_non_null(strstr(err.primary, "\"main.dump.zst.000000\""));
    memcpy(hold, first - 512, 512);
    memcpy(first - 512, second - 512, 512);
    memcpy(second - 512, hold, 512);
    err_clear(&err);
    assert_int_equal(check(&large, &err), -1);
    assert_string_equal(err.primary, "the snapshot has member \"main.dump.zst.000001\" where its "
                                     "manifest has \"main.dump.zst.000000\"");
    buf_release(&large.bytes);
    mem_free(hold);
}

/* The index of another snapshot is whole in itself, but not that of these members. */
static void a_foreign_manifest_is_noticed(void **state)
{
    struct memfile other = {0};
    struct bundle mine = opened(&whole), theirs;

    (void)state;
    build(&other, 5000, "{\"other\": true}");
    theirs = opened(&other);
    buf_reset(&copy.bytes);
    buf_add(&copy.bytes, whole.bytes.data, (size_t)mine.members[5].offset - 512);
    buf_add(&copy.bytes, other.bytes.data + theirs.members[5].offset - 512,
            other.bytes.len - (size_t)theirs.members[5].offset + 512);
    expect_refusal("a foreign manifest", (size_t)mine.members[5].offset);
    buf_release(&other.bytes);
}

/* Give the header at ${at} of ${copy} a right checksum. */
static void seal(size_t at)
{
    unsigned char *header = (unsigned char *)copy.bytes.data + at;
    unsigned int sum = 0;

    memset(header + 148, ' ', 8);
    for (int i = 0; i < 512; i++)
        sum += header[i];
    snprintf((char *)header + 148, 7, "%06o", sum);
}

static void hostile_headers_are_refused(void **state)
{
    static const struct {
        size_t field;
        const char *value;
        size_t n;
    } cases[] = {
        {124, "77777777777", 12},             /* 8 GiB in a file of some KiB */
        {124, "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12}, /* a binary size */
        {124, "           ", 12},             /* none */
        {124, "-0000000001", 12},
        {156, "5", 1},                        /* a folder */
        {156, "2", 1},                        /* a symbolic link */
        {156, "x", 1},                        /* a pax header */
        {156, "L", 1},                        /* a GNU long name */
        {0, "/etc/passwd", 12},
        {0, "../../escape", 13},
        {0, "", 1},
        {345, "prefix", 7},
        {257, "ustar  ", 8},
    };
    struct bundle bundle = opened(&whole);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t member = 0; member < bundle.n_members; member++) {
            size_t at = (size_t)bundle.members[member].offset - 512;

            restore_copy(&whole);
            memcpy(copy.bytes.data + at + cases[i].field, cases[i].value, cases[i].n);
            seal(at);
            expect_refusal("a hostile header", at);
        }
    restore_copy(&whole);
    seal(0);
    assert_memory_equal(copy.bytes.data, whole.bytes.data, whole.bytes.len);
}

static void other_files_are_refused(void **state)
{
    static const char *const texts[] = {"", "x", "PGDMP and so on"};
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        buf_reset(&copy.bytes);
        buf_adds(&copy.bytes, texts[i]);
        err_clear(&err);
        assert_int_equal(check(&copy, &err), -1);
    }
    buf_reset(&copy.bytes);
    for (int i = 0; i < 10240; i++)
        buf_addc(&copy.bytes, '\0');
    assert_int_equal(check(&copy, &err), -1);
    copy.bytes.len = 1024; /* an empty tar */
    err_clear(&err);
    assert_int_equal(check(&copy, &err), -1);
    assert_string_equal(err.primary,
                        "the file is no whole snapshot: member \"RESTORE.md\" is not in its place");
}

static ssize_t failing_read(void *arg, int64_t offset, void *data, size_t cap, struct err *err)
{
    (void)arg, (void)offset, (void)data, (void)cap;
    return err_set(err, ERR_PREPARE, "connection lost");
}

static void a_failing_input_is_reported(void **state)
{
    struct bundle_in in = {failing_read, 100000, NULL};
    struct bundle bundle = opened(&whole);
    struct bundle_stream *stream;
    struct err err = ERR_INIT;
    char data[10];

    (void)state;
    assert_int_equal(bundle_read_open(&bundle, "main.dump", &stream, &err), 0);
    bundle.in = in;
    assert_int_equal(bundle_read(stream, data, sizeof data, &err), -1);
    assert_string_equal(err.primary, "could not read member \"main.dump.zst.000000\" of the "
                                     "snapshot: connection lost");
    bundle.in = memfile_in(&whole);
    err_clear(&err);
    assert_int_equal(bundle_read(stream, data, sizeof data, &err), -1); /* stays failed */
    bundle_read_close(stream);
    err_clear(&err);
    assert_int_equal(bundle_open(&in, arena, &bundle, &err), -1);
    assert_non_null(strstr(err.primary, "connection lost"));
}

static int setup(void **state)
{
    (void)state;
    build(&whole, 1500, "{\"environment\": \"production\"}");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_release(&whole.bytes);
    buf_release(&copy.bytes);
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int clean(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh, clean)

static unsigned next_chunk(void *arg)
{
    return (*(unsigned *)arg)++;
}

/* Rows as long as several reads, and one of no column; ${rows} and ${hash} NULL: what they are. 0: it passes. */
static int check_rows(bool store, int64_t rows, const char *hash, struct err *err)
{
    struct memfile file = {0};
    struct bundle_out out = memfile_out(&file);
    struct bundle_table table = {.schema = "s", .name = "t", .copy = "s.t (a)", .oid = 7};
    struct bundle_writer *writer = NULL;
    char hex[ROWHASH_DIGITS + 1];
    struct chunk *chunk;
    unsigned count = 0;
    int64_t raw, bytes;
    int rc;

    assert_int_equal(bundle_create(&out, 1, 0, &writer, err), 0);
    assert_int_equal(bundle_put(writer, "meta.json", "{}", 2, false, err), 0);
    chunk = chunk_new(writer, 1, CHUNK_BYTES_MIN);
    chunk_begin(chunk, store, 7, next_chunk, &count);
    for (size_t i = 0; i < 40; i++) {
        size_t n = 1 + i * 37 * 1000;
        unsigned char *line = mem_alloc(n);

        memfile_noise(line, n, (unsigned)i + 1);
        for (size_t at = 0; at < n; at++)
            line[at] = (unsigned char)('a' + line[at] % 26);
        line[n - 1] = '\n';
        assert_int_equal(chunk_row(chunk, (const char *)line, n, err), 0);
        mem_free(line);
    }
    assert_int_equal(chunk_end(chunk, err), 0);
    rowhash_hex(chunk_taken(chunk), hex);
    table.rows = rows;
    table.hash = hash != NULL ? hash : hex;
    bundle_table(writer, &table);
    chunk_free(chunk);
    assert_int_equal(bundle_finish(writer, &raw, &bytes, err), 0);
    assert_true(!store || count > 3);
    rc = check(&file, err);
    buf_release(&file.bytes);
    return rc;
}

static void rows_in_chunks_are_those_of_the_manifest(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    if (check_rows(true, 40, NULL, &err) < 0)
        fail_msg("%s", err.primary);
    assert_int_equal(check_rows(true, -1, "", &err), 0);
    assert_int_equal(check_rows(true, 41, NULL, &err), -1);
    assert_int_equal(err.code, ERR_PREPARE);
    assert_string_equal(err.primary,
                        "table \"s.t\" has 40 rows in the snapshot where its manifest has 41");
    err_clear(&err);
    assert_int_equal(check_rows(true, 40, "00000000000000000000000000000001", &err), -1);
    assert_non_null(strstr(err.primary, "has other rows in the snapshot than its manifest says"));
    err_clear(&err);
    assert_int_equal(check_rows(false, 40, NULL, &err), -1); /* no chunk at all */
    assert_non_null(strstr(err.primary, "has 0 rows in the snapshot"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_whole_one_passes),
        TEST(rows_in_chunks_are_those_of_the_manifest),
        TEST(every_flipped_byte_is_noticed),
        TEST(random_flips_are_noticed),
        TEST(every_truncation_is_noticed),
        TEST(a_shrinking_input_is_noticed),
        TEST(appended_bytes_are_noticed),
        TEST(moved_members_are_noticed),
        TEST(swapped_parts_are_noticed),
        TEST(a_foreign_manifest_is_noticed),
        TEST(hostile_headers_are_refused),
        TEST(other_files_are_refused),
        TEST(a_failing_input_is_reported),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
