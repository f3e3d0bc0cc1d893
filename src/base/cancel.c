/* cancel - see cancel.h. */
#include "base/cancel.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t signals;
static volatile sig_atomic_t masks;
static const char *volatile second_text;

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
    int saved = errno;

    (void)number;
    if (signals > 0)
        say(second_text != NULL ? second_text : second);
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
