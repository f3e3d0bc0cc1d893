/* Tests of bundle: what is written, and that a reader gets it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/fs.h"
#include "base/proc.h"
#include "bundle/digest.h"
#include "bundle/rowtext.h"
#include "membundle.h"

#define META "{\"database\": {\"name\": \"shop\", \"encoding\": \"UTF8\"}}"

enum { NOISE = 40 * 1024 * 1024 }; /* three parts */

static struct memfile file;
static unsigned char *noise;
static struct arena *arena;

static struct bundle_writer *begin(void)
{
    struct bundle_out out = memfile_out(&file);
    struct bundle_writer *writer = NULL;
    struct err err = ERR_INIT;

    assert_int_equal(bundle_create(&out, 3, 2, &writer, &err), 0);
    assert_int_equal(bundle_put(writer, "meta.json", META, strlen(META), false, &err), 0);
    return writer;
}

static void end(struct bundle_writer *writer)
{
    struct err err = ERR_INIT;
    int64_t raw, bytes;

    assert_int_equal(bundle_finish(writer, &raw, &bytes, &err), 0);
    assert_int_equal(bytes, file.bytes.len);
}

static void write_noise(struct bundle_writer *writer, const char *name, size_t n)
{
    struct err err = ERR_INIT;

    assert_int_equal(bundle_begin(writer, name, &err), 0);
    for (size_t at = 0; at < n; at += 1000003)
        assert_int_equal(
            bundle_write(writer, noise + at, n - at < 1000003 ? n - at : 1000003, &err), 0);
    assert_int_equal(bundle_end(writer, &err), 0);
}

static void expect_noise(const struct bundle *bundle, const char *name, size_t n)
{
    struct bundle_stream *stream = NULL;
    struct err err = ERR_INIT;
    unsigned char *data = mem_alloc(70000);
    size_t at = 0;
    ssize_t got;

    assert_int_equal(bundle_read_open(bundle, name, &stream, &err), 0);
    while ((got = bundle_read(stream, data, 70000, &err)) > 0) {
        assert_true(at + (size_t)got <= n);
        assert_memory_equal(data, noise + at, got);
        at += (size_t)got;
    }
    assert_int_equal(got, 0);
    assert_int_equal(at, n);
    assert_int_equal(bundle_read(stream, data, 70000, &err), 0);
    bundle_read_close(stream);
    mem_free(data);
}

static void full_round_trip(void **state)
{
    struct bundle_in in;
    struct bundle bundle;
    struct err err = ERR_INIT;
    struct bundle_writer *writer = begin();
    int64_t raw, bytes;

    (void)state;
    assert_int_equal(bundle_put(writer, "globals.sql", "CREATE ROLE a;\n", 15, true, &err), 0);
    write_noise(writer, "main.dump", NOISE);
    write_noise(writer, "data/small", 5);
    write_noise(writer, "empty", 0);
    bundle_table(writer, &(struct bundle_table){"public", "orders", 12, NULL, NULL, 0});
    bundle_table(writer, &(struct bundle_table){"od\"d", "na\tme \xc3\xa9", 0, NULL, NULL, 0});
    bundle_table(writer, &(struct bundle_table){"public", "latin \xe9", 3, NULL, NULL, 0});
    assert_int_equal(bundle_finish(writer, &raw, &bytes, &err), 0);
    assert_int_equal(bytes, file.bytes.len);
    assert_true(raw > NOISE + 15 + 5);

    in = memfile_in(&file);
    assert_int_equal(bundle_open(&in, arena, &bundle, &err), 0);
    assert_string_equal(bundle.meta, META);
    assert_int_equal(bundle.n_members, 11);
    assert_string_equal(bundle.members[0].name, "RESTORE.md");
    assert_string_equal(bundle.members[1].name, "restore.sh");
    assert_string_equal(bundle.members[3].name, "globals.sql.zst");
    assert_int_equal(bundle.members[3].raw_bytes, 15);
    assert_string_equal(bundle.members[4].name, "main.dump.zst.000000");
    assert_int_equal(bundle.members[4].raw_bytes, NOISE);
    assert_int_equal(bundle.members[4].size_bytes, 16 * 1024 * 1024);
    assert_int_equal(bundle.members[5].raw_bytes, 0);
    assert_string_equal(bundle.members[6].name, "main.dump.zst.000002");
    assert_string_equal(bundle.members[7].name, "data/small.zst.000000");
    assert_string_equal(bundle.members[10].name, "SHA256SUMS");
    assert_int_equal(bundle.n_tables, 3);
    assert_string_equal(bundle.tables[1].schema, "od\"d");
    assert_string_equal(bundle.tables[1].name, "na\tme \xc3\xa9");
    assert_string_equal(bundle.tables[2].name, "latin \xe9");
    assert_int_equal(bundle.tables[0].rows, 12);
    assert_int_equal(bundle_verify(&bundle, 3, NULL, NULL, &err), 0);
    expect_noise(&bundle, "main.dump", NOISE);
    expect_noise(&bundle, "data/small", 5);
    expect_noise(&bundle, "empty", 0);
}

