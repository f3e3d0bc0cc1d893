/*
 * pytext - texts as Python writes them: repr(), and the words of a message for a file's name.
 * Changes: nothing.
 *
 * Letters of Latin, Greek, Cyrillic, Hebrew, Arabic, Chinese, Japanese and Korean are known, and
 * the common signs. For any other character the answer is NULL: Python must be asked then.
 */
#ifndef ALEMBIC_PYTEXT_H
#define ALEMBIC_PYTEXT_H

#include <stdbool.h>

#include "alembic.h"

/* pytext_is_utf8(text): whether Python could decode it. */
bool pytext_is_utf8(const char *text);

/* pytext_repr(call, text): as a literal. pytext_repr_list(call, list, brackets, always): None for no
 * text, the text alone for one unless ${always}, else ${brackets} ("()" or "[]") around them. */
const char *pytext_repr(struct ddb_call *call, const char *text);
const char *pytext_repr_list(struct ddb_call *call, const char *const *list, const char *brackets,
                             bool always);

/* pytext_slug(call, message, max): its words in lower case with "_" between; what is longer than
 * ${max} characters loses its last word, and ends with "_" instead. */
const char *pytext_slug(struct ddb_call *call, const char *message, size_t max);

#endif
