/*
 * preflight_checks - the table of what is looked at before anything is changed: each check adds its
 * refusals, so that all are reported at once. Adding a check is adding a row.
 */
#ifndef DEPLOY_PREFLIGHT_CHECKS_H
#define DEPLOY_PREFLIGHT_CHECKS_H

#include "deploy/run.h"

/* preflight_checks(run, problems): all of them, for preflight, plan and doctor. Fills run->before, the
 * hazards of the plan, and which ways back there are. Changes: nothing, but what a run left behind
 * that was cut off before it changed anything is cleared away when we hold the lock. */
void preflight_checks(struct run *run, struct errs *problems);

/* preflight_checks_unfinished(run, problems): only the one for unfinished runs. */
void preflight_checks_unfinished(struct run *run, struct errs *problems);

#endif
