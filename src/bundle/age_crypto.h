/*
 * age_crypto - the four primitives of age v1, from libcrypto: X25519 (RFC 7748), HKDF-SHA256 (RFC 5869),
 * HMAC-SHA256, ChaCha20-Poly1305 (RFC 8439). libcrypto failing in itself ends the program: nothing
 * could be protected then. Changes: nothing.
 */
#ifndef BUNDLE_AGE_CRYPTO_H
#define BUNDLE_AGE_CRYPTO_H

#include <stddef.h>

#include "base/err.h"

enum { AGE_KEY_BYTES = 32, AGE_TAG_BYTES = 16, AGE_NONCE_BYTES = 12 };

void age_crypto_random(void *data, size_t n);
void age_crypto_wipe(void *data, size_t n);

/* age_crypto_public(scalar, point): the public key of a private one. */
void age_crypto_public(const unsigned char scalar[32], unsigned char point[32]);

/* age_crypto_shared(scalar, point, shared): -1 when the result is all zero: ${point} is of low order,
 * which no honest key is. */
int age_crypto_shared(const unsigned char scalar[32], const unsigned char point[32],
                      unsigned char shared[32]) CHECK;

void age_crypto_hkdf(const void *key, size_t n_key, const void *salt, size_t n_salt,
                     const char *info, unsigned char out[32]);
void age_crypto_hmac(const unsigned char key[32], const void *data, size_t n,
                     unsigned char out[32]);

/* age_crypto_equal: in a time that does not depend on the bytes. */
int age_crypto_equal(const void *a, const void *b, size_t n);

/* One key for authenticated encryption; one thread at a time. */
struct age_cipher;
struct age_cipher *age_cipher_new(const unsigned char key[32]);
void age_cipher_free(struct age_cipher *cipher); /* NULL is fine; wipes the key */

/* age_cipher_seal: ${n} bytes become ${n} + AGE_TAG_BYTES. age_cipher_unseal: the other way, ${n} with
 * the tag; -1 when it is not authentic, ${out} is wiped then. */
void age_cipher_seal(struct age_cipher *cipher, const unsigned char nonce[AGE_NONCE_BYTES],
                     const void *data, size_t n, void *out);
int age_cipher_unseal(struct age_cipher *cipher, const unsigned char nonce[AGE_NONCE_BYTES],
                      const void *data, size_t n, void *out) CHECK;

#endif
