/*
 * chunk - rows of one table on their way into chunks of a bundle: hashed, compressed into a buffer,
 * and handed over as a member when the buffer is full, always at the end of a row. One thread each.
 */
#ifndef BUNDLE_CHUNK_H
#define BUNDLE_CHUNK_H

#include "bundle/bundle.h"
#include "bundle/rowhash.h"

enum { CHUNK_BYTES_MIN = 1024 * 1024, CHUNK_BYTES_MAX = 16 * 1024 * 1024 };

struct chunk;

/* chunk_new(writer, level, bytes): chunks of about ${bytes} after compression. Only a row that is
 * larger by itself makes a larger one. ${writer} is borrowed. */
struct chunk *chunk_new(struct bundle_writer *writer, int level, size_t bytes);
void chunk_free(struct chunk *chunk); /* NULL is fine; what was not handed over is dropped */

/* chunk_begin(chunk, store, oid, next, arg): rows of the table ${oid} follow. ${next}(arg) gives the
 * number of each chunk, when it is handed over. ${store} false: rows are only hashed. Whatever was left
 * undone before is dropped. */
void chunk_begin(struct chunk *chunk, bool store, uint32_t oid, unsigned (*next)(void *arg),
                 void *arg);

/* chunk_row(chunk, line, n, err): one line of COPY's text, with its newline. */
int chunk_row(struct chunk *chunk, const char *line, size_t n, struct err *err) CHECK;

/* chunk_end(chunk, err): hand the rest over. */
int chunk_end(struct chunk *chunk, struct err *err) CHECK;

/* All rows since chunk_begin; and those of them that are in chunks that were handed over. */
const struct rowhash *chunk_taken(const struct chunk *chunk);
const struct rowhash *chunk_stored(const struct chunk *chunk);

/* chunk_memory(level, bytes): what one needs at most, but for huge rows, in bytes. */
int64_t chunk_memory(int level, size_t bytes);

#endif
