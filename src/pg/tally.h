/*
 * tally - how many rows each table has, and what was written to it.
 */
#ifndef PG_TALLY_H
#define PG_TALLY_H

#include "pg/db.h"

/* One permanent or unlogged table (partitioned parents and foreign tables are left out, so are
 * deploy_db and members of extensions; the version table is counted too). The large objects are
 * one more, pg_catalog.pg_largeobject_metadata, where there are any. */
struct tally {
    const char *schema, *name;
    int64_t rows;                        /* -1: not counted */
    int64_t inserted, updated, deleted;  /* pg_stat counters, -1: unknown */
};

/* tally_rows(db, arena, progress, list, n, err): count(*) of every table, in the session's snapshot;
 * ${progress}(arg, done, total) after each, NULL for none. Sorted by schema and name. */
int tally_rows(struct db *db, struct arena *arena, void (*progress)(void *, int64_t, int64_t),
               void *arg, struct tally **list, size_t *n, struct err *err) CHECK;

/* tally_writes(db, arena, list, n, err): the counters only, one query. */
int tally_writes(struct db *db, struct arena *arena, struct tally **list, size_t *n,
                 struct err *err) CHECK;

/* tally_stats_reset(db, when, err): since when the counters can be compared: their last reset, or the
 * server's start, since a crash loses them. */
int tally_stats_reset(struct db *db, char when[40], struct err *err) CHECK;

#endif
