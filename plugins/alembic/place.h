/*
 * place - where a new revision file belongs: its folder among the version locations, and its name
 * by file_template. Changes: nothing.
 */
#ifndef ALEMBIC_PLACE_H
#define ALEMBIC_PLACE_H

#include "project.h"

/* place_moment(call, create_date): when a file is made, as Python prints it: "2026-01-31 13:45:10";
 * NULL is now, to the microsecond. */
const char *place_moment(struct ddb_call *call, const char *create_date);

/* place_find(call, project, locations, revision, moment, path, why): ${path} is absolute. Without a
 * failure and without ${path}, ${why} says as part of a sentence why only Alembic can tell. */
int place_find(struct ddb_call *call, const struct project *project,
               const struct locations *locations, const struct ddb_new_revision *revision,
               const char *moment, const char **path, const char **why);

#endif
