/* age_read - reading at any offset, see age.h. */
#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "bundle/age.h"
#include "bundle/age_crypto.h"
#include "bundle/age_header.h"
#include "bundle/age_stream.h"

/* The note stands at the beginning. At most so many chunks are asked of a store at once; so many decrypted ones are remembered, because
 * the next read begins where the last one ended, in the middle of a chunk. */
enum { CHUNKS_AT_ONCE = 8, REMEMBERED = 16, NOTE_MOST = 4096 };

struct remembered {
    int64_t number; /* -1: none */
    uint64_t used;
    size_t n;
    unsigned char data[AGE_CHUNK_BYTES];
};

struct age_reader {
    struct bundle_in in;
    int64_t start; /* of the payload */
    int64_t n_chunks, size_bytes;
    unsigned char key[32];
    pthread_mutex_t mutex; /* for what follows */
    uint64_t clock;
    struct remembered chunks[REMEMBERED];
};

/* --- the beginning --------------------------------------------------------------------------------- */

/* Up to ${cap} bytes; fewer only at the end of the file. */
static ssize_t read_fully(const struct bundle_in *in, int64_t offset, void *data, size_t cap,
                          struct err *err)
{
    size_t done = 0;

    while (done < cap) {
        ssize_t got =
            in->read(in->arg, offset + (int64_t)done, (char *)data + done, cap - done, err);

        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

int age_is(const struct bundle_in *in, bool *yes, struct err *err)
{
    char start[sizeof AGE_VERSION_LINE - 1];
    ssize_t n = read_fully(in, 0, start, sizeof start, err);

    *yes = n == (ssize_t)sizeof start && memcmp(start, AGE_VERSION_LINE, sizeof start) == 0;
    return n < 0 ? -1 : 0;
}

/* The file's beginning, at most ${cap} bytes of it; heap. */
static int read_beginning(const struct bundle_in *in, size_t cap, char **text, size_t *n,
                          struct err *err)
{
    ssize_t got;

    cap = in->size_bytes < (int64_t)cap ? (size_t)in->size_bytes : cap;
    *text = mem_alloc(cap + 1);
    got = read_fully(in, 0, *text, cap, err);
    *n = got < 0 ? 0 : (size_t)got;
    return got < 0 ? -1 : 0;
}

int age_note(const struct bundle_in *in, struct arena *arena, char ***note, struct err *err)
{
    auto_free char *text = NULL;
    size_t n;

    if (read_beginning(in, NOTE_MOST, &text, &n, err) != 0)
        return -1;
    *note = age_header_note(text, n, arena);
    return 0;
}

static int read_header(struct age_reader *reader, const struct age_keys *identities,
                       const char *source, struct err *err)
{
    unsigned char file_key[AGE_FILE_KEY_BYTES], salt[AGE_SALT_BYTES];
    struct bundle_in *in = &reader->in;
    auto_free char *text = NULL;
    size_t got, used = 0;
    int rc = read_beginning(in, AGE_HEADER_MOST, &text, &got, err);

    if (rc == 0)
        rc = age_header_parse(text, got, identities, source, file_key, &used, err);
    reader->start = (int64_t)used + AGE_SALT_BYTES;
    if (rc == 0) {
        ssize_t n = read_fully(in, (int64_t)used, salt, sizeof salt, err);

        if (n == (ssize_t)sizeof salt)
            age_stream_key(file_key, salt, reader->key);
        else
            rc = n < 0 ? -1 : err_set(err, ERR_PREPARE, "the encrypted file is cut off behind its header");
    }
    age_crypto_wipe(file_key, sizeof file_key);
    return rc;
}

/* How many chunks the file's size makes, and what they hold. */
static int measure(struct age_reader *reader, struct err *err)
{
    int64_t payload = reader->in.size_bytes - reader->start, last;

    reader->n_chunks = payload <= 0 ? 1 : (payload + AGE_SEALED_BYTES - 1) / AGE_SEALED_BYTES;
    last = payload - (reader->n_chunks - 1) * AGE_SEALED_BYTES;
    if (last < AGE_TAG_BYTES || (last == AGE_TAG_BYTES && reader->n_chunks > 1))
        return err_set(err, ERR_PREPARE, "the encrypted file is cut off in its last chunk");
    reader->size_bytes = payload - reader->n_chunks * AGE_TAG_BYTES;
    return 0;
}

/* --- chunks ------------------------------------------------------------------------------------------ */

static size_t plain_bytes(const struct age_reader *reader, int64_t number)
{
    return number < reader->n_chunks - 1
               ? AGE_CHUNK_BYTES
               : (size_t)(reader->size_bytes - number * AGE_CHUNK_BYTES);
}

/* From chunk ${number} at ${within}, when it is remembered: how many bytes, else 0. */
static size_t recall(struct age_reader *reader, int64_t number, size_t within, void *data,
                     size_t cap)
{
    size_t n = 0;

    pthread_mutex_lock(&reader->mutex);
    for (size_t i = 0; i < REMEMBERED && n == 0; i++) {
        struct remembered *chunk = &reader->chunks[i];

        if (chunk->number != number || within >= chunk->n)
            continue;
        n = chunk->n - within < cap ? chunk->n - within : cap;
        memcpy(data, chunk->data + within, n);
        chunk->used = ++reader->clock;
    }
    pthread_mutex_unlock(&reader->mutex);
    return n;
}

static void remember(struct age_reader *reader, int64_t number, const void *data, size_t n)
{
    struct remembered *oldest = &reader->chunks[0];

    pthread_mutex_lock(&reader->mutex);
    for (size_t i = 1; i < REMEMBERED; i++)
        if (reader->chunks[i].used < oldest->used)
            oldest = &reader->chunks[i];
    oldest->number = number;
    oldest->used = ++reader->clock;
    oldest->n = n;
    memcpy(oldest->data, data, n);
    pthread_mutex_unlock(&reader->mutex);
}

/* One chunk, of which the bytes from ${within} on go to ${data}: decrypted in place there when all of
 * it is wanted. */
static int give(struct age_reader *reader, struct age_cipher *cipher, int64_t number,
                const unsigned char *sealed, size_t within, unsigned char *data, size_t wanted,
                struct err *err)
{
    const size_t n = plain_bytes(reader, number);
    const bool whole = within == 0 && wanted == n;
    unsigned char *plain = whole ? data : mem_alloc(AGE_CHUNK_BYTES);
    int rc = age_stream_unseal(cipher, (uint64_t)number, number == reader->n_chunks - 1, sealed,
                               n + AGE_TAG_BYTES, plain);

    if (rc != 0) {
        err_set(err, ERR_PREPARE, "the encrypted file is damaged: chunk %lld of %lld is not authentic",
                (long long)number + 1, (long long)reader->n_chunks);
    } else if (!whole) {
        memcpy(data, plain + within, wanted);
        remember(reader, number, plain, n);
    }
    if (!whole) {
        age_crypto_wipe(plain, AGE_CHUNK_BYTES);
        mem_free(plain);
    }
    return rc;
}

/* ${wanted} bytes at ${offset}, which lie in at most CHUNKS_AT_ONCE chunks. */
static int read_chunks(struct age_reader *reader, int64_t offset, unsigned char *data,
                       size_t wanted, struct err *err)
{
    const int64_t first = offset / AGE_CHUNK_BYTES;
    const int64_t last = (offset + (int64_t)wanted - 1) / AGE_CHUNK_BYTES;
    size_t n = (size_t)(last - first) * AGE_SEALED_BYTES + plain_bytes(reader, last) + AGE_TAG_BYTES;
    unsigned char *sealed = mem_alloc(n);
    struct age_cipher *cipher = age_cipher_new(reader->key);
    size_t within = (size_t)(offset % AGE_CHUNK_BYTES), done = 0;
    ssize_t got =
        read_fully(&reader->in, reader->start + first * AGE_SEALED_BYTES, sealed, n, err);
    int rc = got < 0 ? -1 : 0;

    if (rc == 0 && (size_t)got < n)
        rc = err_set(err, ERR_PREPARE, "the encrypted file has become shorter while it was read");
    for (int64_t number = first; rc == 0 && number <= last; number++) {
        size_t part = plain_bytes(reader, number) - within;

        part = part < wanted - done ? part : wanted - done;
        rc = give(reader, cipher, number, sealed + (size_t)(number - first) * AGE_SEALED_BYTES,
                  within, data + done, part, err);
        done += part;
        within = 0;
    }
    age_cipher_free(cipher);
    mem_free(sealed);
    return rc;
}

static ssize_t read_plain(void *arg, int64_t offset, void *data, size_t cap, struct err *err)
{
    struct age_reader *reader = arg;
    size_t within = (size_t)(offset % AGE_CHUNK_BYTES), n;
    int64_t left = reader->size_bytes - offset;

    if (offset < 0 || left <= 0 || cap == 0)
        return 0;
    cap = left < (int64_t)cap ? (size_t)left : cap;
    n = recall(reader, offset / AGE_CHUNK_BYTES, within, data, cap);
    if (n > 0)
        return (ssize_t)n;
    if (cap > CHUNKS_AT_ONCE * AGE_CHUNK_BYTES - within)
        cap = CHUNKS_AT_ONCE * AGE_CHUNK_BYTES - within;
    return read_chunks(reader, offset, data, cap, err) == 0 ? (ssize_t)cap : -1;
}

/* Only the true last chunk opens under the mark: so the file ends where it was ended. */
static int prove_end(struct age_reader *reader, struct err *err)
{
    const int64_t last = reader->n_chunks - 1;
    const size_t n = plain_bytes(reader, last) + AGE_TAG_BYTES;
    unsigned char sealed[AGE_SEALED_BYTES], plain[AGE_CHUNK_BYTES];
    struct age_cipher *cipher = age_cipher_new(reader->key);
    ssize_t got = read_fully(&reader->in, reader->start + last * AGE_SEALED_BYTES, sealed, n, err);
    int rc = got < 0 ? -1 : 0;

    if (rc == 0 && (got != (ssize_t)n ||
                    age_stream_unseal(cipher, (uint64_t)last, true, sealed, n, plain) != 0))
        rc = err_set(err, ERR_PREPARE,
                     "the encrypted file is cut off or damaged: its last chunk is not authentic");
    if (rc == 0)
        remember(reader, last, plain, n - AGE_TAG_BYTES);
    age_crypto_wipe(plain, sizeof plain);
    age_cipher_free(cipher);
    return rc;
}

int age_open(const struct bundle_in *in, const struct age_keys *identities, const char *source,
             struct age_reader **out, struct err *err)
{
    struct age_reader *reader = mem_alloc(sizeof *reader);

    reader->in = *in;
    pthread_mutex_init(&reader->mutex, NULL);
    for (size_t i = 0; i < REMEMBERED; i++)
        reader->chunks[i].number = -1;
    if (read_header(reader, identities, source, err) != 0 || measure(reader, err) != 0 ||
        prove_end(reader, err) != 0) {
        age_close(reader);
        return -1;
    }
    *out = reader;
    return 0;
}

struct bundle_in age_in(struct age_reader *reader)
{
    return (struct bundle_in){.read = read_plain, .size_bytes = reader->size_bytes, .arg = reader};
}

void age_close(struct age_reader *reader)
{
    if (reader == NULL)
        return;
    pthread_mutex_destroy(&reader->mutex);
    age_crypto_wipe(reader, sizeof *reader);
    mem_free(reader);
}
