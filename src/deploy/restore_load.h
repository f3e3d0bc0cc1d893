/*
 * restore_load - the rows that a snapshot has in chunks, into a fresh database by several sessions. Each
 * chunk goes from the store into COPY as it is read, through the mask of its table where there is one; as
 * rows of COPY's binary format where the table's content is compared afterwards (restore_proof.h).
 */
#ifndef DEPLOY_RESTORE_LOAD_H
#define DEPLOY_RESTORE_LOAD_H

#include "deploy/meta.h"
#include "deploy/restore_rows.h"
#include "deploy/workers.h"

struct restore_load {
    struct workers workers; /* a task for each chunk */

    /* what follows is restore_load.c's */
    struct stored_bundle *stored;
    struct restore_rows *filter;
    const char *fresh;
    const struct meta *meta;
    struct chunked *tables; /* the largest first */
    size_t n_tables;
    pthread_mutex_t mutex; /* for what is done of the tables */
    atomic_llong bytes;
    int64_t all_bytes;
};

/* restore_load_plan(run, stored, meta, filter, fresh, load): list the chunks; ${filter} of each table of
 * the manifest. All of them are borrowed. */
void restore_load_plan(struct run *run, struct stored_bundle *stored, const struct meta *meta,
                       struct restore_rows *filter, const char *fresh, struct restore_load *load);

/* restore_load_start(run, load, jobs, err): ${jobs} sessions begin to load; wait for ${load}->workers. A
 * table's statistics are gathered with its last chunk. Changes: the database. */
int restore_load_start(struct run *run, struct restore_load *load, size_t jobs,
                       struct err *err) CHECK;
void restore_load_show(void *load); /* its progress, as a tick of workers_wait */

/* restore_load_check(load, err): after it, each table has got as many rows as the manifest says. Tells the
 * masked ones how many they got. */
int restore_load_check(const struct restore_load *load, struct err *err) CHECK;

#endif
