/* header - see header.h. */
#include "header.h"

#include <string.h>
#include <strings.h>

enum { WORD_MAX = 16 };

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void strip(const char **text, size_t *n)
{
    while (*n > 0 && is_blank(**text)) {
        (*text)++;
        (*n)--;
    }
    while (*n > 0 && is_blank((*text)[*n - 1]))
        (*n)--;
}

static bool is(const char *text, size_t n, const char *word)
{
    return n == strlen(word) && strncasecmp(text, word, n) == 0;
}

/* --- one line ----------------------------------------------------------------------------------*/

/* The text of a comment: without its dashes and one blank. */
static void undash(const char **text, size_t *n)
{
    while (*n > 0 && **text == '-') {
        (*text)++;
        (*n)--;
    }
    if (*n > 0 && (**text == ' ' || **text == '\t')) {
        (*text)++;
        (*n)--;
    }
}

static enum header_kind field_of(const char *text, size_t n, const char **value, size_t *value_n)
{
    static const char *const names[] = {"Revision ID", "Revises", "Create Date", "Branch Labels",
                                        "Depends On"};
    const char *end = text + n;
    const char *colon = memchr(text, ':', n);
    size_t name_n = colon == NULL ? 0 : (size_t)(colon - text);

    strip(&text, &name_n);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (name_n > 0 && is(text, name_n, names[i])) {
            *value = colon + 1;
            *value_n = (size_t)(end - *value);
            strip(value, value_n);
            return HEADER_ID + (enum header_kind)i;
        }
    return HEADER_TEXT;
}

/* With its letters only, it is a marker or what other tools have for one. */
static bool is_false_marker(const char *text, size_t n)
{
    static const char *const words[] = {"upgrade", "downgrade", "upgrades", "downgrades", "up",
                                        "down", "gooseup", "goosedown", "migrateup",
                                        "migratedown", "notransaction", "goosenotransaction"};
    char letters[WORD_MAX * 2];
    size_t len = 0;

    for (size_t i = 0; i < n && len < sizeof letters; i++) {
        if ((unsigned char)text[i] >= 0x80)
            return false;
        if ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z'))
            letters[len++] = text[i];
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is(letters, len, words[i]))
            return true;
    return false;
}

enum header_kind header_line(const char *comment, size_t n, const char **value, size_t *value_n)
{
    enum header_kind field;

    undash(&comment, &n);
    field = field_of(comment, n, value, value_n);
    if (field != HEADER_TEXT)
        return field;
    strip(&comment, &n);
    if (is(comment, n, "upgrade"))
        return HEADER_UPGRADE;
    if (is(comment, n, "downgrade"))
        return HEADER_DOWNGRADE;
    if (is(comment, n, "no transaction"))
        return HEADER_NO_TRANSACTION;
    return is_false_marker(comment, n) ? HEADER_FALSE_MARKER : HEADER_TEXT;
}

/* --- the whole header --------------------------------------------------------------------------*/

/* The lines of a text. */
struct lines {
    const char *p, *end;
    const char *text; /* the present line, from its first byte that is no blank; without its end */
    size_t n;
    size_t line;      /* from 1 */
    bool is_complete; /* it has a line end */
};

static bool lines_next(struct lines *lines)
{
    const char *end = memchr(lines->p, '\n', (size_t)(lines->end - lines->p));

    if (lines->p == lines->end)
        return false;
    lines->is_complete = end != NULL;
    lines->text = lines->p;
    lines->p = end == NULL ? lines->end : end + 1;
    lines->n = (size_t)((end == NULL ? lines->end : end) - lines->text);
    if (lines->n > 0 && lines->text[lines->n - 1] == '\r')
        lines->n--;
    while (lines->n > 0 && is_blank(*lines->text)) {
        lines->text++;
        lines->n--;
    }
    lines->line++;
    return true;
}

static bool lines_is_comment(const struct lines *lines)
{
    return lines->n >= 2 && lines->text[0] == '-' && lines->text[1] == '-';
}

