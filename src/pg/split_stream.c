/* split_stream - see split_stream.h. The text is scanned in a buffer; what does not end there is
 * scanned again once the buffer holds twice as much, so that the work stays linear. */
#include "pg/split_stream.h"

#include <string.h>

#include "base/mem.h"
#include "pg/split_scan.h"

/* Tests begin with less. */
#ifndef SPLIT_STREAM_FIRST
#define SPLIT_STREAM_FIRST ((size_t)1024 * 1024)
#endif

struct split_stream {
    ssize_t (*read)(void *arg, void *data, size_t cap, struct err *err);
    void (*comment)(void *arg, const char *text, size_t n, int64_t offset);
    void *arg;
    char *data; /* cap + 1 bytes */
    size_t cap, start, len;
    int64_t base; /* of data[0] in the text */
    size_t line;  /* of data[start] */
    char *cut;    /* where a NUL stands instead of … */
    char kept;    /* … this */
    bool begun, ended;
    bool in_data, at_line_start;
    size_t data_line; /* where the COPY data began */
};

struct split_stream *split_stream_new(
    ssize_t (*read)(void *arg, void *data, size_t cap, struct err *err),
    void (*comment)(void *arg, const char *text, size_t n, int64_t offset), void *arg)
{
    struct split_stream *stream = mem_alloc(sizeof *stream);

    stream->read = read;
    stream->comment = comment;
    stream->arg = arg;
    stream->cap = SPLIT_STREAM_FIRST;
    stream->data = mem_alloc(stream->cap + 1);
    stream->line = 1;
    return stream;
}

void split_stream_free(struct split_stream *stream)
{
    if (stream == NULL)
        return;
    mem_free(stream->data);
    mem_free(stream);
}

/* --- the buffer -----------------------------------------------------------------------------------*/

/* More of the text behind what is there: the buffer is filled, and doubled when it is full already. */
static int fill(struct split_stream *stream, struct err *err)
{
    if (stream->start > 0) {
        memmove(stream->data, stream->data + stream->start, stream->len - stream->start);
        stream->base += (int64_t)stream->start;
        stream->len -= stream->start;
        stream->start = 0;
    } else if (stream->len == stream->cap) {
        if (stream->cap >= SPLIT_STREAM_STATEMENT_MAX)
            return err_set(err, ERR_PREPARE, "the statement in line %zu is longer than 1 GiB",
                           stream->line);
        stream->cap *= 2;
        stream->data = mem_realloc(stream->data, stream->cap + 1);
    }
    while (stream->len < stream->cap) {
        ssize_t n = stream->read(stream->arg, stream->data + stream->len,
                                 stream->cap - stream->len, err);

        if (n < 0)
            return -1;
        if (n == 0) {
            stream->ended = true;
            break;
        }
        stream->len += (size_t)n;
    }
    return 0;
}

/* Go on at ${p}. */
static void consume(struct split_stream *stream, const char *p)
{
    const char *from = stream->data + stream->start;

    while (from < p && (from = memchr(from, '\n', (size_t)(p - from))) != NULL) {
        stream->line++;
        from++;
    }
    stream->start = (size_t)(p - stream->data);
}

static int does_not_end(const char *what, size_t line, struct err *err)
{
    return err_set(err, ERR_PREPARE, "the %s that begins in line %zu does not end", what, line);
}

static size_t line_at(const struct split_stream *stream, const char *p)
{
    const char *from = stream->data + stream->start;
    size_t line = stream->line;

    while (from < p && (from = memchr(from, '\n', (size_t)(p - from))) != NULL) {
        line++;
        from++;
    }
    return line;
}

/* --- COPY's data ----------------------------------------------------------------------------------*/

/* The line "\." at ${p}: 1 and where the text goes on; 0: another line; -1: more must be read to know. */
static int is_end_line(const struct split_stream *stream, const char *p, const char **after)
{
    const char *end = stream->data + stream->len;
    size_t left = (size_t)(end - p);

    if (left > 0 && p[0] != '\\')
        return 0;
    if (left > 1 && p[1] != '.')
        return 0;
    *after = p + 2 < end && p[2] == '\r' ? p + 3 : p + 2;
    if (left >= 2 && *after >= end)
        return stream->ended ? 1 : -1;
    if (left < 2)
        return stream->ended ? 0 : -1;
    return **after == '\n';
}

/* The data up to ${end} are a piece. */
static int give_data(struct split_stream *stream, const char *end, bool last,
                     struct split_piece *piece)
{
    *piece = (struct split_piece){.is_data = true,
                                  .ends_data = last,
                                  .text = stream->data + stream->start,
                                  .line = stream->line,
                                  .offset = stream->base + (int64_t)stream->start};
    piece->n = (size_t)(end - piece->text);
    stream->in_data = !last;
    return 1;
}

/* The first line "\." that begins behind a line end in what is there; NULL: none. ${safe}: up to where
 * there is none for certain. */
