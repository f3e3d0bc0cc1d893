/*
 * session - one SSH connection with its SFTP channel. Nothing blocks for longer than 200 ms without a
 * look at host->cancelled, and no step waits longer for the server than the store's timeout.
 *
 * A step gives libssh2's code, 0 or more when done. After a code that leaves the connection's state
 * unknown the session is lost: it can only be closed.
 */
#ifndef SFTP_SESSION_H
#define SFTP_SESSION_H

#include <libssh2.h>
#include <libssh2_sftp.h>

#include "site.h"

enum {
    SESSION_TIMED_OUT = -1001, /* beside libssh2's codes */
    SESSION_CANCELLED = -1002,
};

struct session {
    const struct site *site;
    int fd;
    LIBSSH2_SESSION *ssh;
    LIBSSH2_SFTP *sftp;
    bool is_lost;
    bool is_closing;     /* a cancel does not end the waiting any more */
    int lost_by;         /* the code that has lost it */
    int64_t deadline_ms; /* of the step under way, on session_now()'s clock */
    int64_t alive_ms;    /* when a keepalive is due */
};

#define SESSION_NONE {.fd = -1, .is_lost = true, .lost_by = LIBSSH2_ERROR_SOCKET_DISCONNECT}

/* session_open(call, site, session): connect, check the server, log in, begin SFTP. -1 with fail();
 * ${session} is then closed. It begins as SESSION_NONE, or closed, and keeps is_closing. ${site} must
 * outlive it. */
int session_open(struct ddb_call *call, const struct site *site, struct session *session);

/* session_close(session): end it; one that was never opened, or is closed, is fine. */
void session_close(struct session *session);

/* session_cut(session): nothing more can come or go; what waits for the server ends at once. */
void session_cut(struct session *session);

int64_t session_now(void);

/* session_begin(session): a step begins, its deadline is the timeout from now.
 * session_wait(call, session): after LIBSSH2_ERROR_EAGAIN, until the socket is ready: 0, or the code
 * that the step ends with. */
void session_begin(struct session *session);
int session_wait(struct ddb_call *call, struct session *session);

/* session_ended(session, code): what a step came to; notes when that has lost the session. */
int session_ended(struct session *session, int code);

/* SESSION_STEP(call, session, code, expression): one step to its end; ${expression} gives an int. */
#define SESSION_STEP(call, session, code, expression)                                              \
    do {                                                                                           \
        session_begin(session);                                                                    \
        while (((code) = (session)->is_lost ? (session)->lost_by : (int)(expression)) ==           \
                   LIBSSH2_ERROR_EAGAIN &&                                                         \
               ((code) = session_wait(call, session)) == 0)                                        \
            ;                                                                                      \
        (code) = session_ended(session, code);                                                     \
    } while (0)

/* session_errno(session): the code of a call that has given NULL; never 0. */
int session_errno(const struct session *session);

/* session_status(session, code): the server's own status (LIBSSH2_FX_…) when it has answered with
 * one, else LIBSSH2_FX_OK. */
unsigned long session_status(const struct session *session, int code);

/* session_unsupported(session, code): the server does not offer the operation, or forbids it to all. */
bool session_unsupported(const struct session *session, int code);

/* session_reason(call, session, code): why a step has failed, for the end of a sentence. */
const char *session_reason(struct ddb_call *call, const struct session *session, int code);

/* session_hint(call, code): hint() where the server does not answer. -1. */
int session_hint(struct ddb_call *call, int code);

/* session_failed(call, session, code, doing, path): fail() with "could not DOING "PATH" on HOST:
 * REASON" and what can be done about it. */
int session_failed(struct ddb_call *call, const struct session *session, int code,
                   const char *doing, const char *path);

#endif
