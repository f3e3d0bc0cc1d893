/* split - see split.h. */
#include "pg/split.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
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
    return starts_word(c) || is_digit(c) || c == '$';
}

/* --- tokens: each takes the token's first byte and gives the byte after it ---------------------*/

static const char *skip_block_comment(const char *p)
{
    int depth = 0;

    while (*p != '\0') {
        if (p[0] == '/' && p[1] == '*') {
            depth++;
            p += 2;
        } else if (p[0] == '*' && p[1] == '/') {
            p += 2;
            if (--depth == 0)
                break;
        } else {
            p++;
        }
    }
    return p;
}

/* A doubled quote inside is the same as two strings without anything between them. */
static const char *skip_quoted(const char *p, bool backslash)
{
    char quote = *p++;

    while (*p != '\0' && *p != quote)
        p += backslash && p[0] == '\\' && p[1] != '\0' ? 2 : 1;
    return *p == '\0' ? p : p + 1;
}

/* $tag$ … $tag$; a dollar sign that starts none is one byte. */
static const char *skip_dollar(const char *p)
{
    const char *tag = p;
    const char *end = p + 1;
    size_t len;

    if (is_digit(*end))
        return end;
    while (in_word(*end) && *end != '$')
        end++;
    if (*end != '$')
        return p + 1;
    len = (size_t)(++end - tag);
    for (; *end != '\0'; end++)
        if (*end == '$' && strncmp(end, tag, len) == 0)
            return end + len;
    return end;
}

static const char *skip_word(const char *p)
{
    while (in_word(*p))
        p++;
    return p;
}

/* Blanks and comments; ${p} itself when there is none. */
static const char *skip_blanks(const char *p)
{
    for (;;) {
        if (is_blank(*p))
            p++;
        else if (p[0] == '-' && p[1] == '-')
            p += strcspn(p, "\n");
        else if (p[0] == '/' && p[1] == '*')
            p = skip_block_comment(p);
        else
            return p;
    }
}

/* --- words that change what a semicolon means --------------------------------------------------*/

struct words {
    size_t n;
    const char *last; /* the word before */
    size_t last_len;
    bool creates, copies;
    bool routine;    /* CREATE FUNCTION or PROCEDURE */
    bool from_stdin; /* COPY … FROM stdin */
    int body;        /* depth of BEGIN ATOMIC and CASE */
};

static bool same(const char *word, size_t len, const char *text)
{
    return len == strlen(text) && strncasecmp(word, text, len) == 0;
}

static void take_word(struct words *words, const char *word, size_t len)
{
    bool after_begin = same(words->last, words->last_len, "begin");
    bool after_from = same(words->last, words->last_len, "from");

    if (words->n == 0) {
        words->creates = same(word, len, "create");
        words->copies = same(word, len, "copy");
    } else if (words->creates && (words->n == 1 || words->n == 3)) {
        words->routine |= same(word, len, "function") || same(word, len, "procedure");
    }
    if (words->copies && after_from && same(word, len, "stdin"))
        words->from_stdin = true;
    if (words->routine && after_begin && same(word, len, "atomic"))
        words->body++;
    else if (words->body > 0 && same(word, len, "case"))
        words->body++;
    else if (words->body > 0 && same(word, len, "end"))
        words->body--;
    words->n++;
    words->last = word;
    words->last_len = len;
}

/* After the semicolon of COPY … FROM stdin: the data, when the text has it, up to the line "\.". */
static const char *skip_copy_data(const char *p)
{
    const char *line = p;

    while (is_blank(*line) && *line != '\n')
        line++;
    if (*line != '\n')
        return p;
    for (line++; *line != '\0'; line += *line == '\n') {
        size_t len = strcspn(line, "\n");

        if ((len == 2 || (len == 3 && line[2] == '\r')) && strncmp(line, "\\.", 2) == 0)
            return line + len;
        line += len;
    }
    return p;
}

bool split_next(const char **cursor, struct split_part *part)
{
    struct words words = {.last = ""};
    const char *p = skip_blanks(*cursor);
    int parens = 0;

    while (*p == ';')
        p = skip_blanks(p + 1);
    *part = (struct split_part){.text = p};
    while (*p != '\0' && (*p != ';' || parens > 0 || words.body > 0)) {
        const char *token = p;
        bool quoted = false;

        if (starts_word(*p)) {
            p = skip_word(p);
            take_word(&words, token, (size_t)(p - token));
            if (*p == '\'' && p - token == 1 && (*token == 'e' || *token == 'E'))
                p = skip_quoted(p, true);
        } else if (is_digit(*p)) {
            p = skip_word(p);
        } else if (*p == '\'' || *p == '"') {
            p = skip_quoted(p, false);
            quoted = true;
        } else if (*p == '$') {
            p = skip_dollar(p);
            quoted = p - token > 1;
        } else if (skip_blanks(p) != p) {
            p = skip_blanks(p);
        } else {
            parens += (*p == '(') - (*p == ')' && parens > 0);
            p++;
        }
        part->code += quoted ? 1 : (size_t)(p - token);
    }
    part->len = (size_t)(p - part->text);
    *cursor = *p == ';' ? p + 1 : p;
    if (*p == ';' && words.from_stdin)
        *cursor = skip_copy_data(p + 1);
    return part->len > 0;
}