static const char *find_end(const struct split_stream *stream, const char **after,
                            const char **safe)
{
    const char *p = stream->data + stream->start, *end = stream->data + stream->len;

    while (p < end && (p = memmem(p, (size_t)(end - p), "\n\\", 2)) != NULL) {
        int is = is_end_line(stream, ++p, after);

        *safe = p;
        if (is != 0)
            return is > 0 ? p : NULL;
    }
    *safe = end;
    return NULL;
}

static int next_data(struct split_stream *stream, struct split_piece *piece, struct err *err)
{
    for (;;) {
        const char *begin = stream->data + stream->start, *after, *safe, *end;
        int is = stream->at_line_start ? is_end_line(stream, begin, &after) : 0;

        if (is == 0 && stream->start < stream->len) {
            end = find_end(stream, &after, &safe);
            if (end != NULL) {
                give_data(stream, end, true, piece);
                consume(stream, after);
                return 1;
            }
            stream->at_line_start = safe[-1] == '\n';
            give_data(stream, safe, false, piece);
            consume(stream, safe);
            return 1;
        }
        if (is > 0) {
            give_data(stream, begin, true, piece);
            consume(stream, after);
            return 1;
        }
        if (stream->ended)
            return does_not_end("COPY data", stream->data_line, err);
        if (fill(stream, err) != 0)
            return -1;
    }
}

/* --- statements -----------------------------------------------------------------------------------*/

static void take_comment(void *arg, const char *text, size_t n, size_t depth)
{
    struct split_stream *stream = arg;

    if (stream->comment != NULL && depth == 0)
        stream->comment(stream->arg, text, n, stream->base + (text - stream->data));
}

/* Behind COPY … FROM STDIN stand a semicolon and the end of the line: 1 and where its data begin; 2: more
 * must be read; -1: something else stands there, or the text ends. */
static int data_of(const struct split_stream *stream, const struct split_statement *part,
                   const char **data, struct err *err)
{
    const char *p = part->text + part->n, *end = stream->data + stream->len;

    while (p < end && split_lex_is_blank(*p))
        p++;
    *data = p < end && *p == ';' ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    if (*data != NULL && ++*data)
        return 1;
    if (!stream->ended && (p == end || *p == ';'))
        return 2;
    return err_set(err, ERR_PREPARE, "COPY in line %zu is without its data",
                   line_at(stream, part->text));
}

static int give_statement(struct split_stream *stream, const struct split_statement *part,
                          const char *next, struct split_piece *piece)
{
    *piece = (struct split_piece){.text = part->text,
                                  .n = part->n,
                                  .flags = part->flags,
                                  .line = line_at(stream, part->text),
                                  .offset = stream->base + (part->text - stream->data)};
    stream->in_data = (part->flags & SPLIT_COPY_IN) != 0;
    stream->at_line_start = true;
    consume(stream, next);
    stream->data_line = stream->line;
    stream->cut = stream->data + (part->text - stream->data) + part->n;
    stream->kept = *stream->cut;
    *stream->cut = '\0';
    return 1;
}

/* 1: a statement; 0: nothing is left; 2: more must be read; -1. */
static int scan(struct split_stream *stream, struct split_piece *piece, struct err *err)
{
    const char *begin = stream->data + stream->start, *end = stream->data + stream->len;
    struct split_scan state = {
        .lex = {.p = begin, .end = end}, .comment = take_comment, .arg = stream};
    struct split_statement part;
    int rc = split_scan_next(&state, &part);
    bool copies = rc != 0 && part.text != NULL && (part.flags & SPLIT_COPY_IN);

    if (rc < 0 && !copies)
        return stream->ended ? does_not_end(state.what, line_at(stream, state.began), err) : 2;
    if (copies) {
        const char *data;

        rc = data_of(stream, &part, &data, err);
        return rc == 1 ? give_statement(stream, &part, data, piece) : rc;
    }
    /* At the buffer's end, a token may go on. */
    if (!stream->ended && (rc == 0 || state.lex.p >= end))
        return 2;
    if (rc == 0) {
        consume(stream, end);
        return 0;
    }
    if (state.lex.p == end && !(part.flags & SPLIT_META) &&
        memchr(part.text + part.n, ';', (size_t)(end - part.text) - part.n) == NULL)
        return does_not_end("statement", line_at(stream, part.text), err);
    return give_statement(stream, &part, state.lex.p, piece);
}

int split_stream_next(struct split_stream *stream, struct split_piece *piece, struct err *err)
{
    int rc;

    if (stream->cut != NULL)
        *stream->cut = stream->kept;
    stream->cut = NULL;
    if (!stream->begun) {
        stream->begun = true;
        if (fill(stream, err) != 0)
            return -1;
        if (stream->len >= 3 && memcmp(stream->data, "\xef\xbb\xbf", 3) == 0)
            stream->start = 3; /* a byte order mark */
    }
    if (stream->in_data)
        return next_data(stream, piece, err);
    while ((rc = scan(stream, piece, err)) == 2)
        if (fill(stream, err) != 0)
            return -1;
    return rc;
}
