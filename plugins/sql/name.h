/*
 * name - what a new revision file is called: Alembic's file_template and its slug.
 *
 * Changes: nothing.
 */
#ifndef SQL_NAME_H
#define SQL_NAME_H

#include <stdbool.h>
#include <time.h>

#include "sql.h"

/* name_date(call, text, when): "2026-01-31 13:45:10" (more may follow), local time; NULL: now. */
int name_date(struct ddb_call *call, const char *text, struct tm *when);

/* name_slug(call, message): the message's words joined with "_", in lower case, cut at the setting
 * "truncate_slug_length". */
const char *name_slug(struct ddb_call *call, const char *message);

/* name_file(call, id, message, when): the setting "file_template" filled in, with ".sql" behind it;
 * it may have folders when the setting "recursive" is on. NULL after fail(). */
const char *name_file(struct ddb_call *call, const char *id, const char *message,
                      const struct tm *when);

#endif
