/*
 * restore_run - the command `restore`: a snapshot in the live database's place, or beside it.
 */
#ifndef DEPLOY_RESTORE_RUN_H
#define DEPLOY_RESTORE_RUN_H

#include "deploy/run.h"

/* restore_run(run, snapshot, err): in the live database's place, which is kept under another name; a
 * live database that does not exist is made. Takes the lock, journals, and closes every run that was
 * unfinished in what is replaced. Returns the exit status. Changes: databases, files. */
enum err_code restore_run(struct run *run, const char *snapshot, struct err *err) CHECK;

/* restore_run_beside(run, snapshot, into, err): into the new database ${into}; an existing one is
 * refused. */
enum err_code restore_run_beside(struct run *run, const char *snapshot, const char *into,
                                 struct err *err) CHECK;

/* restore_run_settle(run, err): a restore that was cut off: the exchange has happened (ERR_NONE), or what
 * was begun is removed (ERR_ROLLED_BACK). */
enum err_code restore_run_settle(struct run *run, struct err *err) CHECK;

/* restore_run_is(command): "restore" or "refresh": what puts a fresh database in the live one's place,
 * and is settled by restore_run_settle. */
bool restore_run_is(const char *command);

/* restore_run_aside(run): the name under which the replaced database is kept. */
const char *restore_run_aside(const struct run *run);

/* restore_run_enter(run, err): for whatever replaces the live database: the session, the lock, the phase
 * "restore", and the run's row in what will be replaced. Changes: the lock, files, the schema
 * deploy_db. */
enum err_code restore_run_enter(struct run *run, struct err *err) CHECK;

/* restore_run_close_others(run): runs that were unfinished in what has been replaced: nobody may undo
 * them any more. Failures become warnings. Changes: files. */
void restore_run_close_others(struct run *run);

#endif
