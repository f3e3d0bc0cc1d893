/*
 * db - see db.h. Every wait is a poll() of at most 200 ms, so that a cancel request is answered.
 */
#include "pg/db.h"

#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/log.h"
#include "pg/db_connect.h"
#include "pg/db_pool.h"

enum { ANSWER_MS = 10 * 1000, PARAMS_MAX = 32 };

struct db {
    struct db *next; /* in the list of open sessions */
    PGconn *conn;
    const struct db_target *target; /* the caller's */
    char *display; /* "shop on db1:5432 as deploy" */
    char version_text[32];
    int pid;          /* of the server's process; a pooler tells another one on connecting */
    int64_t limit_ms; /* for the answer to a statement; 0: none */
};

struct db_result {
    PGresult *res;
};

static struct db *sessions;
static pthread_mutex_t sessions_mutex = PTHREAD_MUTEX_INITIALIZER;
static char application[64] = "deploy-db";

void db_set_run(const char *id)
{
    snprintf(application, sizeof application, "deploy-db %s", id);
}

const char *db_application(void)
{
    return application;
}

static void log_notice(void *arg, const PGresult *res)
{
    const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY);
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    (void)arg;
    if (text != NULL)
        log_detail("server: %s: %s", severity != NULL ? severity : "NOTICE", text);
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

int db_failed(const struct db *db, const PGresult *res, const char *sql, struct err *err)
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

void db_cancel(struct db *db)
{
    PGcancel *cancel = PQgetCancel(db->conn);
    char message[256] = "";

    if (cancel != NULL && !PQcancel(cancel, message, sizeof message))
        log_detail("could not cancel the statement on %s: %s", db->display, message);
    PQfreeCancel(cancel);
}

struct pg_conn *db_conn(const struct db *db)
{
    return db->conn;
}

enum { UNCANCELLABLE = 1 };

/* Until the server has answered. After a cancel request, or past the session's limit, the
 * statement is cancelled, and then waited for a while longer. */
static int wait_answer(struct db *db, int flags, struct err *err)
{
    int64_t patience_ms = db->limit_ms > 0 && db->limit_ms < ANSWER_MS ? db->limit_ms : ANSWER_MS;
    int64_t begun = clock_mono_ms();
    int64_t cancelled = -1;

    for (;;) {
        int unsent = PQflush(db->conn);
        int64_t now = clock_mono_ms();

        if (unsent < 0 || (unsent == 0 && !PQisBusy(db->conn)))
            return 0; /* PQgetResult knows what happened */
        if (cancelled < 0 && ((!(flags & UNCANCELLABLE) && cancel_requested()) ||
                              (db->limit_ms > 0 && now - begun >= db->limit_ms))) {
            cancelled = now;
            db_cancel(db);
        }
        if (cancelled >= 0 && now - cancelled >= patience_ms)
            return err_set(err, ERR_INTERNAL, "database \"%s\" did not answer in time",
                           db_name(db));
        if (db_connect_wait(db->conn, (short)(POLLIN | (unsent ? POLLOUT : 0))) &&
            !PQconsumeInput(db->conn))
            return 0;
    }
}

/* The last result; the first error counts. */
static int finish_statement(struct db *db, const char *sql, int flags, PGresult **last,
                            struct err *err)
{
    bool failed = false;

