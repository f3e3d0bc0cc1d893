/* conf_env - an environment's computed defaults, and the checks of one key against another. */
#include "conf/conf_parts.h"

#include <sched.h>
#include <string.h>

enum { JOBS_DEFAULT_MOST = 4 };

struct finisher {
    struct conf_reader *reader;
    config_setting_t *setting;
    struct env *env;
};

/* A mistake at GROUP.KEY (or at the environment itself where that is not written). */
#define MISTAKE(f, group, key, ...)                                                                \
    conf_read_mistake((f)->reader, where_is(f, group, key), __VA_ARGS__)

static int where_is(const struct finisher *f, const char *group, const char *key)
{
    int line = key == NULL ? 0 : conf_read_line(f->setting, group, key);

    return line == 0 ? f->env->line : line;
}

static bool is_written(const struct finisher *f, const char *group, const char *key)
{
    return conf_read_line(f->setting, group, key) != 0;
}

static bool contains(const char *const *list, const char *text)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, text) == 0)
            return true;
    return false;
}

static int usable_cpus(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static void finish_strict(struct finisher *f)
{
    struct env *env = f->env;

    if (!is_written(f, "strict", "compare_type"))
        env->strict.compare_type = env->is_protected;
    if (!is_written(f, "strict", "compare_server_default"))
        env->strict.compare_server_default = env->is_protected;
}

/* Every label that the environment names is a store, and is named once. */
static void check_stores(struct finisher *f)
{
    const char *const *labels = f->env->snapshot.stores;

    for (size_t i = 0; labels[i] != NULL; i++) {
        struct conf_nearest nearest = {.word = labels[i]};
        struct err *err;

        for (size_t j = 0; j < i; j++)
            if (strcmp(labels[i], labels[j]) == 0)
                MISTAKE(f, "snapshot", "stores", "environment \"%s\" names the store \"%s\" twice",
                        f->env->name, labels[i]);
        if (conf_store(f->reader->conf, labels[i]) != NULL)
            continue;
        err = MISTAKE(f, "snapshot", "stores",
                      "environment \"%s\" names the store \"%s\", which does not exist",
                      f->env->name, labels[i]);
        for (size_t j = 0; j < f->reader->conf->n_stores; j++)
            conf_nearest_try(&nearest, f->reader->conf->stores[j].plugin.label);
        if (conf_nearest_best(&nearest) != NULL)
            err_hint(err, "Did you mean \"%s\"?", conf_nearest_best(&nearest));
        err_hint(err, "Describe it in the group stores.");
    }
}

/* A secret has no place in a file that is shared; the message does not repeat it. */
static void check_identity(struct finisher *f)
{
    const char *identity = f->env->snapshot.identity;

    if (identity != NULL && strncmp(identity, "file:", 5) != 0 && strncmp(identity, "env:", 4) != 0)
        err_hint(MISTAKE(f, "snapshot", "identity",
                         "environment \"%s\" does not say where its identity is", f->env->name),
                 "Write \"file:PATH\", a file that only this user can read, or \"env:NAME\".");
}

static void finish_snapshot(struct finisher *f)
{
    struct env *env = f->env;
    const struct conf *conf = f->reader->conf;
    int cpus = usable_cpus();

    env->snapshot.plugin.plugin = env->snapshot.plugins[0];
    if (env->snapshot.jobs == 0)
        env->snapshot.jobs = cpus < JOBS_DEFAULT_MOST ? cpus : JOBS_DEFAULT_MOST;
    if (!is_written(f, "snapshot", "stores") && conf->n_stores > 0) {
        const char **first = arena_alloc(f->reader->arena, 2 * sizeof *first);

        first[0] = conf->stores[0].plugin.label;
        env->snapshot.stores = first;
    } else if (env->snapshot.stores[0] == NULL && is_written(f, "snapshot", "stores")) {
        err_hint(MISTAKE(f, "snapshot", "stores", "environment \"%s\" keeps snapshots in no store",
                         env->name),
                 "Name one, or leave the key out to use the first store.");
    }
    check_stores(f);
    check_identity(f);
    if (strcmp(env->snapshot.require, "all") != 0 && strcmp(env->snapshot.require, "any") != 0 &&
        !contains(env->snapshot.stores, env->snapshot.require))
        err_hint(
            MISTAKE(f, "snapshot", "require",
                    "environment \"%s\" requires the store \"%s\", which is not among its stores",
                    env->name, env->snapshot.require),
            "Write \"all\", \"any\" or a label that snapshot.stores names.");
}

static void check_hooks(struct finisher *f)
{
    const struct {
        const char *key;
        const char *const *list;
    } others[] = {
        {"verify", f->env->hooks.verify},
        {"post_deploy", f->env->hooks.post_deploy},
        {"on_failure", f->env->hooks.on_failure},
        {"post_refresh", f->env->hooks.post_refresh},
    };
    size_t snapshots = 0;

    for (const char *const *hook = f->env->hooks.pre_deploy; *hook != NULL; hook++)
        snapshots += strcmp(*hook, "snapshot") == 0;
    if (snapshots > 1)
        MISTAKE(f, "hooks", "pre_deploy", "environment \"%s\" takes the snapshot %zu times",
                f->env->name, snapshots);
    if (snapshots == 0 && f->env->is_protected)
        err_hint(
            MISTAKE(
                f, "hooks", "pre_deploy",
                "environment \"%s\" is protected, but its pre_deploy hooks do not take a snapshot",
                f->env->name),
            "Put \"snapshot\" into hooks.pre_deploy.");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (contains(others[i].list, "snapshot"))
            err_hint(MISTAKE(f, "hooks", others[i].key,
                             "environment \"%s\": \"snapshot\" is no %s hook", f->env->name,
                             others[i].key),
                     "Only hooks.pre_deploy can take the snapshot; write \"./snapshot\" for a "
                     "file of that name.");
}

/* Without a snapshot there is nothing to restore. */
static void finish_rungs(struct finisher *f)
{
    struct env *env = f->env;
    size_t kept = 0;

    if (contains(env->hooks.pre_deploy, "snapshot"))
        return;
    for (size_t i = 0; i < env->n_recover; i++)
        if (env->recover[i] != RUNG_RESTORE)
            env->recover[kept++] = env->recover[i];
    if (kept < env->n_recover && is_written(f, NULL, "recover") && !env->is_protected)
        err_hint(MISTAKE(f, NULL, "recover",
                         "environment \"%s\" cannot recover by \"restore\": it takes no snapshot",
                         env->name),
                 "Put \"snapshot\" into hooks.pre_deploy, or leave \"restore\" out.");
    env->n_recover = kept;
}

void conf_env_finish(struct conf_reader *reader, config_setting_t *setting, struct env *env)
{
    struct finisher f = {.reader = reader, .setting = setting, .env = env};

    if (!is_written(&f, NULL, "database"))
        err_hint(
            conf_read_mistake(reader, env->line, "environment \"%s\" names no database", env->name),
            "Write database = \"service=NAME\"; or \"env:NAME\", or a connection string.");
    finish_strict(&f);
    finish_snapshot(&f);
    check_hooks(&f);
    finish_rungs(&f);
    conf_refresh_finish(reader, setting, env);
}
