/*
 * db_connect - inside pg/ only: reach a server, within a time and until cancelled. See db.h.
 */
#ifndef PG_DB_CONNECT_H
#define PG_DB_CONNECT_H

#include <libpq-fe.h>

#include "pg/db_target.h"

/* db_connect_open(target, database, display, conn, err): connected, or -1 with class ERR_REFUSED
 * and the server's SQLSTATE. PQfinish ${conn} in both cases (it may be NULL). */
int db_connect_open(const struct db_target *target, const char *database, const char *display,
                    PGconn **conn, struct err *err) CHECK;

/* How long connecting may take, all in all. */
int64_t db_connect_limit_ms(const struct db_target *target);

/* Wait for the socket, at most a tick of 200 ms; true when it is ready. */
bool db_connect_wait(PGconn *conn, short events);

#endif
