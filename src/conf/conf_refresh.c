/* conf_refresh - the group `refresh` of an environment: rules of masks, and where data comes from. */
#include "conf/conf_parts.h"

#include <string.h>

static const char *const functions[] = {"keep",  "null",   "constant", "hash",
                                        "email", "digits", NULL};

static int line_of(const config_setting_t *setting)
{
    return (int)config_setting_source_line(setting);
}

static bool is_function(const char *name)
{
    for (size_t i = 0; functions[i] != NULL; i++)
        if (strcmp(functions[i], name) == 0)
            return true;
    return false;
}

/* --- masks ------------------------------------------------------------------------------------ */

/* The text of ${key} in a rule; NULL where it is not written. ${bad} is set where it is no text. */
static const char *text_of(struct conf_reader *reader, const config_setting_t *rule,
                           const char *where, const char *key, bool *bad)
{
    const config_setting_t *setting = config_setting_get_member(rule, key);
    const char *text = setting == NULL ? NULL : config_setting_get_string(setting);

    if (setting == NULL)
        return NULL;
    if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
        conf_read_mistake(reader, line_of(setting), "%s: %s must be a text in quotes", where, key);
        *bad = true;
        return NULL;
    }
    return arena_strdup(reader->arena, text == NULL ? "" : text);
}

static void unknown_keys(struct conf_reader *reader, config_setting_t *rule, const char *where)
{
    static const char *const known[] = {"column", "with", "value"};

    for (int i = 0; i < config_setting_length(rule); i++) {
        const config_setting_t *child = config_setting_get_elem(rule, (unsigned)i);
        const char *name = config_setting_name(child);
        struct conf_nearest nearest = {.word = name};
        struct err *err;
        size_t k = 0;

        while (k < sizeof known / sizeof *known && strcmp(known[k], name) != 0)
            conf_nearest_try(&nearest, known[k++]);
        if (k < sizeof known / sizeof *known)
            continue;
        err = conf_read_mistake(reader, line_of(child), "unknown key \"%s\" in a rule of %s", name,
                                where);
        if (conf_nearest_best(&nearest) != NULL)
            err_hint(err, "Did you mean \"%s\"?", conf_nearest_best(&nearest));
    }
}

static void wrong_function(struct conf_reader *reader, const struct conf_mask *mask,
                           const char *where)
{
    struct conf_nearest nearest = {.word = mask->with};
    struct err *err = conf_read_mistake(reader, mask->line, "%s: there is no mask \"%s\"", where,
                                        mask->with);

    for (size_t i = 0; functions[i] != NULL; i++)
        conf_nearest_try(&nearest, functions[i]);
    if (conf_nearest_best(&nearest) != NULL)
        err_hint(err, "Did you mean \"%s\"?", conf_nearest_best(&nearest));
    err_hint(err, "The masks are keep, null, constant, hash, email and digits.");
}

static bool check_mask(struct conf_reader *reader, const struct conf_mask *mask,
                       const struct conf_masks *masks, const char *where)
{
    if (mask->column == NULL || *mask->column == '\0' || mask->with == NULL) {
        err_hint(
            conf_read_mistake(reader, mask->line, "%s: a rule needs a column and a mask", where),
            "Write { column = \"SCHEMA.TABLE.COLUMN\"; with = \"hash\"; }");
        return false;
    }
    if (!is_function(mask->with)) {
        wrong_function(reader, mask, where);
        return false;
    }
    if ((strcmp(mask->with, "constant") == 0) != (mask->value != NULL)) {
        conf_read_mistake(reader, mask->line,
                          mask->value == NULL
                              ? "%s: the constant for %s has no value"
                              : "%s: the rule for %s has a value, but is no constant",
                          where, mask->column);
        return false;
    }
    for (size_t i = 0; i < masks->n; i++)
        if (strcmp(masks->items[i].column, mask->column) == 0) {
            conf_read_mistake(reader, mask->line, "%s has two rules for %s", where, mask->column);
            return false;
        }
    return true;
}

