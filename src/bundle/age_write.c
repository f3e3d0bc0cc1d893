/* age_write - writing, see age.h. */
#include <string.h>

#include "base/mem.h"
#include "bundle/age.h"
#include "bundle/age_crypto.h"
#include "bundle/age_header.h"
#include "bundle/age_stream.h"

/* A chunk is sealed when more follows: the last one is marked, and is empty only in an empty file. */
struct age_writer {
    struct bundle_out out;
    struct age_cipher *cipher;
    uint64_t number;
    size_t n; /* bytes gathered */
    unsigned char data[AGE_CHUNK_BYTES], sealed[AGE_SEALED_BYTES];
};

static int begin(struct age_writer *writer, const struct age_keys *recipients,
                 const char *const *note, struct err *err)
{
    unsigned char file_key[AGE_FILE_KEY_BYTES], salt[AGE_SALT_BYTES], key[32];
    auto_buf struct buf header = {0};
    int rc;

    age_crypto_random(file_key, sizeof file_key);
    age_crypto_random(salt, sizeof salt);
    rc = age_header_format(file_key, recipients, note, &header, err);
    age_stream_key(file_key, salt, key);
    writer->cipher = age_cipher_new(key);
    age_crypto_wipe(file_key, sizeof file_key);
    age_crypto_wipe(key, sizeof key);
    if (rc != 0)
        return -1;
    buf_add(&header, salt, sizeof salt);
    return writer->out.write(writer->out.arg, header.data, header.len, err);
}

int age_create(const struct bundle_out *out, const struct age_keys *recipients,
               const char *const *note, struct age_writer **writer, struct err *err)
{
    struct age_writer *fresh = mem_alloc(sizeof *fresh);

    fresh->out = *out;
    if (recipients->n == 0)
        err_set(err, ERR_CONFIG, "a file cannot be encrypted for nobody");
    if (recipients->n == 0 || begin(fresh, recipients, note, err) != 0) {
        age_abandon(fresh);
        return -1;
    }
    *writer = fresh;
    return 0;
}

static int seal(struct age_writer *writer, bool last, struct err *err)
{
    const size_t n = writer->n;

    age_stream_seal(writer->cipher, writer->number++, last, writer->data, n, writer->sealed);
    writer->n = 0;
    return writer->out.write(writer->out.arg, writer->sealed, n + AGE_TAG_BYTES, err);
}

static int write_plain(void *arg, const void *data, size_t n, struct err *err)
{
    struct age_writer *writer = arg;
    const unsigned char *at = data;

    while (n > 0) {
        size_t part = AGE_CHUNK_BYTES - writer->n;

        if (part == 0) {
            if (seal(writer, false, err) < 0)
                return -1;
            continue;
        }
        part = part < n ? part : n;
        memcpy(writer->data + writer->n, at, part);
        writer->n += part;
        at += part;
        n -= part;
    }
    return 0;
}

struct bundle_out age_out(struct age_writer *writer)
{
    return (struct bundle_out){.write = write_plain, .arg = writer};
}

int age_finish(struct age_writer *writer, struct err *err)
{
    int rc = seal(writer, true, err);

    age_abandon(writer);
    return rc < 0 ? -1 : 0;
}

void age_abandon(struct age_writer *writer)
{
    if (writer == NULL)
        return;
    age_cipher_free(writer->cipher);
    age_crypto_wipe(writer->data, sizeof writer->data);
    mem_free(writer);
}
