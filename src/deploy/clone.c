/* clone - see clone.h. */
#include "deploy/clone.h"

#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/progress.h"
#include "deploy/clone_left.h"
#include "deploy/lists.h"
#include "deploy/prove.h"
#include "deploy/restore.h"
#include "pg/dbprops.h"
#include "pg/ledger.h"
#include "pg/swap.h"
#include "pg/versions.h"

enum { SERVER_WAIT_MS = 30 * 1000, RECONNECT_MS = 15 * 1000, LOCK_MS = 10 * 1000, PAUSE_MS = 500 };

static const char *live_name(const struct run *run)
{
    return db_target_name(run->services->target);
}

bool clone_wanted(const struct run *run)
{
    return run->services->clone.plugin != NULL && run->with_hooks &&
           lists_has((char *const *)run->env->hooks.pre_deploy, "snapshot");
}

/* --- back among the others ------------------------------------------------------------------------- */

/* In a session of its own, as soon as there is a server: what was copying may have lost the one before, and
 * what it was making goes only when its own session has ended. */
static int open_live(struct run *run, struct err *err)
{
    const int64_t deadline = clock_mono_ms() + SERVER_WAIT_MS;

    for (;;) {
        struct err attempt = ERR_INIT;
        struct db *admin = NULL;
        const bool is_over = FAULT("clone.open");
        int rc = is_over ? err_set(&attempt, ERR_OPERATOR, "fault point clone.open")
                         : restore_admin(run->services, &admin, &attempt);

        if (rc == 0)
            rc = versions_disconnect(admin, run->id, &attempt);
        if (rc == 0)
            rc = swap_open(admin, live_name(run), &attempt);
        db_close(admin);
        if (rc == 0)
            return 0;
        if (is_over || clock_mono_ms() >= deadline) {
            run->closed = true;
            err_set(err, ERR_OPERATOR, "database \"%s\" is closed to connections: %s", live_name(run),
                    attempt.primary);
            err_as(err, ERR_OPERATOR);
            return err_hint(err, "`deploy-db recover %s` opens it again.", run->env->name);
        }
        log_detail("%s; trying again", attempt.primary);
        clock_sleep_ms(PAUSE_MS);
    }
}

/* The session, the lock, and the row that says that the run goes on. */
static int rejoin(struct run *run, struct err *err)
{
    struct ledger_run row = {0};
    bool found = false;

    if (run_connect(run, RECONNECT_MS, err) != 0)
        return -1;
    if (run->lock == NULL &&
        dblock_take(run->services->target, run->id, LOCK_MS, &run->lock, err) != 0)
        return err_wrap(err, "the deployment lock could not be taken again");
    if (ledger_find(run->db, run->arena, run->id, &row, &found, err) != 0)
        return -1;
    if (!found || row.ended != NULL)
        return err_set(err, ERR_PREPARE, "another run has ended this one meanwhile");
    return 0;
}

/* --- taking ---------------------------------------------------------------------------------------- */

/* What the copy will be, seen by the only session that is left. */
static int look(struct run *run, struct dbprops *props, struct err *err)
{
    struct run alone = *run;
    struct before seen = {0};

    alone.db = dblock_session(run->lock);
    if (run_observe(&alone, &seen, err) != 0 || dbprops_read(alone.db, run->arena, props, err) != 0)
        return -1;
    if (!lists_equal(run->plan.row_ids, seen.rows))
        return err_set(err, ERR_PREPARE, "the version rows have changed since preflight");
    run->clone_fingerprint = arena_strdup(run->arena, seen.fingerprint);
    return 0;
}

static int copy(struct run *run, const char *name, struct err *err)
{
    struct services *services = run->services;
    struct ddb_call call = services_begin(services, &services->clone, err);
    int rc = services->clone.plugin->snapshot.clone(&call, live_name(run), name,
                                                    run->env->maintenance_database);

    progress_end();
    return services_end(&call, rc, "clone", ERR_PREPARE);
}

/* Nobody is connected but the lock's session, which then goes too. */
static int copy_closed(struct run *run, struct db *admin, const char *name, struct err *err)
{
    struct dbprops props = {0};

    if (FAULT("clone.closed"))
        return err_set(err, ERR_PREPARE, "fault point clone.closed");
    if (look(run, &props, err) != 0)
        return -1;
    dblock_free(run->lock);
    run->lock = NULL;
    if (copy(run, name, err) != 0)
        return -1;
    if (FAULT("clone.copied"))
        return err_set(err, ERR_PREPARE, "fault point clone.copied");
    return swap_properties(admin, name, &props, err);
}

static void drop(struct run *run, const char *name, struct err *err)
{
    restore_drop(run, name, err); /* in a session of its own, whatever was pressed */
    run->clone = NULL;
}

/* From the moment when the database is closed to the one when we are back in it. Nobody can take the
 * lock of this run in between: it is let go of when nobody can connect, and whoever takes it afterwards finds
 * the one in the maintenance database taken. */
