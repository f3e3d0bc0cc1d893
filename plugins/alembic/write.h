/*
 * write - a new revision file: from script.py.mako without Python where all that matters is known,
 * else by the project's own command.
 */
#ifndef ALEMBIC_WRITE_H
#define ALEMBIC_WRITE_H

#include "alembic.h"

/* write_revision(call, revision, path): as the callback write() of struct ddb_engine. The file
 * appears whole, and never in the place of another. Changes: files; a configured version location
 * that does not exist yet is made. */
int write_revision(struct ddb_call *call, const struct ddb_new_revision *revision,
                   const char **path);

#endif
