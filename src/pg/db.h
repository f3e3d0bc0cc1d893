/*
 * db - connections, and nothing above this floor sends SQL of its own: each statement is a named
 * function of a file in pg/, its text in pg/sql/ where it is longer than a line.
 *
 * db_query runs in a READ ONLY transaction's semantics (default_transaction_read_only is on for
 * sessions opened with DB_READ, and off for others, whatever the database says); db_exec changes the
 * database. Every session sets an empty search_path-safe environment, client_encoding UTF8 (or the
 * server's for SQL_ASCII), no timeouts but those asked for, and application_name "deploy-db RUN".
 * Sessions are opened, used and closed in one thread.
 */
#ifndef PG_DB_H
#define PG_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

/* A database as the configuration names it, parsed by libpq. */
struct db_target;

/* db_target_new(arena, conninfo, scheme, target, err): parse. Service files are read here, so that
 * the host, port and name are known. ERR_CONFIG when it cannot be parsed or names no database. */
int db_target_new(struct arena *arena, const char *conninfo, const char *scheme,
                  struct db_target **target, struct err *err) CHECK;
/* db_target_at(arena, target, database): the same server and role, another database. */
struct db_target *db_target_at(struct arena *arena, const struct db_target *target,
                               const char *database);

/* db_target_same(a, b): both name the same database of the same server, as far as their texts tell. */
bool db_target_same(const struct db_target *a, const struct db_target *b);

const char *db_target_name(const struct db_target *target);    /* database name */
const char *db_target_display(const struct db_target *target); /* "shop on db1:5432 as deploy" */
bool db_target_is_local(const struct db_target *target);       /* by a socket of this machine */

/* The SQLAlchemy URL (a secret), for the project's own command; and with "***" for passwords, for
 * people. */
const char *db_target_url(const struct db_target *target);
const char *db_target_shown_url(const struct db_target *target);

/* Environment changes for libpq tools to connect to ${database} (NULL: the target's own), in
 * ${arena}: PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD, PGSSLMODE …, and PGAPPNAME. */
const char *const *db_target_env(const struct db_target *target, struct arena *arena,
                                 const char *database);

/* The same for a session of this process: keyword, value, keyword, …, NULL, for PQconnectdbParams. */
const char *const *db_target_params(const struct db_target *target, struct arena *arena,
                                    const char *database);

/* db_set_run(id): from now on sessions are named "deploy-db ID" (default "deploy-db"). */
void db_set_run(const char *id);

enum db_mode { DB_READ, DB_WRITE };
struct db;

/* db_open(target, database, mode, db, err): connect to ${database} (NULL: the target's own), 10 s
 * connect timeout unless the target says otherwise. The error has the server's SQLSTATE where there
 * is one; the class is ERR_REFUSED. */
int db_open(const struct db_target *target, const char *database, enum db_mode mode, struct db **db,
            struct err *err) CHECK;
void db_close(struct db *db); /* NULL is fine */

/* What db_open was given; it must live as long as it is asked for. */
const struct db_target *db_target(const struct db *db);

/* db_timeouts(db, lock_ms, statement_ms, err): for what follows on this session; 0 means none. */
int db_timeouts(struct db *db, int64_t lock_ms, int64_t statement_ms, struct err *err) CHECK;

int db_server_version(const struct db *db);              /* 150020 */
const char *db_server_version_text(const struct db *db); /* "15.20" */
const char *db_name(const struct db *db);
const char *db_user(const struct db *db);
int db_pid(const struct db *db);
bool db_alive(struct db *db); /* asks the server */

/* db_identity(db, system_identifier, database_oid, err): which cluster and database this is. */
int db_identity(struct db *db, char system_identifier[32], char database_oid[16],
                struct err *err) CHECK;

/* db_export_snapshot(db, id, err): begin a REPEATABLE READ READ ONLY transaction and export its
 * snapshot; everything read on ${db} until db_end_snapshot sees that moment. */
int db_export_snapshot(struct db *db, char id[64], struct err *err) CHECK;
void db_end_snapshot(struct db *db);

/* db_import_snapshot(db, id, err): begin such a transaction that sees what the session sees that has
 * exported ${id} and still holds it. db_end_snapshot ends it. */
int db_import_snapshot(struct db *db, const char *id, struct err *err) CHECK;

/* --- for the other files of pg/ only ---------------------------------------------------------- */

/* The name of our sessions: "deploy-db ID". */
const char *db_application(void);

/* db_pooled(target, database, pooled, err): whether the server hands our two sessions one backend
 * in turn, as a pooler in transaction mode does. Leaves no setting behind in a shared backend.
 * db_open refuses such a server, because its settings would reach other people's sessions. */
int db_pooled(const struct db_target *target, const char *database, bool *pooled,
              struct err *err) CHECK;

/* db_query(db, result, err, sql, n, ...): ${n} text parameters (NULL: SQL NULL). The result has
 * text values; release it with db_result_free. db_exec is the same for statements that change
 * something and gives no result. A cancel request ends the statement on the server; the error
 * (class ERR_INTERNAL) has the SQLSTATE. db_quietly runs ${sql} even when a cancel was requested,
 * and ignores failures: for putting things back. */
struct db_result;
int db_query(struct db *db, struct db_result **result, struct err *err, const char *sql, int n,
             ...) CHECK;
int db_exec(struct db *db, struct err *err, const char *sql, int n, ...) CHECK;
void db_quietly(struct db *db, const char *sql);

/* The connection itself, for what db_query cannot do (COPY): a nonblocking one. db_failed(db, res, sql,
 * err): record what the server said of ${sql}, or that the connection is lost (SQLSTATE 08006);
 * returns -1. db_cancel(db): ask the server to end the statement that runs. */
struct pg_conn;
struct pg_result;
struct pg_conn *db_conn(const struct db *db);
int db_failed(const struct db *db, const struct pg_result *res, const char *sql, struct err *err);
void db_cancel(struct db *db);

/* db_own_pids(out, cap): the server processes of all sessions of this program, "{4711,4712}". */
void db_own_pids(char *out, size_t cap);
bool db_in_transaction(const struct db *db); /* a block is open; it may have failed */
int db_rows(const struct db_result *result);
const char *db_value(const struct db_result *result, int row, int column); /* NULL: SQL NULL */
int64_t db_int(const struct db_result *result, int row, int column);
bool db_bool(const struct db_result *result, int row, int column);
int db_columns(const struct db_result *result);
unsigned db_type(const struct db_result *result, int column); /* its oid; of a domain its base type's */
void db_result_free(struct db_result *result);
void db_result_free_at(struct db_result **result);
#define auto_result __attribute__((cleanup(db_result_free_at)))

/* db_quote(arena, name): a quoted identifier; db_literal a quoted literal. */
const char *db_quote(struct db *db, struct arena *arena, const char *name);
const char *db_literal(struct db *db, struct arena *arena, const char *text);

#endif
