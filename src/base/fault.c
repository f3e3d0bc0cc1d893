/* fault - see fault.h. */
#include "base/fault.h"

#ifdef FAULTS
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

int fault_hit(const char *point)
{
    static atomic_long times;
    const char *wanted = getenv("DEPLOY_DB_FAULT");
    const char *action = wanted == NULL ? NULL : strrchr(wanted, ':');
    const char *at = action == NULL ? NULL : memchr(wanted, '@', (size_t)(action - wanted));
    const char *end = at != NULL ? at : action;
    long nth, now;

    if (action == NULL || strlen(point) != (size_t)(end - wanted) ||
        strncmp(wanted, point, strlen(point)) != 0)
        return 0;
    nth = at != NULL ? strtol(at + 1, NULL, 10) : 1;
    now = atomic_fetch_add(&times, 1) + 1;
    if (now < nth)
        return 0;
    action++;
    if (strcmp(action, "kill") == 0)
        kill(getpid(), SIGKILL);
    if (strcmp(action, "fail") == 0)
        return -1;
    if (strcmp(action, "sleep") == 0) {
        log_info("fault point \"%s\" reached", point);
        for (;;)
            pause();
    }
    if (strcmp(action, "stop") == 0) {
        if (now == nth)
            raise(SIGSTOP);
        return 0;
    }
    /* A misspelt action must not let a test pass. */
    log_error("DEPLOY_DB_FAULT has an unknown action \"%s\"", action);
    abort();
}
#endif
