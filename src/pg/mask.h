/*
 * mask - rows of COPY's text format with some of their columns made unrecognisable. Pure.
 *
 * A row is a line, its fields apart by tabs, NULL is \N, and the characters that would be mistaken
 * are escaped by backslashes (source: PostgreSQL's documentation of COPY). The fields that are not
 * masked are copied byte by byte, NULL stays NULL, and the same value with the same salt is always
 * masked in the same way, in whichever table and column: joins over masked keys hold. A value
 * cannot be found by trying without the salt (HMAC-SHA-256). A mask is only read: threads may share
 * one; each needs a stream of its own.
 */
#ifndef PG_MASK_H
#define PG_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum mask_function {
    MASK_KEEP,     /* as it is */
    MASK_NULL,     /* NULL */
    MASK_CONSTANT, /* the same text for every row */
    MASK_HASH,     /* 32 hexadecimal digits */
    MASK_EMAIL,    /* 16 hexadecimal digits at example.invalid, a domain that can have no mail */
    MASK_DIGITS,   /* digits are replaced by digits, all else stays */
};

/* How a hash is written, so that the column's type takes it. */
enum mask_form { MASK_TEXT, MASK_UUID, MASK_BYTEA, MASK_JSON };

struct mask_field {
    enum mask_function function;
    enum mask_form form;  /* of a hash */
    const char *constant; /* as it stands in the line, see mask_escape */
    size_t most;          /* what the column holds, in characters; 0: any number */
    bool fold;            /* letters of both cases are the same to the column's type */
};

struct mask {
    const struct mask_field *fields; /* those of a line, in its order */
    size_t n;
    const char *salt;
};

/* The least that a column must hold for the function: shorter hashes would meet. */
enum { MASK_HASH_LEAST = 8, MASK_EMAIL_LEAST = 24, MASK_SALT_LEAST = 16 };

/* mask_function_find(name, function): "keep", "null", "constant", "hash", "email", "digits"; false
 * for another. mask_function_name is its opposite. mask_is_keyed: the function needs a salt. */
bool mask_function_find(const char *name, enum mask_function *function);
const char *mask_function_name(enum mask_function function);
bool mask_is_keyed(enum mask_function function);

/* mask_escape(text, out): ${text} as a field of a line. */
void mask_escape(const char *text, struct buf *out);

/* mask_line(mask, line, n, out, err): append one line, without the newline in and with it out.
 * -1 (ERR_PREPARE) when it has another number of fields than ${mask}: ${out} is then as it was. */
int mask_line(const struct mask *mask, const char *line, size_t n, struct buf *out,
              struct err *err) CHECK;

/* Lines that come in pieces of any size. Zero-initialise with ${mask}; release with
 * mask_stream_release. */
struct mask_stream {
    const struct mask *mask;
    struct buf rest; /* a line that is not whole yet */
    int64_t rows;
    bool ended;      /* the end mark "\." was seen: nothing may follow it but blank lines */
};

/* mask_feed(stream, data, n, out, err): append the lines that ${data} completes.
 * mask_finish(stream, err): it is a failure when a line was cut off. */
int mask_feed(struct mask_stream *stream, const void *data, size_t n, struct buf *out,
              struct err *err) CHECK;
int mask_finish(struct mask_stream *stream, struct err *err) CHECK;
void mask_stream_release(struct mask_stream *stream);

#endif
