/*
 * progress - what the engine remembers in the database, in the schema deploy_db, which is left
 * out of all comparisons: the checksum of each applied file (deploy_db.applied_file), and of a
 * section without a transaction, how many of its statements are done (deploy_db.half_applied).
 *
 * A row of half_applied is there from its first statement on. A statement and its count
 * are one transaction wherever the server allows it; where not, ${running} says that the
 * statement had begun.
 */
#ifndef SQL_PROGRESS_H
#define SQL_PROGRESS_H

#include <stdbool.h>

#include "script.h"
#include "session.h"

/* A row of half_applied, in the host's memory. */
struct progress_half {
    const char *revision;
    bool is_downgrade;
    const char *sha256;
    size_t done;     /* statements done, counted from the first */
    bool is_running; /* the one behind them had begun, outside a transaction */
};

/* progress_prepare(session): create the schema and the tables that are missing.
 * progress_has(session, table, exists): whether deploy_db.${table} exists. Changes: the schema
 * deploy_db; nothing. */
int progress_prepare(struct session *session);
int progress_has(struct session *session, const char *table, bool *exists);

/* progress_halves(session, halves, n): the rows of half_applied; none when there is no such table.
 * progress_fits(session, half, script): fail() when the section is not what was begun.
 * Changes: nothing. */
int progress_halves(struct session *session, struct progress_half **halves, size_t *n);
int progress_fits(struct session *session, const struct progress_half *half,
                  const struct script *script);

/* Statements for a batch: the checksum of a step, forgotten, or kept, with a name to be prepared
 * under; the count, with ${is_running}
 * taken back; the end of a half-applied revision. */
struct session_item progress_file_item(struct ddb_call *call, const struct script *script);
struct session_item progress_done_item(struct ddb_call *call, const struct script *script,
                                       size_t done);
struct session_item progress_forget_item(const char *revision);

/* progress_running(session, script, done): the statement behind ${done} is about to run outside a
 * transaction; keeps which indexes are invalid now. progress_done: so many are done, and none is
 * running; without any there is no row. progress_forget: forget the row;
 * progress_forget_run(session): the rows that this run began. Each is a transaction of its own, as
 * the role that the session began with. Changes: deploy_db.half_applied. */
int progress_running(struct session *session, const struct script *script, size_t done);
int progress_done(struct session *session, const struct script *script, size_t done);
int progress_forget(struct session *session, const char *revision);
int progress_forget_run(struct session *session);

#endif
