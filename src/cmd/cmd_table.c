/* cmd_table - the table of commands, and the help that is made from it. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

static const struct cmd commands[] = {
    {"deploy", "ENV", "snapshot, migrate, verify; roll back or restore on failure (`deploy-db ENV`)",
     CMD_CONF | CMD_ENV, OPT_BIT(WAIT) | OPT_BIT(IDENTITY), 0, cmd_deploy},
    {"plan", "ENV", "show what a deployment would do", CMD_CONF | CMD_ENV, OPT_BIT(SQL), 0,
     cmd_deploy_plan},
    {"status", "ENV", "current, heads, pending, last run, newest snapshot",
     CMD_CONF | CMD_ENV | CMD_LOOKS, 0, 0, cmd_inspect_status},
    {"check", "ENV", "is the database at the heads, without drift? (status 0 or 10)",
     CMD_CONF | CMD_ENV | CMD_LOOKS, OPT_BIT(NO_MODELS), 0, cmd_inspect_check},
    {"recover", "ENV", "finish or undo a run that was cut off", CMD_CONF | CMD_ENV,
     OPT_BIT(WAIT) | OPT_BIT(IDENTITY), 0, cmd_deploy_recover},
    {"current", "ENV", "the revisions the database stands at", CMD_CONF | CMD_ENV | CMD_LOOKS,
     OPT_BIT(CHECK_HEADS), 0, cmd_revision_current},
    {"heads", "", "the newest revisions of the project",
     CMD_CONF | CMD_ENGINE | CMD_LATER | CMD_LOOKS, OPT_BIT(RESOLVE_DEPENDENCIES), 0, cmd_revision_heads},
    {"history", "[ENV]", "the project's revisions, newest first",
     CMD_CONF | CMD_ENGINE | CMD_LATER | CMD_LOOKS,
     OPT_BIT(RANGE) | OPT_BIT(INDICATE_CURRENT) | OPT_BIT(GRAPH) | OPT_BIT(DOT), 0,
     cmd_revision_history},
    {"branches", "", "where the history parts",
     CMD_CONF | CMD_ENGINE | CMD_LATER | CMD_LOOKS, 0, 0, cmd_revision_branches},
    {"show", "[ENV] REV…", "all about one revision or several",
     CMD_CONF | CMD_ENGINE | CMD_LATER | CMD_LOOKS, 0, CMD_ANY_ARGS, cmd_revision_show},
    {"upgrade", "ENV REV", "run migrations up to a revision: +1, heads, an identifier",
     CMD_CONF | CMD_ENV, OPT_BIT(SQL) | OPT_BIT(SNAPSHOT) | OPT_BIT(WAIT) | OPT_BIT(IDENTITY), 1,
     cmd_migrate_upgrade},
    {"downgrade", "ENV REV", "undo migrations down to a revision: -1, base, an identifier",
     CMD_CONF | CMD_ENV, OPT_BIT(SQL) | OPT_BIT(SNAPSHOT) | OPT_BIT(WAIT) | OPT_BIT(IDENTITY), 1,
     cmd_migrate_downgrade},
    {"stamp", "ENV REV…", "set the version rows without running migrations", CMD_CONF | CMD_ENV,
     OPT_BIT(SQL) | OPT_BIT(PURGE) | OPT_BIT(SNAPSHOT) | OPT_BIT(WAIT) | OPT_BIT(IDENTITY),
     CMD_ANY_ARGS,
     cmd_migrate_stamp},
    {"revision", "[ENV]", "write a new migration file", CMD_CONF | CMD_ENGINE,
     OPT_BIT(MESSAGE) | OPT_BIT(HEAD) | OPT_BIT(SPLICE) | OPT_BIT(BRANCH_LABEL) |
         OPT_BIT(DEPENDS_ON) | OPT_BIT(REV_ID) | OPT_BIT(VERSION_PATH) | OPT_BIT(AUTOGENERATE) |
         OPT_BIT(MERGE),
     0, cmd_write_revision},
    {"merge", "REV…", "write a migration file that joins several revisions",
     CMD_CONF | CMD_ENGINE,
     OPT_BIT(MESSAGE) | OPT_BIT(SPLICE) | OPT_BIT(BRANCH_LABEL) | OPT_BIT(REV_ID),
     CMD_ANY_ARGS, cmd_write_merge},
    {"mergeheads", "", "`merge heads`", CMD_CONF | CMD_ENGINE,
     OPT_BIT(MESSAGE) | OPT_BIT(BRANCH_LABEL) | OPT_BIT(REV_ID), 0, cmd_write_mergeheads},
    {"snapshot", "ENV", "take a snapshot now", CMD_CONF | CMD_ENV,
     OPT_BIT(WAIT) | OPT_BIT(JOBS) | OPT_BIT(IDENTITY), 0, cmd_snapshot},
    {"snapshot list", "ENV", "the snapshots in the stores", CMD_CONF | CMD_ENV, 0, 0,
     cmd_keep_list},
    {"snapshot show", "ENV [SNAPSHOT]", "what a snapshot has, and how it was verified",
     CMD_CONF | CMD_ENV, OPT_BIT(STORE) | OPT_BIT(IDENTITY), 1, cmd_keep_show},
    {"snapshot verify", "ENV [SNAPSHOT]", "read a snapshot and prove it whole (default: the newest)",
     CMD_CONF | CMD_ENV, OPT_BIT(LEVEL) | OPT_BIT(STORE) | OPT_BIT(JOBS) | OPT_BIT(IDENTITY), 1,
     cmd_keep_verify},
    {"snapshot drill", "ENV [SNAPSHOT]", "prove that a snapshot restores, beside the live database",
     CMD_CONF | CMD_ENV, OPT_BIT(STORE) | OPT_BIT(JOBS) | OPT_BIT(IDENTITY), 1, cmd_keep_drill},
    {"snapshot prune", "ENV", "remove the snapshots that no rule keeps", CMD_CONF | CMD_ENV,
     OPT_BIT(STORE) | OPT_BIT(DRY_RUN) | OPT_BIT(IDENTITY), 0, cmd_keep_prune},
    {"snapshot push", "ENV [SNAPSHOT]", "send a snapshot to the stores that lack it (default: the newest)",
     CMD_CONF | CMD_ENV, OPT_BIT(STORE) | OPT_BIT(LEVEL) | OPT_BIT(IDENTITY), 1, cmd_ship_push},
    {"snapshot pull", "ENV [SNAPSHOT]", "fetch a snapshot from a remote store into the local one",
     CMD_CONF | CMD_ENV, OPT_BIT(STORE) | OPT_BIT(LEVEL) | OPT_BIT(IDENTITY), 1, cmd_ship_pull},
    {"restore", "ENV [SNAPSHOT|FILE]", "put a snapshot or a dump in the database's place, or beside it (--into)",
     CMD_CONF | CMD_ENV,
     OPT_BIT(INTO) | OPT_BIT(TABLE) | OPT_BIT(UNDO) | OPT_BIT(WAIT) | OPT_BIT(JOBS) |
         OPT_BIT(IDENTITY), 1, cmd_restore},
    {"refresh", "ENV [SNAPSHOT]", "make a database anew from another environment's snapshot, masked",
     CMD_CONF | CMD_ENV, OPT_BIT(FROM) | OPT_BIT(NEW) | OPT_BIT(WAIT) | OPT_BIT(IDENTITY), 1,
     cmd_refresh},
    {"log", "ENV", "the runs of an environment, newest first", CMD_CONF | CMD_ENV, OPT_BIT(LIMIT), 0,
     cmd_inspect_log},
    {"init", "[DIRECTORY]", "write a configuration for the project found there", 0, OPT_BIT(FORCE), 1,
     cmd_setup_init},
    {"import", "TOOL [DIRECTORY] [ENV]", "another tool's migrations as files of plain SQL", 0,
     OPT_BIT(INTO) | OPT_BIT(ALLOW_GAPS), 3, cmd_import},
    {"doctor", "ENV", "try everything a deployment will need", CMD_CONF | CMD_ENV,
     OPT_BIT(IDENTITY), 0, cmd_setup_doctor},
    {"plugins", "[NAME]", "the plugins, or what one of them can do", 0, 0, 1, cmd_setup_plugins},
    {"config", "[ENV]", "the configuration in force, with every default", CMD_CONF, 0, 1,
     cmd_setup_config},
    {"help", "[COMMAND]", "this list, or one command", 0, 0, 2, cmd_table_help},
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
        int width = 30;

        snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].synopsis);
        for (const char *c = left; *c != '\0'; c++)
            width += ((unsigned char)*c & 0xC0) == 0x80; /* "…" is three bytes in one column */
        buf_addf(out, "  %-*s %s\n", width, left, commands[i].summary);
    }
    buf_adds(out, "\nOptions of every command:\n");
    options_help(0, out);
    buf_adds(out, "\nThe exit status tells the state of the database:\n");
    for (int status = 0; err_meaning(status) != NULL; status++)
        buf_addf(out, "  %2d  %s (database: %s)\n", status, err_meaning(status),
                 err_database(status));
    buf_adds(out, "\ndeploy-db(1), deploy-db.cfg(5) and deploy-db-plugin(7) say more.\n");
}

void cmd_table_help_one(const struct cmd *cmd, struct buf *out)
{
    buf_addf(out, "usage: deploy-db %s%s%s [OPTION…]\n\n%s\n\n", cmd->name,
             cmd->synopsis[0] == '\0' ? "" : " ", cmd->synopsis, cmd->summary);
    options_help(cmd->options, out);
}

/* The command whose name is the longest run of words of ${args}; ${used} says how many words. */
const struct cmd *cmd_table_find(const char *const *args, int n, int *used)
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

int cmd_table_help(struct cmd_context *context, struct err *err)
{
    auto_buf struct buf text = {0};
    int used;
    const struct cmd *cmd = cmd_table_find(context->args, context->n_args, &used);

    if (context->n_args > 0 && cmd == NULL)
        return err_set(err, ERR_USAGE, "there is no command \"%s\"", context->args[0]), ERR_USAGE;
    if (cmd == NULL)
        help_all(&text);
    else
        cmd_table_help_one(cmd, &text);
    cmd_print(context, json_pack("{s:s}", "help", buf_text(&text)), buf_text(&text));
    return ERR_NONE;
}
