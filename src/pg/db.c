/*
 * db - see db.h. Every wait is a poll() of at most 200 ms, so that a cancel request is answered.
 */
#include "pg/db_target.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/log.h"

enum { TICK_MS = 200, CONNECT_MS = 10 * 1000, ANSWER_MS = 10 * 1000, PARAMS_MAX = 32 };

struct db {
    PGconn *conn;
    char *display; /* "shop on db1:5432 as deploy" */
    char version_text[32];
    int pid; /* of the server's process; a pooler tells another one on connecting */
};

struct db_result {
    PGresult *res;
};

static char application[64] = "deploy-db";

void db_set_run(const char *id)
{
    snprintf(application, sizeof application, "deploy-db %s", id);
}

const char *db_application(void)
{
    return application;
}

/* --- connecting ------------------------------------------------------------------------------- */

static void log_notice(void *arg, const PGresult *res)
{
    const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY);
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    (void)arg;
    if (text != NULL)
        log_detail("server: %s: %s", severity != NULL ? severity : "NOTICE", text);
}

/* Keepalives notice a server that is gone, within a minute, unless the target has its own. */
static PGconn *start(const struct db_target *target, const char *database)
{
    static const char *const ours[][2] = {{"client_encoding", "UTF8"},
                                          {"keepalives_idle", "30"},
                                          {"keepalives_interval", "10"},
                                          {"keepalives_count", "3"}};
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
    values[n++] = application;
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

static int connect_error(const struct db *db, struct err *err)
{
    const char *message = PQerrorMessage(db->conn);
    const char *sqlstate = find_sqlstate(message);
    const char *reason = sqlstate != NULL ? sqlstate + 7 : message;
    const char *failed = sqlstate == NULL ? strstr(message, " failed: ") : NULL;
    bool first = err->code == ERR_NONE;

    if (failed != NULL)
        reason = failed + strlen(" failed: ");
    err_set(err, ERR_REFUSED, "could not connect to %s: %.*s", db->display,
            (int)strcspn(reason, "\n"), reason);
    if (first && sqlstate != NULL)
        snprintf(err->sqlstate, sizeof err->sqlstate, "%.5s", sqlstate);
    add_lines(err, message);
    return hint_for(err->sqlstate, err);
}

/* Wait for the socket, a tick at most; true when it is ready. */
static bool wait_ready(PGconn *conn, short events)
{
    struct pollfd fd = {.fd = PQsocket(conn), .events = events};

    return poll(&fd, 1, TICK_MS) > 0;
}

/* libpq's own limit counts for each host of a list; so does this one, summed up. */
static int64_t connect_limit_ms(const struct db_target *target)
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

static int connect_loop(struct db *db, int64_t limit_ms, struct err *err)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    int64_t begun = clock_mono_ms();

    if (PQstatus(db->conn) == CONNECTION_BAD)
        return connect_error(db, err);
    PQsetErrorVerbosity(db->conn, PQERRORS_VERBOSE);
    while (state != PGRES_POLLING_OK) {
        if (cancel_requested())
            return err_set(err, ERR_REFUSED, "could not connect to %s: cancelled", db->display);
        if (clock_mono_ms() - begun >= limit_ms) {
            err_set(err, ERR_REFUSED, "could not connect to %s: no answer within %lld s",
                    db->display, (long long)limit_ms / 1000);
            return hint_for("", err);
        }
        if (!wait_ready(db->conn, state == PGRES_POLLING_READING ? POLLIN : POLLOUT))
            continue;
        state = PQconnectPoll(db->conn);
        if (state == PGRES_POLLING_FAILED)
            return connect_error(db, err);
    }
    PQsetErrorVerbosity(db->conn, PQERRORS_DEFAULT);
    return 0;
}

/* --- statements ------------------------------------------------------------------------------- */

static void set_sqlstate(struct err *err, bool first, const char *sqlstate)
{
    if (first && sqlstate != NULL)
        snprintf(err->sqlstate, sizeof err->sqlstate, "%s", sqlstate);
}

static int lost_error(const struct db *db, struct err *err)
{
    bool first = err->code == ERR_NONE;
    const char *message = PQerrorMessage(db->conn);

    err_set(err, ERR_INTERNAL, "lost the connection to database \"%s\": %.*s", db_name(db),
            (int)strcspn(message, "\n"), message);
    set_sqlstate(err, first, "08006");
    return -1;
}

