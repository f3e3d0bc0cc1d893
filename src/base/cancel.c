/* cancel - see cancel.h. */
#include "base/cancel.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* Written by the handler and the main thread, read by every thread. */
static atomic_int signals;
static atomic_int masks;
static const char *_Atomic second_text;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_POINTER_LOCK_FREE == 2,
               "a signal handler cannot wait for a lock");

static const char first[] = "deploy-db: stopping at the next safe point\n";
static const char in_recovery[] = "deploy-db: recovery is under way and runs to its end\n";
static const char second[] = "deploy-db: already stopping; a run that is killed now stays "
                             "unfinished until `deploy-db recover`\n";

/* Only write(2) and strlen are called from the handler. */
static void say(const char *text)
{
    size_t len = strlen(text);

    if (write(STDERR_FILENO, text, len) < 0)
        return;
    if (len > 0 && text[len - 1] != '\n' && write(STDERR_FILENO, "\n", 1) < 0)
        return;
}

static void on_signal(int number)
{
    const char *text = second_text;
    int saved = errno;

    (void)number;
    if (signals > 0)
        say(text != NULL ? text : second);
    else
        say(masks > 0 ? in_recovery : first);
    if (signals < 2)
        signals++;
    errno = saved;
}

void cancel_install(void)
{
    /* SA_RESTART: poll and nanosleep are interrupted all the same, reads and writes are not. */
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

void cancel_on_second(const char *text)
{
    second_text = text;
}

bool cancel_requested(void)
{
    return signals > 0 && masks == 0;
}

void cancel_mask(bool masked)
{
    if (masked)
        masks++;
    else if (masks > 0)
        masks--;
}
