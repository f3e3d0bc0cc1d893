/* header_cache_write - what will be kept: collected as the files come, written when it is news. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "header_cache_impl.h"

static const char new_name[] = HEADER_CACHE_FILE ".new";

/* Room for ${n} more bytes behind what is unchanged so far, which is copied at the first difference. */
static char *append(struct header_cache *cache, size_t n)
{
    size_t before = cache->fresh == NULL ? cache->same : cache->n_fresh;

    if (cache->fresh == NULL || before + n > cache->cap_fresh) {
        cache->cap_fresh = 2 * (before + n);
        cache->fresh = need(realloc(cache->fresh, cache->cap_fresh));
        if (cache->n_fresh == 0 && cache->map != NULL) /* the head is made at the end */
            memcpy(cache->fresh, cache->map, cache->same);
    }
    cache->n_fresh = before + n;
    return cache->fresh + before;
}

void header_cache_keep(struct header_cache *cache, const struct header_entry *entry)
{
    cache->n++;
    if (cache->fresh == NULL && (const char *)entry == cache->map + cache->same)
        cache->same += entry->bytes;
    else
        memcpy(append(cache, entry->bytes), entry, entry->bytes);
}

void header_cache_put(struct header_cache *cache, const char *path,
                      const struct header_stamp *stamp, const struct header *header)
{
    size_t n_path = strlen(path), n_strings = header->n_strings + 1;
    size_t bytes = header_entry_bytes(header->n_items, n_strings, n_path);
    struct header_entry *entry;

    if (!header_stamp_is_settled(stamp) || bytes > UINT32_MAX)
        return;
    cache->n++;
    entry = memset(append(cache, bytes), 0, bytes);
    entry->bytes = (uint32_t)bytes;
    entry->n_items = (uint32_t)header->n_items;
    entry->n_strings = (uint32_t)n_strings;
    entry->n_path = (uint32_t)n_path;
    entry->stamp = *stamp;
    for (size_t i = 0; i < HEADER_NAMES; i++) {
        entry->kinds[i] = header->values[i].kind;
        entry->lines[i] = (uint32_t)header->values[i].line;
        entry->firsts[i] = (uint32_t)header->values[i].first;
    }
    for (size_t i = 0; i < header->n_items; i++)
        entry->offsets[i] = header->items[i] == NULL
                                ? NO_ITEM
                                : (uint32_t)(header->items[i] - header->strings);
    if (header->n_strings > 0)
        memcpy((char *)header_entry_strings(entry), header->strings, header->n_strings);
    memcpy((char *)header_entry_path(entry), path, n_path);
}

/* --- writing -----------------------------------------------------------------------------------*/

static bool write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, data, n);

        if (written < 0)
            return false;
        data += written;
        n -= (size_t)written;
    }
    return true;
}

/* The directory, with those above it; -1 where it cannot be had. */
static int make_dir(const char *directory)
{
    char *path = need(strdup(directory));

    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    (void)mkdir(path, 0700);
    free(path);
    return header_cache_open_dir(directory);
}

/* The new file, empty and locked: nobody else writes it, and it is still the one of that name. -1 where
 * that cannot be had. */
static int open_new(const struct header_cache *cache)
{
    int fd = openat(cache->dir, new_name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                    0600);
    struct stat st, named;

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
        fstatat(cache->dir, new_name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        st.st_ino == named.st_ino && st.st_dev == named.st_dev && st.st_uid == geteuid() &&
        fchmod(fd, 0600) == 0 && ftruncate(fd, 0) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Not forced to disk: after a power cut the checksum tells. */
static void write_file(struct header_cache *cache)
{
    struct head *head = (void *)cache->fresh;
    int fd;

    if (cache->dir < 0)
        cache->dir = make_dir(cache->directory);
    fd = cache->dir < 0 ? -1 : open_new(cache);
    if (fd < 0)
        return;
    memset(head, 0, sizeof *head);
    memcpy(head->magic, HEADER_CACHE_MAGIC, sizeof head->magic);
    head->reader = cache->reader;
    head->n = cache->n;
    head->bytes = cache->n_fresh - sizeof *head;
    head->checksum = header_cache_checksum(cache->fresh, cache->n_fresh);
    if (!write_all(fd, cache->fresh, cache->n_fresh) ||
        renameat(cache->dir, new_name, cache->dir, HEADER_CACHE_FILE) != 0)
        unlinkat(cache->dir, new_name, 0);
    close(fd);
}

void header_cache_write(struct header_cache *cache)
{
    if (cache->fresh == NULL && cache->map != NULL && cache->same < cache->n_map)
        (void)append(cache, 0); /* files have gone */
    if (cache->fresh != NULL && cache->n_fresh <= HEADER_CACHE_MAX)
        write_file(cache);
}
