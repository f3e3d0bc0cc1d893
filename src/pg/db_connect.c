/*
 * db_connect - see db_connect.h.
 */
#include "pg/db_connect.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"

enum { TICK_MS = 200, CONNECT_MS = 10 * 1000 };

/* Keepalives notice a server that is gone, within a minute, unless the target has its own; while something
 * is unanswered that was sent, the user timeout does. */
static PGconn *start(const struct db_target *target, const char *database)
{
    static const char *const ours[][2] = {{"client_encoding", "UTF8"},
                                          {"keepalives_idle", "30"},
                                          {"keepalives_interval", "10"},
                                          {"keepalives_count", "3"},
                                          {"tcp_user_timeout", "60000"}};
    static const size_t n_ours = sizeof ours / sizeof *ours;
    const char **keywords = mem_alloc((target->n + n_ours + 3) * sizeof *keywords);
    const char **values = mem_alloc((target->n + n_ours + 3) * sizeof *values);
    size_t n = 0;
    PGconn *conn;

    for (size_t i = 0; i < n_ours; i++) {
        keywords[n] = ours[i][0];
        values[n++] = ours[i][1];
    }
    for (size_t i = 0; i < target->n; i++) {
        const struct db_option *option = &target->options[i];

        if (option->value == NULL || strcmp(option->keyword, "service") == 0 ||
            strcmp(option->keyword, "client_encoding") == 0)
            continue;
        keywords[n] = option->keyword;
        values[n++] = option->value;
    }
    keywords[n] = "application_name";
    values[n++] = db_application();
    keywords[n] = "dbname";
    values[n++] = database;
    conn = PQconnectStartParams(keywords, values, 0);
    mem_free(keywords);
    mem_free(values);
    return conn;
}

/* The SQLSTATE in a message of verbosity VERBOSE: "FATAL:  3D000: database …". */
static const char *find_sqlstate(const char *message)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for (const char *at = strstr(message, ":  "); at != NULL; at = strstr(at + 1, ":  "))
        if (strspn(at + 3, digits) == 5 && at[8] == ':' && at[9] == ' ')
            return at + 3;
    return NULL;
}

static int hint_for(const char *sqlstate, struct err *err)
{
    if (strncmp(sqlstate, "28", 2) == 0)
        return err_hint(err, "Check user and password (service file, password file, environment) "
                             "and the server's pg_hba.conf.");
    if (strcmp(sqlstate, "3D000") == 0)
        return err_hint(err, "Create the database, or correct its name in the configuration.");
    if (strcmp(sqlstate, "55000") == 0)
        return err_hint(err, "If a deployment was cut off, `deploy-db recover` opens the database "
                             "again.");
    if (strcmp(sqlstate, "53300") == 0)
        return err_hint(err, "Free a connection, or raise the limit of connections.");
    if (sqlstate[0] == '\0')
        return err_hint(err, "Check that the server runs and can be reached from here.");
    return -1;
}

/* The lines of libpq's message, less the source location that VERBOSE adds. */
static void add_lines(struct err *err, const char *message)
{
    while (*message != '\0') {
        size_t len = strcspn(message, "\n");

        if (len > 0 && strncmp(message, "LOCATION:", 9) != 0)
            err_detail(err, "%.*s", (int)len, message);
        message += len + (message[len] == '\n');
    }
}

static int connect_error(const PGconn *conn, const char *display, struct err *err)
{
    const char *message = PQerrorMessage(conn);
    const char *sqlstate = find_sqlstate(message);
    const char *reason = sqlstate != NULL ? sqlstate + 7 : message;
    const char *failed = sqlstate == NULL ? strstr(message, " failed: ") : NULL;
    bool first = err->code == ERR_NONE;

    if (failed != NULL)
        reason = failed + strlen(" failed: ");
    err_set(err, ERR_REFUSED, "could not connect to %s: %.*s", display, (int)strcspn(reason, "\n"),
            reason);
    if (first && sqlstate != NULL)
        snprintf(err->sqlstate, sizeof err->sqlstate, "%.5s", sqlstate);
    add_lines(err, message);
    return hint_for(err->sqlstate, err);
}

bool db_connect_wait(PGconn *conn, short events)
{
    struct pollfd fd = {.fd = PQsocket(conn), .events = events};

    return poll(&fd, 1, TICK_MS) > 0;
}

/* libpq's own limit counts for each host of a list; so does this one, summed up. */
int64_t db_connect_limit_ms(const struct db_target *target)
{
    const char *option = db_target_option(target, "connect_timeout");
    long seconds = option != NULL ? strtol(option, NULL, 10) : CONNECT_MS / 1000;
    int64_t hosts = 1;

    for (const char *at = target->host; *at != '\0'; at++)
        hosts += *at == ',';
    if (seconds <= 0)
        return INT64_MAX / 2;
    return (int64_t)(seconds < 2 ? 2 : seconds) * 1000 * hosts;
}

static int connect_loop(PGconn *conn, int64_t limit_ms, const char *display, struct err *err)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    int64_t begun = clock_mono_ms();

    if (PQstatus(conn) == CONNECTION_BAD)
        return connect_error(conn, display, err);
    PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
    while (state != PGRES_POLLING_OK) {
        if (cancel_requested())
            return err_set(err, ERR_REFUSED, "could not connect to %s: cancelled", display);
        if (clock_mono_ms() - begun >= limit_ms) {
            err_set(err, ERR_REFUSED, "could not connect to %s: no answer within %lld s", display,
                    (long long)limit_ms / 1000);
            return hint_for("", err);
        }
        if (!db_connect_wait(conn, state == PGRES_POLLING_READING ? POLLIN : POLLOUT))
            continue;
        state = PQconnectPoll(conn);
        if (state == PGRES_POLLING_FAILED)
            return connect_error(conn, display, err);
    }
    PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
    return 0;
}

int db_connect_open(const struct db_target *target, const char *database, const char *display,
                    PGconn **conn, struct err *err)
{
    *conn = start(target, database);
    if (*conn == NULL)
        return err_set(err, ERR_REFUSED, "could not connect to %s: out of memory", display);
    return connect_loop(*conn, db_connect_limit_ms(target), display, err);
}
