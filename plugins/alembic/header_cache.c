/* header_cache - see header_cache.h: reading what is kept, and finding in it. */
#include "header_cache.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "header_cache_impl.h"
#include "project.h"

enum { LOOK_AT_ONCE = 256 };

void *need(void *memory)
{
    if (memory == NULL)
        abort(); /* as the rest of the program does */
    return memory;
}

/* The plugin's own file: what one build of it kept is nothing to another. */
static struct header_stamp own_stamp(void)
{
    struct header_stamp stamp = {0};
    Dl_info info;

    if (dladdr(HEADER_CACHE_FILE, &info) != 0 && info.dli_fname != NULL)
        header_stamp_of(AT_FDCWD, info.dli_fname, &stamp);
    return stamp;
}

int header_cache_open_dir(const char *directory)
{
    return open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* --- the file ----------------------------------------------------------------------------------*/

const char *header_entry_strings(const struct header_entry *entry)
{
    return (const char *)(entry->offsets + entry->n_items);
}

const char *header_entry_path(const struct header_entry *entry)
{
    return header_entry_strings(entry) + entry->n_strings;
}

size_t header_entry_bytes(uint64_t n_items, uint64_t n_strings, uint64_t n_path)
{
    return (sizeof(struct header_entry) + n_items * sizeof(uint32_t) + n_strings + n_path + 1 + 7) &
           ~(uint64_t)7;
}

/* Whether all that ${entry} has lies within its ${room} bytes. */
static bool is_sound(const struct header_entry *entry, size_t room)
{
    if (room < sizeof *entry || entry->bytes > room ||
        entry->bytes != header_entry_bytes(entry->n_items, entry->n_strings, entry->n_path) ||
        memchr(header_entry_path(entry), '\0', entry->n_path + 1) != header_entry_path(entry) + entry->n_path ||
        entry->n_strings == 0 || header_entry_path(entry)[-1] != '\0' ||
        (entry->n_items > 0 && entry->offsets[entry->n_items - 1] != NO_ITEM))
        return false;
    for (uint32_t i = 0; i < entry->n_items; i++)
        if (entry->offsets[i] != NO_ITEM && entry->offsets[i] >= entry->n_strings)
            return false;
    for (size_t i = 0; i < HEADER_NAMES; i++)
        if (entry->kinds[i] > HEADER_UNKNOWN ||
            (entry->firsts[i] >= entry->n_items && entry->kinds[i] != HEADER_UNSET))
            return false;
    return true;
}

uint64_t header_cache_checksum(const char *map, size_t n)
{
    size_t from = offsetof(struct head, reader);

    return XXH3_64bits(map + from, n - from);
}

static bool read_entries(struct header_cache *cache)
{
    const struct head *head = (const void *)cache->map;
    size_t at = sizeof *head;

    if (memcmp(head->magic, HEADER_CACHE_MAGIC, sizeof head->magic) != 0 ||
        head->bytes != cache->n_map - sizeof *head || head->n > head->bytes / sizeof(struct header_entry) ||
        !header_stamp_is_same(&cache->reader, &head->reader) ||
        header_cache_checksum(cache->map, cache->n_map) != head->checksum)
        return false;
    cache->known = need(calloc(head->n + 1, sizeof *cache->known));
    for (; cache->n_known < head->n; cache->n_known++) {
        const struct header_entry *entry = (const void *)(cache->map + at);

        if (!is_sound(entry, cache->n_map - at))
            return false;
        cache->known[cache->n_known].entry = entry;
        at += entry->bytes;
    }
    return at == cache->n_map;
}

/* The file into memory, when it is ours alone. It is replaced, never written over. */
static void map_file(struct header_cache *cache)
{
    int fd = openat(cache->dir, HEADER_CACHE_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
        (st.st_mode & 022) == 0 && st.st_size >= (off_t)sizeof(struct head) &&
        st.st_size <= HEADER_CACHE_MAX) {
        cache->n_map = (size_t)st.st_size;
        cache->map = mmap(NULL, cache->n_map, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
        if (cache->map == MAP_FAILED)
            cache->map = NULL;
    }
    close(fd);
}

static void unmap(struct header_cache *cache)
{
    if (cache->map != NULL)
        munmap(cache->map, cache->n_map);
    free(cache->slots);
    free(cache->known);
    cache->map = NULL;
    cache->slots = NULL;
    cache->known = NULL;
    cache->n_map = cache->n_slots = cache->n_known = 0;
}

/* --- looking which files are as they were ------------------------------------------------------*/

static void *look(void *arg)
{
    struct header_cache *cache = arg;
    struct project_folder folder = {.fd = -1};
    size_t first;

    (void)unshare(CLONE_FILES); /* one's own descriptors are cheaper, and no child has them */
    while ((first = atomic_fetch_add(&cache->n_looked, LOOK_AT_ONCE)) < cache->n_known)
        for (size_t i = first; i < first + LOOK_AT_ONCE && i < cache->n_known; i++) {
            const struct header_entry *entry = cache->known[i].entry;
            struct header_stamp stamp;

            project_look(&folder, header_entry_path(entry), &stamp);
            cache->known[i].counts = header_stamp_is_same(&entry->stamp, &stamp);
        }
    project_close_folder(&folder);
    return NULL;
}

static void start_looking(struct header_cache *cache)
{
    sigset_t all, before;

    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (cache->n_lookers < LOOKERS &&
           pthread_create(&cache->lookers[cache->n_lookers], NULL, look, cache) == 0)
        cache->n_lookers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void header_cache_settle(struct header_cache *cache)
{
    while (cache->n_lookers > 0)
        pthread_join(cache->lookers[--cache->n_lookers], NULL);
}

struct header_cache *header_cache_open(const char *directory)
{
    struct header_cache *cache = need(calloc(1, sizeof *cache));

    cache->reader = own_stamp();
    cache->same = sizeof(struct head);
    cache->directory = directory;
    cache->dir = header_cache_open_dir(directory);
    if (cache->dir >= 0 && header_stamp_is_known(&cache->reader))
        map_file(cache);
    if (cache->map != NULL && !read_entries(cache))
        unmap(cache);
    if (cache->n_known > 0)
        start_looking(cache); /* where no thread can be had nothing counts */
    return cache;
}

/* --- finding -----------------------------------------------------------------------------------*/

static bool is_path(const struct header_cache *cache, size_t which, const char *path)
{
    return strcmp(header_entry_path(cache->known[which].entry), path) == 0;
}

static size_t slot_of(const struct header_cache *cache, const char *path)
{
    size_t slot = XXH3_64bits(path, strlen(path)) & (cache->n_slots - 1);

    while (cache->slots[slot] != 0 && !is_path(cache, cache->slots[slot] - 1, path))
        slot = (slot + 1) & (cache->n_slots - 1);
    return slot;
}

static void index_paths(struct header_cache *cache)
{
    for (cache->n_slots = 64; cache->n_slots < 2 * cache->n_known; cache->n_slots *= 2)
        ;
    cache->slots = need(calloc(cache->n_slots, sizeof *cache->slots));
    for (size_t i = 0; i < cache->n_known; i++)
        cache->slots[slot_of(cache, header_entry_path(cache->known[i].entry))] = (uint32_t)i + 1;
}

const struct header_entry *header_cache_find(struct header_cache *cache, const char *path)
{
    size_t which = cache->expected;

    if (cache->n_known == 0)
        return NULL;
    if (which >= cache->n_known || !is_path(cache, which, path)) {
        if (cache->slots == NULL)
            index_paths(cache);
        which = cache->slots[slot_of(cache, path)];
        if (which-- == 0)
            return NULL;
    }
    cache->expected = which + 1;
    return cache->known[which].counts ? cache->known[which].entry : NULL;
}

void header_entry_load(const struct header_entry *entry, struct header *header)
{
    header_reserve(header, entry->n_items, entry->n_strings);
    header->n_items = entry->n_items;
    header->n_strings = entry->n_strings;
    memcpy(header->strings, header_entry_strings(entry), entry->n_strings);
    for (size_t i = 0; i < entry->n_items; i++)
        header->items[i] =
            entry->offsets[i] == NO_ITEM ? NULL : header->strings + entry->offsets[i];
    for (size_t i = 0; i < HEADER_NAMES; i++)
        header->values[i] = (struct header_value){.kind = (enum header_kind)entry->kinds[i],
                                                  .line = (int)entry->lines[i],
                                                  .first = entry->firsts[i]};
}

void header_cache_close(struct header_cache *cache, bool complete)
{
    if (cache == NULL)
        return;
    header_cache_settle(cache);
    if (complete && header_stamp_is_known(&cache->reader))
        header_cache_write(cache);
    unmap(cache);
    free(cache->fresh);
    if (cache->dir >= 0)
        close(cache->dir);
    free(cache);
}
