/*
 * rowtext - the rows in COPY's text as it comes, in pieces of any size, hashed like rowhash.h. No more than
 * a piece is held, however long a row is. The text may end with the line "\." (what pg_dump
 * writes, see dumpTableData_copy in pg_dump.c); behind it only empty lines may stand. Pure.
 */
#ifndef BUNDLE_ROWTEXT_H
#define BUNDLE_ROWTEXT_H

#include <stdbool.h>

#include "bundle/rowhash.h"

struct rowtext;

struct rowtext *rowtext_new(void);
void rowtext_free(struct rowtext *text); /* NULL is fine */

/* rowtext_begin(text): another text begins; what was added before is forgotten. */
void rowtext_begin(struct rowtext *text);
void rowtext_add(struct rowtext *text, const void *data, size_t n);

/* rowtext_rows(text): the whole rows so far. rowtext_whole: the text ends where a row does, and nothing
 * stands behind its end mark. rowtext_marked: it has one. */
const struct rowhash *rowtext_rows(const struct rowtext *text);
bool rowtext_whole(const struct rowtext *text);
bool rowtext_marked(const struct rowtext *text);

#endif
