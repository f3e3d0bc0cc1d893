/* cmd - see cmd.h. */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/progress.h"
#include "deploy/report.h"

/* --- results ---------------------------------------------------------------------------------------------- */

bool cmd_is_json(const struct cmd_context *context)
{
    return context->options->given[OPT_JSON] > 0;
}

json_t *cmd_problems(const struct errs *problems)
{
    json_t *array = json_array();

    for (size_t i = 0; i < problems->n; i++)
        json_array_append_new(array, report_error(&problems->items[i]));
    return array;
}

void cmd_print(const struct cmd_context *context, json_t *json, const char *text)
{
    progress_end();
    context->options->printed = true;
    if (!cmd_is_json(context)) {
        fputs(text, stdout);
    } else {
        char *dump = json_dumps(json, JSON_INDENT(2));

        puts(dump == NULL ? "null" : dump);
        mem_free(dump);
    }
    json_decref(json);
}

int cmd_fail(const struct errs *errs, struct err *err)
{
    if (errs->n == 1) {
        *err = errs->items[0];
        err_as(err, ERR_CONFIG);
        return ERR_CONFIG;
    }
    err_set(err, ERR_CONFIG, "the configuration has %zu mistakes", errs->n);
    for (size_t i = 0; i < errs->n; i++) {
        err_detail(err, "%s", errs->items[i].primary);
        if (errs->items[i].detail[0] != '\0')
            err_detail(err, "  %s", errs->items[i].detail);
        if (errs->items[i].hint[0] != '\0')
            err_detail(err, "  (%s)", errs->items[i].hint);
    }
    return ERR_CONFIG;
}

int cmd_confirm(const struct cmd_context *context, const char *question, const char *word,
                struct err *err)
{
    char answer[256] = "";

    if (context->options->given[OPT_YES] > 0)
        return 0;
    if (!isatty(STDIN_FILENO)) {
        err_set(err, ERR_USAGE, "%s: this needs a confirmation", question);
        return err_hint(err, "Add --yes when no person is there to be asked.");
    }
    fprintf(stderr, "%s\nType \"%s\" to go on: ", question, word);
    if (fgets(answer, sizeof answer, stdin) == NULL)
        answer[0] = '\0';
    answer[strcspn(answer, "\n")] = '\0';
    if (strcmp(answer, word) != 0)
        return err_set(err, ERR_USAGE, "not confirmed, nothing was done");
    return 0;
}

/* --- preparing ---------------------------------------------------------------------------------------------- */

static int read_conf(struct cmd_context *context, struct errs *errs, struct err *err)
{
    const char *given = context->options->value[OPT_CONFIG];
    const char *path = conf_find(context->arena, given);
    struct conf *conf = NULL;
    int rc;

    if (path == NULL) {
        err_set(err, ERR_CONFIG, "no configuration file was found%s%s",
                given == NULL ? "" : ": ", given == NULL ? "" : given);
        return err_hint(err, "`deploy-db init` writes one; --config names another place.");
    }
    rc = conf_load(context->arena, path, &conf, errs);
    context->conf = conf;
    return conf == NULL ? -1 : rc;
}

/* The environment: the first argument, where it names one or $DEPLOY_DB_ENV is not set; else that. */
static int choose_env(struct cmd_context *context, bool required, struct err *err)
{
    const char *name = getenv("DEPLOY_DB_ENV");
    const char *nearest;

    if (context->n_args > 0 && ((required && (name == NULL || name[0] == '\0')) ||
                                conf_env(context->conf, context->args[0]) != NULL)) {
        name = *context->args++;
        context->n_args--;
    }
    if (name == NULL || name[0] == '\0') {
        if (!required)
            return 0;
        err_set(err, ERR_USAGE, "no environment is named");
        return err_hint(err, "Name one after the command, or in DEPLOY_DB_ENV.");
    }
    context->env = conf_env(context->conf, name);
    if (context->env != NULL)
        return 0;
    nearest = conf_nearest_env(context->conf, name);
    err_set(err, ERR_USAGE, "there is no command and no environment \"%s\"", name);
    return nearest == NULL ? err_hint(err, "`deploy-db config` lists the environments.")
                           : err_hint(err, "Did you mean \"%s\"?", nearest);
}

/* --wait and --jobs override the environment's lock.wait and snapshot.jobs. */
static int override(struct cmd_context *context, struct err *err)
{
    const char *wait = context->options->value[OPT_WAIT], *jobs = context->options->value[OPT_JOBS];
    struct env *env;
    char *end;

    if ((wait == NULL && jobs == NULL) || context->env == NULL)
        return 0;
    env = arena_alloc(context->arena, sizeof *env);
    *env = *context->env;
    context->env = env;
    if (wait != NULL && conf_duration(wait, &env->lock_wait_ms) != 0) {
        err_set(err, ERR_USAGE, "option \"--wait\": \"%s\" is not a duration", wait);
        return err_hint(err, "Write it as 30s or 5min.");
    }
    if (jobs == NULL)
        return 0;
    env->snapshot.jobs = (int)strtol(jobs, &end, 10);
    if (*end == '\0' && strlen(jobs) <= 3 && env->snapshot.jobs >= 1 &&
        env->snapshot.jobs <= CONF_JOBS_MOST)
        return 0;
    return err_set(err, ERR_USAGE, "option \"--jobs\": \"%s\" is not a number from 1 to %d", jobs,
                   CONF_JOBS_MOST);
}

/* --identity overrides snapshot.identity, in every environment: snapshots are read of another one too. Its
 * path starts where we are. */
