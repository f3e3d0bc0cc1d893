/*
 * recover - the ladder back: cheapest rung first, each proven, none trusted.
 */
#ifndef DEPLOY_RECOVER_H
#define DEPLOY_RECOVER_H

#include "deploy/run.h"

/* recover_ladder(run, err): walk the rungs that the environment allows until one is proven. Returns
 * ERR_ROLLED_BACK, ERR_RESTORED, or ERR_OPERATOR with what each rung said in ${err}. Sets
 * run->recovered_by. Idempotent: it may be cut off and begun again. Changes: databases. */
enum err_code recover_ladder(struct run *run, struct err *err);

/* recover_stand(run, err): the ground to stand on: a session in the live database, the lock, and
 * nobody of this run still at work there (ends the sessions of its children). */
int recover_stand(struct run *run, struct err *err) CHECK;

/* recover_rows_are_ours(run, err): whether the version rows are of this run: what it began with, or
 * what it was to apply. Others mean that somebody has migrated since, and undoing would take that
 * away. Changes: nothing. */
int recover_rows_are_ours(struct run *run, struct err *err) CHECK;

#endif
