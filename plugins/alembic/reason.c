/* reason - see reason.h. */
#include "reason.h"

#include <stdio.h>
#include <string.h>

#define KEEP(field, text) (void)snprintf(field, sizeof(field), "%s", text)

/* The name of the error class does not depend on the server's language, its text does. */
static bool says_lock_timeout(const char *line)
{
    return strstr(line, "LockNotAvailable") != NULL || strstr(line, "due to lock timeout") != NULL;
}

void reason_output(struct reason *reason, const char *line)
{
    if (strncmp(line, "FAILED: ", 8) == 0)
        KEEP(reason->failed, line + 8);
}

void reason_error(struct reason *reason, const char *line)
{
    if (strspn(line, " \t\r") == strlen(line))
        return;
    KEEP(reason->last, line);
    if (strncmp(line, "Traceback (most recent call last)", 33) == 0) {
        reason->in_frames = true;
        reason->lock_timeout &= reason->chained;
        reason->chained = false;
        reason->statement[0] = '\0';
    } else if (reason->in_frames && line[0] != ' ') {
        reason->in_frames = false;
        reason->lock_timeout |= says_lock_timeout(line);
        KEEP(reason->exception, line);
    } else if (strncmp(line, "[SQL: ", 6) == 0) {
        KEEP(reason->statement, line);
    } else if (strstr(line, "direct cause of the following exception") != NULL ||
               strstr(line, "another exception occurred") != NULL) {
        reason->chained = true;
    }
}

const char *reason_redact(struct ddb_call *call, const char *text)
{
    char *copy = alembic_host->format(call, "%s", text);
    char *from = strstr(copy, "SQLAlchemy URL from string ");

    if (from != NULL) /* one that cannot be parsed, with all that is in it */
        from[strlen("SQLAlchemy URL")] = '\0';
    from = copy;

    while ((from = strstr(from, "://")) != NULL) {
        char *end = from + 3 + strcspn(from + 3, " \t\"'<>/");
        char *colon = memchr(from + 3, ':', (size_t)(end - from - 3));
        char *at = end;

        while (at > from + 3 && *at != '@') /* a password may hold an "@" */
            at--;
        if (colon != NULL && at > colon) {
            memset(colon + 1, '*', (size_t)(at - colon - 1));
            end = at;
        }
        from = end;
    }
    return copy;
}

static const char *best(const struct reason *reason)
{
    if (reason->failed[0] != '\0')
        return reason->failed;
    return reason->exception[0] != '\0' ? reason->exception : reason->last;
}

static void hint(struct ddb_call *call, const char *why)
{
    if (strstr(why, "not a TTY") != NULL)
        alembic_host->hint(call, "Add \"-T\" behind \"exec\" or \"run\" in the engine's command: "
                                 "there is no terminal.");
    else if (strstr(why, "ModuleNotFoundError") != NULL || strstr(why, "ImportError") != NULL)
        alembic_host->hint(call, "Install the project's requirements where the command runs, or "
                                 "correct the engine's settings \"command\" and \"directory\".");
    else if (strstr(why, "Target database is not up to date") != NULL)
        alembic_host->hint(call, "Bring the database to the heads first: the models are compared "
                                 "with what it holds then.");
    else if (strstr(why, "No 'script_location'") != NULL || strstr(why, "No config file") != NULL)
        alembic_host->hint(call, "Correct the engine's settings \"directory\" and \"config\".");
}

int reason_fail(struct ddb_call *call, const struct reason *reason, const char *what, int status)
{
    const char *why = reason_redact(call, best(reason));

    what = reason_redact(call, what);
    if (why[0] != '\0')
        alembic_host->fail(call, "\"%s\" failed: %s", what, why);
    else if (status > 128)
        alembic_host->fail(call, "\"%s\" was ended by signal %d", what, status - 128);
    else
        alembic_host->fail(call, "\"%s\" failed with status %d and without a message", what,
                           status);
    if (why[0] != '\0')
        alembic_host->detail(call, "exit status: %d", status);
    if (reason->lock_timeout || says_lock_timeout(best(reason)))
        alembic_host->detail(call, "cause: lock timeout");
    if (reason->statement[0] != '\0')
        alembic_host->detail(call, "%s", reason_redact(call, reason->statement));
    hint(call, why);
    return -1;
}
