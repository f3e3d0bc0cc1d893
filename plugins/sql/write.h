/*
 * write - a new revision file, whole or not at all.
 */
#ifndef SQL_WRITE_H
#define SQL_WRITE_H

#include "sql.h"

/* write_revision(call, revision, path): the callback "write" of the engine: a file that reads back
 * as ${revision} says; what cannot be kept so is a failure, before anything is written. An existing
 * file is never touched. ${path} gets where it is, absolute. Changes: files. */
int write_revision(struct ddb_call *call, const struct ddb_new_revision *revision,
                   const char **path);

#endif
