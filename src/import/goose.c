/* goose - one file of goose: "-- +goose Up", "-- +goose Down", StatementBegin and StatementEnd. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "import/parts.h"

bool goose_takes(const char *base)
{
    if (import_ends_with(base, ".go"))
        return import_digits(base) > 0 && !import_ends_with(base, "_test.go");
    return import_ends_with(base, ".sql");
}

/* A file while it is read. */
struct reading {
    const struct import_file *file;
    struct errs *errs;
    size_t number; /* of the line */
    struct buf up, down;
    struct buf *now; /* NULL before "Up": what stands there goes to ${up} */
    size_t up_line, down_line;
    size_t block;      /* the line of an open StatementBegin */
    size_t unfinished; /* the line where a statement begins that has no semicolon yet */
    bool terminated;   /* the block's last line of SQL ends with a semicolon */
    bool no_transaction;
};

/* The annotation of "-- +goose WORDS", in ${out}; false when the line has none. */
static bool annotation(const char *line, size_t n, char *out, size_t cap)
{
    size_t i = 2, len;

    if (n < 2 || line[0] != '-' || line[1] != '-')
        return false;
    while (i < n && isspace((unsigned char)line[i]))
        i++;
    if (n - i < 6 || strncmp(line + i, "+goose", 6) != 0)
        return false;
    i += 6;
    while (i < n && isspace((unsigned char)line[i]))
        i++;
    while (n > i && isspace((unsigned char)line[n - 1]))
        n--;
    len = n - i < cap ? n - i : cap - 1;
    memcpy(out, line + i, len);
    out[len] = '\0';
    return true;
}

/* Whether the last word before a "--" comment ends with a semicolon, as goose looks at it. */
static bool ends_statement(const char *line, size_t n)
{
    char last = '\0';

    for (size_t i = 0; i < n; i++) {
        bool begins = i == 0 || isspace((unsigned char)line[i - 1]);

        if (begins && n - i >= 2 && line[i] == '-' && line[i + 1] == '-')
            break;
        if (!isspace((unsigned char)line[i]))
            last = line[i];
    }
    return last == ';';
}

static void wrong(struct reading *reading, size_t line, const char *text)
{
    import_wrong(reading->errs, reading->file->path, line, "%s", text);
}

/* The end of a direction: goose wants every statement finished. */
static void end_direction(struct reading *reading)
{
    if (reading->block > 0)
        wrong(reading, reading->block, "\"-- +goose StatementBegin\" has no StatementEnd");
    else if (reading->unfinished > 0)
        wrong(reading, reading->unfinished, "the statement does not end with a semicolon");
    reading->block = reading->unfinished = 0;
}

static void begin_direction(struct reading *reading, struct buf *text, size_t *line)
{
    end_direction(reading);
    if (*line > 0)
        wrong(reading, reading->number, "the file has this direction already");
    else if (text == &reading->down && reading->up_line == 0)
        wrong(reading, reading->number, "\"-- +goose Down\" stands before \"-- +goose Up\"");
    *line = reading->number;
    reading->now = text;
    buf_addc(text, '\n');
}

static void begin_block(struct reading *reading)
{
    if (reading->now == NULL)
        wrong(reading, reading->number, "StatementBegin stands before \"-- +goose Up\"");
    else if (reading->block > 0)
        wrong(reading, reading->number, "StatementBegin stands in another one");
    reading->block = reading->number;
    reading->terminated = false;
    if (reading->now != NULL)
        buf_addc(reading->now, '\n');
}

/* The marker ends the statement, with or without a semicolon in the text: ours needs one. */
static void end_block(struct reading *reading)
{
    if (reading->block == 0)
        wrong(reading, reading->number, "StatementEnd has no StatementBegin");
    reading->block = reading->unfinished = 0;
    if (reading->now != NULL)
        buf_adds(reading->now, reading->terminated ? "\n" : ";\n");
}

