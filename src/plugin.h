/*
 * plugin.h - the plugin interface of deploy-db; the only header that is installed.
 *
 * A plugin is a shared object that exports one function, ddb_plugin(), which returns a const table.
 * The core of deploy-db knows *when* something is done; a plugin knows *how*: an engine lists
 * revisions and runs migrations, a snapshot takes and loads a copy of the data, a store keeps files.
 *
 * The promise. Every table starts with its own size. Tables only grow at the end, and what is
 * appended is pointer-sized. The host copies what both sides know, so an old plugin runs on a new
 * host (its missing callbacks are NULL) and a new plugin on an old one (it tests DDB_HAS before it
 * uses a newer service). A changed meaning raises the major number, and then the host refuses.
 *
 * Rules for a plugin:
 *   - A callback returns 0, or -1 after host->fail(). A -1 without fail() is reported as a bug of
 *     the plugin, by name.
 *   - Strings the host gives live until the callback returns, unless the comment says otherwise;
 *     memory from host->alloc lives as long as the call's environment is open. Nothing is freed
 *     across the boundary.
 *   - The only static variable is the pointer to the host's table: two environments may be open.
 *   - It never exits, changes the working directory, the environment, signal handlers or umask;
 *     children only through host->run.
 *   - It notes what it is about to create (host->note) before it creates it; after a crash
 *     host->noted gives that back, so that it can be cleaned up.
 *
 * Includes: this header and system headers only, so that a plugin has no undefined symbols of
 * deploy-db and can be tested with a host of the test's own.
 */
#ifndef DEPLOY_DB_PLUGIN_H
#define DEPLOY_DB_PLUGIN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DDB_ABI_MAJOR 1u
#define DDB_ABI_MINOR 3u
#define DDB_ABI       (DDB_ABI_MAJOR << 16 | DDB_ABI_MINOR)

/* Whether ${table}, as given by the other side, is large enough to hold ${field}. */
#define DDB_HAS(table, field)                                                                      \
    ((table)->size >= offsetof(__typeof__(*(table)), field) + sizeof((table)->field))

#define DDB_EXPORT __attribute__((visibility("default")))

/* One use of a plugin: which environment, run, deadline, and where failures go. Opaque. */
struct ddb_call;

enum ddb_kind {
    DDB_KIND_ENGINE = 1,
    DDB_KIND_SNAPSHOT = 2,
    DDB_KIND_STORE = 3,
};

enum ddb_level {
    DDB_LEVEL_ERROR = 0,
    DDB_LEVEL_WARNING = 1,
    DDB_LEVEL_INFO = 2,
    DDB_LEVEL_DETAIL = 3,
    DDB_LEVEL_DEBUG = 4,
};

/* How well a plugin can do something. A missing callback means NONE. */
enum ddb_can {
    DDB_CAN_NONE = 0,
    DDB_CAN_PARTLY = 1,
    DDB_CAN_FULLY = 2,
};

/* --- services: what the host does for a plugin ------------------------------------------------ */

/* A child process. ${argv} is NULL-terminated and argv[0] is searched on PATH. ${env} holds
 * changes, "NAME=value" to set and "NAME" to remove, NULL for none. Standard input comes from
 * ${input} (next bytes; 0 ends it; -1 stops the child), or is closed. Standard output goes to
 * ${output} (nonzero stops the child), or by lines to the log; standard error by lines to the log
 * and, where given, to ${error_line}. ${timeout_ms} 0 means none. */
struct ddb_child {
    size_t size;
    const char *const *argv;
    const char *const *env;
    const char *cwd;  /* NULL: the configured directory of the project, or ours */
    const char *tool; /* its name in the log; NULL: argv[0] */
    int64_t timeout_ms;
    ssize_t (*input)(void *arg, void *data, size_t cap);
    int (*output)(void *arg, const void *data, size_t n);
    void (*error_line)(void *arg, const char *line);
    void *arg;
};

