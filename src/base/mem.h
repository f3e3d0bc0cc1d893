/*
 * mem - memory by lifetime.
 *
 * Arenas hold what lives as long as a run, a phase or a configuration: they are passed explicitly
 * to the functions that give memory and are released as a whole. The heap functions serve growing
 * objects. Running out of memory writes one line and aborts: the journal makes that survivable.
 * Changes: nothing.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#include "base/err.h"

void *mem_alloc(size_t size) __attribute__((returns_nonnull));          /* zeroed */
void *mem_realloc(void *ptr, size_t size) __attribute__((returns_nonnull));
char *mem_strdup(const char *text) __attribute__((returns_nonnull));
void mem_free(void *ptr);                                               /* NULL is fine */

/* `auto_free char *p = ...;` frees the heap pointer when its scope ends. */
void mem_free_at(void *pointer_to_pointer);
#define auto_free __attribute__((cleanup(mem_free_at)))

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is fine */

/* All of these give memory that lives until arena_free(${arena}). */
void *arena_alloc(struct arena *arena, size_t size); /* zeroed, aligned for any type */
char *arena_strdup(struct arena *arena, const char *text); /* NULL gives NULL */
char *arena_strndup(struct arena *arena, const char *text, size_t n);
char *arena_printf(struct arena *arena, const char *fmt, ...) PRINTF(2, 3);

/* A growing, NULL-terminated vector of heap strings: argument vectors and lists of names.
 * Zero-initialise it. `v` is never NULL after the first push. */
struct strvec {
    char **v;
    size_t n;
    size_t cap;
};

void strvec_push(struct strvec *vec, const char *text); /* copies */
void strvec_pushf(struct strvec *vec, const char *fmt, ...) PRINTF(2, 3);
void strvec_push_all(struct strvec *vec, const char *const *list); /* NULL list is fine */
int strvec_has(const struct strvec *vec, const char *text);
void strvec_release(struct strvec *vec);
#define auto_strvec __attribute__((cleanup(strvec_release)))

/* strvec_join(vec, separator): one heap string; the caller frees it. */
char *strvec_join(const struct strvec *vec, const char *separator);

/* arena_list(arena, vec): a NULL-terminated copy in ${arena}, never NULL. */
char **arena_list(struct arena *arena, const struct strvec *vec);

#endif
