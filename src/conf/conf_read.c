/* conf_read - walk the parsed file and compare it with the table of keys. */
#include "conf/conf_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MISTAKES_MOST = 100 };

struct err *conf_read_mistake(struct conf_reader *reader, int line, const char *fmt, ...)
{
    char text[sizeof reader->spare.primary];
    struct err *err;
    va_list args;

    err_clear(&reader->spare);
    if (reader->mistakes > MISTAKES_MOST)
        return &reader->spare;
    err = errs_new(reader->errs);
    if (reader->mistakes++ == MISTAKES_MOST) {
        err_set(err, ERR_CONFIG, "%s: there are more mistakes than these %d", reader->conf->path,
                MISTAKES_MOST);
        return &reader->spare;
    }
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (line > 0)
        err_set(err, ERR_CONFIG, "%s:%d: %s", reader->conf->path, line, text);
    else
        err_set(err, ERR_CONFIG, "%s: %s", reader->conf->path, text);
    return err;
}

int conf_read_line(const config_setting_t *setting, const char *group, const char *key)
{
    const config_setting_t *in =
        group == NULL ? setting : config_setting_get_member(setting, group);
    const config_setting_t *found;

    if (in == NULL || !config_setting_is_group(in))
        return 0;
    found = config_setting_get_member(in, key);
    return found == NULL ? 0 : (int)config_setting_source_line(found);
}

/* The struct conf_plugin that an open group is, inside ${base}. */
static struct conf_plugin *plugin_of(enum conf_group group, void *base)
{
    switch (group) {
    case GROUP_ENGINE:
        return &((struct conf *)base)->engine;
    case GROUP_STORE:
        return &((struct conf_store *)base)->plugin;
    case GROUP_SNAPSHOT:
        return &((struct env *)base)->snapshot.plugin;
    default:
        return NULL;
    }
}

static void unknown_key(struct conf_reader *reader, const config_setting_t *setting,
                        enum conf_group group, const char *where)
{
    const char *name = config_setting_name(setting);
    int line = (int)config_setting_source_line(setting);
    struct err *err;

    if (group == GROUP_ROOT)
        err = conf_read_mistake(reader, line, "unknown key \"%s\"", name);
    else
        err = conf_read_mistake(reader, line, "unknown key \"%s\" in %s", name, where);
    conf_keys_hint(group, name, err);
}

static void read_key(struct conf_reader *reader, config_setting_t *setting,
                     const struct conf_key *key, const char *where, void *base)
{
    const char *path =
        *where == '\0' ? key->name : arena_printf(reader->arena, "%s.%s", where, key->name);

    if (key->kind != KIND_GROUP && key->kind != KIND_NAMED) {
        conf_field_read(reader, setting, key, path, (char *)base + key->offset);
        return;
    }
    if (!config_setting_is_group(setting)) {
        struct err *err = conf_read_mistake(reader, (int)config_setting_source_line(setting),
                                            "%s must be a group", path);

        err_hint(err, "Write %s: { … };", key->name);
        return;
    }
    if (key->kind == KIND_GROUP)
        conf_read_group(reader, setting, key->group, path, base);
    else if (key->group == GROUP_ENV)
        conf_named_envs(reader, setting);
}

void conf_read_group(struct conf_reader *reader, config_setting_t *setting, enum conf_group group,
                     const char *where, void *base)
{
    struct conf_plugin *plugin = conf_keys_open(group) ? plugin_of(group, base) : NULL;
    int n = config_setting_length(setting);

    if (plugin != NULL) {
        plugin->line = (int)config_setting_source_line(setting);
        plugin->values = arena_alloc(reader->arena, (size_t)n * sizeof *plugin->values);
    }
    if (group == GROUP_KEEP)
        ((struct conf_store *)base)->keep.given = true;
    for (int i = 0; i < n; i++) {
        config_setting_t *child = config_setting_get_elem(setting, (unsigned)i);
        const struct conf_key *key = conf_keys_find(group, config_setting_name(child));

        if (key != NULL)
            read_key(reader, child, key, where, base);
        else if (plugin == NULL)
            unknown_key(reader, child, group, where);
        else if (conf_field_raw(reader, child, where, &plugin->values[plugin->n]))
            plugin->n++;
    }
}

void conf_read_defaults(struct conf_reader *reader, enum conf_group group, void *base)
{
    for (size_t i = 0; i < conf_keys_n; i++) {
        const struct conf_key *key = &conf_keys_table[i];

        if (key->in != group)
            continue;
        if (key->kind == KIND_GROUP)
            conf_read_defaults(reader, key->group, base);
        else if (key->fallback != NULL)
            conf_field_default(reader->arena, key, (char *)base + key->offset);
    }
}

/* What the top of the file must say, and what follows when it says nothing. */
static void finish_root(struct conf_reader *reader, config_setting_t *root)
{
    struct conf *conf = reader->conf;

    if (conf->project == NULL && conf_read_line(root, NULL, "project") == 0)
        err_hint(conf_read_mistake(reader, 0, "\"project\" is missing"),
                 "Write project = \"NAME\"; at the top: journals and logs are kept under it.");
    else if (conf->project != NULL && !conf_named_is_plain(conf->project))
        err_hint(conf_read_mistake(reader, conf_read_line(root, NULL, "project"),
                                   "the project's name \"%s\" is not usable as a folder's name",
                                   conf->project),
                 "Use letters, digits, \"_\" and \"-\".");
    if (conf_read_line(root, NULL, "engine") == 0)
        err_hint(conf_read_mistake(reader, 0, "\"engine\" is missing"),
                 "Write engine: { plugin = \"alembic\"; directory = \"…\"; };");
    else if (conf->engine.values != NULL && conf_read_line(root, "engine", "plugin") == 0)
        err_hint(conf_read_mistake(reader, conf->engine.line, "engine names no plugin"),
                 "Write plugin = \"alembic\"; into the group.");
    if (config_setting_get_member(root, "environments") == NULL)
        conf_named_envs(reader, NULL);
}

/* The stores come first, wherever they stand: environments name them. */
static void read_tree(struct conf_reader *reader, config_setting_t *root)
{
    config_setting_t *stores = config_setting_get_member(root, "stores");

    conf_named_stores(reader, stores != NULL && config_setting_is_group(stores) ? stores : NULL);
    conf_read_group(reader, root, GROUP_ROOT, "", reader->conf);
    finish_root(reader, root);
}

void conf_read_text(struct conf_reader *reader, const char *text, size_t n)
{
    static const char bom[] = "\xef\xbb\xbf";
    config_t config;

    if (n >= strlen(bom) && memcmp(text, bom, strlen(bom)) == 0) {
        text += strlen(bom);
        n -= strlen(bom);
    }
    if (!conf_scan_text(reader, text, n))
        return;
    config_init(&config);
    if (config_read_string(&config, text))
        read_tree(reader, config_root_setting(&config));
    else
        err_hint(
            conf_read_mistake(reader, config_error_line(&config), "%s", config_error_text(&config)),
            "Settings are written NAME = VALUE; with texts and durations in quotes; the "
            "mistake may stand at the end of the line before.");
    config_destroy(&config);
}
