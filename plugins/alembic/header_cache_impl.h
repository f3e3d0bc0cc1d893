/*
 * header_cache_impl - the file of a header cache, and what header_cache.c and header_cache_write.c share.
 * Internal to these two.
 *
 * The file: a head with a checksum, then the entries in the order of the files, as they are in memory.
 */
#ifndef ALEMBIC_HEADER_CACHE_IMPL_H
#define ALEMBIC_HEADER_CACHE_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "header_cache.h"

#define HEADER_CACHE_FILE  "revisions.cache"
#define HEADER_CACHE_MAGIC "ddbrev1\n"
#define NO_ITEM            UINT32_MAX

enum { HEADER_CACHE_MAX = 512 * 1024 * 1024, LOOKERS = 2 };

struct head {
    char magic[8];
    uint64_t checksum; /* XXH3 of all that follows this field */
    struct header_stamp reader; /* of the plugin that wrote this */
    uint64_t n, bytes; /* entries, and how long they are together */
};

/* Followed by ${n_items} offsets into the strings (NO_ITEM for a NULL), the strings, and the path with
 * its NUL. ${bytes}, of all that, is a multiple of 8. */
struct header_entry {
    uint32_t bytes, n_items, n_strings, n_path;
    struct header_stamp stamp;
    uint32_t kinds[HEADER_NAMES], lines[HEADER_NAMES], firsts[HEADER_NAMES];
    uint32_t offsets[];
};

#define NO_ITEM UINT32_MAX

struct known {
    const struct header_entry *entry;
    bool counts; /* the file is still of this state */
};

struct header_cache {
    const char *directory;
    int dir; /* -1: it is not there */
    struct header_stamp reader;
    char *map; /* the file; NULL: there is none that counts */
    size_t n_map;
    struct known *known; /* its entries, in their order */
    size_t n_known;
    size_t expected; /* which of them is asked for next, as the files come in the same order */
    uint32_t *slots; /* else: 1 + which, by the hash of its path; a power of two, at most half full */
    size_t n_slots;
    pthread_t lookers[LOOKERS];
    size_t n_lookers;
    atomic_size_t n_looked; /* of the known ones, those that a thread has taken */
    uint64_t n; /* entries of what follows */
    size_t same; /* how much of the map, from its begin, is as it will be */
    char *fresh; /* what will be instead, from the first difference on; NULL: none so far */
    size_t n_fresh, cap_fresh;
};

size_t header_entry_bytes(uint64_t n_items, uint64_t n_strings, uint64_t n_path);
const char *header_entry_strings(const struct header_entry *entry);
const char *header_entry_path(const struct header_entry *entry);

/* header_cache_checksum(file, n): of the whole file but the head's own fields for it. */
uint64_t header_cache_checksum(const char *file, size_t n);

/* header_cache_open_dir(directory): -1 when that cannot be. */
int header_cache_open_dir(const char *directory);

/* header_cache_write(cache): what was kept and put, where that is not what is there. Changes: files. */
void header_cache_write(struct header_cache *cache);

void *need(void *memory);

#endif