static int take_locked(struct run *run, struct db *admin, const char *name, struct err *err)
{
    const int keep = db_pid(dblock_session(run->lock));
    bool closed;
    int rc;

    db_close(run->db);
    run->db = NULL;
    rc = swap_close(admin, live_name(run), keep, err);
    closed = rc == 0;
    if (rc == 0)
        rc = copy_closed(run, admin, name, err);
    cancel_mask(true);
    if (open_live(run, err) != 0) {
        rc = -1;
    } else {
        if (closed && FAULT("clone.opened"))
            rc = err_set(err, ERR_PREPARE, "fault point clone.opened");
        if (rejoin(run, err) != 0)
            rc = -1;
    }
    if (rc != 0 && !run->closed)
        drop(run, name, err);
    cancel_mask(false);
    return rc;
}

static void drop_mark(struct run *run, const char *mark)
{
    struct err later = ERR_INIT;

    restore_drop(run, mark, &later);
    if (later.detail[0] != '\0')
        run_warn(run, "%s", later.detail);
}

static int take(struct run *run, struct db *admin, const char *name, struct err *err)
{
    const char *mark = clone_left_mark(run->services, run->id);
    const struct dbprops nothing = {0};
    struct dblock *swap = NULL;
    int64_t started;
    char span[32], bytes[32];
    int rc;

    if (dblock_take_swap(run->services->target, run->env->maintenance_database, run->id, &swap, err) !=
        0)
        return -1;
    dblock_step(swap, "copying");
    log_info("copying database \"%s\" (%s): all other connections to it are cut", live_name(run),
             size_text(run->database_bytes, bytes));
    rc = swap_create(admin, mark, &nothing, err);
    started = clock_mono_ms();
    if (rc == 0)
        rc = take_locked(run, admin, name, err);
    clock_span(clock_mono_ms() - started, span);
    dblock_free(swap);
    if (!run->closed)
        drop_mark(run, mark);
    if (rc == 0)
        log_info("copied as \"%s\"; connections were cut for %s", name, span);
    return rc;
}

int clone_take(struct run *run, struct err *err)
{
    const char *name = clone_left_name(run->services, run->id);
    struct db *admin = NULL;
    int rc = journal_note(run->journal, CLONE_NOTE, name, err);

    if (rc == 0)
        rc = restore_admin(run->services, &admin, err);
    if (rc == 0) {
        clone_left_sweep_in(run->services, admin, run->db);
        rc = take(run, admin, name, err);
    }
    db_close(admin);
    if (rc == 0) {
        run->clone = name;
        return 0;
    }
    if (err->code != ERR_BUSY)
        err_as(err, run->closed ? ERR_OPERATOR : ERR_PREPARE);
    return err_wrap(err, "could not copy database \"%s\"", live_name(run));
}

/* --- the way back ---------------------------------------------------------------------------------- */

/* Rows and catalog as this run has found them. */
static int prove(struct run *run, const char *name, struct err *err)
{
    struct run copy = *run;
    int rc;

    copy.db = NULL;
    rc = db_open(run->services->target, name, DB_WRITE, &copy.db, err);
    if (rc == 0)
        rc = prove_contents(&copy, err);
    db_close(copy.db);
    return rc;
}

static void close_again(struct db *admin, const char *name, struct err *err)
{
    struct err later = ERR_INIT;

    if (swap_close(admin, name, 0, &later) != 0)
        err_detail(err, "database \"%s\" is open to connections: %s", name, later.primary);
}

int clone_restore(struct run *run, struct db *admin, const char *aside, struct err *err)
{
    bool exists = false;

    if (swap_exists(admin, run->clone, &exists, err) != 0)
        return -1;
    if (!exists)
        return err_set(err, ERR_OPERATOR, "database \"%s\", the copy of before, is gone", run->clone);
    log_info("putting \"%s\", the copy of before, in place", run->clone);
    if (swap_open(admin, run->clone, err) != 0)
        return -1;
    if (FAULT("recover.clone"))
        err_set(err, ERR_OPERATOR, "fault point recover.clone");
    else if (prove(run, run->clone, err) == 0 && restore_enter(run, run->clone, "recover", err) == 0 &&
             restore_swap(run, admin, run->clone, aside, err) == 0)
        return 0;
    if (run->kept_database == NULL && !run->exchange_unknown)
        close_again(admin, run->clone, err);
    return err_wrap(err, "could not put database \"%s\" in place", run->clone);
}

/* --- its end --------------------------------------------------------------------------------------- */

void clone_end(struct run *run)
{
    struct err err = ERR_INIT;
    const char *name = run->clone;

    if (name == NULL)
        return;
    drop(run, name, &err);
    if (err.detail[0] != '\0')
        run_warn(run, "%s", err.detail);
    (void)FAULT("end.clone");
}
