/*
 * lex - Python source text as tokens: names, strings, numbers, operators, the ends of logical lines.
 * Parentheses and backslashes join lines, comments are gone. Borrows the text. Changes: nothing.
 *
 * An f-string is taken as a plain string. One that uses its own quotes inside braces (Python 3.12)
 * is then cut into several tokens of the same logical line, which is right where names are sought
 * outside strings; where it upsets the quotes or parentheses, the result is LEX_ERROR.
 */
#ifndef ALEMBIC_LEX_H
#define ALEMBIC_LEX_H

#include <stdbool.h>
#include <stddef.h>

enum lex_kind {
    LEX_END,
    LEX_NEWLINE, /* of a logical line that had tokens */
    LEX_NAME,
    LEX_STRING,  /* with its prefix and quotes */
    LEX_NUMBER,
    LEX_OP,      /* one or two characters; two when the second is "=" */
    LEX_ERROR,   /* a string or a parenthesis that does not end, a character out of place */
};

struct lex {
    const char *text, *end;
    int line;
    int depth;       /* of parentheses */
    size_t indent;   /* of the logical line: blanks before its first token */
    bool in_line;    /* the logical line has had a token */
};

struct token {
    enum lex_kind kind;
    const char *text;
    size_t n;
    int line;
    int depth; /* a parenthesis has the depth of what is around it */
};

void lex_init(struct lex *lex, const char *text, size_t n);
void lex_next(struct lex *lex, struct token *token);

bool lex_is(const struct token *token, enum lex_kind kind, const char *text);

/* lex_has_prefix(string, letters): whether the string's prefix has one of ${letters} (lower case). */
bool lex_has_prefix(const struct token *string, const char *letters);

/* lex_decode(string, out): the value of a text string in UTF-8, with a NUL, into ${out}, which needs
 * string->n bytes. Gives its length, or -1 for what has no static value as a C string: bytes and
 * f-strings, \N{NAME}, lone surrogates, NUL, invalid UTF-8. */
long lex_decode(const struct token *string, char *out);

#endif
