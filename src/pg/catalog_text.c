/* catalog_text - see catalog_text.h. */
#include "pg/catalog_text.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

static const char opening[] = "(ARRAY[";

/* Past the string or quoted identifier that begins at ${at}. A backslash escapes in E'…' only. */
static const char *skip_quoted(const char *at, bool escapes)
{
    char quote = *at++;

    while (*at != '\0') {
        if (escapes && at[0] == '\\' && at[1] != '\0')
            at += 2;
        else if (at[0] == quote && at[1] == quote)
            at += 2;
        else if (*at++ == quote)
            return at;
    }
    return at;
}

/* Past the element that begins at ${at}: to the comma or bracket that ends it, or NULL. */
static const char *skip_element(const char *at)
{
    int depth = 0;
    const char *begin = at;

    while (*at != '\0') {
        if (*at == '\'' || *at == '"') {
            at = skip_quoted(at, *at == '\'' && at > begin && at[-1] == 'E');
            continue;
        }
        if (depth == 0 && (*at == ',' || *at == ']'))
            return at;
        if (*at == '(' || *at == '[')
            depth++;
        if (*at == ')' || *at == ']')
            depth--;
        if (depth < 0)
            return NULL;
        at++;
    }
    return NULL;
}

/* The end of a type's name: words, dots, quoted identifiers, a modifier in parentheses. The words of
 * names like "character varying" are followed by no operator, as the "[]" must come next. */
static const char *skip_type(const char *at)
{
    while (*at != '\0' && strchr("[]',;:=<>", *at) == NULL) {
        if (*at == '"')
            at = skip_quoted(at, false);
        else if (*at == ')')
            return NULL;
        else if (*at == '(') {
            at += strcspn(at, ")");
            at += *at == ')';
        } else
            at++;
    }
    return strncmp(at, "[]", 2) == 0 ? at : NULL;
}

/* ${at} is behind "(ARRAY[". Writes the other spelling and gives what follows it, or NULL. */
static const char *rewrite(const char *at, struct buf *out)
{
    struct {
        const char *begin, *end;
    } elements[256];
    size_t n = 0;
    const char *type;
    const char *end;

    for (;; at += 2) {
        if (n == sizeof elements / sizeof *elements || strncmp(at, "ARRAY[", 6) == 0)
            return NULL;
        elements[n].begin = at;
        at = skip_element(at);
        if (at == NULL)
            return NULL;
        elements[n++].end = at;
        if (*at == ']')
            break;
        if (at[1] != ' ')
            return NULL;
    }
    if (strncmp(at, "])::", 4) != 0)
        return NULL;
    type = at + 4;
    end = skip_type(type);
    if (end == NULL)
        return NULL;
    buf_adds(out, "ARRAY[");
    for (size_t i = 0; i < n; i++)
        buf_addf(out, "%s(%.*s)::%.*s", i > 0 ? ", " : "",
                 (int)(elements[i].end - elements[i].begin), elements[i].begin, (int)(end - type),
                 type);
    buf_addc(out, ']');
    return end + 2;
}

const char *catalog_text_normal(struct arena *arena, const char *text)
{
    auto_buf struct buf out = {0};
    const char *at = text;
    const char *next;

    if (strstr(text, opening) == NULL)
        return text;
    while (*at != '\0') {
        if (strncmp(at, opening, sizeof opening - 1) == 0 &&
            (next = rewrite(at + sizeof opening - 1, &out)) != NULL) {
            at = next;
        } else if (*at == '\'' || *at == '"') {
            next = skip_quoted(at, *at == '\'' && at > text && at[-1] == 'E');
            buf_add(&out, at, (size_t)(next - at));
            at = next;
        } else {
            buf_addc(&out, *at++);
        }
    }
    return arena_strndup(arena, buf_text(&out), out.len);
}