    *last = NULL;
    for (;;) {
        PGresult *res;
        ExecStatusType status;

        if (wait_answer(db, flags, err) < 0) {
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
        db_failed(db, res, sql, err);
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
static int run_script(struct db *db, const char *sql, int flags, PGresult **res, struct err *err)
{
    if (!(flags & UNCANCELLABLE) && cancel_requested())
        return refuse_cancelled(db, err);
    if (!PQsendQuery(db->conn, sql))
        return lost_error(db, err);
    return finish_statement(db, sql, flags, res, err);
}

static int run(struct db *db, const char *sql, int n, va_list args, PGresult **res, struct err *err)
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
    return finish_statement(db, sql, 0, res, err);
}

/* --- sessions --------------------------------------------------------------------------------- */

/* A connection without any setting of ours. Each answer must come within a time, because a pooler
 * may keep a session waiting for a free server process. */
static int connect_plain(const struct db_target *target, const char *database, struct db **db,
                         struct err *err)
{
    struct db *made = mem_alloc(sizeof *made);
    struct buf display = {0};
    PGresult *res = NULL;

    if (database == NULL)
        database = target->name;
    buf_addf(&display, "%s on %s:%s as %s", database, target->host, target->port, target->user);
    made->display = display.data;
    made->target = target;
    made->limit_ms = db_connect_limit_ms(target);
    if (db_connect_open(target, database, made->display, &made->conn, err) < 0 ||
        PQsetnonblocking(made->conn, 1) != 0 ||
        run_script(made, "SELECT pg_catalog.pg_backend_pid()", 0, &res, err) < 0) {
        if (err->code == ERR_NONE)
            lost_error(made, err);
        db_close(made);
        return err_as(err, ERR_REFUSED);
    }
    PQsetNoticeReceiver(made->conn, log_notice, NULL);
    made->pid = (int)strtol(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);
    pthread_mutex_lock(&sessions_mutex);
    made->next = sessions;
    sessions = made;
    pthread_mutex_unlock(&sessions_mutex);
    *db = made;
    return 0;
}

/* How values and definitions are printed must not depend on the role, the database or the
 * environment; row security must not hide rows without a word. And the server is to notice within a
 * minute that we are gone: our locks stand in others' way. */
static int prepare(struct db *db, enum db_mode mode, struct err *err)
{
    static const char settings[] =
        "SET statement_timeout = 0; SET lock_timeout = 0; "
        "SET idle_in_transaction_session_timeout = 0; SET DateStyle = ISO; "
        "SET IntervalStyle = postgres; SET TimeZone = 'UTC'; SET extra_float_digits = 3; "
        "SET bytea_output = hex; SET standard_conforming_strings = on; "
        "SET quote_all_identifiers = off; SET row_security = off; SET jit = off; "
        "SET default_transaction_isolation = 'read committed'; "
        "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; "
        "SET tcp_keepalives_count = 3; SET tcp_user_timeout = 60000; ";
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
    /* a database that is read-only by default for others is to know of our runs still */
    buf_addf(&sql, "SET default_transaction_read_only = %s", mode == DB_READ ? "on" : "off");
    if (run_script(db, buf_text(&sql), 0, &res, err) < 0)
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
    made->limit_ms = 0;
    version = PQparameterStatus(made->conn, "server_version");
    if (version == NULL)
        version = "";
    snprintf(made->version_text, sizeof made->version_text, "%.*s", (int)strcspn(version, " "),
             version);
    *db = made;
    return 0;
}

const struct db_target *db_target(const struct db *db)
{
    return db->target;
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    pthread_mutex_lock(&sessions_mutex);
    for (struct db **at = &sessions; *at != NULL; at = &(*at)->next)
        if (*at == db) {
            *at = db->next;
            break;
        }
    pthread_mutex_unlock(&sessions_mutex);
    PQfinish(db->conn);
    mem_free(db->display);
    mem_free(db);
}

int db_pooled(const struct db_target *target, const char *database, bool *pooled, struct err *err)
{
    struct db *a = NULL;
    struct db *b = NULL;
    int status = -1;

    if (connect_plain(target, database, &a, err) == 0 &&
        connect_plain(target, database, &b, err) == 0 && db_pool_compare(a, b, pooled, err) == 0) {
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

    db->limit_ms = ANSWER_MS;
    if (run_script(db, "SELECT 1", UNCANCELLABLE, &res, &ignored) == 0)
        PQclear(res);
    db->limit_ms = 0;
    /* an error that the server tells, say in a failed transaction, is a sign of life too */
    return PQstatus(db->conn) == CONNECTION_OK &&
           (ignored.code == ERR_NONE || ignored.sqlstate[0] != '\0');
}

/* --- what other files of pg/ use ----------------------------------------------------------------
 */

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

    db->limit_ms = ANSWER_MS;
    if (run_script(db, sql, UNCANCELLABLE, &res, &ignored) == 0)
        PQclear(res);
    else
        log_debug("%s: %s", sql, ignored.primary);
    db->limit_ms = 0;
}

bool db_in_transaction(const struct db *db)
{
    PGTransactionStatusType status = PQtransactionStatus(db->conn);

    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

void db_own_pids(char *out, size_t cap)
{
    auto_buf struct buf list = {0};

    pthread_mutex_lock(&sessions_mutex);
    for (const struct db *db = sessions; db != NULL; db = db->next)
        buf_addf(&list, "%s%d", list.len > 0 ? "," : "", db->pid);
    pthread_mutex_unlock(&sessions_mutex);
    snprintf(out, cap, "{%s}", buf_text(&list));
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

int db_columns(const struct db_result *result)
{
    return PQnfields(result->res);
}

unsigned db_type(const struct db_result *result, int column)
{
    return PQftype(result->res, column);
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

/* libpq refuses text that is not valid in the session's encoding: double the quotes then, and let
 * the server refuse it. */
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
