/*
 * unfinished - see unfinished.h.
 *
 * A run is known from two places. The rule: the database's row says whether it is unfinished, because
 * every machine sees it; the journal says how far it came, because it is written first. A run that has
 * ended in its journal, or in the database, has ended. A journal whose run the database has never
 * heard of, although it must have, undoes nothing. And whether a run is alive is told by the lock only.
 */
#include "deploy/unfinished.h"

#include <string.h>

#include "base/log.h"
#include "deploy/clone_left.h"
#include "deploy/phases.h"
#include "deploy/prove.h"
#include "deploy/record.h"
#include "deploy/recover.h"
#include "deploy/reopen.h"
#include "deploy/restore.h"
#include "deploy/restore_check.h"
#include "deploy/restore_run.h"
#include "deploy/stores.h"
#include "pg/health.h"
#include "pg/ledger.h"
#include "pg/swap.h"

/* --- finding it ---------------------------------------------------------------------------------------- */

static int connect_live(struct services *services, const struct journal *journal, struct db **db,
                        struct err *err)
{
    struct err first = ERR_INIT;

    /* While it is copied a connection is not refused: it hangs. */
    if (services->clone.plugin != NULL && reopen_live(services, journal, &first) != 0 &&
        first.code == ERR_BUSY) {
        *err = first;
        return -1;
    }
    err_clear(&first);
    if (db_open(services->target, NULL, DB_WRITE, db, &first) == 0)
        return 0;
    if (reopen_live(services, journal, err) != 0)
        return -1;
    return db_open(services->target, NULL, DB_WRITE, db, err);
}

/* The open row that counts. One whose journal has ended came back with an older snapshot, or could not be
 * ended at the time: it is ended now. */
static int open_row(struct services *services, struct db *db, struct ledger_run *row,
                    struct journal **journal, bool *found, struct err *err)
{
    for (;;) {
        struct err absent = ERR_INIT;

        *journal = NULL;
        if (ledger_open(db, services->arena, row, found, err) != 0)
            return -1;
        if (!*found || journal_open(services->arena, run_state_dir(services), row->id, journal,
                                    &absent) != 0)
            return 0;
        if (journal_state(*journal)->ended == 0)
            return 0;
        log_info("run %s had ended with status %d", row->id, journal_state(*journal)->status);
        if (ledger_end(db, row->id, journal_state(*journal)->status,
                       journal_state(*journal)->outcome, err) != 0)
            return -1;
    }
}

/* Only the journal says unfinished: ask the database what became of that run. */
static struct run *from_journal(struct services *services, struct db *db, struct journal *journal,
                                struct err *err)
{
    const struct journal_state *state = journal_state(journal);
    struct ledger_run row = {0};
    bool found = false;

    if (ledger_find(db, services->arena, state->run, &row, &found, err) != 0)
        return NULL;
    if (found && row.ended != NULL) {
        log_info("run %s had ended with status %d", state->run, row.status);
        if (journal_end(journal, row.status, "ended; its journal was cut off", err) != 0)
            log_warning("%s", err->primary);
        return NULL;
    }
    if (found || strcmp(state->phase, "hooks") == 0 || !goal_is_deployment(state->command))
        return run_resume(services, state->run, state->command, journal);
    err_set(err, ERR_OPERATOR, "database \"%s\" does not know run %s, so nothing of it is undone",
            db_name(db), state->run);
    err_detail(err, "the run came to phase %s on this machine", state->phase);
    err_hint(err, "Another database may have taken this one's place. The run's journal is closed "
                  "now; look at `deploy-db status %s`.",
             services->env->name);
    if (journal_end(journal, ERR_OPERATOR, "the database does not know this run", err) != 0)
        log_warning("%s", err->detail);
    return NULL;
}

/* The unfinished run, or NULL (with ${err} when it could not be found out). */
static struct run *find(struct services *services, struct err *err)
{
    struct journal *journal = NULL, *of_row = NULL;
    struct ledger_run row = {0};
    struct db *db = NULL;
    struct run *run = NULL;
    bool found = false;

    if (journal_unfinished(services->arena, run_state_dir(services), &journal, err) != 0)
        return NULL;
    if (journal != NULL && restore_run_is(journal_state(journal)->command))
        return run_resume(services, journal_state(journal)->run, journal_state(journal)->command,
                          journal);
    if (connect_live(services, journal, &db, err) != 0 ||
        open_row(services, db, &row, &of_row, &found, err) != 0) {
        db_close(db);
        return NULL;
    }
    if (found && strcmp(row.environment, services->env->name) != 0) {
        err_set(err, ERR_REFUSED, "run %s of environment \"%s\" is unfinished in this database",
                row.id, row.environment);
        err_hint(err, "Run `deploy-db recover %s`.", row.environment);
    } else if (found) {
        run = run_resume(services, row.id, row.command, of_row);
        run->in_ledger = true;
    } else if (journal != NULL) {
        run = from_journal(services, db, journal, err);
    }
    db_close(db);
    return run;
}

