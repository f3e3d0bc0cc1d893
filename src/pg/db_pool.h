/*
 * db_pool - inside pg/ only: do two sessions share server processes? See db.h.
 */
#ifndef PG_DB_POOL_H
#define PG_DB_POOL_H

#include "pg/db.h"

/* db_pool_compare(a, b, pooled, err): ask the sessions ${a} and ${b} in turn. Changes: nothing that
 * anybody reads. */
int db_pool_compare(struct db *a, struct db *b, bool *pooled, struct err *err) CHECK;

#endif
