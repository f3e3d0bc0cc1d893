/*
 * phases - the functions of the phase table in deploy.c, one a file of the same name.
 *
 * Each takes the run and does its part; 0, or -1 with the reasons in ${err}. What a failure means is
 * in the table, not in the phases.
 */
#ifndef DEPLOY_PHASES_H
#define DEPLOY_PHASES_H

#include "deploy/run.h"

/* plan: connect, read rows and revisions. Changes: nothing. */
int plan_phase(struct run *run, struct err *err) CHECK;

/* lock: the advisory lock; a transaction-mode pooler is noted for preflight. Changes: the lock. */
int lock_phase(struct run *run, struct err *err) CHECK;

/* preflight: every check of its table; all refusals together. Plans again and compares. Sets
 * run->nothing_to_do. Changes: nothing in the database. */
int preflight_phase(struct run *run, struct err *err) CHECK;

/* hooks: the pre-deploy list; "snapshot" is one of them. Changes: files, stores, what hooks do. */
int hook_phase(struct run *run, struct err *err) CHECK;

/* apply: the project's own command; THE POINT OF NO RETURN. Changes: the database. */
int apply_phase(struct run *run, struct err *err) CHECK;

/* verify: current == heads, new invalid indexes, drift, verify hooks. Changes: nothing. */
int verify_phase(struct run *run, struct err *err) CHECK;

/* finish: keep the catalog as what is expected next time, post-deploy hooks. */
int finish_phase(struct run *run, struct err *err) CHECK;

/* finish_keep_expected(run): keep the catalog as what the next deployment and `check` expect to find; a
 * failure is a warning. */
void finish_keep_expected(struct run *run);

/* hook_event(run, event, list, status, err): run one of the lists of executable hooks. */
int hook_event(struct run *run, const char *event, const char *const *list, int status,
               struct err *err) CHECK;

/* hook_failed(run, status): the on-failure hooks; they run to their end whatever was pressed: they may be
 * what opens the shop again. Their failure is a warning. */
void hook_failed(struct run *run, enum err_code status);

/* verify_models(run, problems): what the models say, under the environment's strictness; a check
 * that cannot be made is a problem too. Returns the number of differences. */
size_t verify_models(struct run *run, struct errs *problems);

/* verify_wants_models(run): whether the models are to be compared: the environment asks for it, the engine
 * can, and the run leaves the database at the heads, which is what the models describe. */
bool verify_wants_models(struct run *run);

/* verify_applied(run, problems, err): what the engine finds wrong with what was applied: an edited file is
 * a problem, a warning or nothing, as env->checksums says; a half-applied revision is a
 * warning where it is one of the run's and its file is as it was, else a problem. */
int verify_applied(struct run *run, struct errs *problems, struct err *err) CHECK;

/* verify_is_strict(env): whether drift is an error there: an environment that compares types or defaults
 * is strict; elsewhere it is a warning. */
bool verify_is_strict(const struct env *env);

/* verify_expected_path(run): where the catalog of the last deployment is kept. */
const char *verify_expected_path(const struct run *run);

/* phases_join(errs, what, err): one error of all: its detail has each primary and detail, its hint the
 * first hint. Class: the gravest (ERR_REFUSED before ERR_PREPARE). */
int phases_join(const struct errs *errs, const char *what, struct err *err);

#endif
