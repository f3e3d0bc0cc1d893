/*
 * session - one session with the environment's database. Nothing blocks for longer than 200 ms
 * without a look at host->cancelled and at the deadline of the call (fact "timeout_ms"); then
 * the statement is cancelled on the server and waited for. Notices go to the log.
 *
 * What is sent ends in one of three ways: 0, done; 1, the server has refused it, and the caller
 * says what that means (session_state, session_fail); -1, the connection is lost or there is no
 * time, which is recorded as the call's failure.
 */
#ifndef SQL_SESSION_H
#define SQL_SESSION_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "sql.h"

enum { SESSION_PARAMS_MAX = 6 };

/* Back to the role that the session began with, up to the end of the transaction: SET ROLE in a
 * file is for its own statements. SESSION_BEGIN_OWN begins such a transaction. */
#define SESSION_OWN_USER  "SET LOCAL session_authorization TO DEFAULT"
#define SESSION_OWN_ROLE  "SET LOCAL role TO DEFAULT"
#define SESSION_BEGIN_OWN "BEGIN; " SESSION_OWN_USER "; " SESSION_OWN_ROLE

struct session {
    struct ddb_call *call;
    PGconn *conn;
    const char *subject;  /* what is done just now, for messages: "revision a1" */
    const char *settings; /* what every session is set to, as SQL */
    int64_t deadline_ms;  /* on the monotonic clock; 0: none */
    const char *stopped;  /* why a wait was given up; NULL: it was not */
    bool is_closing;      /* it is rolled back, whatever happens meanwhile */
};

/* One statement of a batch. */
struct session_item {
    const char *sql;
    const char *name; /* under which it is prepared; NULL: it is not */
    int n;
    const char *values[SESSION_PARAMS_MAX]; /* texts; NULL is SQL's NULL */
    long rows;                              /* out: inserted, updated, deleted */
};

/* Where a statement is written, for messages. */
struct session_place {
    const char *what; /* "revision a1: statement 3 in \"…\" line 12 failed" */
    const char *sql;
    size_t line;      /* of its first byte; 0: it is not from a file */
    size_t data_line; /* of the first line of COPY's data; 0: none */
};

/* session_open(call, session, read_only): connect; ${session} is to be closed either way.
 * Timeouts are the call's facts. session_close(session): what its transaction did is undone when
 * it returns, unless the server does not answer. Changes: nothing. */
int session_open(struct ddb_call *call, struct session *session, bool read_only);
void session_close(struct session *session);

/* session_try(session, sql, n, values, res): one statement with ${n} parameters, or several
 * without. ${res} is the last result or the refusal, to be cleared. session_copy: COPY … FROM
 * STDIN with its data. session_batch(session, items, n, failed, res): all items in one round
 * trip, up to the first that is refused, which ${failed} counts from 0; ${res} is the refusal,
 * else NULL. Changes: the database. */
int session_try(struct session *session, const char *sql, int n, const char *const *values,
                PGresult **res);
int session_copy(struct session *session, const char *sql, const char *data, size_t n,
                 PGresult **res);
int session_batch(struct session *session, struct session_item *items, size_t n, size_t *failed,
                  PGresult **res);

/* session_prepare(session, item): prepare it under its name. Changes: nothing. */
int session_prepare(struct session *session, const struct session_item *item);

/* session_query: as session_try, with a refusal as a failure: "${what}: " and the server's
 * words. The result is to be cleared; NULL after a failure. session_exec: without a result.
 * Changes: as the SQL. */
PGresult *session_query(struct session *session, const char *what, const char *sql, int n,
                        const char *const *values);
int session_exec(struct session *session, const char *what, const char *sql);

/* session_rollback(session): end a transaction that failed. session_reset: undo what SET has set.
 */
int session_rollback(struct session *session);
int session_reset(struct session *session);

/* session_state(res): the SQLSTATE, "" when the server did not tell one. session_is_one_of(res,
 * states): whether it is in this NULL-terminated list. session_says(res): its sentence. */
const char *session_state(const PGresult *res);
bool session_is_one_of(const PGresult *res, const char *const *states);
const char *session_says(const PGresult *res);

/* session_fail(session, place, res): record the server's refusal, but for lines that may hold a
 * password. Returns -1. */
int session_fail(struct session *session, const struct session_place *place, const PGresult *res);

#endif
