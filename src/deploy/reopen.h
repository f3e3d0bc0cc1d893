/*
 * reopen - a live database that an interrupted run has left closed to connections.
 */
#ifndef DEPLOY_REOPEN_H
#define DEPLOY_REOPEN_H

#include "deploy/run.h"

/* reopen_live(services, journal, err): let sessions in again, unless somebody is at it (ERR_BUSY), or
 * nothing tells that it was one of our runs that has closed it: a note of ${journal}, the newest
 * unfinished one (NULL: none is here), or the mark of a run that copies. What still copies is ended
 * before. A database that is open, or is not there, is fine. Changes: the database. */
int reopen_live(struct services *services, const struct journal *journal, struct err *err) CHECK;

#define REOPEN_ENDED "57P01" /* the SQLSTATE of a session that was ended so that the database can be copied */

/* reopen_await(run, wait_ms, err): the same, with this machine's journal; while somebody is at it, tried again
 * for ${wait_ms}. */
int reopen_await(struct run *run, int64_t wait_ms, struct err *err) CHECK;

/* reopen_connect(run, err): run_connect, with reopen_await where the database is closed, for as long as
 * the environment waits for a lock. */
int reopen_connect(struct run *run, struct err *err) CHECK;

#endif
