/* Tests of bundle/frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bundle/frame.h"

/* Compress through an output buffer of ${step} bytes. */
static void pack_all(const void *data, size_t n, int threads, size_t step, struct buf *out)
{
    struct frame_packer *packer = frame_packer_new(3, threads);
    char *part = mem_alloc(step);
    struct err err = ERR_INIT;
    bool done = false;
    size_t used = 0;

    assert_int_equal(frame_begin(packer, &err), 0);
    while (!done) {
        size_t made = 0;

        assert_int_equal(frame_pack(packer, data, n, &used, part, step, &made, &err), 0);
        if (used == n)
            assert_int_equal(frame_flush(packer, part, step, &made, &done, &err), 0);
        buf_add(out, part, made);
    }
    mem_free(part);
    frame_packer_free(packer);
}

/* Decompress, ${in_step} bytes in and ${out_step} bytes out at a time; -1 with ${err} on damage. */
static int unpack_all(const struct buf *in, size_t in_step, size_t out_step, struct buf *out,
                      bool *complete, struct err *err)
{
    struct frame_unpacker *unpacker = frame_unpacker_new();
    char *part = mem_alloc(out_step);
    int rc = 0;

    for (size_t at = 0; at < in->len && rc == 0;) {
        size_t n = in->len - at < in_step ? in->len - at : in_step, used = 0, made;

        do {
            made = 0;
            rc = frame_unpack(unpacker, in->data + at, n, &used, part, out_step, &made, err);
            buf_add(out, part, made);
        } while (rc == 0 && (used < n || made == out_step));
        at += n;
    }
    *complete = frame_complete(unpacker);
    mem_free(part);
    frame_unpacker_free(unpacker);
    return rc;
}

static void round_trips(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 70000, 3000000};
    char *data = mem_alloc(3000000);

    (void)state;
    for (size_t i = 0; i < 3000000; i++)
        data[i] = (char)("row\t42\tsome text\n"[i % 17] + (i / 1009) % 7);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int threads = 0; threads < 3; threads++) {
            struct buf packed = {0}, raw = {0};
            struct err err = ERR_INIT;
            bool complete;

            pack_all(data, sizes[i], threads, threads == 1 ? 37 : 65536, &packed);
            assert_int_equal(unpack_all(&packed, 4096, 1000, &raw, &complete, &err), 0);
            assert_true(complete);
            assert_int_equal(raw.len, sizes[i]);
            if (sizes[i] > 0)
                assert_memory_equal(raw.data, data, sizes[i]);
            buf_release(&packed);
            buf_release(&raw);
        }
    mem_free(data);
}

static void several_frames_are_one_stream(void **state)
{
    struct buf packed = {0}, raw = {0};
    struct err err = ERR_INIT;
    bool complete;

    (void)state;
    pack_all("one ", 4, 0, 100, &packed);
    pack_all("two", 3, 0, 100, &packed);
    assert_int_equal(unpack_all(&packed, 5, 2, &raw, &complete, &err), 0);
    assert_true(complete);
    assert_string_equal(buf_text(&raw), "one two");
    buf_release(&packed);
    buf_release(&raw);
}

static void damage_is_an_error(void **state)
{
    struct buf packed = {0}, raw = {0};
    struct err err = ERR_INIT;
    bool complete;

    (void)state;
    pack_all("some text that is compressed, compressed, compressed", 52, 0, 1000, &packed);
    packed.data[packed.len - 1] ^= 1; /* the checksum */
    assert_int_equal(unpack_all(&packed, 100, 100, &raw, &complete, &err), -1);
    assert_int_equal(err.code, ERR_PREPARE);
    assert_non_null(strstr(err.primary, "could not decompress"));
    packed.data[packed.len - 1] ^= 1;

    packed.len -= 2; /* cut off */
    err_clear(&err);
    assert_int_equal(unpack_all(&packed, 100, 100, &raw, &complete, &err), 0);
    assert_false(complete);

    packed.data[0] = 'x'; /* no frame at all */
    assert_int_equal(unpack_all(&packed, 100, 100, &raw, &complete, &err), -1);
    buf_release(&packed);
    buf_release(&raw);
}

/* A frame that asks for a window of 128 MiB must not get it. */
static void huge_windows_are_refused(void **state)
{
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    char *data = mem_alloc(1 << 20), *packed = mem_alloc(1 << 20);
    ZSTD_outBuffer out = {packed, 1 << 20, 0};
    struct buf in = {0}, raw = {0};
    struct err err = ERR_INIT;
    bool complete;

    (void)state;
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, 27);
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0);
    for (int i = 0; i < 2; i++) {
        ZSTD_inBuffer piece = {data, 1 << 20, 0};

        assert_false(ZSTD_isError(ZSTD_compressStream2(zstd, &out, &piece, i ? ZSTD_e_end : ZSTD_e_flush)));
    }
    buf_add(&in, packed, out.pos);
    assert_int_equal(unpack_all(&in, 4096, 4096, &raw, &complete, &err), -1);
    assert_non_null(strstr(err.primary, "could not decompress"));
    ZSTD_freeCCtx(zstd);
    mem_free(data);
    mem_free(packed);
    buf_release(&in);
    buf_release(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(several_frames_are_one_stream),
        cmocka_unit_test(damage_is_an_error),
        cmocka_unit_test(huge_windows_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
