/*
 * verification - prove a stored snapshot at a level, and leave evidence of it beside the snapshot.
 */
#ifndef DEPLOY_VERIFICATION_H
#define DEPLOY_VERIFICATION_H

#include "deploy/evidence.h"
#include "deploy/run.h"

struct verification {
    const char *store;        /* label: whose copy was read */
    struct evidence evidence; /* what is written down; ${file} is NULL where it could not be */
};

/* verification_run(run, label, snapshot, level, out, err): verify the copy in store ${label} (NULL: the
 * first that has it) at ${level} and at those below. ${run} says who does it; it needs no journal
 * and no lock. When it returns 0, evidence is durable beside the snapshot, or it was warned that there
 * is none. A failure is ERR_PREPARE; it removes nothing. Changes: files; at the level `restore`, databases for a
 * while. */
int verification_run(struct run *run, const char *label, const char *snapshot,
                     enum evidence_level level, struct verification *out, struct err *err) CHECK;

/* The two halves of it, for a snapshot that must be somewhere else too before it counts. */
int verification_prove(struct run *run, const char *label, const char *snapshot,
                       enum evidence_level level, struct verification *out, struct err *err) CHECK;
void verification_record(struct run *run, struct verification *verification);

#endif
