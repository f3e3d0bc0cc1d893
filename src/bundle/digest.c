/* digest - see digest.h. */
#include "bundle/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct digest {
    EVP_MD_CTX *evp;
};

/* libcrypto refuses SHA-256 only when it is out of memory or broken: nothing could be proven then. */
static void need(int ok)
{
    if (!ok) {
        fprintf(stderr, "deploy-db: libcrypto cannot compute SHA-256\n");
        abort();
    }
}

struct digest *digest_new(void)
{
    struct digest *digest = mem_alloc(sizeof *digest);

    digest->evp = EVP_MD_CTX_new();
    need(digest->evp != NULL && EVP_DigestInit_ex(digest->evp, EVP_sha256(), NULL));
    return digest;
}

void digest_add(struct digest *digest, const void *data, size_t n)
{
    need(EVP_DigestUpdate(digest->evp, data, n));
}

void digest_end(struct digest *digest, char hex[65])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int n = 0;

    need(EVP_DigestFinal_ex(digest->evp, sum, &n) && n == 32);
    for (size_t i = 0; i < 32; i++) {
        hex[2 * i] = digits[sum[i] >> 4];
        hex[2 * i + 1] = digits[sum[i] & 15];
    }
    hex[64] = '\0';
    digest_free(digest);
}

void digest_free(struct digest *digest)
{
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->evp);
    mem_free(digest);
}

void digest_of(const void *data, size_t n, char hex[65])
{
    struct digest *digest = digest_new();

    digest_add(digest, data, n);
    digest_end(digest, hex);
}