static int override_identity(struct cmd_context *context, struct err *err)
{
    const char *path = context->options->value[OPT_IDENTITY];
    char *here;

    if (path == NULL)
        return 0;
    here = path[0] == '/' ? mem_strdup("") : getcwd(NULL, 0);
    if (here == NULL)
        return err_sys(err, ERR_USAGE, errno, "option \"--identity\": the working directory is not known");
    for (size_t i = 0; i < context->conf->n_envs; i++)
        context->conf->envs[i].snapshot.identity =
            arena_printf(context->arena, "file:%s", fs_join(context->arena, here, path));
    mem_free(here);
    return 0;
}

static int prepare(struct cmd_context *context, const struct cmd *cmd, struct err *err)
{
    struct errs errs = {0};
    int status = ERR_NONE;

    if (cmd->flags & CMD_CONF)
        if (read_conf(context, &errs, err) != 0)
            status = err->code != ERR_NONE ? (int)err->code : ERR_CONFIG;
    if (context->conf != NULL && (cmd->flags & (CMD_ENV | CMD_ENGINE))) {
        struct err usage = ERR_INIT;

        if ((choose_env(context, (cmd->flags & CMD_ENV) != 0, &usage) != 0 ||
             override_identity(context, &usage) != 0 || override(context, &usage) != 0) &&
            errs.n == 0)
            *err = usage;
        if (err->code == ERR_NONE &&
            services_open(context->arena, context->conf,
                          (cmd->flags & CMD_LATER) ? NULL : context->env, &context->services,
                          &errs) != 0)
            status = ERR_CONFIG;
        if (context->services != NULL)
            context->services->looks_only = (cmd->flags & CMD_LOOKS) != 0;
    }
    if (errs.n > 0)
        status = cmd_fail(&errs, err);
    else if (err->code != ERR_NONE)
        status = (int)err->code;
    errs_release(&errs);
    return status;
}

int cmd_open(struct cmd_context *context, const char *what, struct err *err)
{
    struct errs errs = {0};
    bool looks_only = context->services->looks_only;
    int rc = 0;

    if (context->env == NULL) {
        err_set(err, ERR_USAGE, "%s needs a database, and no environment is named", what);
        return err_hint(err, "Name one after the command, or in DEPLOY_DB_ENV.");
    }
    if (context->services->env != context->env &&
        services_open(context->arena, context->conf, context->env, &context->services, &errs) != 0)
        rc = cmd_fail(&errs, err);
    context->services->looks_only = looks_only;
    errs_release(&errs);
    return rc == 0 ? 0 : -1;
}

/* --- running -------------------------------------------------------------------------------------------------- */

static void set_up_output(const struct options *options)
{
    const char *no_color = getenv("NO_COLOR");
    bool terminal = isatty(STDERR_FILENO);
    enum log_level level = options->given[OPT_QUIET]         ? LOG_WARNING
                           : options->given[OPT_VERBOSE] > 1 ? LOG_DEBUG
                           : options->given[OPT_VERBOSE] > 0 ? LOG_DETAIL
                                                             : LOG_INFO;

    log_setup(level, terminal && (no_color == NULL || no_color[0] == '\0'));
    progress_enable(terminal && !options->given[OPT_QUIET]);
}

/* One word that is no command names an environment: `deploy-db production`. */
static const struct cmd *choose(struct cmd_context *context)
{
    int used = 0;
    size_t n;
    const struct cmd *cmd = cmd_table_find(context->args, context->n_args, &used);

    context->args += used;
    context->n_args -= used;
    if (cmd == NULL)
        cmd = cmd_table(&n);
    return cmd;
}

static int run(struct cmd_context *context, struct err *err)
{
    const struct cmd *cmd;
    int status;

    if (context->options->given[OPT_VERSION_]) {
        puts("deploy-db " VERSION);
        return ERR_NONE;
    }
    if (context->n_args == 0 && getenv("DEPLOY_DB_ENV") == NULL)
        return cmd_table_help(context, err);
    cmd = choose(context);
    if (context->options->given[OPT_HELP]) {
        auto_buf struct buf text = {0};

        cmd_table_help_one(cmd, &text);
        fputs(buf_text(&text), stdout);
        return ERR_NONE;
    }
    if (options_check(context->options, cmd->options, cmd->name, err) != 0)
        return (int)err->code;
    status = prepare(context, cmd, err);
    if (status != ERR_NONE)
        return status;
    if (context->n_args > cmd->max_args) {
        err_set(err, ERR_USAGE, "`deploy-db %s` does not take \"%s\"", cmd->name,
                context->args[cmd->max_args]);
        err_hint(err, "usage: deploy-db %s %s", cmd->name, cmd->synopsis);
        return ERR_USAGE;
    }
    return cmd->run(context, err);
}

/* With --json there is a document even when the command came to nothing. */
static json_t *failure_json(int status, const struct err *err)
{
    return json_pack("{s:i, s:s, s:s, s:o}", "status", status, "outcome", err_meaning(status),
                     "database", err_database(status), "error", report_error(err));
}

int cmd_run(int argc, char **argv)
{
    struct options options;
    struct cmd_context context = {.arena = arena_new(), .options = &options};
    struct err err = ERR_INIT;
    int status;

    cancel_install();
    log_setup(LOG_INFO, 0);
    if (options_parse(argc, argv, &options, &err) == 0) {
        set_up_output(&options);
        context.args = options.args;
        context.n_args = options.n_args;
        status = run(&context, &err);
    } else {
        status = ERR_USAGE;
    }
    progress_end();
    if (err.code != ERR_NONE)
        log_failure(&err);
    if (status != ERR_NONE && cmd_is_json(&context) && !options.printed)
        cmd_print(&context, failure_json(status, &err), "");
    if (fflush(stdout) != 0 && status == ERR_NONE)
        status = ERR_INTERNAL;
    host_unload_all();
    options_release(&options);
    arena_free(context.arena);
    return status;
}
