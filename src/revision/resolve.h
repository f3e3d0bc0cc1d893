/*
 * resolve - identifiers as a person types them: exact, prefix, `head`, `heads`, `base`, `LABEL@…`,
 * `current`. Rules: Alembic 1.19 script/revision.py; relative forms follow in resolve_walk.
 */
#ifndef REVISION_RESOLVE_H
#define REVISION_RESOLVE_H

#include "revision/graph.h"

/* resolve(graph, text, out, err): the revisions that ${text} names: "base" and "" give an empty
 * set, "heads" the effective heads, "head" the one head, LABEL@… restricted to the label's lineage.
 * Errors (ERR_USAGE): unknown; ambiguous, with the candidates in the detail; several heads. */
int resolve(struct graph *graph, const char *text, struct revset *out, struct err *err) CHECK;

#endif
