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
    buf_addf(&shown, "wrote %s\nnext: deploy-db doctor production\n", path);
    cmd_print(context, json_pack("{s:s}", "path", path), buf_text(&shown));
    return ERR_NONE;
}

/* --- doctor ----------------------------------------------------------------------------------------------- */

static void add_lines(struct buf *out, const char *text)
{
    for (size_t n; *text != '\0'; text += n + (text[n] == '\n')) {
        n = strcspn(text, "\n");
        buf_addf(out, "    %.*s\n", (int)n, text);
    }
}

static void add_problems(struct buf *out, const struct errs *problems)
{
    for (size_t i = 0; i < problems->n; i++) {
        const struct err *problem = &problems->items[i];

        buf_addf(out, "- %s\n", problem->primary);
        add_lines(out, problem->detail);
        add_lines(out, problem->hint);
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

int cmd_setup_config(struct cmd_context *context, struct err *err)
{
    const struct conf *conf = context->conf;
    const struct env *only = context->n_args > 0 ? conf_env(conf, context->args[0]) : NULL;
    auto_buf struct buf text = {0};
    json_t *names;

    if (context->n_args > 0 && only == NULL) {
        err_set(err, ERR_USAGE, "there is no environment \"%s\"", context->args[0]);
        err_hint(err, "`deploy-db config` lists the environments.");
        return ERR_USAGE;
    }
    names = json_array();
    for (size_t i = 0; i < conf->n_envs; i++)
        if (only == NULL || only == &conf->envs[i])
            json_array_append_new(names, json_string(conf->envs[i].name));
    conf_show(conf, only, &text);
    cmd_print(context,
              json_pack("{s:s, s:s, s:s, s:o}", "path", conf->path, "project", conf->project,
                        "state_dir", conf->state_dir, "environments", names),
              buf_text(&text));
    return ERR_NONE;
}
