/*
 * clone - a snapshot that is a second database on the same server, NAME_clone_RUN.
 *
 * It is made while nobody is connected to the live one, is closed to connections until it takes the
 * live one's place, and is dropped when the run has ended: it protects against a bad migration, not
 * against a lost disk. Who makes it holds the lock of the live database or the one in the maintenance
 * database at every moment, so that nobody else takes the run for one that was cut off.
 */
#ifndef DEPLOY_CLONE_H
#define DEPLOY_CLONE_H

#include "deploy/run.h"

/* clone_wanted(run): whether the run's hooks make one. */
bool clone_wanted(const struct run *run);

/* clone_take(run, err): drops what ended runs have left (clone_left.h), ends all other sessions of the
 * live database and keeps everybody out while the plugin copies it. Sets run->clone. Afterwards the
 * database is open, and the run has a session and the lock again; when it could not be opened,
 * run->closed says so (ERR_OPERATOR). On failure no copy is left. Changes: the database NAME_clone_RUN. */
int clone_take(struct run *run, struct err *err) CHECK;

/* clone_restore(run, admin, aside, err): the copy, proven to be what preflight has seen, takes the place of
 * the live database, which is kept as ${aside}: restore_swap says what a failure means. Before the exchange
 * the copy stays, closed. Changes: databases. */
int clone_restore(struct run *run, struct db *admin, const char *aside, struct err *err) CHECK;

/* clone_end(run): the run has ended: its copy goes, if there is one; a failure is a warning. */
void clone_end(struct run *run);

#endif
