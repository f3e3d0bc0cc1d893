/* conf_field - one value of the file, checked by its row in the table of keys. */
#include "conf/conf_parts.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *const rungs[] = {"transaction", "downgrade", "restore"};
enum { RUNGS = sizeof rungs / sizeof *rungs };

static int line_of(const config_setting_t *setting)
{
    return (int)config_setting_source_line(setting);
}

static bool is_list(const config_setting_t *setting)
{
    return config_setting_is_array(setting) || config_setting_is_list(setting);
}

/* "256MB", "10 GB", "0": bytes, in the server's units (steps of 1024); -1 when it is none. */
static int parse_size(const char *text, int64_t *bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    char *end;
    long long n;

    if (!isdigit((unsigned char)*text))
        return -1;
    errno = 0;
    n = strtoll(text, &end, 10);
    if (errno != 0)
        return -1;
    if (n == 0 && *end == '\0') {
        *bytes = 0;
        return 0;
    }
    end += *end == ' ';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i]) == 0) {
            if (n > INT64_MAX >> (10 * i))
                return -1;
            *bytes = n << (10 * i);
            return 0;
        }
    return -1;
}

static int in_list(const char *text, const char *const *list)
{
    for (size_t i = 0; list[i] != NULL; i++)
        if (strcmp(text, list[i]) == 0)
            return 1;
    return 0;
}

static void wrong_type(struct conf_reader *reader, const config_setting_t *setting,
                       const char *where, const char *what, const char *example)
{
    struct err *err = conf_read_mistake(reader, line_of(setting), "%s must be %s", where, what);

    err_hint(err, "Write %s = %s;", config_setting_name(setting), example);
}

/* Elements of lists have no name: ${where} is that of the list. NULL when it is no usable text. */
static const char *read_text(struct conf_reader *reader, const config_setting_t *setting,
                             const char *where)
{
    const char *text = config_setting_get_string(setting);

    if (text == NULL) { /* libconfig keeps "" as no string at all in some versions */
        if (config_setting_type(setting) != CONFIG_TYPE_STRING)
            return NULL;
        text = "";
    }
    if (*text == '\0') {
        conf_read_mistake(reader, line_of(setting), "%s must not be empty", where);
        return NULL;
    }
    return arena_strdup(reader->arena, text);
}

static void read_string(struct conf_reader *reader, const config_setting_t *setting,
                        const struct conf_key *key, const char *where, const char **field)
{
    const char *text;

    if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
        wrong_type(reader, setting, where, "a text in quotes", "\"…\"");
        return;
    }
    text = read_text(reader, setting, where);
    if (text == NULL)
        return;
    if (key->kind == KIND_CHOICE && !in_list(text, key->choices)) {
        struct err *err =
            conf_read_mistake(reader, line_of(setting), "%s cannot be \"%s\"", where, text);
        auto_buf struct buf all = {0};

        for (size_t i = 0; key->choices[i] != NULL; i++)
            buf_addf(&all, "%s\"%s\"", i > 0 ? " or " : "", key->choices[i]);
        err_hint(err, "It is %s.", buf_text(&all));
        return;
    }
    *field = text;
}

static void read_int(struct conf_reader *reader, const config_setting_t *setting,
                     const struct conf_key *key, const char *where, int *field)
{
    long long value;

    if (config_setting_type(setting) == CONFIG_TYPE_INT) {
        value = config_setting_get_int(setting);
    } else if (config_setting_type(setting) == CONFIG_TYPE_INT64) {
        value = config_setting_get_int64(setting);
    } else {
        wrong_type(reader, setting, where, "an integer", key->fallback ? key->fallback : "4");
        return;
    }
    if (value < key->min || value > key->max) {
        for (size_t i = 0; i < reader->n_cut; i++)
            if (reader->cut_lines[i] == line_of(setting))
                return; /* reported before libconfig cut it */
        conf_read_mistake(reader, line_of(setting), "%s must be between %lld and %lld, not %lld",
                          where, (long long)key->min, (long long)key->max, value);
        return;
    }
    *field = (int)value;
}