/* Under the lock: a run that another machine began gets its journal here; one that has ended since is
 * none of our business. */
static int take_over(struct run *run, bool *ended, struct err *err)
{
    struct ledger_run row = {0};
    bool found = false;

    if (run->journal != NULL &&
        journal_open(run->arena, run->state_dir, run->id, &run->journal, err) != 0)
        return -1; /* as it is now: while we waited it was written on */
    if (ledger_find(run->db, run->arena, run->id, &row, &found, err) != 0)
        return -1;
    *ended = found ? row.ended != NULL : run->journal == NULL;
    if (run->journal != NULL && journal_state(run->journal)->ended != 0)
        *ended = true;
    if (*ended)
        return found && row.ended != NULL ? run_ended_elsewhere(run, row.status, row.outcome, err) : 0;
    run->services->journal = run->journal;
    if (run->journal != NULL)
        return run_open_journal(run, err);
    log_info("run %s was begun by %s on %s", row.id, row.who, row.host);
    if (run_open_journal(run, err) != 0 || journal_phase(run->journal, row.phase, true, err) != 0)
        return -1;
    return row.plan == NULL || strcmp(row.plan, "{}") == 0
               ? 0
               : journal_record(run->journal, row.plan, err);
}

/* --- finishing or undoing it ----------------------------------------------------------------------------- */

/* Cut off before apply: remove the partial snapshot and the copy, tell the on-failure hooks. */
static enum err_code discard(struct run *run, struct err *err)
{
    if (stores_clean(run->services, run->id, err) != 0 ||
        clone_left_discard(run->services, run->journal, run->id, err) != 0)
        return ERR_OPERATOR;
    hook_failed(run, ERR_PREPARE);
    return ERR_ROLLED_BACK;
}

static enum err_code finish(struct run *run, struct err *err)
{
    if (prove_planned(run, err) != 0)
        return ERR_OPERATOR;
    return finish_phase(run, err) == 0 ? ERR_NONE : ERR_POST;
}

static enum err_code undo(struct run *run, struct err *err)
{
    enum err_code status;

    if (recover_rows_are_ours(run, err) != 0)
        return ERR_OPERATOR;
    status = recover_ladder(run, err);
    hook_failed(run, status);
    return status;
}

/* The database stands at the planned heads: verify again, else go back. */
static enum err_code verify_again(struct run *run, struct err *err)
{
    struct err reason = ERR_INIT;

    if (run_phase(run, "verify", true, err) != 0)
        return ERR_OPERATOR;
    if (verify_phase(run, &reason) == 0 && run_phase(run, "verify", false, &reason) == 0)
        return finish(run, err);
    log_warning("verify failed, going back: %s", reason.primary);
    return undo(run, err);
}

static bool is_any(const char *phase, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, phase) == 0)
            return true;
    return false;
}

/* Whether a run that was cut off in ${phase} may be found as planned. A downgrade or a stamp may be that
 * in recovery too: no way back but a restore takes back a step that is done, so an operator has ended it
 * by hand, or its end was not heard. */
static bool leads_forward(const struct run *run, const char *phase)
{
    static const char *const forward[] = {"apply", "verify", NULL};

    if (strcmp(phase, "recover") == 0)
        return run->snapshot == NULL && run->clone == NULL &&
               (run->goal.kind == GOAL_DOWNGRADE || run->goal.kind == GOAL_STAMP);
    return is_any(phase, forward);
}

static enum err_code settle_deployment(struct run *run, const char *phase, struct err *err)
{
    static const char *const untouched[] = {"",      "plan",     "lock", "preflight",
                                              "hooks", "snapshot", NULL};
    struct err reason = ERR_INIT;

    if (is_any(phase, untouched))
        return discard(run, err);
    if (run->planned == NULL || !run->before.known) {
        err_set(err, ERR_OPERATOR, "there is no record of what run %s was to do", run->id);
        return ERR_OPERATOR;
    }
    if (strcmp(phase, "finish") == 0)
        return finish(run, err);
    if (leads_forward(run, phase) && prove_planned(run, &reason) == 0)
        return verify_again(run, err);
    return undo(run, err);
}

/* Whether the live database is there at all. */
static int live_exists(struct run *run, bool *exists, struct err *err)
{
    struct db *admin = NULL;
    int rc = restore_admin(run->services, &admin, err);

    if (rc == 0)
        rc = swap_exists(admin, db_target_name(run->services->target), exists, err);
    db_close(admin);
    return rc;
}

/* The ground for a restore that was cut off: the lock in the live database; where there is none, the one
 * in the maintenance database. Whatever ended while we waited has ended. */
