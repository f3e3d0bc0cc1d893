/*
 * ledger - the run's record inside the database: table deploy_db.run, so that another machine knows
 * of an unfinished run and can recover it. The schema deploy_db is left out of fingerprints, drift
 * and tallies; it is created at the first begin. Times are UTC ISO text.
 */
#ifndef PG_LEDGER_H
#define PG_LEDGER_H

#include "pg/db.h"

struct ledger_run {
    const char *id, *environment, *command;
    const char *who, *host;     /* user and machine */
    const char *started, *ended; /* ended NULL: unfinished */
    const char *phase;          /* the last one that began */
    const char *before;         /* JSON: version rows and fingerprint before */
    const char *plan;           /* JSON: pending revisions, targets, rungs, snapshot */
    const char *outcome;        /* one sentence; NULL while unfinished */
    int status;                 /* exit status; -1 while unfinished */
};

/* ledger_begin(db, run, err): create the table where missing and insert ${run}. */
int ledger_begin(struct db *db, const struct ledger_run *run, struct err *err) CHECK;

/* ledger_update(db, id, phase, plan, err): ${plan} NULL leaves it. */
int ledger_update(struct db *db, const char *id, const char *phase, const char *plan,
                  struct err *err) CHECK;

/* ledger_end(db, id, status, outcome, err): mark it finished. A missing row is inserted as far as it
 * is known (after a restore the row may be older). */
int ledger_end(struct db *db, const char *id, int status, const char *outcome,
               struct err *err) CHECK;

/* ledger_open(db, arena, run, found, err): the oldest unfinished run. ledger_find: the one called
 * ${id}. ledger_list: the newest ${limit} runs of ${environment}, newest first; NULL: of all that the
 * database knows, also from where it was copied. A missing table gives none. */
int ledger_open(struct db *db, struct arena *arena, struct ledger_run *run, bool *found,
                struct err *err) CHECK;
int ledger_find(struct db *db, struct arena *arena, const char *id, struct ledger_run *run,
                bool *found, struct err *err) CHECK;
int ledger_list(struct db *db, struct arena *arena, const char *environment, int limit,
                struct ledger_run **list, size_t *n, struct err *err) CHECK;

#endif
