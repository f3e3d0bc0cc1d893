/* session_wait - see session_wait.h. */
#include "session_wait.h"

#include <poll.h>
#include <string.h>
#include <time.h>

enum { TICK_MS = 200, PATIENCE_MS = 10 * 1000 };

int64_t session_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void session_look(struct session *session)
{
    if (session->stopped != NULL || session->is_closing)
        return;
    if (sql_host->cancelled(session->call))
        session->stopped = "cancelled";
    else if (session->deadline_ms > 0 && session_now_ms() >= session->deadline_ms)
        session->stopped = "out of time";
}

int session_poll(struct session *session, short events)
{
    struct pollfd fd = {.fd = PQsocket(session->conn), .events = events};

    session_look(session);
    if (poll(&fd, 1, TICK_MS) > 0 && (fd.revents & ~POLLOUT) != 0 &&
        !PQconsumeInput(session->conn))
        return -1;
    return 0;
}

static void cancel_statement(struct session *session)
{
    PGcancel *cancel = PQgetCancel(session->conn);
    char message[256] = "";

    if (cancel != NULL && !PQcancel(cancel, message, sizeof message))
        sql_host->log(session->call, DDB_LEVEL_DETAIL, "could not cancel the statement: %s",
                      message);
    PQfreeCancel(cancel);
}

PGresult *session_next(struct session *session)
{
    int64_t cancelled = -1;

    for (;;) {
        int unsent = PQflush(session->conn);

        if (unsent < 0 || (unsent == 0 && !PQisBusy(session->conn)))
            return PQgetResult(session->conn);
        if (cancelled < 0 && session->stopped != NULL) {
            cancelled = session_now_ms();
            cancel_statement(session);
        }
        if (cancelled >= 0 && session_now_ms() - cancelled >= PATIENCE_MS)
            return NULL;
        if (session_poll(session, (short)(POLLIN | (unsent > 0 ? POLLOUT : 0))) < 0)
            return PQgetResult(session->conn);
    }
}

int session_lost_with(struct session *session, const PGresult *res)
{
    const char *message = res != NULL ? PQresultErrorMessage(res) : "";

    if (session->stopped != NULL)
        return sql_host->fail(session->call, "%s: %s", session->subject, session->stopped);
    if (message[0] == '\0')
        message = PQerrorMessage(session->conn);
    return sql_host->fail(session->call, "%s: lost the connection to the database: %.*s",
                          session->subject, (int)strcspn(message, "\n"), message);
}

int session_lost(struct session *session)
{
    return session_lost_with(session, NULL);
}
