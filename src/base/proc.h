/*
 * proc - the door to other programs: an argument vector, never a shell string.
 *
 * The child gets its own process group, no terminal, standard input from a callback or closed, and
 * dies with us (PR_SET_PDEATHSIG). Its output arrives through callbacks in our one thread. When its
 * time is over, or the run is cancelled, the whole group gets SIGTERM and after five seconds
 * SIGKILL.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct proc {
    const char *const *argv; /* NULL-terminated; argv[0] is searched on PATH */
    const char *const *env;  /* NULL-terminated changes: "NAME=value" sets, "NAME" removes */
    const char *cwd;         /* NULL: ours */
    const char *tool;        /* the name its lines have in the log; NULL: basename of argv[0] */
    int64_t timeout_ms;      /* 0: none */
    bool uncancellable;      /* true: a pending cancel does not stop it (recovery) */

    /* input: next bytes for its standard input; 0 ends it, -1 stops the child. NULL: closed.
     * output: bytes it wrote to standard output; nonzero stops the child. NULL: logged by lines.
     * error_line: a line of its standard error. NULL: logged at level detail.
     * tick: called about every 200 ms while it runs; nonzero stops the child. */
    ssize_t (*input)(void *arg, void *data, size_t cap);
    int (*output)(void *arg, const void *data, size_t n);
    void (*error_line)(void *arg, const char *line);
    int (*tick)(void *arg);
    void *arg;
};

struct proc_result {
    int status;       /* exit status; 128 + n when signal n ended it; 127 not found; 126 not run */
    bool timed_out;
    bool cancelled;
    bool stopped;     /* a callback asked for it */
    char errors[2048]; /* the last lines of its standard error (redacted) */
};

/* proc_run(proc, result, err): run it to its end. Returns 0 when the child ended by itself,
 * whatever its status; -1 with ${err} (class ERR_INTERNAL) when it could not be started, was
 * stopped, cancelled or ran out of time; ${result} is filled in both cases. A closed standard input
 * (EPIPE) is no failure: the exit status decides. Changes: what the child changes. */
int proc_run(const struct proc *proc, struct proc_result *result, struct err *err) CHECK;

/* proc_output(proc, out, err): as proc_run, standard output appended to ${out}; a nonzero status
 * is a failure whose detail has the last lines of standard error. */
int proc_output(const struct proc *proc, struct buf *out, struct err *err) CHECK;

/* proc_find(name): whether ${name} is an executable on PATH (or at its path). */
bool proc_find(const char *name);

/* proc_quote(argv): the command as one line that can be pasted into a shell, secrets redacted; heap,
 * the caller frees it. For logs only. */
char *proc_quote(const char *const *argv);

#endif