/* What a statement is, as far as whoever runs it must know. */
enum ddb_statement_flag {
    DDB_STATEMENT_TRANSACTION = 1,  /* BEGIN, COMMIT, SAVEPOINT, PREPARE TRANSACTION … */
    DDB_STATEMENT_COPY_IN = 2,      /* COPY … FROM STDIN; its lines are in ${data} */
    DDB_STATEMENT_META = 4,         /* a psql meta-command, up to the end of its line: no SQL */
    DDB_STATEMENT_CONCURRENTLY = 8, /* CREATE INDEX or REINDEX … CONCURRENTLY */
    DDB_STATEMENT_LEXED = 16,       /* the parser does not know it: cut by lexical rules alone */
};

/* One statement of a SQL text. Nothing here ends with a NUL. */
struct ddb_statement {
    size_t size;
    const char *text; /* from its first word, without the semicolon */
    size_t n;
    size_t line;      /* of its first byte, from 1 */
    uint64_t flags;   /* sum of enum ddb_statement_flag */
    const char *data; /* of COPY … FROM STDIN: its lines, without the last one, "\."; else NULL */
    size_t data_n;
};

/* A comment "-- …" that stands alone on its line, outside of quotes and block comments. */
struct ddb_comment {
    size_t size;
    const char *text; /* from the dashes to the end of the line, not NUL-terminated */
    size_t n;
    size_t line;      /* from 1 */
    size_t depth;     /* of the parentheses and BEGIN ATOMIC bodies around it: inside a statement */
};

/* What a new revision file is to be called: Alembic's file_template. */
enum ddb_file_name_flag {
    DDB_FILE_NAME_ESCAPED = 1, /* in the template, "%%(" stands for "%(" */
};

struct ddb_file_name {
    size_t size;
    const char *file_template; /* NULL: "%(rev)s_%(slug)s" */
    const char *id;
    const char *message;  /* "": none */
    const char *moment;   /* "2026-01-31 13:45:10", local time; more may follow */
    size_t slug_length;   /* how many characters of the message; 0: 40 */
    uint64_t flags;       /* sum of enum ddb_file_name_flag */
};

struct ddb_host {
    size_t size;
    uint64_t abi;

