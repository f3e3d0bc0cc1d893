/* unfinished - see unfinished.h. */
#include "deploy/unfinished.h"

#include <string.h>

#include "base/log.h"
#include "deploy/phases.h"
#include "deploy/prove.h"
#include "deploy/record.h"
#include "deploy/recover.h"
#include "deploy/restore.h"
#include "deploy/stores.h"
#include "pg/ledger.h"
#include "pg/swap.h"

enum { SERVER_WAIT_MS = 10 * 1000, RECENT_RUNS = 50 };

/* --- finding it ---------------------------------------------------------------------------------------- */

/* An exchange that was cut off leaves the live database closed: let sessions in again. */
static int reopen_live(struct services *services, const struct journal *journal, struct err *err)
{
    const char *live = db_target_name(services->target);
    struct db *admin = NULL;
    bool exists = false, is_open = true;
    int rc = -1;

    if (restore_admin(services, &admin, err) != 0)
        return -1;
    if (swap_exists(admin, live, &exists, err) == 0) {
        rc = 0;
        if (exists)
            rc = swap_is_open(admin, live, &is_open, err);
        if (rc == 0 && !is_open && (journal == NULL || journal_noted(journal, "aside") == NULL)) {
            rc = err_set(err, ERR_OPERATOR, "database \"%s\" is closed to connections", live);
            err_hint(err, "If a restore on another machine was cut off, open it with ALTER DATABASE "
                          "… ALLOW_CONNECTIONS true and run recover again.");
        } else if (rc == 0 && !is_open) {
            log_info("database \"%s\" was left closed by an interrupted restore: opening it", live);
            rc = swap_open(admin, live, err);
        }
    }
    db_close(admin);
    return rc;
}

static int connect_live(struct services *services, const struct journal *journal, struct db **db,
                        struct err *err)
{
    struct err first = ERR_INIT;

    if (db_open(services->target, NULL, DB_WRITE, db, &first) == 0)
        return 0;
    if (reopen_live(services, journal, err) != 0)
        return -1;
    return db_open(services->target, NULL, DB_WRITE, db, err);
}

/* The run in the ledger, as a run of this machine: its journal is here, or begins here. */
static struct run *from_ledger(struct services *services, const struct ledger_run *row,
                               struct err *err)
{
    const char *dir = run_state_dir(services);
    struct journal *journal = NULL;
    struct err absent = ERR_INIT;
    struct run *run;

    if (journal_open(services->arena, dir, row->id, &journal, &absent) != 0) {
        log_info("run %s was begun by %s on %s", row->id, row->who, row->host);
        if (journal_create(services->arena, dir, row->id, row->environment, row->command, row->who,
                           row->host, &journal, err) != 0 ||
            journal_phase(journal, row->phase, true, err) != 0 ||
            journal_record(journal, row->plan, err) != 0)
            return NULL;
    }
    run = run_resume(services, journal);
    run->in_ledger = true;
    return run;
}

/* A run that the database knows to be finished, but whose journal lacks the end. */
static bool ended_in_ledger(struct db *db, struct arena *arena, const char *id, int *status)
{
    struct ledger_run *list = NULL;
    struct err err = ERR_INIT;
    size_t n = 0;

    if (ledger_list(db, arena, RECENT_RUNS, &list, &n, &err) != 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].id, id) == 0 && list[i].ended != NULL) {
            *status = list[i].status;
            return true;
        }
    return false;
}

/* The unfinished run, or NULL (with ${err} when it could not be found out). */
static struct run *find(struct services *services, struct err *err)
{
    struct journal *journal = NULL;
    struct ledger_run row = {0};
    struct db *db = NULL;
    struct run *run = NULL;
    bool found = false;
    int status;

    if (journal_unfinished(services->arena, run_state_dir(services), &journal, err) != 0 ||
        connect_live(services, journal, &db, err) != 0)
        return NULL;
    if (ledger_open(db, services->arena, &row, &found, err) != 0) {
        db_close(db);
        return NULL;
    }
    if (found && strcmp(row.environment, services->env->name) != 0) {
        err_set(err, ERR_REFUSED, "run %s of environment \"%s\" is unfinished in this database",
                row.id, row.environment);
        err_hint(err, "Run `deploy-db recover %s`.", row.environment);
    } else if (found) {
        run = from_ledger(services, &row, err);
    } else if (journal != NULL &&
               ended_in_ledger(db, services->arena, journal_state(journal)->run, &status)) {
        if (journal_end(journal, status, "finished; its journal was cut off", err) == 0)
            log_info("run %s had finished with status %d", journal_state(journal)->run, status);
    } else if (journal != NULL) {
        run = run_resume(services, journal);
    }
    db_close(db);
    return run;
}

