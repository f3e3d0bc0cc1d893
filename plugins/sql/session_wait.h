/*
 * session_wait - how a session waits; for the files of session only.
 */
#ifndef SQL_SESSION_WAIT_H
#define SQL_SESSION_WAIT_H

#include "session.h"

/* session_now_ms(): the monotonic clock. session_look(session): set ${stopped} when the call is
 * cancelled or out of time. session_poll(session, events): wait for the socket, 200 ms at most, and
 * read what has come; -1 when the connection is gone. */
int64_t session_now_ms(void);
void session_look(struct session *session);
int session_poll(struct session *session, short events);

/* session_next(session): PQgetResult when it does not block. After a cancel or past the deadline
 * the statement is cancelled on the server. NULL, besides libpq's NULL, when it did not answer
 * then. */
PGresult *session_next(struct session *session);

/* session_lost(session), session_lost_with(session, res): record why the session cannot go on:
 * ${stopped}, else what ${res} or libpq says. Returns -1. */
int session_lost(struct session *session);
int session_lost_with(struct session *session, const PGresult *res);

#endif