    /* log(call, level, fmt, ...): one line, without a newline. */
    void (*log)(struct ddb_call *call, enum ddb_level level, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

    /* fail(call, fmt, ...): record why the callback fails: one lower-case sentence with the
     * object's name and the reason. The first one wins. Returns -1. detail() adds a line, hint()
     * says what to do; both return -1. */
    int (*fail)(struct ddb_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
    int (*detail)(struct ddb_call *call, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));
    int (*hint)(struct ddb_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

    /* alloc(call, n): ${n} zeroed bytes; format(call, fmt, ...): a string. Never NULL. */
    void *(*alloc)(struct ddb_call *call, size_t n);
    char *(*format)(struct ddb_call *call, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));

    /* setting(call, key): the configured value of one of the plugin's declared settings, else its
     * declared default, else NULL. Booleans are "true" and "false". settings(call, key): a list
     * setting as a NULL-terminated vector; NULL when not configured. Both live until unload. */
    const char *(*setting)(struct ddb_call *call, const char *key);
    const char *const *(*settings)(struct ddb_call *call, const char *key);

    /* fact(call, key): what the host knows about this call; NULL when it does not apply.
     *   environment      name of the environment
     *   run              identifier of the run
     *   config_dir       directory of the configuration file; relative paths start there
     *   url              the database as an SQLAlchemy URL (a secret: never in argv or a log)
     *   lock_timeout_ms, statement_timeout_ms     for sessions that change the database
     *   snapshot         the exported snapshot that a copy must use
     *   server_version   of the environment's server, as PQserverVersion has it, where the host has asked
     *                    already (since 1.2)
     *   compression_level, jobs                   for a copy
     *   steps            how many revisions an upgrade is expected to run
     *   version_table, version_table_schema       where Alembic's rows are; no schema: as the
     *                    session's search path finds the table (since 1.1)
     *   direction        "upgrade" or "downgrade": what can_transaction is asked about (since 1.1)
     *   as_before        "true" where settle finds the database proven as this run found it (since 1.1)
     *   cache_dir        a directory, to be made if need be, where the plugin may keep between runs what it
 *                    can make anew; not told to a command that changes the database (since 1.2)
 *   timeout_ms       the deadline for a child of this call, 0 for none */
    const char *(*fact)(struct ddb_call *call, const char *key);

    /* database_env(call, database): environment changes that let libpq and its tools connect to
     * ${database} (NULL: the environment's) as this environment does; for ddb_child.env. */
    const char *const *(*database_env)(struct ddb_call *call, const char *database);

    /* run(call, child, status): run a child to its end; ${status} gets its exit status, 128 + n
     * after signal n. Returns -1, with the failure recorded, when it could not be started, ran out
     * of time, was cancelled, or was stopped by a callback. */
    int (*run)(struct ddb_call *call, const struct ddb_child *child, int *status);

    /* errors(call): the last lines that the latest child wrote to standard error, redacted. */
    const char *(*errors)(struct ddb_call *call);

    /* note(call, key, value): durable before it returns; noted() gives it back, in this run and
     * in a recovery of it; NULL when there is none. */
    int (*note)(struct ddb_call *call, const char *key, const char *value);
    const char *(*noted)(struct ddb_call *call, const char *key);

    /* progress(call, what, done, total): ${total} 0 when unknown. ${bytes}: the unit is bytes. */
    void (*progress)(struct ddb_call *call, const char *what, int64_t done, int64_t total,
                     int bytes);

    /* cancelled(call): nonzero when the callback should end soon, with fail(). */
    int (*cancelled)(struct ddb_call *call);

    /* --- since 1.1 --- */

    /* conninfo(call, database): how this environment's sessions connect to ${database} (NULL: the
     * environment's): keyword, value, keyword, …, NULL, as PQconnectdbParams takes them one by one.
     * application_name is the run's. Secrets: never for an argument vector, a log or an error. */
    const char *const *(*conninfo)(struct ddb_call *call, const char *database);

    /* split(call, text, n, each, arg): the statements of a SQL text, as PostgreSQL's parser cuts
     * them; when ${each} returns nonzero, that is the answer, and the rest is not looked at. fail()
     * with the line when a quote, a comment or COPY's data does not end. comments(call, text, n,
     * each, arg): its comments alone on a line, those inside of statements too. */
    int (*split)(struct ddb_call *call, const char *text, size_t n,
                 int (*each)(void *arg, const struct ddb_statement *statement), void *arg);
    int (*comments)(struct ddb_call *call, const char *text, size_t n,
                    int (*each)(void *arg, const struct ddb_comment *comment), void *arg);

    /* file_name(call, wanted, name): the name by the template, without its ending; it may have
     * slashes. 1: only Python can tell for sure; ${name} is then the best guess for the message's
     * characters, or NULL when the template is not understood. */
    int (*file_name)(struct ddb_call *call, const struct ddb_file_name *wanted, const char **name);

    /* create_file(call, path, data, n): a new file, whole and durable or not at all, with the folders
     * it needs. 1: the name is taken; nothing is changed, and no failure recorded. What a crash
     * leaves beside it begins with "." and ends with ".tmp". Changes: files. */
    int (*create_file)(struct ddb_call *call, const char *path, const void *data, size_t n);

    /* --- since 1.2 --- */

    /* fact_list(call, key): a fact that is a list, NULL-terminated; NULL when it does not apply.
     *   exclude_table_data   tables, as patterns of pg_dump, whose rows take() leaves out, because the
     *                        host copies them itself
     *   exclude_rows         schema, name, schema, name, …: tables whose rows the section "data" of
     *                        restore_section leaves out, because the host loads them, masked, or not
     *                        at all. Leaving out fewer is a failure. */
    const char *const *(*fact_list)(struct ddb_call *call, const char *key);
};

/* --- engine: lists revisions, runs migrations ------------------------------------------------- */

/* One revision file, as Alembic understands it. Lists are NULL-terminated and never NULL. */
struct ddb_revision {
    size_t size;
    const char *id;
    const char *doc;  /* the whole docstring, stripped; "" when there is none */
    const char *path; /* absolute; "" when the file is not readable from here */
    const char *const *down;
    const char *const *labels;
    const char *const *depends_on;
};

/* A difference between the project's models and the database. ${aspect} is "type", "default" or
 * "other"; ${object} names what differs ("public.users.email"); ${text} is one sentence. */
struct ddb_difference {
    size_t size;
    const char *aspect;
    const char *object;
    const char *text;
};

/* Which database the project's own command reaches, as its own session sees it. */
struct ddb_identity {
    size_t size;
    char system_identifier[32]; /* pg_control_system().system_identifier; "" when unknown */
    char database_oid[16];
    char database[64];
    char user[64];
};

/* How a step changes the version table, exactly as Alembic does it. An UPDATE or DELETE that does not
 * meet one row is a failure of the step. */
enum ddb_row {
    DDB_ROW_INSERT = 1,
    DDB_ROW_DELETE = 2,
    DDB_ROW_UPDATE = 3,
};

struct ddb_row_change {
    size_t size;
    uint64_t kind;    /* enum ddb_row */
    const char *from; /* DELETE, UPDATE */
    const char *to;   /* INSERT, UPDATE */
};

/* One revision to run, one way or the other. */
struct ddb_step {
    size_t size;
    const char *id;
    uint64_t is_downgrade;
    const char *text; /* "upgrade a1 -> b2, add users", for the log */
    const char *path; /* of its file */
    const struct ddb_row_change *const *changes; /* NULL-terminated */
};

/* A revision file to write. */
enum ddb_new_flag {
    DDB_NEW_AUTOGENERATE = 1,             /* fill it with what the models want of the database */
    DDB_NEW_UPGRADE_NO_TRANSACTION = 2,   /* its statements are run one by one */
    DDB_NEW_DOWNGRADE_NO_TRANSACTION = 4,
    DDB_NEW_SPLICE = 8,                   /* a parent is no head: a new branch begins there */
};

struct ddb_new_revision {
    size_t size;
    const char *id;
    const char *message;      /* "": none */
    const char *create_date;  /* "2026-01-31 13:45:10"; NULL: now */
    const char *const *down;  /* full identifiers; lists end with a NULL and are never NULL */
    const char *const *labels;
    const char *const *depends_on;
    const char *version_path; /* the folder for it; NULL: the engine's choice … */
    const char *beside;       /* … which is the folder of this file where there are several */
    const char *upgrade;      /* what its parts hold; NULL: nothing */
    const char *downgrade;    /* NULL with an upgrade: there is no way back */
    uint64_t flags;           /* sum of enum ddb_new_flag */
};

/* What an engine finds when it looks at what was applied. ${kind}: "edited", a file is not what it was
 * when it was applied; "half-applied", statements of a revision are applied and others are not;
 * "stuck", the same, and its file is not what it was, so that no run can go on with it. */
struct ddb_finding {
    size_t size;
    const char *kind;
    const char *revision;
    const char *text; /* one sentence */
    const char *hint;
};

struct ddb_engine {
    size_t size;

