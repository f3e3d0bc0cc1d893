/*
 * Tests of bundle/age against the age program: what one writes, the other reads. And: any byte that
 * differs is noticed, any offset can be read, from several threads.
 */
#include "basetest.h"

#include <pthread.h>

#include "base/proc.h"
#include "bundle/age.h"
#include "membundle.h"

enum { CHUNK = 64 * 1024, TAG = 16, SALT = 16 };

static char *dir;
static struct arena *arena;
static struct age_keys recipients, identities;
static const char *recipient;
static const char *const note[] = {"the project", "\xc3\xa4", NULL};

static int keep_output(void *arg, const void *data, size_t n)
{
    buf_add(arg, data, n);
    return 0;
}

/* Run the age program; its standard output is added to ${out}. */
static void must(struct buf *out, const char *const *argv)
{
    const struct proc proc = {.argv = argv, .cwd = dir, .output = keep_output, .arg = out};
    struct proc_result result = {0};
    struct err err = ERR_INIT;

    if (proc_run(&proc, &result, &err) < 0 || result.status != 0)
        fail_msg("%s: %s%s", argv[0], err.primary, result.errors);
}

static void write_file(const char *name, const void *data, size_t n)
{
    struct err err = ERR_INIT;

    assert_int_equal(fs_write(fs_join(arena, dir, name), data, n, 0600, &err), 0);
}

static int begin(void **state)
{
    auto_buf struct buf text = {0}, out = {0};
    struct err err = ERR_INIT;

    (void)state;
    dir = basetest_dir();
    arena = arena_new();
    must(&out, (const char *const[]){"age-keygen", "-o", "key", NULL});
    buf_reset(&out);
    must(&out, (const char *const[]){"age-keygen", "-y", "key", NULL});
    out.data[strcspn(out.data, "\n")] = '\0';
    recipient = arena_strdup(arena, out.data);
    assert_int_equal(fs_read(fs_join(arena, dir, "key"), 4096, &text, &err), 0);
    assert_int_equal(age_identities(buf_text(&text), "file \"key\"", &identities, &err), 0);
    assert_int_equal(age_recipient(recipient, &recipients, &err), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    age_keys_release(&recipients);
    age_keys_release(&identities);
    arena_free(arena);
    basetest_dir_remove(dir);
    return 0;
}

/* --- our own, both ways ------------------------------------------------------------------------ */

/* Written in pieces of ${piece} bytes. */
static void encrypt(const void *data, size_t n, size_t piece, struct memfile *file)
{
    const struct bundle_out to = memfile_out(file);
    struct age_writer *writer = NULL;
    struct err err = ERR_INIT;
    struct bundle_out out;

    assert_int_equal(age_create(&to, &recipients, note, &writer, &err), 0);
    out = age_out(writer);
    for (size_t at = 0; at < n; at += piece)
        assert_int_equal(out.write(out.arg, (const char *)data + at, n - at < piece ? n - at : piece,
                                   &err),
                         0);
    assert_int_equal(age_finish(writer, &err), 0);
}

/* All of it, or -1. */
static int decrypt(struct memfile *file, struct buf *plain, struct err *err)
{
    const struct bundle_in from = memfile_in(file);
    struct age_reader *reader = NULL;
    struct bundle_in in;
    ssize_t n = 1;

    if (age_open(&from, &identities, "the key", &reader, err) != 0)
        return -1;
    in = age_in(reader);
    while (n > 0) {
        buf_reserve(plain, 100000);
        n = in.read(in.arg, (int64_t)plain->len, plain->data + plain->len, 100000, err);
        if (n > 0)
            plain->len += (size_t)n;
    }
    if (n == 0)
        assert_int_equal(plain->len, in.size_bytes);
    age_close(reader);
    return (int)n;
}

static void same_bytes(const struct buf *found, const void *expected, size_t n)
{
    assert_int_equal(found->len, n);
    if (n > 0)
        assert_memory_equal(found->data, expected, n);
}

static unsigned char noise[3 * CHUNK + 10];

/* Every size around the borders of chunks: ours read by age and by us, age's read by us. */
static void sizes_both_ways(void **state)
{
    static const size_t near[] = {0, 1, 2, 15, 16, 17, CHUNK - TAG - 1, CHUNK - TAG, CHUNK - 1, CHUNK,
                                  CHUNK + 1, CHUNK + TAG, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1,
                                  3 * CHUNK, 3 * CHUNK + 7};

    (void)state;
    memfile_noise(noise, sizeof noise, 7);
    for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
        struct memfile ours = {0}, theirs = {0};
        auto_buf struct buf plain = {0};
        struct err err = ERR_INIT;

        encrypt(noise, near[i], i % 2 == 0 ? 777 : 200000, &ours);
        assert_int_equal(decrypt(&ours, &plain, &err), 0);
        same_bytes(&plain, noise, near[i]);
        write_file("ours.age", ours.bytes.data, ours.bytes.len);
        buf_reset(&plain);
        must(&plain, (const char *const[]){"age", "-d", "-i", "key", "ours.age", NULL});
        same_bytes(&plain, noise, near[i]);

        write_file("plain", noise, near[i]);
        must(&theirs.bytes, (const char *const[]){"age", "-r", recipient, "plain", NULL});
        buf_reset(&plain);
        assert_int_equal(decrypt(&theirs, &plain, &err), 0);
        same_bytes(&plain, noise, near[i]);
        buf_release(&ours.bytes);
        buf_release(&theirs.bytes);
    }
}

