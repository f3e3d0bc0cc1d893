/*
 * salvage - single tables of a snapshot beside the live ones: as plain tables in the schema deploy_db, which
 * no fingerprint, drift or deployment looks at.
 */
#ifndef PG_SALVAGE_H
#define PG_SALVAGE_H

#include "pg/db.h"

/* salvage_columns(db, arena, schema, name, columns, err): the columns of a table, as CREATE TABLE takes them:
 * types, collations, and expressions of generated columns; no defaults, no constraints. ${db} has an
 * empty search_path. */
int salvage_columns(struct db *db, struct arena *arena, const char *schema, const char *name,
                    const char **columns, struct err *err) CHECK;

/* salvage_begin(db, err): a transaction whose commit is on the server's disk. salvage_create(db, name,
 * columns, comment, err): the table deploy_db.NAME. salvage_commit(db, err); closing ${db} without it
 * leaves nothing. Changes: the schema deploy_db. */
int salvage_begin(struct db *db, struct err *err) CHECK;
int salvage_create(struct db *db, const char *name, const char *columns, const char *comment,
                   struct err *err) CHECK;
int salvage_commit(struct db *db, struct err *err) CHECK;

/* salvage_any(db, run, exists, err): whether there is a table of ${run} in schema deploy_db. */
int salvage_any(struct db *db, const char *run, bool *exists, struct err *err) CHECK;

/* salvage_list(db, arena, list, n, err): the names of all such tables, of whichever run.
 * salvage_drop(db, names, n, err): drop them. Changes: the schema deploy_db. */
int salvage_list(struct db *db, struct arena *arena, const char ***list, size_t *n,
                 struct err *err) CHECK;
int salvage_drop(struct db *db, const char *const *names, size_t n, struct err *err) CHECK;

#endif
