/*
 * catalog_text - inside pg/ only: one spelling for expressions that PostgreSQL spells in two ways.
 */
#ifndef PG_CATALOG_TEXT_H
#define PG_CATALOG_TEXT_H

#include "base/mem.h"

/* catalog_text_normal(arena, text): ${text} as the server would print it after it was dumped and
 * restored. An array that is cast, (ARRAY[a, b])::t[], is read back as an array of casts,
 * ARRAY[(a)::t, (b)::t]: so it is with every IN list over a character varying column. Gives ${text}
 * itself when there is nothing to change. */
const char *catalog_text_normal(struct arena *arena, const char *text);

#endif