/* Each of several recipients reads it, with any of several identities. */
static void several_recipients(void **state)
{
    struct age_keys others = {0};
    struct memfile file = {0};
    auto_buf struct buf out = {0}, text = {0}, plain = {0};
    struct err err = ERR_INIT;
    struct age_keys none = {0};
    struct age_reader *reader = NULL;
    struct bundle_in in;

    (void)state;
    must(&out, (const char *const[]){"age-keygen", "-o", "other", NULL});
    assert_int_equal(fs_read(fs_join(arena, dir, "other"), 4096, &text, &err), 0);
    assert_int_equal(age_identities(buf_text(&text), "other", &others, &err), 0);
    assert_int_equal(others.n, 1);
    encrypt("secret", 6, 6, &file);
    in = memfile_in(&file);
    assert_int_equal(age_open(&in, &others, "file \"other\"", &reader, &err), -1);
    assert_int_equal(err.code, ERR_PREPARE);
    basetest_has(err.primary, "encrypted for other keys than file \"other\" holds");
    basetest_has(err.hint, "--identity");
    err_clear(&err);
    assert_int_equal(age_open(&in, &none, "nothing", &reader, &err), -1);

    buf_reset(&out);
    must(&out, (const char *const[]){"age-keygen", "-y", "other", NULL});
    out.data[strcspn(out.data, "\n")] = '\0';
    err_clear(&err);
    assert_int_equal(age_recipient(out.data, &recipients, &err), 0);
    buf_reset(&file.bytes);
    encrypt("secret", 6, 6, &file);
    write_file("two.age", file.bytes.data, file.bytes.len);
    for (int i = 0; i < 2; i++) {
        buf_reset(&plain);
        must(&plain, (const char *const[]){"age", "-d", "-i", i == 0 ? "key" : "other", "two.age",
                                           NULL});
        same_bytes(&plain, "secret", 6);
    }
    in = memfile_in(&file);
    assert_int_equal(age_open(&in, &others, "other", &reader, &err), 0);
    age_close(reader);
    buf_reset(&plain);
    assert_int_equal(decrypt(&file, &plain, &err), 0);
    recipients.n = 1;
    age_keys_release(&others);
    buf_release(&file.bytes);
}

/* --- what is refused ----------------------------------------------------------------------------- */

static void refused(struct memfile *file, const char *what)
{
    auto_buf struct buf plain = {0};
    struct err err = ERR_INIT;

    if (decrypt(file, &plain, &err) == 0)
        fail_msg("not noticed: %s", what);
    assert_int_equal(err.code, ERR_PREPARE);
    assert_true(err.primary[0] != '\0');
}

