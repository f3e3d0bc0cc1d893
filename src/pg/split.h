/*
 * split - one SQL text cut into statements as PostgreSQL cuts it, and its comments. Pure.
 *
 * There are two readings. The lexical one (split_lex.h) knows quotes, comments, parentheses, SQL
 * function bodies (BEGIN ATOMIC … END), COPY's data and psql's meta-commands. What it finds is given
 * to PostgreSQL's parser, whose cut wins; where the parser fails, because the syntax is newer than it
 * or wrong, the lexical cut stays. A wrong cut cannot hide anything: apart from data, comments and
 * blanks between statements every byte is in some statement. A byte order mark is left out.
 */
#ifndef PG_SPLIT_H
#define PG_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* More code than this in one statement, quotes left out, is not given to the parser: its recursion
 * needs some 130 bytes of stack for each operator of a chain, and a chain of "+1" has one every two
 * bytes. */
enum { SPLIT_CODE_MAX = 64 * 1024 };

/* The flags of enum ddb_statement_flag (plugin.h). */
enum split_flag {
    SPLIT_TRANSACTION = 1,  /* BEGIN, COMMIT, SAVEPOINT, PREPARE TRANSACTION … */
    SPLIT_COPY_IN = 2,      /* COPY … FROM STDIN */
    SPLIT_META = 4,         /* a psql meta-command, up to the end of its line */
    SPLIT_CONCURRENTLY = 8, /* CREATE INDEX or REINDEX … CONCURRENTLY */
    SPLIT_LEXED = 16,       /* the parser does not know it: cut by lexical rules alone */
};

struct split_statement {
    const char *text; /* in the given text: from its first word to its last; no semicolon */
    size_t n;
    size_t line;      /* of its first byte, from 1 */
    uint64_t flags;   /* sum of enum split_flag */
    const char *data; /* SPLIT_COPY_IN: its lines, without the last one, "\."; else NULL */
    size_t data_n;
    size_t code;      /* bytes that are not inside quotes */
};

/* A comment "-- …" that stands alone on its line, outside of quotes, block comments and data. */
struct split_comment {
    const char *text; /* from the dashes to the end of the line */
    size_t n;
    size_t line;
    size_t depth; /* of the parentheses and BEGIN ATOMIC bodies around it */
};

/* split_statements(text, n, each, arg, err): hand each statement to ${each}, in order. When it
 * returns nonzero, that is the answer, and the rest is not looked at. -1 with ${err} (ERR_CONFIG),
 * before anything was handed out, when a quote, a comment or COPY's data does not end. */
int split_statements(const char *text, size_t n,
                     int (*each)(void *arg, const struct split_statement *statement), void *arg,
                     struct err *err) CHECK;

/* split_comments(text, n, each, arg, err): the same for the comments, those inside of statements
 * included. */
int split_comments(const char *text, size_t n,
                   int (*each)(void *arg, const struct split_comment *comment), void *arg,
                   struct err *err) CHECK;

#endif
