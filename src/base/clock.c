/* clock - see clock.h. */
#include "base/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/cancel.h"

enum { TEXT_BYTES = 32, SLICE_MS = 100 };

int64_t clock_mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

time_t clock_now(void)
{
    return time(NULL);
}

void clock_sleep_ms(int64_t ms)
{
    int64_t end = clock_mono_ms() + ms;

    /* In slices, because a signal that arrives just before nanosleep does not interrupt it. */
    while (!cancel_requested()) {
        int64_t left = end - clock_mono_ms();
        struct timespec slice = {0};

        if (left <= 0)
            return;
        if (left > SLICE_MS)
            left = SLICE_MS;
        slice.tv_nsec = (long)left * 1000000;
        nanosleep(&slice, NULL);
    }
}

static const char *format(time_t when, const char *fmt, char out[TEXT_BYTES])
{
    struct tm parts;

    if (gmtime_r(&when, &parts) == NULL || strftime(out, TEXT_BYTES, fmt, &parts) == 0)
        snprintf(out, TEXT_BYTES, "?");
    return out;
}

const char *clock_iso(time_t when, char out[32])
{
    return format(when, "%Y-%m-%dT%H:%M:%SZ", out);
}

const char *clock_compact(time_t when, char out[32])
{
    return format(when, "%Y%m%dT%H%M%SZ", out);
}

/* Read ${n} digits at *text and step over them; -1 when there are fewer. */
static int digits(const char **text, int n)
{
    int value = 0;

    for (; n > 0; n--, (*text)++) {
        if (!isdigit((unsigned char)**text))
            return -1;
        value = value * 10 + (**text - '0');
    }
    return value;
}

static int skip(const char **text, char c)
{
    if (**text != c)
        return -1;
    (*text)++;
    return 0;
}

time_t clock_parse(const char *text)
{
    struct tm parts = {0};
    struct tm back;
    time_t when;
    int dashes;

    if ((parts.tm_year = digits(&text, 4)) < 0)
        return -1;
    dashes = *text == '-';
    if ((dashes && skip(&text, '-')) || (parts.tm_mon = digits(&text, 2)) < 0 ||
        (dashes && skip(&text, '-')) || (parts.tm_mday = digits(&text, 2)) < 0 ||
        skip(&text, 'T') || (parts.tm_hour = digits(&text, 2)) < 0 ||
        (dashes && skip(&text, ':')) || (parts.tm_min = digits(&text, 2)) < 0 ||
        (dashes && skip(&text, ':')) || (parts.tm_sec = digits(&text, 2)) < 0 ||
        skip(&text, 'Z') || *text != '\0')
        return -1;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    back = parts;
    when = timegm(&back);
    /* timegm carries the 31st of February over: then it was no date. */
    if (when < 0 || back.tm_mon != parts.tm_mon || back.tm_mday != parts.tm_mday ||
        back.tm_hour != parts.tm_hour || back.tm_min != parts.tm_min ||
        back.tm_sec != parts.tm_sec)
        return -1;
    return when;
}

const char *clock_span(int64_t ms, char out[32])
{
    int64_t seconds = ms / 1000;

    if (ms < 0)
        ms = 0, seconds = 0;
    if (ms < 1000)
        snprintf(out, TEXT_BYTES, "%" PRId64 " ms", ms);
    else if (ms < 60 * 1000)
        snprintf(out, TEXT_BYTES, "%" PRId64 ".%" PRId64 " s", seconds, ms % 1000 / 100);
    else if (seconds < 3600)
        snprintf(out, TEXT_BYTES, "%" PRId64 " min %02" PRId64 " s", seconds / 60, seconds % 60);
    else
        snprintf(out, TEXT_BYTES, "%" PRId64 " h %02" PRId64 " min", seconds / 3600,
                 seconds % 3600 / 60);
    return out;
}

const char *clock_age(time_t then, time_t now, char out[32])
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{365 * 86400, "year"}, {30 * 86400, "month"}, {86400, "day"},
                 {3600, "hour"},        {60, "minute"}};
    int64_t age = (int64_t)now - (int64_t)then;

    if (age <= -60) {
        snprintf(out, TEXT_BYTES, "in the future");
        return out;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        int64_t n = age / units[i].seconds;

        if (n >= 1) {
            snprintf(out, TEXT_BYTES, "%" PRId64 " %s%s ago", n, units[i].name, n == 1 ? "" : "s");
            return out;
        }
    }
    snprintf(out, TEXT_BYTES, "just now");
    return out;
}

const char *size_text(int64_t bytes, char out[32])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        snprintf(out, TEXT_BYTES, "%" PRId64 " B", bytes);
        return out;
    }
    /* 1023.95 would print as 1024.0. */
    while (value >= 1023.95 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1024;
        unit++;
    }
    snprintf(out, TEXT_BYTES, "%.1f %s", value, units[unit]);
    return out;
}