static void any_changed_bit(void **state)
{
    struct memfile file = {0};
    uint32_t seed = 1;
    size_t header;

    (void)state;
    encrypt(noise, 2 * CHUNK + 100, CHUNK, &file);
    header = file.bytes.len - (2 * CHUNK + 100 + 3 * TAG + SALT);
    for (int i = 0; i < 200 + (int)header; i++) {
        size_t at;

        seed = seed * 1664525u + 1013904223u;
        at = i < (int)header ? (size_t)i : seed % file.bytes.len;
        file.bytes.data[at] = (char)(file.bytes.data[at] ^ 1 << (seed >> 28 & 7));
        refused(&file, arena_printf(arena, "a changed bit at %zu", at));
        file.bytes.data[at] = (char)(file.bytes.data[at] ^ 1 << (seed >> 28 & 7));
    }
    buf_release(&file.bytes);
}

static void cut_off_added_exchanged(void **state)
{
    struct memfile file = {0};
    size_t header, whole;
    char *at;

    (void)state;
    encrypt(noise, 3 * CHUNK, CHUNK, &file);
    whole = file.bytes.len;
    header = whole - 3 * (CHUNK + TAG);
    for (size_t n = 0; n < 3; n++) { /* at a border of chunks, and beside it */
        for (int off = -17; off <= 17; off++) {
            file.bytes.len = header + n * (CHUNK + TAG) + (size_t)off;
            refused(&file, arena_printf(arena, "cut off at %zu", file.bytes.len));
        }
    }
    for (size_t n = 0; n < header; n += 5) {
        file.bytes.len = n;
        refused(&file, arena_printf(arena, "cut off at %zu", n));
    }
    file.bytes.len = whole;
    for (int i = 0; i < 40; i++) {
        buf_addc(&file.bytes, 'x');
        refused(&file, "bytes behind the end");
    }
    file.bytes.len = whole;
    at = file.bytes.data + header;
    for (size_t i = 0; i < CHUNK + TAG; i++) {
        char kept = at[i];

        at[i] = at[i + CHUNK + TAG];
        at[i + CHUNK + TAG] = kept;
    }
    refused(&file, "chunks that changed places");
    buf_release(&file.bytes);
}

/* The others can still be read, and the message says which one cannot. */
static void damage_is_found_where_it_is(void **state)
{
    struct memfile file = {0};
    struct age_reader *reader = NULL;
    struct err err = ERR_INIT;
    struct bundle_in from, in;
    unsigned char byte;

    (void)state;
    encrypt(noise, 3 * CHUNK, CHUNK, &file);
    file.bytes.data[file.bytes.len - 2 * (CHUNK + TAG) + 5] ^= 1; /* the second of three */
    from = memfile_in(&file);
    assert_int_equal(age_open(&from, &identities, "key", &reader, &err), 0);
    in = age_in(reader);
    assert_int_equal(in.read(in.arg, 5, &byte, 1, &err), 1);
    assert_int_equal(in.read(in.arg, 2 * CHUNK + 5, &byte, 1, &err), 1);
    assert_int_equal(in.read(in.arg, CHUNK + 5, &byte, 1, &err), -1);
    basetest_has(err.primary, "chunk 2 of 3 is not authentic");
    age_close(reader);
    buf_release(&file.bytes);
}

/* A store that fails is heard: at the header, in the middle, at the last chunk. */
static void output_that_fails(void **state)
{
    static const size_t limits[] = {10, CHUNK + 1000, 2 * CHUNK + 1000};

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct memfile file = {.fail_after = limits[i]};
        const struct bundle_out to = memfile_out(&file);
        struct age_writer *writer = NULL;
        struct err err = ERR_INIT;
        int rc = age_create(&to, &recipients, NULL, &writer, &err);

        if (rc == 0)
            rc = age_out(writer).write(age_out(writer).arg, noise, 3 * CHUNK, &err);
        if (rc == 0)
            rc = age_finish(writer, &err);
        else if (i > 0)
            age_abandon(writer);
        assert_int_equal(rc, -1);
        basetest_has(err.primary, "the store is full");
        buf_release(&file.bytes);
    }
}

/* --- any offset, several threads -------------------------------------------------------------------- */

enum { LARGE = 40 * CHUNK + 321, THREADS = 4, READS = 400 };
static unsigned char large[LARGE];

struct reading {
    struct bundle_in in;
    uint32_t seed;
    int wrong;
};

