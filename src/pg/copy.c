/* copy - see copy.h. */
#include "pg/copy.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "pg/db_connect.h"

enum { ANSWER_MS = 10 * 1000 };

/* What setup_connection of pg_dump.c sets and a session of ours has not; then what keeps the plan of a
 * range of pages what it is meant to be. A lock that is not there at once is one that somebody waits
 * for: that one waits for the session that exported the snapshot, which waits for us. */
static const char settings[] =
    "SELECT pg_catalog.set_config('search_path', '', false), "
    "pg_catalog.set_config('synchronize_seqscans', 'off', false), "
    "pg_catalog.set_config('enable_tidscan', 'on', false), "
    "pg_catalog.set_config('enable_seqscan', 'off', false), "
    "pg_catalog.set_config('max_parallel_workers_per_gather', '0', false), "
    "pg_catalog.set_config('lock_timeout', '1s', false), "
    "(SELECT pg_catalog.set_config(name, 'view, foreign-table', false) "
    "FROM pg_catalog.pg_settings WHERE name = 'restrict_nonsystem_relation_kind')";

int copy_open(const struct db_target *target, const char *database, const char *exported,
              struct db **db, struct err *err)
{
    struct db *made;

    if (db_open(target, database, DB_READ, &made, err) < 0)
        return -1;
    if (db_exec(made, err, settings, 0) < 0 ||
        (exported != NULL && db_import_snapshot(made, exported, err) < 0)) {
        db_close(made);
        return err_as(err, ERR_REFUSED);
    }
    *db = made;
    return 0;
}

bool copy_lost(const struct err *err)
{
    /* 08…: the connection; 57P01, 57P02: ended by an administrator, or by a crash of another */
    return strncmp(err->sqlstate, "08", 2) == 0 || strcmp(err->sqlstate, "57P01") == 0 ||
           strcmp(err->sqlstate, "57P02") == 0;
}

int copy_count(struct db *db, const char *quoted, int64_t *rows, struct err *err)
{
    auto_free char *sql = mem_alloc(strlen(quoted) + sizeof "SELECT pg_catalog.count(*) FROM ONLY ");
    auto_result struct db_result *result = NULL;

    stpcpy(stpcpy(sql, "SELECT pg_catalog.count(*) FROM ONLY "), quoted);
    if (db_query(db, &result, err, sql, 0) < 0)
        return -1;
    *rows = db_int(result, 0, 0);
    return 0;
}

/* --- one statement ------------------------------------------------------------------------------- */

static bool is_stopped(const struct copy_sink *sink)
{
    return cancel_requested() || (sink->stopped != NULL && sink->stopped(sink->arg));
}

static int stopped_error(struct err *err)
{
    bool first = err->code == ERR_NONE;

    err_set(err, ERR_INTERNAL, "cancelled");
    if (first)
        snprintf(err->sqlstate, sizeof err->sqlstate, "57014");
    return -1;
}

/* What was asked of the server, until it has answered or is to be stopped. */
static int await(PGconn *conn, const struct copy_sink *sink, struct err *err)
{
    int unsent;

    while ((unsent = PQflush(conn)) > 0 || (unsent == 0 && PQisBusy(conn))) {
        if (is_stopped(sink))
            return stopped_error(err);
        if (db_connect_wait(conn, (short)(POLLIN | (unsent ? POLLOUT : 0))) && !PQconsumeInput(conn))
            break;
    }
    return 0; /* PQgetResult knows what happened */
}

/* The lines, to the end of the data. libpq is asked for what has come before poll() is. */
static int take_lines(PGconn *conn, const struct copy_sink *sink, struct err *err)
{
    for (bool fresh = false;;) {
        char *line = NULL;
        int n = PQgetCopyData(conn, &line, 1);

        if (n > 0) {
            int rc = sink->row(sink->arg, line, (size_t)n, err);

            PQfreemem(line);
            if (rc < 0)
                return -1;
            fresh = false;
            continue;
        }
        if (n < 0)
            return 0; /* the end, or a failure that the result tells */
        if (is_stopped(sink))
            return stopped_error(err);
        if (fresh)
            db_connect_wait(conn, POLLIN);
        fresh = !fresh;
        if (!PQconsumeInput(conn))
            return 0;
    }
}

/* After a stop: the server ends the statement, and what it still sends is dropped. */
static void drain(struct db *db)
{
    PGconn *conn = db_conn(db);
    const int64_t begun = clock_mono_ms();
    PGresult *res;

    db_cancel(db);
    while (clock_mono_ms() - begun < ANSWER_MS && PQstatus(conn) == CONNECTION_OK) {
        char *line = NULL;
        int n = PQgetCopyData(conn, &line, 1);

        PQfreemem(line);
        if (n > 0)
            continue;
        if (n == 0 || PQisBusy(conn)) {
            db_connect_wait(conn, POLLIN);
            if (!PQconsumeInput(conn))
                return;
            continue;
        }
        res = PQgetResult(conn);
        if (res == NULL)
            return;
        PQclear(res);
    }
}

/* The results of a COPY that has begun or failed to begin. */
static int take_results(struct db *db, const char *sql, const struct copy_sink *sink,
                        struct err *err)
{
    PGconn *conn = db_conn(db);
    int rc = 0;

    for (;;) {
        PGresult *res;
        ExecStatusType status;

        if (await(conn, sink, err) < 0)
            return -1;
        res = PQgetResult(conn);
        if (res == NULL)
            return rc;
        status = PQresultStatus(res);
        if (rc == 0 && status != PGRES_COPY_OUT && status != PGRES_COMMAND_OK)
            rc = db_failed(db, res, sql, err);
        PQclear(res);
        if (status == PGRES_COPY_OUT && take_lines(conn, sink, err) < 0)
            return -1;
        if (PQstatus(conn) != CONNECTION_OK)
            return rc < 0 ? rc : db_failed(db, NULL, sql, err);
    }
}

void copy_source(const char *quoted, const char *columns, int64_t from, int64_t to, struct buf *out)
{
    if (from == 0 && to == 0) {
        buf_addf(out, "%s %s", quoted, columns);
        return;
    }
    buf_addf(out, "(SELECT %.*s FROM ONLY %s WHERE ctid >= '(%lld,0)'", (int)strlen(columns) - 2,
             columns + 1, quoted, (long long)from);
    if (to > 0)
        buf_addf(out, " AND ctid < '(%lld,0)'", (long long)to);
    buf_addc(out, ')');
}

int copy_rows(struct db *db, const char *source, const struct copy_sink *sink, struct err *err)
{
    auto_free char *sql = mem_alloc(strlen(source) + sizeof "COPY  TO STDOUT");

    stpcpy(stpcpy(stpcpy(sql, "COPY "), source), " TO STDOUT");
    if (is_stopped(sink))
        return stopped_error(err);
    if (!PQsendQuery(db_conn(db), sql))
        return db_failed(db, NULL, sql, err);
    if (take_results(db, sql, sink, err) < 0) {
        if (PQtransactionStatus(db_conn(db)) == PQTRANS_ACTIVE)
            drain(db);
        return -1;
    }
    return 0;
}
