/* conf_keys - the table of every key that the core knows. */
#include "conf/conf_parts.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const char *const targets[] = {"head", "heads", NULL};
static const char *const checksums[] = {"ignore", "warn", "strict", NULL};
static const char *const verify_levels[] = {"fast", "full", "restore", NULL};
static const char *const shipped_levels[] = {"fast", "full", NULL};

enum { KEEP_MOST = 9999, RETRIES_MOST = 1000, LEVEL_MOST = 19, REPLACED_MOST = 99 };
#define SERVER_MS INT32_MAX /* the server's timeouts are 32-bit milliseconds */
#define ANY_MS    INT64_MAX

/* clang-format off */
#define STRING(group, key, type, field, fb)                                                        \
    {.in = group, .name = key, .kind = KIND_STRING, .offset = offsetof(type, field), .fallback = fb}
#define BOOL(group, key, type, field, fb)                                                          \
    {.in = group, .name = key, .kind = KIND_BOOL, .offset = offsetof(type, field), .fallback = fb}
#define LIST(group, key, type, field, fb)                                                          \
    {.in = group, .name = key, .kind = KIND_LIST, .offset = offsetof(type, field), .fallback = fb}
#define INT(group, key, type, field, fb, low, high)                                                \
    {.in = group, .name = key, .kind = KIND_INT, .offset = offsetof(type, field), .fallback = fb,  \
     .min = low, .max = high}
#define DURATION(group, key, type, field, fb, high)                                                \
    {.in = group, .name = key, .kind = KIND_DURATION, .offset = offsetof(type, field),             \
     .fallback = fb, .max = high}
#define CHOICE(group, key, type, field, fb, list)                                                  \
    {.in = group, .name = key, .kind = KIND_CHOICE, .offset = offsetof(type, field),               \
     .fallback = fb, .choices = list}
#define GROUP(parent, key, child) {.in = parent, .name = key, .kind = KIND_GROUP, .group = child}
#define NAMED(parent, key, child) {.in = parent, .name = key, .kind = KIND_NAMED, .group = child}

