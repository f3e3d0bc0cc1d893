/* split - see split.h. Here: the parser's word on the lexical cut (split_scan.h). */
#include "pg/split.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "pg/parse.h"
#include "pg/split_scan.h"

/* The parser gets so much at once: its tree takes some twenty times the text. */
enum { STRETCH_MAX = 1024 * 1024 };

struct parts {
    struct split_statement *list;
    size_t n, cap;
};

static void parts_add(struct parts *parts, const struct split_statement *part)
{
    if (parts->n == parts->cap) {
        parts->cap = parts->cap == 0 ? 64 : parts->cap * 2;
        parts->list = mem_realloc(parts->list, parts->cap * sizeof *parts->list);
    }
    parts->list[parts->n++] = *part;
}

static void parts_release(struct parts *parts)
{
    mem_free(parts->list);
}
#define auto_parts __attribute__((cleanup(parts_release)))

/* Lines are counted on from the last place that was asked for. */
struct lines {
    const char *p;
    size_t line;
};

static size_t line_of(struct lines *lines, const char *p)
{
    const char *end;

    while ((end = memchr(lines->p, '\n', (size_t)(p - lines->p))) != NULL) {
        lines->p = end + 1;
        lines->line++;
    }
    return lines->line;
}

/* A byte order mark before the text is no part of it. */
static const char *begin_of(const char *text, size_t n)
{
    return n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
}

static int does_not_end(const char *text, const struct split_scan *scan, struct err *err)
{
    struct lines lines = {.p = text, .line = 1};

    return err_set(err, ERR_CONFIG, "the %s that begins in line %zu does not end", scan->what,
                   line_of(&lines, scan->began));
}

/* --- the parser --------------------------------------------------------------------------------*/

/* Text that the parser may see: no NUL, and whole characters of UTF-8. */
static bool is_text(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    const unsigned char *end = p + n;

    while (p < end) {
        size_t more = *p < 0x80 ? 0 : *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1;

        if (*p == '\0' || (*p >= 0x80 && *p < 0xc2) || *p > 0xf4 || more >= (size_t)(end - p))
            return false;
        for (p++; more > 0; more--, p++)
            if ((*p & 0xc0) != 0x80)
                return false;
    }
    return true;
}

static bool is_for_parser(const struct split_statement *part)
{
    return !(part->flags & SPLIT_META) && part->code <= SPLIT_CODE_MAX &&
           is_text(part->text, part->n);
}

/* Whether the next part cannot be given to the parser with this one: data stand between them. */
static bool has_data(const struct split_statement *part, const struct split_statement *next)
{
    return part->data != NULL &&
           memchr(part->data, '\n', (size_t)(next->text - part->data)) != NULL;
}

static bool parses_alone(const struct split_statement *part)
{
    auto_free struct parse_cut *cuts = NULL;
    size_t n;

    return part->n <= STRETCH_MAX && parse_split(part->text, part->n, &cuts, &n) == 0 && n == 1;
}

static bool is_same_cut(const struct parts *parts, const char *text, const struct parse_cut *cuts,
                        size_t n)
{
    if (parts->n != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *p = text + cuts[i].start;

        if (p > parts->list[i].text || p + cuts[i].n < parts->list[i].text + parts->list[i].n)
            return false;
    }
    return true;
}

/* The parser cuts otherwise: its cut, with what the lexical reading knows about each statement. */
static void recut(struct parts *out, const char *text, const struct parse_cut *cuts, size_t n,
                  const struct split_statement *last)
{
    for (size_t i = 0; i < n; i++) {
        const char *p = text + cuts[i].start;
        struct split_scan scan = {.lex = {.p = p, .end = p + cuts[i].n}, .whole = true};
        struct split_statement part;

        if (split_scan_next(&scan, &part) <= 0)
            continue;
        if (i + 1 == n && (part.flags & SPLIT_COPY_IN) && last->data != NULL) {
            part.data = last->data;
            part.data_n = last->data_n;
        }
        parts_add(out, &part);
    }
}