/* Four rows in two chunks, each "zstd -c" of its lines. */
static const char *const chunk_text[2] = {"1\tone\n2\ttwo\n3\tthree\n", "4\tfour\n"};

static void write_chunk(struct bundle_writer *writer, unsigned number)
{
    struct err err = ERR_INIT;
    unsigned char packed[256];
    size_t n = ZSTD_compress(packed, sizeof packed, chunk_text[number], strlen(chunk_text[number]),
                             1);

    assert_int_equal(bundle_chunk(writer, 16384, number, packed, n,
                                  (int64_t)strlen(chunk_text[number]), &err), 0);
}

static void *write_first_chunk(void *arg)
{
    write_chunk(arg, 0);
    return NULL;
}

/* Chunks come from other threads, while a long member is being written. */
static void chunks_stand_between_parts(void **state)
{
    struct bundle_in in;
    struct bundle bundle;
    struct err err = ERR_INIT;
    struct bundle_writer *writer = begin();
    struct bundle_stream *stream;
    int64_t raw, bytes;
    pthread_t thread;
    uint32_t oid;
    unsigned number, found = 0;
    struct rowtext *rows = rowtext_new();
    char data[256], hex[ROWHASH_DIGITS + 1];

    (void)state;
    assert_int_equal(bundle_begin(writer, "main.dump", &err), 0);
    assert_int_equal(bundle_write(writer, noise, NOISE / 2, &err), 0);
    assert_int_equal(pthread_create(&thread, NULL, write_first_chunk, writer), 0);
    pthread_join(thread, NULL);
    assert_int_equal(bundle_write(writer, noise + NOISE / 2, NOISE - NOISE / 2, &err), 0);
    write_chunk(writer, 1);
    assert_int_equal(bundle_end(writer, &err), 0);
    rowtext_add(rows, chunk_text[0], strlen(chunk_text[0]));
    rowtext_add(rows, chunk_text[1], strlen(chunk_text[1]));
    rowhash_hex(rowtext_rows(rows), hex);
    rowtext_free(rows);
    bundle_table(writer, &(struct bundle_table){"public", "numbers", 4, hex,
                                                "public.numbers (n, \"as text\")", 16384});
    bundle_table(writer, &(struct bundle_table){"public", "other", 1, NULL, NULL, 0});
    assert_int_equal(bundle_finish(writer, &raw, &bytes, &err), 0);

    in = memfile_in(&file);
    assert_int_equal(bundle_open(&in, arena, &bundle, &err), 0);
    assert_int_equal(bundle_verify(&bundle, 3, NULL, NULL, &err), 0);
    expect_noise(&bundle, "main.dump", NOISE);
    for (size_t i = 0; i < bundle.n_members; i++)
        if (bundle_chunk_of(&bundle.members[i], &oid, &number)) {
            assert_int_equal(oid, 16384);
            found |= 1u << number;
        }
    assert_int_equal(found, 3);
    assert_int_equal(bundle_read_open(&bundle, "data/16384.0001.copy", &stream, &err), 0);
    assert_int_equal(bundle_read(stream, data, sizeof data, &err), strlen(chunk_text[1]));
    assert_memory_equal(data, chunk_text[1], strlen(chunk_text[1]));
    bundle_read_close(stream);
    assert_string_equal(bundle.tables[0].copy, "public.numbers (n, \"as text\")");
    assert_string_equal(bundle.tables[0].hash, hex);
    assert_null(bundle.tables[1].copy);
    assert_string_equal(bundle.tables[1].hash, "");
    assert_non_null(memmem(file.bytes.data, file.bytes.len,
                           "16384\tCOPY public.numbers (n, \"as text\") FROM STDIN\n",
                           strlen("16384\tCOPY public.numbers (n, \"as text\") FROM STDIN\n")));
}