const struct conf_key conf_keys_table[] = {
    STRING(GROUP_ROOT, "project", struct conf, project, NULL),
    STRING(GROUP_ROOT, "state_dir", struct conf, state_dir, NULL),
    LIST(GROUP_ROOT, "plugin_dirs", struct conf, plugin_dirs, ""),
    GROUP(GROUP_ROOT, "engine", GROUP_ENGINE),
    NAMED(GROUP_ROOT, "stores", GROUP_STORE),
    NAMED(GROUP_ROOT, "environments", GROUP_ENV),

    STRING(GROUP_ENGINE, "plugin", struct conf, engine.plugin, NULL),
    STRING(GROUP_ENGINE, "version_table", struct conf, version_table, "alembic_version"),
    STRING(GROUP_ENGINE, "version_table_schema", struct conf, version_table_schema, NULL),

    STRING(GROUP_STORE, "plugin", struct conf_store, plugin.plugin, NULL),
    GROUP(GROUP_STORE, "keep", GROUP_KEEP),

    INT(GROUP_KEEP, "last", struct conf_store, keep.last, "0", 0, KEEP_MOST),
    INT(GROUP_KEEP, "hourly", struct conf_store, keep.hourly, "0", 0, KEEP_MOST),
    INT(GROUP_KEEP, "daily", struct conf_store, keep.daily, "0", 0, KEEP_MOST),
    INT(GROUP_KEEP, "weekly", struct conf_store, keep.weekly, "0", 0, KEEP_MOST),
    INT(GROUP_KEEP, "monthly", struct conf_store, keep.monthly, "0", 0, KEEP_MOST),
    INT(GROUP_KEEP, "yearly", struct conf_store, keep.yearly, "0", 0, KEEP_MOST),
    DURATION(GROUP_KEEP, "within", struct conf_store, keep.within_ms, "0", ANY_MS),
    INT(GROUP_KEEP, "min_keep", struct conf_store, keep.min_keep, "0", 0, KEEP_MOST),
    DURATION(GROUP_KEEP, "partial_after", struct conf_store, keep.partial_after_ms, "1d", ANY_MS),

    STRING(GROUP_ENV, "database", struct env, database, NULL),
    STRING(GROUP_ENV, "maintenance_database", struct env, maintenance_database, "postgres"),
    BOOL(GROUP_ENV, "protected", struct env, is_protected, "false"),
    CHOICE(GROUP_ENV, "target", struct env, target, "head", targets),
    CHOICE(GROUP_ENV, "checksums", struct env, checksums, "warn", checksums),
    GROUP(GROUP_ENV, "strict", GROUP_STRICT),
    GROUP(GROUP_ENV, "snapshot", GROUP_SNAPSHOT),
    GROUP(GROUP_ENV, "apply", GROUP_APPLY),
    GROUP(GROUP_ENV, "lock", GROUP_LOCK),
    {.in = GROUP_ENV, .name = "recover", .kind = KIND_RUNGS,
     .fallback = "transaction downgrade restore"},
    GROUP(GROUP_ENV, "hooks", GROUP_HOOKS),
    GROUP(GROUP_ENV, "preflight", GROUP_PREFLIGHT),
    GROUP(GROUP_ENV, "refresh", GROUP_REFRESH),

    BOOL(GROUP_STRICT, "compare_type", struct env, strict.compare_type, NULL),
    BOOL(GROUP_STRICT, "compare_server_default", struct env, strict.compare_server_default, NULL),
    BOOL(GROUP_STRICT, "models", struct env, strict.models, "true"),

    {.in = GROUP_SNAPSHOT, .name = "plugin", .kind = KIND_NAMES,
     .offset = offsetof(struct env, snapshot.plugins), .fallback = "pgdump"},
    LIST(GROUP_SNAPSHOT, "stores", struct env, snapshot.stores, ""),
    STRING(GROUP_SNAPSHOT, "require", struct env, snapshot.require, "all"),
    INT(GROUP_SNAPSHOT, "compression_level", struct env, snapshot.compression_level, "3", 1,
        LEVEL_MOST),
    INT(GROUP_SNAPSHOT, "jobs", struct env, snapshot.jobs, NULL, 1,
        CONF_JOBS_MOST),
    {.in = GROUP_SNAPSHOT, .name = "copy_threshold", .kind = KIND_SIZE,
     .offset = offsetof(struct env, snapshot.copy_threshold), .fallback = "1MB"},
    {.in = GROUP_SNAPSHOT, .name = "max_memory", .kind = KIND_SIZE,
     .offset = offsetof(struct env, snapshot.max_memory), .fallback = "256MB"},
    CHOICE(GROUP_SNAPSHOT, "verify", struct env, snapshot.verify, "full", verify_levels),
    CHOICE(GROUP_SNAPSHOT, "verify_shipped", struct env, snapshot.verify_shipped, "fast",
           shipped_levels),
    DURATION(GROUP_SNAPSHOT, "ship_timeout", struct env, snapshot.ship_timeout_ms, "1h", ANY_MS),
    LIST(GROUP_SNAPSHOT, "recipients", struct env, snapshot.recipients, ""),
    STRING(GROUP_SNAPSHOT, "identity", struct env, snapshot.identity, NULL),

    DURATION(GROUP_APPLY, "lock_timeout", struct env, apply.lock_timeout_ms, "5s", SERVER_MS),
    DURATION(GROUP_APPLY, "statement_timeout", struct env, apply.statement_timeout_ms, "0",
             SERVER_MS),
    INT(GROUP_APPLY, "retries", struct env, apply.retries, "5", 0, RETRIES_MOST),
    DURATION(GROUP_APPLY, "timeout", struct env, apply.timeout_ms, "0", ANY_MS),

    DURATION(GROUP_LOCK, "wait", struct env, lock_wait_ms, "10s", ANY_MS),

    LIST(GROUP_HOOKS, "pre_deploy", struct env, hooks.pre_deploy, "snapshot"),
    LIST(GROUP_HOOKS, "verify", struct env, hooks.verify, ""),
    LIST(GROUP_HOOKS, "post_deploy", struct env, hooks.post_deploy, ""),
    LIST(GROUP_HOOKS, "on_failure", struct env, hooks.on_failure, ""),
    LIST(GROUP_HOOKS, "post_refresh", struct env, hooks.post_refresh, ""),
    DURATION(GROUP_HOOKS, "timeout", struct env, hooks.timeout_ms, "10min", ANY_MS),

    DURATION(GROUP_PREFLIGHT, "long_transaction", struct env, preflight.long_transaction_ms, "5min",
             ANY_MS),
    {.in = GROUP_PREFLIGHT, .name = "free_space_margin", .kind = KIND_SIZE,
     .offset = offsetof(struct env, preflight.free_bytes_margin), .fallback = "256MB"},

    STRING(GROUP_REFRESH, "from", struct env, refresh.from, NULL),
    INT(GROUP_REFRESH, "keep", struct env, refresh.keep, "1", 1, REPLACED_MOST),
    {.in = GROUP_REFRESH, .name = "masks", .kind = KIND_MASKS,
     .offset = offsetof(struct env, refresh.masks), .fallback = ""},
    STRING(GROUP_REFRESH, "mask_salt", struct env, refresh.mask_salt, NULL),
    BOOL(GROUP_REFRESH, "mask_strict", struct env, refresh.mask_strict, NULL),
    LIST(GROUP_REFRESH, "exclude_data", struct env, refresh.exclude_data, ""),
};
/* clang-format on */

