/*
 * age_stream - the payload of an age v1 file: STREAM over ChaCha20-Poly1305. Chunks of 64 KiB, each
 * sealed under its number, so that they cannot change places, and the last one marked, so that nothing
 * can be cut off or added (c2sp.org/age, "Payload"). Pure.
 */
#ifndef BUNDLE_AGE_STREAM_H
#define BUNDLE_AGE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "bundle/age_crypto.h"
#include "bundle/age_header.h"

enum {
    AGE_CHUNK_BYTES = 64 * 1024,
    AGE_SEALED_BYTES = AGE_CHUNK_BYTES + AGE_TAG_BYTES,
    AGE_SALT_BYTES = 16, /* between header and payload */
};

/* age_stream_key(file_key, salt, key): the key of the payload. */
void age_stream_key(const unsigned char file_key[AGE_FILE_KEY_BYTES],
                    const unsigned char salt[AGE_SALT_BYTES], unsigned char key[32]);

/* Chunk ${number}, from 0. As age_cipher_seal and age_cipher_unseal. */
void age_stream_seal(struct age_cipher *cipher, uint64_t number, bool last, const void *data,
                     size_t n, void *out);
int age_stream_unseal(struct age_cipher *cipher, uint64_t number, bool last, const void *data,
                      size_t n, void *out) CHECK;

#endif
