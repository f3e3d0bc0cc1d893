/*
 * conf_scan - a look at the text before libconfig gets it.
 *
 * libconfig cuts an integer without the suffix L to 32 bits without a word, ends the whole program
 * when an @include names a directory, stops at a NUL byte, takes a comment without an end, and
 * loses the memory of a string that stands where none can. This scanner knows comments, strings,
 * names, integers and brackets, no more.
 */
#include "conf/conf_parts.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 64 };

struct scanner {
    struct conf_reader *reader;
    const char *at;
    int line;
    bool usable;
    char before;        /* the last byte that was no blank and no comment */
    char open[DEEPEST]; /* the brackets that are open; open[0]: the file itself */
    size_t depth;
};

/* Go to ${end} and count the lines on the way. */
static void advance(struct scanner *s, const char *end)
{
    for (; s->at < end; s->at++)
        s->line += *s->at == '\n';
}

static void skip_to_line_end(struct scanner *s)
{
    s->at += strcspn(s->at, "\n");
}

static void skip_comment(struct scanner *s)
{
    const char *end = strstr(s->at + 2, "*/");

    if (end == NULL) {
        conf_read_mistake(s->reader, s->line, "the comment that begins here has no end");
        s->usable = false;
    }
    advance(s, end == NULL ? s->at + strlen(s->at) : end + 2);
}

static void skip_string(struct scanner *s)
{
    const char *end = s->at + 1;

    while (*end != '\0' && *end != '"')
        end += end[0] == '\\' && end[1] != '\0' ? 2 : 1;
    if (*end == '\0') {
        conf_read_mistake(s->reader, s->line, "the text that begins here has no closing quote");
        s->usable = false;
    }
    advance(s, *end == '\0' ? end : end + 1);
}

/* A text is a value, an element of a list, or goes on with the text before it. */
static void check_place(struct scanner *s)
{
    bool in_list = s->open[s->depth] != '{';
    struct err *err;

    if (s->before != '\0' && strchr("=:[(\"", s->before) != NULL)
        return;
    if (s->before == ',' && in_list)
        return;
    err = conf_read_mistake(s->reader, s->line, "a text stands where none can");
    err_hint(err, "Settings are written NAME = VALUE; and the elements of a list need commas.");
    s->usable = false;
}

static void follow_brackets(struct scanner *s, char c)
{
    if (strchr("{[(", c) != NULL) {
        if (s->depth + 1 < DEEPEST) {
            s->open[++s->depth] = c;
        } else {
            conf_read_mistake(s->reader, s->line, "the groups are too deep");
            s->usable = false;
            s->at += strlen(s->at) - 1;
        }
    } else if (strchr("}])", c) != NULL && s->depth > 0) {
        s->depth--;
    }
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*';
}

/* An integer in any of libconfig's forms: does its value fit the type that its suffix asks for? */
static void check_number(struct scanner *s)
{
    bool hex = s->at[0] == '0' && (s->at[1] == 'x' || s->at[1] == 'X');
    const char *start = s->at;
    const char *digits = hex ? start + 2 : start + (*start == '+' || *start == '-');
    size_t n = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");
    bool wide = digits[n] == 'L';
    bool fits;

    s->at = digits + n;
    if (!hex && n > 0 && *s->at != '\0' && strchr(".eE", *s->at) != NULL) {
        s->at += strspn(s->at, ".eE+-0123456789");
        return;
    }
    s->at += strspn(s->at, "L");
    errno = 0;
    if (hex) {
        unsigned long long value = strtoull(digits, NULL, 16);

        fits = errno == 0 && (wide || value <= UINT32_MAX);
    } else {
        long long value = strtoll(start, NULL, 10);

        fits = errno == 0 && (wide || (value >= INT32_MIN && value <= INT32_MAX));
    }
    if (n > 0 && !fits) {
        struct conf_reader *reader = s->reader;

        conf_read_mistake(reader, s->line, "the integer %.*s is too large",
                          n > 40 ? 40 : (int)(digits + n - start), start);
        if (reader->n_cut < sizeof reader->cut_lines / sizeof *reader->cut_lines)
            reader->cut_lines[reader->n_cut++] = s->line;
    }
}

/* A comment; false when there is none. */
static bool next_comment(struct scanner *s)
{
    if (s->at[0] == '#' || (s->at[0] == '/' && s->at[1] == '/'))
        skip_to_line_end(s);
    else if (s->at[0] == '/' && s->at[1] == '*')
        skip_comment(s);
    else
        return false;
    return true;
}

static void next(struct scanner *s)
{
    char c = *s->at;

    if (isspace((unsigned char)c)) {
        advance(s, s->at + 1);
        return;
    }
    if (next_comment(s))
        return;
    if (c == '"') {
        check_place(s);
        skip_string(s);
    } else if (c == '@') {
        struct err *err = conf_read_mistake(s->reader, s->line, "\"@include\" is not supported");

        err_hint(err, "Write the settings into this file; a secret can stay in another one with "
                      "\"file:PATH\" or \"env:NAME\".");
        s->usable = false;
        skip_to_line_end(s);
    } else if (isdigit((unsigned char)c) ||
               ((c == '-' || c == '+') && isdigit((unsigned char)s->at[1]))) {
        check_number(s);
    } else if (is_word(c)) {
        while (is_word(*s->at))
            s->at++;
    } else {
        follow_brackets(s, c);
        s->at++;
    }
    s->before = c;
}

bool conf_scan_text(struct conf_reader *reader, const char *text, size_t n)
{
    struct scanner s = {.reader = reader, .at = text, .line = 1, .usable = true, .open = "{"};

    while (*s.at != '\0')
        next(&s);
    if ((size_t)(s.at - text) < n) {
        conf_read_mistake(reader, s.line, "there is a NUL byte: this is no text file");
        s.usable = false;
    }
    return s.usable;
}