/* Offsets and hashes are those of the bytes in the file. */
static void offsets_are_exact(void **state)
{
    struct bundle_in in;
    struct bundle bundle;
    struct err err = ERR_INIT;
    struct bundle_writer *writer = begin();

    (void)state;
    write_noise(writer, "main.dump", 777);
    end(writer);
    in = memfile_in(&file);
    assert_int_equal(bundle_open(&in, arena, &bundle, &err), 0);
    assert_memory_equal(file.bytes.data + bundle.members[2].offset, META, strlen(META));
    for (size_t i = 0; i < bundle.n_members; i++) {
        char sha256[65];

        digest_of(file.bytes.data + bundle.members[i].offset,
                  (size_t)bundle.members[i].size_bytes, sha256);
        assert_string_equal(sha256, bundle.members[i].sha256);
    }
}

static void last_progress(void *arg, int64_t done, int64_t total)
{
    int64_t *last = arg;

    assert_true(done >= last[0] && done <= total);
    last[0] = done;
    last[1] = total;
}

static void verify_reports_progress(void **state)
{
    struct bundle_in in;
    struct bundle bundle;
    struct err err = ERR_INIT;
    struct bundle_writer *writer = begin();
    int64_t last[2] = {0, 0};

    (void)state;
    write_noise(writer, "main.dump", 3000000);
    end(writer);
    in = memfile_in(&file);
    assert_int_equal(bundle_open(&in, arena, &bundle, &err), 0);
    assert_int_equal(bundle_verify(&bundle, 3, last_progress, last, &err), 0);
    assert_int_equal(last[0], last[1]);
    assert_true(last[0] > 3000000);
}

static void missing_member_is_an_error(void **state)
{
    struct bundle_stream *stream = NULL;
    struct bundle_in in;
    struct bundle bundle;
    struct err err = ERR_INIT;

    (void)state;
    end(begin());
    in = memfile_in(&file);
    assert_int_equal(bundle_open(&in, arena, &bundle, &err), 0);
    assert_int_equal(bundle_read_open(&bundle, "main.dump", &stream, &err), -1);
    assert_string_equal(err.primary, "the snapshot has no member \"main.dump\"");
    assert_null(stream);
}

static void names_are_checked(void **state)
{
    static const char too_long[] = "a2345678901234567890123456789012345678901234567890"
                                   "234567890123456789012345678901234567890";
    static const char *const bad[] = {
        "", "/abs", "../up", "a/../b", ".hidden", "-rf", "a/-b", "dir/", "a//b", "a b", "a\nb",
        "x.zst", "x.zst.000001", "MANIFEST.json", "SHA256SUMS", "meta.json", "restore.sh",
        too_long};
    struct bundle_writer *writer = begin();
    struct err err = ERR_INIT;

    (void)state;
    write_noise(writer, "main.dump", 10);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        err_clear(&err);
        assert_int_equal(bundle_put(writer, bad[i], "x", 1, false, &err), -1);
        assert_int_equal(bundle_begin(writer, bad[i], &err), -1);
        assert_int_equal(err.code, ERR_PREPARE);
    }
    assert_int_equal(bundle_begin(writer, "main.dump", &err), -1);
    end(writer);
}

static void order_of_calls_is_checked(void **state)
{
    struct bundle_writer *writer = begin();
    struct err err = ERR_INIT;
    int64_t raw, bytes;

    (void)state;
    assert_int_equal(bundle_write(writer, "x", 1, &err), -1);
    assert_int_equal(bundle_end(writer, &err), -1);
    err_clear(&err);
    assert_int_equal(bundle_begin(writer, "a", &err), 0);
    assert_int_equal(bundle_begin(writer, "b", &err), -1);
    assert_int_equal(bundle_put(writer, "c", "x", 1, false, &err), -1);
    err_clear(&err);
    assert_int_equal(bundle_finish(writer, &raw, &bytes, &err), -1);
    assert_non_null(strstr(err.primary, "still open"));
}

