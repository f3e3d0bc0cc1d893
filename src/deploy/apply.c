/*
 * apply - the engine runs the pending revisions, up or down; a stamp changes the version rows alone
 * (phases.h). From its first statement on, the database is not as before: THE POINT OF NO RETURN.
 */
#include "deploy/phases.h"

#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "deploy/engine.h"
#include "deploy/lists.h"
#include "deploy/prove.h"
#include "deploy/recover.h"
#include "deploy/record.h"
#include "pg/versions_change.h"

/* An engine that takes steps reads their files when it runs them, and a snapshot takes its time: what they
 * say must still be what preflight has judged. */
static int check_files(struct run *run, struct err *err)
{
    const struct plan *plan = &run->plan;
    auto_buf struct buf sql = {0};

    if (!plan->has_sql || !engine_takes_steps(run->services))
        return 0;
    if (engine_sql(run->services, &plan->path, plan->rows, plan->has_table, &sql, err) != 0)
        return err_as(err, ERR_PREPARE);
    if (strcmp(buf_text(&sql), plan->sql) == 0)
        return 0;
    err_set(err, ERR_PREPARE, "the revision files have changed since preflight");
    return err_hint(err, "Leave the project alone while a deployment runs; deploy again.");
}

/* The last look before the point of no return: we hold the lock, and the rows are those of the plan.
 * What is seen here is what every way back is proven against. */
static int last_look(struct run *run, struct err *err)
{
    if (run->lock != NULL && dblock_check(run->lock, err) != 0)
        return -1;
    if (run_observe(run, &run->before, err) != 0)
        return -1;
    if (!lists_equal(run->plan.row_ids, run->before.rows)) {
        err_set(err, ERR_PREPARE, "the version rows have changed since preflight");
        return err_hint(err, "Somebody else migrates this database; deploy again when that is over.");
    }
    if ((run->snapshot != NULL && strcmp(run->snapshot_fingerprint, run->before.fingerprint) != 0) ||
        (run->clone != NULL && strcmp(run->clone_fingerprint, run->before.fingerprint) != 0)) {
        err_set(err, ERR_PREPARE, "the catalog has changed since the snapshot");
        return err_hint(err, "A hook that changes the schema must come before \"snapshot\" in "
                             "hooks.pre_deploy.");
    }
    if (check_files(run, err) != 0)
        return -1;
    if (cancel_requested())
        return err_set(err, ERR_PREPARE, "stopped on request before anything was changed");
    return record_write(run, err);
}

/* The rows alone, in one transaction. */
static int stamp(struct run *run, struct err *err)
{
    const struct conf *conf = run->services->conf;
    const struct goal_step *step = run->plan.path.steps;
    struct versions_change *changes = arena_alloc(run->arena, step->n_changes * sizeof *changes);

    for (size_t i = 0; i < step->n_changes; i++)
        changes[i] = (struct versions_change){step->changes[i].from, step->changes[i].to};
    return versions_change_rows(run->db, conf->version_table_schema, conf->version_table,
                                run->before.rows, changes, step->n_changes, err);
}

/* The answer to the last COMMIT may be lost with the connection. An engine that takes steps changes the
 * rows in the transaction that runs the last of them: they tell. */
static bool is_committed(struct run *run)
{
    struct err ignored = ERR_INIT;
    bool is = engine_takes_steps(run->services) &&
              !lists_equal(run->planned, run->before.rows) && recover_stand(run, &ignored) == 0 &&
              prove_planned(run, &ignored) == 0;

    err_clear(&ignored);
    return is;
}

static int migrate(struct run *run, struct err *err)
{
    const char *verb = run->plan.path.is_downgrade ? "undoing" : "applying";
    size_t n = run->plan.pending.n;

    for (int attempt = 1;; attempt++) {
        struct err failure = ERR_INIT, proof = ERR_INIT;

        log_info("%s %zu revision%s", verb, n, n == 1 ? "" : "s");
        if (engine_run(run->services, &run->plan.path, &failure) == 0)
            return 0;
        if (!engine_is_lock_timeout(&failure) || attempt > run->env->apply.retries || cancel_requested() ||
            !prove_rolled_back(run, &proof)) {
            if (is_committed(run)) {
                log_warning("%s; all of it is committed", failure.primary);
                return 0;
            }
            *err = failure;
            return -1;
        }
        log_warning("%s; nothing was changed, attempt %d of %d follows", failure.primary,
                    attempt + 1, run->env->apply.retries + 1);
        engine_pause(attempt);
    }
}

int apply_phase(struct run *run, struct err *err)
{
    int64_t started;
    char span[32];

    if (last_look(run, err) != 0)
        return -1;
    cancel_on_second("deploy-db: migrations are running; the run stops and recovers as soon as the "
                     "command has ended (kill -9 leaves an unfinished run for `deploy-db recover`)\n");
    run->touched = true;
    run->services->steps = run->plan.pending.n;
    started = clock_mono_ms();
    if ((run->goal.kind == GOAL_STAMP ? stamp(run, err) : migrate(run, err)) != 0)
        return -1;
    run->apply_ms = clock_mono_ms() - started;
    if (FAULT("apply.middle"))
        return err_set(err, ERR_INTERNAL, "fault point apply.middle");
    if (run->goal.kind != GOAL_STAMP)
        log_info("%s %zu revision%s in %s", run->plan.path.is_downgrade ? "undid" : "applied",
                 run->plan.pending.n, run->plan.pending.n == 1 ? "" : "s",
                 clock_span(run->apply_ms, span));
    return 0;
}
