/* bundle_verify - level `full`: every byte is read, hashed and decompressed. */
#include <string.h>

#include "base/cancel.h"
#include "bundle/bundle_manifest.h"
#include "bundle/bundle_read.h"
#include "bundle/bundle_walk.h"
#include "bundle/digest.h"

enum { CHUNK = 256 * 1024 };

struct verify {
    const struct bundle *bundle;
    void (*progress)(void *arg, int64_t done, int64_t total);
    void *arg;
    int64_t done, total; /* stored bytes */
    unsigned char data[CHUNK];
};

static int step(const struct verify *verify, int64_t done, struct err *err)
{
    if (verify->progress != NULL)
        verify->progress(verify->arg, done, verify->total);
    if (cancel_requested())
        return err_set(err, ERR_PREPARE, "the check of the snapshot was interrupted");
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
            rc = step(verify, verify->done + at, err);
        }
    }
    digest_end(digest, sha256);
    verify->done += member->size_bytes;
    if (rc == 0 && strcmp(sha256, member->sha256) != 0)
        rc = err_set(err, ERR_PREPARE,
                     "member \"%s\" of the snapshot is damaged: its hash differs", member->name);
    return rc;
}

static int check_stream(struct verify *verify, struct bundle_stream *stream, struct err *err)
{
    ssize_t n;

    do {
        n = bundle_read(stream, verify->data, CHUNK, err);
        if (n < 0 || step(verify, verify->done + bundle_read_taken(stream), err) < 0)
            return -1;
    } while (n > 0);
    verify->done += bundle_read_taken(stream);
    return 0;
}

static int check_all(struct verify *verify, struct err *err)
{
    const struct bundle *bundle = verify->bundle;

    for (size_t i = 0; i < bundle->n_members; i++) {
        char base[BUNDLE_NAME_MAX + 1];
        int part, rc = 0;

        if (!bundle_manifest_base(bundle->members[i].name, base, &part)) {
            rc = check_plain(verify, &bundle->members[i], err);
        } else if (part <= 0) { /* a later part was read with the first */
            struct bundle_stream *stream = bundle_read_at(bundle, i);

            rc = check_stream(verify, stream, err);
            bundle_read_close(stream);
        }
        if (rc < 0)
            return -1;
    }
    return 0;
}

int bundle_verify(const struct bundle *bundle, void (*progress)(void *, int64_t, int64_t),
                  void *arg, struct err *err)
{
    struct verify *verify = mem_alloc(sizeof *verify);
    int rc;

    verify->bundle = bundle;
    verify->progress = progress;
    verify->arg = arg;
    for (size_t i = 0; i < bundle->n_members; i++)
        verify->total += bundle->members[i].size_bytes;
    rc = check_all(verify, err);
    mem_free(verify);
    return rc;
}
