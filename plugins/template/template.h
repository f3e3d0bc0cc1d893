/*
 * template - what the files of the plugin share.
 *
 *     template.c   the plugin's table; which strategy the server copies by
 *     session.c    one session, whose statement can be cancelled
 */
#ifndef TEMPLATE_TEMPLATE_H
#define TEMPLATE_TEMPLATE_H

#include <libpq-fe.h>

#include "plugin.h"

extern const struct ddb_host *template_host;

/* session_open(call, database): a session that waits for no lock longer than 30 s and has no time limit
 * otherwise; NULL after fail(). Close it with PQfinish. */
PGconn *session_open(struct ddb_call *call, const char *database);

/* session_run(call, conn, sql, timeout_ms): its result, which the caller clears; NULL after fail(). The
 * statement is cancelled when the host says so, or after ${timeout_ms} (0: never). */
PGresult *session_run(struct ddb_call *call, PGconn *conn, const char *sql, int64_t timeout_ms);

#endif
