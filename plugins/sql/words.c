/* words - see words.h. */
#include "words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const char *words_skip(const char *at)
{
    for (;;) {
        at += strspn(at, " \t\r\n\f\v");
        if (at[0] == '-' && at[1] == '-') {
            at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            int depth = 0;

            do {
                if (at[0] == '/' && at[1] == '*') {
                    depth++;
                    at += 2;
                } else if (at[0] == '*' && at[1] == '/') {
                    depth--;
                    at += 2;
                } else if (*at != '\0') {
                    at++;
                }
            } while (depth > 0 && *at != '\0');
        } else {
            return at;
        }
    }
}

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

const char *words_name_end(const char *at)
{
    if (*at == '"') {
        for (at++; *at != '\0' && (at[0] != '"' || at[1] == '"'); at++)
            at += *at == '"';
        return *at == '"' ? at + 1 : at;
    }
    while (is_name_byte(*at))
        at++;
    return at;
}

bool words_take(const char **at, const char *word)
{
    size_t n = strlen(word);

    if (strncasecmp(*at, word, n) != 0 || is_name_byte((*at)[n]))
        return false;
    *at = words_skip(*at + n);
    return true;
}

const char *words_unquoted(struct ddb_call *call, const char *at, const char *end)
{
    char *out = sql_host->alloc(call, (size_t)(end - at) + 1);
    char *to = out;

    if (*at != '"') {
        for (; at < end; at++)
            *to++ = (char)tolower((unsigned char)*at);
        return out;
    }
    for (at++; at < end - 1; at++) {
        *to++ = *at;
        at += *at == '"';
    }
    return out;
}
