/* lex - see lex.h. */
#include "lex.h"

#include <stdint.h>
#include <string.h>

/* What a byte can be part of. */
enum {
    NAME = 1,     /* its beginning too */
    DIGIT = 2,
    QUOTE = 4,
    PREFIX = 8,   /* of a string */
    BREAK = 16,   /* of lines */
    OPERATOR = 32,
    AUGMENTED = 64, /* an operator that "=" may follow */
};

static const unsigned char classes[256] = {
    ['a'] = NAME,
    ['b'] = NAME | PREFIX,
    ['c' ... 'e'] = NAME,
    ['f'] = NAME | PREFIX,
    ['g' ... 'q'] = NAME,
    ['r'] = NAME | PREFIX,
    ['s'] = NAME,
    ['t' ... 'u'] = NAME | PREFIX,
    ['v' ... 'z'] = NAME,
    ['A'] = NAME,
    ['B'] = NAME | PREFIX,
    ['C' ... 'E'] = NAME,
    ['F'] = NAME | PREFIX,
    ['G' ... 'Q'] = NAME,
    ['R'] = NAME | PREFIX,
    ['S'] = NAME,
    ['T' ... 'U'] = NAME | PREFIX,
    ['V' ... 'Z'] = NAME,
    ['_'] = NAME,
    [0x80 ... 0xff] = NAME,
    ['0' ... '9'] = DIGIT,
    ['"'] = QUOTE,
    ['\''] = QUOTE,
    ['\n'] = BREAK,
    ['\r'] = BREAK,
    ['('] = OPERATOR,
    [')'] = OPERATOR,
    ['['] = OPERATOR,
    [']'] = OPERATOR,
    ['{'] = OPERATOR,
    ['}'] = OPERATOR,
    ['~'] = OPERATOR,
    ['.'] = OPERATOR,
    [','] = OPERATOR,
    [';'] = OPERATOR,
    ['+'] = OPERATOR | AUGMENTED,
    ['-'] = OPERATOR | AUGMENTED,
    ['*'] = OPERATOR | AUGMENTED,
    ['/'] = OPERATOR | AUGMENTED,
    ['%'] = OPERATOR | AUGMENTED,
    ['&'] = OPERATOR | AUGMENTED,
    ['|'] = OPERATOR | AUGMENTED,
    ['^'] = OPERATOR | AUGMENTED,
    ['@'] = OPERATOR | AUGMENTED,
    ['<'] = OPERATOR | AUGMENTED,
    ['>'] = OPERATOR | AUGMENTED,
    ['='] = OPERATOR | AUGMENTED,
    ['!'] = OPERATOR | AUGMENTED,
    [':'] = OPERATOR | AUGMENTED,
};

static bool is(char c, int class)
{
    return (classes[(unsigned char)c] & class) != 0;
}

static bool is_digit(char c)
{
    return is(c, DIGIT);
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
    return lex->text < lex->end && is(*lex->text, BREAK);
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
            const char *at = lex->text;

            while (at < lex->end && !is(*at, BREAK))
                at++;
            lex->text = at;
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

static int count_lines(const char *text, const char *end)
{
    int n = 0;

    if (memchr(text, '\r', (size_t)(end - text)) == NULL) {
        while ((text = memchr(text, '\n', (size_t)(end - text))) != NULL)
            text++, n++;
        return n;
    }
    for (const char *c = text; c < end; c++)
        n += is(*c, BREAK) && !(*c == '\n' && c > text && c[-1] == '\r');
    return n;
}

/* The end of a string in three quotes, of which ${lex} stands behind the first ones. */
static bool skip_long_string(struct lex *lex, char quote)
{
    const char *at = lex->text;

    for (;;) {
        const char *next = memchr(at, quote, (size_t)(lex->end - at));
        const char *escape;

        if (next == NULL)
            return false;
        escape = memchr(at, '\\', (size_t)(next - at));
        at = escape != NULL ? escape + 2 : next + 1;
        if (at > lex->end)
            return false;
        if (escape == NULL && lex->end - next >= 3 && next[1] == quote && next[2] == quote)
            break;
    }
    lex->line += count_lines(lex->text, at);
    lex->text = at + 2;
    return true;
}

/* The end of the string whose opening quote is at lex->text; false when it has none. */
static bool skip_string(struct lex *lex)
{
    const char *end = lex->end;
    char quote = *lex->text++;

    if (end - lex->text >= 2 && lex->text[0] == quote && lex->text[1] == quote) {
        lex->text += 2;
        return skip_long_string(lex, quote);
    }
    while (lex->text < end) {
        char c = *lex->text;

        if (c == quote) {
            lex->text++;
            return true;
        }
        if (c == '\\' && ++lex->text == end) /* in a raw string too it guards a quote */
            return false;
        if (is(c, BREAK))
            return false;
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

    while (c < lex->end && c - lex->text < 2 && is(*c, PREFIX))
        c++;
    return c < lex->end && is(*c, QUOTE);
}

static enum lex_kind skip_operator(struct lex *lex)
{
    char c = *lex->text++;

    if (c == '(' || c == '[' || c == '{') {
        lex->depth++;
    } else if (c == ')' || c == ']' || c == '}') {
        if (lex->depth-- == 0)
            return LEX_ERROR;
    } else if (is(c, AUGMENTED) && lex->text < lex->end && *lex->text == '=') {
        lex->text++;
    }
    return LEX_OP;
}

static enum lex_kind skip_token(struct lex *lex)
{
    const char *end = lex->end, *at = lex->text;
    char c = *at;

    if (is(c, QUOTE | PREFIX) && at_string(lex)) {
        while (!is(*lex->text, QUOTE))
            lex->text++;
        return skip_string(lex) ? LEX_STRING : LEX_ERROR;
    }
    if (is(c, NAME | DIGIT)) {
        while (at < end && (is(*at, NAME | DIGIT) || (is_digit(c) && *at == '.')))
            at++;
        lex->text = at;
        return is_digit(c) ? LEX_NUMBER : LEX_NAME;
    }
    return is(c, OPERATOR) ? skip_operator(lex) : LEX_ERROR;
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
