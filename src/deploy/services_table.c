/* services_table - what a plugin may call (plugin.h), over the journal, the log, the configuration and
 * children (services.h). */
#include "deploy/services.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/progress.h"
#include "deploy/journal.h"
#include "deploy/services_files.h"
#include "deploy/services_sql.h"

static char *vformat(struct arena *arena, const char *fmt, va_list args)
{
    va_list again;
    char *text;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len < 0)
        return arena_strdup(arena, fmt);
    text = arena_alloc(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    return text;
}

static void PRINTF(3, 4) service_log(struct ddb_call *call, enum ddb_level level, const char *fmt, ...)
{
    static const enum log_level levels[] = {LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DETAIL,
                                            LOG_DEBUG};
    va_list args;

    va_start(args, fmt);
    log_at((unsigned)level <= DDB_LEVEL_DEBUG ? levels[level] : LOG_DETAIL, "%s",
           vformat(call->services->arena, fmt, args));
    va_end(args);
}

static int PRINTF(2, 3) service_fail(struct ddb_call *call, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    err_set(call->err, ERR_INTERNAL, "%s", vformat(call->services->arena, fmt, args));
    va_end(args);
    return -1;
}

static int PRINTF(2, 3) service_detail(struct ddb_call *call, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    err_detail(call->err, "%s", vformat(call->services->arena, fmt, args));
    va_end(args);
    return -1;
}

static int PRINTF(2, 3) service_hint(struct ddb_call *call, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    err_hint(call->err, "%s", vformat(call->services->arena, fmt, args));
    va_end(args);
    return -1;
}

static void *service_alloc(struct ddb_call *call, size_t n)
{
    return arena_alloc(call->services->arena, n);
}

static char *PRINTF(2, 3) service_format(struct ddb_call *call, const char *fmt, ...)
{
    va_list args;
    char *text;

    va_start(args, fmt);
    text = vformat(call->services->arena, fmt, args);
    va_end(args);
    return text;
}

static const struct ddb_setting *declared(const struct ddb_call *call, const char *key)
{
    const struct ddb_setting *setting = call->service->plugin->table.settings;

    for (; setting != NULL && setting->key != NULL; setting++)
        if (strcmp(setting->key, key) == 0)
            return setting;
    return NULL;
}

static const char *service_setting(struct ddb_call *call, const char *key)
{
    const struct ddb_setting *setting = declared(call, key);
    const struct conf_value *value =
        call->service->group == NULL ? NULL : conf_value(call->service->group, key);
    const char *text = value != NULL ? value->text : setting != NULL ? setting->fallback : NULL;
    struct arena *arena = call->services->arena;
    int64_t ms;

    if (text == NULL || setting == NULL)
        return text;
    if (setting->type == DDB_TYPE_PATH)
        return fs_join(arena, call->services->config_dir, fs_expand(arena, text));
    if (setting->type == DDB_TYPE_DURATION && conf_duration(text, &ms) == 0)
        return arena_printf(arena, "%lld", (long long)ms);
    return text;
}

static const char *const *service_settings(struct ddb_call *call, const char *key)
{
    const struct conf_value *value =
        call->service->group == NULL ? NULL : conf_value(call->service->group, key);

    return value == NULL ? NULL : value->list;
}

static const char *service_fact(struct ddb_call *call, const char *key)
{
    const struct services *services = call->services;
    const struct env *env = services->env;
    struct arena *arena = services->arena;

    if (strcmp(key, "config_dir") == 0)
        return services->config_dir;
    if (strcmp(key, "run") == 0)
        return services->run;
    if (strcmp(key, "steps") == 0)
        return services->steps == 0 ? NULL : arena_printf(arena, "%zu", services->steps);
    if (strcmp(key, "version_table") == 0)
        return services->conf->version_table;
    if (strcmp(key, "version_table_schema") == 0)
        return services->conf->version_table_schema;
    if (strcmp(key, "direction") == 0)
        return call->is_downgrade ? "downgrade" : "upgrade";
    if (strcmp(key, "as_before") == 0)
        return call->as_before ? "true" : NULL;
    if (strcmp(key, "timeout_ms") == 0)
        return arena_printf(arena, "%lld", (long long)call->timeout_ms);
    if (strcmp(key, "cache_dir") == 0)
        return services->looks_only ? services->conf->state_dir : NULL;
    if (env == NULL)
        return NULL;
    if (strcmp(key, "environment") == 0)
        return env->name;
    if (strcmp(key, "url") == 0)
        return services->target == NULL ? NULL : db_target_url(services->target);
    if (strcmp(key, "lock_timeout_ms") == 0)
        return arena_printf(arena, "%lld", call->changes ? (long long)env->apply.lock_timeout_ms : 0);
    if (strcmp(key, "statement_timeout_ms") == 0)
        return arena_printf(arena, "%lld",
                            call->changes ? (long long)env->apply.statement_timeout_ms : 0);
    if (strcmp(key, "snapshot") == 0)
        return services->exported;
    if (strcmp(key, "server_version") == 0)
        return services->server_version == 0 ? NULL
                                             : arena_printf(arena, "%d", services->server_version);
    if (strcmp(key, "compression_level") == 0)
        return arena_printf(arena, "%d", env->snapshot.compression_level);
    if (strcmp(key, "jobs") == 0)
        return arena_printf(arena, "%d", env->snapshot.jobs);
    return NULL;
}