/* A byte order mark at the very beginning is none of the first line's. */
static size_t mark_n(const char *text, size_t n)
{
    return n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

bool header_extent(const char *text, size_t n, bool is_whole, size_t *extent)
{
    struct lines lines = {.p = text + mark_n(text, n), .end = text + n};
    const char *value;
    size_t value_n;
    bool has_id = false;

    *extent = (size_t)(lines.p - text);
    while (lines_next(&lines)) {
        if (!lines.is_complete && !is_whole)
            return false;
        if (lines.n > 0) {
            enum header_kind kind = HEADER_TEXT;

            if (!lines_is_comment(&lines))
                return true;
            kind = header_line(lines.text, lines.n, &value, &value_n);
            if (has_id && (kind == HEADER_UPGRADE || kind == HEADER_DOWNGRADE))
                return true;
            has_id |= kind == HEADER_ID;
        }
        *extent = (size_t)(lines.p - text);
    }
    return is_whole;
}

static const char *copied(struct ddb_call *call, const char *text, size_t n)
{
    char *copy = sql_host->alloc(call, n + 1);

    memcpy(copy, text, n);
    return copy;
}

/* Names with commas between them; blank ones are left out. */
static const char *const *names_of(struct ddb_call *call, const char *text, size_t n)
{
    const char **names;
    size_t max = 1, count = 0;

    for (size_t i = 0; i < n; i++)
        max += text[i] == ',';
    names = sql_host->alloc(call, (max + 1) * sizeof *names);
    for (const char *end = text + n; text <= end;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *name = text;
        size_t name_n = (size_t)((comma == NULL ? end : comma) - text);

        text += name_n + 1;
        strip(&name, &name_n);
        if (name_n > 0)
            names[count++] = copied(call, name, name_n);
    }
    return names;
}

static int take_field(struct ddb_call *call, enum header_kind kind, const char *value, size_t n,
                      struct file *file)
{
    if (kind == HEADER_ID)
        file->id = copied(call, value, n);
    else if (kind == HEADER_DATE)
        file->create_date = copied(call, value, n);
    else if (kind == HEADER_DOWN)
        file->down = names_of(call, value, n);
    else if (kind == HEADER_LABELS)
        file->labels = names_of(call, value, n);
    else if (kind == HEADER_DEPENDS)
        file->depends_on = names_of(call, value, n);
    return 0;
}

/* The text of all lines, as a docstring. */
static const char *doc_of(struct ddb_call *call, struct lines lines)
{
    char *doc = sql_host->alloc(call, (size_t)(lines.end - lines.p) + 1);
    const char *text = doc;
    size_t n = 0;

    while (lines_next(&lines)) {
        undash(&lines.text, &lines.n);
        memcpy(doc + n, lines.text, lines.n);
        n += lines.n;
        doc[n++] = lines.is_complete ? '\n' : '\0';
    }
    n = strnlen(doc, n);
    strip(&text, &n);
    doc[text - doc + (ptrdiff_t)n] = '\0';
    return text;
}

int header_parse(struct ddb_call *call, const char *text, size_t n, struct file *file)
{
    static const char *const names[] = {NULL, "Revision ID", "Revises", "Create Date",
                                        "Branch Labels", "Depends On"};
    static const char *const none[] = {NULL};
    struct lines lines = {.p = text + mark_n(text, n), .end = text + n};
    const struct lines all = lines;
    size_t seen[HEADER_UPGRADE] = {0};
    int rc = 0;

    file->id = NULL;
    file->create_date = "";
    file->down = file->labels = file->depends_on = none;
    while (lines_next(&lines)) {
        const char *value = "";
        size_t value_n = 0;
        enum header_kind kind = HEADER_TEXT;

        if (lines.n > 0)
            kind = header_line(lines.text, lines.n, &value, &value_n);
        if (memchr(lines.text, '\r', lines.n) != NULL)
            rc = sql_host->fail(call, "\"%s\" line %zu: a carriage return stands within the line",
                                file->path, lines.line);
        if (kind == HEADER_NO_TRANSACTION)
            file->upgrade.no_transaction = file->downgrade.no_transaction = true;
        if (kind == HEADER_TEXT || kind >= HEADER_UPGRADE)
            continue;
        if (seen[kind] != 0)
            rc = sql_host->fail(call, "\"%s\" line %zu: field \"%s\" stands in line %zu already",
                                file->path, lines.line, names[kind], seen[kind]);
        seen[kind] = lines.line;
        take_field(call, kind, value, value_n, file);
    }
    if (file->id == NULL || *file->id == '\0') {
        sql_host->fail(call, "\"%s\" line %zu: %s", file->path,
                       seen[HEADER_ID] == 0 ? 1 : seen[HEADER_ID],
                       seen[HEADER_ID] == 0 ? "the header has no \"Revision ID\""
                                            : "\"Revision ID\" is empty");
        rc = sql_host->hint(call, "A revision file begins with lines of comment, one of which is "
                                  "\"-- Revision ID: …\"; move other files out of the folder.");
    }
    file->doc = doc_of(call, all);
    return rc;
}
