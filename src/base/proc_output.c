/* proc_output - what builds on proc_run, see proc.h: output as a whole, names, command lines. */
#include "base/proc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

static const char *tool_of(const struct proc *proc)
{
    const char *slash = strrchr(proc->argv[0], '/');

    if (proc->tool != NULL)
        return proc->tool;
    return slash != NULL ? slash + 1 : proc->argv[0];
}

/* proc_output keeps the caller's callbacks and adds its own for standard output. */
struct capture {
    const struct proc *proc;
    struct buf *out;
};

static ssize_t capture_input(void *arg, void *data, size_t cap)
{
    struct capture *capture = arg;

    return capture->proc->input(capture->proc->arg, data, cap);
}

static int capture_output(void *arg, const void *data, size_t n)
{
    struct capture *capture = arg;

    buf_add(capture->out, data, n);
    return 0;
}

static void capture_error_line(void *arg, const char *line)
{
    struct capture *capture = arg;

    capture->proc->error_line(capture->proc->arg, line);
}

static int capture_tick(void *arg)
{
    struct capture *capture = arg;

    return capture->proc->tick(capture->proc->arg);
}

int proc_output(const struct proc *proc, struct buf *out, struct err *err)
{
    struct capture capture = {.proc = proc, .out = out};
    struct proc_result result;
    struct proc inner = *proc;

    inner.input = proc->input != NULL ? capture_input : NULL;
    inner.output = capture_output;
    inner.error_line = proc->error_line != NULL ? capture_error_line : NULL;
    inner.tick = proc->tick != NULL ? capture_tick : NULL;
    inner.arg = &capture;
    if (proc_run(&inner, &result, err) != 0)
        return -1;
    if (result.status == 0)
        return 0;
    if (result.status > 128)
        err_set(err, ERR_INTERNAL, "\"%s\" was ended by signal %d (%s)", tool_of(proc),
                result.status - 128, strsignal(result.status - 128));
    else
        err_set(err, ERR_INTERNAL, "\"%s\" failed with exit status %d", tool_of(proc),
                result.status);
    if (result.errors[0] != '\0')
        err_detail(err, "%s", result.errors);
    return -1;
}

static bool is_executable(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool proc_find(const char *name)
{
    const char *path = getenv("PATH");
    auto_free char *copy = NULL;
    char *rest;
    char *dir;

    if (strchr(name, '/') != NULL)
        return is_executable(name);
    if (name[0] == '\0')
        return false;
    copy = mem_strdup(path != NULL ? path : "/bin:/usr/bin");
    rest = copy;
    while ((dir = strsep(&rest, ":")) != NULL) {
        auto_buf struct buf candidate = {0};

        buf_addf(&candidate, "%s/%s", *dir != '\0' ? dir : ".", name);
        if (is_executable(candidate.data))
            return true;
    }
    return false;
}

char *proc_quote(const char *const *argv)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "@%_+=:,./-";
    struct buf out = {0};

    for (size_t i = 0; argv[i] != NULL; i++) {
        /* First redacted, then quoted: quotes would hide a secret from the filter. */
        auto_free char *arg = log_redact(argv[i]);

        if (i > 0)
            buf_addc(&out, ' ');
        if (arg[0] != '\0' && arg[strspn(arg, plain)] == '\0') {
            buf_adds(&out, arg);
            continue;
        }
        buf_addc(&out, '\'');
        for (const char *c = arg; *c != '\0'; c++)
            if (*c == '\'')
                buf_adds(&out, "'\\''");
            else
                buf_addc(&out, *c);
        buf_addc(&out, '\'');
    }
    buf_adds(&out, "");
    return out.data;
}
