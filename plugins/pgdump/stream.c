/*
 * stream - see pgdump.h: pg_dump's custom format while it is written (source: WriteHead, WriteToc and
 * WriteInt of pg_backup_archiver.c, _StartData, _WriteData and _StartLO of pg_backup_custom.c). What is not
 * understood ends the walk, and the host is told of no more rows.
 */
#include <stdlib.h>
#include <string.h>

#include "pgdump.h"

/* Versions of the format that are known: those of pg_dump 9.0 to 18. */
enum {
    OLDEST = 12,
    WITH_TABLE_AM = 14,
    WITH_ALGORITHM = 15,
    WITH_RELKIND = 16,
    NEWEST = 16,
    BLOCK_DATA = 1,
    BLOCK_OBJECTS = 3,
};

/* What comes next: the head, an entry of the table of contents, a block of data, the next large object
 * in it, the next piece of either, the rest of that piece; or nothing that is known. */
enum state { HEAD, ENTRY, BLOCK, OBJECT, PIECE, REST, LOST };

/* An entry with rows. */
struct table {
    int64_t id;
    const char *schema, *name, *columns;
};

struct stream {
    struct ddb_call *call;
    const struct ddb_sink *sink;
    enum state state;
    int minor, int_size, offset_size;
    int64_t entries; /* that are to come */
    bool utf8;
    struct table *tables;
    size_t n_tables, cap_tables, next; /* blocks come in the order of the entries */
    bool objects, told; /* in a block of large objects; in one of rows that the host is told of */
    int64_t left;       /* bytes of the piece */
    struct string pending; /* the start of what comes next */
};

/* --- what lies in memory --------------------------------------------------------------------------- */

/* Bytes that have come; ${cut}: more of them are needed. */
struct span {
    const char *at, *end;
    bool cut;
};

struct piece {
    const char *data; /* NULL: null */
    size_t n;
};

static const char *take(struct span *span, size_t n)
{
    const char *at = span->at;

    if (span->cut || (size_t)(span->end - at) < n) {
        span->cut = true;
        return NULL;
    }
    span->at += n;
    return at;
}

static int take_byte(struct span *span)
{
    const char *at = take(span, 1);

    return at != NULL ? (unsigned char)*at : 0;
}

/* A sign, and bytes from the lowest to the highest. */
static int64_t take_int(const struct stream *stream, struct span *span)
{
    const int sign = take_byte(span);
    const char *at = take(span, (size_t)stream->int_size);
    uint64_t value = 0;

    for (int i = stream->int_size; at != NULL && i-- > 0;)
        value = value << 8 | (unsigned char)at[i];
    return sign != 0 ? -(int64_t)value : (int64_t)value;
}

static struct piece take_string(const struct stream *stream, struct span *span)
{
    const int64_t n = take_int(stream, span);
    struct piece piece = {NULL, 0};

    if (span->cut || n < 0)
        return piece;
    piece.data = take(span, (size_t)n);
    piece.n = (size_t)n;
    return piece;
}

static void skip_ints(const struct stream *stream, struct span *span, int n)
{
    while (n-- > 0)
        take_int(stream, span);
}

static void skip_strings(const struct stream *stream, struct span *span, int n)
{
    while (n-- > 0)
        take_string(stream, span);
}

static bool is(struct piece piece, const char *text)
{
    return piece.data != NULL && piece.n == strlen(text) && memcmp(piece.data, text, piece.n) == 0;
}

static const char *text_of(struct ddb_call *call, struct piece piece)
{
    return host->format(call, "%.*s", (int)piece.n, piece.data != NULL ? piece.data : "");
}

/* --- the head and the table of contents ------------------------------------------------------------ */

static void read_head(struct stream *stream, struct span *span)
{
    const char *head = take(span, 11); /* "PGDMP", version, sizes, format */

    if (head == NULL)
        return;
    stream->minor = head[5] == 1 ? head[6] : -1;
    stream->int_size = head[8];
    stream->offset_size = head[9];
    if (memcmp(head, "PGDMP", 5) != 0 || stream->minor < OLDEST || stream->minor > NEWEST ||
        stream->int_size < 2 || stream->int_size > 8 || stream->offset_size < 0 ||
        stream->offset_size > 16) {
        stream->state = LOST;
        return;
    }
    if (stream->minor >= WITH_ALGORITHM)
        take_byte(span);
    else
        skip_ints(stream, span, 1);
    skip_ints(stream, span, 7);    /* the time */
    skip_strings(stream, span, 3); /* database, versions */
    stream->entries = take_int(stream, span);
    stream->state = stream->entries > 0 ? ENTRY : BLOCK;
}

static void add_table(struct stream *stream, const struct table *table)
{
    if (stream->n_tables == stream->cap_tables) {
        const size_t cap = 2 * stream->cap_tables + 64;
        struct table *grown = host->alloc(stream->call, cap * sizeof *grown);

        if (stream->n_tables > 0)
            memcpy(grown, stream->tables, stream->n_tables * sizeof *grown);
        stream->tables = grown;
        stream->cap_tables = cap;
    }
    stream->tables[stream->n_tables++] = *table;
}

static void take_table(struct stream *stream, int64_t id, struct piece schema, struct piece name,
                       struct piece copy)
{
    struct table table = {
        .id = id, .schema = text_of(stream->call, schema), .name = text_of(stream->call, name)};

    if (copy.data == NULL)
        return;
    table.columns =
        rows_columns(stream->call, text_of(stream->call, copy), table.schema, table.name);
    if (table.columns != NULL)
        add_table(stream, &table);
}

