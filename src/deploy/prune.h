/*
 * prune - apply each store's retention to the snapshots of one environment.
 *
 * It takes no lock of its own. Two at once remove the same things: a file that is gone already is no
 * failure, and what one keeps because it has learned of it later (a new snapshot, a new verification)
 * only ever adds to what the other keeps. What is being restored is claimed before it is removed
 * (pins.h). A store that knows who has a snapshot open keeps it (DDB_IN_USE): so it stays while another
 * server's refresh reads it, too. In other stores its reader is told that it is gone.
 *
 * A store is pruned only while a snapshot that stays there is verified: where there is no evidence of
 * any, the newest are verified at the level `fast` first. Snapshots of other projects and environments,
 * and those of which that cannot be told, are neither counted nor removed. A snapshot goes before its
 * evidence, so that what a crash leaves is evidence of nothing, which the next prune removes.
 */
#ifndef DEPLOY_PRUNE_H
#define DEPLOY_PRUNE_H

#include <jansson.h>

#include "deploy/retention.h"
#include "deploy/run.h"

/* One file and what becomes of it. */
struct prune_file {
    const char *name;
    int64_t size_bytes;
    struct retention_item item; /* its answer */
    const char *why;            /* what is removed: why */
};

struct prune_store {
    const char *label;
    struct prune_file *files;
    size_t n;
    size_t removed; /* with --dry-run: would be */
    int64_t removed_bytes;
    struct err err; /* why not all was done; ERR_NONE: it was */
};

struct prune {
    struct prune_store *stores;
    size_t n;
};

/* prune_run(run, label, dry_run, prune, err): the environment's stores, or ${label} alone. ${run} says who
 * does it; it needs no journal. A store that fails does not keep the others from being pruned: ${prune} is
 * filled as far as it goes, and the answer is -1 (ERR_PREPARE). Changes: files; nothing with ${dry_run},
 * and nothing in a store without a policy. */
int prune_run(struct run *run, const char *label, bool dry_run, struct prune *prune,
              struct err *err) CHECK;

/* prune_after(run): the same after run->snapshot was taken, once all its shipping has ended, in each store
 * that has that snapshot. Failures become warnings of ${run}; after a request to stop nothing is removed. */
void prune_after(struct run *run);

#endif
