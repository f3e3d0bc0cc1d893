/* session - see session.h. What a refusal says is in session_fail.c, connecting in session_open.c.
 */
#include "session.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "session_wait.h"

enum { PIECE = 64 * 1024 };

/* Whether it may be sent at all. */
static int check(struct session *session)
{
    session_look(session);
    return session->stopped == NULL ? 0 : session_lost(session);
}

/* --- one after the other -----------------------------------------------------------------------*/

static bool is_done(const PGresult *res)
{
    ExecStatusType status = PQresultStatus(res);

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

/* The last result, or the first refusal; ${first} has been read already, or is NULL. What asks
 * for data that nobody has ends the session. */
static int finish(struct session *session, PGresult *first, PGresult **last)
{
    bool refused = false;

    *last = NULL;
    for (PGresult *res = first; res != NULL || (res = session_next(session)) != NULL; res = NULL) {
        ExecStatusType status = PQresultStatus(res);

        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            PQclear(res);
            PQclear(*last);
            *last = NULL;
            session->stopped = "COPY wants its data from, or gives it to, a client";
            return session_lost(session);
        }
        if (refused) {
            PQclear(res);
            continue;
        }
        PQclear(*last);
        *last = res;
        refused = !is_done(res);
    }
    if (session->stopped == NULL && *last != NULL &&
        (!refused || PQresultErrorField(*last, PG_DIAG_SQLSTATE) != NULL) &&
        PQstatus(session->conn) == CONNECTION_OK)
        return refused;
    session_lost_with(session, *last);
    PQclear(*last);
    *last = NULL;
    return -1;
}

int session_try(struct session *session, const char *sql, int n, const char *const *values,
                PGresult **res)
{
    int sent;

    *res = NULL;
    if (check(session) < 0)
        return -1;
    sent = n > 0 ? PQsendQueryParams(session->conn, sql, n, NULL, values, NULL, NULL, 0)
                 : PQsendQuery(session->conn, sql);
    if (!sent)
        return session_lost(session);
    return finish(session, NULL, res);
}

/* --- COPY --------------------------------------------------------------------------------------*/

/* 0; -1 when the connection is gone or there is no time, which finish() will find too. */
static int put(struct session *session, const char *data, size_t n)
{
    while (n > 0) {
        size_t piece = n < PIECE ? n : PIECE;
        int rc = PQputCopyData(session->conn, data, (int)piece);

        if (rc < 0)
            return -1;
        if (rc == 0) {
            session_poll(session, POLLIN | POLLOUT);
            if (session->stopped != NULL)
                return -1;
            continue;
        }
        data += piece;
        n -= piece;
    }
    return 0;
}

int session_copy(struct session *session, const char *sql, const char *data, size_t n,
                 PGresult **res)
{
    PGresult *begun;
    int rc;

    *res = NULL;
    if (check(session) < 0)
        return -1;
    if (!PQsendQuery(session->conn, sql))
        return session_lost(session);
    begun = session_next(session);
    if (PQresultStatus(begun) != PGRES_COPY_IN)
        return finish(session, begun, res);
    PQclear(begun);
    rc = put(session, data, n);
    while (PQputCopyEnd(session->conn, rc < 0 ? "given up" : NULL) == 0)
        if (session_poll(session, POLLIN | POLLOUT) < 0)
            break;
    return finish(session, NULL, res);
}

/* --- batches -----------------------------------------------------------------------------------*/

static int send_item(PGconn *conn, const struct session_item *item)
{
    if (item->name != NULL)
        return PQsendQueryPrepared(conn, item->name, item->n, item->values, NULL, NULL, 0);
    return PQsendQueryParams(conn, item->sql, item->n, NULL, item->values, NULL, NULL, 0);
}

static int send_items(struct session *session, const struct session_item *items, size_t n)
{
    if (!PQenterPipelineMode(session->conn))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (!send_item(session->conn, &items[i]))
            return -1;
    return PQpipelineSync(session->conn) ? 0 : -1;
}

/* One item's result and the NULL behind it. */
static int take(struct session *session, struct session_item *item, PGresult **refusal)
{
    PGresult *res = session_next(session);
    PGresult *rest;
    ExecStatusType status = PQresultStatus(res);

    if (res == NULL)
        return -1;
    if (is_done(res))
        item->rows = strtol(PQcmdTuples(res), NULL, 10);
    else if (status != PGRES_PIPELINE_ABORTED && *refusal == NULL) {
        *refusal = res;
        res = NULL;
    }
    PQclear(res);
    while ((rest = session_next(session)) != NULL)
        PQclear(rest);
    return PQstatus(session->conn) == CONNECTION_OK ? 0 : -1;
}

int session_batch(struct session *session, struct session_item *items, size_t n, size_t *failed,
                  PGresult **res)
{
    int rc;

    *res = NULL;
    *failed = n;
    if (check(session) < 0)
        return -1;
    rc = send_items(session, items, n);
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = take(session, &items[i], res);
        if (*res != NULL && *failed == n)
            *failed = i;
    }
    if (rc == 0) {
        PGresult *sync = session_next(session);

        rc = PQresultStatus(sync) == PGRES_PIPELINE_SYNC && PQexitPipelineMode(session->conn) ? 0
                                                                                              : -1;
        PQclear(sync);
    }
    if (rc == 0 && session->stopped == NULL &&
        (*res == NULL || PQresultErrorField(*res, PG_DIAG_SQLSTATE) != NULL))
        return *res != NULL;
    session_lost_with(session, *res);
    PQclear(*res);
    *res = NULL;
    return -1;
}

/* --- for what must work ------------------------------------------------------------------------*/

PGresult *session_query(struct session *session, const char *what, const char *sql, int n,
                        const char *const *values)
{
    const struct session_place place = {.what = what, .sql = sql};
    PGresult *res;
    int rc = session_try(session, sql, n, values, &res);

    if (rc == 0)
        return res;
    if (rc > 0)
        session_fail(session, &place, res);
    PQclear(res);
    return NULL;
}

int session_prepare(struct session *session, const struct session_item *item)
{
    const struct session_place place = {.what = "could not prepare a statement", .sql = item->sql};
    PGresult *res = NULL;
    int rc = check(session);

    if (rc == 0 && !PQsendPrepare(session->conn, item->name, item->sql, item->n, NULL))
        return session_lost(session);
    if (rc == 0)
        rc = finish(session, NULL, &res);
    if (rc > 0)
        rc = session_fail(session, &place, res);
    PQclear(res);
    return rc;
}

int session_exec(struct session *session, const char *what, const char *sql)
{
    PGresult *res = session_query(session, what, sql, 0, NULL);

    PQclear(res);
    return res != NULL ? 0 : -1;
}

int session_rollback(struct session *session)
{
    return session_exec(session, "could not roll back", "ROLLBACK");
}

int session_reset(struct session *session)
{
    return session_exec(session, "could not reset the session", session->settings);
}
