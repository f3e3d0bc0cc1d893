/*
 * age_base64 - base64 as age has it: the standard alphabet, without padding, one form for each value
 * (RFC 4648, section 3.5; libcrypto's reads others too). Pure.
 */
#ifndef BUNDLE_AGE_BASE64_H
#define BUNDLE_AGE_BASE64_H

#include "base/buf.h"
#include "base/err.h"

void age_base64_encode(const void *data, size_t n, struct buf *out);

/* age_base64_decode(text, n, data, made): ${data} has room for n / 4 * 3 + 2 bytes. -1: it is not what
 * age_base64_encode makes of any bytes. */
int age_base64_decode(const char *text, size_t n, unsigned char *data, size_t *made) CHECK;

#endif
