/*
 * split_lex - SQL's tokens as far as cutting a text into statements needs them. Internal to
 * split*.c.
 *
 * Strings with and without backslashes (standard_conforming_strings is on), quoted names, dollar
 * quotes, comments of both kinds, words, and psql's backslash. Any bytes are taken; a comment ends
 * with "\n" or "\r", as for PostgreSQL's own scanner. Changes: nothing.
 */
#ifndef PG_SPLIT_LEX_H
#define PG_SPLIT_LEX_H

#include <stdbool.h>
#include <stddef.h>

enum split_token {
    SPLIT_END,       /* of the text */
    SPLIT_BLANK,     /* blanks, or one block comment */
    SPLIT_COMMENT,   /* "--" up to the end of its line */
    SPLIT_WORD,      /* a name or keyword without quotes */
    SPLIT_QUOTED,    /* a string, a quoted name, a dollar-quoted text */
    SPLIT_BACKSLASH, /* a meta-command of psql, up to the end of its line */
    SPLIT_BYTE,      /* anything else: a number, or one byte */
    SPLIT_OPEN,      /* it does not end: ${what} */
};

struct split_lex {
    const char *p, *end;
    const char *token; /* where the last one begins; it ends at ${p} */
    const char *what;  /* "quote", "dollar quote", "comment" */
};

/* split_lex_next(lex): the next token. */
enum split_token split_lex_next(struct split_lex *lex);

/* Whether a token is the word ${text}, in any case. */
bool split_lex_is(const char *token, size_t n, const char *text);

bool split_lex_is_blank(char c);

#endif
