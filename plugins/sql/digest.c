/* digest - see digest.h. */
#include "digest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

static int fail(struct ddb_call *call, const char *path, const char *reason)
{
    return sql_host->fail(call, "could not compute the SHA-256 of \"%s\": %s", path, reason);
}

static void write_hex(const unsigned char *digest, char *hex)
{
    for (size_t i = 0; i < DIGEST_SIZE / 2; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

int digest_text(struct ddb_call *call, const char *path, const char *text, size_t n, char *hex)
{
    unsigned char digest[EVP_MAX_MD_SIZE];

    if (EVP_Digest(text, n, digest, NULL, EVP_sha256(), NULL) != 1)
        return fail(call, path, "the library refuses");
    write_hex(digest, hex);
    return 0;
}

static int add_all(struct ddb_call *call, const char *path, FILE *file, EVP_MD_CTX *context)
{
    char data[16 * 1024];
    size_t n;

    while ((n = fread(data, 1, sizeof data, file)) > 0)
        if (EVP_DigestUpdate(context, data, n) != 1)
            return fail(call, path, "the library refuses");
    return ferror(file) ? fail(call, path, strerror(errno)) : 0;
}

int digest_file(struct ddb_call *call, const char *path, char *hex)
{
    FILE *file = fopen(path, "re");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    int rc = -1;

    if (file == NULL)
        fail(call, path, strerror(errno));
    else if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
        fail(call, path, "the library refuses");
    else
        rc = add_all(call, path, file, context);
    if (rc == 0 && EVP_DigestFinal_ex(context, digest, NULL) != 1)
        rc = fail(call, path, "the library refuses");
    if (rc == 0)
        write_hex(digest, hex);
    EVP_MD_CTX_free(context);
    if (file != NULL)
        fclose(file);
    return rc;
}
