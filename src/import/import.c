/* import - see import.h. */
#include "import/import.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/parts.h"

static const struct {
    const char *name;
    bool (*takes)(const char *base);
    void (*add)(struct import_history *history, const struct import_file *file, struct errs *errs);
    void (*finish)(struct import_history *history, struct errs *errs);
} tools[IMPORT_TOOLS] = {
    [IMPORT_DBMATE] = {"dbmate", dbmate_takes, dbmate_add, NULL},
    [IMPORT_GOOSE] = {"goose", goose_takes, goose_add, NULL},
    [IMPORT_GOLANG] = {"golang-migrate", golang_takes, golang_add, NULL},
    [IMPORT_FLYWAY] = {"flyway", flyway_takes, flyway_add, flyway_finish},
    [IMPORT_ALEMBIC] = {"alembic", NULL, NULL, NULL},
};

int import_tool(const char *name, enum import_tool *tool)
{
    for (int i = 0; i < IMPORT_TOOLS; i++)
        if (strcmp(tools[i].name, name) == 0) {
            *tool = (enum import_tool)i;
            return 0;
        }
    return -1;
}

const char *import_name(enum import_tool tool)
{
    return tools[tool].name;
}

struct import_history *import_start(struct arena *arena, enum import_tool tool)
{
    struct import_history *history = arena_alloc(arena, sizeof *history);

