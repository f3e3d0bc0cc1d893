/*
 * listing - every revision of the project: from the files where they can be read without Python, from
 * Alembic itself where not. Changes: nothing.
 */
#ifndef ALEMBIC_LISTING_H
#define ALEMBIC_LISTING_H

#include "alembic.h"

/* listing_revisions(call, each, arg): as the callback revisions() of struct ddb_engine. */
int listing_revisions(struct ddb_call *call,
                      int (*each)(void *arg, const struct ddb_revision *revision), void *arg);

#endif
