/* dbmate - one file of dbmate: blocks "-- migrate:up" and "-- migrate:down", each with options. */
#include <ctype.h>
#include <string.h>

#include "import/parts.h"

bool dbmate_takes(const char *base)
{
    return import_digits(base) > 0 && import_ends_with(base, ".sql");
}

/* What follows "-- migrate:WHICH", or NULL when the line is no such marker. */
static const char *marker(const char *line, size_t n, const char *which, size_t *rest)
{
    size_t i = 2, len = strlen(which);

    if (n < 2 || line[0] != '-' || line[1] != '-')
        return NULL;
    while (i < n && isspace((unsigned char)line[i]))
        i++;
    if (n - i < len || strncmp(line + i, which, len) != 0)
        return NULL;
    i += len;
    if (i < n && !isspace((unsigned char)line[i]))
        return NULL;
    *rest = n - i;
    return line + i;
}

/* "transaction:false" among the options; others are for other databases or mistakes. */
static bool read_no_transaction(const struct import_file *file, size_t line, const char *rest,
                                size_t n, struct errs *errs)
{
    auto_free char *copy = mem_alloc(n + 1);
    char *cursor = memcpy(copy, rest, n);
    bool no_transaction = false;

    for (char *word; (word = strsep(&cursor, " \t\r\v\f")) != NULL;) {
        if (strcmp(word, "transaction:false") == 0)
            no_transaction = true;
        else if (word[0] != '\0' && strcmp(word, "transaction:true") != 0)
            import_wrong(errs, file->path, line, "unknown option \"%s\"", word);
    }
    return no_transaction;
}

/* A block's text begins with its marker's line, blank, so that lines count as in the file; before
 * the first one's stand the comments above it. */
static void begin(struct import_history *history, const struct import_file *file,
                  struct import_section *section, size_t line, const char *rest, size_t n,
                  struct errs *errs)
{
    if (section->path != NULL)
        import_wrong(errs, file->path, line, "the file has such a block already");
    section->no_transaction = read_no_transaction(file, line, rest, n, errs);
    section->line = line;
    section->path = arena_strdup(history->arena, file->path);
}

static void end(struct import_history *history, struct import_section *section, const char *from,
                const char *to)
{
    if (section != NULL)
        section->text = arena_printf(history->arena, "\n%.*s", (int)(to - from), from);
}

static void read_blocks(struct import_history *history, const struct import_file *file,
                        struct import_migration *migration, struct errs *errs)
{
    struct import_section *now = NULL, *next;
    const char *cursor = file->text, *from = cursor, *line, *rest;
    size_t n, left, number = 0, head = 0;

    while (import_line(&cursor, &line, &n)) {
        number++;
        next = NULL;
        if ((rest = marker(line, n, "migrate:up", &left)) != NULL)
            next = &migration->upgrade;
        else if ((rest = marker(line, n, "migrate:down", &left)) != NULL)
            next = &migration->downgrade;
        if (next == NULL && now == NULL && !import_is_blank(line, n) &&
            !import_is_comment(line, n)) {
            import_wrong(errs, file->path, number, "SQL stands before \"-- migrate:up\"");
            return;
        }
        if (next == NULL)
            continue;
        if (next == &migration->downgrade && migration->upgrade.path == NULL)
            import_wrong(errs, file->path, number,
                         "\"-- migrate:down\" stands before \"-- migrate:up\"");
        if (now == NULL)
            head = (size_t)(line - file->text);
        end(history, now, from, line);
        begin(history, file, now = next, number, rest, left, errs);
        from = cursor;
    }
    end(history, now, from, cursor);
    if (migration->upgrade.text != NULL) {
        migration->upgrade.text =
            arena_printf(history->arena, "%.*s%s", (int)head, file->text, migration->upgrade.text);
        migration->upgrade.line = 1;
    }
    if (migration->upgrade.path == NULL)
        import_wrong(errs, file->path, 0, "there is no \"-- migrate:up\"");
}

void dbmate_add(struct import_history *history, const struct import_file *file, struct errs *errs)
{
    size_t digits = import_digits(file->base), len = strlen(file->base) - strlen(".sql");
    struct import_migration *migration =
        import_new(history, arena_strndup(history->arena, file->base, digits),
                   arena_strndup(history->arena, file->base + digits, len - digits), file->path);

    read_blocks(history, file, migration, errs);
}
