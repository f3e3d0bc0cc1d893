/*
 * versions - the version table (alembic_version): read only; engines change it.
 */
#ifndef PG_VERSIONS_H
#define PG_VERSIONS_H

#include "pg/db.h"

/* versions_read(db, schema, table, rows, exists, err): the stored ids, sorted; a missing table gives
 * none. ${schema} NULL: as the role's search path finds it. Never creates the table. */
int versions_read(struct db *db, const char *schema, const char *table, struct strvec *rows,
                  bool *exists, struct err *err) CHECK;

/* versions_writable(db, schema, table, writable, err): whether this role may insert, update and delete its
 * rows, and with that lock the table. A missing one is. Changes: nothing. */
int versions_writable(struct db *db, const char *schema, const char *table, bool *writable,
                      struct err *err) CHECK;

/* versions_idle(db, schema, table, wait_ms, busy, err): whether no other session uses the table: an
 * ACCESS EXCLUSIVE lock is taken with a timeout and given back at once. ${busy} lists the sessions in
 * the way ("pid 4711, alembic, since …"). A missing table is idle. Changes: nothing. */
int versions_idle(struct db *db, const char *schema, const char *table, int64_t wait_ms,
                  struct strvec *busy, struct err *err) CHECK;

/* versions_disconnect(db, run, err): end other sessions whose application_name starts with
 * "deploy-db ${run}" (children of a run that was cut off), and wait until they are gone. */
int versions_disconnect(struct db *db, const char *run, struct err *err) CHECK;

#endif
