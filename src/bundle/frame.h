/*
 * frame - the zstd layer: one compressed stream in, one out, with a checksum at its end. Changes:
 * nothing.
 */
#ifndef BUNDLE_FRAME_H
#define BUNDLE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* --- compressing ------------------------------------------------------------------------------- */

struct frame_packer;

/* frame_packer_new(level, threads): ${level} is held within 1 to 19; ${threads} 0 compresses in the
 * caller's thread. */
struct frame_packer *frame_packer_new(int level, int threads);
void frame_packer_free(struct frame_packer *packer); /* NULL is fine */

/* frame_packer_bytes(level, threads): about how much memory such a packer takes at most. */
int64_t frame_packer_bytes(int level, int threads);

/* frame_begin(packer): start a stream. */
int frame_begin(struct frame_packer *packer, struct err *err) CHECK;

/* frame_pack(packer, data, n, used, out, cap, made, err): compress from ${data}, adding the bytes
 * taken to ${used}, into ${out}, adding the bytes written to ${made}; returns when all is taken or
 * ${out} (${cap} bytes) is full. */
int frame_pack(struct frame_packer *packer, const void *data, size_t n, size_t *used, void *out,
               size_t cap, size_t *made, struct err *err) CHECK;

/* frame_flush: write the end of the stream. ${done} false: ${out} is full, call again. */
int frame_flush(struct frame_packer *packer, void *out, size_t cap, size_t *made, bool *done,
                struct err *err) CHECK;

/* --- decompressing ----------------------------------------------------------------------------- */

struct frame_unpacker;

struct frame_unpacker *frame_unpacker_new(void);
void frame_unpacker_free(struct frame_unpacker *unpacker); /* NULL is fine */

/* frame_unpack: as frame_pack, the other way. Windows over 32 MiB are refused, so memory is bounded
 * whatever the data says. */
int frame_unpack(struct frame_unpacker *unpacker, const void *data, size_t n, size_t *used,
                 void *out, size_t cap, size_t *made, struct err *err) CHECK;

/* frame_complete(unpacker): everything so far was whole frames, at least one. */
bool frame_complete(const struct frame_unpacker *unpacker);

#endif
