/*
 * convert_sql - SQL of another tool made fit for the sql engine. Internal to convert*.c.
 */
#ifndef DEPLOY_CONVERT_SQL_H
#define DEPLOY_CONVERT_SQL_H

#include "deploy/convert.h"
#include "pg/split.h"

/* The statements of a text, with the places to leave out or to replace. Zero-initialise it, then
 * convert_sql_split; convert_sql_release. */
struct convert_sql {
    const char *text; /* borrowed */
    size_t n;
    struct split_statement *statements;
    size_t n_statements, cap;
    struct convert_edit {
        size_t at, n;
        const char *with;
    } * edits;
    size_t n_edits, cap_edits;
};

int convert_sql_split(struct convert_sql *sql, const char *text, size_t n, struct err *err) CHECK;
void convert_sql_release(struct convert_sql *sql);

/* convert_sql_drop(sql, i): leave statement ${i} out, its semicolon and the rest of an emptied line
 * included. */
void convert_sql_drop(struct convert_sql *sql, size_t i);

/* convert_sql_is(statement, words): it begins with these words, one blank between them, in any
 * case; convert_sql_equals: it is just them. */
bool convert_sql_is(const struct split_statement *statement, const char *words);
bool convert_sql_equals(const struct split_statement *statement, const char *words);

/* convert_sql_is_savepoint: a transaction may hold it: SAVEPOINT, RELEASE, ROLLBACK TO. */
bool convert_sql_is_savepoint(const struct split_statement *statement);

/* convert_sql_markers(sql, err): let no comment be read as a marker of the sql engine. Returns how
 * many there are, -1 on failure. */
int convert_sql_markers(struct convert_sql *sql, struct err *err) CHECK;

/* convert_sql_text(arena, sql): the text with all edits, blank lines around it removed; a
 * comment when nothing is left. */
const char *convert_sql_text(struct arena *arena, struct convert_sql *sql);

/* convert_sql_section(convert, section, detect, errs): the rules of convert_files for one section;
 * ${detect}: mark it when no transaction can hold it. Gives the text. */
const char *convert_sql_section(struct convert *convert, struct import_section *section,
                                bool detect, struct errs *errs);

#endif
