/*
 * refresh_keep - what a refresh leaves behind: the environment's own history in the new database,
 * and so many of the databases that refreshes have replaced.
 */
#ifndef DEPLOY_REFRESH_KEEP_H
#define DEPLOY_REFRESH_KEEP_H

#include "deploy/run.h"

/* refresh_keep_history(run, fresh, err): copy the runs of this environment from the live database
 * to ${fresh}, which knows those of the source only. run->db NULL: there are none. Changes: the
 * schema deploy_db of ${fresh}. */
int refresh_keep_history(struct run *run, const char *fresh, struct err *err) CHECK;

/* refresh_keep_drop(run, dropped): of the databases NAME_before_RUN that earlier refreshes of this
 * environment have replaced, drop all but the newest that refresh.keep allows, the one of ${run}
 * counted. One that somebody has opened to connections is left alone. The names go to ${dropped};
 * failures become warnings. Changes: databases. */
void refresh_keep_drop(struct run *run, struct strvec *dropped);

/* refresh_keep_finish(run): the same after a refresh that was cut off behind the exchange, and the
 * catalog that the next deployment expects. Nothing for a run of another command. */
void refresh_keep_finish(struct run *run);

#endif
