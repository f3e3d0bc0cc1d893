/* convert_sql - see convert_sql.h. */
#include "deploy/convert_sql.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

/* --- statements ------------------------------------------------------------------------------- */

static int collect(void *arg, const struct split_statement *statement)
{
    struct convert_sql *sql = arg;

    if (sql->n_statements == sql->cap) {
        sql->cap = sql->cap == 0 ? 64 : sql->cap * 2;
        sql->statements = mem_realloc(sql->statements, sql->cap * sizeof *sql->statements);
    }
    sql->statements[sql->n_statements++] = *statement;
    return 0;
}

int convert_sql_split(struct convert_sql *sql, const char *text, size_t n, struct err *err)
{
    sql->text = text;
    sql->n = n;
    return split_statements(text, n, collect, sql, err);
}

void convert_sql_release(struct convert_sql *sql)
{
    mem_free(sql->statements);
    mem_free(sql->edits);
    *sql = (struct convert_sql){0};
}

static void add_edit(struct convert_sql *sql, size_t at, size_t n, const char *with)
{
    if (sql->n_edits == sql->cap_edits) {
        sql->cap_edits = sql->cap_edits == 0 ? 16 : sql->cap_edits * 2;
        sql->edits = mem_realloc(sql->edits, sql->cap_edits * sizeof *sql->edits);
    }
    sql->edits[sql->n_edits++] = (struct convert_edit){at, n, with};
}

void convert_sql_drop(struct convert_sql *sql, size_t i)
{
    size_t at = (size_t)(sql->statements[i].text - sql->text);
    size_t end = at + sql->statements[i].n;
    size_t after = end;

    while (after < sql->n && isspace((unsigned char)sql->text[after]))
        after++;
    if (after < sql->n && sql->text[after] == ';')
        end = after + 1;
    for (after = end; after < sql->n && (sql->text[after] == ' ' || sql->text[after] == '\t' ||
                                         sql->text[after] == '\r');)
        after++;
    if (after < sql->n && sql->text[after] == '\n' && (at == 0 || sql->text[at - 1] == '\n'))
        end = after + 1;
    add_edit(sql, at, end - at, "");
}

/* How many bytes of ${statement} the ${words} take; 0 when it does not begin with them. */
static size_t words_end(const struct split_statement *statement, const char *words)
{
    size_t i = 0;

    for (; *words != '\0'; words++) {
        if (*words == ' ') {
            size_t blanks = i;

            while (i < statement->n && isspace((unsigned char)statement->text[i]))
                i++;
            if (i == blanks)
                return 0;
        } else if (i == statement->n || toupper((unsigned char)statement->text[i++]) != *words) {
            return 0;
        }
    }
    if (i < statement->n &&
        (isalnum((unsigned char)statement->text[i]) || statement->text[i] == '_'))
        return 0;
    return i;
}

bool convert_sql_is(const struct split_statement *statement, const char *words)
{
    return words_end(statement, words) > 0;
}

bool convert_sql_equals(const struct split_statement *statement, const char *words)
{
    return words_end(statement, words) == statement->n;
}

bool convert_sql_is_savepoint(const struct split_statement *statement)
{
    return convert_sql_is(statement, "SAVEPOINT") || convert_sql_is(statement, "RELEASE") ||
           convert_sql_is(statement, "ROLLBACK TO") ||
           convert_sql_is(statement, "ROLLBACK WORK TO") ||
           convert_sql_is(statement, "ROLLBACK TRANSACTION TO");
}

/* --- texts ------------------------------------------------------------------------------------ */

/* The engine takes a comment for a marker, or for a mistake in one, by its letters alone. */
static bool looks_like_marker(const char *comment, size_t n)
{
    static const char *const markers[] = {
        "upgrade",   "downgrade",   "upgrades",      "downgrades",
        "up",        "down",        "gooseup",       "goosedown",
        "migrateup", "migratedown", "notransaction", "goosenotransaction",
        NULL,
    };
    char letters[32];
    size_t len = 0;

    for (size_t i = 0; i < n && len < sizeof letters; i++)
        if (isalpha((unsigned char)comment[i]))
            letters[len++] = comment[i];
    for (size_t i = 0; markers[i] != NULL; i++)
        if (strlen(markers[i]) == len && strncasecmp(markers[i], letters, len) == 0)
            return true;
    return false;
}

static int guard_marker(void *arg, const struct split_comment *comment)
{
    struct convert_sql *sql = arg;

    if (looks_like_marker(comment->text, comment->n))
        add_edit(sql, (size_t)(comment->text - sql->text), 2, "-- comment:");
    return 0;
}

int convert_sql_markers(struct convert_sql *sql, struct err *err)
{
    size_t before = sql->n_edits;

    if (split_comments(sql->text, sql->n, guard_marker, sql, err) != 0)
        return -1;
    return (int)(sql->n_edits - before);
}

static int by_place(const void *a, const void *b)
{
    const struct convert_edit *x = a, *y = b;

    return x->at < y->at ? -1 : x->at > y->at;
}

const char *convert_sql_text(struct arena *arena, struct convert_sql *sql)
{
    auto_buf struct buf out = {0};
    const char *text;
    size_t at = 0, n;

    if (sql->n_edits > 1)
        qsort(sql->edits, sql->n_edits, sizeof *sql->edits, by_place);
    for (size_t i = 0; i < sql->n_edits; i++) {
        const struct convert_edit *edit = &sql->edits[i];

        if (edit->at < at)
            continue; /* inside of one that is left out */
        buf_add(&out, sql->text + at, edit->at - at);
        buf_adds(&out, edit->with);
        at = edit->at + edit->n;
    }
    buf_add(&out, sql->text + at, sql->n - at);
    text = buf_text(&out);
    for (size_t blank; text[blank = strspn(text, " \t\r")] == '\n';)
        text += blank + 1;
    for (n = strlen(text); n > 0 && isspace((unsigned char)text[n - 1]);)
        n--;
    return n == 0 ? "-- nothing\n" : arena_printf(arena, "%.*s\n", (int)n, text);
}

