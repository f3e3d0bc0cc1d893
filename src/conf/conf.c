/* conf - see conf.h. conf_keys.c has the table of keys; conf_read.c and others read by it. */
#include "conf/conf.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "conf/conf_parts.h"

enum { FILE_MOST = 1024 * 1024 };

const char *conf_find(struct arena *arena, const char *given)
{
    static const char *const places[] = {"deploy-db.cfg", "config/deploy-db.cfg",
                                         "/etc/deploy-db/deploy-db.cfg"};
    const char *variable = getenv("DEPLOY_DB_CONFIG");

    /* What somebody asked for by name is never replaced by another file, even a missing one. */
    if (given != NULL)
        return arena_strdup(arena, given);
    if (variable != NULL && *variable != '\0')
        return arena_strdup(arena, variable);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (fs_exists(places[i]))
            return arena_strdup(arena, places[i]);
    return NULL;
}

/* Absolute, without "." and "..", and with the file's own name when that is a link: relative paths
 * start where the link is. */
static void set_paths(struct arena *arena, struct conf *conf, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = realpath(fs_dirname(arena, path), NULL);

    conf->dir = dir == NULL ? fs_dirname(arena, path) : arena_strdup(arena, dir);
    conf->path = fs_join(arena, conf->dir, slash == NULL ? path : slash + 1);
    if (dir == NULL || conf->dir[0] == '\0')
        conf->path = arena_strdup(arena, path);
    mem_free(dir);
}

static const char *absolute(struct arena *arena, const struct conf *conf, const char *path)
{
    return fs_join(arena, conf->dir, fs_expand(arena, path));
}

/* Where the state goes when the file does not say. NULL: nothing tells. */
static const char *default_state_dir(struct arena *arena, const char *project)
{
    const char *base = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");

    if (geteuid() == 0)
        return arena_printf(arena, "/var/lib/deploy-db/%s", project);
    if (base != NULL && base[0] == '/')
        return arena_printf(arena, "%s/deploy-db/%s", base, project);
    if (home != NULL && home[0] == '/')
        return arena_printf(arena, "%s/.local/state/deploy-db/%s", home, project);
    return NULL;
}

static void finish_paths(struct conf_reader *reader)
{
    struct arena *arena = reader->arena;
    struct conf *conf = reader->conf;
    size_t n = 0;
    const char **dirs;

    if (conf->state_dir != NULL)
        conf->state_dir = absolute(arena, conf, conf->state_dir);
    else if (conf->project != NULL && conf_named_is_plain(conf->project))
        conf->state_dir = default_state_dir(arena, conf->project);
    if (conf->state_dir == NULL && conf->project != NULL && reader->mistakes == 0)
        err_hint(conf_read_mistake(reader, 0, "there is no place for the journal: HOME is not set"),
                 "Set HOME, or write state_dir = \"…\";");
    while (conf->plugin_dirs[n] != NULL)
        n++;
    dirs = arena_alloc(arena, (n + 1) * sizeof *dirs);
    for (size_t i = 0; i < n; i++)
        dirs[i] = absolute(arena, conf, conf->plugin_dirs[i]);
    conf->plugin_dirs = dirs;
}

int conf_load(struct arena *arena, const char *path, struct conf **out, struct errs *errs)
{
    struct conf *conf = arena_alloc(arena, sizeof *conf);
    struct conf_reader *reader = arena_alloc(arena, sizeof *reader);
    struct err err = ERR_INIT;
    auto_buf struct buf text = {0};

    *reader = (struct conf_reader){.arena = arena, .conf = conf, .errs = errs};
    *out = conf;
    set_paths(arena, conf, path);
    if (fs_is_dir(path))
        conf_read_mistake(reader, 0, "this is a folder, no file");
    else if (fs_read(path, FILE_MOST, &text, &err) != 0) {
        err_as(&err, ERR_CONFIG);
        err_hint(&err, "`deploy-db init` writes a configuration for the project in a folder.");
        *errs_new(errs) = err;
        reader->mistakes++;
    }
    conf->engine.label = "engine";
    conf_read_defaults(reader, GROUP_ROOT, conf);
    if (reader->mistakes == 0)
        conf_read_text(reader, buf_text(&text), text.len);
    finish_paths(reader);
    return reader->mistakes > 0 ? -1 : 0;
}

const struct env *conf_env(const struct conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->n_envs; i++)
        if (strcmp(conf->envs[i].name, name) == 0)
            return &conf->envs[i];
    return NULL;
}

