/*
 * buf - a growing byte string, always NUL-terminated once something was added.
 * Zero-initialise it; `data` is NULL while empty, so use buf_text for a string. Changes: nothing.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

#include "base/err.h"

struct buf {
    char *data;
    size_t len;
    size_t cap;
};

void buf_add(struct buf *buf, const void *data, size_t n);
void buf_adds(struct buf *buf, const char *text);
void buf_addc(struct buf *buf, char c);
void buf_addf(struct buf *buf, const char *fmt, ...) PRINTF(2, 3);
void buf_reserve(struct buf *buf, size_t more); /* room for ${more} bytes and the NUL */
void buf_drop(struct buf *buf, size_t n);       /* remove the first ${n} bytes */
void buf_reset(struct buf *buf);                /* empty, keeps the memory */
const char *buf_text(const struct buf *buf);    /* never NULL */
void buf_release(struct buf *buf);
#define auto_buf __attribute__((cleanup(buf_release)))

#endif