/* --- the rules of one section ----------------------------------------------------------------- */

/* What PostgreSQL refuses inside of a transaction. */
static bool needs_autocommit(const struct split_statement *statement)
{
    static const char *const begins[] = {
        "VACUUM",
        "CREATE DATABASE",
        "DROP DATABASE",
        "CREATE TABLESPACE",
        "DROP TABLESPACE",
        "ALTER SYSTEM",
        "REINDEX SYSTEM",
        "REINDEX DATABASE",
        "REINDEX SCHEMA",
        "DROP INDEX CONCURRENTLY",
        NULL,
    };
    static const char last[] = "concurrently";
    const size_t len = sizeof last - 1;

    if (statement->flags & SPLIT_CONCURRENTLY)
        return true;
    for (size_t i = 0; begins[i] != NULL; i++)
        if (convert_sql_is(statement, begins[i]))
            return true;
    return convert_sql_is(statement, "ALTER TABLE") && statement->n > len &&
           strncasecmp(statement->text + statement->n - len, last, len) == 0;
}

static bool begins_transaction(const struct split_statement *statement)
{
    return convert_sql_equals(statement, "BEGIN") || convert_sql_equals(statement, "BEGIN WORK") ||
           convert_sql_equals(statement, "BEGIN TRANSACTION") ||
           convert_sql_equals(statement, "START TRANSACTION");
}

static bool ends_transaction(const struct split_statement *statement)
{
    return convert_sql_equals(statement, "COMMIT") || convert_sql_equals(statement, "END") ||
           convert_sql_equals(statement, "COMMIT WORK") ||
           convert_sql_equals(statement, "END WORK") ||
           convert_sql_equals(statement, "COMMIT TRANSACTION") ||
           convert_sql_equals(statement, "END TRANSACTION");
}

static struct err *wrong(struct errs *errs, const struct import_section *section,
                         const struct split_statement *statement, const char *what)
{
    struct err *err = errs_new(errs);
    size_t n = 0;

    while (n < statement->n && n < 60 && statement->text[n] != '\n')
        n++;
    err_set(err, ERR_REFUSED, "%s:%zu: \"%.*s\" %s", section->path,
            section->line + statement->line - 1, (int)n, statement->text, what);
    return err;
}

/* BEGIN first and COMMIT last: the engine's own transaction takes their place. */
static bool take_out_transaction(struct convert *convert, struct import_section *section,
                                 struct convert_sql *sql)
{
    size_t n = sql->n_statements;

    if (n < 2 || !begins_transaction(&sql->statements[0]) ||
        !ends_transaction(&sql->statements[n - 1]))
        return false;
    for (size_t i = 1; i < n - 1; i++)
        if (sql->statements[i].flags & SPLIT_TRANSACTION &&
            !convert_sql_is_savepoint(&sql->statements[i]))
            return false;
    convert_sql_drop(sql, 0);
    convert_sql_drop(sql, n - 1);
    section->no_transaction = false;
    strvec_pushf(&convert->notes,
                 "%s: BEGIN and COMMIT are left out: the engine runs a transaction of its own",
                 section->path);
    return true;
}

/* What must not be there, of the statements that are left. */
static void refuse_others(const struct import_section *section, const struct convert_sql *sql,
                          bool enclosed, struct errs *errs)
{
    size_t n = sql->n_statements - enclosed;

    for (size_t i = enclosed; i < n; i++)
        if (sql->statements[i].flags & SPLIT_META)
            err_hint(wrong(errs, section, &sql->statements[i], "is a command of psql, no SQL"),
                     "Write what it does as SQL.");
        else if (sql->statements[i].flags & SPLIT_TRANSACTION &&
                 (section->no_transaction || !convert_sql_is_savepoint(&sql->statements[i])))
            err_hint(wrong(errs, section, &sql->statements[i], "controls a transaction"),
                     "Take it out: the engine runs each revision in a transaction of its own.");
}

static void detect_autocommit(struct convert *convert, struct import_section *section,
                              const struct convert_sql *sql)
{
    if (section->no_transaction)
        return;
    for (size_t i = 0; i < sql->n_statements && !section->no_transaction; i++)
        section->no_transaction = needs_autocommit(&sql->statements[i]);
    if (section->no_transaction)
        strvec_pushf(&convert->notes, "%s: marked to run without a transaction", section->path);
}

const char *convert_sql_section(struct convert *convert, struct import_section *section,
                                bool detect, struct errs *errs)
{
    struct convert_sql sql = {0};
    struct err err = ERR_INIT;
    const char *text = NULL;
    int markers = -1;

    if (section->text == NULL)
        return NULL;
    if (convert_sql_split(&sql, section->text, strlen(section->text), &err) == 0) {
        bool enclosed = take_out_transaction(convert, section, &sql);

        if (detect && !enclosed)
            detect_autocommit(convert, section, &sql);
        refuse_others(section, &sql, enclosed, errs);
        markers = convert_sql_markers(&sql, &err);
    }
    if (markers < 0) {
        err_wrap(&err, "%s, from line %zu", section->path, section->line);
        *errs_new(errs) = err;
        err_as(&errs->items[errs->n - 1], ERR_REFUSED);
    } else {
        text = convert_sql_text(convert->arena, &sql);
    }
    if (markers > 0)
        strvec_pushf(&convert->notes,
                     "%s: comments that read as the engine's markers begin with "
                     "\"comment:\" now",
                     section->path);
    convert_sql_release(&sql);
    return text;
}