const char *conf_nearest_env(const struct conf *conf, const char *name)
{
    struct conf_nearest nearest = {.word = name};

    for (size_t i = 0; i < conf->n_envs; i++)
        conf_nearest_try(&nearest, conf->envs[i].name);
    return conf_nearest_best(&nearest);
}

const struct conf_store *conf_store(const struct conf *conf, const char *label)
{
    for (size_t i = 0; i < conf->n_stores; i++)
        if (strcmp(conf->stores[i].plugin.label, label) == 0)
            return &conf->stores[i];
    return NULL;
}

const struct conf_value *conf_value(const struct conf_plugin *group, const char *key)
{
    for (size_t i = 0; i < group->n; i++)
        if (strcmp(group->values[i].key, key) == 0)
            return &group->values[i];
    return NULL;
}

int conf_duration(const char *text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    char *end;
    long long n;

    if (!isdigit((unsigned char)*text))
        return -1;
    errno = 0;
    n = strtoll(text, &end, 10);
    if (errno != 0)
        return -1;
    if (n == 0 && *end == '\0') {
        *ms = 0;
        return 0;
    }
    end += *end == ' ';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].unit) == 0) {
            if (n > INT64_MAX / units[i].ms)
                return -1;
            *ms = n * units[i].ms;
            return 0;
        }
    return -1;
}

static bool is_bool(const char *text)
{
    return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
}

/* What ${value} should be for a setting of type ${type}; NULL when it is that. */
static const char *type_mistake(const struct conf_value *value, enum conf_type type)
{
    bool quoted = value->text != NULL && value->quoted;
    bool bare = value->text != NULL && !value->quoted; /* an integer or a boolean */
    int64_t ms;

    switch (type) {
    case CONF_STRING:
    case CONF_PATH:
        return quoted ? NULL : "a text in quotes";
    case CONF_INT:
        return bare && !is_bool(value->text) ? NULL : "an integer";
    case CONF_BOOL:
        return bare && is_bool(value->text) ? NULL : "true or false, without quotes";
    case CONF_LIST:
        return value->list != NULL ? NULL : "a list of texts";
    case CONF_DURATION:
        if (quoted && conf_duration(value->text, &ms) == 0)
            return NULL;
        return "a duration in quotes, such as \"30s\"";
    }
    return NULL;
}

static const struct conf_known *find_known(const struct conf_known *known, size_t n,
                                           const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(known[i].key, key) == 0)
            return &known[i];
    return NULL;
}

/* The nearest of the plugin's keys and of those that the core has in such a group. */
static void hint_known(const struct conf_plugin *group, const struct conf_known *known, size_t n,
                       const char *key, struct err *err)
{
    struct conf_nearest nearest = {.word = key};
    enum conf_group in = strcmp(group->label, "engine") == 0     ? GROUP_ENGINE
                         : strcmp(group->label, "snapshot") == 0 ? GROUP_SNAPSHOT
                                                                 : GROUP_STORE;

    for (size_t i = 0; i < n; i++)
        conf_nearest_try(&nearest, known[i].key);
    for (size_t i = 0; i < conf_keys_n; i++)
        if (conf_keys_table[i].in == in)
            conf_nearest_try(&nearest, conf_keys_table[i].name);
    if (conf_nearest_best(&nearest) != NULL)
        err_hint(err, "Did you mean \"%s\"?", conf_nearest_best(&nearest));
}

int conf_check_plugin(const struct conf *conf, const struct conf_plugin *group,
                      const struct conf_known *known, size_t n, struct errs *errs)
{
    int result = 0;

    for (size_t i = 0; i < group->n; i++) {
        const struct conf_value *value = &group->values[i];
        const struct conf_known *found = find_known(known, n, value->key);
        const char *mistake = found == NULL ? NULL : type_mistake(value, found->type);

        if (found != NULL && mistake == NULL)
            continue;
        result = -1;
        if (found != NULL) {
            err_set(errs_new(errs), ERR_CONFIG, "%s:%d: %s.%s must be %s", conf->path, value->line,
                    group->label, value->key, mistake);
        } else {
            struct err *err = errs_new(errs);

            err_set(err, ERR_CONFIG, "%s:%d: unknown key \"%s\" in %s, plugin \"%s\"", conf->path,
                    value->line, value->key, group->label, group->plugin);
            hint_known(group, known, n, value->key, err);
        }
    }
    return result;
}
