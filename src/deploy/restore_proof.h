/*
 * restore_proof - what has been restored is what was in the snapshot: every table is read again, by several
 * sessions, also while indexes and constraints are made.
 */
#ifndef DEPLOY_RESTORE_PROOF_H
#define DEPLOY_RESTORE_PROOF_H

#include "bundle/bundle.h"
#include "deploy/meta.h"
#include "deploy/restore.h"
#include "deploy/run.h"
#include "deploy/workers.h"

struct restore_proof;

/* restore_proof_compares(table, masked, meta, server): whether the content of ${table} is compared, and not
 * only counted: its hash is in the manifest, it is not masked (${masked} NULL), and the server, of the version
 * ${server}, prints rows as that of the snapshot did. A load relies on it (restore_load.c). */
bool restore_proof_compares(const struct bundle_table *table, const struct masked_table *masked,
                            const struct meta *meta, int server);

/* restore_proof_new(run, bundle, meta, fresh, proof, workers, err): all rows are loaded: list the tables of
 * ${fresh}; every one of the manifest is there, and none more. ${workers} gets the threads' work, not yet
 * started: a table whose content is compared is read, in ranges; the others are counted. Changes: nothing. */
int restore_proof_new(struct run *run, const struct bundle *bundle, const struct meta *meta,
                      const char *fresh, struct restore_proof **proof, struct workers **workers,
                      struct err *err) CHECK;

void restore_proof_show(void *proof); /* progress */

/* restore_proof_compare(proof, err): the threads have ended: rows and hashes against the manifest. The
 * failure names the table. */
int restore_proof_compare(const struct restore_proof *proof, struct err *err) CHECK;

#endif