    /* revisions(call, each, arg): hand every revision file to ${each}, in load order; stop when it
     * returns nonzero. Required. Changes: nothing. */
    int (*revisions)(struct ddb_call *call,
                     int (*each)(void *arg, const struct ddb_revision *revision), void *arg);

    /* upgrade(call, target) and downgrade(call, target): run the project's migrations; ${target} is
     * a full identifier, "heads", "base" or "ID@base". -1 when the command failed: whatever it had
     * committed stays. Required: upgrade, or steps, which comes first. Changes: the database. */
    int (*upgrade)(struct ddb_call *call, const char *target);
    int (*downgrade)(struct ddb_call *call, const char *target);

    /* sql(call, from, to, out, arg): the SQL that an upgrade from ${from} (an identifier or
     * "base") to ${to} would run, as text to ${out}. Changes: nothing. */
    int (*sql)(struct ddb_call *call, const char *from, const char *to,
               int (*out)(void *arg, const char *text, size_t n), void *arg);

    /* models(call, compare_type, compare_server_default, each, arg): compare the project's models
     * with the database under exactly these two settings. Changes: nothing. */
    int (*models)(struct ddb_call *call, int compare_type, int compare_server_default,
                  int (*each)(void *arg, const struct ddb_difference *difference), void *arg);

