/* cmd_migrate - upgrade, downgrade, stamp: to a revision that is named, with the pipeline of a deployment;
 * or, with --sql, as text. */
#include "cmd/cmd.h"

#include <string.h>

#include "deploy/engine.h"
#include "deploy/lists.h"
#include "deploy/phases.h"
#include "deploy/plan.h"
#include "pg/versions_change.h"
#include "revision/resolve.h"

/* --- as text -------------------------------------------------------------------------------------- */

/* FROM:TO, where FROM stands for the rows of a database that need not be reachable. */
static int from_range(struct cmd_context *context, const char *from, struct plan *plan,
                      struct err *err)
{
    int rc = plan_graph(context->services, &plan->graph, err);

    if (rc == 0)
        rc = resolve(plan->graph, from, &plan->rows, err);
    plan->has_table = plan->rows.n > 0;
    return rc;
}

/* From the rows that the database has. */
static int from_database(struct cmd_context *context, const struct goal *goal, struct plan *plan,
                         struct err *err)
{
    struct db *db = NULL;
    int rc = db_open(context->services->target, NULL, DB_READ, &db, err);

    if (rc == 0)
        rc = plan_make(context->services, db, goal, plan, err);
    db_close(db);
    if (rc == 0 && plan->problems.n > 0)
        rc = phases_join(&plan->problems, "the SQL cannot be rendered", err);
    return rc;
}

static int render(struct cmd_context *context, const struct goal *goal, const struct plan *plan,
                  struct buf *out, struct err *err)
{
    const struct conf *conf = context->conf;
    const struct goal_step *step = plan->path.steps;
    struct versions_change *changes;
    size_t n = 0;

    if (goal->kind != GOAL_STAMP)
        return plan->path.n_steps == 0 ? 0
                                       : engine_sql(context->services, &plan->path, plan->rows,
                                                    plan->has_table, out, err);
    if (plan->path.n_steps == 0)
        return 0;
    changes = arena_alloc(context->arena, step->n_changes * sizeof *changes);
    for (; n < step->n_changes; n++)
        changes[n] = (struct versions_change){step->changes[n].from, step->changes[n].to};
    versions_change_text(conf->version_table_schema, conf->version_table, !plan->has_table, changes,
                         n, out);
    return 0;
}

static int print_sql(struct cmd_context *context, struct goal *goal, struct err *err)
{
    const char *colon = context->n_args == 1 ? strchr(context->args[0], ':') : NULL;
    auto_buf struct buf text = {0};
    struct plan plan = {0};
    const char *to[2] = {NULL, NULL};
    int rc;

    if (colon != NULL) {
        to[0] = colon + 1;
        goal->targets = to;
        rc = from_range(context,
                        arena_strndup(context->arena, context->args[0],
                                      (size_t)(colon - context->args[0])),
                        &plan, err);
        if (rc == 0)
            rc = goal_path(plan.graph, goal, plan.rows,
                           (const char *const *)lists_ids(context->arena, plan.rows), &plan.path,
                           err);
    } else {
        rc = from_database(context, goal, &plan, err);
    }
    if (rc == 0)
        rc = render(context, goal, &plan, &text, err);
    plan_release(&plan);
    if (rc != 0)
        return err->code == ERR_USAGE ? -1 : err_as(err, ERR_REFUSED);
    cmd_print(context, json_pack("{s:s}", "sql", buf_text(&text)), buf_text(&text));
    return 0;
}

/* --snapshot runs the environment's hooks: one that is not among them would silently not be taken. */
static int check_snapshot(const struct cmd_context *context, struct err *err)
{
    if (context->options->given[OPT_SNAPSHOT] == 0 ||
        lists_has((char *const *)context->env->hooks.pre_deploy, "snapshot"))
        return 0;
    err_set(err, ERR_USAGE, "option \"--snapshot\": environment \"%s\" takes no snapshot",
            context->env->name);
    return err_hint(err, "Put \"snapshot\" into its hooks.pre_deploy, or run `deploy-db snapshot "
                         "%s` before.",
                    context->env->name);
}

/* --- for real ------------------------------------------------------------------------------------- */

static int migrate(struct cmd_context *context, const char *command, struct err *err)
{
    struct goal goal = {
        .kind = goal_kind(command),
        .targets = context->args,
        .purge = context->options->given[OPT_PURGE] > 0,
    };
    const char *cut = context->services->clone.plugin == NULL
                          ? ""
                          : ", after it was copied, for which all connections to it are cut";

    if (check_snapshot(context, err) != 0)
        return ERR_USAGE;
    if (context->options->given[OPT_SQL] > 0)
        return print_sql(context, &goal, err) == 0 ? ERR_NONE : (int)err->code;
    if (context->env->is_protected && goal.kind != GOAL_UPGRADE &&
        cmd_confirm(context,
                    arena_printf(context->arena, "%s changes the database of \"%s\"%s", command,
                                 context->env->name, cut),
                    context->env->name, err) != 0)
        return ERR_USAGE;
    return cmd_deploy_run(context, command, &goal, err);
}

int cmd_migrate_upgrade(struct cmd_context *context, struct err *err)
{
    return migrate(context, "upgrade", err);
}

int cmd_migrate_downgrade(struct cmd_context *context, struct err *err)
{
    return migrate(context, "downgrade", err);
}

int cmd_migrate_stamp(struct cmd_context *context, struct err *err)
{
    return migrate(context, "stamp", err);
}