static void read_quantity(struct conf_reader *reader, const config_setting_t *setting,
                          const struct conf_key *key, const char *where, int64_t *field)
{
    bool is_size = key->kind == KIND_SIZE;
    const char *what = is_size ? "a size in quotes" : "a duration in quotes";
    const char *text;
    int64_t value;
    struct err *err;

    if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
        wrong_type(reader, setting, where, what, is_size ? "\"256MB\"" : "\"30s\"");
        return;
    }
    text = read_text(reader, setting, where);
    if (text == NULL)
        return;
    if ((is_size ? parse_size(text, &value) : conf_duration(text, &value)) != 0) {
        err = conf_read_mistake(reader, line_of(setting), "%s: \"%s\" is no %s", where, text,
                                is_size ? "size" : "duration");
        err_hint(err, is_size ? "A size is a number and B, kB, MB, GB or TB, such as \"256MB\", "
                                "or \"0\"."
                              : "A duration is a number and ms, s, min, h or d, such as \"500ms\" "
                                "or \"5min\", or \"0\".");
        return;
    }
    if (!is_size && value > key->max) {
        conf_read_mistake(reader, line_of(setting), "%s: \"%s\" is too long", where, text);
        return;
    }
    *field = value;
}

/* A list of texts as a NULL-terminated vector; an element that is none is reported and left out. */
static const char *const *read_list(struct conf_reader *reader, const config_setting_t *setting,
                                    const char *where)
{
    int n = config_setting_length(setting);
    const char **list = arena_alloc(reader->arena, ((size_t)n + 1) * sizeof *list);
    size_t kept = 0;

    for (int i = 0; i < n; i++) {
        const config_setting_t *item =
            config_setting_get_elem((config_setting_t *)setting, (unsigned)i);
        const char *text = NULL;

        if (config_setting_type(item) != CONFIG_TYPE_STRING)
            conf_read_mistake(reader, line_of(item), "%s: element %d must be a text in quotes",
                              where, i + 1);
        else
            text = read_text(reader, item, where);
        if (text != NULL)
            list[kept++] = text;
    }
    return list;
}

static void wrong_list(struct conf_reader *reader, const config_setting_t *setting,
                       const char *where)
{
    wrong_type(reader, setting, where, "a list of texts", "[\"…\", \"…\"]");
}

/* A text stands for the list of it alone. Without a usable element the default stays. */
static void read_names(struct conf_reader *reader, const config_setting_t *setting,
                       const char *where, const char *const **field)
{
    const char *const *list = NULL;

    if (is_list(setting)) {
        list = read_list(reader, setting, where);
        if (config_setting_length(setting) == 0)
            conf_read_mistake(reader, line_of(setting), "%s is empty", where);
    } else if (config_setting_type(setting) == CONFIG_TYPE_STRING) {
        const char **one = arena_alloc(reader->arena, 2 * sizeof *one);

        one[0] = read_text(reader, setting, where);
        list = one;
    } else {
        wrong_type(reader, setting, where, "a text in quotes or a list of texts", "\"…\"");
    }
    if (list != NULL && list[0] != NULL)
        *field = list;
}

/* One rung after those that are there already. False: unknown, or named before. */
static bool add_rung(struct env *env, const char *name)
{
    for (int rung = 0; rung < RUNGS; rung++) {
        if (strcmp(name, rungs[rung]) != 0)
            continue;
        for (size_t i = 0; i < env->n_recover; i++)
            if (env->recover[i] == (enum conf_rung)rung)
                return false;
        env->recover[env->n_recover++] = (enum conf_rung)rung;
        return true;
    }
    return false;
}

static bool is_rung(const char *name)
{
    for (int rung = 0; rung < RUNGS; rung++)
        if (strcmp(name, rungs[rung]) == 0)
            return true;
    return false;
}

static void read_rungs(struct conf_reader *reader, const config_setting_t *setting,
                       const char *where, struct env *env)
{
    const char *const *list = read_list(reader, setting, where);

    if (config_setting_length(setting) == 0)
        err_hint(conf_read_mistake(reader, line_of(setting), "%s is empty", where),
                 "Name at least \"transaction\", which proves that a failed run changed nothing.");
    env->n_recover = 0;
    for (; *list != NULL; list++) {
        struct conf_nearest nearest = {.word = *list};
        struct err *err;

        if (add_rung(env, *list))
            continue;
        if (is_rung(*list)) {
            conf_read_mistake(reader, line_of(setting), "%s names \"%s\" twice", where, *list);
            continue;
        }
        err = conf_read_mistake(reader, line_of(setting), "%s: unknown rung \"%s\"", where, *list);
        for (int rung = 0; rung < RUNGS; rung++)
            conf_nearest_try(&nearest, rungs[rung]);
        if (conf_nearest_best(&nearest) != NULL)
            err_hint(err, "Did you mean \"%s\"?", conf_nearest_best(&nearest));
        err_hint(err, "The rungs are \"transaction\", \"downgrade\" and \"restore\".");
    }
}

