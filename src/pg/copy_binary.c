/* copy_binary - see copy_binary.h. */
#include "pg/copy_binary.h"

#include <string.h>

#include "pg/binary_parts.h"

/* --- which columns ---------------------------------------------------------------------------------- */

/* The labels of an enumeration are its binary format too. */
static int find_enum(struct db *db, struct arena *arena, unsigned oid, binary_value **value,
                     struct err *err)
{
    auto_result struct db_result *rows = NULL;

    if (db_query(db, &rows, err,
                 "SELECT 1 FROM pg_catalog.pg_type WHERE oid = $1::pg_catalog.oid AND typtype = 'e'", 1,
                 arena_printf(arena, "%u", oid)) < 0)
        return -1;
    *value = db_rows(rows) > 0 ? binary_value_text : NULL;
    return 0;
}

int copy_binary_columns(struct db *db, struct arena *arena, const char *quoted, const char *columns,
                        struct copy_binary *binary, struct err *err)
{
    auto_result struct db_result *none = NULL;
    binary_value **values;

    binary->values = NULL;
    binary->n = 0;
    if (db_query(db, &none, err,
                 arena_printf(arena, "SELECT %.*s FROM ONLY %s LIMIT 0", (int)strlen(columns) - 2,
                              columns + 1, quoted),
                 0) < 0)
        return -1;
    binary->n = (size_t)db_columns(none);
    values = arena_alloc(arena, (binary->n + 1) * sizeof *values);
    for (size_t i = 0; i < binary->n; i++) {
        const unsigned oid = db_type(none, (int)i);

        values[i] = binary_value_of(oid);
        if (values[i] == NULL && find_enum(db, arena, oid, &values[i], err) < 0)
            return -1;
        if (values[i] == NULL)
            return 0;
    }
    binary->values = binary->n > 0 ? values : NULL;
    return 0;
}

/* --- lines ------------------------------------------------------------------------------------------ */

/* What COPY writes for a byte that would end a field or a line, or begin such a pair; 0: nothing. */
static char unescaped(char c)
{
    switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    case '\\': return '\\';
    default: return 0;
    }
}

/* The field without escapes, to ${plain}, which has room for it; -1: an escape is not one of COPY's. */
static ptrdiff_t unescape(const char *field, size_t n, char *plain)
{
    char *out = plain;

    for (size_t i = 0; i < n; i++) {
        if (field[i] != '\\')
            *out++ = field[i];
        else if (++i == n || (*out++ = unescaped(field[i])) == 0)
            return -1;
    }
    return out - plain;
}

/* One field at ${to}; how many bytes it is, -1: it is no value of this column. */
static ptrdiff_t put_field(struct copy_binary *binary, size_t column, const char *field, size_t n,
                           bool escapes, char *to)
{
    ptrdiff_t size = (ptrdiff_t)n;

    if (escapes && n == 2 && field[0] == '\\' && field[1] == 'N') {
        binary_put32(to, UINT32_MAX); /* NULL */
        return 4;
    }
    if (escapes) {
        size = unescape(field, n, binary->plain.data);
        field = binary->plain.data;
    }
    if (size >= 0)
        size = binary->values[column](field, (size_t)size, to + 4);
    if (size < 0 || size > INT32_MAX)
        return -1;
    binary_put32(to, (uint32_t)size);
    return 4 + size;
}

/* A line without its newline. */
static bool put_line(struct copy_binary *binary, const char *line, size_t n, struct buf *out)
{
    const bool escapes = memchr(line, '\\', n) != NULL;
    const char *const end = line + n;
    size_t column = 0;
    char *to;

    buf_reserve(out, n + binary->n * (4 + BINARY_VALUE_MORE) + 2);
    if (escapes)
        buf_reserve(&binary->plain, n);
    to = out->data + out->len;
    *to++ = (char)(binary->n >> 8);
    *to++ = (char)binary->n;
    for (; column < binary->n; column++) {
        const char *stop = memchr(line, '\t', (size_t)(end - line));
        ptrdiff_t size;

        if (column + 1 == binary->n ? stop != NULL : stop == NULL)
            return false;
        stop = stop == NULL ? end : stop;
        size = put_field(binary, column, line, (size_t)(stop - line), escapes, to);
        if (size < 0)
            return false;
        to += size;
        line = stop + 1;
    }
    out->len = (size_t)(to - out->data);
    out->data[out->len] = '\0';
    return true;
}

static void begin(struct copy_binary *binary, struct buf *out)
{
    static const char header[19] = "PGCOPY\n\377\r\n"; /* its NUL, no flags, no extension */

    if (!binary->begun)
        buf_add(out, header, sizeof header);
    binary->begun = true;
}

bool copy_binary_feed(struct copy_binary *binary, const char *text, size_t n, struct buf *out)
{
    const char *const end = text + n, *newline;

    begin(binary, out);
    while ((newline = memchr(text, '\n', (size_t)(end - text))) != NULL) {
        const char *line = text;
        size_t length = (size_t)(newline - text);

        if (binary->rest.len > 0) {
            buf_add(&binary->rest, text, length);
            line = binary->rest.data;
            length = binary->rest.len;
        }
        if (!put_line(binary, line, length, out))
            return false;
        buf_reset(&binary->rest);
        text = newline + 1;
    }
    buf_add(&binary->rest, text, (size_t)(end - text));
    return true;
}

bool copy_binary_end(struct copy_binary *binary, struct buf *out)
{
    begin(binary, out);
    buf_add(out, "\377\377", 2);
    return binary->rest.len == 0;
}

void copy_binary_release(struct copy_binary *binary)
{
    buf_release(&binary->rest);
    buf_release(&binary->plain);
}
