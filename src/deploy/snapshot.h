/*
 * snapshot - take one: a consistent view of the database, into a bundle, into the stores, verified.
 */
#ifndef DEPLOY_SNAPSHOT_H
#define DEPLOY_SNAPSHOT_H

#include "deploy/run.h"

struct snapshot_result {
    const char *name;
    const char *store;    /* label of a store that has it */
    const char *place;    /* where a person finds it */
    const char *verified; /* how: "fast", "full", or "written": read back without the key to decrypt it */
    int64_t bytes, raw_bytes;
    int64_t elapsed_ms;
};

/* snapshot_take(run, result, err): when it returns 0, the snapshot is durable in every required store
 * and was read back at the level that the environment asks for (snapshot.verify). On failure nothing
 * partial is left and run->snapshot stays NULL; a file that failed its verification stays to be looked at. Sets run->snapshot, run->store. Class
 * ERR_PREPARE. Changes: files. */
int snapshot_take(struct run *run, struct snapshot_result *result, struct err *err) CHECK;

/* snapshot_refuse(services, err): whether the environment's snapshots are files in the stores at all: 0, or
 * ERR_REFUSED. */
int snapshot_refuse(const struct services *services, struct err *err) CHECK;

/* snapshot_verify(services, label, name, level, size_bytes, err): read a stored one: "fast" (manifest,
 * sizes), or "full" (every byte, every frame, and the snapshot plugin understands it). ${size_bytes}
 * gets the size of the file; NULL is fine. */
int snapshot_verify(struct services *services, const char *label, const char *name,
                    const char *level, int64_t *size_bytes, struct err *err) CHECK;

#endif
