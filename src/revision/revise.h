/*
 * revise - what a new revision is made of: parents, dependencies and labels, as `revision` and
 * `merge` ask for them. Pure. Rules: Alembic 1.8 script/base.py.
 *
 * Refused although Alembic takes it: an identifier or a label that exists already or that could not
 * be typed afterwards, an identifier that does not fit into the version table, a merge of fewer
 * than two revisions, and parents of which one implies another (Alembic 1.8 cannot run such a file).
 */
#ifndef REVISION_REVISE_H
#define REVISION_REVISE_H

#include "revision/graph.h"

enum { REVISE_ID_CHARS = 32 }; /* what the version table has room for */

/* What was asked for, as typed. Lists end with a NULL; NULL is an empty one. */
struct revise_request {
    const char *id;
    const char *const *heads;      /* what to put it on; none: "head" */
    const char *const *labels;
    const char *const *depends_on;
    bool splice;                   /* a parent need not be a head */
    bool merge;                    /* two parents at least */
};

/* What to write. */
struct revise_plan {
    const char *const *down;       /* full identifiers, NULL-terminated */
    const char *const *labels;
    const char *const *depends_on; /* full identifiers, and branch labels as they were typed */
    const char *beside;            /* the file of the first parent; NULL: none has one */
    bool splices;                  /* a parent is no head */
};

/* revise(graph, request, plan, errs): in the arena of ${graph}. Every mistake becomes an entry of
 * ${errs}: ERR_USAGE for what can never be right, ERR_REFUSED for what this graph does not allow.
 * Returns 0 or -1. Changes: nothing. */
int revise(struct graph *graph, const struct revise_request *request, struct revise_plan *plan,
           struct errs *errs) CHECK;

#endif
