/*
 * fuzz_rows - lines of a snapshot as rows of COPY's binary format, against any bytes and any columns. What
 * is cut into pieces is what it is as a whole, and has the form that the server reads.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pg/copy_binary.h"

enum { COLUMNS = 6, HEADER = 19 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static binary_value *any_value(uint8_t of)
{
    static const unsigned oids[] = {16,  17,   20,   21,   23,   25,   26,   114,  700, 701,
                                    1042, 1043, 1082, 1083, 1114, 1184, 1700, 2950, 3802};

    return binary_value_of(oids[of % (sizeof oids / sizeof *oids)]);
}

static bool convert(binary_value *const *values, size_t n, const char *text, size_t size, size_t step,
                    struct buf *out)
{
    struct copy_binary binary = {.values = values, .n = n};
    bool taken = true;

    for (size_t at = 0; at < size && taken; at += step) {
        const size_t length = size - at < step ? size - at : step;
        char *piece = malloc(length); /* exactly as long, so that a step beyond it is seen */

        if (piece == NULL)
            abort();
        memcpy(piece, text + at, length);
        taken = copy_binary_feed(&binary, piece, length, out);
        free(piece);
    }
    taken = taken && copy_binary_end(&binary, out);
    copy_binary_release(&binary);
    return taken;
}

static uint32_t take(const struct buf *out, size_t *at, size_t bytes)
{
    uint32_t value = 0;

    if (out->len - *at < bytes)
        abort();
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | (uint8_t)out->data[(*at)++];
    return value;
}

/* A row of ${n} fields for each line, whose lengths lead to the next one, then the end. */
static void must_be_rows(const struct buf *out, size_t n, const char *text, size_t size)
{
    size_t at = HEADER;

    for (const char *end = text + size; (text = memchr(text, '\n', (size_t)(end - text))) != NULL; text++) {
        if (take(out, &at, 2) != n)
            abort();
        for (size_t i = 0; i < n; i++) {
            const uint32_t length = take(out, &at, 4);

            if (length != UINT32_MAX && length > out->len - at)
                abort();
            at += length == UINT32_MAX ? 0 : length;
        }
    }
    if (take(out, &at, 2) != 0xFFFF || at != out->len)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    binary_value *values[COLUMNS];
    struct buf whole = {0}, pieces = {0};
    size_t n;

    if (size < COLUMNS + 1)
        return 0;
    n = 1 + data[0] % COLUMNS;
    for (size_t i = 0; i < n; i++)
        values[i] = any_value(data[1 + i]);
    data += COLUMNS + 1;
    size -= COLUMNS + 1;
    if (convert(values, n, (const char *)data, size, size, &whole)) {
        must_be_rows(&whole, n, (const char *)data, size);
        if (!convert(values, n, (const char *)data, size, 1 + size / 3, &pieces) ||
            whole.len != pieces.len || memcmp(whole.data, pieces.data, whole.len) != 0)
            abort();
    }
    buf_release(&whole);
    buf_release(&pieces);
    return 0;
}
