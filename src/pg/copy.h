/*
 * copy - rows of tables as COPY's text lines, in sessions whose settings are those of pg_dump: what
 * is printed does not depend on the role, the database or the environment, and what pg_dump would
 * write of a table is what is read here, byte for byte.
 *
 * Which tables are there, and which of them are plain enough for a copy of our own, is copy_plan's
 * (copy_plan.h).
 */
#ifndef PG_COPY_H
#define PG_COPY_H

#include "base/buf.h"
#include "pg/db.h"

/* Where rows go, in the caller's thread. */
struct copy_sink {
    /* A line with its newline; -1 with the failure in ${err} ends the statement. */
    int (*row)(void *arg, const char *line, size_t n, struct err *err);
    /* Asked while the server is silent: true ends the statement. NULL: only a cancel request does. */
    bool (*stopped)(void *arg);
    void *arg;
};

/* copy_open(target, database, exported, db, err): a read-only session as pg_dump's; with the snapshot
 * ${exported}, NULL for none, in a transaction that sees what it sees. A lock that somebody else waits
 * for is given up at once (SQLSTATE 55P03), because that one waits for the session that exported the
 * snapshot. Close it with db_close. ERR_REFUSED. */
int copy_open(const struct db_target *target, const char *database, const char *exported,
              struct db **db, struct err *err) CHECK;

/* copy_source(quoted, columns, from, to, out): what copy_rows reads of a table: the rows in its pages ${from}
 * up to ${to}; ${to} 0: to its end; both 0: the whole table. ${columns} are in parentheses. Adds to
 * ${out}. */
void copy_source(const char *quoted, const char *columns, int64_t from, int64_t to, struct buf *out);

/* copy_rows(db, source, sink, err): all rows of "COPY ${source} TO STDOUT", where ${source} is a
 * table with its columns, or a query in parentheses. */
int copy_rows(struct db *db, const char *source, const struct copy_sink *sink,
              struct err *err) CHECK;

/* copy_count(db, quoted, rows, err): how many rows the table itself has. */
int copy_count(struct db *db, const char *quoted, int64_t *rows, struct err *err) CHECK;

/* Whether ${err}, of copy_open or copy_rows, says that the connection was lost, or that the server
 * ended it: a new session may succeed. */
bool copy_lost(const struct err *err);

#endif