static void *read_anywhere(void *arg)
{
    struct reading *reading = arg;
    unsigned char *data = mem_alloc(3 * 256 * 1024);
    struct err err = ERR_INIT;

    for (int i = 0; i < READS; i++) {
        int64_t offset;
        size_t cap;
        ssize_t n;

        reading->seed = reading->seed * 1664525u + 1013904223u;
        offset = (int64_t)((reading->seed >> 4) % LARGE);
        cap = i % 3 == 0 ? 512 : (reading->seed >> 7) % (3 * 256 * 1024);
        n = reading->in.read(reading->in.arg, offset, data, cap, &err);
        if (n < 0 || (n == 0 && cap > 0) || memcmp(data, large + offset, (size_t)n) != 0)
            reading->wrong++;
    }
    mem_free(data);
    return NULL;
}

static void any_offset_from_threads(void **state)
{
    struct memfile file = {0};
    struct age_reader *reader = NULL;
    struct reading readings[THREADS];
    pthread_t threads[THREADS];
    struct err err = ERR_INIT;
    struct bundle_in from;
    char byte;

    (void)state;
    memfile_noise(large, sizeof large, 11);
    encrypt(large, sizeof large, 100000, &file);
    from = memfile_in(&file);
    assert_int_equal(age_open(&from, &identities, "key", &reader, &err), 0);
    for (int i = 0; i < THREADS; i++) {
        readings[i] = (struct reading){.in = age_in(reader), .seed = (uint32_t)i};
        assert_int_equal(pthread_create(&threads[i], NULL, read_anywhere, &readings[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readings[i].wrong, 0);
    }
    assert_int_equal(age_in(reader).read(reader, LARGE, &byte, 1, &err), 0);
    assert_int_equal(age_in(reader).read(reader, LARGE + 1, &byte, 1, &err), 0);
    assert_int_equal(age_in(reader).read(reader, -1, &byte, 1, &err), 0);
    age_close(reader);
    buf_release(&file.bytes);
}

/* Without a key; and only where it is whole. */
static void note_of_a_file(void **state)
{
    struct memfile ours = {0}, theirs = {0};
    struct err err = ERR_INIT;
    struct bundle_in in;
    char **found = NULL;

    (void)state;
    encrypt("x", 1, 1, &ours);
    in = memfile_in(&ours);
    assert_int_equal(age_note(&in, arena, &found, &err), 0);
    assert_string_equal(found[0], note[0]);
    assert_string_equal(found[1], note[1]);
    assert_null(found[2]);
    for (size_t n = 0; n < strlen("age-encryption.org/v1\n-> deploy-db dGhl"); n++) {
        in.size_bytes = (int64_t)n;
        ours.bytes.len = n;
        assert_int_equal(age_note(&in, arena, &found, &err), 0);
        assert_null(found);
    }
    write_file("plain", "x", 1);
    must(&theirs.bytes, (const char *const[]){"age", "-r", recipient, "plain", NULL});
    in = memfile_in(&theirs);
    assert_int_equal(age_note(&in, arena, &found, &err), 0);
    assert_null(found);
    buf_release(&ours.bytes);
    buf_release(&theirs.bytes);
}

static void tells_an_age_file(void **state)
{
    struct memfile file = {0};
    struct err err = ERR_INIT;
    struct bundle_in in;
    bool yes;

    (void)state;
    encrypt("x", 1, 1, &file);
    in = memfile_in(&file);
    assert_int_equal(age_is(&in, &yes, &err), 0);
    assert_true(yes);
    file.bytes.data[0] = 'b';
    assert_int_equal(age_is(&in, &yes, &err), 0);
    assert_false(yes);
    file.bytes.len = 3;
    in = memfile_in(&file);
    assert_int_equal(age_is(&in, &yes, &err), 0);
    assert_false(yes);
    buf_release(&file.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_both_ways),
        cmocka_unit_test(several_recipients),
        cmocka_unit_test(any_changed_bit),
        cmocka_unit_test(cut_off_added_exchanged),
        cmocka_unit_test(damage_is_found_where_it_is),
        cmocka_unit_test(output_that_fails),
        cmocka_unit_test(any_offset_from_threads),
        cmocka_unit_test(note_of_a_file),
        cmocka_unit_test(tells_an_age_file),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
