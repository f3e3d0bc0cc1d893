/* lex - see lex.h. */
#include "lex.h"

#include <string.h>

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

void lex_init(struct lex *lex, const char *text, size_t n)
{
    *lex = (struct lex){.text = text, .end = text + n, .line = 1};
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        lex->text += 3;
}

/* Step over the end of a line: "\n", "\r\n" or "\r". */
static void skip_newline(struct lex *lex)
{
    lex->text += lex->end - lex->text > 1 && lex->text[0] == '\r' && lex->text[1] == '\n' ? 2 : 1;
    lex->line++;
}

static bool at_newline(const struct lex *lex)
{
    return lex->text < lex->end && (*lex->text == '\n' || *lex->text == '\r');
}

/* Blanks, comments and joined lines up to the next token or the end of the logical line. */
static void skip_blank(struct lex *lex)
{
    bool joined = false;

    if (!lex->in_line)
        lex->indent = 0;
    while (lex->text < lex->end) {
        char c = *lex->text;

        if (c == ' ' || c == '\t') {
            lex->indent += !lex->in_line && !joined;
            lex->text++;
        } else if (c == '\f') {
            if (!lex->in_line && !joined)
                lex->indent = 0;
            lex->text++;
        } else if (c == '#') {
            while (lex->text < lex->end && !at_newline(lex))
                lex->text++;
        } else if (c == '\\' && lex->end - lex->text > 1 &&
                   (lex->text[1] == '\n' || lex->text[1] == '\r')) {
            lex->text++;
            skip_newline(lex);
            joined = true;
        } else if (at_newline(lex) && (lex->depth > 0 || !lex->in_line)) {
            skip_newline(lex);
            if (!lex->in_line)
                lex->indent = 0;
            joined = false;
        } else {
            return;
        }
    }
}

/* The end of the string whose opening quote is at lex->text; false when it has none. */
static bool skip_string(struct lex *lex)
{
    char quote = *lex->text;
    bool triple = lex->end - lex->text >= 3 && lex->text[1] == quote && lex->text[2] == quote;

    lex->text += triple ? 3 : 1;
    while (lex->text < lex->end) {
        if (*lex->text == '\\') { /* in a raw string too, it keeps a quote from ending it */
            if (++lex->text == lex->end)
                return false;
        } else if (*lex->text == quote) {
            if (!triple) {
                lex->text++;
                return true;
            }
            if (lex->end - lex->text >= 3 && lex->text[1] == quote && lex->text[2] == quote) {
                lex->text += 3;
                return true;
            }
        } else if (!triple && at_newline(lex)) {
            return false;
        }
        if (at_newline(lex))
            skip_newline(lex);
        else
            lex->text++;
    }
    return false;
}

/* Whether a string begins here, behind nothing or one of Python's prefixes of up to two letters. */
static bool at_string(const struct lex *lex)
{
    const char *c = lex->text;

    while (c < lex->end && c - lex->text < 2 && strchr("rbuft", lower(*c)) != NULL && *c != '\0')
        c++;
    return c < lex->end && (*c == '"' || *c == '\'');
}

static enum lex_kind skip_operator(struct lex *lex)
{
    char c = *lex->text++;

    if (strchr("([{", c) != NULL) {
        lex->depth++;
    } else if (strchr(")]}", c) != NULL) {
        if (lex->depth-- == 0)
            return LEX_ERROR;
    } else if (strchr("+-*/%&|^@<>=!:", c) != NULL && lex->text < lex->end && *lex->text == '=') {
        lex->text++;
    }
    return LEX_OP;
}

static enum lex_kind skip_token(struct lex *lex)
{
    char c = *lex->text;

    if (at_string(lex)) {
        while (*lex->text != '"' && *lex->text != '\'')
            lex->text++;
        return skip_string(lex) ? LEX_STRING : LEX_ERROR;
    }
    if (is_name_start(c) || is_digit(c)) {
        while (lex->text < lex->end &&
               (is_name_start(*lex->text) || is_digit(*lex->text) ||
                (is_digit(c) && *lex->text == '.')))
            lex->text++;
        return is_digit(c) ? LEX_NUMBER : LEX_NAME;
    }
    if (c != '\0' && strchr("+-*/%&|^@<>=!:~.,;()[]{}", c) != NULL)
        return skip_operator(lex);
    return LEX_ERROR;
}

