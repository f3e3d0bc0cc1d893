/*
 * pgtest - what tests of the database floor share: a superuser's connection to the private cluster
 * that the variable DDB_TEST_CONNINFO names (unix socket), and scratch databases in it. Everything
 * fails the test, with the server's words, when it does not work. Include it after cmocka.h.
 *
 *     char db[64];
 *     pgtest_create(db, "drift");                       database test_drift_PID
 *     pgtest_sql(db, "CREATE TABLE t (%s int)", "a");   as superuser, in ${db}
 *     struct db_target *target = pgtest_target(arena, db, NULL);
 *     pgtest_drop(db);                                  ends its sessions too
 */
#ifndef HARNESS_PGTEST_H
#define HARNESS_PGTEST_H

#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pg/db.h"

#define PGTEST __attribute__((unused)) static

PGTEST const char *pgtest_conninfo(void)
{
    const char *conninfo = getenv("DDB_TEST_CONNINFO");

    if (conninfo == NULL)
        fail_msg("DDB_TEST_CONNINFO is not set: start a private cluster first");
    return conninfo;
}

/* A connection string for ${database} and ${user}; NULL keeps what DDB_TEST_CONNINFO says. */
PGTEST const char *pgtest_conninfo_for(struct arena *arena, const char *database, const char *user)
{
    const char *text = arena_strdup(arena, pgtest_conninfo());

    if (database != NULL)
        text = arena_printf(arena, "%s dbname='%s'", text, database);
    if (user != NULL)
        text = arena_printf(arena, "%s user='%s'", text, user);
    return text;
}

PGTEST struct db_target *pgtest_target(struct arena *arena, const char *database, const char *user)
{
    struct db_target *target = NULL;
    struct err err = ERR_INIT;

    if (db_target_new(arena, pgtest_conninfo_for(arena, database, user), "postgresql", &target,
                      &err) < 0)
        fail_msg("%s", err.primary);
    return target;
}

/* A session under test: gives it, or fails the test. */
PGTEST struct db *pgtest_open(const struct db_target *target, enum db_mode mode)
{
    struct db *db = NULL;
    struct err err = ERR_INIT;

    if (db_open(target, NULL, mode, &db, &err) < 0)
        fail_msg("%s\n%s", err.primary, err.detail);
    return db;
}

/* A libpq connection, as somebody else's program has it. PQfinish it. */
PGTEST PGconn *pgtest_connect_as(const char *database, const char *user)
{
    struct arena *arena = arena_new();
    PGconn *conn = PQconnectdb(pgtest_conninfo_for(arena, database, user));

    arena_free(arena);
    if (PQstatus(conn) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(conn));
    return conn;
}

PGTEST PGconn *pgtest_connect(const char *database)
{
    return pgtest_connect_as(database, NULL);
}

PGTEST void pgtest_run(PGconn *conn, const char *fmt, ...) PRINTF(2, 3);
PGTEST void pgtest_run(PGconn *conn, const char *fmt, ...)
{
    char *sql = NULL;
    va_list args;
    PGresult *res;
    ExecStatusType status;

    va_start(args, fmt);
    if (vasprintf(&sql, fmt, args) < 0)
        fail_msg("out of memory");
    va_end(args);
    res = PQexec(conn, sql);
    status = PQresultStatus(res);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQresultErrorMessage(res));
    PQclear(res);
    free(sql);
}

/* SQL in ${database} (NULL: the one of DDB_TEST_CONNINFO), on a connection of its own. */
PGTEST void pgtest_sql(const char *database, const char *fmt, ...) PRINTF(2, 3);
PGTEST void pgtest_sql(const char *database, const char *fmt, ...)
{
    PGconn *conn = pgtest_connect(database);
    char *sql = NULL;
    va_list args;

    va_start(args, fmt);
    if (vasprintf(&sql, fmt, args) < 0)
        fail_msg("out of memory");
    va_end(args);
    pgtest_run(conn, "%s", sql);
    free(sql);
    PQfinish(conn);
}

/* The first value of a query, "" for NULL or no row; kept until the next call. */
PGTEST const char *pgtest_value(const char *database, const char *sql)
{
    static char value[8192];
    PGconn *conn = pgtest_connect(database);
    PGresult *res = PQexec(conn, sql);

    if (PQresultStatus(res) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQresultErrorMessage(res));
    snprintf(value, sizeof value, "%s", PQntuples(res) > 0 ? PQgetvalue(res, 0, 0) : "");
    PQclear(res);
    PQfinish(conn);
    return value;
}

PGTEST void pgtest_drop(const char *name)
{
    PGconn *conn = pgtest_connect(NULL);

    pgtest_run(conn, "SET client_min_messages = warning");
    pgtest_run(conn, "DROP DATABASE IF EXISTS \"%s\" WITH (FORCE)", name);
    PQfinish(conn);
}

/* Create an empty database; its name, "test_WORD_PID", is written to ${name}. */
PGTEST void pgtest_create(char name[64], const char *word)
{
    snprintf(name, 64, "test_%s_%d", word, (int)getpid());
    pgtest_drop(name);
    pgtest_sql(NULL, "CREATE DATABASE \"%s\" TEMPLATE template0", name);
}

#endif
