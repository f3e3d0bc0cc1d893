/*
 * restore_tables - `restore --table`: the rows of single tables, out of a snapshot, beside the live ones:
 * each a plain table deploy_db.NAME_restored_RUN, with its columns but without constraints, indexes,
 * triggers and rights. No live table is touched, and no deployment takes the new ones for drift.
 */
#ifndef DEPLOY_RESTORE_TABLES_H
#define DEPLOY_RESTORE_TABLES_H

#include "deploy/run.h"

struct restored_table {
    const char *schema, *name; /* in the snapshot */
    const char *into;          /* in the schema deploy_db */
    int64_t rows;
};

/* restore_tables(run, snapshot, names, list, err): ${names} is NULL-terminated: "public.orders", or "orders"
 * where only one table is called so; quoted as in SQL where it must be. All names are checked before
 * anything is done. Takes the lock and journals; the definitions come from a fresh database that has the
 * snapshot's structure only and is dropped again. All tables come at once or not at all. ${list} gets one
 * for each name. Returns the exit status. Changes: the schema deploy_db, files. */
enum err_code restore_tables(struct run *run, const char *snapshot, const char *const *names,
                             struct restored_table **list, struct err *err) CHECK;

/* restore_tables_settle(run, err): one that was cut off: the tables are there (ERR_NONE), or nothing is
 * (ERR_ROLLED_BACK). */
enum err_code restore_tables_settle(struct run *run, struct err *err) CHECK;

#endif
