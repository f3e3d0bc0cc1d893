/* binary_time - dates and times as binary values, see binary_value.h. */
#include "pg/binary_parts.h"

/* Text that is being read. */
struct cursor {
    const char *at, *end;
};

/* ${least} to ${most} digits, no more than nine. */
static bool take_number(struct cursor *cursor, int least, int most, int *value)
{
    int n = 0;

    for (*value = 0; n < most && cursor->at < cursor->end && binary_is_digit(*cursor->at); n++)
        *value = 10 * *value + (*cursor->at++ - '0');
    return n >= least;
}

static bool take(struct cursor *cursor, const char *text)
{
    const size_t n = strlen(text);

    if ((size_t)(cursor->end - cursor->at) < n || memcmp(cursor->at, text, n) != 0)
        return false;
    cursor->at += n;
    return true;
}

#define DAY_USECS INT64_C(86400000000)

/* From 2000-01-01 in the proleptic Gregorian calendar; the year 0 is 1 BC. */
static int64_t days(int year, int month, int day)
{
    const int64_t y = month > 2 ? year : year - 1; /* a year that ends with February */
    const int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - 400 * era;
    const int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return 146097 * era + 365 * of_era + of_era / 4 - of_era / 100 + of_year - 730425;
}

/* YYYY-MM-DD, and where the text ends, " BC". */
static bool take_date(struct cursor *cursor, int64_t *value)
{
    const bool is_bc = cursor->end - cursor->at > 3 && memcmp(cursor->end - 3, " BC", 3) == 0;
    int year, month, day;

    if (is_bc)
        cursor->end -= 3;
    if (!take_number(cursor, 4, 7, &year) || !take(cursor, "-") ||
        !take_number(cursor, 2, 2, &month) || !take(cursor, "-") ||
        !take_number(cursor, 2, 2, &day) || month < 1 || month > 12 || day < 1 || year < 1)
        return false;
    year = is_bc ? 1 - year : year;
    *value = days(year, month, day);
    return day <= 28 ||
           *value < (month == 12 ? days(year + 1, 1, 1) : days(year, month + 1, 1));
}

/* HH:MM:SS, with up to six digits of a second's fraction. */
static bool take_time(struct cursor *cursor, int64_t *usecs)
{
    int hour, minute, second, fraction = 0, digit, left = 6;

    if (!take_number(cursor, 2, 2, &hour) || !take(cursor, ":") ||
        !take_number(cursor, 2, 2, &minute) || !take(cursor, ":") ||
        !take_number(cursor, 2, 2, &second) || hour > 24 || minute > 59 || second > 59)
        return false;
    if (take(cursor, ".")) {
        for (; left > 0 && take_number(cursor, 1, 1, &digit); left--)
            fraction = 10 * fraction + digit;
        if (left == 6)
            return false;
        for (; left > 0; left--)
            fraction *= 10;
    }
    *usecs = ((hour * INT64_C(60) + minute) * 60 + second) * 1000000 + fraction;
    return *usecs <= DAY_USECS;
}

/* +HH, +HH:MM or +HH:MM:SS. */
static bool take_zone(struct cursor *cursor, int64_t *usecs)
{
    const bool negative = take(cursor, "-");
    int hour, minute = 0, second = 0;

    if ((!negative && !take(cursor, "+")) || !take_number(cursor, 2, 2, &hour) ||
        (take(cursor, ":") && !take_number(cursor, 2, 2, &minute)) ||
        (take(cursor, ":") && !take_number(cursor, 2, 2, &second)))
        return false;
    *usecs = ((hour * INT64_C(60) + minute) * 60 + second) * (negative ? -1000000 : 1000000);
    return true;
}

ptrdiff_t binary_date(const char *text, size_t n, char *to)
{
    struct cursor cursor = {text, text + n};
    int64_t value;

    if (binary_is_text(text, n, "infinity"))
        return binary_put32(to, INT32_MAX);
    if (binary_is_text(text, n, "-infinity"))
        return binary_put32(to, (uint32_t)INT32_MIN);
    if (!take_date(&cursor, &value) || cursor.at != cursor.end || value <= INT32_MIN || value >= INT32_MAX)
        return -1; /* the ends are the infinite dates */
    return binary_put32(to, (uint32_t)value);
}

ptrdiff_t binary_time(const char *text, size_t n, char *to)
{
    struct cursor cursor = {text, text + n};
    int64_t usecs;

    return take_time(&cursor, &usecs) && cursor.at == cursor.end ? binary_put64(to, (uint64_t)usecs) : -1;
}

static ptrdiff_t timestamp(const char *text, size_t n, bool has_zone, char *to)
{
    struct cursor cursor = {text, text + n};
    int64_t date, usecs, zone = 0, value;

    if (binary_is_text(text, n, "infinity"))
        return binary_put64(to, INT64_MAX);
    if (binary_is_text(text, n, "-infinity"))
        return binary_put64(to, (uint64_t)INT64_MIN);
    if (!take_date(&cursor, &date) || !take(&cursor, " ") || !take_time(&cursor, &usecs) ||
        (has_zone && !take_zone(&cursor, &zone)) || cursor.at != cursor.end)
        return -1;
    if (__builtin_mul_overflow(date, DAY_USECS, &value) ||
        __builtin_add_overflow(value, usecs - zone, &value) || value == INT64_MIN || value == INT64_MAX)
        return -1;
    return binary_put64(to, (uint64_t)value);
}

ptrdiff_t binary_timestamp(const char *text, size_t n, char *to)
{
    return timestamp(text, n, false, to);
}

ptrdiff_t binary_timestamptz(const char *text, size_t n, char *to)
{
    return timestamp(text, n, true, to);
}
