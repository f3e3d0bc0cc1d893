/* recover - see recover.h. */
#include "deploy/recover.h"

#include <string.h>

#include "base/cancel.h"
#include "base/fault.h"
#include "base/log.h"
#include "deploy/clone.h"
#include "deploy/engine.h"
#include "deploy/lists.h"
#include "deploy/phases.h"
#include "deploy/prove.h"
#include "deploy/restore.h"
#include "pg/ledger.h"
#include "pg/swap.h"
#include "pg/versions.h"
#include "pg/versions_change.h"
#include "revision/rows.h"

enum { OBSERVE_LOCK_MS = 120 * 1000 };

static const char LOCK_NOT_AVAILABLE[] = "55P03"; /* SQLSTATE of a lock timeout */

int recover_rows_are_ours(struct run *run, struct err *err)
{
    const struct conf *conf = run->services->conf;
    auto_strvec struct strvec rows = {0};
    bool exists;

    if (versions_read(run->db, conf->version_table_schema, conf->version_table, &rows, &exists,
                      err) != 0)
        return -1;
    for (size_t i = 0; i < rows.n; i++)
        if (!lists_has(run->before.rows, rows.v[i]) && !lists_has(run->pending, rows.v[i]) &&
            !lists_has(run->planned, rows.v[i])) {
            err_set(err, ERR_OPERATOR, "revision %s was applied after run %s, so nothing is undone",
                    rows.v[i], run->id);
            return err_hint(err, "Decide by hand; `deploy-db status %s` shows where it stands.",
                            run->env->name);
        }
    return 0;
}

/* One transaction that failed has left nothing, and no row tells of more. */
static bool is_untouched(struct run *run)
{
    const struct conf *conf = run->services->conf;
    auto_strvec struct strvec rows = {0};
    struct err ignored = ERR_INIT;
    bool exists;
    int rc = versions_read(run->db, conf->version_table_schema, conf->version_table, &rows, &exists,
                           &ignored);

    err_clear(&ignored);
    for (size_t i = 0; i < rows.n; i++)
        if (!lists_has(run->before.rows, rows.v[i]) &&
            (lists_has(run->pending, rows.v[i]) || lists_has(run->planned, rows.v[i])))
            return false;
    return rc == 0 && run->atomic;
}

/* --- the rungs ---------------------------------------------------------------------------------------- */

static int rung_transaction(struct run *run, struct err *err)
{
    struct err forgetting = ERR_INIT;

    if (!prove_rolled_back(run, err))
        return -1;
    if (engine_settle(run->services, true, &forgetting) != 0)
        run_warn(run, "what the engine has recorded of this run could not be cleared away: %s",
                 forgetting.primary);
    return 0;
}

/* One downgrade from the rows as they are now. */
static int step_down(struct run *run, const char *target, struct err *err)
{
    const struct conf *conf = run->services->conf;
    const char *const targets[] = {target, NULL};
    const struct goal goal = {.kind = GOAL_DOWNGRADE, .targets = targets};
    struct goal_path path = {.target = target, .is_downgrade = true};
    auto_strvec struct strvec ids = {0};
    struct errs problems = {0};
    struct revset rows;
    bool exists;
    int rc = 0;

    log_info("downgrading to %s", target);
    if (engine_takes_steps(run->services)) {
        if (versions_read(run->db, conf->version_table_schema, conf->version_table, &ids, &exists,
                          err) != 0)
            return -1;
        if (rows_check(run->plan.graph, (const char *const *)arena_list(run->arena, &ids), &rows,
                       &problems) != 0)
            rc = phases_join(&problems, "the version rows cannot be understood", err);
        else
            rc = goal_path(run->plan.graph, &goal, rows, NULL, &path, err);
        errs_release(&problems);
    }
    return rc == 0 ? engine_run(run->services, &path, err) : -1;
}

