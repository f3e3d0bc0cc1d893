/* unwrap_custom - see unwrap.h: a walk over pg_dump's custom format (source: ReadHead, ReadToc in
 * pg_backup_archiver.c, _skipData and _skipBlobs in pg_backup_custom.c). */
#include "bundle/unwrap.h"

#include <stdio.h>
#include <string.h>

#include "bundle/unwrap_impl.h"

/* Versions of the format that are known: those of pg_dump 9.0 to 18. */
enum {
    CHUNK = 256 * 1024,
    OLDEST = 12,
    WITH_TABLE_AM = 14,
    WITH_ALGORITHM = 15,
    WITH_RELKIND = 16,
    NEWEST = 16,
    BLOCK_DATA = 1,
    BLOCK_BLOBS = 3,
};

struct walk {
    struct unwrap *unwrap;
    struct err *err;
    unwrap_tick *tick;
    void *arg;
    int minor, int_size, offset_size;
    bool ended, failed; /* at the end of the file; the first failure is in ${err} */
    size_t at, len;
    char data[CHUNK];
};

/* --- numbers and strings --------------------------------------------------------------------------*/

static bool fill(struct walk *walk)
{
    ssize_t n;

    if (walk->failed || walk->ended)
        return false;
    n = unwrap_read(walk->unwrap, walk->data, CHUNK, walk->err);
    walk->failed = n < 0;
    walk->ended = n == 0;
    walk->at = 0;
    walk->len = n > 0 ? (size_t)n : 0;
    if (n > 0 && walk->tick != NULL &&
        walk->tick(walk->arg, unwrap_taken(walk->unwrap), walk->unwrap->size_bytes) != 0) {
        err_set(walk->err, ERR_PREPARE, "\"%s\": cancelled", walk->unwrap->path);
        walk->failed = true;
    }
    return n > 0 && !walk->failed;
}

/* ${n} bytes, to ${to} unless that is NULL. A file that ends before has ${ended}. */
static bool take(struct walk *walk, void *to, size_t n)
{
    while (n > 0) {
        size_t part;

        if (walk->at == walk->len && !fill(walk))
            return false;
        part = walk->len - walk->at < n ? walk->len - walk->at : n;
        if (to != NULL) {
            memcpy(to, walk->data + walk->at, part);
            to = (char *)to + part;
        }
        walk->at += part;
        n -= part;
    }
    return true;
}

static int take_byte(struct walk *walk)
{
    unsigned char byte = 0;

    return take(walk, &byte, 1) ? byte : -1;
}

/* Behind the sign: bytes from the lowest to the highest. */
static bool take_size(struct walk *walk, int sign, int64_t *value)
{
    unsigned char bytes[8] = {0};

    *value = 0;
    if (sign < 0 || !take(walk, bytes, (size_t)walk->int_size))
        return false;
    for (int i = walk->int_size; i-- > 0;)
        *value = *value << 8 | bytes[i];
    if (sign != 0)
        *value = -*value;
    return true;
}

static bool take_int(struct walk *walk, int64_t *value)
{
    return take_size(walk, take_byte(walk), value);
}

/* A string's first bytes; ${is_null} where there is none. */
static bool take_string(struct walk *walk, char *to, size_t cap, bool *is_null)
{
    int64_t n;
    size_t kept;

    if (!take_int(walk, &n))
        return false;
    *is_null = n < 0;
    if (n < 0)
        return true;
    kept = cap == 0 ? 0 : (size_t)n < cap ? (size_t)n : cap - 1;
    if (!take(walk, to, kept))
        return false;
    if (cap > 0)
        to[kept] = '\0';
    return take(walk, NULL, (size_t)n - kept);
}

static bool skip_strings(struct walk *walk, int n)
{
    bool is_null;

    for (; n > 0; n--)
        if (!take_string(walk, NULL, 0, &is_null))
            return false;
    return true;
}

static bool skip_ints(struct walk *walk, int n)
{
    int64_t value;

    for (; n > 0; n--)
        if (!take_int(walk, &value))
            return false;
    return true;
}

/* --- the parts ------------------------------------------------------------------------------------*/

/* "PGDMP", version, sizes, format, compression, time, database, versions; ${entries} follow. */
static bool walk_head(struct walk *walk, struct unwrap_archive *archive, int64_t *entries)
{
    unsigned char head[11];
    bool is_null;

    if (!take(walk, head, sizeof head))
        return false;
    walk->minor = head[5] == 1 ? head[6] : -1;
    walk->int_size = head[8];
    walk->offset_size = head[9];
    archive->known = walk->minor >= OLDEST && walk->minor <= NEWEST && walk->int_size >= 2 &&
                     walk->int_size <= 8 && walk->offset_size <= 16;
    if (!archive->known)
        return true;
    if (walk->minor >= WITH_ALGORITHM ? take_byte(walk) < 0 : !skip_ints(walk, 1))
        return false;
    return skip_ints(walk, 7) && skip_strings(walk, 1) &&
           take_string(walk, archive->server, sizeof archive->server, &is_null) &&
           take_string(walk, archive->pg_dump, sizeof archive->pg_dump, &is_null) &&
           take_int(walk, entries);
}

