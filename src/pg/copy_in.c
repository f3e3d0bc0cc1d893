/* copy_in - see copy_in.h. */
#include "pg/copy_in.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "pg/db_connect.h"

/* How long a server may take to answer what has been given up. */
enum { ANSWER_MS = 10 * 1000 };

/* What pg_restore sets besides what sessions of ours have; and no waiting for the disk. */
static const char settings[] =
    "SELECT pg_catalog.set_config('search_path', '', false), "
    "pg_catalog.set_config('xmloption', 'content', false), "
    "pg_catalog.set_config('default_transaction_read_only', 'off', false), "
    "pg_catalog.set_config('synchronous_commit', 'off', false)";

int copy_in_open(const struct db_target *target, const char *database, struct db **db,
                 struct err *err)
{
    struct db *made;

    if (db_open(target, database, DB_WRITE, &made, err) < 0)
        return -1;
    if (db_exec(made, err, settings, 0) < 0) {
        db_close(made);
        return err_as(err, ERR_REFUSED);
    }
    *db = made;
    return 0;
}

static int is_cancelled(bool (*stopped)(void *arg), void *arg, struct err *err)
{
    if (!cancel_requested() && (stopped == NULL || !stopped(arg)))
        return 0;
    return err_set(err, ERR_INTERNAL, "cancelled");
}

/* Until everything is sent (${answer}: and the server has answered). */
static int await(struct db *db, bool answer, bool (*stopped)(void *arg), void *arg, struct err *err)
{
    PGconn *conn = db_conn(db);

    for (;;) {
        int unsent = PQflush(conn);

        if (unsent < 0 || (unsent == 0 && (!answer || !PQisBusy(conn))))
            return 0; /* PQgetResult knows what happened */
        if (is_cancelled(stopped, arg, err) < 0)
            return -1;
        if (db_connect_wait(conn, (short)(POLLIN | (unsent ? POLLOUT : 0))) &&
            !PQconsumeInput(conn))
            return 0;
    }
}

/* The results that are left: the first failure, and how many rows the last one tells. */
static int finish(struct db *db, const char *sql, int64_t *rows, struct err *err)
{
    PGconn *conn = db_conn(db);
    bool told = false;
    int rc = 0;

    for (;;) {
        PGresult *res;

        if (await(db, true, NULL, NULL, err) < 0)
            return -1;
        res = PQgetResult(conn);
        if (res == NULL)
            return rc < 0 || told ? rc : db_failed(db, NULL, sql, err);
        if (PQresultStatus(res) == PGRES_COMMAND_OK) {
            *rows = strtoll(PQcmdTuples(res), NULL, 10);
            told = true;
        } else if (rc == 0) {
            rc = db_failed(db, res, sql, err);
        }
        PQclear(res);
        if (PQstatus(conn) != CONNECTION_OK)
            return rc < 0 ? rc : db_failed(db, NULL, sql, err);
    }
}

static char *statement(const char *table, const char *format)
{
    char *sql = mem_alloc(strlen(table) + strlen(format) + sizeof "COPY  FROM STDIN");

    stpcpy(stpcpy(stpcpy(stpcpy(sql, "COPY "), table), " FROM STDIN"), format);
    return sql;
}

int copy_in_begin(struct db *db, const char *table, struct err *err)
{
    auto_free char *sql = statement(table, "");

    return copy_in_statement(db, sql, err);
}

int copy_in_begin_binary(struct db *db, const char *table, struct err *err)
{
    auto_free char *sql = statement(table, " (FORMAT binary)");

    return copy_in_statement(db, sql, err);
}

int copy_in_statement(struct db *db, const char *sql, struct err *err)
{
    struct err more = ERR_INIT; /* what follows the first failure */
    int64_t rows;
    PGresult *res;
    bool begun, lost;

    if (is_cancelled(NULL, NULL, err) < 0)
        return -1;
    if (!PQsendQuery(db_conn(db), sql))
        return db_failed(db, NULL, sql, err);
    if (await(db, true, NULL, NULL, err) < 0)
        return -1;
    res = PQgetResult(db_conn(db));
    lost = res == NULL;
    begun = PQresultStatus(res) == PGRES_COPY_IN;
    if (!begun)
        db_failed(db, res, sql, err);
    PQclear(res);
    if (!begun && !lost && finish(db, sql, &rows, &more) < 0)
        return -1;
    return begun ? 0 : -1;
}

int copy_in_write(struct db *db, const void *data, size_t n, bool (*stopped)(void *arg), void *arg,
                  struct err *err)
{
    enum { PIECE = 64 * 1024 };
    const char *at = data;

    while (n > 0) {
        size_t piece = n < PIECE ? n : PIECE;
        int rc = PQputCopyData(db_conn(db), at, (int)piece);

        if (rc < 0)
            return db_failed(db, NULL, "COPY", err);
        if (await(db, false, stopped, arg, err) < 0)
            return -1;
        if (rc == 0)
            continue; /* there was no room for it */
        at += piece;
        n -= piece;
    }
    return 0;
}

int copy_in_end(struct db *db, const char *table, int64_t *rows, struct err *err)
{
    auto_free char *sql = statement(table, "");
    int rc;

    while ((rc = PQputCopyEnd(db_conn(db), NULL)) == 0)
        if (await(db, false, NULL, NULL, err) < 0)
            return -1;
    *rows = 0;
    return rc < 0 ? db_failed(db, NULL, sql, err) : finish(db, sql, rows, err);
}

void copy_in_abandon(struct db *db)
{
    PGconn *conn = db_conn(db);
    const int64_t begun = clock_mono_ms();

    if (PQtransactionStatus(conn) != PQTRANS_ACTIVE)
        return;
    PQputCopyEnd(conn, "given up");
    db_cancel(db);
    while (clock_mono_ms() - begun < ANSWER_MS && PQstatus(conn) == CONNECTION_OK) {
        int unsent = PQflush(conn);

        if (unsent == 0 && !PQisBusy(conn)) {
            PGresult *res = PQgetResult(conn);

            if (res == NULL)
                return;
            PQclear(res);
            continue;
        }
        if (db_connect_wait(conn, (short)(POLLIN | (unsent > 0 ? POLLOUT : 0))))
            PQconsumeInput(conn);
    }
}
