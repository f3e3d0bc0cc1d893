/* deploy - see deploy.h. */
#include "deploy/deploy.h"

#include <string.h>

#include "base/cancel.h"
#include "base/log.h"
#include "deploy/phases.h"
#include "deploy/record.h"
#include "deploy/recover.h"
#include "deploy/reopen.h"

/* A row of the phase table: what it changes, what its failure means, and what `recover` does when it
 * finds the phase open after a crash. */
struct phase {
    const char *name;
    int (*run)(struct run *run, struct err *err);
    enum err_code on_failure;
    bool recovers; /* its failure leads into recovery */
    const char *changes;
    const char *after_crash;
};

static const struct phase phases[] = {
    {"plan", plan_phase, ERR_REFUSED, false, "nothing", "start again"},
    {"lock", lock_phase, ERR_BUSY, false, "the lock", "start again"},
    {"preflight", preflight_phase, ERR_REFUSED, false, "nothing", "start again"},
    {"hooks", hook_phase, ERR_PREPARE, false, "files, stores, a copy of the database",
     "discard what is partial"},
    /* --- the point of no return --- */
    {"apply", apply_phase, ERR_PREPARE, true, "the database", "verify or recover"},
    {"verify", verify_phase, ERR_INTERNAL, true, "nothing", "verify again, else recover"},
    {"finish", finish_phase, ERR_POST, false, "state files, what hooks do", "finish"},
};

static int make_plan(struct run *run, struct err *err)
{
    return reopen_connect(run, err) == 0 ? plan_make(run->services, run->db, &run->goal, &run->plan, err)
                                         : -1;
}

int plan_phase(struct run *run, struct err *err)
{
    int rc = make_plan(run, err);

    if (rc != 0 && strcmp(err->sqlstate, REOPEN_ENDED) == 0) { /* another run copies the database */
        err_clear(err);
        plan_release(&run->plan);
        rc = make_plan(run, err);
    }
    if (rc != 0)
        return -1;
    if (run->plan.problems.n == 0)
        log_detail("%zu pending revision%s", run->plan.pending.n,
                   run->plan.pending.n == 1 ? "" : "s");
    return 0;
}

int phases_join(const struct errs *errs, const char *what, struct err *err)
{
    enum err_code code = ERR_PREPARE;

    for (size_t i = 0; i < errs->n; i++)
        if (errs->items[i].code != ERR_PREPARE)
            code = ERR_REFUSED;
    if (errs->n == 1) {
        *err = errs->items[0];
        return err_as(err, code);
    }
    err_set(err, code, "%s for %zu reasons", what, errs->n);
    for (size_t i = 0; i < errs->n; i++) {
        err_detail(err, "%zu. %s", i + 1, errs->items[i].primary);
        if (errs->items[i].detail[0] != '\0')
            err_detail(err, "%s", errs->items[i].detail);
        if (errs->items[i].hint[0] != '\0')
            err_detail(err, "   (%s)", errs->items[i].hint);
    }
    return -1;
}

/* Before the first phase that does more than look, the run gets its journal; before the first that
 * changes something, another machine can know of it. */
static int keep_books(struct run *run, const struct phase *phase, struct err *err)
{
    if (strcmp(phase->name, "lock") == 0)
        return run_open_journal(run, err) == 0 ? 0 : err_as(err, ERR_PREPARE);
    if (strcmp(phase->name, "hooks") != 0)
        return 0;
    if (record_write(run, err) == 0 && run_enter_ledger(run, run->db, err) == 0)
        return 0;
    return err_as(err, ERR_PREPARE);
}

/* The class of a failure that stops the run before anything was changed. */
static enum err_code stop_code(const struct run *run, const struct phase *phase,
                               const struct err *err)
{
    if (run->closed)
        return ERR_OPERATOR;
    if (err->code == ERR_USAGE || err->code == ERR_REFUSED || err->code == ERR_PREPARE ||
        err->code == ERR_BUSY)
        return err->code;
    return phase->on_failure;
}

/* A phase has failed: stop, or walk back; either way say in which state the database is. */
static enum err_code fail(struct run *run, const struct phase *phase, struct err *err)
{
    enum err_code status;
    struct err back = ERR_INIT;

    run->phase = phase->name;
    if (!run->touched || !phase->recovers) {
        status = stop_code(run, phase, err);
        err_as(err, status);
        if (run->in_ledger && status != ERR_POST)
            hook_failed(run, status);
        if (status != ERR_OPERATOR) /* else unfinished: recover opens the database */
            run_end(run, (int)status, err->primary);
        return status;
    }
    log_warning("%s failed, going back: %s", phase->name, err->primary);
    status = recover_ladder(run, &back);
    if (status == ERR_OPERATOR) {
        err_detail(err, "recovery failed: %s", back.primary);
        err_detail(err, "%s", back.detail);
        memcpy(err->hint, back.hint, sizeof err->hint);
    }
    err_as(err, status);
    hook_failed(run, status);
    if (status != ERR_OPERATOR)
        run_end(run, (int)status, err->primary);
    return status;
}

static int run_one(struct run *run, const struct phase *phase, struct err *err)
{
    if (keep_books(run, phase, err) != 0 || run_phase(run, phase->name, true, err) != 0)
        return -1;
    if (cancel_requested() && !phase->recovers && strcmp(phase->name, "finish") != 0)
        return err_set(err, ERR_PREPARE, "stopped on request before anything was changed");
    if (phase->run(run, err) != 0)
        return -1;
    return run_phase(run, phase->name, false, err);
}

enum err_code deploy_run(struct run *run, struct err *err)
{
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        if (run_one(run, &phases[i], err) != 0)
            return fail(run, &phases[i], err);
        if (run->nothing_to_do)
            return (enum err_code)run_end(run, ERR_NONE, "nothing to do");
    }
    return (enum err_code)run_end(run, ERR_NONE, goal_done(run->goal.kind));
}
