/*
 * parse - SQL as PostgreSQL 15 parses it (libpg_query), as a JSON tree. Its object file keeps
 * libpg_query's names to itself; nothing else may call that library. Pure.
 */
#ifndef PG_PARSE_H
#define PG_PARSE_H

#include <stddef.h>

/* parse_tree(sql, tree, message): 0 and the JSON text of the parse tree, or -1 and the parser's
 * message; either is heap memory that the caller frees with parse_free. */
int parse_tree(const char *sql, char **tree, char **message);
void parse_free(char *text);

/* One statement, less what separates it from others; blanks and comments may stand around it. */
struct parse_cut {
    size_t start, n; /* bytes */
};

/* parse_split(sql, n, cuts, n_cuts): 0 and where the statements of ${n} bytes (UTF-8, no NUL) are,
 * heap memory that the caller frees with mem_free; or -1 when they are not all parsed. */
int parse_split(const char *sql, size_t n, struct parse_cut **cuts, size_t *n_cuts);

#endif
