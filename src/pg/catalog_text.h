/*
 * catalog_text - inside pg/ only: one spelling for expressions that PostgreSQL spells in two ways.
 */
#ifndef PG_CATALOG_TEXT_H
#define PG_CATALOG_TEXT_H

#include "base/mem.h"

/* catalog_text_normal(arena, text): the definition ${text} as the server prints it once it was
 * dumped and restored. What is analysed when an object is created is printed, read and analysed again:
 *   an array that is cast, (ARRAY[a, b])::t[], comes back as an array of casts,
 *     ARRAY[(a)::t, (b)::t]: every IN list over a character varying column;
 *   AND and OR whose first part is of the same kind, ((a AND b) AND c), come back flat,
 *     (a AND b AND c): BETWEEN, comparisons of rows, IN lists over columns.
 * Gives ${text} itself when there is nothing to change. */
const char *catalog_text_normal(struct arena *arena, const char *text);

#endif
