/*
 * refresh_fresh - what is done in the fresh database of a refresh, before it takes the live one's
 * place: post-refresh hooks, the pending migrations, and the verification.
 */
#ifndef DEPLOY_REFRESH_FRESH_H
#define DEPLOY_REFRESH_FRESH_H

#include "deploy/run.h"

/* refresh_fresh_check(run, problems): whether the post-refresh hooks are there and can be run. */
void refresh_fresh_check(struct run *run, struct errs *problems);

/* refresh_fresh(run, fresh, err): mark the database ${fresh} as this environment's, run the hooks,
 * the pending migrations and the checks of a deployment in it; run->plan, pending and planned are
 * then those of the fresh database. Everything that hooks and the project's command get names that
 * database, and a command that reaches another one is refused (ERR_PREPARE). Changes: the database
 * ${fresh}, and what hooks do elsewhere. */
int refresh_fresh(struct run *run, const char *fresh, struct err *err) CHECK;

#endif
