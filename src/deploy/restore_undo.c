/* restore_undo - see restore_undo.h. */
#include "deploy/restore_undo.h"

#include <string.h>

#include "base/cancel.h"
#include "base/fault.h"
#include "base/log.h"
#include "deploy/restore.h"
#include "deploy/restore_run.h"
#include "pg/ledger.h"
#include "pg/scratch.h"
#include "pg/swap.h"

static const char *live_name(const struct run *run)
{
    return db_target_name(run->services->target);
}

const char *restore_undo_aside(const struct run *run)
{
    return swap_name(run->arena, live_name(run), "undone", run->id);
}

/* --- which one ------------------------------------------------------------------------------------ */

static void list_kept(const struct swap_kept *list, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        err_detail(err, "%s (put aside by run %s)", list[i].name, list[i].run);
}

static int pick(const struct run *run, const struct swap_kept *list, size_t n, const char *wanted,
                const char **kept, struct err *err)
{
    for (size_t i = 0; i < n && wanted != NULL; i++)
        if (strcmp(list[i].name, wanted) == 0) {
            *kept = list[i].name;
            return 0;
        }
    if (n == 0) {
        err_set(err, ERR_REFUSED, "no database is kept of \"%s\"", live_name(run));
        return err_hint(err, "What a restore puts aside is called %s_before_RUN, %s_failed_RUN or "
                             "%s_undone_RUN.", live_name(run), live_name(run), live_name(run));
    }
    if (wanted == NULL && n == 1) {
        *kept = list[0].name;
        return 0;
    }
    if (wanted != NULL)
        err_set(err, ERR_USAGE, "database \"%s\" is not one that is kept of \"%s\"", wanted,
                live_name(run));
    else
        err_set(err, ERR_REFUSED, "%zu databases are kept of \"%s\"", n, live_name(run));
    list_kept(list, n, err);
    return err_hint(err, "Name the one that is to be live again: `deploy-db restore %s --undo %s`.",
                    run->env->name, list[0].name);
}

int restore_undo_choose(struct run *run, const char *wanted, const char **kept, struct err *err)
{
    struct swap_kept *list = NULL;
    struct db *admin = NULL;
    bool exists = false;
    size_t n = 0;
    int rc = restore_admin(run->services, &admin, err);

    if (rc == 0)
        rc = swap_exists(admin, live_name(run), &exists, err);
    if (rc == 0)
        rc = swap_kept(admin, run->arena, live_name(run), &list, &n, err);
    db_close(admin);
    if (rc != 0)
        return err_as(err, ERR_REFUSED);
    if (pick(run, list, n, wanted, kept, err) != 0)
        return -1;
    if (exists)
        return 0;
    err_set(err, ERR_REFUSED, "there is no database \"%s\" that could change places", live_name(run));
    return err_hint(err, "Put the kept one in its place: ALTER DATABASE \"%s\" RENAME TO \"%s\", and "
                         "ALLOW_CONNECTIONS true.",
                    *kept, live_name(run));
}

/* --- the exchange --------------------------------------------------------------------------------- */

/* It stays as it was: closed to connections. */
static void close_again(struct db *admin, const char *kept, struct err *err)
{
    struct err later = ERR_INIT;

    cancel_mask(true);
    if (swap_close(admin, kept, 0, &later) != 0)
        err_detail(err, "database \"%s\" is open to connections: %s", kept, later.primary);
    cancel_mask(false);
}

/* Long names are cut, and two databases may be cut to the same: then what is kept is asked whose it is.
 * The run that put it aside is in its ledger. */
