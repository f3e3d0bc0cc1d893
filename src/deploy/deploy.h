/*
 * deploy - the pipeline: one table of phases, one loop over it.
 */
#ifndef DEPLOY_DEPLOY_H
#define DEPLOY_DEPLOY_H

#include "deploy/run.h"

/* deploy_run(run, err): the whole pipeline. Returns the exit status; ${err} holds what failed first,
 * and what recovery said when that failed too. Changes: the database, files. */
enum err_code deploy_run(struct run *run, struct err *err);

#endif
