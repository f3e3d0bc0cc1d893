/* bundle - see bundle.h. This file writes; bundle_open, bundle_read and bundle_verify read. */
#include "bundle/bundle.h"

#include <jansson.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <string.h>

#include "bundle/bundle_manifest.h"
#include "bundle/bundle_tar.h"
#include "bundle/digest.h"
#include "bundle/frame.h"

#include "bundle/embed/RESTORE.md.h"
#include "bundle/embed/restore.sh.h"

struct bundle_writer {
    pthread_mutex_t mutex; /* for the tar and the list of members: chunks come from any thread */
    struct bundle_tar *tar;
    struct frame_packer *packer;
    int64_t raw_bytes; /* of everything, before compression */

    void *names; /* tsearch: what is taken, without ".zst" and part numbers */
    struct bundle_member *members;
    size_t n_members, cap_members;
    struct bundle_table *tables;
    size_t n_tables, cap_tables;

    char *name;            /* the open data member; NULL: none */
    size_t first;          /* index of its first part */
    int n_parts;
    int64_t member_raw;
    unsigned char *part;   /* its compressed bytes that are not yet a member */
    size_t part_len;
};

/* --- members ----------------------------------------------------------------------------------- */

static void remember(struct bundle_writer *writer, const char *name, int64_t offset, size_t n,
                     int64_t raw_bytes, const char *sha256)
{
    struct bundle_member *member;

    if (writer->n_members == writer->cap_members) {
        writer->cap_members = writer->cap_members ? writer->cap_members * 2 : 64;
        writer->members =
            mem_realloc(writer->members, writer->cap_members * sizeof *writer->members);
    }
    member = &writer->members[writer->n_members++];
    *member = (struct bundle_member){
        .name = mem_strdup(name),
        .offset = offset,
        .size_bytes = (int64_t)n,
        .raw_bytes = raw_bytes,
    };
    memcpy(member->sha256, sha256, sizeof member->sha256);
}

/* What is known of a member before it has its place in the tar: its hash is made without the mutex,
 * because the threads that bring chunks would wait for each other otherwise. */
struct piece {
    const char *name; /* as stored */
    const void *data;
    size_t n;
    int64_t raw_bytes;
    mode_t mode;
    char sha256[65];
};

static struct piece piece_of(const char *name, const void *data, size_t n, int64_t raw_bytes,
                             mode_t mode)
{
    struct piece piece = {
        .name = name, .data = data, .n = n, .raw_bytes = raw_bytes, .mode = mode};

    digest_of(data, n, piece.sha256);
    return piece;
}

/* With the mutex. */
static int add_locked(struct bundle_writer *writer, const struct piece *piece, struct err *err)
{
    int64_t offset;

    if (bundle_tar_add(writer->tar, piece->name, piece->data, piece->n, piece->mode, &offset, err) <
        0)
        return -1;
    remember(writer, piece->name, offset, piece->n, piece->raw_bytes, piece->sha256);
    return 0;
}

