/* restore_run - see restore_run.h. */
#include "deploy/restore_run.h"

#include <string.h>

#include "base/log.h"
#include "deploy/clone_left.h"
#include "deploy/phases.h"
#include "deploy/refresh_keep.h"
#include "deploy/reopen.h"
#include "deploy/restore.h"
#include "deploy/restore_file.h"
#include "deploy/restore_tables.h"
#include "deploy/restore_undo.h"
#include "deploy/restore_unpack.h"
#include "deploy/snapshot.h"
#include "pg/ledger_mark.h"
#include "pg/swap.h"

enum { NAME_BYTES = 63 };

static const char *live_name(const struct run *run)
{
    return db_target_name(run->services->target);
}

bool restore_run_is(const char *command)
{
    return strcmp(command, "restore") == 0 || strcmp(command, "refresh") == 0;
}

const char *restore_run_aside(const struct run *run)
{
    return swap_name(run->arena, live_name(run), "before", run->id);
}

void restore_run_close_others(struct run *run)
{
    const char *outcome = arena_printf(run->arena, "replaced by run %s", run->id);
    auto_strvec struct strvec runs = {0};
    struct err err = ERR_INIT;

    if (journal_runs(run->state_dir, &runs, &err) != 0)
        run_warn(run, "%s", err.primary);
    for (size_t i = 0; i < runs.n; i++) {
        struct journal *journal = NULL;

        err_clear(&err);
        if (strcmp(runs.v[i], run->id) == 0 ||
            journal_open(run->arena, run->state_dir, runs.v[i], &journal, &err) != 0 ||
            journal_state(journal)->ended != 0 || !journal_has_changed(journal))
            continue;
        if ((strcmp(journal_state(journal)->phase, "hooks") == 0 &&
             clone_left_discard(run->services, journal, runs.v[i], &err) != 0) ||
            restore_undo_discard(run->services, journal, &err) != 0 ||
            journal_end(journal, ERR_RESTORED, outcome, &err) != 0)
            run_warn(run, "%s", err.primary);
    }
}

/* --- in the live one's place --------------------------------------------------------------------------- */

/* The snapshot, or the file that comes in its place. */
static int load(struct run *run, struct db *admin, const char *snapshot, const char *fresh,
                struct err *err)
{
    struct meta meta;

    return run->file != NULL ? restore_file_load(run, admin, fresh, err)
                             : restore_load(run, admin, NULL, snapshot, fresh, &meta, err);
}

static enum err_code drop_fresh(struct run *run, const char *fresh, struct err *err)
{
    restore_drop(run, fresh, err);
    return ERR_PREPARE;
}

/* The live database is there: load beside it, then exchange. */
static enum err_code replace(struct run *run, struct db *admin, const char *snapshot,
                             struct err *err)
{
    const char *fresh = restore_fresh(run, live_name(run));

    restore_sweep(run, admin, live_name(run));
    if (load(run, admin, snapshot, fresh, err) != 0)
        return ERR_PREPARE;
    if (restore_enter(run, fresh, RESTORE_EXCHANGE, err) != 0)
        return drop_fresh(run, fresh, err);
    if (restore_swap(run, admin, fresh, restore_run_aside(run), err) == 0)
        return ERR_NONE;
    if (run->exchange_unknown)
        return ERR_OPERATOR;
    if (run->kept_database == NULL)
        return drop_fresh(run, fresh, err);
    run_warn(run, "%s", err->primary);
    err_clear(err);
    return ERR_NONE;
}

/* There is no database ${name}: the restored one gets that, unless somebody was faster. Until then it is called
 * after the live one, so that whoever recovers that or restores it next finds what was left. */
static enum err_code adopt(struct run *run, struct db *admin, const char *snapshot,
                           const char *name, struct err *err)
{
    const char *fresh = restore_fresh(run, live_name(run));

    restore_sweep(run, admin, live_name(run));
    if (load(run, admin, snapshot, fresh, err) != 0)
        return ERR_PREPARE;
    if (run->journal != NULL && (restore_enter(run, fresh, RESTORE_EXCHANGE, err) != 0 ||
                                 journal_note(run->journal, "adopt", name, err) != 0))
        return drop_fresh(run, fresh, err);
    if (restore_adopt(run, admin, fresh, name, err) == 0)
        return ERR_NONE;
    return run->exchange_unknown ? ERR_OPERATOR : ERR_PREPARE;
}

static enum err_code connect_live(struct run *run, struct err *err)
{
    if (reopen_connect(run, err) == 0)
        return ERR_NONE;
    return err->code == ERR_BUSY ? ERR_BUSY : ERR_REFUSED;
}

static enum err_code enter(struct run *run, struct err *err)
{
    if (lock_phase(run, err) != 0)
        return err->code == ERR_BUSY ? ERR_BUSY : ERR_REFUSED;
    if (run->lock == NULL) {
        err_set(err, ERR_REFUSED, "a pooler in transaction mode stands before database \"%s\"",
                live_name(run));
        return ERR_REFUSED;
    }
    return run_phase(run, "restore", true, err) == 0 && run_enter_ledger(run, run->db, err) == 0
               ? ERR_NONE
               : ERR_PREPARE;
}

enum err_code restore_run_enter(struct run *run, struct err *err)
{
    enum err_code status = connect_live(run, err);

    return status == ERR_NONE ? enter(run, err) : status;
}

