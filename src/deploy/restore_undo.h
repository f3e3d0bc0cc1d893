/*
 * restore_undo - `restore --undo`: a database that a restore has put aside becomes the live one again, by
 * the same exchange of names; what is live now is kept as NAME_undone_RUN.
 */
#ifndef DEPLOY_RESTORE_UNDO_H
#define DEPLOY_RESTORE_UNDO_H

#include "deploy/run.h"

/* restore_undo_choose(run, wanted, kept, err): which database goes back: ${wanted}, or, NULL, the only one
 * that is kept of the live one. ERR_REFUSED when there is none, or there are several and none is named;
 * ERR_USAGE when ${wanted} is not kept. Changes: nothing. */
int restore_undo_choose(struct run *run, const char *wanted, const char **kept,
                        struct err *err) CHECK;

/* restore_undo(run, kept, err): put ${kept} in the live database's place. Takes the lock, journals, and
 * closes every run that was unfinished in what is replaced. Returns the exit status. Changes: databases,
 * files. */
enum err_code restore_undo(struct run *run, const char *kept, struct err *err) CHECK;

/* restore_undo_aside(run): what the live database is called once it was put aside. Of the run's arena. */
const char *restore_undo_aside(const struct run *run);

/* restore_undo_settle(run, err): one that was cut off: the exchange has happened (ERR_NONE), or the
 * database that was to go back is closed again (ERR_ROLLED_BACK). */
enum err_code restore_undo_settle(struct run *run, struct err *err) CHECK;

/* restore_undo_discard(services, journal, err): another run has replaced what ${journal}'s was to undo: the
 * database that it has opened is closed again. Any other run is fine. Changes: databases. */
int restore_undo_discard(struct services *services, const struct journal *journal,
                         struct err *err) CHECK;

#endif
