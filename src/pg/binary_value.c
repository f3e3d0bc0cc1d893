/* binary_value - see binary_value.h. */
#include "pg/binary_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* --- whole numbers, truth, uuid --------------------------------------------------------------------- */

static bool whole(const char *text, size_t n, int64_t least, int64_t most, int64_t *value)
{
    const bool negative = n > 0 && text[0] == '-';
    size_t i = negative ? 1 : 0;
    uint64_t size = 0;

    if (i == n || n - i > 19)
        return false;
    for (; i < n; i++) {
        if (!binary_is_digit(text[i]))
            return false;
        size = 10 * size + (uint64_t)(text[i] - '0');
    }
    if (size > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    *value = negative ? (int64_t)(0 - size) : (int64_t)size;
    return *value >= least && *value <= most;
}

static ptrdiff_t to_int2(const char *text, size_t n, char *to)
{
    int64_t value;

    return whole(text, n, INT16_MIN, INT16_MAX, &value) ? binary_put16(to, (uint16_t)value) : -1;
}

static ptrdiff_t to_int4(const char *text, size_t n, char *to)
{
    int64_t value;

    return whole(text, n, INT32_MIN, INT32_MAX, &value) ? binary_put32(to, (uint32_t)value) : -1;
}

static ptrdiff_t to_oid(const char *text, size_t n, char *to)
{
    int64_t value;

    return whole(text, n, 0, UINT32_MAX, &value) ? binary_put32(to, (uint32_t)value) : -1;
}

static ptrdiff_t to_int8(const char *text, size_t n, char *to)
{
    int64_t value;

    return whole(text, n, INT64_MIN, INT64_MAX, &value) ? binary_put64(to, (uint64_t)value) : -1;
}

static ptrdiff_t to_bool(const char *text, size_t n, char *to)
{
    if (n != 1 || (text[0] != 't' && text[0] != 'f'))
        return -1;
    to[0] = text[0] == 't';
    return 1;
}

/* One more than the value of a digit that the server prints. */
static const unsigned char hex[256] = {
    ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16};

static bool hex_bytes(const char *text, size_t n, char *to)
{
    bool is_hex = true;

    for (size_t i = 0; i < n; i++) {
        const unsigned high = hex[(unsigned char)text[2 * i]], low = hex[(unsigned char)text[2 * i + 1]];

        is_hex = is_hex && high > 0 && low > 0;
        to[i] = (char)((high - 1) << 4 | (low - 1));
    }
    return is_hex;
}

static ptrdiff_t to_uuid(const char *text, size_t n, char *to)
{
    static const struct {
        size_t from, bytes;
    } groups[] = {{0, 4}, {9, 2}, {14, 2}, {19, 2}, {24, 6}};

    if (n != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
        return -1;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if (!hex_bytes(text + groups[i].from, groups[i].bytes, to))
            return -1;
        to += groups[i].bytes;
    }
    return 16;
}

/* --- numbers with a fraction ------------------------------------------------------------------------ */

/* The program never leaves the locale C. What the server prints is the shortest text of this value. */
static bool is_float(const char *text, size_t n, char copy[64])
{
    if (n == 0 || n >= 64)
        return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    return strspn(copy, "-0123456789.e+") == n || binary_is_text(text, n, "NaN") ||
           binary_is_text(text, n, "Infinity") || binary_is_text(text, n, "-Infinity");
}

/* Whether strtod has read all of it. What is too large or too small for the type is an error for the server;
 * a subnormal number is none. */
static bool is_read(const char *end, double value)
{
    return *end == '\0' && (errno != ERANGE || (value != 0 && isfinite(value)));
}

static ptrdiff_t to_float4(const char *text, size_t n, char *to)
{
    char copy[64], *end;
    uint32_t bits;
    float value;

    if (!is_float(text, n, copy))
        return -1;
    errno = 0;
    value = strtof(copy, &end);
    memcpy(&bits, &value, sizeof bits);
    return is_read(end, value) ? binary_put32(to, bits) : -1;
}

static ptrdiff_t to_float8(const char *text, size_t n, char *to)
{
    char copy[64], *end;
    uint64_t bits;
    double value;

    if (!is_float(text, n, copy))
        return -1;
    errno = 0;
    value = strtod(copy, &end);
    memcpy(&bits, &value, sizeof bits);
    return is_read(end, value) ? binary_put64(to, bits) : -1;
}

enum { NUMERIC_POS = 0, NUMERIC_NEG = 0x4000, NUMERIC_NAN = 0xC000, NUMERIC_PINF = 0xD000, NUMERIC_NINF = 0xF000 };

static ptrdiff_t put_numeric(char *to, size_t n_groups, size_t weight, int sign, size_t scale)
{
    binary_put16(to, (uint16_t)n_groups);
    binary_put16(to + 2, (uint16_t)weight);
    binary_put16(to + 4, (uint16_t)sign);
    binary_put16(to + 6, (uint16_t)scale);
    return (ptrdiff_t)(8 + 2 * n_groups);
}

/* The digits on both sides of the point, in groups of four that begin at the point. */
static ptrdiff_t put_groups(char *to, const char *text, size_t before, size_t after, int sign)
{
    const size_t first = (before + 3) / 4, groups = first + (after + 3) / 4;
    char *out = to + 8;

    for (size_t i = 0; i < groups; i++) {
        unsigned value = 0;

        for (size_t k = 0; k < 4; k++) {
            /* counted from the left of the first group, and of the first behind the point */
            const size_t left = 4 * i + k, right = left - 4 * first, pad = 4 * first - before;
            const char c = i < first ? (left < pad ? '0' : text[left - pad])
                                     : (right < after ? text[before + 1 + right] : '0');

            if (!binary_is_digit(c))
                return -1;
            value = 10 * value + (unsigned)(c - '0');
        }
        out += binary_put16(out, (uint16_t)value);
    }
    return put_numeric(to, groups, first - 1, sign, after);
}

static ptrdiff_t to_numeric(const char *text, size_t n, char *to)
{
    const bool negative = n > 0 && text[0] == '-';
    const char *digits = text + (negative ? 1 : 0), *point;
    const size_t length = n - (negative ? 1 : 0);
    size_t before;

    if (binary_is_text(text, n, "NaN"))
        return put_numeric(to, 0, 0, NUMERIC_NAN, 0);
    if (binary_is_text(digits, length, "Infinity"))
        return put_numeric(to, 0, 0, negative ? NUMERIC_NINF : NUMERIC_PINF, 0);
    point = length == 0 ? NULL : memchr(digits, '.', length);
    before = point == NULL ? length : (size_t)(point - digits);
    if (before == 0 || before > 131072 || length - before > 16384 || (point != NULL && length == before + 1))
        return -1;
    return put_groups(to, digits, before, point == NULL ? 0 : length - before - 1,
                      negative ? NUMERIC_NEG : NUMERIC_POS);
}

/* --- texts and bytes -------------------------------------------------------------------------------- */

ptrdiff_t binary_value_text(const char *text, size_t n, char *to)
{
    memcpy(to, text, n);
    return (ptrdiff_t)n;
}

static ptrdiff_t to_jsonb(const char *text, size_t n, char *to)
{
    to[0] = 1; /* the format's version */
    memcpy(to + 1, text, n);
    return (ptrdiff_t)n + 1;
}

static ptrdiff_t to_bytea(const char *text, size_t n, char *to)
{
    if (n < 2 || n % 2 != 0 || text[0] != '\\' || text[1] != 'x' || !hex_bytes(text + 2, n / 2 - 1, to))
        return -1;
    return (ptrdiff_t)(n / 2 - 1);
}

binary_value *binary_value_of(unsigned oid)
{
    static const struct {
        unsigned oid;
        binary_value *value;
    } types[] = {
        {16, to_bool},
        {17, to_bytea},
        {20, to_int8},
        {21, to_int2},
        {23, to_int4},
        {25, binary_value_text},
        {26, to_oid},
        {114, binary_value_text}, /* json */
        {700, to_float4},
        {701, to_float8},
        {1042, binary_value_text}, /* bpchar */
        {1043, binary_value_text}, /* varchar */
        {1082, binary_date},
        {1083, binary_time},
        {1114, binary_timestamp},
        {1184, binary_timestamptz},
        {1700, to_numeric},
        {2950, to_uuid},
        {3802, to_jsonb},
    };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].oid == oid)
            return types[i].value;
    return NULL;
}
