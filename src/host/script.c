/* script - see script.h. */
#include "host/script.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/proc.h"

/* The exit statuses of the protocol (hooks/README.md). */
enum {
    EXIT_NOT_FOR_ME = 2,
    EXIT_VETO = 3,
    EXIT_RESERVED_FIRST = 4,
    EXIT_RESERVED_LAST = 15,
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* --- which files -------------------------------------------------------------------------------*/

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool left_out(const char *name)
{
    return name[0] == '.' || ends_with(name, "~") || ends_with(name, ".md") ||
           ends_with(name, ".disabled");
}

/* A hook runs with our rights: it must be a file that we may run and nobody else may write. */
static int check_file(const char *path, struct err *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return err_sys(err, ERR_CONFIG, errno, "could not find hook \"%s\"", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_CONFIG, "hook \"%s\" is not a file", path);
    if (access(path, X_OK) != 0) {
        err_set(err, ERR_CONFIG, "hook \"%s\" is not executable", path);
        return err_hint(err, "Run chmod +x on it, or add \".disabled\" to its name to leave it out.");
    }
    if (fs_private(path, err) == 0)
        return 0;
    err_wrap(err, "hook \"%s\" is not safe to run", path);
    return err_as(err, ERR_CONFIG);
}

int script_expand(const char *path, struct strvec *files, struct err *err)
{
    auto_strvec struct strvec names = {0};

    if (!fs_is_dir(path)) {
        if (check_file(path, err) != 0)
            return -1;
        strvec_push(files, path);
        return 0;
    }
    if (fs_list(path, &names, err) != 0) {
        err_wrap(err, "could not read the folder of hooks \"%s\"", path);
        return err_as(err, ERR_CONFIG);
    }
    for (size_t i = 0; i < names.n; i++) {
        auto_buf struct buf file = {0};

        if (left_out(names.v[i]))
            continue;
        buf_addf(&file, "%s/%s", path, names.v[i]);
        if (check_file(file.data, err) != 0)
            return -1;
        strvec_push(files, file.data);
    }
    return 0;
}

/* --- one run -----------------------------------------------------------------------------------*/

static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

struct watch {
    const char *tool;
    char reason[512]; /* the last line of standard error that has a word in it */
};

static void take_line(void *arg, const char *line)
{
    struct watch *watch = arg;
    auto_free char *shown = log_redact(line);

    log_child(LOG_INFO, watch->tool, line);
    if (strpbrk(shown, LETTERS) != NULL) /* not the caret below psql's errors */
        snprintf(watch->reason, sizeof watch->reason, "%s", shown);
}

/* A private directory for the hook's own files: heap; NULL with ${err} filled. */
static char *make_dir(struct err *err)
{
    const char *base = getenv("TMPDIR");
    struct buf path = {0};

    buf_addf(&path, "%s/deploy-db-hook-XXXXXX", base == NULL || *base != '/' ? "/tmp" : base);
    if (mkdtemp(path.data) != NULL)
        return path.data;
    err_sys(err, ERR_PREPARE, errno, "could not create a temporary directory in \"%s\"",
            base == NULL || *base != '/' ? "/tmp" : base);
    err_hint(err, "Make room there, or name another directory in TMPDIR.");
    buf_release(&path);
    return NULL;
}

static void remove_dir(const char *dir)
{
    struct err err = ERR_INIT;

    if (fs_remove_tree(dir, &err) != 0)
        log_warning("could not remove the hook's temporary directory \"%s\": %s", dir, err.primary);
}

static int fail(const struct watch *watch, int status, struct err *err)
{
    const char *tool = watch->tool;

    if (status == EXIT_FAILURE && watch->reason[0] != '\0')
        return err_set(err, ERR_PREPARE, "hook \"%s\" failed: %s", tool, watch->reason);
    if (status > 128)
        err_set(err, ERR_PREPARE, "hook \"%s\" was ended by signal %d", tool, status - 128);
    else if (status >= EXIT_RESERVED_FIRST && status <= EXIT_RESERVED_LAST)
        err_set(err, ERR_PREPARE, "hook \"%s\" failed: exit status %d is reserved", tool, status);
    else if (status == 126 || status == 127)
        err_set(err, ERR_PREPARE, "hook \"%s\" could not be run, or a program that it calls is "
                "missing: exit status %d", tool, status);
    else
        err_set(err, ERR_PREPARE, "hook \"%s\" failed: exit status %d", tool, status);
    if (watch->reason[0] != '\0')
        err_detail(err, "%s", watch->reason);
    return -1;
}

/* What the exit status means. */
static int judge(const struct script *script, const struct watch *watch, int status,
                 enum script_outcome *outcome, struct err *err)
{
    switch (status) {
    case EXIT_SUCCESS:
        *outcome = SCRIPT_DONE;
        return 0;
    case EXIT_NOT_FOR_ME:
        *outcome = SCRIPT_NOT_FOR_ME;
        return 0;
    case EXIT_VETO:
        if (strcmp(script->event, "pre-deploy") != 0)
            break;
        *outcome = SCRIPT_VETO;
        err_set(err, ERR_REFUSED, "hook \"%s\" refused the deployment%s%s", watch->tool,
                watch->reason[0] == '\0' ? "" : ": ", watch->reason);
        return err_hint(err, "Remove the cause that the hook names; nothing was changed.");
    default:
        break;
    }
    *outcome = SCRIPT_FAILED;
    return fail(watch, status, err);
}

static int run_in(const struct script *script, const char *dir, enum script_outcome *outcome,
                  struct err *err)
{
    const char *const argv[] = {script->path, script->event, NULL};
    struct watch watch = {.tool = base_name(script->path)};
    auto_strvec struct strvec env = {0};
    struct proc_result result;
    struct proc proc;

    strvec_push_all(&env, script->env);
    strvec_pushf(&env, "DEPLOY_DB_EVENT=%s", script->event);
    strvec_pushf(&env, "DEPLOY_DB_TMPDIR=%s", dir);
    proc = (struct proc){
        .argv = argv,
        .env = (const char *const *)env.v,
        .cwd = script->cwd,
        .tool = watch.tool,
        .timeout_ms = script->timeout_ms,
        .uncancellable = script->uncancellable != 0,
        .error_line = take_line,
        .arg = &watch,
    };
    if (proc_run(&proc, &result, err) != 0) {
        *outcome = SCRIPT_FAILED;
        err_wrap(err, "hook \"%s\" failed", watch.tool);
        return err_as(err, ERR_PREPARE);
    }
    return judge(script, &watch, result.status, outcome, err);
}

int script_run(const struct script *script, enum script_outcome *outcome, struct err *err)
{
    auto_free char *dir = NULL;
    int rc;

    *outcome = SCRIPT_FAILED;
    if (check_file(script->path, err) != 0)
        return err_as(err, ERR_PREPARE);
    dir = make_dir(err);
    if (dir == NULL)
        return -1;
    rc = run_in(script, dir, outcome, err);
    remove_dir(dir);
    return rc;
}
