/*
 * reason - why a command failed, from what it printed: Alembic's "FAILED: ..." on standard output,
 * the exception under a traceback on standard error, or else the last line. Changes: nothing.
 */
#ifndef ALEMBIC_REASON_H
#define ALEMBIC_REASON_H

#include <stdbool.h>

#include "alembic.h"

struct reason {
    char failed[1024];    /* behind "FAILED: " */
    char exception[1024]; /* of the last traceback */
    char statement[1024]; /* "[SQL: ...]" behind it */
    char last[1024];      /* the last line on standard error that is not empty */
    bool in_frames;       /* between "Traceback" and its exception */
    bool chained;         /* the next traceback belongs to the one before it */
    bool lock_timeout;    /* an exception of the last chain says so */
};

/* A line of standard output, of standard error. */
void reason_output(struct reason *reason, const char *line);
void reason_error(struct reason *reason, const char *line);

/* reason_fail(call, reason, what, status): record the failure of ${what}, which ended with
 * ${status}; a lock timeout gets the detail "cause: lock timeout". Returns -1. */
int reason_fail(struct ddb_call *call, const struct reason *reason, const char *what, int status);

/* reason_redact(call, text): ${text} without the passwords of URLs. */
const char *reason_redact(struct ddb_call *call, const char *text);

#endif