const size_t conf_keys_n = sizeof conf_keys_table / sizeof *conf_keys_table;

static const struct {
    const char *path;
    bool open;
} groups[GROUP_COUNT] = {
    [GROUP_ROOT] = {"", false},
    [GROUP_ENGINE] = {"engine", true},
    [GROUP_STORE] = {"stores.LABEL", true},
    [GROUP_KEEP] = {"stores.LABEL.keep", false},
    [GROUP_ENV] = {"environments.NAME", false},
    [GROUP_STRICT] = {"environments.NAME.strict", false},
    [GROUP_SNAPSHOT] = {"environments.NAME.snapshot", true},
    [GROUP_APPLY] = {"environments.NAME.apply", false},
    [GROUP_LOCK] = {"environments.NAME.lock", false},
    [GROUP_HOOKS] = {"environments.NAME.hooks", false},
    [GROUP_PREFLIGHT] = {"environments.NAME.preflight", false},
    [GROUP_REFRESH] = {"environments.NAME.refresh", false},
};

/* An environment with such a name could not be told from the command. */
const char *const conf_keys_commands[] = {
    "deploy",   "plan",   "status",  "check",     "recover", "current",  "heads",   "history",
    "branches", "show",   "upgrade", "downgrade", "stamp",   "revision", "merge",   "snapshot",
    "list",     "verify", "prune",   "drill",  "push",      "pull",    "restore",  "refresh", "log",
    "report",   "mergeheads", "init",  "import", "doctor",   "plugins",  "config",  "help",
    "version",  NULL,
};

const struct conf_key *conf_keys_find(enum conf_group group, const char *name)
{
    for (size_t i = 0; i < conf_keys_n; i++)
        if (conf_keys_table[i].in == group && strcmp(conf_keys_table[i].name, name) == 0)
            return &conf_keys_table[i];
    return NULL;
}

const char *conf_keys_path(enum conf_group group)
{
    return groups[group].path;
}

bool conf_keys_open(enum conf_group group)
{
    return groups[group].open;
}

static bool is_inside(enum conf_group outer, enum conf_group inner)
{
    for (size_t i = 0; i < conf_keys_n; i++)
        if (conf_keys_table[i].kind == KIND_GROUP && conf_keys_table[i].in == outer &&
            conf_keys_table[i].group == inner)
            return true;
    return false;
}

/* A key of this name in another group: one inside ${group} before any other. */
static const struct conf_key *find_elsewhere(enum conf_group group, const char *name)
{
    const struct conf_key *found = NULL;

    for (size_t i = 0; i < conf_keys_n; i++) {
        const struct conf_key *key = &conf_keys_table[i];

        if (strcmp(key->name, name) != 0)
            continue;
        if (is_inside(group, key->in))
            return key;
        if (found == NULL)
            found = key;
    }
    return found;
}

void conf_keys_hint(enum conf_group group, const char *name, struct err *err)
{
    struct conf_nearest nearest = {.word = name};
    const struct conf_key *elsewhere;

    for (size_t i = 0; i < conf_keys_n; i++)
        if (conf_keys_table[i].in == group)
            conf_nearest_try(&nearest, conf_keys_table[i].name);
    if (conf_nearest_best(&nearest) != NULL) {
        err_hint(err, "Did you mean \"%s\"?", conf_nearest_best(&nearest));
        return;
    }
    elsewhere = find_elsewhere(group, name);
    if (elsewhere != NULL && elsewhere->in == GROUP_ROOT)
        err_hint(err, "\"%s\" stands at the top of the file, in no group.", name);
    else if (elsewhere != NULL)
        err_hint(err, "\"%s\" belongs in the group %s.", name, conf_keys_path(elsewhere->in));
}