    /* identify(call, identity): connect as the project does and say where it arrived. Changes:
     * nothing. */
    int (*identify)(struct ddb_call *call, struct ddb_identity *identity);

    /* can_downgrade, can_models(call): graded; -1 on error. */
    int (*can_downgrade)(struct ddb_call *call);
    int (*can_models)(struct ddb_call *call);

    /* can_transaction(call, ids): whether a failure while these revisions (NULL-terminated) run leaves
     * nothing behind that the version rows do not show, because each of them, or all of them, is one
     * transaction with its change of the rows: FULLY only when that is certain. */
    int (*can_transaction)(struct ddb_call *call, const char *const *ids);

    /* --- since 1.1 --- */

    /* steps(call, steps): run ${steps} (NULL-terminated) in this order, each with its changes of the
     * version table in the same transaction; create that table where it is missing. An engine that
     * has it is asked for no targets. -1: what was committed stays. Changes: the database. */
    int (*steps)(struct ddb_call *call, const struct ddb_step *const *steps);

    /* steps_sql(call, steps, creates, out, arg): what steps() would run, as text that psql takes;
     * ${creates}: the version table is missing. downgrade_sql(call, from, to, out, arg): as sql(),
     * for a downgrade. Changes: nothing. */
    int (*steps_sql)(struct ddb_call *call, const struct ddb_step *const *steps, int creates,
                     int (*out)(void *arg, const char *text, size_t n), void *arg);
    int (*downgrade_sql)(struct ddb_call *call, const char *from, const char *to,
                         int (*out)(void *arg, const char *text, size_t n), void *arg);

    /* write(call, revision, path): write a revision file; ${path} gets where, absolute. An existing
     * file is a failure. Changes: files. */
    int (*write)(struct ddb_call *call, const struct ddb_new_revision *revision,
                 const char **path);

    /* inspect(call, each, arg): what is not right with what was applied. Changes: nothing. */
    int (*inspect)(struct ddb_call *call,
                   int (*each)(void *arg, const struct ddb_finding *finding), void *arg);

    /* settle(call): undo what a half-applied revision has left in the database; nothing to do is
     * fine. With the fact "as_before" there is nothing to undo: what this run has recorded of
     * half-applied revisions is forgotten, and they begin afresh. Changes: the database. */
    int (*settle)(struct ddb_call *call);
};

/* --- snapshot: takes and loads a copy of a database ------------------------------------------- */

/* Where a copy is written: members of the bundle. The host compresses, hashes and ships them; one
 * member at a time. Each returns nonzero after recording the failure. */
struct ddb_sink {
    size_t size;
    int (*begin)(void *self, const char *member);
    int (*write)(void *self, const void *data, size_t n);
    int (*end)(void *self);
    void *self;

    /* --- since 1.3: for a copy that holds rows as COPY prints them; not to be called where
     * rows_begin is NULL, and optional where it is not --- */

    /* rows_begin(self, schema, name, columns): the rows of one table, all of them, follow, as `COPY
     * schema.name ${columns} TO STDOUT` prints them in the encoding UTF8 with DateStyle ISO, IntervalStyle
     * postgres, TimeZone UTC, extra_float_digits 3, an empty search_path and the session's other settings
     * as the database and its role set them. ${columns}: "(id, total)", "" where there is no list.
     * rows(self, text, n): the next bytes of that text, cut anywhere; its end mark "\." may come along.
     * rows_end(self): these were all. The host counts and hashes them, and reads by itself the tables
     * that it is not told of. One table at a time, while a member is written. */
    int (*rows_begin)(void *self, const char *schema, const char *name, const char *columns);
    int (*rows)(void *self, const char *text, size_t n);
    int (*rows_end)(void *self);
};

/* Where a copy is read: members as they were written. read gives 0 at the end, -1 on failure
 * (recorded). */
struct ddb_source {
    size_t size;
    int (*open)(void *self, const char *member);
    ssize_t (*read)(void *self, void *data, size_t cap);
    int (*close)(void *self);
    void *self;
};

struct ddb_snapshot {
    size_t size;