/* A wrong address must not put another environment's database aside. One that is too damaged to say whose it is
 * is what restores are for. */
static enum err_code check_mark(struct run *run, struct err *err)
{
    struct ledger_mark mark = {0};
    struct err unread = ERR_INIT;

    if (ledger_mark_read(run->db, run->arena, &mark, &unread) != 0) {
        run_warn(run, "%s", unread.primary);
        return ERR_NONE;
    }
    if (!mark.is_protected || strcmp(mark.environment, run->env->name) == 0)
        return ERR_NONE;
    ledger_mark_refuse(run->db, &mark, run->env->name, err);
    return ERR_REFUSED;
}

static enum err_code restore_over(struct run *run, struct db *admin, const char *snapshot,
                                  struct err *err)
{
    struct dblock *lock = NULL;
    enum err_code status;
    bool exists;

    if (swap_exists(admin, live_name(run), &exists, err) != 0)
        return ERR_REFUSED;
    if (exists) {
        status = connect_live(run, err);
        if (status == ERR_NONE)
            status = check_mark(run, err);
        if (status == ERR_NONE)
            status = enter(run, err);
        return status == ERR_NONE ? replace(run, admin, snapshot, err) : status;
    }
    if (dblock_take_swap(run->services->target, run->env->maintenance_database, run->id, &lock,
                         err) != 0)
        return err->code == ERR_BUSY ? ERR_BUSY : ERR_REFUSED;
    status = run_phase(run, "restore", true, err) == 0
                 ? adopt(run, admin, snapshot, live_name(run), err)
                 : ERR_PREPARE;
    dblock_free(lock);
    if (status == ERR_NONE && run_connect(run, 0, err) != 0) {
        run_warn(run, "%s", err->primary);
        err_clear(err);
    }
    return status;
}

enum err_code restore_run(struct run *run, const char *snapshot, struct err *err)
{
    struct db *admin = NULL;
    enum err_code status;

    if (run_open_journal(run, err) != 0 ||
        journal_note(run->journal, "snapshot", snapshot, err) != 0) {
        err_as(err, ERR_PREPARE);
        return ERR_PREPARE;
    }
    status = restore_admin(run->services, &admin, err) == 0
                 ? restore_over(run, admin, snapshot, err)
                 : ERR_REFUSED;
    if (status == ERR_NONE) /* of a run that has just died a session may have been there at first */
        restore_sweep(run, admin, live_name(run));
    db_close(admin);
    err_as(err, status);
    if (status == ERR_OPERATOR)
        return status; /* unfinished: recover finds out */
    if (status == ERR_NONE) {
        run->in_ledger = run->db != NULL; /* restore_enter put it into what is live now */
        restore_run_close_others(run);
    }
    return (enum err_code)run_end(run, (int)status,
                                  status == ERR_NONE ? "restored" : err->primary);
}

/* --- beside it ---------------------------------------------------------------------------------------- */

enum err_code restore_run_beside(struct run *run, const char *snapshot, const char *into,
                                 struct err *err)
{
    struct db *admin = NULL;
    enum err_code status = ERR_REFUSED;
    bool exists = false;

    if (into[0] == '\0' || strlen(into) > NAME_BYTES) {
        err_set(err, ERR_USAGE, "\"%s\" cannot be a database's name: it has %zu bytes", into,
                strlen(into));
        err_hint(err, "PostgreSQL's names have 1 to %d bytes.", NAME_BYTES);
        return ERR_USAGE;
    }
    if (restore_admin(run->services, &admin, err) == 0 &&
        swap_exists(admin, into, &exists, err) == 0) {
        if (exists)
            err_set(err, ERR_REFUSED, "database \"%s\" exists already", into);
        else
            status = adopt(run, admin, snapshot, into, err);
    }
    db_close(admin);
    err_as(err, status);
    return status;
}

/* --- cut off -------------------------------------------------------------------------------------------- */

/* The name under which this run has put the live database aside, if it has. */
static int find_aside(struct run *run, struct db *admin, const char **aside, struct err *err)
{
    const char *const names[] = {restore_run_aside(run), restore_undo_aside(run)};
    bool exists = false;
    int rc = 0;

    *aside = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && rc == 0 && !exists; i++) {
        rc = swap_exists(admin, names[i], &exists, err);
        if (exists)
            *aside = names[i];
    }
    return rc;
}

/* The journal may be another machine's: what counts is what the databases are and say. One that was put
 * aside, or the row in the live one: the exchange has happened. */
enum err_code restore_run_settle(struct run *run, struct err *err)
{
    struct db *admin = NULL;
    const char *aside = NULL;
    bool swapped;
    int rc;

    if (journal_noted(run->journal, "undo") != NULL)
        return restore_undo_settle(run, err);
    rc = restore_admin(run->services, &admin, err);
    restore_unpack_sweep(run->state_dir);
    if (rc == 0)
        rc = find_aside(run, admin, &aside, err);
    swapped = aside != NULL || run->exchanged;
    if (rc == 0 && !swapped)
        rc = swap_drop(admin, restore_fresh(run, live_name(run)), err);
    db_close(admin);
    if (rc != 0)
        return ERR_OPERATOR;
    if (!swapped)
        return restore_tables_settle(run, err);
    run->kept_database = aside;
    restore_run_close_others(run);
    refresh_keep_finish(run);
    return ERR_NONE;
}
