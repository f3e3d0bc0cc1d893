/* conf_named - the groups whose members the user names: stores and environments. */
#include "conf/conf_parts.h"

#include <string.h>

enum { NAME_MOST = 48 }; /* it is part of the names of files and databases */

bool conf_named_is_plain(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t n = strlen(name);

    return n > 0 && n <= NAME_MOST && strspn(name, plain) == n && name[0] != '-';
}

/* The member ${i}, when it is a group with a usable name; else NULL, reported. */
static config_setting_t *member(struct conf_reader *reader, config_setting_t *setting, int i,
                                const char *what, const char *path)
{
    config_setting_t *child = config_setting_get_elem(setting, (unsigned)i);
    const char *name = config_setting_name(child);
    int line = (int)config_setting_source_line(child);
    struct err *err;

    if (!conf_named_is_plain(name)) {
        err = conf_read_mistake(reader, line, "%s \"%s\" cannot have this name", what, name);
        err_hint(err, "Use letters, digits, \"_\" and \"-\", at most %d of them.", NAME_MOST);
        return NULL;
    }
    if (!config_setting_is_group(child)) {
        err = conf_read_mistake(reader, line, "%s.%s must be a group", path, name);
        err_hint(err, "Write %s: { … };", name);
        return NULL;
    }
    return child;
}

static void read_store(struct conf_reader *reader, config_setting_t *setting,
                       struct conf_store *store)
{
    const char *label = arena_strdup(reader->arena, config_setting_name(setting));
    const char *where = arena_printf(reader->arena, "stores.%s", label);
    const struct conf_keep *keep = &store->keep;

    if (strcmp(label, "all") == 0 || strcmp(label, "any") == 0)
        conf_read_mistake(reader, (int)config_setting_source_line(setting),
                          "a store cannot have the label \"%s\", which has a meaning in "
                          "snapshot.require",
                          label);
    store->plugin.label = label;
    conf_read_defaults(reader, GROUP_STORE, store);
    conf_read_group(reader, setting, GROUP_STORE, where, store);
    if (conf_read_line(setting, NULL, "plugin") == 0)
        err_hint(conf_read_mistake(reader, store->plugin.line, "%s names no plugin", where),
                 "Write plugin = \"local\"; into the group.");
    if (keep->given && keep->within_ms == 0 &&
        keep->last + keep->hourly + keep->daily + keep->weekly + keep->monthly + keep->yearly +
                keep->min_keep ==
            0)
        err_hint(conf_read_mistake(reader, conf_read_line(setting, NULL, "keep"),
                                   "%s.keep has no rule that keeps anything", where),
                 "Write last = 7; into it, or leave the group out to keep everything.");
}

/* The store of a configuration that names none: the folder `snapshots` beside the file. */
static void default_store(struct conf_reader *reader)
{
    struct conf_store *store = arena_alloc(reader->arena, sizeof *store);
    struct conf_value *path = arena_alloc(reader->arena, sizeof *path);

    *path = (struct conf_value){.key = "path", .text = "snapshots", .quoted = true};
    conf_read_defaults(reader, GROUP_STORE, store);
    store->plugin =
        (struct conf_plugin){.label = "local", .plugin = "local", .values = path, .n = 1};
    reader->conf->stores = store;
    reader->conf->n_stores = 1;
}

void conf_named_stores(struct conf_reader *reader, config_setting_t *setting)
{
    struct conf *conf = reader->conf;
    int n = setting == NULL ? 0 : config_setting_length(setting);

    if (n == 0) {
        default_store(reader);
        return;
    }
    conf->stores = arena_alloc(reader->arena, (size_t)n * sizeof *conf->stores);
    for (int i = 0; i < n; i++) {
        config_setting_t *child = member(reader, setting, i, "store", "stores");

        if (child != NULL)
            read_store(reader, child, &conf->stores[conf->n_stores++]);
    }
}

static void read_env(struct conf_reader *reader, config_setting_t *setting, struct env *env)
{
    env->name = arena_strdup(reader->arena, config_setting_name(setting));
    env->line = (int)config_setting_source_line(setting);
    env->snapshot.plugin.label = "snapshot";
    env->snapshot.plugin.line = env->line;
    for (size_t i = 0; conf_keys_commands[i] != NULL; i++)
        if (strcmp(env->name, conf_keys_commands[i]) == 0)
            err_hint(conf_read_mistake(reader, env->line,
                                       "an environment cannot have the name of the command \"%s\"",
                                       env->name),
                     "Choose another name, such as \"%s-env\".", env->name);
    conf_read_defaults(reader, GROUP_ENV, env);
    conf_read_group(reader, setting, GROUP_ENV,
                    arena_printf(reader->arena, "environments.%s", env->name), env);
    conf_env_finish(reader, setting, env);
}

void conf_named_envs(struct conf_reader *reader, config_setting_t *setting)
{
    struct conf *conf = reader->conf;
    int n = setting == NULL ? 0 : config_setting_length(setting);

    if (n == 0) {
        err_hint(conf_read_mistake(reader,
                                   setting == NULL ? 0 : (int)config_setting_source_line(setting),
                                   "no environment is configured"),
                 "Write environments: { production: { database = \"…\"; protected = true; }; };");
        return;
    }
    conf->envs = arena_alloc(reader->arena, (size_t)n * sizeof *conf->envs);
    for (int i = 0; i < n; i++) {
        config_setting_t *child = member(reader, setting, i, "environment", "environments");

        if (child != NULL)
            read_env(reader, child, &conf->envs[conf->n_envs++]);
    }
    conf_refresh_sources(reader, setting);
}
