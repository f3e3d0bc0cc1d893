/* proc - see proc.h. Starting the child is in proc_spawn.c, what builds on proc_run in
 * proc_output.c. */
#include "base/proc.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc_spawn.h"

enum {
    BUFFER_BYTES = 256 * 1024,
    LINE_BYTES = 8 * 1024,
    TICK_MS = 200,
    TERM_MS = 5000,  /* between SIGTERM and SIGKILL */
    DRAIN_MS = 1000, /* for what a grandchild still writes after the child's end */
};

/* Bytes that arrive in pieces, cut into lines. */
struct lines {
    char text[LINE_BYTES];
    size_t len;
};

struct run {
    const struct proc *proc;
    struct proc_result *result;
    const char *tool;
    struct proc_spawn child;
    char *buffer; /* for standard output, BUFFER_BYTES */
    char *input;  /* for standard input, likewise */
    size_t input_len, input_done;
    struct lines out_lines, error_lines;
    struct buf errors;    /* the last lines of standard error */
    int64_t started_ms, next_tick_ms;
    int64_t term_ms;      /* when SIGTERM was sent; 0: it runs on */
    int64_t ended_ms;     /* when the child was seen to have ended; 0: it runs */
    int reap_ms; /* how long to wait for a child that has closed its pipes; grows */
    bool killed;
};

/* --- lines -------------------------------------------------------------------------------------*/

static void out_line(struct run *run, const char *line)
{
    if (*line != '\0')
        log_child(LOG_DETAIL, run->tool, line);
}

static void keep_error(struct run *run, const char *line)
{
    auto_free char *redacted = log_redact(line);

    buf_addf(&run->errors, "%s%s", run->errors.len > 0 ? "\n" : "", redacted);
    while (run->errors.len >= sizeof run->result->errors) {
        char *newline = strchr(run->errors.data, '\n');

        /* A whole line goes; the one line that is longer than all the room loses its beginning. */
        buf_drop(&run->errors, newline != NULL ? (size_t)(newline - run->errors.data) + 1
                                               : run->errors.len - sizeof run->result->errors + 1);
    }
}

static void error_line(struct run *run, const char *line)
{
    if (*line != '\0')
        keep_error(run, line);
    if (run->proc->error_line != NULL)
        run->proc->error_line(run->proc->arg, line);
    else if (*line != '\0')
        log_child(LOG_DETAIL, run->tool, line);
}

static void end_line(struct run *run, struct lines *lines,
                     void (*take)(struct run *run, const char *line))
{
    if (lines->len > 0 && lines->text[lines->len - 1] == '\r')
        lines->len--;
    lines->text[lines->len] = '\0';
    lines->len = 0;
    take(run, lines->text);
}

static void cut_lines(struct run *run, struct lines *lines, const char *data, size_t n,
                      void (*take)(struct run *run, const char *line))
{
    for (size_t i = 0; i < n; i++) {
        if (data[i] == '\n') {
            end_line(run, lines, take);
            continue;
        }
        if (lines->len + 1 == sizeof lines->text)
            end_line(run, lines, take);
        lines->text[lines->len++] = data[i] == '\0' ? ' ' : data[i];
    }
}

/* --- stopping ----------------------------------------------------------------------------------*/

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void stop(struct run *run, bool *why)
{
    if (run->term_ms != 0)
        return;
    *why = true;
    run->term_ms = clock_mono_ms();
    close_fd(&run->child.in);
    kill(-run->child.pid, SIGTERM);
}

static void check_time(struct run *run, int64_t now)
{
    const struct proc *proc = run->proc;

    if (run->term_ms != 0) {
        if (!run->killed && now - run->term_ms >= TERM_MS) {
            kill(-run->child.pid, SIGKILL);
            run->killed = true;
        }
        return;
    }
    if (run->ended_ms != 0)
        return;
    if (proc->timeout_ms > 0 && now - run->started_ms >= proc->timeout_ms)
        stop(run, &run->result->timed_out);
    else if (!proc->uncancellable && cancel_requested())
        stop(run, &run->result->cancelled);
    else if (proc->tick != NULL && now >= run->next_tick_ms) {
        run->next_tick_ms = now + TICK_MS;
        if (proc->tick(proc->arg) != 0)
            stop(run, &run->result->stopped);
    }
}

/* Whether the child has ended. It is not reaped yet: until then nobody else gets the number of its
 * process group, and the group can still be killed. */
