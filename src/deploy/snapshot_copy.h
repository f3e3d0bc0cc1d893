/*
 * snapshot_copy - the rows of all tables, read by several sessions at once while the snapshot plugin
 * writes the rest: large plain tables go into chunks of the bundle by ranges of pages, the others are
 * counted and hashed, unless the plugin tells of their rows. Each worker is a thread with its own
 * session, which sees the exported snapshot, its own compressor and its own buffer.
 */
#ifndef DEPLOY_SNAPSHOT_COPY_H
#define DEPLOY_SNAPSHOT_COPY_H

#include "bundle/bundle.h"
#include "deploy/snapshot_told.h"
#include "pg/copy_plan.h"

struct snapshot_copy_options {
    const struct db_target *target;
    const char *exported;
    const struct copy_plan *plan;
    const struct snapshot_told *told; /* by the plugin, until snapshot_copy_end; NULL: it does not tell */
    struct bundle_writer *writer;
    int level; /* of compression */
    int jobs;
    size_t chunk_bytes;
};

struct snapshot_copy;

/* snapshot_copy_fit(max_memory, level, jobs, chunk_bytes, err): how many workers (at most ${jobs}, which
 * is lowered) with what size of chunks stay within ${max_memory} bytes, the plugin's part of the
 * bundle included. ERR_PREPARE when not even one does. */
int snapshot_copy_fit(int64_t max_memory, int level, int *jobs, size_t *chunk_bytes,
                      struct err *err) CHECK;

/* snapshot_copy_start(options, copy, err): begin; ${options} must live until snapshot_copy_end. No plan or
 * writer is touched by others meanwhile, but that members may be written. */
int snapshot_copy_start(const struct snapshot_copy_options *options, struct snapshot_copy **copy,
                        struct err *err) CHECK;

/* snapshot_copy_failed(copy): whether a worker has failed, so that there is no point in going on.
 * snapshot_copy_stop(copy): all workers end soon. Both from any thread. */
bool snapshot_copy_failed(void *copy);
void snapshot_copy_stop(struct snapshot_copy *copy);

/* snapshot_copy_end(copy, err): wait for the workers, let them read what the plugin has not told of, and
 * free ${copy}. When all is copied the tables are added to the bundle's manifest; the first failure of a
 * worker is given as it was. After snapshot_copy_stop without a failure it returns 0 and adds nothing. */
int snapshot_copy_end(struct snapshot_copy *copy, struct err *err) CHECK;

#endif
