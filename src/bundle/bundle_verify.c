/* bundle_verify - level `full`: every byte is read, hashed and decompressed, and the rows in chunks are those
 * that were read. */
#include <stdatomic.h>
#include <string.h>

#include "base/cancel.h"
#include "base/thread.h"
#include "bundle/bundle_manifest.h"
#include "bundle/bundle_read.h"
#include "bundle/bundle_walk.h"
#include "bundle/digest.h"
#include "bundle/rowtext.h"

enum { CHUNK = 256 * 1024 };

/* What the threads share. */
struct shared {
    struct bundle bundle; /* reads with the mutex */
    struct bundle_in in;  /* what it reads from */
    pthread_mutex_t mutex; /* for what follows, and for reading */
    void (*progress)(void *arg, int64_t done, int64_t total);
    void *arg;
    int64_t done, total; /* stored bytes */
    size_t next;         /* the first member that nobody has looked at */
    size_t failed;       /* the first one that is damaged; SIZE_MAX: none */
    struct rowhash *rows; /* of each table, from its chunks */
    struct err err;      /* its failure */
    atomic_bool stop;
};

/* One of them. */
struct verify {
    struct shared *shared;
    const struct bundle *bundle;
    int64_t told; /* bytes of the member at hand that are counted already */
    struct rowtext *rows; /* of the chunk at hand */
    unsigned char data[CHUNK];
};

static ssize_t read_locked(void *arg, int64_t offset, void *data, size_t cap, struct err *err)
{
    struct shared *shared = arg;
    ssize_t n;

    pthread_mutex_lock(&shared->mutex);
    n = shared->in.read(shared->in.arg, offset, data, cap, err);
    pthread_mutex_unlock(&shared->mutex);
    return n;
}

/* ${at} bytes of the member at hand are read. */
static int step(struct verify *verify, int64_t at, struct err *err)
{
    struct shared *shared = verify->shared;

    pthread_mutex_lock(&shared->mutex);
    shared->done += at - verify->told;
    verify->told = at;
    if (shared->progress != NULL)
        shared->progress(shared->arg, shared->done, shared->total);
    pthread_mutex_unlock(&shared->mutex);
    if (cancel_requested())
        return err_set(err, ERR_PREPARE, "the check of the snapshot was interrupted");
    if (atomic_load_explicit(&shared->stop, memory_order_relaxed))
        return err_set(err, ERR_PREPARE, "stopped");
    return 0;
}

static int check_plain(struct verify *verify, const struct bundle_member *member, struct err *err)
{
    struct digest *digest = digest_new();
    char sha256[65];
    int rc = 0;

    for (int64_t at = 0; at < member->size_bytes && rc == 0;) {
        int64_t left = member->size_bytes - at;
        size_t n = left < CHUNK ? (size_t)left : CHUNK;

        rc = bundle_walk_read(&verify->bundle->in, member->offset + at, verify->data, n,
                              member->name, err);
        if (rc == 0) {
            digest_add(digest, verify->data, n);
            at += (int64_t)n;
            rc = step(verify, at, err);
        }
    }
    digest_end(digest, sha256);
    if (rc == 0 && strcmp(sha256, member->sha256) != 0)
        rc = err_set(err, ERR_PREPARE,
                     "member \"%s\" of the snapshot is damaged: its hash differs", member->name);
    return rc;
}

static int check_stream(struct verify *verify, struct bundle_stream *stream, bool has_rows,
                        struct err *err)
{
    ssize_t n;

    do {
        n = bundle_read(stream, verify->data, CHUNK, err);
        if (n < 0 || step(verify, bundle_read_taken(stream), err) < 0)
            return -1;
        if (n > 0 && has_rows)
            rowtext_add(verify->rows, verify->data, (size_t)n);
    } while (n > 0);
    return 0;
}

/* The chunk at hand is read; that it has a table was checked when the file was opened. */
static int end_chunk(struct verify *verify, uint32_t oid, const char *name, struct err *err)
{
    struct shared *shared = verify->shared;
    const struct bundle *bundle = verify->bundle;

    if (!rowtext_whole(verify->rows) || rowtext_marked(verify->rows))
        return err_set(err, ERR_PREPARE, "member \"%s\" of the snapshot ends inside of a row", name);
    pthread_mutex_lock(&shared->mutex);
    for (size_t i = 0; i < bundle->n_tables; i++)
        if (bundle->tables[i].copy != NULL && bundle->tables[i].oid == oid)
            rowhash_merge(&shared->rows[i], rowtext_rows(verify->rows));
    pthread_mutex_unlock(&shared->mutex);
    return 0;
}