static int check_owner(struct run *run, const char *kept, struct err *err)
{
    const char *live = live_name(run);
    struct ledger_run row = {0};
    struct db *db = NULL;
    bool found = false;
    int rc;

    if (strncmp(kept, live, strlen(live)) == 0)
        return 0;
    rc = db_open(run->services->target, kept, DB_READ, &db, err);
    if (rc == 0)
        rc = ledger_find(db, run->arena, scratch_run(kept), &row, &found, err);
    db_close(db);
    if (rc != 0 || (found && strcmp(row.environment, run->env->name) == 0))
        return rc;
    err_set(err, ERR_REFUSED, "database \"%s\" was not put aside by environment \"%s\"", kept,
            run->env->name);
    if (found)
        err_detail(err, "it was put aside by environment \"%s\"", row.environment);
    return err_hint(err, "The name of database \"%s\" is too long to tell it apart; name the one that is "
                         "to be live again.",
                    live);
}

static enum err_code exchange(struct run *run, struct db *admin, const char *kept, struct err *err)
{
    if (journal_note(run->journal, "undo", kept, err) != 0)
        return ERR_PREPARE;
    if (swap_open(admin, kept, err) != 0)
        return ERR_REFUSED;
    if (check_owner(run, kept, err) != 0) {
        close_again(admin, kept, err);
        return ERR_REFUSED;
    }
    if (FAULT("undo.opened"))
        err_set(err, ERR_PREPARE, "fault point undo.opened");
    else if (restore_enter(run, kept, RESTORE_EXCHANGE, err) == 0 &&
             restore_swap(run, admin, kept, restore_undo_aside(run), err) == 0)
        return ERR_NONE;
    if (run->exchange_unknown)
        return ERR_OPERATOR;
    if (run->kept_database == NULL) {
        close_again(admin, kept, err);
        return ERR_PREPARE;
    }
    run_warn(run, "%s", err->primary);
    err_clear(err);
    return ERR_NONE;
}

enum err_code restore_undo(struct run *run, const char *kept, struct err *err)
{
    struct db *admin = NULL;
    enum err_code status = ERR_REFUSED;

    if (run_open_journal(run, err) != 0) {
        err_as(err, ERR_PREPARE);
        return ERR_PREPARE;
    }
    if (restore_admin(run->services, &admin, err) == 0)
        status = restore_run_enter(run, err);
    if (status == ERR_NONE)
        status = exchange(run, admin, kept, err);
    db_close(admin);
    err_as(err, status);
    if (status == ERR_OPERATOR)
        return status; /* unfinished: recover finds out */
    if (status == ERR_NONE) {
        run->in_ledger = run->db != NULL;
        restore_run_close_others(run);
    }
    return (enum err_code)run_end(run, (int)status,
                                  status == ERR_NONE ? "the restore is undone" : err->primary);
}

/* --- cut off --------------------------------------------------------------------------------------- */

static int close_left(struct db *admin, const char *kept, struct err *err)
{
    bool exists = false, is_open = false;
    int rc = swap_exists(admin, kept, &exists, err);

    if (rc == 0 && exists)
        rc = swap_is_open(admin, kept, &is_open, err);
    return rc == 0 && is_open ? swap_close(admin, kept, 0, err) : rc;
}

int restore_undo_discard(struct services *services, const struct journal *journal, struct err *err)
{
    const char *kept = journal_noted(journal, "undo");
    struct db *admin = NULL;
    int rc = kept == NULL ? 0 : restore_admin(services, &admin, err);

    if (rc == 0 && kept != NULL)
        rc = close_left(admin, kept, err);
    db_close(admin);
    return rc;
}

enum err_code restore_undo_settle(struct run *run, struct err *err)
{
    struct db *admin = NULL;
    bool swapped = false;
    int rc = restore_admin(run->services, &admin, err);

    if (rc == 0)
        rc = swap_exists(admin, restore_undo_aside(run), &swapped, err);
    if (rc == 0 && !swapped && !run->exchanged)
        rc = close_left(admin, journal_noted(run->journal, "undo"), err);
    db_close(admin);
    if (rc != 0)
        return ERR_OPERATOR;
    if (!swapped && !run->exchanged)
        return ERR_ROLLED_BACK;
    run->kept_database = swapped ? restore_undo_aside(run) : NULL;
    restore_run_close_others(run);
    return ERR_NONE;
}
