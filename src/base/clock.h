/*
 * clock - time. Wall-clock values are UTC.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

int64_t clock_mono_ms(void);
time_t clock_now(void);
void clock_sleep_ms(int64_t ms); /* returns early when a cancel was requested */

/* "2026-01-31T13:45:10Z" and the form for names "20260131T134510Z"; ${out} holds 32 bytes and is
 * returned. clock_parse reads either form; -1 when it is neither. */
const char *clock_iso(time_t when, char out[32]);
const char *clock_compact(time_t when, char out[32]);
time_t clock_parse(const char *text);

/* "850 ms", "12.3 s", "4 min 05 s", "2 h 10 min"; and an age: "just now", "3 minutes ago", "in
 * the future" (by a minute and more). */
const char *clock_span(int64_t ms, char out[32]);
const char *clock_age(time_t then, time_t now, char out[32]);

/* "512 B", "3.4 MiB", … */
const char *size_text(int64_t bytes, char out[32]);

#endif