static const char *const *service_fact_list(struct ddb_call *call, const char *key)
{
    if (strcmp(key, "exclude_rows") == 0)
        return call->services->exclude_rows;
    return strcmp(key, "exclude_table_data") == 0 ? call->services->exclude_table_data : NULL;
}

static const char *const *service_database_env(struct ddb_call *call, const char *database)
{
    static const char *const none[] = {NULL};

    if (call->services->target == NULL)
        return none;
    return db_target_env(call->services->target, call->services->arena, database);
}

static const char *const *service_conninfo(struct ddb_call *call, const char *database)
{
    static const char *const none[] = {NULL};

    if (call->services->target == NULL)
        return none;
    return db_target_params(call->services->target, call->services->arena, database);
}

/* A plugin's child with what of it the host watches itself. */
struct watched {
    const struct services *services;
    const struct ddb_child *child;
};

static ssize_t watched_input(void *arg, void *data, size_t cap)
{
    const struct ddb_child *child = ((struct watched *)arg)->child;

    return child->input(child->arg, data, cap);
}

static int watched_output(void *arg, const void *data, size_t n)
{
    const struct ddb_child *child = ((struct watched *)arg)->child;

    return child->output(child->arg, data, n);
}

static void watched_error_line(void *arg, const char *line)
{
    const struct ddb_child *child = ((struct watched *)arg)->child;

    child->error_line(child->arg, line);
}

static int watched_tick(void *arg)
{
    const struct services *services = ((struct watched *)arg)->services;

    return services->stopped != NULL && services->stopped(services->stopped_arg);
}

static int service_run(struct ddb_call *call, const struct ddb_child *child, int *status)
{
    struct watched watched = {.services = call->services, .child = child};
    struct proc proc = {
        .argv = child->argv,
        .env = child->env,
        .cwd = child->cwd != NULL ? child->cwd : call->cwd,
        .tool = child->tool,
        .timeout_ms = child->timeout_ms,
        .uncancellable = call->services->recovering,
        .input = child->input != NULL ? watched_input : NULL,
        .output = child->output != NULL ? watched_output : NULL,
        .error_line = child->error_line != NULL ? watched_error_line : NULL,
        .tick = watched_tick,
        .arg = &watched,
    };
    struct proc_result result = {0};
    int rc = proc_run(&proc, &result, call->err);

    *status = result.status;
    snprintf(call->errors, sizeof call->errors, "%s", result.errors);
    return rc;
}

static const char *service_errors(struct ddb_call *call)
{
    return call->errors;
}

static int service_note(struct ddb_call *call, const char *key, const char *value)
{
    auto_free char *name = NULL;

    if (call->services->journal == NULL)
        return 0;
    name = mem_alloc(strlen(call->service->label) + strlen(key) + 2);
    stpcpy(stpcpy(stpcpy(name, call->service->label), "."), key);
    return journal_note(call->services->journal, name, value, call->err);
}

static const char *service_noted(struct ddb_call *call, const char *key)
{
    if (call->services->journal == NULL)
        return NULL;
    return journal_noted(call->services->journal,
                         arena_printf(call->services->arena, "%s.%s", call->service->label, key));
}

static void service_progress(struct ddb_call *call, const char *what, int64_t done, int64_t total,
                             int bytes)
{
    if (call->changes)
        (void)FAULT("apply.child"); /* while the migrations run */
    if (call->services->stopped == NULL) /* else the other work shows how far it is */
        progress_set(what, done, total, bytes);
}

static int service_cancelled(struct ddb_call *call)
{
    const struct services *services = call->services;

    return (!services->recovering && cancel_requested()) ||
           (services->stopped != NULL && services->stopped(services->stopped_arg));
}

static const struct ddb_host table = {
    .size = sizeof table,
    .abi = DDB_ABI,
    .log = service_log,
    .fail = service_fail,
    .detail = service_detail,
    .hint = service_hint,
    .alloc = service_alloc,
    .format = service_format,
    .setting = service_setting,
    .settings = service_settings,
    .fact = service_fact,
    .database_env = service_database_env,
    .run = service_run,
    .errors = service_errors,
    .note = service_note,
    .noted = service_noted,
    .progress = service_progress,
    .cancelled = service_cancelled,
    .conninfo = service_conninfo,
    .split = services_sql_split,
    .comments = services_sql_comments,
    .file_name = services_files_name,
    .create_file = services_files_create,
    .fact_list = service_fact_list,
};

const struct ddb_host *services_table(void)
{
    return &table;
}
