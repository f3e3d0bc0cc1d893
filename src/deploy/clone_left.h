/*
 * clone_left - what runs that were cut off, or have ended, have left of their copies (clone.h): the copy,
 * NAME_clone_RUN, and the mark, NAME_closed_RUN: an empty database that stands from before the live one is
 * closed until after it is open again, so that any machine can tell who has closed it.
 */
#ifndef DEPLOY_CLONE_LEFT_H
#define DEPLOY_CLONE_LEFT_H

#include "deploy/journal.h"
#include "deploy/services.h"

#define CLONE_NOTE "clone" /* the note of a journal: the copy's name */

/* clone_left_name(services, run), clone_left_mark(services, run): the names of the two. */
const char *clone_left_name(struct services *services, const char *run);
const char *clone_left_mark(struct services *services, const char *run);

/* clone_left_closer(services, admin, run, err): the run that has closed the live database, as a mark says;
 * NULL: there is none, or the name of the database is so long that it was cut. */
int clone_left_closer(struct services *services, struct db *admin, const char **run,
                      struct err *err) CHECK;

/* clone_left_discard(services, journal, run, err): a run that was cut off before it changed anything:
 * whatever is still copying is ended, copy and mark go. ${journal} NULL: the run's is not here. Changes:
 * these databases. */
int clone_left_discard(struct services *services, const struct journal *journal, const char *run,
                       struct err *err) CHECK;

/* clone_left_sweep(services): drop what runs have left that have ended and could not do it. The copy of one
 * that the live database knows nothing of, or that a restore has replaced when it had changed something, may
 * be all that is left of before: it stays, with a warning. clone_left_sweep_in: the same, with sessions
 * in the maintenance and in the live database. Changes: these databases. */
void clone_left_sweep(struct services *services);
void clone_left_sweep_in(struct services *services, struct db *admin, struct db *live);

#endif