static void check_end(struct run *run, int64_t now)
{
    siginfo_t info = {0};

    if (run->ended_ms == 0 &&
        waitid(P_PID, (id_t)run->child.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == run->child.pid)
        run->ended_ms = now;
}

static bool is_over(const struct run *run, int64_t now)
{
    if (run->ended_ms == 0)
        return false;
    if (run->child.out < 0 && run->child.errors < 0)
        return true;
    /* Descendants hold the pipes: after a stop they have the group's time, otherwise a second. */
    return run->term_ms != 0 ? run->killed : now - run->ended_ms >= DRAIN_MS;
}

/* --- moving bytes ------------------------------------------------------------------------------*/

static void feed(struct run *run)
{
    ssize_t n;

    if (run->input_done == run->input_len) {
        n = run->proc->input(run->proc->arg, run->input, BUFFER_BYTES);
        if (n <= 0) {
            if (n < 0)
                stop(run, &run->result->stopped);
            close_fd(&run->child.in);
            return;
        }
        run->input_len = (size_t)n;
        run->input_done = 0;
    }
    n = write(run->child.in, run->input + run->input_done, run->input_len - run->input_done);
    if (n >= 0)
        run->input_done += (size_t)n;
    else if (errno != EAGAIN && errno != EINTR)
        close_fd(&run->child.in); /* it reads no further: its exit status decides */
}

/* One read from ${fd} into the buffer; closes it at the end. */
static size_t fetch(struct run *run, int *fd)
{
    ssize_t n = read(*fd, run->buffer, BUFFER_BYTES);

    if (n > 0)
        return (size_t)n;
    if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_fd(fd);
    return 0;
}

static void fetch_output(struct run *run)
{
    const struct proc *proc = run->proc;
    size_t n = fetch(run, &run->child.out);

    if (n == 0)
        return;
    if (proc->output == NULL)
        cut_lines(run, &run->out_lines, run->buffer, n, out_line);
    else if (run->term_ms == 0 && proc->output(proc->arg, run->buffer, n) != 0)
        stop(run, &run->result->stopped);
}

static void fetch_errors(struct run *run)
{
    size_t n = fetch(run, &run->child.errors);

    cut_lines(run, &run->error_lines, run->buffer, n, error_line);
}

/* How long to wait for something to happen. */
static int wait_ms(struct run *run, int64_t now)
{
    int64_t wait = TICK_MS;

    /* Most end right after they closed their pipes; some go on without them for hours. */
    if (run->child.out < 0 && run->child.errors < 0) {
        wait = run->reap_ms;
        run->reap_ms = run->reap_ms * 2 < TICK_MS ? run->reap_ms * 2 : TICK_MS;
    }

    if (run->proc->timeout_ms > 0 && run->term_ms == 0) {
        int64_t left = run->started_ms + run->proc->timeout_ms - now;

        wait = left < wait ? left : wait;
    }
    return wait > 0 ? (int)wait : 0;
}

static void pump(struct run *run)
{
    enum { IN, OUT, ERRORS, FDS };

    for (;;) {
        int64_t now = clock_mono_ms();
        struct pollfd fds[FDS] = {
            [IN] = {.fd = run->child.in, .events = POLLOUT},
            [OUT] = {.fd = run->child.out, .events = POLLIN},
            [ERRORS] = {.fd = run->child.errors, .events = POLLIN},
        };

        check_end(run, now);
        check_time(run, now);
        if (is_over(run, now))
            return;
        fds[IN].fd = run->child.in; /* check_time may have closed it */
        if (poll(fds, FDS, wait_ms(run, now)) <= 0)
            continue;
        if (fds[ERRORS].revents != 0)
            fetch_errors(run);
        if (fds[OUT].revents != 0)
            fetch_output(run);
        if (fds[IN].revents != 0 && run->child.in >= 0)
            feed(run);
    }
}

/* --- one run -----------------------------------------------------------------------------------*/

static void reap(struct run *run)
{
    int status = 0;

    if (run->term_ms != 0) /* whoever of the group is left must not go on working */
        kill(-run->child.pid, SIGKILL);
    while (waitpid(run->child.pid, &status, 0) < 0 && errno == EINTR)
        continue;
    run->result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    close_fd(&run->child.in);
    close_fd(&run->child.out);
    close_fd(&run->child.errors);
    if (run->out_lines.len > 0)
        end_line(run, &run->out_lines, out_line);
    if (run->error_lines.len > 0)
        end_line(run, &run->error_lines, error_line);
    if (run->errors.len > 0)
        memcpy(run->result->errors, run->errors.data, run->errors.len + 1);
}

static int judge(const struct run *run, struct err *err)
{
    const struct proc_result *result = run->result;
    char span[32];

    if (result->timed_out)
        err_set(err, ERR_INTERNAL, "\"%s\" was stopped because its time of %s was over", run->tool,
                clock_span(run->proc->timeout_ms, span));
    else if (result->cancelled)
        err_set(err, ERR_INTERNAL, "\"%s\" was stopped because the run was cancelled", run->tool);
    else if (result->stopped)
        err_set(err, ERR_INTERNAL, "\"%s\" was stopped", run->tool);
    else
        return 0;
    if (result->errors[0] != '\0')
        err_detail(err, "%s", result->errors);
    return -1;
}

static const char *tool_of(const struct proc *proc)
{
    const char *slash = strrchr(proc->argv[0], '/');

    if (proc->tool != NULL)
        return proc->tool;
    return slash != NULL ? slash + 1 : proc->argv[0];
}

int proc_run(const struct proc *proc, struct proc_result *result, struct err *err)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    auto_free char *command = proc_quote(proc->argv);
    struct run *run;
    int rc;

    memset(result, 0, sizeof *result);
    log_debug("running %s", command);
    run = mem_alloc(sizeof *run);
    run->proc = proc;
    run->result = result;
    run->tool = tool_of(proc);
    if (proc_spawn_start(proc, &run->child, &result->status, err) != 0) {
        mem_free(run);
        return -1;
    }
    run->reap_ms = 1;
    run->buffer = mem_alloc(BUFFER_BYTES);
    run->input = proc->input != NULL ? mem_alloc(BUFFER_BYTES) : NULL;
    run->started_ms = clock_mono_ms();
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, &before); /* a child may close its standard input early */
    pump(run);
    sigaction(SIGPIPE, &before, NULL);
    reap(run);
    log_debug("\"%s\" ended with status %d", run->tool, result->status);
    rc = judge(run, err);
    buf_release(&run->errors);
    mem_free(run->buffer);
    mem_free(run->input);
    mem_free(run);
    return rc;
}
