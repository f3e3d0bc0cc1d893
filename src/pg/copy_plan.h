/*
 * copy_plan - the tables of a database and who copies the rows of each: we, by COPY, or pg_dump. Read
 * by the session that has exported the snapshot, which then locks them: between the two moments
 * another session may have emptied or rewritten a table, and the snapshot would see none of its rows
 * without any error.
 */
#ifndef PG_COPY_PLAN_H
#define PG_COPY_PLAN_H

#include "pg/db.h"

struct copy_table {
    uint32_t oid;
    const char *schema, *name;
    const char *quoted;   /* "public.orders", quoted by the server */
    const char *columns;  /* "(id, total)": what COPY reads, as pg_dump lists it; "" when empty */
    int64_t filenode;     /* as the snapshot sees it; 0: cannot be rewritten */
    int64_t bytes;        /* with its TOAST table, now */
    int64_t pages;        /* of the heap alone, now */
    bool plain;           /* a copy of our own holds all that pg_dump would write */
    bool comparable;      /* its rows print the same after a restore */
    bool own;             /* we copy it: plain, and large enough */
};

struct copy_plan {
    struct copy_table *tables; /* by schema and name; the large objects as one, with oid 0 */
    size_t n;
    int64_t page_bytes;
    bool by_pages; /* the server reads a range of pages without reading the others (14 and later) */
};

/* copy_plan_read(db, arena, threshold, plan, err): ${db} has exported its snapshot. We copy plain
 * tables of ${threshold} bytes or more; -1: none. Tables of extensions and the schema deploy_db are
 * left out. A table with row security that applies to our role is a failure (ERR_REFUSED): all
 * such tables are named. */
int copy_plan_read(struct db *db, struct arena *arena, int64_t threshold, struct copy_plan *plan,
                   struct err *err) CHECK;

/* copy_plan_lock(db, plan, wait_ms, changed, err): ACCESS SHARE on all of them until the snapshot ends,
 * waiting for ${wait_ms} at most for each. ${changed}: a table that was rewritten or dropped before
 * it could be locked, for which the snapshot is useless; NULL: none. Sessions that keep us waiting are
 * named in the failure (ERR_REFUSED). After a failure the snapshot is gone. */
int copy_plan_lock(struct db *db, const struct copy_plan *plan, int64_t wait_ms,
                   const char **changed, struct err *err) CHECK;

/* copy_plan_patterns(plan, arena): the tables that are our own, as pg_dump's --exclude-table-data takes
 * them: as few patterns as possible, because it asks the server for each. NULL-terminated. */
const char *const *copy_plan_patterns(const struct copy_plan *plan, struct arena *arena);

#endif