    /* preflight(call): fail() for what would make take() fail: a missing or too old program.
     * Optional. ${server_version} as libpq's PQserverVersion. Changes: nothing. */
    int (*preflight)(struct ddb_call *call, int server_version);

    /* take(call, sink): write the database, as the exported snapshot (fact "snapshot") sees it.
     * Required, with restore, where there is no clone. Changes: nothing in the database. */
    int (*take)(struct ddb_call *call, const struct ddb_sink *sink);

    /* verify(call, source): read it all and say whether restore() would understand it. */
    int (*verify)(struct ddb_call *call, const struct ddb_source *source);

    /* restore(call, source, database): load it into the empty database ${database}. -1 leaves that
     * database half loaded. Changes: that database. */
    int (*restore)(struct ddb_call *call, const struct ddb_source *source, const char *database);

    /* The versions of the programs it uses, for the bundle's meta.json ("pg_dump 15.4"). */
    const char *(*version)(struct ddb_call *call);

    /* --- since 1.2: the host copies large tables itself where a plugin has these two --- */

    /* restore_section(call, source, database, section): as restore(), but one section of it, called
     * for each of them in this order: "pre-data" (what tables need to exist), "data" (all rows that
     * take() wrote), "post-data" (indexes, constraints, triggers; with as many sessions as the fact
     * "jobs" says). Between them the host loads the rows it has copied itself. */
    int (*restore_section)(struct ddb_call *call, const struct ddb_source *source,
                           const char *database, const char *section);

    /* table_rows(call, source, schema, name, out, arg): the rows of one table that take() wrote, as
     * lines of COPY's text format with the columns that ${columns} gets: "(id, total)". Changes:
     * nothing. */
    int (*table_rows)(struct ddb_call *call, const struct ddb_source *source, const char *schema,
                      const char *name, const char **columns,
                      int (*out)(void *arg, const char *text, size_t n), void *arg);

    /* restore_archive(call, source, path, version, database): load an archive that pg_dump wrote
     * elsewhere into the empty database ${database}. ${path} NULL: one of the custom or the tar format,
     * which is the member "main.dump" of ${source}; else a file of the custom format or a folder of the
     * directory format, loaded with as many sessions as the fact "jobs" says. ${version}: of its format,
     * "1.14". 1: nothing was loaded, because no program here fits both the archive and the server; the
     * host then asks for archive_sql. -1 leaves it half loaded. Changes: that database. */
    int (*restore_archive)(struct ddb_call *call, const struct ddb_source *source,
                           const char *path, const char *version, const char *database);

    /* archive_sql(call, source, path, out, arg): the same archive as the SQL that would load it.
     * Changes: nothing. */
    int (*archive_sql)(struct ddb_call *call, const struct ddb_source *source, const char *path,
                       int (*out)(void *arg, const char *text, size_t n), void *arg);

    /* --- since 1.3 --- */

    /* clone(call, source, database, maintenance): copy the database ${source}, to which nobody is
     * connected or can connect meanwhile, as the new database ${database} of the same server, whole or
     * not at all, durable, and closed to connections. Its owner, access and settings are the host's to
     * set. ${maintenance}: a database of that server to be connected to (conninfo). The host makes the
     * copy live by a rename, or drops it at the end of the run. It should end soon when cancelled() says
     * so: people wait. Changes: the database ${database}. */
    int (*clone)(struct ddb_call *call, const char *source, const char *database,
                 const char *maintenance);
};

/* --- store: keeps snapshots --------------------------------------------------------------------*/

struct ddb_stored {
    size_t size;
    const char *name;
    int64_t size_bytes;
    int64_t modified; /* seconds since the epoch */
    int partial;      /* nonzero: an unfinished file, left behind by a crash */
};

/* What a store's callback may give instead of -1, since 1.3, also after fail(). */
enum { DDB_NO_ROOM = -2, DDB_IN_USE = -3 };

struct ddb_store {
    size_t size;

