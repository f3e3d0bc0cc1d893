/*
 * pytext - texts as Python writes them. Changes: nothing.
 *
 * Letters of Latin, Greek, Cyrillic, Hebrew, Arabic, Chinese, Japanese and Korean are known. For any other character the answer is NULL: Python must be asked then.
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

#endif