/* ${stretch}: parts without data or meta-commands between them. */
static void confirm(struct parts *out, const struct parts *stretch)
{
    const struct split_statement *last = &stretch->list[stretch->n - 1];
    const char *text = stretch->list[0].text;
    size_t n = (size_t)(last->text + last->n - text);
    auto_free struct parse_cut *cuts = NULL;
    size_t n_cuts = 0;
    bool parses = parse_split(text, n, &cuts, &n_cuts) == 0;

    if (parses && !is_same_cut(stretch, text, cuts, n_cuts)) {
        recut(out, text, cuts, n_cuts, last);
        return;
    }
    for (size_t i = 0; i < stretch->n; i++) {
        if (!parses && !parses_alone(&stretch->list[i]))
            stretch->list[i].flags |= SPLIT_LEXED;
        parts_add(out, &stretch->list[i]);
    }
}

/* As many of ${parts} as the parser can take at once; at least one. */
static struct parts stretch_of(struct split_statement *list, size_t n)
{
    struct parts stretch = {.list = list, .n = 1};

    while (stretch.n < n && !has_data(&list[stretch.n - 1], &list[stretch.n]) &&
           (size_t)(list[stretch.n].text + list[stretch.n].n - list->text) <= STRETCH_MAX &&
           is_for_parser(&list[stretch.n]))
        stretch.n++;
    return stretch;
}

static void confirm_all(struct parts *out, const struct parts *parts)
{
    for (size_t i = 0; i < parts->n;) {
        struct parts stretch = {.list = &parts->list[i], .n = 1};

        if (is_for_parser(stretch.list)) {
            stretch = stretch_of(stretch.list, parts->n - i);
            confirm(out, &stretch);
        } else {
            stretch.list->flags |= stretch.list->flags & SPLIT_META ? 0u : SPLIT_LEXED;
            parts_add(out, stretch.list);
        }
        i += stretch.n;
    }
}

int split_statements(const char *text, size_t n,
                     int (*each)(void *arg, const struct split_statement *statement), void *arg,
                     struct err *err)
{
    struct split_scan scan = {.lex = {.p = begin_of(text, n), .end = text + n}};
    struct lines lines = {.p = text, .line = 1};
    auto_parts struct parts parts = {0};
    auto_parts struct parts out = {0};
    struct split_statement part;
    int rc;

    while ((rc = split_scan_next(&scan, &part)) > 0)
        parts_add(&parts, &part);
    if (rc < 0)
        return does_not_end(text, &scan, err);
    confirm_all(&out, &parts);
    for (size_t i = 0; i < out.n && rc == 0; i++) {
        out.list[i].line = line_of(&lines, out.list[i].text);
        rc = each(arg, &out.list[i]);
    }
    return rc;
}

/* --- comments ----------------------------------------------------------------------------------*/

struct comments {
    const char *text; /* the whole text */
    struct lines lines;
    int (*each)(void *arg, const struct split_comment *comment);
    void *arg;
    int rc;
};

static void take_comment(void *arg, const char *text, size_t n, size_t depth)
{
    struct comments *comments = arg;
    struct split_comment comment = {.text = text, .n = n, .depth = depth};
    const char *before = text;

    while (before > comments->text && before[-1] != '\n' && split_lex_is_blank(before[-1]))
        before--;
    if (comments->rc != 0 || (before > comments->text && before[-1] != '\n'))
        return;
    comment.line = line_of(&comments->lines, text);
    comments->rc = comments->each(comments->arg, &comment);
}

int split_comments(const char *text, size_t n,
                   int (*each)(void *arg, const struct split_comment *comment), void *arg,
                   struct err *err)
{
    struct comments comments = {
        .text = begin_of(text, n), .lines = {.p = text, .line = 1}, .each = each, .arg = arg};
    struct split_scan scan = {
        .lex = {.p = comments.text, .end = text + n}, .comment = take_comment, .arg = &comments};
    struct split_statement part;
    int rc = 1;

    while (rc > 0 && comments.rc == 0)
        rc = split_scan_next(&scan, &part);
    if (comments.rc != 0)
        return comments.rc;
    return rc < 0 ? does_not_end(text, &scan, err) : 0;
}
