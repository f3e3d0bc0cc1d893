/* catalog_text - see catalog_text.h. Works on text, knowing quotes and brackets. */
#include "pg/catalog_text.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

static bool starts(const char *at, const char *word)
{
    return strncmp(at, word, strlen(word)) == 0;
}

/* Past the character at ${at}, or past the string or quoted identifier that begins there. In E'…' a
 * backslash escapes; ${begin} is where the text begins. */
static const char *skip_one(const char *begin, const char *at)
{
    char quote = *at;
    bool escapes = quote == '\'' && at > begin && at[-1] == 'E';

    if (quote != '\'' && quote != '"')
        return at + 1;
    for (at++; *at != '\0'; at++) {
        if (escapes && at[0] == '\\' && at[1] != '\0')
            at++;
        else if (at[0] == quote && at[1] == quote)
            at++;
        else if (at[0] == quote)
            return at + 1;
    }
    return at;
}

/* From ${at} to the first of ${ends} that stands outside of brackets, or NULL. A word in ${word} is
 * looked for on the way, and ${found} says whether it was there. */
static const char *find_end(const char *begin, const char *at, const char *ends, const char *word,
                            bool *found)
{
    int depth = 0;

    for (; *at != '\0'; at = skip_one(begin, at)) {
        if (depth == 0 && strchr(ends, *at) != NULL)
            return at;
        if (depth == 0 && word != NULL && starts(at, word))
            *found = true;
        if (*at == '(' || *at == '[')
            depth++;
        if ((*at == ')' || *at == ']') && --depth < 0)
            return NULL;
    }
    return NULL;
}

/* --- arrays that are cast --------------------------------------------------------------------- */

static const char opening[] = "(ARRAY[";

/* The end of a type's name: words, dots, quoted identifiers, a modifier in parentheses; "[]" must
 * follow. */
static const char *skip_type(const char *begin, const char *at)
{
    while (*at != '\0' && strchr("[]',;:=<>", *at) == NULL) {
        if (*at == ')')
            return NULL;
        if (*at == '(')
            at += strcspn(at, ")");
        if (*at != '\0')
            at = skip_one(begin, at);
    }
    return starts(at, "[]") ? at : NULL;
}

/* ${at} is behind "(ARRAY[". Writes the other spelling and gives what follows it, or NULL. */
static const char *spread_cast(const char *begin, const char *at, struct buf *out)
{
    const char *first = at;
    const char *type;
    const char *end;

    /* Only what is an array of plain elements, and is cast to an array type. */
    for (;; at += 2) {
        if (starts(at, "ARRAY[") || (at = find_end(begin, at, ",]", NULL, NULL)) == NULL)
            return NULL;
        if (*at == ']')
            break;
        if (at[1] != ' ')
            return NULL;
    }
    if (!starts(at, "])::"))
        return NULL;
    type = at + strlen("])::");
    end = skip_type(begin, type);
    if (end == NULL)
        return NULL;
    buf_adds(out, "ARRAY[");
    for (at = first; at[-1] != ']'; at += *at == ' ') {
        const char *element = at;

        at = find_end(begin, at, ",]", NULL, NULL);
        buf_addf(out, "%s(%.*s)::%.*s", element > first ? ", " : "", (int)(at - element), element,
                 (int)(end - type), type);
        at++;
    }
    buf_addc(out, ']');
    return end + 2;
}

static void spread_casts(const char *text, struct buf *out)
{
    const char *at = text;

    while (*at != '\0') {
        const char *next = NULL;

        if (starts(at, opening))
            next = spread_cast(text, at + strlen(opening), out);
        if (next == NULL) {
            next = skip_one(text, at);
            buf_add(out, at, (size_t)(next - at));
        }
        at = next;
    }
}

/* --- AND and OR ------------------------------------------------------------------------------- */

/* ${at} is at "((": whether the inner group is of the kind that the outer one goes on with; its end
 * then. */
static char *same_kind(const char *begin, const char *at)
{
    static const char *const words[] = {" AND ", " OR "};
    const char *end = find_end(begin, at + 2, ")", NULL, NULL);

    for (size_t i = 0; end != NULL && i < sizeof words / sizeof *words; i++) {
        bool found = false;

        if (starts(end + 1, words[i]) &&
            find_end(begin, at + 2, ")", words[i], &found) == end && found)
            return (char *)end;
    }
    return NULL;
}

static void flatten(struct buf *text)
{
    char *at = text->data;

    while (*at != '\0') {
        char *end = starts(at, "((") ? same_kind(text->data, at) : NULL;

        if (end == NULL) {
            at = (char *)skip_one(text->data, at);
            continue;
        }
        memmove(end, end + 1, strlen(end + 1) + 1);
        memmove(at, at + 1, strlen(at + 1) + 1);
        text->len -= 2;
    }
}

const char *catalog_text_normal(struct arena *arena, const char *text)
{
    auto_buf struct buf out = {0};

    if (strstr(text, opening) == NULL && strstr(text, "((") == NULL)
        return text;
    spread_casts(text, &out);
    flatten(&out);
    return strcmp(buf_text(&out), text) == 0 ? text : arena_strndup(arena, out.data, out.len);
}