static void meta_must_be_a_json_object(void **state)
{
    static const char *const bad[] = {"", "[]", "{", "{\"a\":1,\"a\":2}", "{} x", "{\"a\":\"\xff\"}"};
    struct bundle_out out = memfile_out(&file);
    struct bundle_writer *writer = NULL;
    struct err err = ERR_INIT;
    int64_t raw, bytes;

    (void)state;
    assert_int_equal(bundle_create(&out, 3, 0, &writer, &err), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(bundle_put(writer, "meta.json", bad[i], strlen(bad[i]), false, &err), -1);
    err_clear(&err);
    assert_int_equal(bundle_finish(writer, &raw, &bytes, &err), -1);
    assert_string_equal(err.primary, "the snapshot has no \"meta.json\"");
}

/* Whatever byte the output refuses, the failure is reported, once, and nothing follows it. */
static void a_full_store_is_reported(void **state)
{
    (void)state;
    for (size_t limit = 1; limit < 60000; limit += 1777) {
        struct bundle_out out = memfile_out(&file);
        struct bundle_writer *writer = NULL;
        struct err err = ERR_INIT;
        int64_t raw, bytes;
        int rc;

        buf_reset(&file.bytes);
        file.fail_after = limit;
        rc = bundle_create(&out, 3, limit % 3, &writer, &err);
        if (rc == 0)
            rc = bundle_put(writer, "meta.json", META, strlen(META), false, &err);
        if (rc == 0 && (rc = bundle_begin(writer, "main.dump", &err)) == 0 &&
            (rc = bundle_write(writer, noise, 50000, &err)) == 0)
            rc = bundle_end(writer, &err);
        if (rc == 0)
            rc = bundle_finish(writer, &raw, &bytes, &err);
        else
            bundle_abandon(writer);
        assert_int_equal(rc, -1);
        assert_int_equal(err.code, ERR_PREPARE);
        assert_non_null(strstr(err.primary, "the store is full"));
        assert_string_equal(err.detail, "");
        assert_true(file.bytes.len <= limit);
    }
}

static void a_broken_writer_stays_broken(void **state)
{
    struct bundle_writer *writer = begin();
    struct err err = ERR_INIT;
    int64_t raw, bytes;
    size_t len;

    (void)state;
    file.fail_after = file.bytes.len + 100;
    assert_int_equal(bundle_put(writer, "a", noise, 1000, false, &err), -1);
    file.fail_after = 0;
    len = file.bytes.len;
    err_clear(&err);
    assert_int_equal(bundle_put(writer, "b", noise, 10, false, &err), -1);
    assert_non_null(strstr(err.primary, "an earlier write failed"));
    err_clear(&err);
    assert_int_equal(bundle_finish(writer, &raw, &bytes, &err), -1);
    assert_int_equal(file.bytes.len, len);
}

/* tar and sha256sum understand it, and zstd gives the data back. */
static void stock_tools_read_it(void **state)
{
    static const char script[] =
        "set -e; cd \"$1\"; tar -xf file.tar; sha256sum -c SHA256SUMS >/dev/null; "
        "test -x restore.sh; test ! -x meta.json; sh -n restore.sh; "
        "tar --numeric-owner -tvf file.tar main.dump.zst.000002 | grep -q '^-rw------- 0/0 '; "
        "test \"$(tar -tf file.tar | tail -n 1)\" = SHA256SUMS; "
        "cat main.dump.zst.* | zstd -dc | cmp - noise; zstd -dc globals.sql.zst | grep -q CREATE";
    char folder[] = "/tmp/ddb-bundle-XXXXXX";
    struct bundle_writer *writer = begin();
    struct proc_result result;
    struct err err = ERR_INIT;
    struct buf out = {0};

    (void)state;
    assert_int_equal(bundle_put(writer, "globals.sql", "CREATE ROLE a;\n", 15, true, &err), 0);
    write_noise(writer, "main.dump", NOISE);
    end(writer);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(fs_write(fs_join(arena, folder, "file.tar"), file.bytes.data, file.bytes.len,
                              0600, &err), 0);
    assert_int_equal(fs_write(fs_join(arena, folder, "noise"), noise, NOISE, 0600, &err), 0);
    if (proc_run(&(struct proc){.argv = (const char *const[]){"sh", "-c", script, "sh", folder,
                                                              NULL}},
                 &result, &err) < 0 || result.status != 0)
        fail_msg("status %d: %s %s", result.status, err.primary, result.errors);
    assert_int_equal(fs_remove_tree(folder, &err), 0);
    buf_release(&out);
}

static int setup(void **state)
{
    (void)state;
    noise = mem_alloc(NOISE);
    memfile_noise(noise, NOISE, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mem_free(noise);
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    arena = arena_new();
    file = (struct memfile){0};
    return 0;
}

static int clean(void **state)
{
    (void)state;
    arena_free(arena);
    buf_release(&file.bytes);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(full_round_trip),
        TEST(chunks_stand_between_parts),
        TEST(offsets_are_exact),
        TEST(verify_reports_progress),
        TEST(missing_member_is_an_error),
        TEST(names_are_checked),
        TEST(order_of_calls_is_checked),
        TEST(meta_must_be_a_json_object),
        TEST(a_full_store_is_reported),
        TEST(a_broken_writer_stays_broken),
        TEST(stock_tools_read_it),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
