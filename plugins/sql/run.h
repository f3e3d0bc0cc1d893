/*
 * run - steps: their statements and version rows, in one transaction, in one for each, or, in a
 * section "no transaction", one by one.
 */
#ifndef SQL_RUN_H
#define SQL_RUN_H

#include <stdbool.h>

#include "sql.h"

/* run_steps(call, steps): the engine's callback. Changes: the database. */
int run_steps(struct ddb_call *call, const struct ddb_step *const *steps);

/* run_per_migration(call, yes): the setting "transaction". */
int run_per_migration(struct ddb_call *call, bool *yes);

#endif