void lex_next(struct lex *lex, struct token *token)
{
    skip_blank(lex);
    *token = (struct token){.text = lex->text, .line = lex->line, .depth = lex->depth};
    if (lex->text == lex->end) {
        token->kind = lex->depth > 0 ? LEX_ERROR : lex->in_line ? LEX_NEWLINE : LEX_END;
        lex->in_line = false;
    } else if (at_newline(lex)) {
        token->kind = LEX_NEWLINE;
        lex->in_line = false;
        skip_newline(lex);
    } else {
        lex->in_line = true;
        token->kind = skip_token(lex);
        if (lex->depth < token->depth)
            token->depth = lex->depth;
    }
    token->n = (size_t)(lex->text - token->text);
}

bool lex_is(const struct token *token, enum lex_kind kind, const char *text)
{
    return token->kind == kind && token->n > 0 && *token->text == *text &&
           strncmp(token->text, text, token->n) == 0 && text[token->n] == '\0';
}

bool lex_has_prefix(const struct token *string, const char *letters)
{
    for (const char *c = string->text; *c != '"' && *c != '\''; c++)
        if (strchr(letters, lower(*c)) != NULL)
            return true;
    return false;
}

/* --- values ------------------------------------------------------------------------------------*/

static char *put_utf8(char *out, unsigned long code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    } else {
        *out++ = (char)(0xf0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    }
    return out;
}

/* Up to ${max} digits of ${base} at *at; -1 when there are none, or not as many as ${least}. */
static long digits(const char **at, const char *end, int base, int least, int max)
{
    long value = 0;
    int n = 0;

    for (; n < max && *at < end; n++, (*at)++) {
        char c = lower(**at);
        int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;

        if (digit >= base)
            break;
        value = value * base + digit;
    }
    return n < least ? -1 : value;
}

/* The escape after the backslash at *at - 1; false when it has no static value. */
static bool put_escape(const char **at, const char *end, char **out)
{
    static const char letters[] = "\\'\"abfnrtv", values[] = "\\'\"\a\b\f\n\r\t\v";
    char c = **at;
    const char *simple = strchr(letters, c);
    long code;

    if (c == '\n' || c == '\r') { /* a joined line */
        *at += c == '\r' && end - *at > 1 && (*at)[1] == '\n' ? 2 : 1;
        return true;
    }
    if (simple != NULL && c != '\0') {
        *(*out)++ = values[simple - letters];
        (*at)++;
        return true;
    }
    if (c >= '0' && c <= '7') {
        code = digits(at, end, 8, 1, 3);
    } else if (c == 'x' || c == 'u' || c == 'U') {
        int n = c == 'x' ? 2 : c == 'u' ? 4 : 8;

        (*at)++;
        code = digits(at, end, 16, n, n);
    } else if (c == 'N') {
        return false;
    } else { /* unknown: both characters stay */
        *(*out)++ = '\\';
        return true;
    }
    if (code <= 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return false;
    *out = put_utf8(*out, (unsigned long)code);
    return true;
}

static bool is_utf8(const char *text, size_t n)
{
    const unsigned char *c = (const unsigned char *)text, *end = c + n;

    while (c < end) {
        int more = *c < 0x80 ? 0 : *c < 0xc2 ? -1 : *c < 0xe0 ? 1 : *c < 0xf0 ? 2
                   : *c < 0xf5                                             ? 3
                                                                           : -1;

        if (more < 0 || end - c <= more)
            return false;
        if ((*c == 0xe0 && c[1] < 0xa0) || (*c == 0xed && c[1] > 0x9f) ||
            (*c == 0xf0 && c[1] < 0x90) || (*c == 0xf4 && c[1] > 0x8f))
            return false;
        for (c++; more > 0; more--, c++)
            if ((*c & 0xc0) != 0x80)
                return false;
    }
    return true;
}

long lex_decode(const struct token *string, char *out)
{
    const char *at = string->text, *end = string->text + string->n;
    bool raw = lex_has_prefix(string, "r");
    char *to = out;
    size_t quotes;

    if (lex_has_prefix(string, "bft"))
        return -1;
    while (*at != '"' && *at != '\'')
        at++;
    quotes = end - at >= 6 && at[1] == at[0] && at[2] == at[0] ? 3 : 1;
    at += quotes;
    end -= quotes;
    while (at < end) {
        if (*at == '\0')
            return -1;
        if (*at == '\\' && !raw) {
            at++;
            if (!put_escape(&at, end, &to))
                return -1;
        } else if (*at == '\r') {
            at += end - at > 1 && at[1] == '\n' ? 2 : 1;
            *to++ = '\n';
        } else {
            *to++ = *at++;
        }
    }
    *to = '\0';
    return is_utf8(out, (size_t)(to - out)) ? to - out : -1;
}
