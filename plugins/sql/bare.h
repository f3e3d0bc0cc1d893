/*
 * bare - a section without a transaction: its statements one by one, each counted in
 * deploy_db.half_applied, so that what was cut off is continued behind the last one that is done.
 */
#ifndef SQL_BARE_H
#define SQL_BARE_H

#include "progress.h"

/* bare_run(session, script, half): all statements, or those behind ${half} (NULL: it is the
 * first time). The row stays; it is for the transaction that changes the version rows. Changes:
 * the database. */
int bare_run(struct session *session, const struct script *script,
             const struct progress_half *half);

/* bare_try(session, statement, with, res): one statement in a transaction of its own, with
 * another one, ${with}, unless that is NULL. 1 leaves nothing behind. bare_is_outside(res): the
 * server runs it outside of transactions only. Changes: the database; nothing. */
int bare_try(struct session *session, const struct statement *statement,
             const struct session_item *with, PGresult **res);
bool bare_is_outside(const PGresult *res);

#endif
