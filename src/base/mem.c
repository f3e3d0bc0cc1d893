/* mem - see mem.h. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void out_of_memory(size_t size)
{
    fprintf(stderr, "deploy-db: out of memory (%zu bytes)\n", size);
    abort();
}

void *mem_alloc(size_t size)
{
    void *ptr = calloc(1, size ? size : 1);

    if (ptr == NULL)
        out_of_memory(size);
    return ptr;
}

void *mem_realloc(void *ptr, size_t size)
{
    void *grown = realloc(ptr, size ? size : 1);

    if (grown == NULL)
        out_of_memory(size);
    return grown;
}

char *mem_strdup(const char *text)
{
    size_t len = strlen(text) + 1;

    return memcpy(mem_alloc(len), text, len);
}

void mem_free(void *ptr)
{
    free(ptr);
}

void mem_free_at(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

/* An arena is a list of blocks; the newest has the free space. Each is twice as large as the one before,
 * up to a size that comes from the kernel with its pages there already: one by one, as they are touched,
 * they cost an arena of many megabytes a third of its time. */
enum { FIRST_BLOCK = 16 * 1024, LARGE_BLOCK = 512 * 1024, ALIGNMENT = 16 };

struct block {
    struct block *next;
    size_t used;
    size_t cap;
    bool mapped;
    _Alignas(16) char data[];
};

struct arena {
    struct block *blocks;
};

struct arena *arena_new(void)
{
    return mem_alloc(sizeof(struct arena));
}

static void free_block(struct block *block)
{
    if (block->mapped)
        munmap(block, sizeof *block + block->cap);
    else
        free(block);
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    for (struct block *block = arena->blocks, *next; block != NULL; block = next) {
        next = block->next;
        free_block(block);
    }
    free(arena);
}

static void add_block(struct arena *arena, size_t need)
{
    size_t last = arena->blocks == NULL ? 0 : sizeof *arena->blocks + arena->blocks->cap;
    size_t bytes = last == 0 ? FIRST_BLOCK : last < LARGE_BLOCK ? 2 * last : LARGE_BLOCK;
    struct block *block = MAP_FAILED;

    if (bytes < sizeof *block + need) {
        bytes = sizeof *block + need;
    } else if (bytes == LARGE_BLOCK) {
        block = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    }
    if (block == MAP_FAILED)
        block = mem_alloc(bytes);
    else
        block->mapped = true;
    block->cap = bytes - sizeof *block;
    block->next = arena->blocks;
    arena->blocks = block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t need = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    void *ptr;

    if (arena->blocks == NULL || arena->blocks->cap - arena->blocks->used < need)
        add_block(arena, need);
    ptr = arena->blocks->data + arena->blocks->used;
    arena->blocks->used += need;
    return ptr;
}

char *arena_strndup(struct arena *arena, const char *text, size_t n)
{
    char *copy = arena_alloc(arena, n + 1);

    memcpy(copy, text, n);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_strndup(arena, text, strlen(text));
}

static int formatted_length(const char *fmt, va_list args)
{
    int len = vsnprintf(NULL, 0, fmt, args);

    if (len < 0) {
        fprintf(stderr, "deploy-db: cannot format \"%s\"\n", fmt);
        abort();
    }
    return len;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list args;
    char *text;
    size_t size;

    va_start(args, fmt);
    size = (size_t)formatted_length(fmt, args) + 1;
    va_end(args);
    text = arena_alloc(arena, size);
    va_start(args, fmt);
    vsnprintf(text, size, fmt, args);
    va_end(args);
    return text;
}

static void push_owned(struct strvec *vec, char *text)
{
    if (vec->n + 2 > vec->cap) {
        vec->cap = vec->cap ? vec->cap * 2 : 8;
        vec->v = mem_realloc(vec->v, vec->cap * sizeof *vec->v);
    }
    vec->v[vec->n++] = text;
    vec->v[vec->n] = NULL;
}

void strvec_push(struct strvec *vec, const char *text)
{
    push_owned(vec, mem_strdup(text));
}

void strvec_pushf(struct strvec *vec, const char *fmt, ...)
{
    va_list args;
    char *text;
    size_t size;

    va_start(args, fmt);
    size = (size_t)formatted_length(fmt, args) + 1;
    va_end(args);
    text = mem_alloc(size);
    va_start(args, fmt);
    vsnprintf(text, size, fmt, args);
    va_end(args);
    push_owned(vec, text);
}

void strvec_push_all(struct strvec *vec, const char *const *list)
{
    for (; list != NULL && *list != NULL; list++)
        strvec_push(vec, *list);
}

int strvec_has(const struct strvec *vec, const char *text)
{
    for (size_t i = 0; i < vec->n; i++)
        if (strcmp(vec->v[i], text) == 0)
            return 1;
    return 0;
}

void strvec_release(struct strvec *vec)
{
    for (size_t i = 0; i < vec->n; i++)
        free(vec->v[i]);
    free(vec->v);
    memset(vec, 0, sizeof *vec);
}

char *strvec_join(const struct strvec *vec, const char *separator)
{
    size_t size = 1;
    char *text;
    char *end;

    for (size_t i = 0; i < vec->n; i++)
        size += strlen(vec->v[i]) + strlen(separator);
    text = mem_alloc(size);
    end = text;
    for (size_t i = 0; i < vec->n; i++) {
        if (i > 0)
            end = stpcpy(end, separator);
        end = stpcpy(end, vec->v[i]);
    }
    return text;
}

char **arena_list(struct arena *arena, const struct strvec *vec)
{
    char **list = arena_alloc(arena, (vec->n + 1) * sizeof *list);

    for (size_t i = 0; i < vec->n; i++)
        list[i] = arena_strdup(arena, vec->v[i]);
    return list;
}
