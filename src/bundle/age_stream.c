/* age_stream - see age_stream.h. */
#include "bundle/age_stream.h"

/* Eleven bytes of number, most significant first, and the mark of the last chunk. */
static void make_nonce(uint64_t number, bool last, unsigned char nonce[AGE_NONCE_BYTES])
{
    for (int i = AGE_NONCE_BYTES - 2; i >= 0; i--) {
        nonce[i] = (unsigned char)number;
        number >>= 8;
    }
    nonce[AGE_NONCE_BYTES - 1] = last;
}

void age_stream_key(const unsigned char file_key[AGE_FILE_KEY_BYTES],
                    const unsigned char salt[AGE_SALT_BYTES], unsigned char key[32])
{
    age_crypto_hkdf(file_key, AGE_FILE_KEY_BYTES, salt, AGE_SALT_BYTES, "payload", key);
}

void age_stream_seal(struct age_cipher *cipher, uint64_t number, bool last, const void *data,
                     size_t n, void *out)
{
    unsigned char nonce[AGE_NONCE_BYTES];

    make_nonce(number, last, nonce);
    age_cipher_seal(cipher, nonce, data, n, out);
}

int age_stream_unseal(struct age_cipher *cipher, uint64_t number, bool last, const void *data,
                      size_t n, void *out)
{
    unsigned char nonce[AGE_NONCE_BYTES];

    make_nonce(number, last, nonce);
    return age_cipher_unseal(cipher, nonce, data, n, out);
}