static int result_error(const struct db *db, const PGresult *res, const char *sql, struct err *err)
{
    static const struct {
        int field;
        const char *label;
    } parts[] = {{PG_DIAG_MESSAGE_DETAIL, ""},
                 {PG_DIAG_CONTEXT, "context: "},
                 {PG_DIAG_MESSAGE_HINT, "the server's hint: "}};
    const char *primary = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    bool first = err->code == ERR_NONE;

    if (primary == NULL)
        return lost_error(db, err);
    err_set(err, ERR_INTERNAL, "database \"%s\": %s", db_name(db), primary);
    set_sqlstate(err, first, PQresultErrorField(res, PG_DIAG_SQLSTATE));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *text = PQresultErrorField(res, parts[i].field);

        if (text != NULL)
            err_detail(err, "%s%s", parts[i].label, text);
    }
    return err_detail(err, "statement: %.*s", (int)strcspn(sql, "\n"), sql);
}

static void cancel_statement(struct db *db)
{
    PGcancel *cancel = PQgetCancel(db->conn);
    char message[256] = "";

    if (cancel != NULL && !PQcancel(cancel, message, sizeof message))
        log_detail("could not cancel the statement on %s: %s", db->display, message);
    PQfreeCancel(cancel);
}

enum { UNCANCELLABLE = 1 };

/* Until the server has answered. After a cancel request, or after ${limit_ms} (0: none), the
 * statement is cancelled, and then waited for a while longer. */
static int wait_answer(struct db *db, int64_t limit_ms, int flags, struct err *err)
{
    int64_t begun = clock_mono_ms();
    int64_t cancelled = -1;

    for (;;) {
        int unsent = PQflush(db->conn);
        int64_t now = clock_mono_ms();

        if (unsent < 0 || (unsent == 0 && !PQisBusy(db->conn)))
            return 0; /* PQgetResult knows what happened */
        if (cancelled < 0 && ((!(flags & UNCANCELLABLE) && cancel_requested()) ||
                              (limit_ms > 0 && now - begun >= limit_ms))) {
            cancelled = now;
            cancel_statement(db);
        }
        if (cancelled >= 0 && now - cancelled >= ANSWER_MS)
            return err_set(err, ERR_INTERNAL, "database \"%s\" did not answer in time",
                           db_name(db));
        if (wait_ready(db->conn, (short)(POLLIN | (unsent ? POLLOUT : 0))) &&
            !PQconsumeInput(db->conn))
            return 0;
    }
}

/* The last result; the first error counts. */
static int finish_statement(struct db *db, const char *sql, int64_t limit_ms, int flags,
                            PGresult **last, struct err *err)
{
    bool failed = false;

    *last = NULL;
    for (;;) {
        PGresult *res;
        ExecStatusType status;

        if (wait_answer(db, limit_ms, flags, err) < 0) {
            failed = true;
            break;
        }
        res = PQgetResult(db->conn);
        if (res == NULL)
            break;
        status = PQresultStatus(res);
        PQclear(*last);
        *last = res;
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || failed)
            continue;
        failed = true;
        if (status != PGRES_FATAL_ERROR) {
            err_set(err, ERR_INTERNAL, "database \"%s\": unexpected answer %s to: %.60s",
                    db_name(db), PQresStatus(status), sql);
            break;
        }
        result_error(db, res, sql, err);
    }
    if (!failed && *last == NULL) {
        lost_error(db, err);
        failed = true;
    }
    if (failed) {
        PQclear(*last);
        *last = NULL;
    }
    return failed ? -1 : 0;
}

static int refuse_cancelled(const struct db *db, struct err *err)
{
    bool first = err->code == ERR_NONE;

    err_set(err, ERR_INTERNAL, "database \"%s\": cancelled", db_name(db));
    set_sqlstate(err, first, "57014");
    return -1;
}

/* Several statements at once, without parameters. */
static int run_script(struct db *db, const char *sql, int64_t limit_ms, int flags, PGresult **res,
                      struct err *err)
{
    if (!(flags & UNCANCELLABLE) && cancel_requested())
        return refuse_cancelled(db, err);
    if (!PQsendQuery(db->conn, sql))
        return lost_error(db, err);
    return finish_statement(db, sql, limit_ms, flags, res, err);
}

static int run(struct db *db, const char *sql, int n, va_list args, PGresult **res,
               struct err *err)
{
    const char *values[PARAMS_MAX] = {NULL};