void conf_refresh_masks(struct conf_reader *reader, const config_setting_t *setting,
                        const char *where, struct conf_masks *masks)
{
    int n = config_setting_length(setting);

    *masks = (struct conf_masks){0};
    if (!config_setting_is_list(setting)) {
        err_hint(conf_read_mistake(reader, line_of(setting), "%s must be a list of rules", where),
                 "Write masks = ( { column = \"public.users.email\"; with = \"email\"; } );");
        return;
    }
    masks->items = arena_alloc(reader->arena, ((size_t)n + 1) * sizeof *masks->items);
    for (int i = 0; i < n; i++) {
        config_setting_t *rule = config_setting_get_elem(setting, (unsigned)i);
        struct conf_mask mask = {.line = line_of(rule)};
        bool bad = false;

        if (!config_setting_is_group(rule)) {
            conf_read_mistake(reader, line_of(rule), "%s: rule %d must be a group", where, i + 1);
            continue;
        }
        unknown_keys(reader, rule, where);
        mask.column = text_of(reader, rule, where, "column", &bad);
        mask.with = text_of(reader, rule, where, "with", &bad);
        mask.value = text_of(reader, rule, where, "value", &bad);
        if (!bad && check_mask(reader, &mask, masks, where))
            masks->items[masks->n++] = mask;
    }
}

/* --- the group -------------------------------------------------------------------------------- */

static bool needs_salt(const struct conf_masks *masks)
{
    for (size_t i = 0; i < masks->n; i++) {
        const char *with = masks->items[i].with;

        if (strcmp(with, "hash") == 0 || strcmp(with, "email") == 0 || strcmp(with, "digits") == 0)
            return true;
    }
    return false;
}

void conf_refresh_finish(struct conf_reader *reader, config_setting_t *setting, struct env *env)
{
    const struct conf_masks *masks = &env->refresh.masks;
    int line = conf_read_line(setting, NULL, "refresh");
    const char *salt = env->refresh.mask_salt;

    if (conf_read_line(setting, "refresh", "mask_strict") == 0)
        env->refresh.mask_strict = masks->n > 0;
    if (line > 0 && env->is_protected)
        err_hint(conf_read_mistake(reader, line, "environment \"%s\" is protected and cannot be "
                                                 "refreshed",
                                   env->name),
                 "The group \"refresh\" stands in the environment that gets the data.");
    if (salt == NULL && needs_salt(masks))
        err_hint(conf_read_mistake(reader, line, "environment \"%s\" has masks that need a salt",
                                   env->name),
                 "Write mask_salt = \"env:MASK_SALT\"; the variable holds at least 16 characters.");
    if (salt != NULL && strncmp(salt, "env:", 4) != 0 && strncmp(salt, "file:", 5) != 0)
        err_hint(conf_read_mistake(reader, conf_read_line(setting, "refresh", "mask_salt"),
                                   "the salt of environment \"%s\" is a secret, and stands in the "
                                   "configuration itself",
                                   env->name),
                 "Write env:NAME or file:PATH for a place that holds it.");
}

void conf_refresh_sources(struct conf_reader *reader, config_setting_t *setting)
{
    const struct conf *conf = reader->conf;

    for (size_t i = 0; i < conf->n_envs; i++) {
        const struct env *env = &conf->envs[i];
        const char *from = env->refresh.from;
        const char *nearest;
        struct err *err;
        int line;

        if (from == NULL || (conf_env(conf, from) != NULL && strcmp(from, env->name) != 0))
            continue;
        line = conf_read_line(config_setting_get_member(setting, env->name), "refresh", "from");
        if (strcmp(from, env->name) == 0) {
            conf_read_mistake(reader, line, "environment \"%s\" cannot be refreshed from itself",
                              env->name);
            continue;
        }
        err = conf_read_mistake(reader, line, "environment \"%s\" is to be refreshed from \"%s\", "
                                              "which does not exist",
                                env->name, from);
        nearest = conf_nearest_env(conf, from);
        if (nearest != NULL)
            err_hint(err, "Did you mean \"%s\"?", nearest);
    }
}
