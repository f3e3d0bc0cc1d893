/*
 * pgdump - what the files of the plugin share.
 *
 *     pgdump.c    the plugin's table; taking a dump
 *     tools.c     which pg_dump, pg_restore and psql are used
 *     load.c      reading a dump back: as a whole, by sections, or only checking it
 *     stream.c    the rows of all tables while a dump is written
 *     rows.c      the rows of one table out of a dump
 *     leave.c     the dump's entries without the rows of some tables
 *     post.c      indexes, constraints and triggers by several sessions
 *     foreign.c   archives that no snapshot holds
 *
 * Memory is the host's and lives as long as the environment is open.
 */
#ifndef PGDUMP_PGDUMP_H
#define PGDUMP_PGDUMP_H

#include <stdbool.h>

#include "plugin.h"

#define PGDUMP_MEMBER "main.dump"

extern const struct ddb_host *host;

/* --- tools.c ------------------------------------------------------------------------------------ */

struct tool {
    const char *path;
    int major, minor;
    char version[64]; /* "15.4", "17beta1"; "" when it could not be asked */
};

/* The start of what a child has printed; the rest is dropped. */
struct text {
    char data[4096];
    size_t len;
};

/* A growing text in the memory of ${call}. Zero-initialise the rest. */
struct string {
    struct ddb_call *call;
    char *data;
    size_t len, cap;
};

void string_add(struct string *string, const char *data, size_t n);

int tools_keep_start(void *arg, const void *data, size_t n);

/* tools_fact(call, key): a fact that is a number; 0 when it is not told. */
int64_t tools_fact(struct ddb_call *call, const char *key);

/* tools_server(call, database, version): the version of the environment's server, as libpq counts it; where
 * the host does not know it psql asks in ${database} (NULL: the environment's own); 0 when that does not
 * tell. */
int tools_server(struct ddb_call *call, const char *database, int *version);

/* tools_find(call, name, server, best): the program ${name}: the configured one, or the best one for
 * the server; version "": none. ${server} 0: unknown. */
int tools_find(struct ddb_call *call, const char *name, int server, struct tool *best);

/* tools_suitability: 3: of the server's major release and not older; 2: of a newer one; 1: too old; 0:
 * none. Without a server all programs will do. */
int tools_suitability(const struct tool *tool, int server);

/* tools_is_unknown_to: a pg_restore that sends settings which a server of version ${server} does not know, so
 * that its first statement fails (source: _doSetFixedOutputState: transaction_timeout from 17 on). */
bool tools_is_unknown_to(const struct tool *tool, int server);

/* tools_failed(call, name, status): a child failed by itself: say what it said. -1. */
int tools_failed(struct ddb_call *call, const char *name, int status);

/* --- load.c ------------------------------------------------------------------------------------- */

/* load_run(call, source, argv, database, output, arg): pg_restore as ${argv}, whose first element is
 * filled in, with the whole dump on its standard input; what it does not ask for is read all the same,
 * so that all of it is proven. ${output} NULL: its standard output is logged. */
int load_run(struct ddb_call *call, const struct ddb_source *source, const char **argv,
             const char *database, int (*output)(void *arg, const void *data, size_t n), void *arg);

/* load_head(call, source, tool, fd): the head of the dump, so much of it that the table of contents is
 * whole, in memory; "/proc/PID/fd/FD" names it for ${tool}, a pg_restore. ${fd} -1: that program cannot
 * read it there. The caller closes it. */
int load_head(struct ddb_call *call, const struct ddb_source *source, const struct tool *tool,
              int *fd);
const char *load_head_path(struct ddb_call *call, int fd);

/* load_list(call, tool, fd, output, arg): the entries of that dump, as pg_restore --list prints them. */
int load_list(struct ddb_call *call, const struct tool *tool, int fd,
              int (*output)(void *arg, const void *data, size_t n), void *arg);

/* load_shown(call, name): as pg_restore --list shows a name: newlines as blanks. load_write(call, fd, data,
 * n): all of it. */
const char *load_shown(struct ddb_call *call, const char *name);
int load_write(struct ddb_call *call, int fd, const char *data, size_t n);

/* load_program(call, argv, database): a pg_restore that needs nothing on its standard input. */
int load_program(struct ddb_call *call, const char *const *argv, const char *database);

/* A connection string that names the database (NULL: the environment does), for its name must not be read as
 * anything else, and says after how long a silent server is given up. No secret is in it. */
const char *load_conninfo(struct ddb_call *call, const char *database);

/* The callbacks of plugin.h. */
int load_verify(struct ddb_call *call, const struct ddb_source *source);
int load_restore(struct ddb_call *call, const struct ddb_source *source, const char *database);
int load_section(struct ddb_call *call, const struct ddb_source *source, const char *database,
                 const char *section);

/* --- foreign.c ---------------------------------------------------------------------------------- */

/* The callbacks restore_archive and archive_sql of plugin.h. */
int foreign_restore(struct ddb_call *call, const struct ddb_source *source, const char *path,
                    const char *version, const char *database);
int foreign_sql(struct ddb_call *call, const struct ddb_source *source, const char *path,
                int (*out)(void *arg, const char *text, size_t n), void *arg);

/* --- rows.c ------------------------------------------------------------------------------------- */

/* The callback table_rows of plugin.h. */
int rows_of_table(struct ddb_call *call, const struct ddb_source *source, const char *schema,
                  const char *name, const char **columns,
                  int (*out)(void *arg, const char *text, size_t n), void *arg);

/* rows_columns(call, statement, schema, name): "(id, total)" of "COPY public.orders (id, total) FROM
 * stdin;\n", "" where it has no list; NULL: it is of another table, or no such statement. */
const char *rows_columns(struct ddb_call *call, const char *statement, const char *schema,
                         const char *name);

/* --- stream.c ----------------------------------------------------------------------------------- */

/* stream_new(call, sink): to follow a dump that is written to ${sink}, whose rows_begin, rows and rows_end
 * are called for each table that is understood. stream_take(stream, data, n): more of the dump; -1 when
 * one of them failed. */
struct stream;
struct stream *stream_new(struct ddb_call *call, const struct ddb_sink *sink);
int stream_take(struct stream *stream, const char *data, size_t n);

/* --- leave.c ------------------------------------------------------------------------------------ */

/* The whole list of entries, as pg_restore prints it; data is NULL before its first byte. leave_take(entries,
 * data, n): more of it. */
struct entries {
    struct ddb_call *call;
    char *data;
    size_t len, cap;
};

int leave_take(void *arg, const void *data, size_t n);

/* leave_list(call, source, tables, fd): the entries of the dump without the rows of ${tables} (schema, name,
 * schema, name, …), as a file in memory for pg_restore -L. The caller closes it. A table that is not in
 * the dump, or that cannot be told from another one, is a failure. */
int leave_list(struct ddb_call *call, const struct ddb_source *source, const char *const *tables,
               int *fd);

/* --- post.c ------------------------------------------------------------------------------------- */

/* post_restore(call, tool, head, database): the section post-data of the dump whose head is ${head}, by
 * ${tool} with as many sessions as the fact "jobs" says. */
int post_restore(struct ddb_call *call, const struct tool *tool, int head, const char *database);

#endif
