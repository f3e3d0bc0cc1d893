/* age_crypto - see age_crypto.h. */
#include "bundle/age_crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void need(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "deploy-db: libcrypto cannot compute %s\n", what);
        abort();
    }
}

void age_crypto_random(void *data, size_t n)
{
    need(RAND_bytes(data, (int)n) == 1, "random bytes");
}

void age_crypto_wipe(void *data, size_t n)
{
    OPENSSL_cleanse(data, n);
}

int age_crypto_equal(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

/* --- X25519 ------------------------------------------------------------------------------------ */

void age_crypto_public(const unsigned char scalar[32], unsigned char point[32])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, AGE_KEY_BYTES);
    size_t n = AGE_KEY_BYTES;

    need(key != NULL && EVP_PKEY_get_raw_public_key(key, point, &n) == 1 && n == AGE_KEY_BYTES,
         "X25519");
    EVP_PKEY_free(key);
}

int age_crypto_shared(const unsigned char scalar[32], const unsigned char point[32],
                      unsigned char shared[32])
{
    static const unsigned char zero[AGE_KEY_BYTES];
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, AGE_KEY_BYTES);
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, AGE_KEY_BYTES);
    EVP_PKEY_CTX *ctx = key == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
    size_t n = AGE_KEY_BYTES;
    int ok;

    need(ctx != NULL && peer != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
             EVP_PKEY_derive_set_peer(ctx, peer) == 1,
         "X25519");
    ok = EVP_PKEY_derive(ctx, shared, &n) == 1 && n == AGE_KEY_BYTES &&
         !age_crypto_equal(shared, zero, AGE_KEY_BYTES);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(key);
    return ok ? 0 : -1;
}

/* --- keys from keys ------------------------------------------------------------------------------ */

void age_crypto_hkdf(const void *key, size_t n_key, const void *salt, size_t n_salt,
                     const char *info, unsigned char out[32])
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, n_key),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, strlen(info)),
        OSSL_PARAM_construct_end(), /* no salt is a salt of zeros */
        OSSL_PARAM_construct_end(),
    };

    if (n_salt > 0)
        params[3] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, n_salt);
    need(ctx != NULL && EVP_KDF_derive(ctx, out, AGE_KEY_BYTES, params) == 1, "HKDF");
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

void age_crypto_hmac(const unsigned char key[32], const void *data, size_t n,
                     unsigned char out[32])
{
    unsigned int length = 0;

    need(HMAC(EVP_sha256(), key, AGE_KEY_BYTES, data, n, out, &length) != NULL &&
             length == AGE_KEY_BYTES,
         "HMAC");
}

/* --- ChaCha20-Poly1305 ----------------------------------------------------------------------------- */

struct age_cipher {
    EVP_CIPHER_CTX *ctx;
    unsigned char key[AGE_KEY_BYTES];
};

struct age_cipher *age_cipher_new(const unsigned char key[32])
{
    struct age_cipher *cipher = mem_alloc(sizeof *cipher);

    cipher->ctx = EVP_CIPHER_CTX_new();
    memcpy(cipher->key, key, AGE_KEY_BYTES);
    need(cipher->ctx != NULL &&
             EVP_CipherInit_ex(cipher->ctx, EVP_chacha20_poly1305(), NULL, NULL, NULL, 1) == 1,
         "ChaCha20-Poly1305");
    return cipher;
}

void age_cipher_free(struct age_cipher *cipher)
{
    if (cipher == NULL)
        return;
    EVP_CIPHER_CTX_free(cipher->ctx);
    age_crypto_wipe(cipher->key, sizeof cipher->key);
    mem_free(cipher);
}

void age_cipher_seal(struct age_cipher *cipher, const unsigned char nonce[AGE_NONCE_BYTES],
                     const void *data, size_t n, void *out)
{
    unsigned char *to = out;
    int made = 0, last = 0;

    need(EVP_EncryptInit_ex(cipher->ctx, NULL, NULL, cipher->key, nonce) == 1 &&
             EVP_EncryptUpdate(cipher->ctx, to, &made, data, (int)n) == 1 &&
             EVP_EncryptFinal_ex(cipher->ctx, to + made, &last) == 1 && made + last == (int)n &&
             EVP_CIPHER_CTX_ctrl(cipher->ctx, EVP_CTRL_AEAD_GET_TAG, AGE_TAG_BYTES, to + n) == 1,
         "ChaCha20-Poly1305");
}

int age_cipher_unseal(struct age_cipher *cipher, const unsigned char nonce[AGE_NONCE_BYTES],
                      const void *data, size_t n, void *out)
{
    const unsigned char *from = data;
    int made = 0, last = 0;

    if (n < AGE_TAG_BYTES)
        return -1;
    n -= AGE_TAG_BYTES;
    need(EVP_DecryptInit_ex(cipher->ctx, NULL, NULL, cipher->key, nonce) == 1 &&
             EVP_CIPHER_CTX_ctrl(cipher->ctx, EVP_CTRL_AEAD_SET_TAG, AGE_TAG_BYTES,
                                 (void *)(from + n)) == 1 &&
             EVP_DecryptUpdate(cipher->ctx, out, &made, from, (int)n) == 1,
         "ChaCha20-Poly1305");
    if (EVP_DecryptFinal_ex(cipher->ctx, (unsigned char *)out + made, &last) == 1)
        return 0;
    age_crypto_wipe(out, n);
    return -1;
}
