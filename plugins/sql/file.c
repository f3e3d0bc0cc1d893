/* file - see file.h. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "header.h"

enum { HEADER_FIRST = 4096, HEADER_MAX = 256 * 1024, SHOWN_MAX = 60 };

static const char form[] = "A revision file has a header, and then the lines \"-- upgrade\" and "
                           "\"-- downgrade\" with statements below each.";

/* --- bytes -------------------------------------------------------------------------------------*/

/* Fill up to ${cap} bytes; fewer only at the end of the file. */
static ssize_t read_up(int fd, char *data, size_t cap)
{
    size_t n = 0;

    while (n < cap) {
        ssize_t got = read(fd, data + n, cap - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

static int unreadable(struct ddb_call *call, const char *path)
{
    return sql_host->fail(call, "could not read \"%s\": %s", path, strerror(errno));
}

/* Whole characters of UTF-8, and no NUL; else the line of the first one that is not. */
static size_t bad_line(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    const unsigned char *end = p + n;
    size_t line = 1;

    while (p < end) {
        size_t more = *p < 0x80 ? 0 : *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1;
        bool is_long = (*p == 0xe0 && end - p > 1 && p[1] < 0xa0) ||
                       (*p == 0xf0 && end - p > 1 && p[1] < 0x90);
        bool is_high = (*p == 0xed && end - p > 1 && p[1] >= 0xa0) ||
                       (*p == 0xf4 && end - p > 1 && p[1] >= 0x90);

        if (*p == '\0' || (*p >= 0x80 && *p < 0xc2) || *p > 0xf4 || is_long || is_high ||
            more >= (size_t)(end - p))
            return line;
        line += *p == '\n';
        for (p++; more > 0; more--, p++)
            if ((*p & 0xc0) != 0x80)
                return line;
    }
    return 0;
}

static int check_text(struct ddb_call *call, const char *path, const char *text, size_t n)
{
    size_t line = bad_line(text, n);

    if (line == 0)
        return 0;
    sql_host->fail(call, "\"%s\" line %zu: a character is not in UTF-8", path, line);
    return sql_host->hint(call, "Save the file in UTF-8.");
}

/* --- the header alone --------------------------------------------------------------------------*/

/* The header takes ${extent} of ${n} bytes. Where there is none, the first line may tell why. */
static int header_from(struct ddb_call *call, const char *text, size_t n, size_t extent,
                       struct file *file)
{
    const char *line = memchr(text, '\n', n);
    size_t looked_at = extent > 0 || line == NULL ? extent : (size_t)(line - text);

    if (check_text(call, file->path, text, looked_at) != 0)
        return -1;
    return header_parse(call, text, extent, file);
}

/* The header did not end within the first ${n} bytes. */
static int long_header(struct ddb_call *call, int fd, const char *first, size_t n,
                       struct file *file)
{
    char *text = malloc(HEADER_MAX);
    size_t extent = 0;
    ssize_t more;
    int rc;

    if (text == NULL)
        return sql_host->fail(call, "could not read \"%s\": out of memory", file->path);
    memcpy(text, first, n);
    more = read_up(fd, text + n, HEADER_MAX - n);
    if (more < 0)
        rc = unreadable(call, file->path);
    else if (!header_extent(text, n + (size_t)more, n + (size_t)more < HEADER_MAX, &extent))
        rc = sql_host->fail(call, "the header of \"%s\" is longer than %d KiB", file->path,
                            HEADER_MAX / 1024);
    else
        rc = header_from(call, text, n + (size_t)more, extent, file);
    free(text);
    return rc;
}

int file_header(struct ddb_call *call, const char *path, struct file *file)
{
    char first[HEADER_FIRST];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t extent = 0;
    ssize_t n = -1;
    int rc;

    *file = (struct file){.path = path};
    if (fd >= 0)
        n = read_up(fd, first, sizeof first);
    if (n < 0)
        rc = unreadable(call, path);
    else if (header_extent(first, (size_t)n, (size_t)n < sizeof first, &extent))
        rc = header_from(call, first, (size_t)n, extent, file);
    else
        rc = long_header(call, fd, first, (size_t)n, file);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* --- the sections ------------------------------------------------------------------------------*/

struct body {
    struct ddb_call *call;
    struct file *file;
    const char *text, *end; /* the whole file */
    const char *begin;      /* behind the header */
    const char *first;      /* the first marker's line; NULL: there is none yet */
    struct file_section *now;
    size_t first_line; /* of a checked text */
    int rc;
};

static const char *line_start(const struct body *body, const char *p)
{
    while (p > body->text && p[-1] != '\n' && p[-1] != '\r')
        p--;
    return p < body->begin ? body->begin : p;
}

static void end_section(struct body *body, const char *p)
{
    if (body->now != NULL)
        body->now->n = (size_t)(p - body->now->text);
}

static void begin_section(struct body *body, struct file_section *section, const char *name,
                          const struct ddb_comment *comment)
{
    const char *p = comment->text + comment->n;

    end_section(body, line_start(body, comment->text));
    if (section->text != NULL)
        body->rc = sql_host->fail(body->call, "\"%s\" line %zu: the marker \"%s\" stands in line "
                                  "%zu already", body->file->path, comment->line, name,
                                  section->line - 1);
    if (body->first == NULL)
        body->first = line_start(body, comment->text);
    if (p < body->end && *p == '\r')
        p++;
    if (p < body->end && *p == '\n')
        p++;
    section->text = p;
    section->line = comment->line + 1;
    body->now = section;
}

static int take_comment(void *arg, const struct ddb_comment *comment)
{
    struct body *body = arg;
    struct file *file = body->file;
    const char *value;
    size_t value_n;

    if (comment->text < body->begin || comment->depth > 0)
        return 0;
    switch (header_line(comment->text, comment->n, &value, &value_n)) {
    case HEADER_UPGRADE:
        begin_section(body, &file->upgrade, "-- upgrade", comment);
        break;
    case HEADER_DOWNGRADE:
        begin_section(body, &file->downgrade, "-- downgrade", comment);
        break;
    case HEADER_NO_TRANSACTION:
        if (body->now != NULL)
            body->now->no_transaction = true;
        else
            file->upgrade.no_transaction = file->downgrade.no_transaction = true;
        break;
    case HEADER_FALSE_MARKER:
        body->rc = sql_host->fail(body->call, "\"%s\" line %zu: \"%.*s\" is no marker", file->path,
                                  comment->line, (int)comment->n, comment->text);
        sql_host->hint(body->call, "The markers are \"-- upgrade\", \"-- downgrade\" and \"-- no "
                                   "transaction\", alone on their line; say it otherwise in a "
                                   "comment.");
        break;
    default:
        break;
    }
    return 0;
}

static int refuse_early(void *arg, const struct ddb_statement *statement)
{
    struct body *body = arg;

    body->rc = sql_host->fail(body->call, "\"%s\" line %zu: a statement stands before the first "
                              "marker", body->file->path, body->first_line + statement->line - 1);
    sql_host->hint(body->call, "%s", form);
    return 1;
}

/* Whether ${word} stands by itself in ${text}. */
static bool has_word(const char *text, size_t n, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 1; i + len <= n; i++)
        if (strchr(" \t\r\n", text[i - 1]) != NULL && strncasecmp(text + i, word, len) == 0 &&
            (i + len == n || strchr(" \t\r\n", text[i + len]) != NULL))
            return true;
    return false;
}

/* SAVEPOINT, RELEASE, ROLLBACK TO: within the engine's transaction they are of use. */
static bool is_savepoint(const struct ddb_statement *statement)
{
    static const char *const words[] = {"savepoint", "release", "rollback"};
    size_t n = 0;

    while (n < statement->n && ((statement->text[n] | 0x20) >= 'a' &&
                                (statement->text[n] | 0x20) <= 'z'))
        n++;
    for (size_t i = 0; i < 3; i++)
        if (n == strlen(words[i]) && strncasecmp(statement->text, words[i], n) == 0)
            return i < 2 || has_word(statement->text + n, statement->n - n, "to");
    return false;
}

static int refuse(struct body *body, const struct ddb_statement *statement, const char *why,
                  const char *hint)
{
    int n = statement->n < SHOWN_MAX ? (int)statement->n : SHOWN_MAX;
    const char *line = memchr(statement->text, '\n', (size_t)n);

    n = line != NULL ? (int)(line - statement->text) : n;
    while (n > 0 && n < (int)statement->n && ((unsigned char)statement->text[n] & 0xc0) == 0x80)
        n--;
    body->rc = sql_host->fail(body->call, "\"%s\" line %zu: \"%.*s\" %s", body->file->path,
                              body->first_line + statement->line - 1, n, statement->text, why);
    sql_host->hint(body->call, "%s", hint);
    return 0;
}

static int check_statement(void *arg, const struct ddb_statement *statement)
{
    struct body *body = arg;

    if (statement->flags & DDB_STATEMENT_META)
        return refuse(body, statement, "is a command of psql",
                      "psql's commands do not exist here: the statements go to the server. Write "
                      "SQL in its place.");
    if (!(statement->flags & DDB_STATEMENT_TRANSACTION) ||
        (is_savepoint(statement) && !body->now->no_transaction))
        return 0;
    return refuse(body, statement, "begins or ends a transaction",
                  "The engine begins and ends the transaction; a section with a line "
                  "\"-- no transaction\" is for what cannot run in one.");
}

/* Hand the statements of ${part}, which ends outside of quotes, to ${each}. */
static int look_at(struct body *body, struct file_section *part,
                   int (*each)(void *arg, const struct ddb_statement *statement))
{
    body->now = part;
    body->first_line = part->line;
    if (part->text != NULL && sql_host->split(body->call, part->text, part->n, each, body) < 0)
        return sql_host->detail(body->call, "in \"%s\", counted from line %zu", body->file->path,
                                part->line);
    return body->rc;
}

static int sections_of(struct body *body)
{
    struct file *file = body->file;
    struct file_section before = {.text = body->begin, .line = 1};

    if (sql_host->comments(body->call, body->text, (size_t)(body->end - body->text), take_comment,
                           body) != 0)
        return sql_host->detail(body->call, "in \"%s\"", file->path);
    end_section(body, body->end);
    for (const char *p = body->text; p < body->begin; p++)
        before.line += *p == '\n';
    if (body->first == NULL) {
        sql_host->fail(body->call, "\"%s\" line %zu: no marker stands behind the header",
                       file->path, before.line);
        return sql_host->hint(body->call, "%s", form);
    }
    before.n = (size_t)(body->first - body->begin);
    if (look_at(body, &before, refuse_early) != 0)
        return -1;
    look_at(body, &file->upgrade, check_statement);
    return look_at(body, &file->downgrade, check_statement);
}

int file_parse(struct ddb_call *call, const char *path, const char *text, size_t n,
               struct file *file)
{
    struct body body = {.call = call, .file = file, .text = text, .end = text + n};
    size_t extent = 0;

    *file = (struct file){.path = path};
    if (check_text(call, path, text, n) != 0)
        return -1;
    header_extent(text, n, true, &extent);
    if (header_parse(call, text, extent, file) != 0)
        return -1;
    body.begin = text + extent;
    return sections_of(&body) == 0 ? digest_text(call, path, text, n, file->sha256) : -1;
}

int file_read(struct ddb_call *call, const char *path, struct file *file)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st = {0};
    char *text = NULL;
    ssize_t n = -1;
    size_t cap;

    *file = (struct file){.path = path};
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size <= FILE_MAX_BYTES) {
        cap = (size_t)st.st_size + 1; /* one more, to see that it does not grow meanwhile */
        text = sql_host->alloc(call, cap);
        n = read_up(fd, text, cap);
    }
    if (fd >= 0)
        close(fd);
    if (st.st_size > FILE_MAX_BYTES)
        return sql_host->fail(call, "\"%s\" is larger than %d MiB", path,
                              FILE_MAX_BYTES / 1024 / 1024);
    if (n < 0)
        return unreadable(call, path);
    if (n > st.st_size)
        return sql_host->fail(call, "\"%s\" was written to while it was read", path);
    return file_parse(call, path, text, (size_t)n, file);
}
