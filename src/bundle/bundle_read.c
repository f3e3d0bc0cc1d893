/* bundle_read - see bundle.h: one member, decompressed and checked on the way. */
#include "bundle/bundle_read.h"

#include <stdio.h>
#include <string.h>

#include "bundle/bundle_manifest.h"
#include "bundle/bundle_walk.h"
#include "bundle/digest.h"
#include "bundle/frame.h"

enum { CHUNK = 256 * 1024 };

struct bundle_stream {
    const struct bundle *bundle;
    size_t current, next;      /* indexes of stored members; SIZE_MAX: none */
    size_t last;               /* the one before ${current}, for what an error names */
    int64_t at;                /* in the current one */
    int64_t taken;             /* stored bytes so far */
    int64_t raw_done, raw_all; /* decompressed bytes, and how many the manifest promises */
    struct digest *digest;     /* of the current one */
    struct frame_unpacker *unpacker;
    bool ended, broken;
    size_t len, pos;
    unsigned char data[CHUNK];
};

/* The part after member ${i}; SIZE_MAX: there is none. That parts follow each other, but for chunks
 * between them, was checked when the manifest was read. */
static size_t part_after(const struct bundle *bundle, size_t i)
{
    char base[BUNDLE_NAME_MAX + 1];
    int part;

    if (!bundle_manifest_base(bundle->members[i].name, base, &part) || part < 0)
        return SIZE_MAX;
    while (++i < bundle->n_members)
        if (bundle_manifest_base(bundle->members[i].name, base, &part) && part >= 0)
            return part > 0 ? i : SIZE_MAX;
    return SIZE_MAX;
}

struct bundle_stream *bundle_read_at(const struct bundle *bundle, size_t first)
{
    struct bundle_stream *stream = mem_alloc(sizeof *stream);

    stream->bundle = bundle;
    stream->current = stream->last = first;
    stream->next = part_after(bundle, first);
    stream->raw_all = bundle->members[first].raw_bytes;
    stream->unpacker = frame_unpacker_new();
    stream->digest = digest_new();
    return stream;
}

struct bundle_stream *bundle_read_chunk(const struct bundle *bundle,
                                        const struct bundle_member *member)
{
    return bundle_read_at(bundle, (size_t)(member - bundle->members));
}

int64_t bundle_read_taken(const struct bundle_stream *stream)
{
    return stream->taken;
}

int bundle_read_open(const struct bundle *bundle, const char *name, struct bundle_stream **stream,
                     struct err *err)
{
    for (size_t i = 0; i < bundle->n_members; i++) {
        char base[BUNDLE_NAME_MAX + 1];
        int part;

        if (bundle_manifest_base(bundle->members[i].name, base, &part) && part <= 0 &&
            strcmp(base, name) == 0) {
            *stream = bundle_read_at(bundle, i);
            return 0;
        }
    }
    return err_set(err, ERR_PREPARE, "the snapshot has no member \"%s\"", name);
}

/* The current stored member is read to its end: prove it and go to the next. */
static int end_member(struct bundle_stream *stream, struct err *err)
{
    const struct bundle_member *member = &stream->bundle->members[stream->current];
    char sha256[65];

    digest_end(stream->digest, sha256);
    stream->digest = NULL;
    if (strcmp(sha256, member->sha256) != 0)
        return err_set(err, ERR_PREPARE,
                       "member \"%s\" of the snapshot is damaged: its hash differs", member->name);
    stream->last = stream->current;
    stream->current = stream->next;
    stream->at = 0;
    if (stream->current != SIZE_MAX) {
        stream->next = part_after(stream->bundle, stream->current);
        stream->digest = digest_new();
    }
    return 0;
}

/* The next stored bytes. The hash of a member is compared before its last bytes are used. */
static int refill(struct bundle_stream *stream, struct err *err)
{
    const struct bundle_member *member = &stream->bundle->members[stream->current];
    int64_t left = member->size_bytes - stream->at;
    size_t n = left < CHUNK ? (size_t)left : CHUNK;

    if (bundle_walk_read(&stream->bundle->in, member->offset + stream->at, stream->data, n,
                         member->name, err) < 0)
        return -1;
    digest_add(stream->digest, stream->data, n);
    stream->pos = 0;
    stream->len = n;
    stream->at += (int64_t)n;
    stream->taken += (int64_t)n;
    return stream->at == member->size_bytes ? end_member(stream, err) : 0;
}

static const char *name_of(const struct bundle_stream *stream)
{
    return stream->bundle->members[stream->current != SIZE_MAX ? stream->current : stream->last]
        .name;
}

static int check_ended(struct bundle_stream *stream, struct err *err)
{
    if (!frame_complete(stream->unpacker) || stream->raw_done != stream->raw_all)
        return err_set(err, ERR_PREPARE,
                       "member \"%s\" of the snapshot holds %lld bytes where its manifest has %lld",
                       name_of(stream), (long long)stream->raw_done, (long long)stream->raw_all);
    stream->ended = true;
    return 0;
}

static ssize_t read_some(struct bundle_stream *stream, void *data, size_t cap, struct err *err)
{
    size_t made = 0;

    while (made == 0 && !stream->ended) {
        if (frame_unpack(stream->unpacker, stream->data, stream->len, &stream->pos, data, cap,
                         &made, err) < 0)
            return err_wrap(err, "member \"%s\" of the snapshot is damaged", name_of(stream));
        if (made > 0 || stream->pos < stream->len)
            continue;
        if (stream->current == SIZE_MAX ? check_ended(stream, err) < 0
                                           : refill(stream, err) < 0)
            return -1;
    }
    stream->raw_done += (int64_t)made;
    if (stream->raw_done > stream->raw_all)
        return err_set(err, ERR_PREPARE,
                       "member \"%s\" of the snapshot holds more than its manifest says",
                       name_of(stream));
    return (ssize_t)made;
}

ssize_t bundle_read(struct bundle_stream *stream, void *data, size_t cap, struct err *err)
{
    ssize_t n;

    if (stream->broken)
        return err_set(err, ERR_PREPARE, "member \"%s\" of the snapshot could not be read",
                       name_of(stream));
    n = cap > 0 ? read_some(stream, data, cap, err) : 0;
    stream->broken = n < 0;
    return n;
}

void bundle_read_close(struct bundle_stream *stream)
{
    if (stream == NULL)
        return;
    digest_free(stream->digest);
    frame_unpacker_free(stream->unpacker);
    mem_free(stream);
}
