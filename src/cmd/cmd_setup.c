/* cmd_setup - init, doctor, plugins, config. */
#include "cmd/cmd.h"

#include <string.h>

#include "base/fs.h"
#include "base/log.h"
#include "conf/setup.h"
#include "deploy/engine.h"
#include "deploy/phases.h"
#include "deploy/preflight_checks.h"

/* --- init ------------------------------------------------------------------------------------------------- */

int cmd_setup_init(struct cmd_context *context, struct err *err)
{
    const char *dir = context->n_args > 0 ? context->args[0] : ".";
    const char *given = context->options->value[OPT_CONFIG];
    const char *path = given != NULL ? given : fs_join(context->arena, dir, "deploy-db.cfg");
    auto_strvec struct strvec notes = {0};
    auto_buf struct buf text = {0};
    auto_buf struct buf shown = {0};
    auto_free char *folder = NULL;

    if (fs_exists(path) && !context->options->given[OPT_FORCE]) {
        err_set(err, ERR_USAGE, "\"%s\" exists already", path);
        err_hint(err, "Remove it, or add --force to overwrite it.");
        return ERR_USAGE;
    }
    if (setup_write(dir, &text, &folder, &notes, err) != 0 ||
        (folder != NULL && fs_mkdirs(fs_join(context->arena, dir, folder), 0755, err) != 0) ||
        fs_write(path, text.data, text.len, 0644, err) != 0)
        return err->code == ERR_INTERNAL ? ERR_CONFIG : (int)err->code;
    for (size_t i = 0; i < notes.n; i++)
        log_info("%s", notes.v[i]);
    buf_addf(&shown, "wrote %s\n", path);
    cmd_print(context, json_pack("{s:s}", "path", path), buf_text(&shown));
    return ERR_NONE;
}

/* --- doctor ----------------------------------------------------------------------------------------------- */

static void add_problems(struct buf *out, const struct errs *problems)
{
    for (size_t i = 0; i < problems->n; i++) {
        const struct err *problem = &problems->items[i];

        buf_addf(out, "- %s\n", problem->primary);
        if (problem->detail[0] != '\0')
            buf_addf(out, "    %s\n", problem->detail);
        if (problem->hint[0] != '\0')
            buf_addf(out, "    %s\n", problem->hint);
    }
}

int cmd_setup_doctor(struct cmd_context *context, struct err *err)
{
    struct run *run = run_new(context->services, "doctor");
    struct errs problems = {0};
    auto_buf struct buf text = {0};
    json_t *array = json_array();
    int status = ERR_NONE;

    if (run_look(run, err) != 0) {
        json_decref(array);
        run_close(run);
        return ERR_REFUSED;
    }
    if (dblock_pooled(run->services->target, &run->pooled, err) != 0)
        *errs_new(&problems) = *err, err_clear(err);
    preflight_checks(run, &problems);
    if (run->plan.problems.n == 0 && run->plan.pending.n == 0)
        verify_models(run, &problems);
    for (size_t i = 0; i < problems.n; i++)
        json_array_append_new(array, json_string(problems.items[i].primary));
    buf_addf(&text, "%s: %s\n", run->env->name,
             problems.n == 0 ? "everything a deployment needs is there" : "not ready:");
    add_problems(&text, &problems);
    if (problems.n > 0)
        status = ERR_REFUSED;
    cmd_print(context, json_pack("{s:s, s:o}", "environment", run->env->name, "problems", array),
              buf_text(&text));
    errs_release(&problems);
    run_close(run);
    return status;
}

/* --- plugins ---------------------------------------------------------------------------------------------- */

static void describe(const struct plugin *plugin, struct buf *out)
{
    buf_addf(out, "name=%s\nkind=%s\npath=%s\nsummary=%s\nabi=%u.%u\n", plugin->table.name,
             host_kind((enum ddb_kind)plugin->table.kind), plugin->path, plugin->table.summary,
             (unsigned)(plugin->table.abi >> 16), (unsigned)(plugin->table.abi & 0xffff));
    for (const struct ddb_setting *setting = plugin->table.settings;
         setting != NULL && setting->key != NULL; setting++)
        buf_addf(out, "setting.%s=%s\n", setting->key,
                 setting->fallback == NULL ? "" : setting->fallback);
}

