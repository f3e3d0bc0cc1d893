/*
 * copy_plan - the tables of a database and who copies the rows of each: we, by COPY, or pg_dump. Read
 * by the session that has exported the snapshot, which then locks them: between the two moments
 * another session may have emptied or rewritten a table, or given its name to another one, and the
 * snapshot would see none of the rows without any error.
 */
#ifndef PG_COPY_PLAN_H
#define PG_COPY_PLAN_H

#include "pg/db.h"

struct copy_table {
    uint32_t oid;
    const char *schema, *name;
    const char *quoted;   /* "public.orders", quoted by the server */
    const char *columns;  /* "(id, total)": what COPY reads, as pg_dump lists it; "" when empty */
    int64_t pages;        /* of the heap, now */
    int64_t bytes;        /* of the heap and of what is stored outside of its pages, now */
    bool plain;           /* a copy of our own holds all that pg_dump would write */
    bool comparable;      /* its rows print the same after a restore */
    bool moves;           /* a restore may put its rows into another partition */
    bool own;             /* we copy it: plain, and large enough */
};

struct copy_plan {
    struct copy_table *tables; /* by schema and name; the large objects as one, with oid 0 */
    size_t n;
    int64_t page_bytes;
    bool by_pages; /* the server reads a range of pages without reading the others (14 and later) */
    bool as_ours;  /* a session without our settings (db_open), but in UTC, prints rows as ours do */
};

/* copy_plan_blockers(db, err): who holds or waits for a lock on a table that keeps readers out, in the detail
 * of ${err}. */
void copy_plan_blockers(struct db *db, struct err *err);

/* copy_plan_take(db, arena, threshold, wait_ms, plan, changed, err): list the tables that the snapshot of
 * ${db}, which has exported it, sees, and lock them (ACCESS SHARE) until it ends, waiting for ${wait_ms}
 * at most for each. Tables of extensions and the schema deploy_db are left out. We copy plain ones of
 * ${threshold} bytes or more; -1: none.
 *
 * ${changed}: a table that was rewritten, renamed or dropped before it could be locked, for which the snapshot
 * is useless: end it and export another one. NULL: none. Failures (ERR_REFUSED): row security hides
 * rows from our role (all such tables are named); a table cannot be locked (who keeps us waiting is
 * named). */
int copy_plan_take(struct db *db, struct arena *arena, int64_t threshold, int64_t wait_ms,
                   struct copy_plan *plan, const char **changed, struct err *err) CHECK;

/* copy_plan_patterns(plan, arena): the tables that are our own, as pg_dump's --exclude-table-data takes
 * them: as few patterns as possible, because it asks the server for each. NULL-terminated. */
const char *const *copy_plan_patterns(const struct copy_plan *plan, struct arena *arena);

#endif
