/*
 * text - steps as SQL text, which psql takes: what run_steps() runs, without the checksums in
 * deploy_db. Comments, version table and rows are spelled as Alembic's offline mode spells them.
 * Changes: nothing.
 */
#ifndef SQL_TEXT_H
#define SQL_TEXT_H

#include "sql.h"

/* text_steps(call, steps, creates, out, arg): the engine's callback "steps_sql". */
int text_steps(struct ddb_call *call, const struct ddb_step *const *steps, int creates,
               int (*out)(void *arg, const char *text, size_t n), void *arg);

#endif
