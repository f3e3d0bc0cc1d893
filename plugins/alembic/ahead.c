/* ahead - see ahead.h: a ring of blocks, each with the headers of some files. */
#include "ahead.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "project.h"

enum { BLOCKS = 4, BLOCK_FILES = 64, READERS = 2 };

struct block {
    struct header headers[BLOCK_FILES];
    struct header_stamp stamps[BLOCK_FILES];
    int results[BLOCK_FILES];
    int errnums[BLOCK_FILES];
    size_t n;
    bool is_filled;
};

struct ahead {
    const char *const *paths;
    size_t n, most;
    bool stamped;
    struct block blocks[BLOCKS];
    struct block *block;   /* what the caller is in; NULL before the first */
    size_t in_block;

    pthread_t readers[READERS];
    size_t n_readers;
    pthread_mutex_t mutex; /* for what follows, and is_filled */
    pthread_cond_t filled, emptied;
    size_t n_begun, n_emptied; /* blocks given to a reader, and read by the caller, so far */
    bool stop;
};

static bool has_block(const struct ahead *ahead, size_t number)
{
    return number * BLOCK_FILES < ahead->n;
}

/* One thread's reading. */
struct reader {
    struct project_folder folder;
    struct project_text text;
    struct header scratch; /* whose room for tokens all headers use in turn */
};

static void lend_tokens(struct header *to, struct header *from)
{
    to->tokens = from->tokens;
    to->cap_tokens = from->cap_tokens;
    from->tokens = NULL;
    from->cap_tokens = 0;
}

static int read_header(struct reader *reader, const char *path, size_t most, struct header *header,
                       struct header_stamp *stamp)
{
    int rc;

    if (project_read_into(&reader->folder, path, most, &reader->text, stamp) != 0)
        return -1;
    lend_tokens(header, &reader->scratch);
    rc = header_read(header, reader->text.at, reader->text.n) == 0 ? 0 : 1;
    lend_tokens(&reader->scratch, header);
    return rc;
}

/* The files of block ${number}. */
static void fill(struct ahead *ahead, size_t number, struct reader *reader)
{
    struct block *block = &ahead->blocks[number % BLOCKS];
    size_t first = number * BLOCK_FILES;

    for (block->n = 0; block->n < BLOCK_FILES && first + block->n < ahead->n; block->n++) {
        block->results[block->n] = read_header(reader, ahead->paths[first + block->n], ahead->most,
                                               &block->headers[block->n],
                                               ahead->stamped ? &block->stamps[block->n] : NULL);
        block->errnums[block->n] = errno;
    }
}

static void release(struct reader *reader)
{
    project_close_folder(&reader->folder);
    header_release(&reader->scratch);
    free(reader->text.at);
}

static void *read_on(void *arg)
{
    struct ahead *ahead = arg;
    struct reader reader = {.folder.fd = -1};

    (void)unshare(CLONE_FILES); /* one's own descriptors are cheaper, and no child has them */
    pthread_mutex_lock(&ahead->mutex);
    for (;;) {
        size_t number;

        while (!ahead->stop && ahead->n_begun - ahead->n_emptied == BLOCKS)
            pthread_cond_wait(&ahead->emptied, &ahead->mutex);
        if (ahead->stop || !has_block(ahead, ahead->n_begun))
            break;
        number = ahead->n_begun++;
        pthread_mutex_unlock(&ahead->mutex);
        fill(ahead, number, &reader);
        pthread_mutex_lock(&ahead->mutex);
        ahead->blocks[number % BLOCKS].is_filled = true;
        pthread_cond_signal(&ahead->filled);
    }
    pthread_mutex_unlock(&ahead->mutex);
    release(&reader);
    return NULL;
}

struct ahead *ahead_open(const char *const *paths, size_t n, size_t most, bool stamped)
{
    struct ahead *ahead = calloc(1, sizeof *ahead);
    sigset_t all, before;

    if (ahead == NULL)
        abort();
    ahead->paths = paths;
    ahead->n = n;
    ahead->most = most;
    ahead->stamped = stamped;
    pthread_mutex_init(&ahead->mutex, NULL);
    pthread_cond_init(&ahead->filled, NULL);
    pthread_cond_init(&ahead->emptied, NULL);
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (ahead->n_readers < READERS && has_block(ahead, ahead->n_readers + 1) &&
           pthread_create(&ahead->readers[ahead->n_readers], NULL, read_on, ahead) == 0)
        ahead->n_readers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ahead;
}

void ahead_settle(struct ahead *ahead)
{
    pthread_mutex_lock(&ahead->mutex);
    ahead->stop = true;
    pthread_cond_broadcast(&ahead->emptied);
    pthread_mutex_unlock(&ahead->mutex);
    while (ahead->n_readers > 0)
        pthread_join(ahead->readers[--ahead->n_readers], NULL);
}

void ahead_close(struct ahead *ahead)
{
    if (ahead == NULL)
        return;
    ahead_settle(ahead);
    for (size_t i = 0; i < BLOCKS; i++)
        for (size_t j = 0; j < BLOCK_FILES; j++)
            header_release(&ahead->blocks[i].headers[j]);
    pthread_mutex_destroy(&ahead->mutex);
    pthread_cond_destroy(&ahead->filled);
    pthread_cond_destroy(&ahead->emptied);
    free(ahead);
}

/* The block after the caller's, which goes back to the readers. */
static void next_block(struct ahead *ahead)
{
    struct reader reader = {.folder.fd = -1};

    pthread_mutex_lock(&ahead->mutex);
    if (ahead->block != NULL) {
        ahead->block->is_filled = false;
        ahead->n_emptied++;
        pthread_cond_signal(&ahead->emptied);
    }
    ahead->block = &ahead->blocks[ahead->n_emptied % BLOCKS];
    ahead->in_block = 0;
    while (!ahead->block->is_filled && ahead->n_readers > 0)
        pthread_cond_wait(&ahead->filled, &ahead->mutex);
    if (!ahead->block->is_filled) {
        fill(ahead, ahead->n_begun++, &reader);
        ahead->block->is_filled = true;
        release(&reader);
    }
    pthread_mutex_unlock(&ahead->mutex);
}

int ahead_next(struct ahead *ahead, const struct header **header,
               const struct header_stamp **stamp)
{
    size_t file;

    if (ahead->block == NULL || ahead->in_block == ahead->block->n)
        next_block(ahead);
    file = ahead->in_block++;
    *header = &ahead->block->headers[file];
    *stamp = ahead->stamped ? &ahead->block->stamps[file] : NULL;
    errno = ahead->block->errnums[file];
    return ahead->block->results[file];
}
