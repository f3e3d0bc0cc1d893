/*
 * header_cache - what revision files said when they were last read, kept in one file between runs, so
 * that a folder with thousands of them need not be read each time.
 *
 * What is kept of a file counts only while the file is the same by all that the file system says, as
 * git's index knows a file: device, inode, size, and to the nanosecond when its content and when its
 * inode last changed. A file that had changed only seconds before it was looked at is not kept, since
 * its times might not tell a second change from the first. What another build of this plugin kept does
 * not count, nor what is not whole by its checksum, nor a file of another user.
 */
#ifndef ALEMBIC_HEADER_CACHE_H
#define ALEMBIC_HEADER_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "header.h"
#include "header_stamp.h"

struct header_cache;

/* One file's header as it is kept; lives until header_cache_close. */
struct header_entry;

/* header_cache_open(directory): what ${directory}, a string that lasts as long, has; threads begin to
 * look which of it still counts. Never NULL: what cannot be read is as good as nothing. header_cache_settle(cache)
 * waits for them. Changes: nothing. */
struct header_cache *header_cache_open(const char *directory);
void header_cache_settle(struct header_cache *cache);

/* header_cache_find(cache, path): what is kept of ${path} when that counts, else NULL; only after
 * header_cache_settle. header_entry_load(entry, header): ${header} as header_read left it. */
const struct header_entry *header_cache_find(struct header_cache *cache, const char *path);
void header_entry_load(const struct header_entry *entry, struct header *header);

/* For each file, in their order: header_cache_keep(cache, entry), it is unchanged; or
 * header_cache_put(cache, path, stamp, header), it was read, and had ${stamp} before. */
void header_cache_keep(struct header_cache *cache, const struct header_entry *entry);
void header_cache_put(struct header_cache *cache, const char *path,
                      const struct header_stamp *stamp, const struct header *header);

/* header_cache_close(cache, complete): with ${complete} every file was kept or put, and when that
 * is not what was there it is written, whole or not at all, with the directory; where it cannot be it
 * is left. NULL is
 * allowed. Changes: files. */
void header_cache_close(struct header_cache *cache, bool complete);

#endif
