/*
 * setup - what `deploy-db init` finds in a project, and the configuration it writes from that.
 */
#ifndef CONF_SETUP_H
#define CONF_SETUP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

/* setup_write(dir, out, folder, notes, err): look in ${dir} and the folders below it (two levels) for
 * alembic.ini, its sqlalchemy.url and script_location, or migrations of plain SQL; DATABASE_URL in the environment and in .env
 * files, poetry, a Compose file with a service that has alembic; append to ${out} a commented
 * configuration that conf_load accepts, and to ${notes} one line about each thing found. Never
 * writes a password into the file: it refers to env:NAME, or to the .env file. ${folder} gets the name,
 * below ${dir}, of the folder that the project still lacks for its migrations (heap), or NULL. Changes:
 * nothing. */
int setup_write(const char *dir, struct buf *out, char **folder, struct strvec *notes,
                struct err *err) CHECK;

#endif
