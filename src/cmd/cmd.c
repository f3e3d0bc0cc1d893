/* cmd - see cmd.h. */
#include "cmd/cmd.h"

#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/log.h"
#include "base/progress.h"
#include "deploy/report.h"

static int cmd_help(struct cmd_context *context, struct err *err);

enum { MERGE_MAX = 1000 };

static const struct cmd commands[] = {
    {"deploy", "ENV", "snapshot, migrate, verify; roll back or restore on failure (`deploy-db ENV`)",
     CMD_CONF | CMD_ENV, OPT_BIT(WAIT), 0, cmd_deploy},
    {"plan", "ENV", "show what a deployment would do", CMD_CONF | CMD_ENV, OPT_BIT(SQL), 0,
     cmd_deploy_plan},
    {"status", "ENV", "current, heads, pending, last run, newest snapshot", CMD_CONF | CMD_ENV, 0, 0,
     cmd_inspect_status},
    {"check", "ENV", "is the database at the heads, without drift? (status 0 or 10)",
     CMD_CONF | CMD_ENV, OPT_BIT(NO_MODELS), 0, cmd_inspect_check},
    {"recover", "ENV", "finish or undo a run that was cut off", CMD_CONF | CMD_ENV,
     OPT_BIT(WAIT), 0, cmd_deploy_recover},
    {"current", "ENV", "the revisions the database stands at", CMD_CONF | CMD_ENV,
     OPT_BIT(CHECK_HEADS), 0, cmd_revision_current},
    {"heads", "", "the newest revisions of the project", CMD_CONF | CMD_ENGINE | CMD_LATER,
     OPT_BIT(RESOLVE_DEPENDENCIES), 0, cmd_revision_heads},
    {"history", "[ENV]", "the project's revisions, newest first",
     CMD_CONF | CMD_ENGINE | CMD_LATER,
     OPT_BIT(RANGE) | OPT_BIT(INDICATE_CURRENT) | OPT_BIT(GRAPH) | OPT_BIT(DOT), 0,
     cmd_revision_history},
    {"branches", "", "where the history parts", CMD_CONF | CMD_ENGINE | CMD_LATER, 0, 0,
     cmd_revision_branches},
    {"show", "[ENV] REV…", "all about one revision or several", CMD_CONF | CMD_ENGINE | CMD_LATER,
     0, CMD_ANY_ARGS, cmd_revision_show},
    {"upgrade", "ENV REV", "run migrations up to a revision: +1, heads, an identifier",
     CMD_CONF | CMD_ENV, OPT_BIT(SQL) | OPT_BIT(SNAPSHOT) | OPT_BIT(WAIT), 1, cmd_migrate_upgrade},
    {"downgrade", "ENV REV", "undo migrations down to a revision: -1, base, an identifier",
     CMD_CONF | CMD_ENV, OPT_BIT(SQL) | OPT_BIT(SNAPSHOT) | OPT_BIT(WAIT), 1,
     cmd_migrate_downgrade},
    {"stamp", "ENV REV…", "set the version rows without running migrations", CMD_CONF | CMD_ENV,
     OPT_BIT(SQL) | OPT_BIT(PURGE) | OPT_BIT(SNAPSHOT) | OPT_BIT(WAIT), 64, cmd_migrate_stamp},
    {"revision", "[ENV]", "write a new migration file", CMD_CONF | CMD_ENGINE,
     OPT_BIT(MESSAGE) | OPT_BIT(HEAD) | OPT_BIT(SPLICE) | OPT_BIT(BRANCH_LABEL) |
         OPT_BIT(DEPENDS_ON) | OPT_BIT(REV_ID) | OPT_BIT(VERSION_PATH) | OPT_BIT(AUTOGENERATE) |
         OPT_BIT(MERGE),
     0, cmd_write_revision},
    {"merge", "REVISION…", "write a migration file that joins several revisions",
     CMD_CONF | CMD_ENGINE,
     OPT_BIT(MESSAGE) | OPT_BIT(SPLICE) | OPT_BIT(BRANCH_LABEL) | OPT_BIT(REV_ID),
     MERGE_MAX, cmd_write_merge},
    {"mergeheads", "", "`merge heads`", CMD_CONF | CMD_ENGINE,
     OPT_BIT(MESSAGE) | OPT_BIT(BRANCH_LABEL) | OPT_BIT(REV_ID), 0, cmd_write_mergeheads},
    {"snapshot", "ENV", "take a snapshot now", CMD_CONF | CMD_ENV, OPT_BIT(WAIT), 0,
     cmd_snapshot},
    {"snapshot list", "ENV", "the snapshots in the stores", CMD_CONF | CMD_ENV, 0, 0,
     cmd_snapshot_list},
    {"snapshot verify", "ENV [SNAPSHOT]", "read a snapshot and prove it whole (default: the newest)",
     CMD_CONF | CMD_ENV, OPT_BIT(LEVEL), 1, cmd_snapshot_verify},
    {"restore", "ENV [SNAPSHOT]", "put a snapshot in the database's place, or beside it (--into)",
     CMD_CONF | CMD_ENV, OPT_BIT(INTO) | OPT_BIT(WAIT), 1, cmd_snapshot_restore},
    {"log", "ENV", "the runs of an environment, newest first", CMD_CONF | CMD_ENV, OPT_BIT(LIMIT), 0,
     cmd_inspect_log},
    {"init", "[DIRECTORY]", "write a configuration for the project found there", 0, OPT_BIT(FORCE), 1,
     cmd_setup_init},
    {"import", "TOOL [DIRECTORY] [ENV]", "another tool's migrations as files of plain SQL", 0,
     OPT_BIT(INTO) | OPT_BIT(ALLOW_GAPS), 3, cmd_import},
    {"doctor", "ENV", "try everything a deployment will need", CMD_CONF | CMD_ENV, 0, 0,
     cmd_setup_doctor},
    {"plugins", "[NAME]", "the plugins, or what one of them can do", 0, 0, 1, cmd_setup_plugins},
    {"config", "[ENV]", "the configuration in force, with every default", CMD_CONF, 0, 1,
     cmd_setup_config},
    {"help", "[COMMAND]", "this list, or one command", 0, 0, 2, cmd_help},
};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

