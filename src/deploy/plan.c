/* plan - see plan.h. */
#include "deploy/plan.h"

#include <string.h>

#include "base/log.h"
#include "deploy/engine.h"
#include "deploy/lists.h"
#include "deploy/phases.h"
#include "pg/versions.h"
#include "revision/rows.h"

int plan_graph(struct services *services, struct graph **graph, struct err *err)
{
    struct errs problems = {0};
    int rc = engine_graph(services, graph, &problems);

    if (rc != 0)
        phases_join(&problems, "the project's revisions cannot be read", err);
    errs_release(&problems);
    return rc;
}

/* A deployment goes to all heads only where the environment says so. */
static void check_heads(const struct env *env, struct plan *plan)
{
    struct err *problem;

    if (plan->heads.n <= 1 || strcmp(env->target, "heads") == 0)
        return;
    problem = errs_new(&plan->problems);
    err_set(problem, ERR_REFUSED, "the project has %zu heads", plan->heads.n);
    for (size_t i = 0; i < plan->heads.n; i++)
        err_detail(problem, "%s  %s", plan->heads.v[i]->id,
                   revision_short_doc(graph_arena(plan->graph), plan->heads.v[i]));
    err_hint(problem,
             "Merge them (`deploy-db merge heads`), or set target = \"heads\" for this environment.");
}

/* The way to the goal; what keeps it from being gone is a problem, what cannot be understood an error. */
static int find_path(struct plan *plan, const struct goal *goal, struct err *err)
{
    struct err reason = ERR_INIT;

    if (goal_path(plan->graph, goal, plan->rows, (const char *const *)plan->row_ids, &plan->path,
                  &reason) != 0 &&
        reason.code == ERR_USAGE) {
        *err = reason;
        return -1;
    }
    if (reason.code != ERR_NONE)
        *errs_new(&plan->problems) = reason;
    plan->pending = plan->path.pending;
    plan->target = plan->path.target;
    return 0;
}

void plan_read(struct services *services, struct plan *plan)
{
    *plan = (struct plan){.target = "heads"};
    plan->is_read = engine_graph(services, &plan->graph, &plan->problems) == 0;
}

int plan_rows(const struct services *services, struct db *db, struct plan_rows *rows,
              struct err *err)
{
    return versions_read(db, services->conf->version_table_schema, services->conf->version_table,
                         &rows->ids, &rows->has_table, err);
}

int plan_compare(struct services *services, const struct plan_rows *rows, const struct goal *goal,
                 struct plan *plan, struct err *err)
{
    static const struct goal deployment = {.kind = GOAL_DEPLOY};
    bool known;

    if (goal == NULL)
        goal = &deployment;
    plan->has_table = rows->has_table;
    plan->row_ids = arena_list(services->arena, &rows->ids);
    if (!plan->is_read)
        return 0;
    plan->heads = graph_effective_heads(plan->graph);
    known = goal->purge || rows_check(plan->graph, (const char *const *)plan->row_ids, &plan->rows,
                                      &plan->problems) == 0;
    if (goal->kind == GOAL_DEPLOY)
        check_heads(services->env, plan);
    return known ? find_path(plan, goal, err) : 0;
}

int plan_make(struct services *services, struct db *db, const struct goal *goal, struct plan *plan,
              struct err *err)
{
    struct plan_rows rows = {.has_table = false};
    int rc = plan_rows(services, db, &rows, err);

    plan_read(services, plan);
    if (rc == 0)
        rc = plan_compare(services, &rows, goal, plan, err);
    strvec_release(&rows.ids);
    return rc;
}

/* The SQL that takes the path of ${plan} back. 1: nobody can say. */
static int back_sql(struct services *services, const struct plan *plan, struct buf *sql,
                    struct err *err)
{
    const struct goal_path *path = &plan->path;
    struct goal_path back = {.graph = path->graph, .n_steps = path->n_steps, .is_downgrade = true};

    if (!engine_takes_steps(services)) {
        if (path->planned.n != 1 || plan->rows.n > 1)
            return 1;
        return engine_range_sql(services, true, path->planned.v[0]->id,
                                plan->rows.n == 0 ? "base" : plan->rows.v[0]->id, sql, err) == 0
                   ? 0 : 1;
    }
    back.steps = arena_alloc(services->arena, path->n_steps * sizeof *back.steps);
    for (size_t i = 0; i < path->n_steps; i++)
        back.steps[i].revision = path->steps[path->n_steps - 1 - i].revision;
    return engine_sql(services, &back, plan->rows, true, sql, err);
}

/* What older data the way back of ${plan} would destroy; NULL: none that is known. */
static const char *judge_back(struct services *services, const struct plan *plan)
{
    struct err reason = ERR_INIT;
    auto_buf struct buf sql = {0};
    struct hazard *hazards;
    size_t n;
    int rc = back_sql(services, plan, &sql, &reason);

    if (rc > 0)
        log_detail("the SQL of the way back is not known: %s",
                   reason.code == ERR_NONE ? "there are several branches" : reason.primary);
    if (rc != 0)
        return rc < 0 ? arena_strdup(services->arena, reason.primary) : NULL;
    hazard_scan_back(services->arena, plan->sql, buf_text(&sql), services->conf->version_table,
                     &hazards, &n);
    for (size_t i = 0; i < n; i++)
        if (hazards[i].destroys)
            return arena_printf(services->arena, "the downgrade itself %s", hazards[i].reason);
    return NULL;
}

int plan_sql(struct services *services, struct plan *plan, struct err *err)
{
    struct arena *arena = services->arena;
    struct err reason = ERR_INIT;
    auto_buf struct buf sql = {0};

    plan->atomic = engine_is_atomic(services, &plan->path);
    if (engine_sql(services, &plan->path, plan->rows, plan->has_table, &sql, &reason) != 0) {
        plan->no_sql_reason = arena_strdup(arena, reason.primary);
        log_detail("the SQL of the pending revisions is not known: %s", reason.primary);
        if (!engine_takes_steps(services))
            return 0;
        *err = reason;
        return err_as(err, ERR_REFUSED);
    }
    plan->has_sql = true;
    plan->sql = arena_strdup(arena, buf_text(&sql));
    hazard_scan(arena, plan->sql, services->conf->version_table, &plan->hazards,
                &plan->n_hazards);
    plan->lossless = !hazard_any_destroys(plan->hazards, plan->n_hazards);
    if (plan->lossless && !plan->path.is_downgrade)
        plan->back_reason = judge_back(services, plan);
    return 0;
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
           same_order(a->path.planned, b->path.planned) &&
           same_order(a->pending, b->pending) && a->problems.n == b->problems.n;
}

bool plan_is_current(const struct plan *plan)
{
    return plan->problems.n == 0 && plan->path.n_steps == 0;
}

void plan_release(struct plan *plan)
{
    errs_release(&plan->problems);
}
