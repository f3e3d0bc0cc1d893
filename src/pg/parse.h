/*
 * parse - SQL as PostgreSQL 15 parses it (libpg_query), as a JSON tree. Its object file keeps
 * libpg_query's names to itself; nothing else may call that library. Pure.
 */
#ifndef PG_PARSE_H
#define PG_PARSE_H

/* parse_tree(sql, tree, message): 0 and the JSON text of the parse tree, or -1 and the parser's
 * message; either is heap memory that the caller frees with parse_free. */
int parse_tree(const char *sql, char **tree, char **message);
void parse_free(char *text);

#endif
