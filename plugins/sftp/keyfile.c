/* keyfile - see keyfile.h. */
#include "keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MOST = 16 * 1024 };

/* The bytes of base64 text up to "-", blanks left out. */
static size_t decode(const char *text, unsigned char *out, size_t cap)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t group = 0;
    size_t n = 0;
    int bits = 0;

    for (; *text != '\0' && *text != '-' && n < cap; text++) {
        const char *digit = strchr(digits, *text);

        if (digit == NULL)
            continue;
        group = group << 6 | (uint32_t)(digit - digits);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[n++] = (unsigned char)(group >> bits);
        }
    }
    return n;
}

/* A field of SSH's wire format: its length in four bytes, then its bytes. NULL: it does not fit. */
static const unsigned char *field(const unsigned char **at, const unsigned char *end, size_t *n)
{
    const unsigned char *bytes = *at + 4;

    if (end - *at < 4)
        return NULL;
    *n = (size_t)(*at)[0] << 24 | (size_t)(*at)[1] << 16 | (size_t)(*at)[2] << 8 | (*at)[3];
    if (*n > (size_t)(end - bytes))
        return NULL;
    *at = bytes + *n;
    return bytes;
}

/* "openssh-key-v1", cipher, key derivation and its options, how many keys, the public key. */
static int look_openssh(const unsigned char *bytes, size_t n, struct keyfile *key)
{
    static const char magic[] = "openssh-key-v1";
    size_t len = 0;
    const unsigned char *at = bytes + sizeof magic, *end = bytes + n, *cipher, *blob, *type;

    if (n < sizeof magic || memcmp(bytes, magic, sizeof magic) != 0)
        return -1;
    cipher = field(&at, end, &len);
    if (cipher == NULL)
        return -1;
    key->is_encrypted = len != 4 || memcmp(cipher, "none", 4) != 0;
    if (field(&at, end, &len) == NULL || field(&at, end, &len) == NULL || end - at < 4)
        return -1;
    at += 4;
    blob = field(&at, end, &len);
    if (blob == NULL || len > sizeof key->blob)
        return -1;
    memcpy(key->blob, blob, len);
    key->n_blob = len;
    at = blob;
    type = field(&at, blob + len, &len);
    if (type == NULL || len >= sizeof key->type)
        return -1;
    snprintf(key->type, sizeof key->type, "%.*s", (int)len, (const char *)type);
    return 0;
}

int keyfile_look(const char *path, struct keyfile *key)
{
    static const struct {
        const char *begin, *type;
    } pems[] = {
        {"-----BEGIN RSA PRIVATE KEY-----", "ssh-rsa"},
        {"-----BEGIN DSA PRIVATE KEY-----", "ssh-dss"},
        {"-----BEGIN EC PRIVATE KEY-----", "ecdsa"},
        {"-----BEGIN PRIVATE KEY-----", ""},
        {"-----BEGIN ENCRYPTED PRIVATE KEY-----", ""},
    };
    static const char openssh[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
    unsigned char bytes[KEYFILE_BLOB_MOST + 512];
    char text[FILE_MOST];
    const char *at;
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = -1;
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    *key = (struct keyfile){0};
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return -1;
    text[n] = '\0';
    at = strstr(text, openssh);
    if (at != NULL)
        rc = look_openssh(bytes, decode(at + strlen(openssh), bytes, sizeof bytes), key);
    for (size_t i = 0; rc != 0 && i < sizeof pems / sizeof *pems; i++)
        if (strstr(text, pems[i].begin) != NULL) {
            snprintf(key->type, sizeof key->type, "%s", pems[i].type);
            key->is_encrypted = strstr(text, "ENCRYPTED") != NULL;
            rc = 0;
        }
    explicit_bzero(text, sizeof text);
    explicit_bzero(bytes, sizeof bytes);
    if (rc != 0)
        errno = EINVAL;
    return rc;
}
