/* chunk - see chunk.h. */
#include "bundle/chunk.h"

#include <string.h>

#include "bundle/frame.h"

/* Rows are gathered before they are compressed, because each call of the compressor has its price. */
enum { STAGE_BYTES = 256 * 1024, GROW_BYTES = 1024 * 1024 };

struct chunk {
    struct bundle_writer *writer;
    struct frame_packer *packer;
    size_t bytes;                 /* a chunk is full here */
    uint32_t oid;
    unsigned (*next)(void *arg);
    void *arg;
    struct rowhash taken, stored;
    char *stage;
    size_t stage_len;
    struct buf out;      /* compressed */
    int64_t raw_bytes;   /* of what is in it */
    bool open;           /* a frame has begun */
    bool store;          /* false: rows are only hashed */
};

struct chunk *chunk_new(struct bundle_writer *writer, int level, size_t bytes)
{
    struct chunk *chunk = mem_alloc(sizeof *chunk);

    chunk->writer = writer;
    chunk->bytes = bytes;
    chunk->packer = frame_packer_new(level, 0);
    chunk->stage = mem_alloc(STAGE_BYTES);
    return chunk;
}

void chunk_free(struct chunk *chunk)
{
    if (chunk == NULL)
        return;
    frame_packer_free(chunk->packer);
    buf_release(&chunk->out);
    mem_free(chunk->stage);
    mem_free(chunk);
}

void chunk_begin(struct chunk *chunk, bool store, uint32_t oid, unsigned (*next)(void *arg),
                 void *arg)
{
    chunk->store = store;
    chunk->oid = oid;
    chunk->next = next;
    chunk->arg = arg;
    chunk->taken = chunk->stored = (struct rowhash){0};
    chunk->stage_len = 0;
    chunk->raw_bytes = 0;
    chunk->open = false;
    buf_reset(&chunk->out);
}

/* Hand the chunk over: the rows since the last one, as one frame. */
static int end_frame(struct chunk *chunk, struct err *err)
{
    bool done = false;

    while (!done) {
        buf_reserve(&chunk->out, GROW_BYTES);
        if (frame_flush(chunk->packer, chunk->out.data, chunk->out.cap - 1, &chunk->out.len, &done,
                        err) < 0)
            return -1;
    }
    if (bundle_chunk(chunk->writer, chunk->oid, chunk->next(chunk->arg), chunk->out.data,
                     chunk->out.len, chunk->raw_bytes, err) < 0)
        return -1;
    chunk->stored = chunk->taken;
    chunk->open = false;
    chunk->raw_bytes = 0;
    buf_reset(&chunk->out);
    return 0;
}

/* Whole rows. The buffer grows by steps, so that memory follows the need. */
static int pack(struct chunk *chunk, const void *data, size_t n, struct err *err)
{
    size_t used = 0;

    if (!chunk->open && frame_begin(chunk->packer, err) < 0)
        return -1;
    chunk->open = true;
    while (used < n) {
        if (chunk->out.cap - chunk->out.len < GROW_BYTES / 2)
            buf_reserve(&chunk->out, GROW_BYTES);
        if (frame_pack(chunk->packer, data, n, &used, chunk->out.data, chunk->out.cap - 1,
                       &chunk->out.len, err) < 0)
            return -1;
    }
    chunk->raw_bytes += (int64_t)n;
    return 0;
}

static int flush_stage(struct chunk *chunk, struct err *err)
{
    size_t n = chunk->stage_len;

    chunk->stage_len = 0;
    return n > 0 ? pack(chunk, chunk->stage, n, err) : 0;
}

int chunk_row(struct chunk *chunk, const char *line, size_t n, struct err *err)
{
    if (n == 0 || line[n - 1] != '\n')
        return err_set(err, ERR_INTERNAL, "a row of COPY without its end");
    if (chunk->store) {
        if (n > STAGE_BYTES - chunk->stage_len && flush_stage(chunk, err) < 0)
            return -1;
        /* all rows so far are packed only here, and the one at hand is not counted yet */
        if (chunk->stage_len == 0 && chunk->out.len >= chunk->bytes - STAGE_BYTES &&
            end_frame(chunk, err) < 0)
            return -1;
        if (n > STAGE_BYTES) {
            if (pack(chunk, line, n, err) < 0)
                return -1;
        } else {
            memcpy(chunk->stage + chunk->stage_len, line, n);
            chunk->stage_len += n;
        }
    }
    rowhash_line(&chunk->taken, line, n - 1);
    return 0;
}

int chunk_end(struct chunk *chunk, struct err *err)
{
    if (chunk->store && flush_stage(chunk, err) < 0)
        return -1;
    if (chunk->open)
        return end_frame(chunk, err);
    chunk->stored = chunk->taken;
    return 0;
}

const struct rowhash *chunk_taken(const struct chunk *chunk)
{
    return &chunk->taken;
}

const struct rowhash *chunk_stored(const struct chunk *chunk)
{
    return &chunk->stored;
}

int64_t chunk_memory(int level, size_t bytes)
{
    return frame_packer_bytes(level, 0) + STAGE_BYTES + (int64_t)bytes + 2 * GROW_BYTES;
}