static int stand_for_restore(struct run *run, struct dblock **swap, bool *ended, struct err *err)
{
    struct ledger_run row = {0};
    bool exists = false, found = false;

    if (live_exists(run, &exists, err) != 0)
        return -1;
    if (!exists) {
        if (dblock_take_swap(run->services->target, run->env->maintenance_database, run->id, swap,
                             err) != 0)
            return -1;
    } else {
        db_close(run->db);
        run->db = NULL;
        if (connect_live(run->services, run->journal, &run->db, err) != 0 ||
            recover_stand(run, err) != 0 ||
            ledger_find(run->db, run->arena, run->id, &row, &found, err) != 0)
            return -1;
        run->in_ledger = found;
        run->exchanged = found && strcmp(row.phase, RESTORE_EXCHANGE) == 0;
    }
    if (journal_open(run->arena, run->state_dir, run->id, &run->journal, err) != 0)
        return -1;
    run->services->journal = run->journal;
    *ended = journal_state(run->journal)->ended != 0 || (found && row.ended != NULL);
    return *ended ? run_ended_elsewhere(run, row.status, row.outcome, err) : 0;
}

/* A restore may have been cut off while there is no live database at all. */
static enum err_code settle_restore(struct run *run, struct err *err)
{
    struct dblock *swap = NULL;
    enum err_code status;
    bool ended = false;

    if (stand_for_restore(run, &swap, &ended, err) != 0)
        status = err->code == ERR_BUSY || strcmp(err->sqlstate, "57P01") == 0 ? ERR_BUSY
                                                                               : ERR_OPERATOR;
    else if (ended)
        status = ERR_NONE;
    else
        status = restore_run_settle(run, err);
    run->nothing_to_do = ended;
    dblock_free(swap);
    return status;
}

/* What the role may do is asked now, not read from the record: it may have been granted meanwhile. */
static int may_restore(struct run *run, struct err *err)
{
    struct health health = {0};
    int rc = health_read(run->db, run->arena, 0, &health, err);

    run->may_restore = rc == 0 && restore_forbidden(run, &health) == NULL;
    health_release(&health);
    return rc;
}

static enum err_code settle(struct run *run, struct err *err)
{
    const struct journal_state *state;
    const char *phase;
    bool ended;

    if (restore_run_is(run->command) && run->journal != NULL)
        return run_open_journal(run, err) == 0 ? settle_restore(run, err) : ERR_OPERATOR;
    if (recover_stand(run, err) != 0) {
        /* who holds the lock ends all other sessions of this run */
        bool ended_by_other = run->lock == NULL && strcmp(err->sqlstate, "57P01") == 0;

        return err->code == ERR_BUSY || ended_by_other ? ERR_BUSY : ERR_OPERATOR;
    }
    if (take_over(run, &ended, err) != 0)
        return ERR_OPERATOR;
    if (ended) {
        run->nothing_to_do = true;
        return ERR_NONE;
    }
    state = journal_state(run->journal);
    phase = arena_strdup(run->arena, state->phase);
    log_info("run %s (%s) was cut off in phase %s", run->id, run->command,
             phase[0] == '\0' ? "start" : phase);
    if (restore_run_is(run->command))
        return settle_restore(run, err);
    if ((state->record != NULL && record_read(run, state->record, err) != 0) ||
        may_restore(run, err) != 0 || plan_make(run->services, run->db, NULL, &run->plan, err) != 0)
        return ERR_OPERATOR;
    return settle_deployment(run, phase, err);
}

/* What is unfinished besides ${done}, which was undone. */
static enum err_code recover_next(struct services *services, struct run **out,
                                             struct run *done, struct err *err)
{
    enum err_code status = unfinished_recover(services, out, err);

    bool no_database = strcmp(err->sqlstate, "3D000") == 0; /* then nothing else can be unfinished */

    if (*out != NULL || (status != ERR_NONE && !no_database))
        return status;
    err_clear(err);
    *out = done;
    return ERR_ROLLED_BACK;
}

enum err_code unfinished_recover(struct services *services, struct run **out, struct err *err)
{
    struct run *run = find(services, err);
    enum err_code status;

    *out = run;
    if (run == NULL)
        return err->code;
    status = settle(run, err);
    if (err->code != ERR_NONE)
        err_as(err, status);
    if (status == ERR_OPERATOR || status == ERR_BUSY || run->nothing_to_do)
        return status; /* stays unfinished: recover may be run again */
    run_end(run, (int)status, err_meaning((int)status));
    if (status == ERR_ROLLED_BACK && restore_run_is(run->command)) {
        /* the restore may have been begun because of another run that was cut off */
        run_close(run);
        return recover_next(services, out, run, err);
    }
    return status;
}
