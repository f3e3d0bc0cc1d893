/* fakehost - see fakehost.h. */
#include "fakehost.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#ifdef FAKEHOST_pg
#include "pg/split.h"
#endif
#ifdef FAKEHOST_revision
#include "revision/naming.h"
#endif

static struct fakehost_pair *fake_find(struct fakehost_pair *pairs, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(pairs[i].key, key) == 0)
            return &pairs[i];
    return NULL;
}

static void fake_put(struct fakehost_pair *pairs, size_t *n, struct fakehost_pair pair)
{
    struct fakehost_pair *old = fake_find(pairs, *n, pair.key);

    if (old == NULL) {
        if (*n == FAKEHOST_MAX)
            abort();
        old = &pairs[(*n)++];
    }
    *old = pair;
}

static char *fake_vformat(struct ddb_call *call, const char *fmt, va_list args)
{
    va_list again;
    int len;
    char *text;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    text = arena_alloc(call->arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    return text;
}

#define FAKE_FORMATTED(call, fmt, text)                                                                 \
    do {                                                                                           \
        va_list args_;                                                                             \
        va_start(args_, fmt);                                                                      \
        text = fake_vformat(call, fmt, args_);                                                          \
        va_end(args_);                                                                             \
    } while (0)

static void PRINTF(3, 4) fake_log(struct ddb_call *call, enum ddb_level level, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warning", "info", "detail", "debug"};
    char *text;

    FAKE_FORMATTED(call, fmt, text);
    buf_addf(&call->log, "%s: %s\n", names[level], text);
}

static int PRINTF(2, 3) fake_fail(struct ddb_call *call, const char *fmt, ...)
{
    char *text;

    FAKE_FORMATTED(call, fmt, text);
    return err_set(&call->err, ERR_INTERNAL, "%s", text);
}

static int PRINTF(2, 3) fake_detail(struct ddb_call *call, const char *fmt, ...)
{
    char *text;

    FAKE_FORMATTED(call, fmt, text);
    return err_detail(&call->err, "%s", text);
}

static int PRINTF(2, 3) fake_hint(struct ddb_call *call, const char *fmt, ...)
{
    char *text;

    FAKE_FORMATTED(call, fmt, text);
    return err_hint(&call->err, "%s", text);
}

static void *fake_alloc(struct ddb_call *call, size_t n)
{
    return arena_alloc(call->arena, n);
}

static char *PRINTF(2, 3) fake_format(struct ddb_call *call, const char *fmt, ...)
{
    char *text;

    FAKE_FORMATTED(call, fmt, text);
    return text;
}

static const struct ddb_setting *fake_declared(const struct ddb_call *call, const char *key)
{
    for (const struct ddb_setting *s = call->plugin->settings; s != NULL && s->key != NULL; s++)
        if (strcmp(s->key, key) == 0)
            return s;
    fprintf(stderr, "fakehost: the plugin asked for \"%s\", which it does not declare\n", key);
    abort();
}

static const char *fake_setting(struct ddb_call *call, const char *key)
{
    const struct ddb_setting *setting = fake_declared(call, key);
    const struct fakehost_pair *pair = fake_find(call->settings, call->n_settings, key);

    return pair != NULL && pair->value != NULL ? pair->value : setting->fallback;
}

static const char *const *fake_settings(struct ddb_call *call, const char *key)
{
    const struct fakehost_pair *pair = fake_find(call->settings, call->n_settings, key);

    fake_declared(call, key);
    return pair != NULL ? pair->list : NULL;
}

static const char *fake_fact(struct ddb_call *call, const char *key)
{
    const struct fakehost_pair *pair = fake_find(call->facts, call->n_facts, key);

    return pair != NULL ? pair->value : NULL;
}

static const char *const *fake_database_env(struct ddb_call *call, const char *database)
{
    struct strvec env = {0};
    char **list;

    for (size_t i = 0; i < call->env.n; i++)
        if (database == NULL || strncmp(call->env.v[i], "PGDATABASE=", 11) != 0)
            strvec_push(&env, call->env.v[i]);
    if (database != NULL)
        strvec_pushf(&env, "PGDATABASE=%s", database);
    list = arena_list(call->arena, &env);
    strvec_release(&env);
    return (const char *const *)list;
}

/* DDB_TEST_CONNINFO, "keyword=value …" without quotes, in pairs; the call's own conninfo counts first. */
static const char *const *fake_conninfo(struct ddb_call *call, const char *database)
{
    const char *text = call->conninfo != NULL ? call->conninfo : getenv("DDB_TEST_CONNINFO");
    const char **params = arena_alloc(call->arena, FAKEHOST_MAX * sizeof *params);
    size_t n = 0;

    while (text != NULL && *text != '\0' && n + 5 < FAKEHOST_MAX) {
        size_t keyword = strcspn(text, "="), end = strcspn(text, " ");

        params[n++] = arena_printf(call->arena, "%.*s", (int)keyword, text);
        params[n++] = arena_printf(call->arena, "%.*s", (int)(end - keyword - 1), text + keyword + 1);
        text += end + strspn(text + end, " ");
    }
    if (database != NULL) {
        params[n++] = "dbname";
        params[n++] = database;
    }
    if (n > 0) {
        params[n++] = "application_name";
        params[n++] = "deploy-db fake";
    }
    params[n] = NULL;
    return params;
}

/* --- children: base's proc, with the callbacks' argument wrapped to add the cancel ------------ */

struct fake_running {
    struct ddb_call *call;
    const struct ddb_child *child;
    struct buf errors;
};

static ssize_t fake_run_input(void *arg, void *data, size_t cap)
{
    struct fake_running *running = arg;

    return running->child->input(running->child->arg, data, cap);
}

static int fake_run_output(void *arg, const void *data, size_t n)
{
    struct fake_running *running = arg;

    return running->child->output(running->child->arg, data, n);
}

static void fake_run_error_line(void *arg, const char *line)
{
    struct fake_running *running = arg;

    buf_addf(&running->errors, "%s%s", running->errors.len > 0 ? "\n" : "", line);
    if (running->child->error_line != NULL)
        running->child->error_line(running->child->arg, line);
}

static int fake_run_tick(void *arg)
{
    struct fake_running *running = arg;

    return running->call->cancelled;
}

static int fake_run(struct ddb_call *call, const struct ddb_child *child, int *status)
{
    struct fake_running running = {.call = call, .child = child};
    struct proc proc = {
        .argv = child->argv,
        .env = child->env,
        .cwd = child->cwd != NULL ? child->cwd : call->cwd,
        .tool = child->tool,
        .timeout_ms = child->timeout_ms,
        .input = child->input != NULL ? fake_run_input : NULL,
        .output = child->output != NULL ? fake_run_output : NULL,
        .error_line = fake_run_error_line,
        .tick = fake_run_tick,
        .arg = &running,
    };
    struct proc_result result = {0};
    struct err err = ERR_INIT;
    int rc = proc_run(&proc, &result, &err);
    const char *errors = buf_text(&running.errors);

    if (strlen(errors) >= sizeof call->errors)
        errors += strlen(errors) - sizeof call->errors + 1;
    snprintf(call->errors, sizeof call->errors, "%s", errors);
    buf_release(&running.errors);
    call->n_runs++;
    *status = result.status;
    if (rc < 0)
        return fake_fail(call, "%s", err.primary);
    return 0;
}

static const char *fake_errors(struct ddb_call *call)
{
    return call->errors;
}

static int fake_note(struct ddb_call *call, const char *key, const char *value)
{
    fake_put(call->notes, &call->n_notes,
        (struct fakehost_pair){arena_strdup(call->arena, key), arena_strdup(call->arena, value),
                               NULL});
    return 0;
}

static const char *fake_noted(struct ddb_call *call, const char *key)
{
    const struct fakehost_pair *pair = fake_find(call->notes, call->n_notes, key);

    return pair != NULL ? pair->value : NULL;
}

static void fake_progress(struct ddb_call *call, const char *what, int64_t done, int64_t total,
                          int bytes)
{
    (void)what;
    (void)bytes;
    call->progress_done = done;
    call->progress_total = total;
}

static int fake_cancelled(struct ddb_call *call)
{
    return call->cancelled;
}

#ifdef FAKEHOST_pg
struct fake_split {
    int (*statement)(void *arg, const struct ddb_statement *statement);
    int (*comment)(void *arg, const struct ddb_comment *comment);
    void *arg;
};

static int fake_statement(void *arg, const struct split_statement *s)
{
    const struct fake_split *to = arg;
    struct ddb_statement statement = {sizeof statement, s->text, s->n, s->line,
                                      s->flags, s->data, s->data_n};

    return to->statement(to->arg, &statement);
}

static int fake_comment(void *arg, const struct split_comment *c)
{
    const struct fake_split *to = arg;
    struct ddb_comment comment = {sizeof comment, c->text, c->n, c->line, c->depth};

    return to->comment(to->arg, &comment);
}

static int fake_statements(struct ddb_call *call, const char *text, size_t n,
                           int (*each)(void *arg, const struct ddb_statement *statement), void *arg)
{
    struct fake_split to = {.statement = each, .arg = arg};

    return split_statements(text, n, fake_statement, &to, &call->err);
}

static int fake_comments(struct ddb_call *call, const char *text, size_t n,
                         int (*each)(void *arg, const struct ddb_comment *comment), void *arg)
{
    struct fake_split to = {.comment = each, .arg = arg};

    return split_comments(text, n, fake_comment, &to, &call->err);
}
#endif

#ifdef FAKEHOST_revision
static int fake_file_name(struct ddb_call *call, const struct ddb_file_name *wanted,
                          const char **name)
{
    struct naming naming = {wanted->file_template, (wanted->flags & DDB_FILE_NAME_ESCAPED) != 0,
                            wanted->slug_length, wanted->id, wanted->message, wanted->moment};

    return naming_file(call->arena, &naming, name, &call->err);
}
#endif

static int fake_create_file(struct ddb_call *call, const char *path, const void *data, size_t n)
{
    if (fs_mkdirs(fs_dirname(call->arena, path), 0777, &call->err) != 0)
        return -1;
    return fs_create(path, data, n, 0666, &call->err);
}

static const char *const *fake_fact_list(struct ddb_call *call, const char *key)
{
    return strcmp(key, "exclude_rows") == 0 ? call->exclude_rows : NULL;
}

const struct ddb_host fakehost_services = {
    .size = sizeof fakehost_services,
    .abi = DDB_ABI,
    .log = fake_log,
    .fail = fake_fail,
    .detail = fake_detail,
    .hint = fake_hint,
    .alloc = fake_alloc,
    .format = fake_format,
    .setting = fake_setting,
    .settings = fake_settings,
    .fact = fake_fact,
    .database_env = fake_database_env,
    .run = fake_run,
    .errors = fake_errors,
    .note = fake_note,
    .noted = fake_noted,
    .progress = fake_progress,
    .cancelled = fake_cancelled,
    .conninfo = fake_conninfo,
#ifdef FAKEHOST_pg
    .split = fake_statements,
    .comments = fake_comments,
#endif
#ifdef FAKEHOST_revision
    .file_name = fake_file_name,
#endif
    .create_file = fake_create_file,
    .fact_list = fake_fact_list,
};

struct ddb_call *fakehost_open(const struct ddb_plugin *plugin)
{
    struct ddb_call *call = mem_alloc(sizeof *call);

    call->plugin = plugin;
    call->arena = arena_new();
    if (plugin->load != NULL && plugin->load(&fakehost_services) != 0) {
        fprintf(stderr, "fakehost: load() of plugin \"%s\" failed\n", plugin->name);
        abort();
    }
    return call;
}

void fakehost_close(struct ddb_call *call)
{
    if (call->plugin->unload != NULL)
        call->plugin->unload();
    arena_free(call->arena);
    buf_release(&call->log);
    strvec_release(&call->env);
    mem_free(call);
}

void fakehost_setting(struct ddb_call *call, const char *key, const char *value)
{
    fake_put(call->settings, &call->n_settings, (struct fakehost_pair){key, value, NULL});
}

void fakehost_setting_list(struct ddb_call *call, const char *key, const char *const *list)
{
    fake_put(call->settings, &call->n_settings, (struct fakehost_pair){key, NULL, list});
}

void fakehost_fact(struct ddb_call *call, const char *key, const char *value)
{
    fake_put(call->facts, &call->n_facts, (struct fakehost_pair){key, value, NULL});
}

void fakehost_clear(struct ddb_call *call)
{
    err_clear(&call->err);
    buf_reset(&call->log);
}