static int add(struct bundle_writer *writer, const char *name, const void *data, size_t n,
               int64_t raw_bytes, mode_t mode, struct err *err)
{
    const struct piece piece = piece_of(name, data, n, raw_bytes, mode);
    int rc;

    pthread_mutex_lock(&writer->mutex);
    rc = add_locked(writer, &piece, err);
    pthread_mutex_unlock(&writer->mutex);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Take ${name}; false: it is taken. */
static bool take_name(struct bundle_writer *writer, const char *name)
{
    char *fresh = mem_strdup(name);
    bool is_new;

    pthread_mutex_lock(&writer->mutex);
    is_new = *(char **)tsearch(fresh, &writer->names, by_name) == fresh;
    pthread_mutex_unlock(&writer->mutex);
    if (!is_new)
        mem_free(fresh);
    return is_new;
}

/* A name that may be added: proper, not one of ours, and new. It is taken afterwards. */
static int check_name(struct bundle_writer *writer, const char *name, struct err *err)
{
    char base[BUNDLE_NAME_MAX + 1];
    int part;

    if (!bundle_manifest_name(name) || bundle_manifest_base(name, base, &part) ||
        strlen(name) > BUNDLE_NAME_MAX - strlen(".zst.000000"))
        return err_set(err, ERR_PREPARE, "\"%s\" cannot be the name of a snapshot's member", name);
    if (strcmp(name, BUNDLE_MANIFEST) == 0 || strcmp(name, BUNDLE_SUMS) == 0 ||
        strcmp(name, BUNDLE_COPIES) == 0)
        return err_set(err, ERR_PREPARE, "the snapshot's member \"%s\" is written at its end", name);
    if (!take_name(writer, name))
        return err_set(err, ERR_PREPARE, "the snapshot has a member \"%s\" already", name);
    return 0;
}

/* --- creating ---------------------------------------------------------------------------------- */

int bundle_create(const struct bundle_out *out, int level, int threads,
                  struct bundle_writer **writer, struct err *err)
{
    struct bundle_writer *fresh = mem_alloc(sizeof *fresh);

    pthread_mutex_init(&fresh->mutex, NULL);
    fresh->packer = frame_packer_new(level, threads);
    if (bundle_tar_open(out, &fresh->tar, err) < 0) {
        bundle_abandon(fresh);
        return -1;
    }
    take_name(fresh, "RESTORE.md");
    take_name(fresh, "restore.sh");
    if (add(fresh, "RESTORE.md", RESTORE_md, strlen(RESTORE_md), 0, 0644, err) < 0 ||
        add(fresh, "restore.sh", restore_sh, strlen(restore_sh), 0, 0755, err) < 0) {
        bundle_abandon(fresh);
        return -1;
    }
    *writer = fresh;
    return 0;
}

void bundle_abandon(struct bundle_writer *writer)
{
    if (writer == NULL)
        return;
    bundle_tar_free(writer->tar);
    frame_packer_free(writer->packer);
    for (size_t i = 0; i < writer->n_members; i++)
        mem_free((char *)writer->members[i].name);
    for (size_t i = 0; i < writer->n_tables; i++) {
        mem_free((char *)writer->tables[i].schema);
        mem_free((char *)writer->tables[i].name);
        mem_free((char *)writer->tables[i].hash);
        mem_free((char *)writer->tables[i].copy);
    }
    tdestroy(writer->names, mem_free);
    pthread_mutex_destroy(&writer->mutex);
    mem_free(writer->members);
    mem_free(writer->tables);
    mem_free(writer->name);
    mem_free(writer->part);
    mem_free(writer);
}

int64_t bundle_memory(int level, int threads)
{
    return BUNDLE_PART_BYTES + frame_packer_bytes(level, threads);
}

/* --- small members ----------------------------------------------------------------------------- */

static int compress_all(struct frame_packer *packer, const void *data, size_t n, struct buf *out,
                        struct err *err)
{
    bool done = false;
    size_t used = 0;

    if (frame_begin(packer, err) < 0)
        return -1;
    while (!done) {
        buf_reserve(out, 64 * 1024);
        if (frame_pack(packer, data, n, &used, out->data, out->cap - 1, &out->len, err) < 0)
            return -1;
        if (used == n &&
            frame_flush(packer, out->data, out->cap - 1, &out->len, &done, err) < 0)
            return -1;
    }
    return 0;
}

static bool is_json_object(const void *data, size_t n)
{
    json_t *json = json_loadb(data, n, JSON_REJECT_DUPLICATES, NULL);
    bool is_object = json_is_object(json);

    json_decref(json);
    return is_object;
}

int bundle_put(struct bundle_writer *writer, const char *name, const void *data, size_t n,
               bool compress, struct err *err)
{
    struct buf auto_buf packed = {0};
    char stored[BUNDLE_NAME_MAX + 1];

    if (writer->name != NULL)
        return err_set(err, ERR_INTERNAL, "the snapshot's member \"%s\" is still open",
                       writer->name);
    if (check_name(writer, name, err) < 0)
        return -1;
    if (n > BUNDLE_SMALL_MAX)
        return err_set(err, ERR_PREPARE,
                       "member \"%s\" of the snapshot is too large to be stored in one piece", name);
    if (strcmp(name, BUNDLE_META) == 0 && (compress || !is_json_object(data, n)))
        return err_set(err, ERR_INTERNAL, "the snapshot's \"%s\" is not a plain JSON object", name);
    pthread_mutex_lock(&writer->mutex);
    writer->raw_bytes += (int64_t)n;
    pthread_mutex_unlock(&writer->mutex);
    if (!compress)
        return add(writer, name, data, n, 0, 0600, err);
    if (compress_all(writer->packer, data, n, &packed, err) < 0)
        return err_wrap(err, "member \"%s\" of the snapshot", name);
    snprintf(stored, sizeof stored, "%s.zst", name);
    return add(writer, stored, packed.data, packed.len, (int64_t)n, 0600, err);
}

/* --- data members ------------------------------------------------------------------------------ */

/* The buffered compressed bytes become the next part. */
static int add_part(struct bundle_writer *writer, struct err *err)
{
    char stored[BUNDLE_NAME_MAX + 1];
    struct piece piece;
    int rc;

    if (writer->n_parts == BUNDLE_PARTS_MAX)
        return err_set(err, ERR_PREPARE, "member \"%s\" of the snapshot has too many parts",
                       writer->name);
    snprintf(stored, sizeof stored, "%s.zst.%06d", writer->name, writer->n_parts);
    piece = piece_of(stored, writer->part, writer->part_len, 0, 0600);
    pthread_mutex_lock(&writer->mutex);
    if (writer->n_parts == 0)
        writer->first = writer->n_members;
    rc = add_locked(writer, &piece, err);
    pthread_mutex_unlock(&writer->mutex);
    if (rc < 0)
        return -1;
    writer->n_parts++;
    writer->part_len = 0;
    return 0;
}

int bundle_begin(struct bundle_writer *writer, const char *name, struct err *err)
{
    if (writer->name != NULL)
        return err_set(err, ERR_INTERNAL, "the snapshot's member \"%s\" is still open",
                       writer->name);
    if (check_name(writer, name, err) < 0 || frame_begin(writer->packer, err) < 0)
        return -1;
    if (writer->part == NULL)
        writer->part = mem_alloc(BUNDLE_PART_BYTES);
    writer->name = mem_strdup(name);
    writer->n_parts = 0;
    writer->part_len = 0;
    writer->member_raw = 0;
    return 0;
}

int bundle_write(struct bundle_writer *writer, const void *data, size_t n, struct err *err)
{
    size_t used = 0;

    if (writer->name == NULL)
        return err_set(err, ERR_INTERNAL, "no member of the snapshot is open");
    while (used < n) {
        if (frame_pack(writer->packer, data, n, &used, writer->part, BUNDLE_PART_BYTES,
                       &writer->part_len, err) < 0)
            return err_wrap(err, "member \"%s\" of the snapshot", writer->name);
        if (writer->part_len == BUNDLE_PART_BYTES && add_part(writer, err) < 0)
            return -1;
    }
    writer->member_raw += (int64_t)n;
    return 0;
}

int bundle_end(struct bundle_writer *writer, struct err *err)
{
    bool done = false;

    if (writer->name == NULL)
        return err_set(err, ERR_INTERNAL, "no member of the snapshot is open");
    while (!done) {
        if (frame_flush(writer->packer, writer->part, BUNDLE_PART_BYTES, &writer->part_len, &done,
                        err) < 0)
            return err_wrap(err, "member \"%s\" of the snapshot", writer->name);
        if (writer->part_len > 0 && (done || writer->part_len == BUNDLE_PART_BYTES) &&
            add_part(writer, err) < 0)
            return -1;
    }
    pthread_mutex_lock(&writer->mutex);
    writer->members[writer->first].raw_bytes = writer->member_raw;
    writer->raw_bytes += writer->member_raw;
    pthread_mutex_unlock(&writer->mutex);
    mem_free(writer->name);
    writer->name = NULL;
    return 0;
}

/* --- chunks ------------------------------------------------------------------------------------ */

int bundle_chunk(struct bundle_writer *writer, uint32_t oid, unsigned number, const void *data,
                 size_t n, int64_t raw_bytes, struct err *err)
{
    char name[48], stored[64];
    struct piece piece;
    int rc;

    snprintf(name, sizeof name, "data/%u.%04u.copy", (unsigned)oid, number);
    snprintf(stored, sizeof stored, "%s.zst", name);
    if (!take_name(writer, name))
        return err_set(err, ERR_INTERNAL, "the snapshot has a member \"%s\" already", name);
    piece = piece_of(stored, data, n, raw_bytes, 0600);
    pthread_mutex_lock(&writer->mutex);
    rc = add_locked(writer, &piece, err);
    if (rc == 0)
        writer->raw_bytes += raw_bytes;
    pthread_mutex_unlock(&writer->mutex);
    return rc;
}

/* --- the end ----------------------------------------------------------------------------------- */

void bundle_table(struct bundle_writer *writer, const struct bundle_table *table)
{
    if (writer->n_tables == writer->cap_tables) {
        writer->cap_tables = writer->cap_tables ? writer->cap_tables * 2 : 64;
        writer->tables = mem_realloc(writer->tables, writer->cap_tables * sizeof *writer->tables);
    }
    writer->tables[writer->n_tables++] = (struct bundle_table){
        .schema = mem_strdup(table->schema),
        .name = mem_strdup(table->name),
        .rows = table->rows,
        .hash = mem_strdup(table->hash != NULL ? table->hash : ""),
        .copy = table->copy != NULL ? mem_strdup(table->copy) : NULL,
        .oid = table->oid,
    };
}

static bool has_member(const struct bundle_writer *writer, const char *name)
{
    for (size_t i = 0; i < writer->n_members; i++)
        if (strcmp(writer->members[i].name, name) == 0)
            return true;
    return false;
}

/* MANIFEST.json lists what is before it; SHA256SUMS lists the manifest too. */
static int add_index(struct bundle_writer *writer, struct err *err)
{
    struct buf auto_buf sums = {0}, copies = {0};
    char *auto_free manifest = NULL;

    bundle_manifest_copies(writer->tables, writer->n_tables, &copies);
    if (copies.len > 0 &&
        add(writer, BUNDLE_COPIES, copies.data, copies.len, 0, 0600, err) < 0)
        return -1;
    manifest = bundle_manifest_format(writer->members, writer->n_members, writer->tables,
                                      writer->n_tables, writer->raw_bytes);
    if (strlen(manifest) > BUNDLE_INDEX_MAX)
        return err_set(err, ERR_PREPARE, "the snapshot has too many members and tables");
    if (add(writer, BUNDLE_MANIFEST, manifest, strlen(manifest), 0, 0600, err) < 0)
        return -1;
    bundle_manifest_sums(writer->members, writer->n_members, &sums);
    return add(writer, BUNDLE_SUMS, sums.data, sums.len, 0, 0600, err);
}

static int finish(struct bundle_writer *writer, struct err *err)
{
    if (writer->name != NULL)
        return err_set(err, ERR_INTERNAL, "the snapshot's member \"%s\" is still open",
                       writer->name);
    if (!has_member(writer, BUNDLE_META))
        return err_set(err, ERR_INTERNAL, "the snapshot has no \"%s\"", BUNDLE_META);
    return add_index(writer, err) < 0 ? -1 : bundle_tar_close(writer->tar, err);
}

int bundle_finish(struct bundle_writer *writer, int64_t *raw_bytes, int64_t *bytes,
                  struct err *err)
{
    int rc = finish(writer, err);

    *raw_bytes = writer->raw_bytes;
    *bytes = bundle_tar_bytes(writer->tar);
    bundle_abandon(writer);
    return rc;
}