/* What half-applied revisions left; there is no ${target}. */
static int settle_halves(struct run *run, const char *target, struct err *err)
{
    (void)target;
    return engine_settle(run->services, false, err);
}

/* On the way down as on the way up: who holds a lock is waited for. The next rung would cut them off, and
 * cost what they have written since the snapshot. */
static int persist(struct run *run, int (*act)(struct run *run, const char *target, struct err *err),
                   const char *target, struct err *err)
{
    for (int attempt = 1;; attempt++) {
        if (act(run, target, err) == 0)
            return 0;
        if (!engine_is_lock_timeout(err) || attempt > run->env->apply.retries)
            return -1;
        log_warning("%s; attempt %d of %d follows", err->primary, attempt + 1,
                    run->env->apply.retries + 1);
        err_clear(err);
        engine_pause(attempt);
    }
}

/* Where to go down to, newest first: below each pending revision that stands on none. With several of
 * these, CHILD@PARENT keeps a parent's other children, which were there before. */
static int downgrade_targets(const struct run *run, struct strvec *targets, struct err *err)
{
    const struct revision *only = NULL;
    size_t n = 0;

    while (run->pending[n] != NULL)
        n++;
    while (n-- > 0) {
        const struct revision *revision =
            run->plan.graph == NULL ? NULL : graph_find(run->plan.graph, run->pending[n]);

        if (revision == NULL)
            return err_set(err, ERR_OPERATOR, "revision %s is not in the project any more",
                           run->pending[n]);
        if (revision->down.n > 0 && lists_has(run->pending, revision->down.v[0]->id))
            continue;
        only = targets->n == 0 ? revision : NULL;
        strvec_pushf(targets, "%s@%s", revision->id,
                     revision->down.n == 0 ? "base" : revision->down.v[0]->id);
    }
    if (only == NULL || run->before.rows[0] == NULL || run->before.rows[1] == NULL) {
        if (targets->n != 1 || only == NULL)
            return 0;
        strvec_release(targets);
        strvec_push(targets, only->down.n == 0 ? "base" : only->down.v[0]->id);
    }
    return 0;
}

/* A stamp has changed the rows alone: they are set back, if they are still what it made of them. */
static int unstamp(struct run *run, struct err *err)
{
    const struct conf *conf = run->services->conf;
    auto_strvec struct strvec ids = {0};
    struct versions_change *changes;
    char **now;
    size_t n_rows = 0, n = 0;
    bool exists;

    if (prove_planned(run, err) != 0 ||
        versions_read(run->db, conf->version_table_schema, conf->version_table, &ids, &exists,
                      err) != 0)
        return -1;
    now = arena_list(run->arena, &ids);
    while (run->before.rows[n_rows] != NULL)
        n_rows++;
    changes = arena_alloc(run->arena, (ids.n + n_rows) * sizeof *changes);
    for (size_t i = 0; i < ids.n; i++)
        if (!lists_has(run->before.rows, now[i]))
            changes[n++] = (struct versions_change){now[i], NULL};
    for (size_t i = 0; i < n_rows; i++)
        if (!lists_has(now, run->before.rows[i]))
            changes[n++] = (struct versions_change){NULL, run->before.rows[i]};
    if (versions_change_rows(run->db, conf->version_table_schema, conf->version_table, now, changes,
                             n, err) != 0)
        return -1;
    return prove_before(run, err);
}

