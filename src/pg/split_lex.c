/* split_lex - see split_lex.h. */
#include "pg/split_lex.h"

#include <string.h>
#include <strings.h>

bool split_lex_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool split_lex_is(const char *token, size_t n, const char *text)
{
    return n == strlen(text) && strncasecmp(token, text, n) == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool starts_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool in_word(char c)
{
    return starts_word(c) || is_digit(c);
}

static bool at(const struct split_lex *lex, const char *p, const char *two)
{
    return lex->end - p >= 2 && p[0] == two[0] && p[1] == two[1];
}

static const char *line_end(const struct split_lex *lex, const char *p)
{
    while (p < lex->end && *p != '\n' && *p != '\r')
        p++;
    return p;
}

static enum split_token open_ended(struct split_lex *lex, const char *what)
{
    lex->what = what;
    lex->p = lex->end;
    return SPLIT_OPEN;
}

static enum split_token block_comment(struct split_lex *lex)
{
    size_t depth = 0;

    while (lex->p < lex->end) {
        if (at(lex, lex->p, "/*")) {
            depth++;
            lex->p += 2;
        } else if (at(lex, lex->p, "*/")) {
            lex->p += 2;
            if (--depth == 0)
                return SPLIT_BLANK;
        } else {
            lex->p++;
        }
    }
    return open_ended(lex, "block comment");
}

/* A doubled quote inside is the same as two strings without anything between them, except for where
 * a string with backslashes goes on. */
static bool skip_quoted(struct split_lex *lex, bool backslash)
{
    const char *p = lex->p;
    char quote = *p++;

    if (!backslash)
        p = memchr(p, quote, (size_t)(lex->end - p));
    else
        while (p < lex->end && *p != quote)
            p += *p == '\\' && p + 1 < lex->end ? 2 : 1;
    if (p == NULL || p == lex->end)
        return false;
    lex->p = p + 1;
    return true;
}

/* Where the next segment of a string begins: after blanks and comments with a line end among them;
 * NULL when the string is over. */
static const char *next_segment(const struct split_lex *lex)
{
    const char *p = lex->p;
    bool lines = false;

    if (p < lex->end && *p == '\'')
        return p;
    for (;;) {
        if (p < lex->end && split_lex_is_blank(*p))
            lines |= *p == '\n' || *p == '\r', p++;
        else if (at(lex, p, "--"))
            p = line_end(lex, p);
        else
            return lines && p < lex->end && *p == '\'' ? p : NULL;
    }
}

/* E'…', with ${p} at the quote: each segment has backslashes. */
static enum split_token escaped(struct split_lex *lex)
{
    for (const char *next = lex->p; next != NULL; next = next_segment(lex)) {
        lex->p = next;
        if (!skip_quoted(lex, true))
            return open_ended(lex, "quote");
    }
    return SPLIT_QUOTED;
}

/* $tag$ … $tag$; a dollar sign that starts none is one byte. */
static enum split_token dollar(struct split_lex *lex)
{
    const char *body = lex->p + 1;
    size_t n;

    if (body < lex->end && is_digit(*body))
        body = lex->end;
    while (body < lex->end && in_word(*body))
        body++;
    if (body == lex->end || *body != '$') {
        lex->p++;
        return SPLIT_BYTE;
    }
    n = (size_t)(++body - lex->p);
    body = memmem(body, (size_t)(lex->end - body), lex->p, n);
    if (body == NULL)
        return open_ended(lex, "dollar quote");
    lex->p = body + n;
    return SPLIT_QUOTED;
}

static enum split_token word(struct split_lex *lex)
{
    while (lex->p < lex->end && (in_word(*lex->p) || *lex->p == '$'))
        lex->p++;
    if (lex->p < lex->end && *lex->p == '\'' && split_lex_is(lex->token, 1, "e") &&
        lex->p - lex->token == 1)
        return escaped(lex);
    return SPLIT_WORD;
}

static enum split_token number(struct split_lex *lex)
{
    while (lex->p < lex->end && in_word(*lex->p))
        lex->p++;
    return SPLIT_BYTE;
}

static enum split_token blanks(struct split_lex *lex)
{
    while (lex->p < lex->end && split_lex_is_blank(*lex->p))
        lex->p++;
    return SPLIT_BLANK;
}

enum split_token split_lex_next(struct split_lex *lex)
{
    const char *p = lex->token = lex->p;

    if (p >= lex->end)
        return SPLIT_END;
    if (split_lex_is_blank(*p))
        return blanks(lex);
    if (starts_word(*p))
        return word(lex);
    if (is_digit(*p))
        return number(lex);
    if (*p == '\'' || *p == '"')
        return skip_quoted(lex, false) ? SPLIT_QUOTED : open_ended(lex, "quote");
    if (*p == '$')
        return dollar(lex);
    if (at(lex, p, "/*"))
        return block_comment(lex);
    if (at(lex, p, "--") || *p == '\\') {
        lex->p = line_end(lex, p);
        return *p == '\\' ? SPLIT_BACKSLASH : SPLIT_COMMENT;
    }
    lex->p++;
    return SPLIT_BYTE;
}
