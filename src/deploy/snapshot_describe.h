/*
 * snapshot_describe - what a snapshot says of its database: meta.json, globals.sql and catalog.txt, as
 * the exported snapshot sees it. Read in a thread of its own, by its own session, while the tables are
 * locked and the data is being prepared.
 */
#ifndef DEPLOY_SNAPSHOT_DESCRIBE_H
#define DEPLOY_SNAPSHOT_DESCRIBE_H

#include "bundle/bundle.h"
#include "deploy/run.h"

struct snapshot_describe;

/* snapshot_describe_start(run, exported, wait_ms, describe, err): begin to read, waiting for ${wait_ms} at most
 * for each lock. ${run} and ${exported} are used until snapshot_describe_end. */
int snapshot_describe_start(const struct run *run, const char *exported, int64_t wait_ms,
                            struct snapshot_describe **describe, struct err *err) CHECK;

/* snapshot_describe_put(describe, writer, fingerprint, err): wait until all is read, and write the three
 * members. ${fingerprint}: of the catalog, in the run's arena. Call it once, while no member is open. */
int snapshot_describe_put(struct snapshot_describe *describe, struct bundle_writer *writer,
                          const char **fingerprint, struct err *err) CHECK;

/* Wait for the thread and free ${describe}; NULL is fine. */
void snapshot_describe_end(struct snapshot_describe *describe);

#endif
