/* err - see err.h. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static void append_line(char *text, size_t cap, const char *fmt, va_list args)
{
    size_t len = strlen(text);

    if (len > 0 && len + 1 < cap) {
        text[len++] = '\n';
        text[len] = '\0';
    }
    vsnprintf(text + len, cap - len, fmt, args);
}

static void set(struct err *err, enum err_code code, const char *fmt, va_list args)
{
    if (err->code != ERR_NONE) {
        append_line(err->detail, sizeof err->detail, fmt, args);
        return;
    }
    err->code = code;
    vsnprintf(err->primary, sizeof err->primary, fmt, args);
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    set(err, code, fmt, args);
    va_end(args);
    return -1;
}

int err_sys(struct err *err, enum err_code code, int errnum, const char *fmt, ...)
{
    char text[sizeof err->primary];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return err_set(err, code, "%s: %s", text, strerror(errnum));
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    char cause[sizeof err->primary];
    va_list args;
    size_t len;

    memcpy(cause, err->primary, sizeof cause);
    va_start(args, fmt);
    vsnprintf(err->primary, sizeof err->primary, fmt, args);
    va_end(args);
    len = strlen(err->primary);
    snprintf(err->primary + len, sizeof err->primary - len, ": %s", cause);
    return -1;
}

int err_detail(struct err *err, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    append_line(err->detail, sizeof err->detail, fmt, args);
    va_end(args);
    return -1;
}

int err_hint(struct err *err, const char *fmt, ...)
{
    va_list args;

    if (err->hint[0] != '\0')
        return -1;
    va_start(args, fmt);
    vsnprintf(err->hint, sizeof err->hint, fmt, args);
    va_end(args);
    return -1;
}

int err_as(struct err *err, enum err_code code)
{
    err->code = code;
    return -1;
}

void err_clear(struct err *err)
{
    memset(err, 0, sizeof *err);
}

const char *err_meaning(int status)
{
    switch (status) {
#define X(name, status, database, meaning)                                                         \
    case status:                                                                                   \
        return meaning;
#include "base/err.def"
#undef X
    default:
        return NULL;
    }
}

const char *err_database(int status)
{
    switch (status) {
#define X(name, status, database, meaning)                                                         \
    case status:                                                                                   \
        return database;
#include "base/err.def"
#undef X
    default:
        return NULL;
    }
}

struct err *errs_new(struct errs *list)
{
    struct err *entry;

    if (list->n == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 4;
        list->items = mem_realloc(list->items, list->cap * sizeof *list->items);
    }
    entry = &list->items[list->n++];
    memset(entry, 0, sizeof *entry);
    return entry;
}

void errs_release(struct errs *list)
{
    mem_free(list->items);
    memset(list, 0, sizeof *list);
}
