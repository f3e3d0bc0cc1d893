/*
 * scan - the revision files of the version locations, in the order in which Alembic loads them:
 * location by location, names in the order of their bytes, folders after the files. Changes: nothing.
 */
#ifndef ALEMBIC_SCAN_H
#define ALEMBIC_SCAN_H

#include "project.h"

/* scan_files(call, locations, files): absolute paths. A file that is reached twice is taken once,
 * with a warning, as Alembic does. */
int scan_files(struct ddb_call *call, const struct locations *locations, struct list *files);

#endif
