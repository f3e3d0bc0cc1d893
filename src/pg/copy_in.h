/*
 * copy_in - rows into a table, as lines of COPY's text format, in sessions whose settings are those of
 * pg_restore: the lines mean what they meant to the session that printed them.
 *
 * One statement at a time: copy_in_begin, any number of copy_in_write, then copy_in_end or
 * copy_in_abandon. Memory is bounded by what one call is given. Changes: that table.
 */
#ifndef PG_COPY_IN_H
#define PG_COPY_IN_H

#include "pg/db.h"

/* copy_in_open(target, database, db, err): a session for loading a database that nobody uses yet: its
 * commits do not wait for the disk, so that somebody must see to it before the database is used (the
 * exchange of names does). Close it with db_close. ERR_REFUSED. */
int copy_in_open(const struct db_target *target, const char *database, struct db **db,
                 struct err *err) CHECK;

/* copy_in_begin(db, table, err): "COPY ${table} FROM STDIN", where ${table} is a quoted name with its
 * columns: "public.orders (id, total)". */
int copy_in_begin(struct db *db, const char *table, struct err *err) CHECK;

/* copy_in_begin_binary(db, table, err): the same for what copy_binary makes of lines (copy_binary.h). */
int copy_in_begin_binary(struct db *db, const char *table, struct err *err) CHECK;

/* copy_in_statement(db, sql, err): the same with a statement that is given as a whole. */
int copy_in_statement(struct db *db, const char *sql, struct err *err) CHECK;

/* copy_in_write(db, data, n, stopped, arg, err): pieces of lines as they come. While the server is
 * slower than we are, ${stopped}(arg) is asked (NULL: only a cancel request counts); true is a failure. */
int copy_in_write(struct db *db, const void *data, size_t n, bool (*stopped)(void *arg), void *arg,
                  struct err *err) CHECK;

/* copy_in_end(db, table, rows, err): all of it is there; ${rows}: how many rows the server has taken. */
int copy_in_end(struct db *db, const char *table, int64_t *rows, struct err *err) CHECK;

/* copy_in_abandon(db): nothing of the statement stays. */
void copy_in_abandon(struct db *db);

#endif