/* All chunks are read: what the manifest says of each table against what they hold. */
static int compare_rows(const struct shared *shared, struct err *err)
{
    for (size_t i = 0; i < shared->bundle.n_tables; i++) {
        const struct bundle_table *table = &shared->bundle.tables[i];
        char hex[ROWHASH_DIGITS + 1];

        if (table->copy == NULL)
            continue;
        if (table->rows >= 0 && table->rows != shared->rows[i].rows)
            return err_set(err, ERR_PREPARE,
                           "table \"%s.%s\" has %lld rows in the snapshot where its manifest has %lld",
                           table->schema, table->name, (long long)shared->rows[i].rows,
                           (long long)table->rows);
        rowhash_hex(&shared->rows[i], hex);
        if (table->hash[0] != '\0' && strcmp(table->hash, hex) != 0)
            return err_set(err, ERR_PREPARE,
                           "table \"%s.%s\" has other rows in the snapshot than its manifest says: "
                           "their hash differs", table->schema, table->name);
    }
    return 0;
}

/* A later part of a member was read with the first. */
static int check_member(struct verify *verify, size_t i, struct err *err)
{
    const struct bundle *bundle = verify->bundle;
    char base[BUNDLE_NAME_MAX + 1];
    struct bundle_stream *stream;
    unsigned number;
    uint32_t oid;
    bool is_chunk = bundle_chunk_of(&bundle->members[i], &oid, &number);
    int part, rc;

    verify->told = 0;
    rowtext_begin(verify->rows);
    if (!bundle_manifest_base(bundle->members[i].name, base, &part))
        return check_plain(verify, &bundle->members[i], err);
    if (part > 0)
        return 0;
    stream = bundle_read_at(bundle, i);
    rc = check_stream(verify, stream, is_chunk, err);
    bundle_read_close(stream);
    return rc == 0 && is_chunk ? end_chunk(verify, oid, bundle->members[i].name, err) : rc;
}

static void *work(void *arg)
{
    struct verify *verify = mem_alloc(sizeof *verify);
    struct shared *shared = arg;
    struct err err = ERR_INIT;

    verify->shared = shared;
    verify->bundle = &shared->bundle;
    verify->rows = rowtext_new();
    while (!atomic_load(&shared->stop)) {
        size_t i;

        pthread_mutex_lock(&shared->mutex);
        i = shared->next < shared->bundle.n_members ? shared->next++ : SIZE_MAX;
        pthread_mutex_unlock(&shared->mutex);
        if (i == SIZE_MAX)
            break;
        if (check_member(verify, i, &err) < 0) {
            bool stopped = atomic_exchange(&shared->stop, true);

            pthread_mutex_lock(&shared->mutex);
            if (!stopped || (i < shared->failed && strcmp(err.primary, "stopped") != 0)) {
                shared->failed = i;
                shared->err = err;
            }
            pthread_mutex_unlock(&shared->mutex);
        }
    }
    rowtext_free(verify->rows);
    mem_free(verify);
    return NULL;
}

int bundle_verify(const struct bundle *bundle, int jobs,
                  void (*progress)(void *, int64_t, int64_t), void *arg, struct err *err)
{
    struct shared *shared = mem_alloc(sizeof *shared);
    pthread_t *threads = mem_alloc((size_t)(jobs > 1 ? jobs : 1) * sizeof *threads);
    struct err ignored = ERR_INIT;
    int n = 0, rc = 0;

    shared->bundle = *bundle;
    shared->in = bundle->in;
    shared->bundle.in.read = read_locked;
    shared->bundle.in.arg = shared;
    shared->progress = progress;
    shared->arg = arg;
    shared->failed = SIZE_MAX;
    shared->rows = mem_alloc((bundle->n_tables + 1) * sizeof *shared->rows);
    pthread_mutex_init(&shared->mutex, NULL);
    for (size_t i = 0; i < bundle->n_members; i++)
        shared->total += bundle->members[i].size_bytes;
    while (n < jobs - 1 && (size_t)n + 1 < bundle->n_members &&
           thread_start(&threads[n], work, shared, ERR_INTERNAL, &ignored) == 0)
        n++; /* a thread less is no failure: this one works too */
    work(shared);
    while (n > 0)
        pthread_join(threads[--n], NULL);
    if (shared->failed != SIZE_MAX) {
        *err = shared->err;
        rc = -1;
    } else {
        rc = compare_rows(shared, err);
    }
    mem_free(shared->rows);
    pthread_mutex_destroy(&shared->mutex);
    mem_free(threads);
    mem_free(shared);
    return rc;
}
