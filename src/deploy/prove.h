/*
 * prove - whether the database is what it was: a way back counts only when this says so.
 */
#ifndef DEPLOY_PROVE_H
#define DEPLOY_PROVE_H

#include "deploy/run.h"

/* prove_before(run, err): the version rows, the catalog's fingerprint, and the database's owner, access
 * and settings equal run->before. On a difference ${err} (ERR_OPERATOR) lists the first ones.
 * prove_contents leaves the last three out: after a restore they are those of the snapshot, which a
 * hook may have preceded. Changes: nothing. */
int prove_before(struct run *run, struct err *err) CHECK;
int prove_contents(struct run *run, struct err *err) CHECK;

/* prove_rolled_back(run, err): prove_before, and nothing that the catalog does not show can have been
 * committed: the engine's run is one transaction for certain, or its SQL changes no data. The
 * server's write counters are no proof: a TRUNCATE, a rewritten table or a crash does not move them. */
bool prove_rolled_back(struct run *run, struct err *err);

/* prove_planned(run, err): the version rows are the planned heads. */
int prove_planned(struct run *run, struct err *err) CHECK;

#endif
