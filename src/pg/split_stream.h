/*
 * split_stream - a SQL text of any length cut into statements as it is read: the lexical reading of
 * split.h, with COPY's data handed on in pieces. Memory is bounded by the longest statement. Changes:
 * nothing.
 */
#ifndef PG_SPLIT_STREAM_H
#define PG_SPLIT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* PostgreSQL takes no longer statement either (MaxAllocSize). */
enum { SPLIT_STREAM_STATEMENT_MAX = 1024 * 1024 * 1024 - 1 };

struct split_piece {
    bool is_data;     /* bytes of the COPY data of the statement before */
    bool ends_data;   /* … and the last ones; there may be none in this piece */
    const char *text; /* of a statement, ending with a NUL; both live until the next call */
    size_t n;
    size_t line;      /* of its first byte, from 1 */
    uint64_t flags;   /* of a statement, sum of enum split_flag; SPLIT_COPY_IN: data follow */
    int64_t offset;   /* of its first byte in the text */
};

/* split_stream_new(read, comment, arg): ${read} gives the next bytes, 0 at the end, -1 with ${err}.
 * ${comment} (NULL: none) is called with each comment "-- …" outside of quotes, parentheses and
 * data, possibly more than once; ${offset} says where it begins. split_stream_free: NULL is fine. */
struct split_stream;
struct split_stream *split_stream_new(
    ssize_t (*read)(void *arg, void *data, size_t cap, struct err *err),
    void (*comment)(void *arg, const char *text, size_t n, int64_t offset), void *arg);
void split_stream_free(struct split_stream *stream);

/* split_stream_next(stream, piece, err): 1 and the next piece, 0 at the end; -1 with ${err} when
 * reading fails or (ERR_PREPARE) something does not end: a quote, a comment, COPY's data, the last
 * statement. */
int split_stream_next(struct split_stream *stream, struct split_piece *piece,
                      struct err *err) CHECK;

#endif
