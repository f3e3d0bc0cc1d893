/*
 * digest - SHA-256 (libcrypto). Pure.
 */
#ifndef BUNDLE_DIGEST_H
#define BUNDLE_DIGEST_H

#include <stddef.h>

struct digest;

struct digest *digest_new(void);
void digest_add(struct digest *digest, const void *data, size_t n);
void digest_end(struct digest *digest, char hex[65]); /* frees it */
void digest_free(struct digest *digest);              /* NULL is fine */

void digest_of(const void *data, size_t n, char hex[65]);

#endif
