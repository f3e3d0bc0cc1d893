/*
 * invalid - indexes that CREATE INDEX or REINDEX … CONCURRENTLY has left unusable, of which the
 * statement that failed or was cut off is the cause: found and dropped, so that it can be run
 * again.
 */
#ifndef SQL_INVALID_H
#define SQL_INVALID_H

#include "script.h"
#include "session.h"

/* The invalid indexes of the database, as one column of qualified names. A partitioned index is
 * invalid as long as a partition lacks its own, which is nobody's failure. */
#define INVALID_FROM                                                                               \
    "FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid "               \
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "                                    \
    "WHERE c.relkind = 'i' AND NOT (i.indisvalid AND i.indisready AND i.indislive)"
#define INVALID_SQL "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) " INVALID_FROM

/* What CREATE INDEX is about, as it is written; "" where it is not told. */
struct invalid_target {
    const char *index; /* without quotes, folded as the server does */
    const char *table; /* as written, perhaps qualified */
};

/* invalid_target(call, sql, target): whether ${sql} is CREATE INDEX. Changes: nothing. */
bool invalid_target(struct ddb_call *call, const char *sql, struct invalid_target *target);

/* invalid_drop_new(session, revision, statement): drop the indexes that are invalid now, were
 * not when the statement began (deploy_db.half_applied), and are of its making by table and name.
 * invalid_drop_namesake(session, statement): drop the invalid index of the name that CREATE
 * INDEX is about to give, on its table. While somebody builds indexes of the table, none is
 * dropped. A drop that the server refuses is a failure. Changes: those indexes. */
int invalid_drop_new(struct session *session, const char *revision,
                     const struct statement *statement);
int invalid_drop_namesake(struct session *session, const struct statement *statement);

#endif
