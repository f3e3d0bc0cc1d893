/* proc_spawn - see proc_spawn.h. */
#include "base/proc_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

enum { PIPE_BYTES = 256 * 1024, NOT_RUN = 126, NOT_FOUND = 127 };

/* Where a child that could not execute its program was. */
enum stage { STAGE_SETUP, STAGE_CWD, STAGE_EXEC };

struct report {
    enum stage stage;
    int errnum;
};

enum { IN, OUT, ERRORS, REPORT, PIPES };

/* Whether the assignment "NAME=…" is about the variable that ${change} sets or removes. */
static int same_name(const char *assignment, const char *change)
{
    size_t len = strcspn(change, "=");

    return strncmp(assignment, change, len) == 0 && assignment[len] == '=';
}

/* Our environment with the changes applied; later changes win. */
static void build_env(const char *const *changes, struct strvec *env)
{
    for (char **old = environ; *old != NULL; old++) {
        int changed = 0;

        for (const char *const *change = changes; change != NULL && *change != NULL; change++)
            changed |= same_name(*old, *change);
        if (!changed)
            strvec_push(env, *old);
    }
    for (const char *const *change = changes; change != NULL && *change != NULL; change++) {
        int last = strchr(*change, '=') != NULL;

        for (const char *const *later = change + 1; last && *later != NULL; later++)
            last = strcspn(*later, "=") != strcspn(*change, "=") ||
                   strncmp(*later, *change, strcspn(*change, "=")) != 0;
        if (last)
            strvec_push(env, *change);
    }
    if (env->v == NULL) { /* an empty vector still needs its NULL */
        strvec_push(env, "");
        mem_free(env->v[0]);
        env->v[0] = NULL;
        env->n = 0;
    }
}

static void close_pipes(int pipes[PIPES][2])
{
    for (int i = 0; i < PIPES; i++)
        for (int end = 0; end < 2; end++)
            if (pipes[i][end] >= 0)
                close(pipes[i][end]);
}

static int open_pipes(int pipes[PIPES][2], int with_input)
{
    for (int i = 0; i < PIPES; i++)
        pipes[i][0] = pipes[i][1] = -1;
    for (int i = 0; i < PIPES; i++) {
        if (i == IN && !with_input) {
            pipes[i][0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
            if (pipes[i][0] < 0)
                return -1;
        } else if (pipe2(pipes[i], O_CLOEXEC) != 0) {
            return -1;
        }
    }
    return 0;
}

/* --- in the child, between fork and exec -------------------------------------------------------*/

/* A descriptor above the standard ones, so that dup2 below cannot overwrite it. */
static int above_stdio(int fd)
{
    return fd > STDERR_FILENO ? fd : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

static void reset_signals(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t none;

    sigemptyset(&plain.sa_mask);
    sigaction(SIGPIPE, &plain, NULL);
    sigaction(SIGINT, &plain, NULL);
    sigaction(SIGTERM, &plain, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static enum stage become(const struct proc *proc, char **env, pid_t parent, int pipes[PIPES][2])
{
    int in = above_stdio(pipes[IN][0]);
    int out = above_stdio(pipes[OUT][1]);
    int errors = above_stdio(pipes[ERRORS][1]);

    /* The parent may have died before prctl was in force. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        return STAGE_SETUP;
    if (setsid() < 0 || in < 0 || out < 0 || errors < 0 || dup2(in, STDIN_FILENO) < 0 ||
        dup2(out, STDOUT_FILENO) < 0 || dup2(errors, STDERR_FILENO) < 0)
        return STAGE_SETUP;
    reset_signals();
    /* Descriptors that a library opened without O_CLOEXEC (a kernel that cannot: never mind). */
    syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 1U << 2 /* CLOSE_RANGE_CLOEXEC */);
    if (proc->cwd != NULL && chdir(proc->cwd) != 0)
        return STAGE_CWD;
    environ = env; /* execvp searches the PATH that it finds there */
    execvp(proc->argv[0], (char *const *)proc->argv);
    return STAGE_EXEC;
}

static void child_main(const struct proc *proc, char **env, pid_t parent, int pipes[PIPES][2])
{
    struct report report = {0};

    pipes[REPORT][1] = above_stdio(pipes[REPORT][1]);
    report.stage = become(proc, env, parent, pipes);
    report.errnum = errno;
    if (write(pipes[REPORT][1], &report, sizeof report) < 0)
        _exit(NOT_RUN);
    _exit(NOT_FOUND);
}

/* --- in the parent -----------------------------------------------------------------------------*/

static int explain(const struct proc *proc, const struct report *report, struct err *err)
{
    const char *program = proc->argv[0];

    if (report->stage == STAGE_CWD)
        return err_sys(err, ERR_INTERNAL, report->errnum,
                       "could not run \"%s\" in directory \"%s\"", program, proc->cwd);
    err_sys(err, ERR_INTERNAL, report->errnum, "could not run \"%s\"", program);
    if (report->errnum == ENOENT && strchr(program, '/') == NULL)
        err_hint(err, "Install the program, or add its directory to PATH.");
    else if (report->errnum == EACCES)
        err_hint(err, "Check that the file is executable.");
    return -1;
}

/* Wait until the child has executed its program (the report's pipe closes) or said why not. */
static int await_exec(const struct proc *proc, pid_t pid, int fd, int *status, struct err *err)
{
    struct report report;
    ssize_t n;

    do
        n = read(fd, &report, sizeof report);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return 0;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    *status = NOT_RUN;
    if (n != (ssize_t)sizeof report)
        return err_set(err, ERR_INTERNAL, "could not run \"%s\": its start was cut off",
                       proc->argv[0]);
    if (report.stage == STAGE_EXEC && (report.errnum == ENOENT || report.errnum == ENOTDIR))
        *status = NOT_FOUND;
    return explain(proc, &report, err);
}

static int take_end(int *fd)
{
    int taken = *fd;

    *fd = -1;
    if (taken >= 0) {
        fcntl(taken, F_SETFL, fcntl(taken, F_GETFL) | O_NONBLOCK);
        fcntl(taken, F_SETPIPE_SZ, PIPE_BYTES); /* fewer switches; refused over a user's limit */
    }
    return taken;
}

static void close_end(int *fd)
{
    close(*fd);
    *fd = -1;
}

int proc_spawn_start(const struct proc *proc, struct proc_spawn *child, int *status,
                     struct err *err)
{
    auto_strvec struct strvec env = {0};
    int pipes[PIPES][2];
    pid_t parent = getpid();
    pid_t pid;

    *status = NOT_RUN;
    build_env(proc->env, &env);
    if (open_pipes(pipes, proc->input != NULL) != 0) {
        err_sys(err, ERR_INTERNAL, errno, "could not make pipes for \"%s\"", proc->argv[0]);
        close_pipes(pipes);
        return -1;
    }
    pid = fork();
    if (pid == 0)
        child_main(proc, env.v, parent, pipes);
    if (pid < 0) {
        err_sys(err, ERR_INTERNAL, errno, "could not fork for \"%s\"", proc->argv[0]);
        close_pipes(pipes);
        return -1;
    }
    close_end(&pipes[REPORT][1]);
    if (await_exec(proc, pid, pipes[REPORT][0], status, err) != 0) {
        close_pipes(pipes);
        return -1;
    }
    child->pid = pid;
    child->in = take_end(&pipes[IN][1]);
    child->out = take_end(&pipes[OUT][0]);
    child->errors = take_end(&pipes[ERRORS][0]);
    close_pipes(pipes);
    return 0;
}
