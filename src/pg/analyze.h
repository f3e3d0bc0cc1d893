/*
 * analyze - planner statistics for a freshly loaded database: what ANALYZE does for all of it, cut so
 * that several sessions can do it.
 */
#ifndef PG_ANALYZE_H
#define PG_ANALYZE_H

#include "pg/db.h"

/* analyze_list(db, arena, tables, n, err): the quoted names of what ANALYZE looks at and which lacks
 * statistics, but for tables above a foreign one; the catalog's tables too, the largest first. */
int analyze_list(struct db *db, struct arena *arena, const char *const **tables, size_t *n,
                 struct err *err) CHECK;

/* analyze_table(db, quoted, err): one of them. Changes: statistics. */
int analyze_table(struct db *db, const char *quoted, struct err *err) CHECK;

#endif
