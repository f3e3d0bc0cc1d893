/* plain - see plain.h. */
#include "pg/plain.h"

#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "pg/copy_in.h"
#include "pg/plain_rules.h"
#include "pg/split.h"
#include "pg/split_stream.h"

/* One reading of the text. */
struct reading {
    const struct plain_in *in;
    struct plain_about about;
    int64_t end; /* where pg_dump says that it is complete; -1: it has not yet */
    bool of_all; /* pg_dumpall wrote it */
    char key[128]; /* of the \restrict that is in force; "": none */
};

static ssize_t read_in(void *arg, void *data, size_t cap, struct err *err)
{
    struct reading *reading = arg;

    return reading->in->read(reading->in->arg, data, cap, err);
}

static bool begins(const char *text, size_t n, const char *with)
{
    return n >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

/* "-- Dumped from database version 15.20 (Debian …)". */
static void take_version(const char *text, size_t n, const char *with, char version[32])
{
    size_t len = 0;

    if (!begins(text, n, with))
        return;
    text += strlen(with);
    n -= strlen(with);
    while (len < n && len < 31 && text[len] > ' ')
        len++;
    snprintf(version, 32, "%.*s", (int)len, text);
}

/* The comments that pg_dump writes at the begin and the end (source: pg_backup_archiver.c). */
static void take_comment(void *arg, const char *text, size_t n, int64_t offset)
{
    struct reading *reading = arg;
    struct plain_about *about = &reading->about;

    if (begins(text, n, "-- PostgreSQL database cluster dump"))
        reading->of_all = true;
    else if (begins(text, n, "-- PostgreSQL database dump complete"))
        reading->end = offset;
    else if (begins(text, n, "-- PostgreSQL database dump"))
        about->is_dump = true;
    take_version(text, n, "-- Dumped from database version ", about->server);
    take_version(text, n, "-- Dumped by pg_dump version ", about->pg_dump);
}

static int check_place(const struct reading *reading, const struct split_piece *piece,
                       enum plain_rule rule, struct err *err)
{
    if (reading->of_all) {
        err_set(err, ERR_PREPARE, "line %zu: pg_dumpall wrote the file", piece->line);
        return err_hint(err, "Write a dump of the one database with pg_dump.");
    }
    if (reading->end >= 0 && piece->offset > reading->end && rule != PLAIN_META)
        return err_set(err, ERR_PREPARE, "line %zu: the file goes on behind the end of the dump",
                       piece->line);
    return 0;
}

/* "\restrict KEY" … "\unrestrict KEY" stand around what newer releases of pg_dump write. */
static void take_meta(struct reading *reading, const struct split_piece *piece)
{
    const char *key = piece->text + strcspn(piece->text, " \t");
    int n;

    key += strspn(key, " \t");
    n = (int)strcspn(key, " \t\r\n");
    if (begins(piece->text, piece->n, "\\restrict"))
        snprintf(reading->key, sizeof reading->key, "%.*s", n, key);
    else if (strlen(reading->key) == (size_t)n && strncmp(reading->key, key, (size_t)n) == 0)
        reading->key[0] = '\0';
}

static int check_end(const struct reading *reading, struct err *err)
{
    if (!reading->about.is_dump || (reading->end >= 0 && reading->key[0] == '\0'))
        return 0;
    err_set(err, ERR_PREPARE, "the dump is cut off: its last line is missing");
    return err_detail(err, "pg_dump ends with \"-- PostgreSQL database dump complete\"%s",
                      reading->key[0] != '\0' ? " and \\unrestrict" : "");
}

/* The next statement and what to do with it; 1, 0 at a proper end, -1. */
static int next_statement(struct reading *reading, struct split_stream *stream,
                          struct split_piece *piece, enum plain_rule *rule, struct err *err)
{
    int rc = split_stream_next(stream, piece, err);

    if (rc < 0)
        return -1;
    if (rc == 0)
        return check_end(reading, err);
    reading->about.n_statements++;
    if (plain_rules_judge(piece, rule, err) != 0 || check_place(reading, piece, *rule, err) != 0)
        return -1;
    if (*rule == PLAIN_META)
        take_meta(reading, piece);
    return 1;
}

/* --- checking -------------------------------------------------------------------------------------*/

/* The data of a COPY are only read. */
static int skip_data(struct split_stream *stream, struct err *err)
{
    struct split_piece piece = {.ends_data = false};

    while (!piece.ends_data) {
        if (cancel_requested())
            return err_set(err, ERR_PREPARE, "cancelled");
        if (split_stream_next(stream, &piece, err) < 0)
            return -1;
    }
    return 0;
}

int plain_check(const struct plain_in *in, struct plain_about *about, struct err *err)
{
    struct reading reading = {.in = in, .end = -1};
    struct split_stream *stream = split_stream_new(read_in, take_comment, &reading);
    struct split_piece piece;
    enum plain_rule rule;
    int rc;

    while ((rc = next_statement(&reading, stream, &piece, &rule, err)) > 0)
        if ((piece.flags & SPLIT_COPY_IN) && skip_data(stream, err) != 0) {
            rc = -1;
            break;
        }
    split_stream_free(stream);
    if (rc == 0 && reading.about.n_statements == 0)
        rc = err_set(err, ERR_PREPARE, "there is no statement in it");
    if (rc == 0)
        *about = reading.about;
    return rc;
}

/* --- loading --------------------------------------------------------------------------------------*/

struct loading {
    struct db *db;
    void (*note)(void *arg, const char *text);
    void *arg;
};

static void note(const struct loading *loading, const struct split_piece *piece, const char *why)
{
    char text[512];
    int n = (int)strcspn(piece->text, "\n");

    snprintf(text, sizeof text, "line %zu is passed over, %s: %.*s", piece->line, why,
             n < 200 ? n : 200, piece->text);
    loading->note(loading->arg, text);
}

/* "COPY public.t (a, b) FROM stdin" and the rows behind it. */
static int copy_rows(struct db *db, struct split_stream *stream, const char *sql, struct err *err)
{
    struct split_piece piece = {.ends_data = false};
    char table[256]; /* for what is said of a failure */
    int64_t rows;

    sql += strcspn(sql, " \t\n");
    snprintf(table, sizeof table, "%.*s", (int)strcspn(sql, "(\n"), sql);
    while (!piece.ends_data)
        if (split_stream_next(stream, &piece, err) < 0 ||
            copy_in_write(db, piece.text, piece.n, NULL, NULL, err) != 0) {
            copy_in_abandon(db);
            return -1;
        }
    return copy_in_end(db, table, &rows, err);
}

/* A statement may be refused by an older server without harm: ${sqlstate} says how. */
static int run_or_note(const struct loading *loading, const struct split_piece *piece,
                       const char *sqlstate, const char *why, struct err *err)
{
    struct err failure = ERR_INIT;

    if (db_exec(loading->db, &failure, piece->text, 0) == 0)
        return 0;
    if (strcmp(failure.sqlstate, sqlstate) != 0 || db_in_transaction(loading->db)) {
        *err = failure;
        return -1;
    }
    note(loading, piece, why);
    return 0;
}

static int run(const struct loading *loading, struct split_stream *stream,
               const struct split_piece *piece, enum plain_rule rule, struct err *err)
{
    static const char undefined_object[] = "42704", duplicate_schema[] = "42P06";

    switch (rule) {
    case PLAIN_META:
        return 0;
    case PLAIN_PASS_OVER:
        note(loading, piece, "it is about a database by its name");
        return 0;
    case PLAIN_SETTING:
        return run_or_note(loading, piece, undefined_object, "this server has no such setting",
                           err);
    case PLAIN_PUBLIC:
        return run_or_note(loading, piece, duplicate_schema, "a new database has that schema", err);
    case PLAIN_RUN:
        break;
    }
    if (!(piece->flags & SPLIT_COPY_IN))
        return db_exec(loading->db, err, piece->text, 0);
    return copy_in_statement(loading->db, piece->text, err) == 0
               ? copy_rows(loading->db, stream, piece->text, err)
               : -1;
}

int plain_load(struct db *db, const struct plain_in *in,
               void (*note_to)(void *arg, const char *text), void *arg, struct err *err)
{
    struct reading reading = {.in = in, .end = -1};
    const struct loading loading = {.db = db, .note = note_to, .arg = arg};
    struct split_stream *stream = split_stream_new(read_in, take_comment, &reading);
    struct split_piece piece;
    enum plain_rule rule;
    size_t line;
    int rc = db_exec(db, err, "RESET search_path", 0); /* who wrote it by hand had the usual one */

    while (rc == 0 && (rc = next_statement(&reading, stream, &piece, &rule, err)) > 0) {
        line = piece.line;
        rc = run(&loading, stream, &piece, rule, err);
        if (rc != 0)
            err_wrap(err, "line %zu", line);
    }
    split_stream_free(stream);
    if (rc == 0 && db_in_transaction(db))
        rc = err_set(err, ERR_PREPARE, "the file ends within a transaction that it began");
    return rc;
}
