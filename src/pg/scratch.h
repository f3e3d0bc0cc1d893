/*
 * scratch - databases that exist only while a run works in them, named after it by swap_name.
 */
#ifndef PG_SCRATCH_H
#define PG_SCRATCH_H

#include "pg/db.h"

/* scratch_may_create(admin, may, err): whether this role may create databases at all. */
int scratch_may_create(struct db *admin, bool *may, struct err *err) CHECK;

/* scratch_list(admin, arena, database, word, list, n, err): the databases that are called
 * swap_name(${database}, ${word}, any run). ${list} is in ${arena}. Changes: nothing. */
int scratch_list(struct db *admin, struct arena *arena, const char *database, const char *word,
                 const char ***list, size_t *n, struct err *err) CHECK;

/* scratch_run(name): the identifier of the run that a name of swap_name ends with; no copy. */
const char *scratch_run(const char *name);

#endif