static int rung_downgrade(struct run *run, struct err *err)
{
    auto_strvec struct strvec targets = {0};

    if (run->goal.kind == GOAL_STAMP)
        return unstamp(run, err);
    if (!run->lossless)
        return err_set(err, ERR_OPERATOR, "a downgrade would not bring everything back: %s",
                       run->lossy_reason == NULL || run->lossy_reason[0] == '\0' ? "what the migrations do is not known"
                                                 : run->lossy_reason);
    if (run->back_reason != NULL && run->back_reason[0] != '\0')
        return err_set(err, ERR_OPERATOR, "a downgrade would not bring everything back: %s",
                       run->back_reason);
    if (run->goal.kind == GOAL_DOWNGRADE) /* no more than the engine can take back of a step */
        return persist(run, settle_halves, NULL, err) == 0 ? prove_before(run, err) : -1;
    if (!engine_can_downgrade(run->services))
        return err_set(err, ERR_OPERATOR, "the engine cannot downgrade");
    if (downgrade_targets(run, &targets, err) != 0 || persist(run, settle_halves, NULL, err) != 0)
        return -1;
    for (size_t i = 0; i < targets.n; i++) {
        if (persist(run, step_down, targets.v[i], err) != 0)
            return -1;
        if (FAULT("recover.downgraded"))
            return err_set(err, ERR_OPERATOR, "fault point recover.downgraded");
    }
    return prove_before(run, err);
}

static bool has_snapshot(const struct run *run)
{
    return run->snapshot != NULL || run->clone != NULL;
}

static const char *failed_name(const struct run *run)
{
    return swap_name(run->arena, db_target_name(run->services->target), "failed", run->id);
}

/* The restored database stands in the live one's place: it is as at the snapshot. */
static int settle(struct run *run, struct err *err)
{
    run->kept_database = failed_name(run);
    run->in_ledger = true;
    return prove_contents(run, err);
}

/* From the snapshot in a store. */
static int restore_file(struct run *run, struct db *admin, struct err *err)
{
    const char *fresh = restore_fresh(run, db_target_name(run->services->target));
    struct meta meta;

    if (restore_load(run, admin, run->store, run->snapshot, fresh, &meta, err) != 0)
        return -1;
    if (restore_enter(run, fresh, "recover", err) != 0 ||
        restore_swap(run, admin, fresh, failed_name(run), err) != 0) {
        if (run->kept_database == NULL && !run->exchange_unknown)
            restore_drop(run, fresh, err);
        return err_wrap(err, "could not put the restored database in place");
    }
    return settle(run, err);
}

/* The fastest first: the copy that is there already, then the snapshot in a store. */
static int restore_now(struct run *run, struct db *admin, struct err *err)
{
    if (run->clone != NULL) {
        if (clone_restore(run, admin, failed_name(run), err) == 0)
            return settle(run, err);
        if (run->kept_database != NULL || run->exchange_unknown || run->snapshot == NULL ||
            !run->may_restore)
            return -1;
        run_warn(run, "%s; the snapshot is restored instead", err->primary);
        err_clear(err);
    }
    return restore_file(run, admin, err);
}

static int rung_restore(struct run *run, struct err *err)
{
    struct db *admin = NULL;
    bool swapped = false;
    int rc = -1;

    if (!has_snapshot(run))
        return err_set(err, ERR_OPERATOR, "there is no snapshot of this run");
    if (!run->may_restore && run->clone == NULL) /* what a copy needs, its making has needed too */
        return err_set(err, ERR_OPERATOR, "no automatic restore: %s",
                       run->no_restore_reason == NULL ? "this role may not swap databases"
                                                      : run->no_restore_reason);
    if (restore_admin(run->services, &admin, err) != 0)
        return -1;
    if (swap_exists(admin, failed_name(run), &swapped, err) == 0)
        rc = swapped ? settle(run, err) : restore_now(run, admin, err);
    db_close(admin);
    return rc;
}

static const struct {
    enum conf_rung rung;
    const char *name;
    int (*run)(struct run *run, struct err *err);
    enum err_code status;
} rungs[] = {
    {RUNG_TRANSACTION, "transaction", rung_transaction, ERR_ROLLED_BACK},
    {RUNG_DOWNGRADE, "downgrade", rung_downgrade, ERR_ROLLED_BACK},
    {RUNG_RESTORE, "restore", rung_restore, ERR_RESTORED},
};

/* Whether the exchange of a restore has happened before: only its proof is missing then. -1 when that
 * cannot be asked. */