    if (n > PARAMS_MAX)
        return err_set(err, ERR_INTERNAL, "%d parameters for one statement are too many", n);
    for (int i = 0; i < n; i++)
        values[i] = va_arg(args, const char *);
    if (cancel_requested())
        return refuse_cancelled(db, err);
    if (!PQsendQueryParams(db->conn, sql, n, NULL, values, NULL, NULL, 0))
        return lost_error(db, err);
    return finish_statement(db, sql, 0, 0, res, err);
}

/* --- sessions --------------------------------------------------------------------------------- */

static int ask_pid(struct db *db, int *pid, struct err *err)
{
    PGresult *res;

    if (run_script(db, "SELECT pg_catalog.pg_backend_pid()", ANSWER_MS, 0, &res, err) < 0)
        return -1;
    *pid = (int)strtol(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);
    return 0;
}

/* A connection without any setting of ours. */
static int connect_plain(const struct db_target *target, const char *database, struct db **db,
                         struct err *err)
{
    struct db *made = mem_alloc(sizeof *made);
    struct buf display = {0};

    if (database == NULL)
        database = target->name;
    buf_addf(&display, "%s on %s:%s as %s", database, target->host, target->port, target->user);
    made->display = display.data;
    made->conn = start(target, database);
    if (made->conn == NULL) {
        db_close(made);
        return err_set(err, ERR_INTERNAL, "could not connect to %s: out of memory", target->display);
    }
    PQsetNoticeReceiver(made->conn, log_notice, NULL);
    if (connect_loop(made, connect_limit_ms(target), err) < 0 ||
        PQsetnonblocking(made->conn, 1) != 0 || ask_pid(made, &made->pid, err) < 0) {
        if (err->code == ERR_NONE)
            lost_error(made, err);
        db_close(made);
        return err_as(err, ERR_REFUSED);
    }
    *db = made;
    return 0;
}

/* How values and definitions are printed must not depend on the role, the database or the
 * environment; row security must not hide rows without a word. */
static int prepare(struct db *db, enum db_mode mode, struct err *err)
{
    static const char settings[] =
        "SET statement_timeout = 0; SET lock_timeout = 0; "
        "SET idle_in_transaction_session_timeout = 0; SET DateStyle = ISO; "
        "SET IntervalStyle = postgres; SET TimeZone = 'UTC'; SET extra_float_digits = 3; "
        "SET bytea_output = hex; SET standard_conforming_strings = on; "
        "SET quote_all_identifiers = off; SET row_security = off; SET jit = off; "
        "SET default_transaction_isolation = 'read committed'; ";
    const char *encoding = PQparameterStatus(db->conn, "server_encoding");
    auto_buf struct buf sql = {0};
    PGresult *res;

    buf_adds(&sql, settings);
    if (PQserverVersion(db->conn) >= 140000)
        buf_adds(&sql, "SET idle_session_timeout = 0; ");
    if (PQserverVersion(db->conn) >= 170000)
        buf_adds(&sql, "SET transaction_timeout = 0; ");
    if (encoding != NULL && strcmp(encoding, "SQL_ASCII") == 0)
        buf_adds(&sql, "SET client_encoding = 'SQL_ASCII'; ");
    if (mode == DB_READ)
        buf_adds(&sql, "SET default_transaction_read_only = on");
    if (run_script(db, buf_text(&sql), 0, 0, &res, err) < 0)
        return -1;
    PQclear(res);
    return 0;
}

static int refuse_pooler(const struct db_target *target, const char *database, struct err *err)
{
    bool pooled = false;

    if (db_pooled(target, database, &pooled, err) < 0)
        return -1;
    if (!pooled)
        return 0;
    err_set(err, ERR_REFUSED, "%s is a connection pooler in transaction mode", target->display);
    err_detail(err, "its sessions share server processes, so locks and settings of a session "
                    "would reach others or be lost");
    return err_hint(err, "Let `database` name the server itself, or a pool in session mode.");
}

int db_open(const struct db_target *target, const char *database, enum db_mode mode, struct db **db,
            struct err *err)
{
    struct db *made;
    const char *version;