/* --- finishing or undoing it ----------------------------------------------------------------------------- */

/* Nothing of the database was changed yet: remove what was begun. */
enum err_code unfinished_discard(struct run *run, struct err *err)
{
    struct err hook = ERR_INIT;

    if (stores_clean(run->services, run->id, err) != 0)
        return ERR_OPERATOR;
    if (hook_event(run, "on-failure", run->env->hooks.on_failure, ERR_PREPARE, &hook) != 0)
        run_warn(run, "an on-failure hook failed: %s", hook.primary);
    return ERR_ROLLED_BACK;
}

static enum err_code finish(struct run *run, struct err *err)
{
    return finish_phase(run, err) == 0 ? ERR_NONE : ERR_POST;
}

static enum err_code undo(struct run *run, struct err *err)
{
    enum err_code status = recover_ladder(run, err);
    struct err hook = ERR_INIT;

    if (hook_event(run, "on-failure", run->env->hooks.on_failure, (int)status, &hook) != 0)
        run_warn(run, "an on-failure hook failed: %s", hook.primary);
    return status;
}

/* The database stands at the planned heads: verify again, else go back. */
static enum err_code verify_again(struct run *run, struct err *err)
{
    struct err reason = ERR_INIT;

    if (run_phase(run, "verify", true, err) != 0)
        return ERR_INTERNAL;
    if (verify_phase(run, &reason) == 0 && run_phase(run, "verify", false, &reason) == 0)
        return finish(run, err);
    log_error("%s", reason.primary);
    return undo(run, err);
}

/* A `restore` that was cut off: the exchange of names has happened, or nothing has. */
static enum err_code settle_restore(struct run *run, struct err *err)
{
    const char *live = db_target_name(run->services->target);
    const char *aside = swap_name(run->arena, live, "before", run->id);
    struct db *admin = NULL;
    bool swapped = false;
    int rc;

    if (restore_admin(run->services, &admin, err) != 0)
        return ERR_OPERATOR;
    rc = swap_exists(admin, aside, &swapped, err);
    if (rc == 0 && !swapped)
        rc = swap_drop(admin, swap_name(run->arena, live, "fresh", run->id), err);
    db_close(admin);
    if (rc != 0)
        return ERR_OPERATOR;
    if (swapped)
        run->kept_database = aside;
    return swapped ? ERR_NONE : ERR_ROLLED_BACK;
}

static bool is_any(const char *phase, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, phase) == 0)
            return true;
    return false;
}

static enum err_code settle_deployment(struct run *run, const char *phase, struct err *err)
{
    static const char *const untouched[] = {"", "plan", "lock", "preflight", "hooks", NULL};
    static const char *const forward[] = {"apply", "verify", NULL};
    struct err reason = ERR_INIT;

    if (is_any(phase, untouched))
        return unfinished_discard(run, err);
    if (strcmp(phase, "finish") == 0)
        return finish(run, err);
    if (is_any(phase, forward) && prove_planned(run, &reason) == 0)
        return verify_again(run, err);
    return undo(run, err);
}

enum err_code unfinished_recover(struct services *services, struct run **out, struct err *err)
{
    struct run *run = find(services, err);
    const struct journal_state *state;
    const char *phase;
    enum err_code status;

    *out = run;
    if (run == NULL)
        return err->code;
    state = journal_state(run->journal);
    phase = arena_strdup(run->arena, state->phase);
    if (run_open_journal(run, err) != 0)
        return ERR_OPERATOR;
    log_info("run %s (%s) was cut off in phase %s", run->id, run->command,
             phase[0] == '\0' ? "start" : phase);
    if (recover_stand(run, err) != 0 ||
        (state->record != NULL && record_read(run, state->record, err) != 0) ||
        plan_make(services, run->db, &run->plan, err) != 0)
        return err->code == ERR_BUSY ? ERR_BUSY : ERR_OPERATOR;
    status = strcmp(run->command, "restore") == 0 ? settle_restore(run, err)
                                                  : settle_deployment(run, phase, err);
    if (status == ERR_OPERATOR)
        return status; /* stays unfinished: recover may be run again */
    return (enum err_code)run_end(run, (int)status, err_meaning((int)status));
}