const struct cmd *cmd_table(size_t *n)
{
    *n = N_COMMANDS;
    return commands;
}

/* --- help ----------------------------------------------------------------------------------------------- */

static void help_all(struct buf *out)
{
    buf_adds(out, "usage: deploy-db ENV [OPTION…]\n       deploy-db COMMAND [ENV] [OPTION…]\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        char left[48];

        snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].synopsis);
        buf_addf(out, "  %-30s %s\n", left, commands[i].summary);
    }
    buf_adds(out, "\nOptions of every command:\n");
    options_help(0, out);
    buf_adds(out, "\nThe exit status tells the state of the database:\n");
    for (int status = 0; err_meaning(status) != NULL; status++)
        buf_addf(out, "  %2d  %s (database: %s)\n", status, err_meaning(status),
                 err_database(status));
    buf_adds(out, "\ndeploy-db(1), deploy-db.cfg(5) and deploy-db-plugin(7) say more.\n");
}

static void help_one(const struct cmd *cmd, struct buf *out)
{
    buf_addf(out, "usage: deploy-db %s%s%s [OPTION…]\n\n%s\n\n", cmd->name,
             cmd->synopsis[0] == '\0' ? "" : " ", cmd->synopsis, cmd->summary);
    options_help(cmd->options, out);
}

/* The command whose name is the longest run of words of ${args}; ${used} says how many words. */
static const struct cmd *find(const char *const *args, int n, int *used)
{
    for (int words = 2; words >= 1; words--) {
        char name[128];

        if (words > n)
            continue;
        snprintf(name, sizeof name, "%s%s%s", args[0], words == 2 ? " " : "",
                 words == 2 ? args[1] : "");
        for (size_t i = 0; i < N_COMMANDS; i++)
            if (strcmp(commands[i].name, name) == 0) {
                *used = words;
                return &commands[i];
            }
    }
    return NULL;
}

static int cmd_help(struct cmd_context *context, struct err *err)
{
    auto_buf struct buf text = {0};
    int used;
    const struct cmd *cmd = find(context->args, context->n_args, &used);

    if (context->n_args > 0 && cmd == NULL)
        return err_set(err, ERR_USAGE, "there is no command \"%s\"", context->args[0]), ERR_USAGE;
    if (cmd == NULL)
        help_all(&text);
    else
        help_one(cmd, &text);
    cmd_print(context, json_pack("{s:s}", "help", buf_text(&text)), buf_text(&text));
    return ERR_NONE;
}

/* --- results ---------------------------------------------------------------------------------------------- */

bool cmd_is_json(const struct cmd_context *context)
{
    return context->options->given[OPT_JSON] > 0;
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

/* --wait overrides the environment's lock.wait. */
static int override_wait(struct cmd_context *context, struct err *err)
{
    const char *wait = context->options->value[OPT_WAIT];
    struct env *env;

    if (wait == NULL || context->env == NULL)
        return 0;
    env = arena_alloc(context->arena, sizeof *env);
    *env = *context->env;
    context->env = env;
    if (conf_duration(wait, &env->lock_wait_ms) == 0)
        return 0;
    err_set(err, ERR_USAGE, "option \"--wait\": \"%s\" is not a duration", wait);
    return err_hint(err, "Write it as 30s or 5min.");
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
             override_wait(context, &usage) != 0) &&
            errs.n == 0)
            *err = usage;
        if (err->code == ERR_NONE &&
            services_open(context->arena, context->conf,
                          (cmd->flags & CMD_LATER) ? NULL : context->env, &context->services,
                          &errs) != 0)
            status = ERR_CONFIG;
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
    int rc = 0;

    if (context->env == NULL) {
        err_set(err, ERR_USAGE, "%s needs a database, and no environment is named", what);
        return err_hint(err, "Name one after the command, or in DEPLOY_DB_ENV.");
    }
    if (context->services->env != context->env &&
        services_open(context->arena, context->conf, context->env, &context->services, &errs) != 0)
        rc = cmd_fail(&errs, err);
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
    const struct cmd *cmd = find(context->args, context->n_args, &used);

    context->args += used;
    context->n_args -= used;
    if (cmd == NULL)
        cmd = &commands[0];
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
        return cmd_help(context, err);
    cmd = choose(context);
    if (context->options->given[OPT_HELP]) {
        auto_buf struct buf text = {0};

        help_one(cmd, &text);
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
