/*
 * sqlfile - a file of plain SQL, run statement by statement in a session of ours, without psql:
 * what only psql understands is refused.
 */
#ifndef PG_SQLFILE_H
#define PG_SQLFILE_H

#include <stddef.h>

#include "pg/db.h"

/* sqlfile_check(text, n, name, err): whether all of it can be run: no meta-command, no COPY … FROM
 * STDIN, nothing that does not end. ERR_REFUSED with the line; ${name} is the file's. Pure. */
int sqlfile_check(const char *text, size_t n, const char *name, struct err *err) CHECK;

/* sqlfile_run(db, text, n, name, err): check it, then run it; each statement is a transaction of
 * its own unless the text says otherwise. A transaction that is left open is a failure, and is
 * rolled back. ERR_PREPARE with the line. Changes: the database. */
int sqlfile_run(struct db *db, const char *text, size_t n, const char *name,
                struct err *err) CHECK;

#endif
