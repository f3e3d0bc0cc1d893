/*
 * log - what happened, for people (standard error) and for later (the run's log file).
 *
 * Results never go through the log: they are written to standard output by cmd/. Levels inform,
 * they do not steer. Every message passes one filter that replaces registered secrets by "***" and
 * escapes control characters. May be called from any thread; log_setup, log_open and log_close only
 * while there is one. Changes: the log file.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum log_level {
    LOG_ERROR,
    LOG_WARNING,
    LOG_INFO,   /* default on standard error */
    LOG_DETAIL, /* with -v; always in the log file */
    LOG_DEBUG,  /* with -v -v */
};

/* log_setup(level, colour): what standard error shows; ${colour} as decided from NO_COLOR and the
 * terminal. */
void log_setup(enum log_level level, int colour);

/* log_open(path, err): append from now on to the file ${path} as well (mode 0600, one line an
 * event: time, level, message). log_close() stops it. */
int log_open(const char *path, struct err *err) CHECK;
void log_close(void);

void log_error(const char *fmt, ...) PRINTF(1, 2);
void log_warning(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_detail(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);
void log_at(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

/* log_child(tool, line): a line that a child process wrote, under its tool's name. */
void log_child(enum log_level level, const char *tool, const char *line);

/* log_failure(err): the three parts of ${err} at level error. */
void log_failure(const struct err *err);

/* log_secret(text): never show ${text} again (copied; texts under 3 bytes are ignored). */
void log_secret(const char *text);

/* log_redact(text): a heap copy of ${text} with the secrets replaced; the caller frees it. */
char *log_redact(const char *text);

/* log_clean(text): as log_redact, and valid UTF-8: what a program wrote in another encoding, or what
 * was cut inside a character, gets "?" for each odd byte. For journals, ledgers, documents. */
char *log_clean(const char *text);

/* Standard error belongs to a progress bar: log_hold(erase) calls ${erase} before the next line is
 * printed there; NULL releases it. Used by progress only. */
void log_hold(void (*erase)(void));

#endif
