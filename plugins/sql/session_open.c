/* session_open - connecting; see session.h. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "session_wait.h"

enum { CONNECT_MS = 10 * 1000, PARAMS = 64 };

static void log_notice(void *arg, const PGresult *res)
{
    const struct session *session = arg;
    const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY);

    sql_host->log(session->call, DDB_LEVEL_DETAIL, "server: %s: %s",
                  severity != NULL ? severity : "NOTICE", session_says(res));
}

/* ${params} as libpq takes them. Those of ours come last and count. */
static PGconn *start(const char *const *params, int64_t *limit_ms)
{
    static const char *const before[][2] = {{"keepalives_idle", "30"},
                                            {"keepalives_interval", "10"},
                                            {"keepalives_count", "3"},
                                            {"tcp_user_timeout", "60000"}};
    const char *keywords[PARAMS + 6] = {NULL};
    const char *values[PARAMS + 6] = {NULL};
    size_t n = 0;
    int64_t hosts = 1;

    for (; n < sizeof before / sizeof *before; n++) {
        keywords[n] = before[n][0];
        values[n] = before[n][1];
    }
    *limit_ms = CONNECT_MS;
    for (; *params != NULL && n < PARAMS; params += 2) {
        keywords[n] = params[0];
        values[n++] = params[1];
        if (strcmp(params[0], "connect_timeout") == 0)
            *limit_ms = (int64_t)strtol(params[1], NULL, 10) * 1000;
        if (strcmp(params[0], "host") == 0)
            for (const char *at = params[1]; *at != '\0'; at++)
                hosts += *at == ',';
    }
    keywords[n] = "client_encoding";
    values[n] = "UTF8";
    *limit_ms = *limit_ms <= 0 ? INT64_MAX / 2 : (*limit_ms < 2000 ? 2000 : *limit_ms) * hosts;
    return PQconnectStartParams(keywords, values, 0);
}

/* libpq writes 'connection to server … failed: FATAL:  …', one line for each server. */
static int connect_failed(struct session *session)
{
    const char *message = PQerrorMessage(session->conn);
    const char *reason = strstr(message, " failed: ");
    const char *line = message;

    reason = reason != NULL ? reason + strlen(" failed: ") : message;
    sql_host->fail(session->call, "could not connect to the database: %.*s",
                   (int)strcspn(reason, "\n"), reason);
    while (*line != '\0') {
        int n = (int)strcspn(line, "\n");

        sql_host->detail(session->call, "%.*s", n, line);
        line += n + (line[n] == '\n');
    }
    return -1;
}

static int wait_connected(struct session *session, int64_t limit_ms)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    int64_t begun = session_now_ms();

    if (PQstatus(session->conn) == CONNECTION_BAD)
        return connect_failed(session);
    while (state != PGRES_POLLING_OK) {
        struct pollfd fd = {.fd = PQsocket(session->conn),
                            .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT};

        session_look(session);
        if (session->stopped == NULL && session_now_ms() - begun >= limit_ms)
            session->stopped = "no answer in time";
        if (session->stopped != NULL)
            return sql_host->fail(session->call, "could not connect to the database: %s",
                                  session->stopped);
        if (poll(&fd, 1, 200) <= 0)
            continue;
        state = PQconnectPoll(session->conn);
        if (state == PGRES_POLLING_FAILED)
            return connect_failed(session);
    }
    return PQsetnonblocking(session->conn, 1) == 0 ? 0 : connect_failed(session);
}

static const char *number(struct ddb_call *call, const char *key)
{
    const char *text = sql_host->fact(call, key);

    return text != NULL && text[0] != '\0' && text[strspn(text, "0123456789")] == '\0' ? text : "0";
}

int session_open(struct ddb_call *call, struct session *session, bool read_only)
{
    const char *const *params = sql_host->conninfo(call, NULL);
    int64_t timeout_ms = strtoll(number(call, "timeout_ms"), NULL, 10);
    int64_t limit_ms;

    *session = (struct session){.call = call, .subject = "the session"};
    if (timeout_ms > 0)
        session->deadline_ms = session_now_ms() + timeout_ms;
    if (params == NULL || params[0] == NULL)
        return sql_host->fail(call, "the environment has no database");
    session->conn = start(params, &limit_ms);
    if (session->conn == NULL)
        return sql_host->fail(call, "could not connect to the database: out of memory");
    PQsetNoticeReceiver(session->conn, log_notice, session);
    if (wait_connected(session, limit_ms) < 0)
        return -1;
    session->settings = sql_host->format(
        call,
        "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; SET client_encoding = 'UTF8'; "
        "SET lock_timeout = %s; SET statement_timeout = %s; SET standard_conforming_strings = on; "
        "SELECT pg_catalog.set_config('synchronous_commit', 'on', false) "
        "WHERE pg_catalog.current_setting('synchronous_commit') = 'off'%s", /* done is durable */
        number(call, "lock_timeout_ms"), number(call, "statement_timeout_ms"),
        read_only ? "; SET default_transaction_read_only = on" : "");
    return session_reset(session);
}

/* Closing alone would leave the server to it, in its own time. */
static void roll_back(struct session *session)
{
    PGTransactionStatusType status = PQtransactionStatus(session->conn);
    int64_t begun = session_now_ms();

    if (status != PQTRANS_INTRANS && status != PQTRANS_INERROR)
        return;
    session->stopped = NULL;
    session->is_closing = true;
    if (!PQsendQuery(session->conn, "ROLLBACK"))
        return;
    while (PQflush(session->conn) > 0 || PQisBusy(session->conn))
        if (session_poll(session, POLLIN) < 0 || session_now_ms() - begun > CONNECT_MS)
            return;
}

void session_close(struct session *session)
{
    roll_back(session);
    PQfinish(session->conn);
    session->conn = NULL;
}