    history->arena = arena;
    history->tool = tool;
    return history;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

bool import_takes(enum import_tool tool, const char *path)
{
    return tools[tool].takes != NULL && tools[tool].takes(base_name(path));
}

/* How many bytes the character at ${p} takes; 0 when it is none of UTF-8, or a NUL. */
static size_t character(const unsigned char *p, size_t n)
{
    size_t len = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;

    if (*p == '\0' || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
        (*p == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

/* The first line that is no text in UTF-8; 0 when all are. */
static size_t odd_line(const char *text, size_t n)
{
    size_t line = 1, len;

    for (size_t i = 0; i < n; i += len) {
        len = character((const unsigned char *)text + i, n - i);
        if (len == 0)
            return line;
        line += text[i] == '\n';
    }
    return 0;
}

void import_add(struct import_history *history, const char *path, const char *text, size_t n,
                struct errs *errs)
{
    struct import_file file = {.path = path, .base = base_name(path), .text = text, .n = n};
    size_t line;

    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        file.text += 3; /* an editor's mark, no SQL */
        file.n -= 3;
    }
    if ((line = odd_line(file.text, file.n)) > 0) {
        err_hint(import_wrong(errs, path, line, "a character is not in UTF-8"),
                 "Save the file in UTF-8.");
        return;
    }
    tools[history->tool].add(history, &file, errs);
}

/* --- versions --------------------------------------------------------------------------------- */

/* Two numbers of any length; leading zeros do not count. */
static int compare_numbers(const char *a, size_t na, const char *b, size_t nb)
{
    int c;

    for (; na > 0 && *a == '0'; a++, na--)
        ;
    for (; nb > 0 && *b == '0'; b++, nb--)
        ;
    if (na != nb)
        return na < nb ? -1 : 1;
    c = na == 0 ? 0 : memcmp(a, b, na);
    return c < 0 ? -1 : c > 0;
}

/* "1.2" and "1.2.0" are the same: a part that is missing is 0. */
static int compare_parts(const char *a, const char *b)
{
    while (*a != '\0' || *b != '\0') {
        size_t na = strcspn(a, "._"), nb = strcspn(b, "._");
        int c = compare_numbers(a, na, b, nb);

        if (c != 0)
            return c;
        a += na + (a[na] != '\0');
        b += nb + (b[nb] != '\0');
    }
    return 0;
}

int import_compare(enum import_tool tool, const char *a, const char *b)
{
    if (tool == IMPORT_DBMATE)
        return strcmp(a, b);
    return compare_parts(a, b);
}

const char *import_id(struct arena *arena, const char *version)
{
    static const char zeros[] = "0000";
    size_t digits = import_digits(version);

    return arena_printf(arena, "%s%s", digits < 4 ? zeros + digits : "", version);
}

/* "20240131120000" is "2024-01-31 12:00:00"; NULL for what is no time. */
static const char *create_date(struct arena *arena, const char *version)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day, hour, minute, second;

    if (import_digits(version) != 14 || version[14] != '\0' ||
        sscanf(version, "%4d%2d%2d%2d%2d%2d", &year, &month, &day, &hour, &minute, &second) != 6)
        return NULL;
    if (year < 1990 || year > 2199 || month < 1 || month > 12 || day < 1 || day > days[month - 1] ||
        hour > 23 || minute > 59 || second > 59)
        return NULL;
    return arena_printf(arena, "%04d-%02d-%02d %02d:%02d:%02d", year, month, day, hour, minute,
                        second);
}

/* --- the history ------------------------------------------------------------------------------ */

/* Room for one more of ${size} bytes. */
static void *grown(struct arena *arena, void *items, size_t n, size_t *cap, size_t size)
{
    void *more;

    if (n < *cap)
        return items;
    *cap = *cap == 0 ? 64 : *cap * 2;
    more = arena_alloc(arena, *cap * size);
    if (n > 0)
        memcpy(more, items, n * size);
    return more;
}

struct import_migration *import_new(struct import_history *history, const char *version,
                                    const char *name, const char *path)
{
    struct arena *arena = history->arena;
    struct import_migration *migration;
    char *words = arena_strdup(arena, name + strspn(name, "_"));

    for (char *c = words; *c != '\0'; c++)
        if (*c == '_')
            *c = ' ';
    history->items = grown(arena, history->items, history->n, &history->cap, sizeof *migration);
    migration = &history->items[history->n++];
    *migration = (struct import_migration){
        .version = arena_strdup(arena, version),
        .name = words,
        .path = arena_strdup(arena, path),
        .create_date = create_date(arena, version),
        .checks_placeholders = true,
    };
    return migration;
}

struct import_migration *import_same(struct import_history *history, const char *version)
{
    for (size_t i = 0; i < history->n; i++)
        if (import_compare(history->tool, history->items[i].version, version) == 0)
            return &history->items[i];
    return NULL;
}

const struct import_migration *import_find(const struct import_history *history,
                                           const char *version)
{
    for (size_t i = 0; i < history->n; i++)
        if (import_compare(history->tool, history->items[i].version, version) == 0)
            return &history->items[i];
    return NULL;
}

bool import_is_left_out(const struct import_history *history, const char *version)
{
    for (size_t i = 0; i < history->n_left_out; i++)
        if (history->left_out[i].version[0] != '\0' &&
            import_compare(history->tool, history->left_out[i].version, version) == 0)
            return true;
    return false;
}

void import_leave_out(struct import_history *history, const char *path, const char *version,
                      const char *reason)
{
    history->left_out = grown(history->arena, history->left_out, history->n_left_out,
                              &history->cap_left_out, sizeof *history->left_out);
    history->left_out[history->n_left_out++] = (struct import_left_out){
        .path = arena_strdup(history->arena, path),
        .version = arena_strdup(history->arena, version),
        .reason = reason,
    };
}

static enum import_tool sorting; /* qsort has no argument for it */

static int by_version(const void *a, const void *b)
{
    const struct import_migration *x = a, *y = b;
    int c = sorting == IMPORT_DBMATE ? strcmp(base_name(x->path), base_name(y->path))
                                     : import_compare(sorting, x->version, y->version);

    return c != 0 ? c : strcmp(x->path, y->path);
}

static void check_one(struct import_history *history, size_t i, struct errs *errs)
{
    struct import_migration *migration = &history->items[i];

    migration->id = import_id(history->arena, migration->version);
    if (strlen(migration->id) > IMPORT_ID_MAX)
        import_wrong(errs, migration->path, 0, "version \"%s\" is longer than %d characters",
                     migration->version, IMPORT_ID_MAX);
    for (size_t k = 0; k < i; k++)
        if (import_compare(history->tool, history->items[k].version, migration->version) == 0 ||
            strcmp(history->items[k].id, migration->id) == 0) {
            import_wrong(errs, migration->path, 0, "version \"%s\" is there already, in \"%s\"",
                         migration->version, history->items[k].path);
            return;
        }
}

int import_finish(struct import_history *history, struct errs *errs)
{
    sorting = history->tool;
    if (history->n > 1)
        qsort(history->items, history->n, sizeof *history->items, by_version);
    for (size_t i = 0; i < history->n; i++)
        check_one(history, i, errs);
    if (tools[history->tool].finish != NULL)
        tools[history->tool].finish(history, errs);
    return errs->n == 0 ? 0 : -1;
}

/* --- what the readers share ------------------------------------------------------------------- */

struct err *import_wrong(struct errs *errs, const char *path, size_t line, const char *fmt, ...)
{
    struct err *err = errs_new(errs);
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (line > 0)
        err_set(err, ERR_REFUSED, "%s:%zu: %s", path, line, text);
    else
        err_set(err, ERR_REFUSED, "%s: %s", path, text);
    return err;
}

bool import_line(const char **cursor, const char **line, size_t *n)
{
    size_t len = strcspn(*cursor, "\n");

    if (**cursor == '\0')
        return false;
    *line = *cursor;
    *n = len > 0 && (*cursor)[len - 1] == '\r' ? len - 1 : len;
    *cursor += len + ((*cursor)[len] == '\n');
    return true;
}

bool import_is_blank(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isspace((unsigned char)line[i]))
            return false;
    return true;
}

bool import_is_comment(const char *line, size_t n)
{
    size_t i = 0;

    while (i < n && isspace((unsigned char)line[i]))
        i++;
    return n - i >= 2 && line[i] == '-' && line[i + 1] == '-';
}

bool import_ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

size_t import_digits(const char *text)
{
    return strspn(text, "0123456789");
}
