/*
 * cmd - the command table and what every command is given. Preconditions are flags of the table, not
 * code in the commands. Only this floor prints results (standard output) and errors, and only main
 * exits.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <jansson.h>

#include "cmd/options.h"
#include "conf/conf.h"
#include "deploy/goal.h"
#include "deploy/services.h"

/* What a command finds ready, as its flags ask. */
struct cmd_context {
    struct arena *arena;
    struct options *options;
    const char **args;      /* what follows the command and the environment */
    int n_args;
    const struct conf *conf;
    const struct env *env;
    struct services *services;
};

enum cmd_flags {
    CMD_CONF = 1 << 0,    /* the configuration is read and right */
    CMD_ENV = 1 << 1,     /* an environment is named, its plugins are loaded */
    CMD_ENGINE = 1 << 2,  /* only the engine is loaded; an environment may be named */
    CMD_LATER = 1 << 3,   /* with CMD_ENGINE: the environment is opened by cmd_open, or not at all */
    CMD_LOOKS = 1 << 4,   /* it changes nothing, and plugins may use what they kept of the project */
};

enum { CMD_ANY_ARGS = 1000000 };

struct cmd {
    const char *name;
    const char *synopsis; /* what follows the name */
    const char *summary;
    unsigned flags;
    uint64_t options;     /* sum of OPT_BITs */
    int max_args;
    int (*run)(struct cmd_context *context, struct err *err); /* the exit status */
};

/* cmd_run(argc, argv): the whole program: parse, prepare, run, report. Returns the exit status. */
int cmd_run(int argc, char **argv);

/* cmd_table(n): every command, in the order of the help; the first one is `deploy`. */
const struct cmd *cmd_table(size_t *n);

/* cmd_table_find(args, n, used): the command whose name is the longest run of words of ${args}; ${used}
 * says how many words. NULL when there is none. */
const struct cmd *cmd_table_find(const char *const *args, int n, int *used);

/* cmd_table_help_one(cmd, out): usage, summary and options of one command. */
void cmd_table_help_one(const struct cmd *cmd, struct buf *out);

/* cmd_problems(problems): an array of problem objects for a result. */
json_t *cmd_problems(const struct errs *problems);

/* cmd_print(context, json, text): the result: the document when --json was given (${json} is taken
 * over), else the text. cmd_is_json says which. */
void cmd_print(const struct cmd_context *context, json_t *json, const char *text);
bool cmd_is_json(const struct cmd_context *context);

/* cmd_open(context, what, err): open the environment for ${what} (a command, an option) that
 * needs its database after all. Errors: ERR_USAGE when none is named, ERR_CONFIG. Changes:
 * nothing. */
int cmd_open(struct cmd_context *context, const char *what, struct err *err) CHECK;

/* cmd_fail(errs, err): all of ${errs} as one error of class ERR_CONFIG. Returns ERR_CONFIG. */
int cmd_fail(const struct errs *errs, struct err *err);

/* cmd_confirm(context, what): ask on the terminal for ${word}; true with --yes. Without a terminal
 * and without --yes: an error that says so. */
int cmd_confirm(const struct cmd_context *context, const char *question, const char *word,
                struct err *err) CHECK;

/* cmd_deploy_run(context, command, goal, err): the pipeline to ${goal}, and its report. Returns the exit
 * status. Changes: the database. */
int cmd_deploy_run(struct cmd_context *context, const char *command, const struct goal *goal,
                   struct err *err);

/* cmd_snapshot_choose(context, err): the snapshot that the command line names, or the newest complete
 * one of this environment; NULL with ${err} when there is none. */
const char *cmd_snapshot_choose(struct cmd_context *context, struct err *err);

/* The commands, in their files. */
int cmd_deploy(struct cmd_context *context, struct err *err);
int cmd_migrate_upgrade(struct cmd_context *context, struct err *err);
int cmd_migrate_downgrade(struct cmd_context *context, struct err *err);
int cmd_migrate_stamp(struct cmd_context *context, struct err *err);
int cmd_deploy_plan(struct cmd_context *context, struct err *err);
int cmd_deploy_recover(struct cmd_context *context, struct err *err);
int cmd_inspect_status(struct cmd_context *context, struct err *err);
int cmd_inspect_check(struct cmd_context *context, struct err *err);
int cmd_inspect_log(struct cmd_context *context, struct err *err);
int cmd_revision_current(struct cmd_context *context, struct err *err);
int cmd_revision_heads(struct cmd_context *context, struct err *err);
int cmd_revision_history(struct cmd_context *context, struct err *err);
int cmd_revision_branches(struct cmd_context *context, struct err *err);
int cmd_revision_show(struct cmd_context *context, struct err *err);
int cmd_write_revision(struct cmd_context *context, struct err *err);
int cmd_write_merge(struct cmd_context *context, struct err *err);
int cmd_write_mergeheads(struct cmd_context *context, struct err *err);
int cmd_snapshot(struct cmd_context *context, struct err *err);
int cmd_keep_list(struct cmd_context *context, struct err *err);
int cmd_keep_show(struct cmd_context *context, struct err *err);
int cmd_keep_verify(struct cmd_context *context, struct err *err);
int cmd_keep_drill(struct cmd_context *context, struct err *err);
int cmd_keep_prune(struct cmd_context *context, struct err *err);
int cmd_restore(struct cmd_context *context, struct err *err);
int cmd_restore_undo(struct cmd_context *context, struct err *err);   /* of cmd_restore */
int cmd_restore_tables(struct cmd_context *context, struct err *err); /* of cmd_restore */
int cmd_refresh(struct cmd_context *context, struct err *err);
int cmd_ship_push(struct cmd_context *context, struct err *err);
int cmd_ship_pull(struct cmd_context *context, struct err *err);
int cmd_import(struct cmd_context *context, struct err *err);
int cmd_setup_init(struct cmd_context *context, struct err *err);
int cmd_setup_doctor(struct cmd_context *context, struct err *err);
int cmd_setup_plugins(struct cmd_context *context, struct err *err);
int cmd_setup_config(struct cmd_context *context, struct err *err);
int cmd_table_help(struct cmd_context *context, struct err *err);

#endif
