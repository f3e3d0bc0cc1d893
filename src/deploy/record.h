/*
 * record - what recovery must know of a run, as JSON: written before the first change, read after a
 * crash, on this machine from the journal or on another one from the database's ledger.
 */
#ifndef DEPLOY_RECORD_H
#define DEPLOY_RECORD_H

#include "deploy/run.h"

/* record_write(run, err): to the journal and, once the run is in the ledger, to the database. */
int record_write(struct run *run, struct err *err) CHECK;

/* record_read(run, source, err): fill ${run} from the JSON text ${source}. */
int record_read(struct run *run, const char *source, struct err *err) CHECK;

#endif
