/* plan - see plan.h. */
#include "deploy/plan.h"

#include <string.h>

#include "base/log.h"
#include "deploy/engine.h"
#include "deploy/lists.h"
#include "pg/versions.h"
#include "revision/order.h"
#include "revision/rows.h"

/* Which revisions the environment wants: the one effective head, or all of them. */
static void choose_target(const struct env *env, struct plan *plan)
{
    struct err *problem;

    plan->heads = graph_effective_heads(plan->graph);
    if (plan->heads.n == 0) {
        plan->target = "heads";
        return;
    }
    plan->target = plan->heads.n == 1 ? plan->heads.v[0]->id : "heads";
    if (plan->heads.n == 1 || strcmp(env->target, "heads") == 0)
        return;
    problem = errs_new(&plan->problems);
    err_set(problem, ERR_REFUSED, "the project has %zu heads", plan->heads.n);
    for (size_t i = 0; i < plan->heads.n; i++)
        err_detail(problem, "%s  %s", plan->heads.v[i]->id,
                   revision_short_doc(graph_arena(plan->graph), plan->heads.v[i]));
    err_hint(problem,
             "Merge them (alembic merge heads), or set target = \"heads\" for this environment.");
}

int plan_make(struct services *services, struct db *db, struct plan *plan, struct err *err)
{
    const struct conf *conf = services->conf;
    auto_strvec struct strvec rows = {0};
    struct err order = ERR_INIT;
    bool exists;

    *plan = (struct plan){.target = "heads"};
    if (versions_read(db, conf->version_table_schema, conf->version_table, &rows, &exists, err) !=
        0)
        return -1;
    plan->row_ids = arena_list(services->arena, &rows);
    if (engine_graph(services, &plan->graph, &plan->problems) != 0)
        return 0;
    if (rows_check(plan->graph, (const char *const *)plan->row_ids, &plan->rows,
                   &plan->problems) != 0) {
        choose_target(services->env, plan);
        return 0;
    }
    choose_target(services->env, plan);
    if (order_upgrade(plan->graph, plan->rows, plan->heads, &plan->pending, &order) != 0)
        *errs_new(&plan->problems) = order;
    return 0;
}

void plan_sql(struct services *services, struct plan *plan)
{
    struct arena *arena = services->arena;
    struct err err = ERR_INIT;
    auto_buf struct buf sql = {0};
    const char *from = plan->rows.n == 0 ? "base" : plan->rows.v[0]->id;

    plan->atomic = engine_is_atomic(services, plan->pending);
    if (plan->rows.n > 1) {
        plan->no_sql_reason = "the version table has several rows, and SQL can be rendered from "
                              "one revision only";
        return;
    }
    if (engine_sql(services, from, plan->target, &sql, &err) != 0) {
        plan->no_sql_reason = arena_strdup(arena, err.primary);
        log_detail("the SQL of the pending revisions is not known: %s", err.primary);
        return;
    }
    plan->has_sql = true;
    plan->sql = arena_strdup(arena, buf_text(&sql));
    hazard_scan(arena, plan->sql, services->conf->version_table, &plan->hazards,
                &plan->n_hazards);
    plan->lossless = !hazard_any_destroys(plan->hazards, plan->n_hazards);
}

static bool same_order(struct revset a, struct revset b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (strcmp(a.v[i]->id, b.v[i]->id) != 0)
            return false;
    return true;
}

bool plan_equal(const struct plan *a, const struct plan *b)
{
    return lists_equal(a->row_ids, b->row_ids) && strcmp(a->target, b->target) == 0 &&
           same_order(a->pending, b->pending) && a->problems.n == b->problems.n;
}

bool plan_is_current(const struct plan *plan)
{
    return plan->problems.n == 0 && plan->pending.n == 0;
}

void plan_release(struct plan *plan)
{
    errs_release(&plan->problems);
}