    if (connect_plain(target, database, &made, err) < 0)
        return -1;
    if ((made->pid != PQbackendPID(made->conn) && refuse_pooler(target, database, err) < 0) ||
        prepare(made, mode, err) < 0) {
        db_close(made);
        return err_as(err, ERR_REFUSED);
    }
    version = PQparameterStatus(made->conn, "server_version");
    if (version == NULL)
        version = "";
    snprintf(made->version_text, sizeof made->version_text, "%.*s", (int)strcspn(version, " "),
             version);
    *db = made;
    return 0;
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    PQfinish(db->conn);
    mem_free(db->display);
    mem_free(db);
}

/* Asked twice in a row and in turn with each other, two sessions of a pool show it, whether it takes
 * the server process that was used last or goes through all of them: one process serves both, or
 * one session changes its process. A session of its own keeps one process, which no other has. */
static int compare_sessions(struct db *a, struct db *b, bool *pooled, struct err *err)
{
    struct db *const turns[] = {a, a, b, a, b, b, a, a, b};

    *pooled = a->pid == b->pid;
    for (size_t i = 0; !*pooled && i < sizeof turns / sizeof *turns; i++) {
        int pid;

        if (ask_pid(turns[i], &pid, err) < 0)
            return -1;
        *pooled = pid != turns[i]->pid;
    }
    return 0;
}

/* Whether a setting of the first session is missing there, or is seen by the second one. The setting
 * is a placeholder that nothing reads. */
static int compare_settings(struct db *a, struct db *b, bool *pooled, struct err *err)
{
    static const char read_it[] =
        "SELECT coalesce(pg_catalog.current_setting('deploy_db.probe', true), '')";
    struct db *const turns[] = {a, b, b, a};
    char sql[128];
    char mark[64];
    PGresult *res;

    snprintf(mark, sizeof mark, "%d-%lld", a->pid, (long long)clock_mono_ms());
    snprintf(sql, sizeof sql, "SELECT pg_catalog.set_config('deploy_db.probe', '%s', false)", mark);
    if (run_script(a, sql, ANSWER_MS, 0, &res, err) < 0)
        return -1;
    PQclear(res);
    for (size_t i = 0; !*pooled && i < sizeof turns / sizeof *turns; i++) {
        if (run_script(turns[i], read_it, ANSWER_MS, 0, &res, err) < 0)
            return -1;
        *pooled = (strcmp(PQgetvalue(res, 0, 0), mark) == 0) != (turns[i] == a);
        PQclear(res);
    }
    return 0;
}

int db_pooled(const struct db_target *target, const char *database, bool *pooled, struct err *err)
{
    struct db *a = NULL;
    struct db *b = NULL;
    int status = -1;

    if (connect_plain(target, database, &a, err) == 0 &&
        connect_plain(target, database, &b, err) == 0 &&
        compare_sessions(a, b, pooled, err) == 0 &&
        (*pooled || compare_settings(a, b, pooled, err) == 0)) {
        status = 0;
        if (!*pooled && a->pid != PQbackendPID(a->conn))
            log_detail("%s is behind a pooler in session mode", target->display);
    } else {
        err_as(err, ERR_REFUSED);
    }
    db_close(a);
    db_close(b);
    return status;
}

int db_timeouts(struct db *db, int64_t lock_ms, int64_t statement_ms, struct err *err)
{
    char lock[32];
    char statement[32];

    snprintf(lock, sizeof lock, "%lld", (long long)lock_ms);
    snprintf(statement, sizeof statement, "%lld", (long long)statement_ms);
    return db_exec(db, err,
                   "SELECT pg_catalog.set_config('lock_timeout', $1, false), "
                   "pg_catalog.set_config('statement_timeout', $2, false)",
                   2, lock, statement);
}

int db_server_version(const struct db *db)
{
    return PQserverVersion(db->conn);
}

const char *db_server_version_text(const struct db *db)
{
    return db->version_text;
}

const char *db_name(const struct db *db)
{
    return PQdb(db->conn);
}

const char *db_user(const struct db *db)
{
    return PQuser(db->conn);
}

int db_pid(const struct db *db)
{
    return db->pid;
}

bool db_alive(struct db *db)
{
    struct err ignored = ERR_INIT;
    PGresult *res;

    if (run_script(db, "SELECT 1", ANSWER_MS, UNCANCELLABLE, &res, &ignored) < 0)
        return PQstatus(db->conn) == CONNECTION_OK && ignored.sqlstate[0] != '\0';
    PQclear(res);
    return true;
}

/* --- what other files of pg/ use ---------------------------------------------------------------- */

