/*
 * restore_data - what a snapshot holds, into a fresh database: first what tables need to exist, then all
 * rows, the snapshot plugin's and our own chunks at the same time, then indexes and constraints.
 *
 * Chunks go from the store into COPY as they are read: nothing is unpacked to a disk, and memory is bounded
 * by the number of sessions.
 */
#ifndef DEPLOY_RESTORE_DATA_H
#define DEPLOY_RESTORE_DATA_H

#include "deploy/meta.h"
#include "deploy/run.h"
#include "deploy/stores.h"

/* restore_data(run, stored, meta, fresh, err): load all of it into the empty database ${fresh}, with as
 * many sessions as the snapshot's jobs says, and prove every table: as many rows as the manifest has, and
 * the same content where it has a hash and the server is of the same major release (restore_proof.h). On
 * failure ${fresh} is half loaded. Changes: the database ${fresh}. */
int restore_data(struct run *run, struct stored_bundle *stored, const struct meta *meta,
                 const char *fresh, struct err *err) CHECK;

/* restore_data_section(run, stored, fresh, section, err): one section alone, as the plugin knows it. */
int restore_data_section(struct run *run, struct stored_bundle *stored, const char *fresh,
                         const char *section, struct err *err) CHECK;

/* restore_data_analyze(run, fresh, err): planner statistics of every table, in as many sessions. */
int restore_data_analyze(struct run *run, const char *fresh, struct err *err) CHECK;

#endif