static int is_restored(struct run *run, bool *restored, struct err *err)
{
    struct db *admin = NULL;
    int rc;

    *restored = false;
    if (!has_snapshot(run) || (!run->may_restore && run->clone == NULL))
        return 0;
    rc = restore_admin(run->services, &admin, err);
    if (rc == 0)
        rc = swap_exists(admin, failed_name(run), restored, err);
    db_close(admin);
    return rc;
}

static enum err_code give_up(const struct run *run, struct err *err)
{
    const char *what = run->snapshot != NULL ? "; the snapshot is " : run->clone != NULL ? "; the copy is " : "";
    const char *name = run->snapshot != NULL ? run->snapshot : run->clone != NULL ? run->clone : "";

    if (!has_snapshot(run) && !run->lossless)
        err_hint(err, "Look at the database, then run `deploy-db recover %s` again.",
                 run->env->name);
    else
        err_hint(err, "Nothing was thrown away%s%s. Look at the database, then run `deploy-db "
                      "recover %s` again.",
                 what, name, run->env->name);
    return ERR_OPERATOR;
}

/* 0: proven; 1: not this way; -1: nobody can say, because the catalog could not be read for a lock. */
static int try_rung(struct run *run, size_t r, struct err *err)
{
    struct err reason = ERR_INIT;

    log_detail("recovery: trying %s", rungs[r].name);
    if (rungs[r].run(run, &reason) == 0) {
        run->recovered_by = rungs[r].name;
        return 0;
    }
    log_info("recovery by %s is not possible: %s", rungs[r].name, reason.primary);
    err_detail(err, "%s: %s", rungs[r].name, reason.primary);
    if (reason.detail[0] != '\0')
        err_detail(err, "%s", reason.detail);
    return strcmp(reason.sqlstate, LOCK_NOT_AVAILABLE) == 0 ? -1 : 1;
}

static enum err_code climb(struct run *run, struct err *err)
{
    err_set(err, ERR_OPERATOR, "no way back was found");
    for (size_t i = 0; i < run->env->n_recover; i++)
        for (size_t r = 0; r < sizeof rungs / sizeof *rungs; r++) {
            bool restored;
            int rc;

            if (rungs[r].rung != run->env->recover[i])
                continue;
            if ((run->db == NULL || !db_alive(run->db)) && recover_stand(run, err) != 0)
                return give_up(run, err);
            if (is_restored(run, &restored, err) != 0)
                return give_up(run, err);
            if (restored && rungs[r].rung != RUNG_RESTORE)
                continue;
            rc = try_rung(run, r, err);
            if (rc > 0 && (run->db == NULL || !db_alive(run->db))) {
                if (recover_stand(run, err) != 0)
                    return give_up(run, err);
                rc = try_rung(run, r, err); /* it was the connection that was lost */
            }
            if (rc < 0)
                return give_up(run, err);
            if (rc == 0) {
                err_clear(err);
                return rungs[r].status;
            }
        }
    return give_up(run, err);
}

enum err_code recover_ladder(struct run *run, struct err *err)
{
    enum err_code status = ERR_OPERATOR;
    struct err ignored = ERR_INIT;

    cancel_mask(true);
    run->services->steps = 0;
    run->services->recovering = true;
    if (run->db != NULL && db_timeouts(run->db, OBSERVE_LOCK_MS, 0, &ignored) != 0)
        log_detail("%s", ignored.primary);
    err_clear(&ignored);
    if (run_phase(run, "recover", true, &ignored) != 0)
        log_warning("%s", ignored.primary);
    if (recover_stand(run, err) == 0 &&
        (!is_untouched(run) || recover_rows_are_ours(run, err) == 0))
        status = climb(run, err);
    else
        err_as(err, ERR_OPERATOR);
    err_clear(&ignored);
    if (run_phase(run, "recover", false, &ignored) != 0)
        log_warning("%s", ignored.primary);
    run->services->recovering = false;
    cancel_mask(false);
    return status;
}
