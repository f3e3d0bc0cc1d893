/* lex_value - what a string of the source stands for; see lex.h. */
#include "lex.h"

#include <stdint.h>
#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool lex_has_prefix(const struct token *string, const char *letters)
{
    for (const char *c = string->text; *c != '"' && *c != '\''; c++)
        if (strchr(letters, lower(*c)) != NULL)
            return true;
    return false;
}

static bool is_decimal(char c)
{
    return c >= '0' && c <= '9';
}

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
        int digit = is_decimal(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;

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
        uint64_t eight;

        while (end - c >= 8 && (memcpy(&eight, c, 8), (eight & UINT64_C(0x8080808080808080)) == 0))
            c += 8;
        if (c == end)
            break;
        int more = *c < 0xc2 ? -1 : *c < 0xe0 ? 1 : *c < 0xf0 ? 2 : *c < 0xf5 ? 3 : -1;

        if (*c < 0x80) {
            c++;
            continue;
        }
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
    if (memchr(at, '\0', (size_t)(end - at)) != NULL)
        return -1;
    if (memchr(at, '\\', (size_t)(end - at)) == NULL &&
        memchr(at, '\r', (size_t)(end - at)) == NULL) {
        memcpy(to, at, (size_t)(end - at));
        to += end - at;
        at = end;
    }
    while (at < end) {
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
