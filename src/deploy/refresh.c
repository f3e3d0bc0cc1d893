/* refresh - see refresh.h. */
#include "deploy/refresh.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "deploy/phases.h"
#include "deploy/refresh_checks.h"
#include "deploy/refresh_fresh.h"
#include "deploy/refresh_keep.h"
#include "deploy/reopen.h"
#include "deploy/restore_run.h"
#include "deploy/stores.h"
#include "pg/salvage.h"
#include "pg/swap.h"

static const char *live_name(const struct run *run)
{
    return db_target_name(run->services->target);
}

/* --- the source ------------------------------------------------------------------------------- */

int refresh_source(struct run *run, const struct env *from, struct refresh *refresh,
                   struct errs *errs)
{
    struct env *stores = arena_alloc(run->arena, sizeof *stores);

    *stores = *from;
    stores->database = run->env->database;
    stores->maintenance_database = run->env->maintenance_database;
    refresh->from = from;
    return services_open(run->arena, run->services->conf, stores, &refresh->source, errs);
}

int refresh_choose(struct refresh *refresh, struct err *err)
{
    if (refresh->snapshot != NULL ||
        stores_newest(refresh->source, NULL, &refresh->snapshot, err) == 0)
        return 0;
    return err_hint(err, "Take one with `deploy-db snapshot %s`.", refresh->from->name);
}

/* --- the fresh database ----------------------------------------------------------------------- */

/* The stores, their keys and the plugin are those of the source, the server and its role ours. */
static int load(struct run *run, struct refresh *refresh, struct db *admin, const char *fresh,
                struct err *err)
{
    struct services *ours = run->services;
    struct services mixed = *ours;
    struct env *env = arena_alloc(run->arena, sizeof *env);
    struct meta meta;
    int rc;

    *env = *ours->env;
    env->snapshot.recipients = refresh->source->env->snapshot.recipients;
    env->snapshot.identity = refresh->source->env->snapshot.identity;
    mixed.env = env;
    mixed.snapshot = refresh->source->snapshot;
    mixed.stores = refresh->source->stores;
    mixed.n_stores = refresh->source->n_stores;
    run->services = &mixed;
    run->filter = &refresh->filter;
    rc = restore_load(run, admin, NULL, refresh->snapshot, fresh, &meta, err);
    run->filter = NULL;
    run->services = ours;
    return rc;
}

/* The tables that `restore --table` has made in the source hold rows that no mask has seen: they came
 * without their rows where the plugin can do that, and go. */
static int drop_salvaged(struct run *run, const char *fresh, struct err *err)
{
    const char **list = NULL;
    struct db *db = NULL;
    size_t n = 0;
    int rc = db_open(run->services->target, fresh, DB_WRITE, &db, err);

    if (rc == 0)
        rc = salvage_list(db, run->arena, &list, &n, err);
    if (rc == 0)
        rc = salvage_drop(db, list, n, err);
    db_close(db);
    if (rc == 0 && n > 0)
        log_info("%zu table%s of `restore --table` left out", n, n == 1 ? "" : "s");
    return rc;
}

/* Make it, and make it ready; on failure nothing of it is left. */
static int build(struct run *run, struct refresh *refresh, struct db *admin, const char *fresh,
                 struct err *err)
{
    if (load(run, refresh, admin, fresh, err) != 0)
        return -1;
    if (drop_salvaged(run, fresh, err) == 0 && refresh_keep_history(run, fresh, err) == 0 &&
        restore_enter(run, fresh, RESTORE_EXCHANGE, err) == 0 && refresh_fresh(run, fresh, err) == 0)
        return 0;
    restore_drop(run, fresh, err);
    return -1;
}

/* --- in the live one's place ------------------------------------------------------------------ */

static enum err_code replace(struct run *run, struct refresh *refresh, struct db *admin,
                             const char *fresh, struct err *err)
{
    if (build(run, refresh, admin, fresh, err) != 0)
        return ERR_PREPARE;
    if (restore_swap(run, admin, fresh, restore_run_aside(run), err) == 0)
        return ERR_NONE;
    if (run->exchange_unknown)
        return ERR_OPERATOR;
    if (run->kept_database == NULL) {
        restore_drop(run, fresh, err);
        return ERR_PREPARE;
    }
    run_warn(run, "%s", err->primary);
    err_clear(err);
    return ERR_NONE;
}