void conf_field_read(struct conf_reader *reader, const config_setting_t *setting,
                     const struct conf_key *key, const char *where, void *field)
{
    switch (key->kind) {
    case KIND_STRING:
    case KIND_CHOICE:
        read_string(reader, setting, key, where, field);
        break;
    case KIND_BOOL:
        if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
            wrong_type(reader, setting, where, "true or false, without quotes", "true");
        else
            *(bool *)field = config_setting_get_bool(setting);
        break;
    case KIND_INT:
        read_int(reader, setting, key, where, field);
        break;
    case KIND_DURATION:
    case KIND_SIZE:
        read_quantity(reader, setting, key, where, field);
        break;
    case KIND_LIST:
        if (!is_list(setting))
            wrong_list(reader, setting, where);
        else
            *(const char *const **)field = read_list(reader, setting, where);
        break;
    case KIND_NAMES:
        read_names(reader, setting, where, field);
        break;
    case KIND_RUNGS: /* its offset is 0: the field is the environment */
        if (!is_list(setting))
            wrong_list(reader, setting, where);
        else
            read_rungs(reader, setting, where, field);
        break;
    case KIND_MASKS:
        conf_refresh_masks(reader, setting, where, field);
        break;
    case KIND_GROUP:
    case KIND_NAMED:
        break;
    }
}

static const char *const *split_words(struct arena *arena, const char *text)
{
    auto_strvec struct strvec words = {0};

    while (*text != '\0') {
        size_t n = strcspn(text, " ");

        strvec_pushf(&words, "%.*s", (int)n, text);
        text += n;
        text += *text == ' ';
    }
    return (const char *const *)arena_list(arena, &words);
}

void conf_field_default(struct arena *arena, const struct conf_key *key, void *field)
{
    const char *text = key->fallback;
    int bad = 0;

    switch (key->kind) {
    case KIND_STRING:
    case KIND_CHOICE:
        *(const char **)field = text;
        break;
    case KIND_BOOL:
        *(bool *)field = strcmp(text, "true") == 0;
        break;
    case KIND_INT:
        *(int *)field = (int)strtol(text, NULL, 10);
        break;
    case KIND_DURATION:
        bad = conf_duration(text, field);
        break;
    case KIND_SIZE:
        bad = parse_size(text, field);
        break;
    case KIND_LIST:
    case KIND_NAMES:
        *(const char *const **)field = split_words(arena, text);
        break;
    case KIND_RUNGS:
        for (const char *const *rung = split_words(arena, text); *rung != NULL; rung++)
            bad |= !add_rung(field, *rung);
        break;
    case KIND_MASKS: /* none */
    case KIND_GROUP:
    case KIND_NAMED:
        break;
    }
    if (bad != 0)
        abort(); /* the table itself is wrong; a unit test reads every fallback */
}

bool conf_field_raw(struct conf_reader *reader, const config_setting_t *setting, const char *where,
                    struct conf_value *value)
{
    const char *name = config_setting_name(setting);
    const char *path = arena_printf(reader->arena, "%s.%s", where, name);
    const char *text = NULL;

    memset(value, 0, sizeof *value);
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_STRING: /* what an empty text means is the plugin's to say */
        text = config_setting_get_string(setting);
        text = arena_strdup(reader->arena, text == NULL ? "" : text);
        value->quoted = true;
        break;
    case CONFIG_TYPE_INT:
        text = arena_printf(reader->arena, "%d", config_setting_get_int(setting));
        break;
    case CONFIG_TYPE_INT64:
        text = arena_printf(reader->arena, "%lld", config_setting_get_int64(setting));
        break;
    case CONFIG_TYPE_BOOL:
        text = config_setting_get_bool(setting) ? "true" : "false";
        break;
    case CONFIG_TYPE_ARRAY:
    case CONFIG_TYPE_LIST:
        value->list = read_list(reader, setting, path);
        break;
    default:
        conf_read_mistake(reader, line_of(setting),
                          "%s must be a text, an integer, true or false, or a list of texts", path);
    }
    value->key = arena_strdup(reader->arena, name);
    value->text = text;
    value->line = line_of(setting);
    return value->text != NULL || value->list != NULL;
}