int db_query(struct db *db, struct db_result **result, struct err *err, const char *sql, int n, ...)
{
    PGresult *res;
    va_list args;
    int status;

    va_start(args, n);
    status = run(db, sql, n, args, &res, err);
    va_end(args);
    if (status < 0)
        return -1;
    *result = mem_alloc(sizeof **result);
    (*result)->res = res;
    return 0;
}

int db_exec(struct db *db, struct err *err, const char *sql, int n, ...)
{
    PGresult *res;
    va_list args;
    int status;

    va_start(args, n);
    status = run(db, sql, n, args, &res, err);
    va_end(args);
    if (status == 0)
        PQclear(res);
    return status;
}

void db_quietly(struct db *db, const char *sql)
{
    struct err ignored = ERR_INIT;
    PGresult *res;

    if (run_script(db, sql, ANSWER_MS, UNCANCELLABLE, &res, &ignored) == 0)
        PQclear(res);
    else
        log_debug("%s: %s", sql, ignored.primary);
}

bool db_in_transaction(const struct db *db)
{
    PGTransactionStatusType status = PQtransactionStatus(db->conn);

    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

int db_rows(const struct db_result *result)
{
    return PQntuples(result->res);
}

const char *db_value(const struct db_result *result, int row, int column)
{
    if (PQgetisnull(result->res, row, column))
        return NULL;
    return PQgetvalue(result->res, row, column);
}

int64_t db_int(const struct db_result *result, int row, int column)
{
    return strtoll(PQgetvalue(result->res, row, column), NULL, 10);
}

bool db_bool(const struct db_result *result, int row, int column)
{
    return PQgetvalue(result->res, row, column)[0] == 't';
}

void db_result_free(struct db_result *result)
{
    if (result == NULL)
        return;
    PQclear(result->res);
    mem_free(result);
}

void db_result_free_at(struct db_result **result)
{
    db_result_free(*result);
}

/* libpq refuses text that is not valid in the session's encoding: double the quotes then, and let the
 * server refuse it. */
static const char *keep_quoted(struct arena *arena, char *quoted, const char *text, char quote)
{
    auto_buf struct buf out = {0};
    const char *kept;

    if (quoted != NULL) {
        kept = arena_strdup(arena, quoted);
        PQfreemem(quoted);
        return kept;
    }
    buf_addc(&out, quote);
    for (; *text != '\0'; text++) {
        if (*text == quote)
            buf_addc(&out, quote);
        buf_addc(&out, *text);
    }
    buf_addc(&out, quote);
    return arena_strdup(arena, buf_text(&out));
}

const char *db_quote(struct db *db, struct arena *arena, const char *name)
{
    return keep_quoted(arena, PQescapeIdentifier(db->conn, name, strlen(name)), name, '"');
}

const char *db_literal(struct db *db, struct arena *arena, const char *text)
{
    return keep_quoted(arena, PQescapeLiteral(db->conn, text, strlen(text)), text, '\'');
}

/* --- identity and snapshots --------------------------------------------------------------------- */

static const char *text_of(const struct db_result *result)
{
    return PQgetvalue(result->res, 0, 0);
}

int db_identity(struct db *db, char system_identifier[32], char database_oid[16], struct err *err)
{
    auto_result struct db_result *about = NULL;
    auto_result struct db_result *control = NULL;

    if (db_query(db, &about, err,
                 "SELECT oid, pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', "
                 "'EXECUTE') FROM pg_catalog.pg_database "
                 "WHERE datname = pg_catalog.current_database()",
                 0) < 0)
        return -1;
    if (db_bool(about, 0, 1) &&
        db_query(db, &control, err,
                 "SELECT system_identifier FROM pg_catalog.pg_control_system()", 0) < 0)
        return -1;
    snprintf(database_oid, 16, "%s", text_of(about));
    snprintf(system_identifier, 32, "%s", control != NULL ? text_of(control) : "unknown");
    return 0;
}

int db_export_snapshot(struct db *db, char id[64], struct err *err)
{
    auto_result struct db_result *result = NULL;

    if (db_exec(db, err, "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", 0) < 0)
        return -1;
    if (db_query(db, &result, err, "SELECT pg_catalog.pg_export_snapshot()", 0) < 0) {
        db_end_snapshot(db);
        return -1;
    }
    snprintf(id, 64, "%s", text_of(result));
    return 0;
}

void db_end_snapshot(struct db *db)
{
    db_quietly(db, "ROLLBACK");
}
