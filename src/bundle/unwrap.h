/*
 * unwrap - a database dump that another program wrote: what it is, told by its content and never by
 * its name, and its bytes without what it was compressed with.
 *
 * Known are pg_dump's four formats (plain SQL, custom, tar, directory), a tar of a directory, and a
 * snapshot of ours; each file may be compressed with gzip, bzip2, xz, lzma, lz4 or zstd, also more
 * than once. Decompression and the tar layer are libarchive's. Only the end of the reading proves a
 * file whole: a compressed stream that is cut off, and bytes behind its end, are errors. Memory is
 * bounded by the decompressor's window (xz: 1 GiB at most, zstd: 128 MiB). All errors are of class
 * ERR_PREPARE and name the path.
 */
#ifndef BUNDLE_UNWRAP_H
#define BUNDLE_UNWRAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"

enum unwrap_kind {
    UNWRAP_SQL,    /* text: SQL for psql */
    UNWRAP_CUSTOM, /* pg_dump's custom format */
    UNWRAP_TAR,    /* pg_dump's tar format */
    UNWRAP_FOLDER, /* pg_dump's directory format, as a folder on disk */
    UNWRAP_PACKED, /* the same folder in a tar */
    UNWRAP_BUNDLE, /* a snapshot file, see bundle.h; or an age file, which hides what it is */
};

struct unwrap_about {
    enum unwrap_kind kind;
    const char *compression; /* "gzip", "gzip and zstd"; "" when the file is as it is */
    int64_t size_bytes;      /* of the file; 0 of a folder */
};

/* unwrap_look(arena, path, about, err): what ${path} is. An empty file, one that is nothing of the
 * above, and one that cannot be read are errors. Changes: nothing. */
int unwrap_look(struct arena *arena, const char *path, struct unwrap_about *about,
                struct err *err) CHECK;

/* unwrap_kind_name(kind): as people call it: "plain SQL", "custom format", … */
const char *unwrap_kind_name(enum unwrap_kind kind);

/* unwrap_open(path, unwrap, err): read the file's decompressed bytes. unwrap_read gives 0 at the end,
 * once the end is proven to be one. unwrap_taken: bytes of the file itself so far, for progress.
 * unwrap_close: NULL is fine. Changes: nothing. */
struct unwrap;
int unwrap_open(const char *path, struct unwrap **unwrap, struct err *err) CHECK;
ssize_t unwrap_read(struct unwrap *unwrap, void *data, size_t cap, struct err *err) CHECK;
int64_t unwrap_taken(const struct unwrap *unwrap);
void unwrap_close(struct unwrap *unwrap);

/* Called now and then with bytes of the file that are done; nonzero stops (cancelled). */
typedef int unwrap_tick(void *arg, int64_t done, int64_t total);

/* unwrap_members(path, into, tick, arg, err): read a tar that holds the files of one folder
 * (UNWRAP_PACKED, UNWRAP_TAR) to its end, and, unless ${into} is NULL, write them there: an existing
 * empty folder, without the folders of the tar. Refused are links and other special files, absolute
 * paths, "..", names that pg_dump does not use, two files of one name, files of several folders, and
 * anything but zeros behind the tar's end; and it stops before the disk is full. A failure leaves
 * files in ${into}. Changes: files in ${into}. */
int unwrap_members(const char *path, const char *into, unwrap_tick *tick, void *arg,
                   struct err *err) CHECK;

/* What the head of a custom archive says. */
struct unwrap_archive {
    bool known;       /* the version of the format; otherwise only its compression was checked */
    char server[64];  /* "15.20 (Debian …)" */
    char pg_dump[64];
};

/* unwrap_custom(path, archive, tick, arg, err): read a file of the custom format (UNWRAP_CUSTOM) to its
 * end, part by part: one that ends within a part or goes on behind the last one is refused. Changes:
 * nothing. */
int unwrap_custom(const char *path, struct unwrap_archive *archive, unwrap_tick *tick, void *arg,
                  struct err *err) CHECK;

/* unwrap_version(arena, path, kind, version, err): the version of an archive's format, "1.14". ${path}:
 * of the file, or of the folder that it was unpacked to. Changes: nothing. */
int unwrap_version(struct arena *arena, const char *path, enum unwrap_kind kind,
                   const char **version, struct err *err) CHECK;

/* unwrap_folder(path, tick, arg, err): read every file of a folder of the directory format to its end:
 * the rows of a table end with an empty line (source: dumpTableData, pg_dump.c), so that a file which is
 * cut off between two rows, which pg_restore would take, is not taken here. Changes: nothing. */
int unwrap_folder(const char *path, unwrap_tick *tick, void *arg, struct err *err) CHECK;

#endif
