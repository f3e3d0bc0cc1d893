/* progress - see progress.h. */
#include "base/progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { REDRAW_MS = 100, WORTH_A_LINE_MS = 2000, BAR_CELLS = 24 };

static int enabled;
static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP; /* for what follows */

/* The work under way; an empty name means none. */
static struct {
    char what[80];
    int64_t done;
    int64_t total;
    int64_t started_ms;
    int64_t drawn_ms;
    int unit_bytes;
} now;

static void put(const char *text, size_t n)
{
    if (write(STDERR_FILENO, text, n) < 0)
        return; /* a bar is not worth a failure */
}

static void erase(void)
{
    put("\r\033[K", 4);
}

static const char *amount(int64_t value, char out[32])
{
    if (now.unit_bytes)
        return size_text(value, out);
    snprintf(out, 32, "%" PRId64, value);
    return out;
}

static int columns(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
        return size.ws_col;
    return 80;
}

static void draw(int64_t at_ms)
{
    char bar[BAR_CELLS + 1] = "";
    char line[256];
    char done[32], total[32], rate[32], left[32];
    int64_t elapsed = at_ms - now.started_ms;
    int64_t per_s = elapsed > 0 ? (int64_t)((double)now.done * 1000 / (double)elapsed) : 0;
    int len;

    amount(now.done, done);
    amount(per_s, rate);
    if (now.total > 0) {
        int64_t cells = (int64_t)((double)now.done / (double)now.total * BAR_CELLS);

        cells = cells > BAR_CELLS ? BAR_CELLS : cells;
        memset(bar, '.', BAR_CELLS);
        memset(bar, '#', (size_t)cells);
        left[0] = '\0';
        if (per_s > 0 && elapsed > WORTH_A_LINE_MS && now.total > now.done)
            clock_span((int64_t)((double)(now.total - now.done) / (double)per_s) * 1000, left);
        len = snprintf(line, sizeof line, "\r%s [%s] %d%% %s of %s, %s/s%s%s", now.what, bar,
                       (int)((double)now.done / (double)now.total * 100), done,
                       amount(now.total, total), rate, left[0] ? ", left " : "", left);
    } else {
        len = snprintf(line, sizeof line, "\r%s: %s, %s/s", now.what, done, rate);
    }
    if (len >= (int)sizeof line)
        len = (int)sizeof line - 1;
    if (len > columns())
        len = columns();
    log_hold(erase);
    put(line, (size_t)len);
    put("\033[K", 3);
    now.drawn_ms = at_ms;
}

void progress_enable(int yes)
{
    enabled = yes;
}

void progress_set(const char *what, int64_t done, int64_t total, int unit_bytes)
{
    int64_t at_ms = clock_mono_ms();

    pthread_mutex_lock(&mutex);
    if (strncmp(what, now.what, sizeof now.what - 1) != 0) {
        progress_end();
        snprintf(now.what, sizeof now.what, "%s", what);
        now.started_ms = at_ms;
        now.drawn_ms = at_ms; /* short work draws nothing */
    }
    now.done = done < 0 ? 0 : done;
    now.total = total > 0 && now.done > total ? now.done : total;
    now.unit_bytes = unit_bytes;
    if (enabled && at_ms - now.drawn_ms >= REDRAW_MS)
        draw(at_ms);
    pthread_mutex_unlock(&mutex);
}

static void end(void)
{
    char done[32], span[32];
    int64_t elapsed;

    if (now.what[0] == '\0')
        return;
    elapsed = clock_mono_ms() - now.started_ms;
    if (enabled) {
        erase();
        log_hold(NULL);
    }
    if (elapsed >= WORTH_A_LINE_MS)
        log_info("%s: %s in %s", now.what, amount(now.done, done), clock_span(elapsed, span));
    memset(&now, 0, sizeof now);
}

void progress_end(void)
{
    pthread_mutex_lock(&mutex);
    end();
    pthread_mutex_unlock(&mutex);
}