    /* create(call, name, file): a new file under a temporary name; an existing ${name} is a
     * failure. write() appends. commit() makes it durable and gives it its name: afterwards it
     * survives a power loss. abort() removes it. After commit or abort ${file} is gone, whatever
     * they return. write() and commit() give DDB_NO_ROOM where the store has no room for the
     * file: another attempt would end the same way. Required. Changes: files. */
    int (*create)(struct ddb_call *call, const char *name, void **file);
    int (*write)(struct ddb_call *call, void *file, const void *data, size_t n);
    int (*commit)(struct ddb_call *call, void *file);
    int (*abort)(struct ddb_call *call, void *file);

    /* open(call, name, file, size_bytes), read(call, file, offset, data, cap), close(call, file):
     * read gives how many bytes (fewer only at the end), -1 on failure. Required. Since 1.2, a partial
     * file may be opened too, under the name that list() gave, while another thread still writes it:
     * read() then gives what write() has taken so far. A store that cannot do that fails. */
    int (*open)(struct ddb_call *call, const char *name, void **file, int64_t *size_bytes);
    ssize_t (*read)(struct ddb_call *call, void *file, int64_t offset, void *data, size_t cap);
    int (*close)(struct ddb_call *call, void *file);

    /* list(call, each, arg): every file, in name order. remove(call, name): a missing file is
     * fine; partial files are removed under the name that list() gave. It gives DDB_IN_USE, and
     * removes nothing, where the store knows that somebody has the file open. Required. */
    int (*list)(struct ddb_call *call, int (*each)(void *arg, const struct ddb_stored *stored),
                void *arg);
    int (*remove)(struct ddb_call *call, const char *name);

    /* free_bytes(call): room left; -1 with fail() when the store cannot be written, INT64_MAX when
     * unknown. locate(call, name): where a person finds it ("/srv/…", "sftp://…"). */
    int64_t (*free_bytes)(struct ddb_call *call);
    const char *(*locate)(struct ddb_call *call, const char *name);

    /* --- since 1.2 ---
     * A store over a network has these two. The host then ships to it from another store's file,
     * at the network's pace, and goes on where a cut connection has left off. All calls for one
     * file come from one thread, which need not be the one of other files. */

    /* suspend(call, file): end the session; what has arrived stays under its temporary name. ${file}
     * is gone afterwards. Never fails for the connection's sake. */
    int (*suspend)(struct ddb_call *call, void *file);

    /* resume(call, name, file, size_bytes): go on with the unfinished file of ${name};
     * ${size_bytes}: how much of it has surely arrived, 0 where there is none, which is created then.
     * write() goes on behind that. An existing ${name} is a failure, as for create(). */
    int (*resume)(struct ddb_call *call, const char *name, void **file, int64_t *size_bytes);
};

/* --- the plugin's table -------------------------------------------------------------------------*/

enum ddb_type {
    DDB_TYPE_STRING = 1,
    DDB_TYPE_INT = 2,
    DDB_TYPE_BOOL = 3,
    DDB_TYPE_LIST = 4,     /* of strings */
    DDB_TYPE_DURATION = 5, /* "5s", "2 min": given to the plugin in milliseconds */
    DDB_TYPE_PATH = 6,     /* given absolute, relative ones start at the configuration file */
};

/* A setting that the plugin understands in its group of the configuration. */
struct ddb_setting {
    const char *key; /* NULL ends the list */
    enum ddb_type type;
    const char *fallback; /* the default; NULL: none */
    const char *help;     /* one line */
};

struct ddb_plugin {
    size_t size;
    uint64_t abi;      /* DDB_ABI of the header it was compiled with */
    uint64_t kind;     /* enum ddb_kind: which table ${ops} is */
    const char *name;  /* as in the configuration and the file's name */
    const char *summary;
    const struct ddb_setting *settings; /* may be NULL */
    const void *ops;   /* struct ddb_engine, ddb_snapshot or ddb_store */

    /* load(host): keep the pointer; called once before anything else. unload(): the last call.
     * Both optional. */
    int (*load)(const struct ddb_host *host);
    void (*unload)(void);
};

/* The one exported function. */
DDB_EXPORT const struct ddb_plugin *ddb_plugin(void);
typedef const struct ddb_plugin *(*ddb_plugin_fn)(void);

#endif