static void take_annotation(struct reading *reading, const char *words)
{
    if (strcasecmp(words, "Up") == 0) {
        begin_direction(reading, &reading->up, &reading->up_line);
    } else if (strcasecmp(words, "Down") == 0) {
        begin_direction(reading, &reading->down, &reading->down_line);
    } else if (strcasecmp(words, "StatementBegin") == 0) {
        begin_block(reading);
    } else if (strcasecmp(words, "StatementEnd") == 0) {
        end_block(reading);
    } else if (strcasecmp(words, "NO TRANSACTION") == 0) {
        reading->no_transaction = true;
        buf_addc(reading->now != NULL ? reading->now : &reading->up, '\n');
    } else if (strncasecmp(words, "ENVSUB", 6) == 0) {
        err_hint(import_wrong(reading->errs, reading->file->path, reading->number,
                              "environment variables in SQL (\"%s\") cannot be imported", words),
                 "Write the values into the file, and remove the annotation.");
    } else {
        import_wrong(reading->errs, reading->file->path, reading->number,
                     "unknown annotation \"+goose %s\"", words);
    }
}

static void take_line(struct reading *reading, const char *line, size_t n, size_t whole)
{
    bool sql = !import_is_blank(line, n) && !import_is_comment(line, n);

    if (reading->now == NULL) {
        if (sql && reading->up_line == 0) {
            wrong(reading, reading->number, "SQL stands before \"-- +goose Up\"");
            reading->now = &reading->up; /* once is enough */
        }
        buf_add(&reading->up, line, whole); /* comments above it */
        return;
    }
    buf_add(reading->now, line, whole);
    if (!sql)
        return;
    reading->terminated = ends_statement(line, n);
    if (reading->block == 0) {
        if (reading->terminated)
            reading->unfinished = 0;
        else if (reading->unfinished == 0)
            reading->unfinished = reading->number;
    }
}

static void store(struct import_history *history, const struct reading *reading,
                  const struct buf *text, size_t line, struct import_section *section)
{
    if (line == 0)
        return;
    section->text = arena_strndup(history->arena, buf_text(text), text->len);
    section->path = arena_strdup(history->arena, reading->file->path);
    section->line = line;
    section->no_transaction = reading->no_transaction;
}

static void read_file(struct import_history *history, const struct import_file *file,
                      struct import_migration *migration, struct errs *errs)
{
    struct reading reading = {.file = file, .errs = errs};
    const char *cursor = file->text, *line;
    char words[64];
    size_t n;

    while (import_line(&cursor, &line, &n)) {
        reading.number++;
        if (annotation(line, n, words, sizeof words))
            take_annotation(&reading, words);
        else
            take_line(&reading, line, n, (size_t)(cursor - line));
    }
    end_direction(&reading);
    if (reading.up_line == 0 && reading.now == NULL)
        import_wrong(errs, file->path, 0, "there is no \"-- +goose Up\"");
    store(history, &reading, &reading.up, reading.up_line > 0, &migration->upgrade);
    store(history, &reading, &reading.down, reading.down_line, &migration->downgrade);
    buf_release(&reading.up);
    buf_release(&reading.down);
}

void goose_add(struct import_history *history, const struct import_file *file, struct errs *errs)
{
    size_t digits = import_digits(file->base);
    const char *version = arena_strndup(history->arena, file->base, digits);
    const char *rest = file->base + digits;

    if (import_ends_with(file->base, ".go")) {
        import_leave_out(history, file->path, version, "a migration in Go");
        return;
    }
    if (digits == 0 || *rest != '_' || strspn(version, "0") == digits) {
        import_wrong(errs, file->path, 0, "the name must be NUMBER_NAME.sql, the number above 0");
        return;
    }
    read_file(history, file,
              import_new(history, version,
                         arena_strndup(history->arena, rest, strlen(rest) - strlen(".sql")),
                         file->path),
              errs);
}
