/* cmd_deploy - deploy, plan, recover. */
#include "cmd/cmd.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "deploy/clone.h"
#include "deploy/clone_left.h"
#include "deploy/deploy.h"
#include "deploy/drill.h"
#include "deploy/lists.h"
#include "deploy/phases.h"
#include "deploy/preflight_checks.h"
#include "deploy/report.h"
#include "deploy/restore.h"
#include "deploy/unfinished.h"

static void print_report(struct cmd_context *context, const struct run *run, int status,
                         const struct err *err)
{
    auto_buf struct buf text = {0};

    report_text(run, status, &text);
    cmd_print(context, report_json(run, status, err), buf_text(&text));
}

int cmd_deploy_run(struct cmd_context *context, const char *command, const struct goal *goal,
                   struct err *err)
{
    struct run *run = run_new(context->services, command);
    int status;

    run->goal = *goal;
    run->with_hooks |= context->options->given[OPT_SNAPSHOT] > 0;
    log_info("%s %s: %s", goal->kind == GOAL_DEPLOY ? "deploying to" : command, context->env->name,
             db_target_display(context->services->target));
    status = (int)deploy_run(run, err);
    print_report(context, run, status, err);
    run_close(run);
    return status;
}

int cmd_deploy(struct cmd_context *context, struct err *err)
{
    return cmd_deploy_run(context, "deploy", &(const struct goal){.kind = GOAL_DEPLOY}, err);
}

int cmd_deploy_recover(struct cmd_context *context, struct err *err)
{
    struct run *run = NULL;
    int status = (int)unfinished_recover(context->services, &run, err);

    drill_sweep(context->services);
    clone_left_sweep(context->services);
    if (status != ERR_OPERATOR && status != ERR_BUSY)
        restore_sweep_left(context->services);
    if (run != NULL && !run->nothing_to_do)
        print_report(context, run, status, err);
    else if (status == ERR_NONE)
        cmd_print(context, json_pack("{s:s, s:i}", "environment", context->env->name, "status", 0),
                  "nothing to recover\n");
    run_close(run);
    return status;
}

/* --- plan ------------------------------------------------------------------------------------------------ */

static const char *rung_name(enum conf_rung rung)
{
    return rung == RUNG_TRANSACTION ? "transaction" : rung == RUNG_DOWNGRADE ? "downgrade" : "restore";
}

static bool goes_back(const struct plan *plan)
{
    return plan->lossless && plan->back_reason == NULL;
}

static const char *rung_outlook(const struct run *run, enum conf_rung rung)
{
    if (rung == RUNG_TRANSACTION)
        return run->plan.atomic ? "the revisions run as one transaction"
                                : "only as far as the engine's own rollback is proven";
    if (rung == RUNG_DOWNGRADE)
        return goes_back(&run->plan) ? "no revision destroys data"
               : run->plan.has_sql ? "not taken: it would not bring everything back"
                                   : "not taken: what the revisions do is not known";
    if (!lists_has((char *const *)run->env->hooks.pre_deploy, "snapshot"))
        return "not possible: this environment takes no snapshot";
    if (!clone_wanted(run))
        return run->may_restore ? "from the snapshot, by an exchange of databases"
               : run->no_restore_reason == NULL
                   ? "not known: the role's rights could not be read"
                   : arena_printf(run->arena, "not offered: %s", run->no_restore_reason);
    return run->services->takes_files && run->may_restore
               ? "from the copy of the database, or else from the snapshot, by an exchange of databases"
               : "from the copy of the database, by an exchange of databases";
}

static void plan_text(const struct run *run, struct buf *out)
{
    const struct plan *plan = &run->plan;
    char bytes[32];

    buf_addf(out, "database: %s\n", db_target_display(run->services->target));
    buf_addf(out, "strict: compare_type %s, compare_server_default %s\n",
             run->env->strict.compare_type ? "on" : "off",
             run->env->strict.compare_server_default ? "on" : "off");
    buf_addf(out, "pending: %zu revision%s\n", plan->pending.n, plan->pending.n == 1 ? "" : "s");
    for (size_t i = 0; i < plan->pending.n; i++)
        buf_addf(out, "  %s  %s\n", plan->pending.v[i]->id,
                 revision_short_doc(run->arena, plan->pending.v[i]));
    for (size_t i = 0; i < plan->n_hazards; i++)
        buf_addf(out, "  %s %s\n", plan->hazards[i].destroys ? "!" : "-",
                 plan->hazards[i].reason);
    if (plan->no_sql_reason != NULL)
        buf_addf(out, "  ! what they do is not known: %s\n", plan->no_sql_reason);
    if (plan->back_reason != NULL)
        buf_addf(out, "  ! %s\n", plan->back_reason);
    if (clone_wanted(run) && plan->pending.n > 0)
        buf_addf(out, "connections: all to this database are cut while it is copied (%s)\n",
                 size_text(run->database_bytes, bytes));
    if (plan->pending.n > 0)
        buf_adds(out, "on failure:\n");
    for (size_t i = 0; plan->pending.n > 0 && i < run->env->n_recover; i++)
        buf_addf(out, "  %s: %s\n", rung_name(run->env->recover[i]),
                 rung_outlook(run, run->env->recover[i]));
}

static json_t *plan_json(const struct run *run, const struct errs *problems)
{
    json_t *hazards = json_array(), *rungs = json_array();

    for (size_t i = 0; i < run->plan.n_hazards; i++)
        json_array_append_new(hazards,
                              json_pack("{s:s, s:s, s:b}", "statement",
                                        run->plan.hazards[i].statement, "reason",
                                        run->plan.hazards[i].reason, "destroys",
                                        (int)run->plan.hazards[i].destroys));
    for (size_t i = 0; i < run->env->n_recover; i++)
        json_array_append_new(rungs, json_pack("{s:s, s:s}", "rung",
                                               rung_name(run->env->recover[i]), "outlook",
                                               rung_outlook(run, run->env->recover[i])));
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:s?, s:b, s:b}", "environment", run->env->name,
                     "target", run->plan.target, "pending",
                     lists_revisions(run->plan.graph, run->plan.pending, &run->plan.rows),
                     "problems", cmd_problems(problems), "hazards", hazards, "recovery", rungs,
                     "sql", run->plan.sql, "lossless", (int)goes_back(&run->plan),
                     "cuts_connections", (int)(clone_wanted(run) && run->plan.pending.n > 0));
}

int cmd_deploy_plan(struct cmd_context *context, struct err *err)
{
    struct run *run = run_new(context->services, "plan");
    struct errs problems = {0};
    auto_buf struct buf text = {0};
    int status = ERR_NONE;

    if (run_look(run, err) != 0) {
        run_close(run);
        return ERR_REFUSED;
    }
    preflight_checks(run, &problems);
    if (problems.n > 0) {
        status = ERR_REFUSED;
        phases_join(&problems, "a deployment would be refused", err);
    }
    if (context->options->given[OPT_SQL])
        buf_adds(&text, run->plan.sql == NULL ? "" : run->plan.sql);
    else
        plan_text(run, &text);
    cmd_print(context, plan_json(run, &problems), buf_text(&text));
    errs_release(&problems);
    run_close(run);
    return status;
}
