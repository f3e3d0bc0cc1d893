/*
 * restore_file - a dump that another program wrote, into a fresh database, in a snapshot's place.
 *
 * What a foreign dump can prove is less than a snapshot: it is read to its end and complete, every
 * statement succeeded, tables are there, the version rows can be read. Whether these are revisions of
 * the project is told, and not required.
 */
#ifndef DEPLOY_RESTORE_FILE_H
#define DEPLOY_RESTORE_FILE_H

#include "bundle/unwrap.h"
#include "deploy/run.h"

struct restore_file {
    const char *path; /* absolute */
    struct unwrap_about about;
    const char *format; /* "plain SQL, gzip" */
};

/* restore_file_names(services, given): whether ${given} names a file and no snapshot: it has a slash, or
 * it exists here and no store has a snapshot of that name. Changes: nothing. */
bool restore_file_names(struct services *services, const char *given);

/* restore_file_look(services, given, file, err): what is in it. Errors: ERR_PREPARE. Changes: nothing. */
int restore_file_look(struct services *services, const char *given, struct restore_file **file,
                      struct err *err) CHECK;

/* restore_file_load(run, admin, fresh, err): create ${fresh} with the properties of the live database, or
 * the server's defaults without one; load run->file and prove it. A snapshot file goes the way of
 * snapshots. Plain SQL is read twice, the first time before anything is made. On failure ${fresh} is
 * dropped, and what was unpacked is removed. Changes: the database ${fresh}; files in run->state_dir
 * meanwhile. */
int restore_file_load(struct run *run, struct db *admin, const char *fresh, struct err *err) CHECK;

#endif
