/* conf_show - the configuration as text: the table of keys, with the values in force. */
#include "conf/conf_parts.h"

#include <string.h>

struct unit {
    int64_t of;
    const char *name;
};

/* In the largest unit that leaves no remainder, as it would be written. */
static void show_amount(struct buf *out, int64_t n, const struct unit *units)
{
    while (n % units->of != 0)
        units++;
    buf_addf(out, "%lld%s", (long long)(n / units->of), n == 0 ? "" : units->name);
}

static void show_duration(struct buf *out, int64_t ms)
{
    static const struct unit units[] = {
        {86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};

    show_amount(out, ms, units);
}

static void show_size(struct buf *out, int64_t bytes)
{
    static const struct unit units[] = {{INT64_C(1) << 40, "TB"}, {1 << 30, "GB"}, {1 << 20, "MB"},
                                        {1 << 10, "kB"}, {1, "B"}};

    show_amount(out, bytes, units);
}

/* What says where the database is may hold its password. */
static bool is_secret(const struct conf_key *key, const char *text)
{
    return key->in == GROUP_ENV && strcmp(key->name, "database") == 0 &&
           strncmp(text, "env:", 4) != 0 && strncmp(text, "file:", 5) != 0 && strncmp(text, "ini:", 4) != 0;
}

static void show_list(struct buf *out, const char *const *list)
{
    for (size_t i = 0; list[i] != NULL; i++)
        buf_addf(out, "%s%s", i > 0 ? " " : "", list[i]);
}

static void show_rungs(struct buf *out, const struct env *env)
{
    static const char *const names[] = {
        [RUNG_TRANSACTION] = "transaction", [RUNG_DOWNGRADE] = "downgrade", [RUNG_RESTORE] = "restore"};

    for (size_t i = 0; i < env->n_recover; i++)
        buf_addf(out, "%s%s", i > 0 ? " " : "", names[env->recover[i]]);
}

static void show_value(struct buf *out, const struct conf_key *key, const void *base)
{
    const void *field = (const char *)base + key->offset;
    const char *text;

    switch (key->kind) {
    case KIND_STRING:
    case KIND_CHOICE:
        text = *(const char *const *)field;
        buf_adds(out, text == NULL ? "" : is_secret(key, text) ? "(in the file)" : text);
        break;
    case KIND_BOOL:
        buf_adds(out, *(const bool *)field ? "true" : "false");
        break;
    case KIND_INT:
        buf_addf(out, "%d", *(const int *)field);
        break;
    case KIND_DURATION:
        show_duration(out, *(const int64_t *)field);
        break;
    case KIND_SIZE:
        show_size(out, *(const int64_t *)field);
        break;
    case KIND_LIST:
    case KIND_NAMES:
        show_list(out, *(const char *const *const *)field);
        break;
    case KIND_RUNGS:
        show_rungs(out, base);
        break;
    case KIND_MASKS:
        buf_addf(out, "%zu rules", ((const struct conf_masks *)field)->n);
        break;
    case KIND_GROUP:
    case KIND_NAMED:
        break;
    }
}

/* The keys of a group and of those in it, each behind ${prefix}. */
static void show_group(struct buf *out, enum conf_group group, const char *prefix, const void *base)
{
    for (size_t i = 0; i < conf_keys_n; i++) {
        const struct conf_key *key = &conf_keys_table[i];
        auto_buf struct buf path = {0};

        if (key->in != group || key->kind == KIND_NAMED)
            continue;
        buf_addf(&path, "%s%s", prefix, key->name);
        if (key->kind != KIND_GROUP) {
            auto_buf struct buf value = {0};

            show_value(&value, key, base);
            buf_addf(out, "%s =%s%s\n", buf_text(&path), value.len > 0 ? " " : "", buf_text(&value));
        } else if (key->group == GROUP_KEEP && !((const struct conf_store *)base)->keep.given) {
            buf_addf(out, "%s = (all snapshots stay)\n", buf_text(&path));
        } else {
            buf_addc(&path, '.');
            show_group(out, key->group, buf_text(&path), base);
        }
    }
}

void conf_show(const struct conf *conf, const struct env *only, struct buf *out)
{
    buf_addf(out, "file = %s\n", conf->path);
    show_group(out, GROUP_ROOT, "", conf);
    for (size_t i = 0; i < conf->n_stores; i++) {
        auto_buf struct buf prefix = {0};

        buf_addf(&prefix, "stores.%s.", conf->stores[i].plugin.label);
        show_group(out, GROUP_STORE, buf_text(&prefix), &conf->stores[i]);
    }
    for (size_t i = 0; i < conf->n_envs; i++) {
        if (only != NULL && only != &conf->envs[i])
            continue;
        buf_addf(out, "%s\n", conf->envs[i].name);
        show_group(out, GROUP_ENV, "  ", &conf->envs[i]);
    }
}
