/* frame - see frame.h. */
#include "bundle/frame.h"

#include <zstd.h>

#include "base/mem.h"

/* Each compressing thread holds a job and its output: small jobs keep memory low and cost nothing
 * in ratio at the levels that make sense here. */
enum { JOB_BYTES = 4 * 1024 * 1024, WINDOW_LOG_MAX = 25, LEVEL_MIN = 1, LEVEL_MAX = 19 };

struct frame_packer {
    ZSTD_CCtx *zstd;
};

struct frame_unpacker {
    ZSTD_DCtx *zstd;
    size_t expected; /* what the decoder waits for: 0 at the end of a frame */
    bool any;
};

static int failed(size_t code, const char *doing, struct err *err)
{
    return err_set(err, ERR_PREPARE, "could not %s: %s", doing, ZSTD_getErrorName(code));
}

static int held(int level)
{
    return level < LEVEL_MIN ? LEVEL_MIN : level > LEVEL_MAX ? LEVEL_MAX : level;
}

/* libzstd 1.5's own estimates of a stream by level, in MiB, rounded up. Each thread has such a context,
 * a job's input and its output; their inputs overlap in one buffer of the stream. */
int64_t frame_packer_bytes(int level, int threads)
{
    static const unsigned char mib[LEVEL_MAX + 1] = {2,  2,  2,  4,  5,  6,  6,  9,  9,  17,
                                                     29, 29, 53, 53, 53, 69, 69, 69, 69, 90};
    const int64_t context = (int64_t)mib[held(level)] << 20;

    return threads > 0 ? (int64_t)threads * (context + 3 * (int64_t)JOB_BYTES) : context;
}

struct frame_packer *frame_packer_new(int level, int threads)
{
    struct frame_packer *packer = mem_alloc(sizeof *packer);

    level = held(level);
    packer->zstd = ZSTD_createCCtx();
    if (packer->zstd == NULL)
        return packer;
    ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_checksumFlag, 1);
    /* A libzstd that was built without threads refuses this one: it then works in ours. */
    if (threads > 0 &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_nbWorkers, threads)))
        ZSTD_CCtx_setParameter(packer->zstd, ZSTD_c_jobSize, JOB_BYTES);
    return packer;
}

void frame_packer_free(struct frame_packer *packer)
{
    if (packer == NULL)
        return;
    ZSTD_freeCCtx(packer->zstd);
    mem_free(packer);
}

int frame_begin(struct frame_packer *packer, struct err *err)
{
    size_t rc;

    if (packer->zstd == NULL)
        return err_set(err, ERR_PREPARE, "could not start compression: out of memory");
    rc = ZSTD_CCtx_reset(packer->zstd, ZSTD_reset_session_only);
    return ZSTD_isError(rc) ? failed(rc, "start compression", err) : 0;
}

static int pack(struct frame_packer *packer, ZSTD_inBuffer *in, ZSTD_outBuffer *out,
                ZSTD_EndDirective directive, size_t *left, struct err *err)
{
    *left = ZSTD_compressStream2(packer->zstd, out, in, directive);
    return ZSTD_isError(*left) ? failed(*left, "compress", err) : 0;
}

int frame_pack(struct frame_packer *packer, const void *data, size_t n, size_t *used, void *out,
               size_t cap, size_t *made, struct err *err)
{
    ZSTD_inBuffer in = {data, n, *used};
    ZSTD_outBuffer to = {out, cap, *made};
    size_t left;
    int rc = 0;

    while (rc == 0 && in.pos < in.size && to.pos < to.size)
        rc = pack(packer, &in, &to, ZSTD_e_continue, &left, err);
    *used = in.pos;
    *made = to.pos;
    return rc;
}

int frame_flush(struct frame_packer *packer, void *out, size_t cap, size_t *made, bool *done,
                struct err *err)
{
    ZSTD_inBuffer in = {NULL, 0, 0};
    ZSTD_outBuffer to = {out, cap, *made};
    size_t left = 1;
    int rc = 0;

    while (rc == 0 && left > 0 && to.pos < to.size)
        rc = pack(packer, &in, &to, ZSTD_e_end, &left, err);
    *made = to.pos;
    *done = left == 0;
    return rc;
}

struct frame_unpacker *frame_unpacker_new(void)
{
    struct frame_unpacker *unpacker = mem_alloc(sizeof *unpacker);

    unpacker->zstd = ZSTD_createDCtx();
    if (unpacker->zstd != NULL)
        ZSTD_DCtx_setParameter(unpacker->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    return unpacker;
}

void frame_unpacker_free(struct frame_unpacker *unpacker)
{
    if (unpacker == NULL)
        return;
    ZSTD_freeDCtx(unpacker->zstd);
    mem_free(unpacker);
}

int frame_unpack(struct frame_unpacker *unpacker, const void *data, size_t n, size_t *used,
                 void *out, size_t cap, size_t *made, struct err *err)
{
    ZSTD_inBuffer in = {data, n, *used};
    ZSTD_outBuffer to = {out, cap, *made};
    bool stuck = false;

    if (unpacker->zstd == NULL)
        return err_set(err, ERR_PREPARE, "could not decompress: out of memory");
    /* A full input may still hold output inside the decoder: go on until neither side moves. */
    while (to.pos < to.size && !stuck && (in.pos < in.size || unpacker->expected > 0)) {
        size_t in_before = in.pos, out_before = to.pos;
        size_t rc = ZSTD_decompressStream(unpacker->zstd, &to, &in);

        if (ZSTD_isError(rc))
            return failed(rc, "decompress", err);
        unpacker->expected = rc;
        unpacker->any = true;
        stuck = in.pos == in_before && to.pos == out_before;
    }
    *used = in.pos;
    *made = to.pos;
    return 0;
}

bool frame_complete(const struct frame_unpacker *unpacker)
{
    return unpacker->any && unpacker->expected == 0;
}