int cmd_setup_plugins(struct cmd_context *context, struct err *err)
{
    auto_strvec struct strvec names = {0};
    auto_buf struct buf text = {0};
    const struct plugin *plugin;
    json_t *array = json_array();

    if (context->n_args > 0)
        strvec_push(&names, context->args[0]);
    else
        host_names(&names);
    for (size_t i = 0; i < names.n; i++) {
        struct err bad = ERR_INIT;

        if (host_load(names.v[i], 0, services_table(), &plugin, &bad) != 0) {
            if (context->n_args > 0) {
                json_decref(array);
                *err = bad;
                return ERR_CONFIG;
            }
            buf_addf(&text, "%-12s refused: %s\n", names.v[i], bad.primary);
            continue;
        }
        if (context->n_args > 0)
            describe(plugin, &text);
        else
            buf_addf(&text, "%-12s %-9s %s\n", plugin->table.name,
                     host_kind((enum ddb_kind)plugin->table.kind), plugin->table.summary);
        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:s, s:s}", "name", plugin->table.name, "kind",
                                        host_kind((enum ddb_kind)plugin->table.kind), "path",
                                        plugin->path, "summary", plugin->table.summary));
    }
    cmd_print(context, json_pack("{s:o}", "plugins", array), buf_text(&text));
    return ERR_NONE;
}

/* --- config ----------------------------------------------------------------------------------------------- */

static void add_list(struct buf *out, const char *key, const char *const *list)
{
    buf_addf(out, "  %s =", key);
    for (; list != NULL && *list != NULL; list++)
        buf_addf(out, " %s", *list);
    buf_adds(out, "\n");
}

static void add_env(struct buf *out, const struct env *env)
{
    buf_addf(out, "%s\n  protected = %s\n", env->name, env->is_protected ? "true" : "false");
    buf_addf(out, "  strict.compare_type = %s%s\n", env->strict.compare_type ? "true" : "false",
             env->strict.from_default_type ? " (default)" : "");
    buf_addf(out, "  strict.compare_server_default = %s%s\n",
             env->strict.compare_server_default ? "true" : "false",
             env->strict.from_default_server_default ? " (default)" : "");
    buf_addf(out, "  target = %s\n  checksums = %s\n", env->target, env->checksums);
    add_list(out, "snapshot.plugin", env->snapshot.plugins);
    add_list(out, "snapshot.stores", env->snapshot.stores);
    add_list(out, "snapshot.recipients", env->snapshot.recipients);
    if (env->snapshot.identity != NULL)
        buf_addf(out, "  snapshot.identity = %s\n", env->snapshot.identity);
    buf_addf(out, "  apply.lock_timeout = %lldms\n  apply.retries = %d\n  lock.wait = %lldms\n",
             (long long)env->apply.lock_timeout_ms, env->apply.retries,
             (long long)env->lock_wait_ms);
    add_list(out, "hooks.pre_deploy", env->hooks.pre_deploy);
    add_list(out, "hooks.verify", env->hooks.verify);
    add_list(out, "hooks.post_deploy", env->hooks.post_deploy);
    add_list(out, "hooks.on_failure", env->hooks.on_failure);
    add_list(out, "hooks.post_refresh", env->hooks.post_refresh);
    if (env->refresh.from == NULL)
        return;
    buf_addf(out, "  refresh.from = %s\n  refresh.keep = %d\n  refresh.masks = %zu rules\n",
             env->refresh.from, env->refresh.keep, env->refresh.masks.n);
    buf_addf(out, "  refresh.mask_strict = %s\n", env->refresh.mask_strict ? "true" : "false");
    add_list(out, "refresh.exclude_data", env->refresh.exclude_data);
}

int cmd_setup_config(struct cmd_context *context, struct err *err)
{
    const struct conf *conf = context->conf;
    auto_buf struct buf text = {0};
    json_t *names = json_array();

    if (context->n_args > 0 && conf_env(conf, context->args[0]) == NULL) {
        json_decref(names);
        err_set(err, ERR_USAGE, "there is no environment \"%s\"", context->args[0]);
        return ERR_USAGE;
    }
    buf_addf(&text, "file = %s\nproject = %s\nstate_dir = %s\nengine = %s\n", conf->path,
             conf->project, conf->state_dir, conf->engine.plugin);
    for (size_t i = 0; i < conf->n_envs; i++) {
        if (context->n_args > 0 && strcmp(conf->envs[i].name, context->args[0]) != 0)
            continue;
        add_env(&text, &conf->envs[i]);
        json_array_append_new(names, json_string(conf->envs[i].name));
    }
    cmd_print(context,
              json_pack("{s:s, s:s, s:s, s:o}", "path", conf->path, "project", conf->project,
                        "state_dir", conf->state_dir, "environments", names),
              buf_text(&text));
    return ERR_NONE;
}
