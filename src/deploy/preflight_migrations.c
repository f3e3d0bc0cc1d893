/* preflight_migrations - see preflight_migrations.h. */
#include "deploy/preflight_migrations.h"

#include <string.h>

#include "base/fs.h"
#include "base/log.h"
#include "deploy/engine.h"
#include "deploy/phases.h"
#include "pg/drift.h"
#include "pg/foreign.h"

enum { SHOWN_DRIFT = 10 };

static void refuse(struct checking *c, struct err *err)
{
    err_as(err, ERR_REFUSED);
    *errs_new(c->problems) = *err;
}

/* The project's own command must arrive where the snapshot is taken. */
void preflight_migrations_identity(struct checking *c)
{
    struct run *run = c->run;
    struct ddb_identity theirs;
    char cluster[32], oid[16];
    struct err err = ERR_INIT;
    struct err *problem;
    bool supported;

    if (engine_identify(run->services, &theirs, &supported, &err) != 0) {
        run_warn(run, "could not find out which database the project's command reaches: %s",
                 err.primary);
        return;
    }
    if (!supported)
        return;
    if (db_identity(run->db, cluster, oid, &err) != 0) {
        refuse(c, &err);
        return;
    }
    if (strcmp(theirs.database_oid, oid) == 0 &&
        (theirs.system_identifier[0] == '\0' || cluster[0] == '\0' ||
         strcmp(theirs.system_identifier, cluster) == 0))
        return;
    problem = errs_new(c->problems);
    err_set(problem, ERR_REFUSED, "the project's command reaches another database than environment "
                                  "\"%s\"",
            run->env->name);
    err_detail(problem, "the command: database \"%s\" as \"%s\"", theirs.database, theirs.user);
    err_detail(problem, "the environment: %s", db_target_display(run->services->target));
    err_hint(problem, "Let env.py read DATABASE_URL (engine.url_variable), or correct the "
                      "environment's database.");
}

/* A comparison with the models that cannot be made is better known now than after apply. */
void preflight_migrations_models(struct checking *c)
{
    struct run *run = c->run;
    struct model_difference *list = NULL;
    struct err err = ERR_INIT;
    size_t n = 0;

    if (!verify_wants_models(run) ||
        engine_models(run->services, &list, &n, &err) == 0)
        return;
    err_hint(&err, "Mend it, or set strict.models = false for this environment.");
    if (verify_is_strict(run->env))
        refuse(c, &err);
    else
        run_warn(run, "%s", err.primary);
}

/* Files that are not what they were when they were applied, revisions that are half applied. */
void preflight_migrations_applied(struct checking *c)
{
    struct err err = ERR_INIT;

    if (verify_applied(c->run, c->problems, &err) != 0)
        refuse(c, &err);
}

/* An imported history that was not stamped would begin from nothing. */
void preflight_migrations_foreign(struct checking *c)
{
    struct run *run = c->run;
    struct foreign foreign = {0};

    if (run->plan.row_ids[0] != NULL || run->plan.pending.n == 0)
        return;
    for (int tool = FOREIGN_DBMATE; tool <= FOREIGN_FLYWAY && foreign.n == 0; tool++) {
        struct err ignored = ERR_INIT; /* it is another one's, or cannot be read */

        if (foreign_read(run->db, run->arena, (enum foreign_tool)tool, &foreign, &ignored) != 0)
            foreign.n = 0;
    }
    if (foreign.n > 0)
        run_warn(run, "no revision counts as applied, but another tool's table %s has %zu: "
                      "`deploy-db import` says what to stamp",
                 foreign.table, foreign.n);
}

/* What changed since the last deployment, outside of migrations: worth knowing, not a refusal. */
void preflight_migrations_expected(struct checking *c)
{
    struct run *run = c->run;
    const struct drift_rules rules = {run->env->strict.compare_type,
                                      run->env->strict.compare_server_default};
    struct catalog expected = {0};
    struct drift *list = NULL;
    size_t n = 0;
    struct err err = ERR_INIT;
    auto_buf struct buf text = {0};
    const char *path = verify_expected_path(run);

    if (!run->before.known || !fs_exists(path))
        return;
    if (fs_read(path, 512 << 20, &text, &err) != 0 ||
        catalog_parse(run->arena, buf_text(&text), &expected, &err) != 0) {
        log_detail("the catalog of the last deployment is not used: %s", err.primary);
        return;
    }
    drift_compare(run->arena, &expected, &run->before.catalog, &rules, &list, &n);
    if (n > 0)
        run_warn(run, "%zu difference%s from the catalog of the last deployment", n,
                 n == 1 ? "" : "s");
    for (size_t i = 0; i < n && i < SHOWN_DRIFT; i++)
        log_info("  %s", drift_sentence(run->arena, &list[i]));
}

/* What the pending revisions do, and which ways back there are. */
void preflight_migrations_hazards(struct checking *c)
{
    struct run *run = c->run;
    struct plan *plan = &run->plan;
    struct err err = ERR_INIT;

    if (run->goal.kind == GOAL_STAMP) {
        run->lossless = run->atomic = true;
        return;
    }
    if (plan->problems.n > 0 || plan->pending.n == 0)
        return;
    if (plan_sql(run->services, plan, &err) != 0)
        refuse(c, &err);
    run->lossless = plan->lossless;
    run->atomic = plan->atomic;
    run->lossy_reason = plan->no_sql_reason;
    run->back_reason = plan->back_reason;
    for (size_t i = 0; i < plan->n_hazards; i++) {
        log_info("note: %s", plan->hazards[i].reason);
        if (plan->hazards[i].destroys && run->lossy_reason == NULL)
            run->lossy_reason = plan->hazards[i].reason;
    }
}
