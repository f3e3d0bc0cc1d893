/*
 * naming - what a new revision file is called: Alembic's file_template with the slug of the message.
 * Pure. Rules: Alembic 1.8 script/base.py; Python's "%" and its \w and lower().
 *
 * Letters of Latin, Greek, Cyrillic, Hebrew, Arabic, Chinese, Japanese and Korean and the common
 * signs are certain; any other character is as the C library has it.
 */
#ifndef REVISION_NAMING_H
#define REVISION_NAMING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

enum { NAMING_ONLY_PYTHON = 1 };

struct naming {
    const char *template; /* NULL: "%(rev)s_%(slug)s" */
    bool is_escaped;      /* "%%(" stands for "%(", as alembic.ini has to write it */
    size_t slug_length;   /* in characters; 0: 40 */
    const char *id;
    const char *message;  /* NULL or "": none */
    const char *moment;   /* "2026-01-31 13:45:10", local time; more may follow */
};

/* naming_file(arena, wanted, name, err): the file's name in ${arena}, without its ending; it may have
 * slashes. NAMING_ONLY_PYTHON: Python's answer may be another; ${name} is then the best guess, or
 * NULL when the template is not understood. -1: the moment is none (ERR_USAGE). */
int naming_file(struct arena *arena, const struct naming *wanted, const char **name,
                struct err *err) CHECK;

#endif
