/* session - see template.h. */
#include "template.h"

#include <poll.h>
#include <string.h>
#include <time.h>

enum { PARAMS = 64, TICK_MS = 100, AGAIN_MS = 1000, PATIENCE_MS = 60 * 1000 };

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int first_line(const char *text)
{
    return (int)strcspn(text, "\n");
}

PGconn *session_open(struct ddb_call *call, const char *database)
{
    /* Those of the environment come after ours, and count. */
    const char *keywords[PARAMS + 2] = {"connect_timeout"};
    const char *values[PARAMS + 2] = {"10"};
    const char *const *params = template_host->conninfo(call, database);
    PGresult *set = NULL;
    PGconn *conn;
    size_t n = 1;

    for (; params != NULL && *params != NULL && n < PARAMS; params += 2) {
        keywords[n] = params[0];
        values[n++] = params[1];
    }
    conn = PQconnectdbParams(keywords, values, 0);
    if (PQstatus(conn) != CONNECTION_OK) {
        template_host->fail(call, "could not connect to database \"%s\": %.*s", database,
                            first_line(PQerrorMessage(conn)), PQerrorMessage(conn));
        PQfinish(conn);
        return NULL;
    }
    set = session_run(call, conn,
                      "SET client_encoding = 'UTF8'; SET statement_timeout = 0; "
                      "SET lock_timeout = '30s'; SET synchronous_commit = on",
                      0);
    PQclear(set);
    if (set != NULL)
        return conn;
    PQfinish(conn);
    return NULL;
}

/* Why the statement is to end before it is done; NULL: it may go on. */
static const char *reason_to_stop(struct ddb_call *call, int64_t begun, int64_t timeout_ms)
{
    if (template_host->cancelled(call))
        return "cancelled";
    return timeout_ms > 0 && now_ms() - begun >= timeout_ms ? "out of time" : NULL;
}

static int tick_ms(int64_t begun, int64_t timeout_ms)
{
    const int64_t left = begun + timeout_ms - now_ms();

    return timeout_ms <= 0 || left > TICK_MS ? TICK_MS : left > 0 ? (int)left : 0;
}

static void cancel(struct ddb_call *call, PGconn *conn)
{
    PGcancel *request = PQgetCancel(conn);
    char message[256] = "";

    if (request != NULL && !PQcancel(request, message, sizeof message))
        template_host->log(call, DDB_LEVEL_DETAIL, "could not cancel the statement: %s", message);
    PQfreeCancel(request);
}

/* Until the server has answered; why the statement was cancelled, or NULL. A request that arrives before the
 * statement has begun is lost, so it is repeated; then the end has to be waited for: what the server was
 * making goes away only with it. */
static const char *wait_answer(struct ddb_call *call, PGconn *conn, int64_t timeout_ms)
{
    const int64_t begun = now_ms();
    const char *stopped = NULL;
    int64_t asked = 0, last = 0;

    while (PQisBusy(conn)) {
        struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};

        if (stopped == NULL && (stopped = reason_to_stop(call, begun, timeout_ms)) != NULL)
            asked = now_ms();
        if (stopped != NULL && now_ms() - asked >= PATIENCE_MS)
            return stopped;
        if (stopped != NULL && now_ms() - last >= AGAIN_MS) {
            cancel(call, conn);
            last = now_ms();
        }
        if (poll(&fd, 1, tick_ms(begun, stopped == NULL ? timeout_ms : 0)) > 0 && !PQconsumeInput(conn))
            return stopped;
    }
    return stopped;
}

static void record_failure(struct ddb_call *call, PGconn *conn, const PGresult *result,
                           const char *stopped)
{
    const char *message = result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *detail = result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL) : NULL;

    if (message == NULL)
        message = PQerrorMessage(conn);
    if (stopped != NULL)
        template_host->fail(call, "%s", stopped);
    else
        template_host->fail(call, "%.*s", first_line(message), message);
    if (stopped == NULL && detail != NULL)
        template_host->detail(call, "%s", detail);
}

PGresult *session_run(struct ddb_call *call, PGconn *conn, const char *sql, int64_t timeout_ms)
{
    PGresult *last = NULL, *result;
    const char *stopped = NULL;

    if (!PQsendQuery(conn, sql)) {
        record_failure(call, conn, NULL, NULL);
        return NULL;
    }
    for (;;) {
        stopped = wait_answer(call, conn, timeout_ms);
        if (PQisBusy(conn)) { /* it does not end: the session is given up */
            record_failure(call, conn, NULL, stopped != NULL ? stopped : "the connection was lost");
            PQclear(last);
            return NULL;
        }
        result = PQgetResult(conn);
        if (result == NULL)
            break;
        PQclear(last);
        last = result;
        if (PQresultStatus(last) != PGRES_COMMAND_OK && PQresultStatus(last) != PGRES_TUPLES_OK) {
            record_failure(call, conn, last, stopped);
            PQclear(last);
            return NULL;
        }
    }
    if (last == NULL)
        record_failure(call, conn, NULL, stopped);
    return last;
}