static bool walk_entry(struct walk *walk)
{
    bool is_null = false;

    /* dumpId, hadDumper; tableoid, oid, tag, desc; section; defn, dropStmt, copyStmt, namespace,
     * tablespace, tableam; relkind; owner, with oids; dependencies; offset */
    if (!skip_ints(walk, 2) || !skip_strings(walk, 4) || !skip_ints(walk, 1) ||
        !skip_strings(walk, walk->minor >= WITH_TABLE_AM ? 6 : 5) ||
        !skip_ints(walk, walk->minor >= WITH_RELKIND ? 1 : 0) || !skip_strings(walk, 2))
        return false;
    while (!is_null)
        if (!take_string(walk, NULL, 0, &is_null))
            return false;
    return take(walk, NULL, 1 + (size_t)walk->offset_size);
}

/* Pieces of data, a length before each, and a zero. */
static bool walk_data(struct walk *walk)
{
    int64_t n;

    for (;;) {
        if (!take_int(walk, &n) || n < 0)
            return false;
        if (n == 0)
            return true;
        if (!take(walk, NULL, (size_t)n))
            return false;
    }
}

static bool walk_blobs(struct walk *walk)
{
    int64_t oid;

    for (;;) {
        if (!take_int(walk, &oid))
            return false;
        if (oid == 0)
            return true;
        if (!walk_data(walk))
            return false;
    }
}

/* "pg_dump -Fc >FILE" of releases from 16 on leaves the table of contents behind the data once more: it
 * means to write over the first one, but has opened its standard output for appending (source:
 * _CloseArchive; SetOutput). Its number of entries begins with the sign, which has been taken. */
static bool walk_toc_again(struct walk *walk, int64_t entries, bool *strange)
{
    int64_t again;

    if (!take_size(walk, 0, &again))
        return false;
    *strange = again != entries;
    for (; !*strange && again > 0; again--)
        if (!walk_entry(walk))
            return false;
    *strange = *strange || take_byte(walk) >= 0;
    return !*strange && walk->ended;
}

/* Up to the file's end; ${strange}: something else stands between the blocks. */
static bool walk_blocks(struct walk *walk, int64_t entries, bool *strange)
{
    int64_t id;

    for (;;) {
        int type = take_byte(walk);

        if (type < 0)
            return walk->ended;
        if (type == 0)
            return walk_toc_again(walk, entries, strange);
        *strange = type != BLOCK_DATA && type != BLOCK_BLOBS;
        if (*strange || !take_int(walk, &id))
            return false;
        if (type == BLOCK_DATA ? !walk_data(walk) : !walk_blobs(walk))
            return false;
    }
}

static int failed(const struct walk *walk, bool strange, struct err *err)
{
    if (walk->failed)
        return -1;
    if (strange)
        return err_set(err, ERR_PREPARE, "\"%s\" is damaged, or goes on behind its end",
                       walk->unwrap->path);
    err_set(err, ERR_PREPARE, "\"%s\" is cut off or damaged", walk->unwrap->path);
    return err_detail(err, "the archive ends within a part of it");
}

int unwrap_custom(const char *path, struct unwrap_archive *archive, unwrap_tick *tick, void *arg,
                  struct err *err)
{
    struct walk *walk = mem_alloc(sizeof *walk);
    bool strange = false;
    int64_t entries = 0;
    int rc = 0;

    *archive = (struct unwrap_archive){.known = false};
    walk->err = err;
    walk->tick = tick;
    walk->arg = arg;
    if (unwrap_open(path, &walk->unwrap, err) != 0) {
        mem_free(walk);
        return -1;
    }
    if (!walk_head(walk, archive, &entries))
        rc = failed(walk, false, err);
    for (int64_t left = entries; rc == 0 && archive->known && left > 0; left--)
        if (!walk_entry(walk))
            rc = failed(walk, false, err);
    if (rc == 0 && archive->known && !walk_blocks(walk, entries, &strange))
        rc = failed(walk, strange, err);
    while (rc == 0 && fill(walk)) /* of an unknown version: at least the compression */
        continue;
    if (rc == 0 && walk->failed)
        rc = -1;
    unwrap_close(walk->unwrap);
    mem_free(walk);
    return rc;
}