static void read_entry(struct stream *stream, struct span *span)
{
    const int64_t id = take_int(stream, span);
    struct piece name, what, definition, copy, schema;

    skip_ints(stream, span, 1);    /* hadDumper */
    skip_strings(stream, span, 2); /* tableoid, oid */
    name = take_string(stream, span);
    what = take_string(stream, span);
    skip_ints(stream, span, 1); /* section */
    definition = take_string(stream, span);
    skip_strings(stream, span, 1); /* dropStmt */
    copy = take_string(stream, span);
    schema = take_string(stream, span);
    skip_strings(stream, span, stream->minor >= WITH_TABLE_AM ? 2 : 1);
    skip_ints(stream, span, stream->minor >= WITH_RELKIND ? 1 : 0);
    skip_strings(stream, span, 2); /* owner, with oids */
    while (!span->cut && take_string(stream, span).data != NULL)
        continue; /* dependencies */
    take(span, 1 + (size_t)stream->offset_size);
    if (span->cut)
        return;
    if (is(what, "ENCODING"))
        stream->utf8 = is(definition, "SET client_encoding = 'UTF8';\n");
    else if (is(what, "TABLE DATA"))
        take_table(stream, id, schema, name, copy);
    if (--stream->entries == 0)
        stream->state = stream->utf8 ? BLOCK : LOST;
}

/* --- the data -------------------------------------------------------------------------------------- */

static const struct table *find_table(struct stream *stream, int64_t id)
{
    for (size_t i = 0; i < stream->n_tables; i++) {
        const struct table *table = &stream->tables[(stream->next + i) % stream->n_tables];

        if (table->id != id)
            continue;
        stream->next += i + 1;
        return table;
    }
    return NULL;
}

static int read_block(struct stream *stream, struct span *span)
{
    const struct ddb_sink *sink = stream->sink;
    const int type = take_byte(span);
    const int64_t id = take_int(stream, span);
    const struct table *table;

    if (span->cut)
        return 0;
    stream->objects = type == BLOCK_OBJECTS;
    if (stream->objects) {
        stream->state = OBJECT;
        return 0;
    }
    stream->state = type == BLOCK_DATA ? PIECE : LOST;
    table = type == BLOCK_DATA ? find_table(stream, id) : NULL;
    stream->told = table != NULL;
    return table == NULL
               ? 0
               : sink->rows_begin(sink->self, table->schema, table->name, table->columns);
}

static void read_object(struct stream *stream, struct span *span)
{
    const int64_t oid = take_int(stream, span);

    if (!span->cut)
        stream->state = oid == 0 ? BLOCK : PIECE;
}

/* The length before a piece; zero behind the last one. */
static int read_piece(struct stream *stream, struct span *span)
{
    const int64_t n = take_int(stream, span);

    if (span->cut)
        return 0;
    stream->left = n;
    stream->state = n > 0 ? REST : n < 0 ? LOST : stream->objects ? OBJECT : BLOCK;
    if (n != 0 || !stream->told)
        return 0;
    stream->told = false;
    return stream->sink->rows_end(stream->sink->self);
}

/* As much of a piece as has come. */
static int read_rest(struct stream *stream, struct span *span)
{
    const int64_t here = span->end - span->at;
    const size_t n = (size_t)(here < stream->left ? here : stream->left);
    const char *at = take(span, n);

    stream->left -= (int64_t)n;
    span->cut = n == 0;
    if (stream->left == 0)
        stream->state = PIECE;
    return stream->told && n > 0 ? stream->sink->rows(stream->sink->self, at, n) : 0;
}

/* --- the whole ------------------------------------------------------------------------------------- */

static int step(struct stream *stream, struct span *span)
{
    switch (stream->state) {
    case HEAD:
        read_head(stream, span);
        return 0;
    case ENTRY:
        read_entry(stream, span);
        return 0;
    case BLOCK:
        return read_block(stream, span);
    case OBJECT:
        read_object(stream, span);
        return 0;
    case PIECE:
        return read_piece(stream, span);
    case REST:
        return read_rest(stream, span);
    case LOST:
        break;
    }
    return 0;
}

struct stream *stream_new(struct ddb_call *call, const struct ddb_sink *sink)
{
    struct stream *stream = host->alloc(call, sizeof *stream);

    *stream = (struct stream){.call = call, .sink = sink, .pending = {.call = call}};
    if (!DDB_HAS(sink, rows_end) || sink->rows_begin == NULL)
        stream->state = LOST;
    return stream;
}

int stream_take(struct stream *stream, const char *data, size_t n)
{
    struct string *pending = &stream->pending;
    struct span span = {data, data + n, false};
    int rc = 0;

    if (stream->state == LOST)
        return 0;
    if (pending->len > 0) {
        string_add(pending, data, n);
        span = (struct span){pending->data, pending->data + pending->len, false};
    }
    while (rc == 0 && stream->state != LOST && span.at < span.end) {
        const char *before = span.at;
        const enum state state = stream->state;

        rc = step(stream, &span);
        if (span.cut) {
            span.at = before;
            stream->state = stream->state == LOST ? LOST : state;
            break;
        }
    }
    n = (size_t)(span.end - span.at);
    if (pending->len > 0) {
        memmove(pending->data, span.at, n);
        pending->len = n;
    } else if (n > 0) {
        string_add(pending, span.at, n);
    }
    return rc;
}
