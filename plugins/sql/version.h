/*
 * version - the version table (alembic_version), kept exactly as Alembic keeps it.
 */
#ifndef SQL_VERSION_H
#define SQL_VERSION_H

#include "session.h"

struct version {
    const char *schema; /* NULL: as the session's search path finds the table */
    const char *table;
    const char *name;   /* qualified and quoted; NULL until it was found */
};

/* version_init(call, version): from the call's facts. version_lock(session, version): find it,
 * create it where it is missing, and lock it against other writers, in the session's
 * transaction. Changes: the database. */
void version_init(struct ddb_call *call, struct version *version);
int version_lock(struct session *session, struct version *version);

/* version_item(call, version, change): the statement of one change; an UPDATE has a name, under
 * which it may be prepared. version_check(session, version, id, change, item): whether it met
 * the one row that it is about. */
struct session_item version_item(struct ddb_call *call, const struct version *version,
                                 const struct ddb_row_change *change);
int version_check(struct session *session, const struct version *version, const char *id,
                  const struct ddb_row_change *change, const struct session_item *item);

/* version_expect(session, version, step): fail() unless the rows are there that ${step} is to
 * change. Changes: nothing. */
int version_expect(struct session *session, const struct version *version,
                   const struct ddb_step *step);

/* version_create_sql, version_change_sql: the same as text, in Alembic's own spelling. Changes:
 * nothing. */
const char *version_create_sql(struct ddb_call *call, const struct version *version);
const char *version_change_sql(struct ddb_call *call, const struct version *version,
                               const struct ddb_row_change *change);

#endif
