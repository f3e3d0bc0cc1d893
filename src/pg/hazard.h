/*
 * hazard - whether a downgrade brings everything back: does the SQL of the applied steps, or that of the
 * downgrade, destroy or change data? Pure.
 *
 * A statement is harmless only when it is known to be: creating objects, adding columns,
 * constraints and indexes, dropping what holds no data (indexes, constraints, defaults, NOT NULL),
 * renaming, comments, grants, the version table's own rows, and DML on tables or columns that the
 * same text created. Everything else, and everything that cannot be parsed, counts as destroying.
 */
#ifndef PG_HAZARD_H
#define PG_HAZARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

struct hazard {
    const char *statement; /* the first line, at most 120 bytes */
    const char *reason;    /* "drops column \"email\" of table \"users\" with its data" */
    bool destroys;         /* false: worth a note only (locks, index builds, autocommit) */
};

/* hazard_scan(arena, sql, version_table, list, n): what is risky in ${sql}, in order. ${sql} may hold
 * comments and psql-free statements as `alembic upgrade A:B --sql` prints them. Never fails: what
 * cannot be understood becomes a destroying hazard. */
void hazard_scan(struct arena *arena, const char *sql, const char *version_table,
                 struct hazard **list, size_t *n);

/* hazard_scan_back(arena, sql, back, version_table, list, n): the same of ${back}, the downgrade of
 * ${sql}: it may change and drop what ${sql} has made, and nothing that is older. A proof by the catalog
 * would not see that. */
void hazard_scan_back(struct arena *arena, const char *sql, const char *back,
                      const char *version_table, struct hazard **list, size_t *n);

bool hazard_any_destroys(const struct hazard *list, size_t n);

#endif