static enum err_code adopt(struct run *run, struct refresh *refresh, struct db *admin,
                           const char *fresh, struct err *err)
{
    if (build(run, refresh, admin, fresh, err) != 0)
        return ERR_PREPARE;
    if (journal_note(run->journal, "adopt", live_name(run), err) != 0) {
        restore_drop(run, fresh, err);
        return ERR_PREPARE;
    }
    if (restore_adopt(run, admin, fresh, live_name(run), err) != 0)
        return run->exchange_unknown ? ERR_OPERATOR : ERR_PREPARE;
    if (run_connect(run, 0, err) != 0) {
        run_warn(run, "%s", err->primary);
        err_clear(err);
    }
    return ERR_NONE;
}

/* --- all of it -------------------------------------------------------------------------------- */

static enum err_code check(struct run *run, struct refresh *refresh, struct err *err)
{
    struct errs problems = {0};
    enum err_code status = ERR_NONE;

    refresh_checks(run, refresh, &problems);
    if (problems.n > 0) {
        phases_join(&problems, "the refresh is refused", err);
        status = err->code;
    }
    errs_release(&problems);
    if (status != ERR_NONE)
        return status;
    run->snapshot = refresh->snapshot;
    return run_phase(run, "refresh", true, err) == 0 &&
                   journal_note(run->journal, "from", refresh->from->name, err) == 0 &&
                   (run->db == NULL || run_enter_ledger(run, run->db, err) == 0)
               ? ERR_NONE
               : ERR_PREPARE;
}

/* The lock in the live database, or, where there is none, the one in the maintenance database. */
static enum err_code stand(struct run *run, bool exists, struct dblock **swap, struct err *err)
{
    int rc;

    if (!exists)
        rc = dblock_take_swap(run->services->target, run->env->maintenance_database, run->id, swap,
                              err);
    else if ((rc = reopen_connect(run, err)) == 0 && (rc = lock_phase(run, err)) == 0 &&
             run->lock == NULL)
        rc = err_set(err, ERR_REFUSED, "a pooler in transaction mode stands before database \"%s\"",
                     live_name(run));
    return rc == 0 ? ERR_NONE : err->code == ERR_BUSY ? ERR_BUSY : ERR_REFUSED;
}

static enum err_code refresh_with(struct run *run, struct refresh *refresh, struct db *admin,
                                  struct err *err)
{
    const char *fresh = restore_fresh(run, live_name(run));
    struct dblock *swap = NULL;
    enum err_code status;
    bool exists;

    if (swap_exists(admin, live_name(run), &exists, err) != 0)
        return ERR_REFUSED;
    status = stand(run, exists, &swap, err);
    if (status == ERR_NONE)
        status = check(run, refresh, err);
    if (status == ERR_NONE)
        restore_sweep(run, admin, live_name(run));
    if (status == ERR_NONE)
        status = exists ? replace(run, refresh, admin, fresh, err)
                        : adopt(run, refresh, admin, fresh, err);
    dblock_free(swap);
    return status;
}

enum err_code refresh_run(struct run *run, struct refresh *refresh, struct err *err)
{
    struct db *admin = NULL;
    enum err_code status;

    if (run_open_journal(run, err) != 0) {
        err_as(err, ERR_PREPARE);
        return ERR_PREPARE;
    }
    status = restore_admin(run->services, &admin, err) == 0
                 ? refresh_with(run, refresh, admin, err)
                 : ERR_REFUSED;
    db_close(admin);
    err_as(err, status);
    if (status == ERR_OPERATOR)
        return status; /* unfinished: recover finds out */
    if (status == ERR_NONE) {
        run->in_ledger = run->db != NULL; /* restore_enter put it into what is live now */
        restore_run_close_others(run);
        if (run->db != NULL)
            finish_keep_expected(run);
        refresh_keep_drop(run, &refresh->dropped);
    }
    return (enum err_code)run_end(run, (int)status,
                                  status == ERR_NONE ? "refreshed" : err->primary);
}
