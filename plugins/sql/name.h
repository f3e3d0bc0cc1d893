/*
 * name - what a new revision file is called.
 *
 * Changes: nothing.
 */
#ifndef SQL_NAME_H
#define SQL_NAME_H

#include "sql.h"

/* name_moment(call, create_date): when a file is made, "2026-01-31 13:45:10"; NULL: now. */
const char *name_moment(struct ddb_call *call, const char *create_date);

/* name_file(call, id, message, moment): the setting "file_template" filled in, with ".sql" behind it;
 * it may have folders when the setting "recursive" is on. NULL after fail(). */
const char *name_file(struct ddb_call *call, const char *id, const char *message,
                      const char *moment);

#endif
