/*
 * deploy - the pipeline: one table of phases, one loop over it.
 */
#ifndef DEPLOY_DEPLOY_H
#define DEPLOY_DEPLOY_H

#include "deploy/run.h"

/* A row of the phase table: what it changes, what its failure means, and what `recover` does when it
 * finds the phase open after a crash. The same table prints `plan --phases` and drives the crash
 * matrix of the tests. */
struct phase {
    const char *name;
    int (*run)(struct run *run, struct err *err);
    enum err_code on_failure;
    bool recovers;         /* its failure leads into recovery */
    const char *changes;
    const char *after_crash;
};

/* deploy_phases(n): the table. */
const struct phase *deploy_phases(size_t *n);

/* deploy_run(run, err): the whole pipeline. Returns the exit status; ${err} holds what failed first,
 * and what recovery said when that failed too. Changes: the database, files. */
enum err_code deploy_run(struct run *run, struct err *err);

#endif
