/*
 * bundle - a snapshot file: one plain tar whose data members are each zstd-compressed.
 *
 * Members, in order: RESTORE.md, restore.sh; meta.json, globals.sql.zst and the data, of which chunks
 * may come first; copy.list, MANIFEST.json, SHA256SUMS. Data is of two forms, which may alternate: a
 * stream as parts NAME.zst.000000, NAME.zst.000001, … (main.dump), and chunks
 * data/OID.NNNN.copy.zst: lines of COPY's text format, whole rows of one table in any order, each chunk
 * one or more zstd frames of its own. The tables that are in chunks are listed in copy.list, a line
 * each: OID, tab, the COPY statement that loads its chunks.
 * Stock tools restore it: tar, sha256sum, zstd, createdb, pg_restore, psql. Memory is bounded by one
 * part. The tar layer is libarchive's; compression is libzstd's own (multi-threaded).
 *
 * What restore.sh expects of the members that the caller writes:
 *   meta.json    "database": its name; "properties": {"encoding", "collate", "ctype", "provider"
 *                ("libc", "icu" or "builtin"), "icu_locale", "icu_rules"}; what does not apply is
 *                null or left out
 *   globals.sql  SQL for psql that creates missing roles; then the line BUNDLE_PROPERTIES; then
 *                statements about the database, whose name is :"db"
 *   main.dump    a pg_dump archive in the custom format
 */
#ifndef BUNDLE_BUNDLE_H
#define BUNDLE_BUNDLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define BUNDLE_PROPERTIES "-- properties of the database\n"

/* Where the bytes of a bundle go, and where they come from. Return 0 / bytes; -1 with the failure in
 * ${err}. */
struct bundle_out {
    int (*write)(void *arg, const void *data, size_t n, struct err *err);
    void *arg;
};
struct bundle_in {
    ssize_t (*read)(void *arg, int64_t offset, void *data, size_t cap, struct err *err);
    int64_t size_bytes;
    void *arg;
};

/* --- writing ----------------------------------------------------------------------------------- */

struct bundle_writer;

/* bundle_create(out, level, threads, writer, err): ${out} is borrowed until bundle_finish or
 * bundle_abandon. Writes RESTORE.md and restore.sh first. */
int bundle_create(const struct bundle_out *out, int level, int threads,
                  struct bundle_writer **writer, struct err *err) CHECK;

/* bundle_memory(level, threads): about how many bytes a writer takes at most, chunks excepted. */
int64_t bundle_memory(int level, int threads);

/* A small member (up to 64 MiB) stored as it is (meta.json, which every bundle must have), or
 * compressed as NAME.zst. Names are letters, digits and "._-", with "/" for folders. */
int bundle_put(struct bundle_writer *writer, const char *name, const void *data, size_t n,
               bool compress, struct err *err) CHECK;

/* A data member: begin, any number of writes, end. One at a time. */
int bundle_begin(struct bundle_writer *writer, const char *name, struct err *err) CHECK;
int bundle_write(struct bundle_writer *writer, const void *data, size_t n, struct err *err) CHECK;
int bundle_end(struct bundle_writer *writer, struct err *err) CHECK;

/* bundle_chunk(writer, oid, number, data, n, raw_bytes, err): chunk ${number} (from 0) of the table
 * ${oid}: ${n} bytes that the caller has compressed as whole zstd frames, ${raw_bytes} of text. May be
 * called from any thread, also while a member is open between bundle_begin and bundle_end in
 * another. */
int bundle_chunk(struct bundle_writer *writer, uint32_t oid, unsigned number, const void *data,
                 size_t n, int64_t raw_bytes, struct err *err) CHECK;

/* One table, for the manifest. ${copy} NULL: its rows are in main.dump; otherwise they are in
 * chunks, and ${copy} is what stands in "COPY … FROM STDIN": "public.orders (id, total)", valid
 * UTF-8, without tab and newline. */
struct bundle_table {
    const char *schema, *name;
    int64_t rows;     /* -1: not counted */
    const char *hash; /* of its rows in any order, see rowhash.h; "": not known */
    const char *copy;
    uint32_t oid;
};
void bundle_table(struct bundle_writer *writer, const struct bundle_table *table);

/* bundle_finish: copy.list, MANIFEST.json, SHA256SUMS, the end of the tar. Frees the writer, whatever it
 * returns. ${raw_bytes} and ${bytes}: before compression, and of the file. */
int bundle_finish(struct bundle_writer *writer, int64_t *raw_bytes, int64_t *bytes,
                  struct err *err) CHECK;
void bundle_abandon(struct bundle_writer *writer); /* NULL is fine */

/* --- reading ----------------------------------------------------------------------------------- */

struct bundle_member {
    const char *name;  /* as stored in the tar: "main.dump.zst.000000" */
    int64_t offset;    /* of its first byte in the file */
    int64_t size_bytes;
    int64_t raw_bytes; /* of a whole data member, on its first part; else 0 */
    char sha256[65];
};

struct bundle {
    struct bundle_member *members;
    size_t n_members;
    struct bundle_table *tables;
    size_t n_tables;
    const char *meta; /* meta.json, text */
    struct bundle_in in;
};

/* bundle_open(in, arena, bundle, err): walk the tar's headers, read meta.json and MANIFEST.json and
 * check that the manifest, SHA256SUMS and the members agree in names, sizes and order (level
 * `fast`). ${in} is copied; its arg must live as long. Anything odd is an error (ERR_PREPARE) that
 * names the member. Never trusts a length it has not checked. */
int bundle_open(const struct bundle_in *in, struct arena *arena, struct bundle *bundle,
                struct err *err) CHECK;

/* bundle_verify(bundle, jobs, progress, arg, err): level `full`: every byte against its hash, every zstd
 * frame decoded, the rows of each table in chunks against its number and hash in the manifest, by
 * ${jobs} threads; one damaged member, or table, is named. ${progress} and the bundle's read are
 * called by one thread at a time. */
int bundle_verify(const struct bundle *bundle, int jobs,
                  void (*progress)(void *, int64_t, int64_t), void *arg, struct err *err) CHECK;

/* Read one data member ("main.dump") or compressed member ("globals.sql") as it was before
 * compression, checking the hash of each part on the way. read gives 0 at the end. */
struct bundle_stream;
int bundle_read_open(const struct bundle *bundle, const char *name, struct bundle_stream **stream,
                     struct err *err) CHECK;
ssize_t bundle_read(struct bundle_stream *stream, void *data, size_t cap, struct err *err) CHECK;
void bundle_read_close(struct bundle_stream *stream); /* NULL is fine */

/* bundle_read_chunk(bundle, member): the same for a chunk, one of ${bundle}->members. */
struct bundle_stream *bundle_read_chunk(const struct bundle *bundle,
                                        const struct bundle_member *member);

/* bundle_chunk_of(member, oid, number): whether ${member} is a chunk, and which. Streams of several
 * members may be read at once, each in its own thread, if bundle_in.read allows that. */
bool bundle_chunk_of(const struct bundle_member *member, uint32_t *oid, unsigned *number);

#endif
