/* refresh_keep - see refresh_keep.h. */
#include "deploy/refresh_keep.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "deploy/phases.h"
#include "deploy/restore.h"
#include "pg/ledger.h"
#include "pg/swap.h"

enum { RUNS_MOST = 1000 };

/* --- history ---------------------------------------------------------------------------------- */

static int copy_run(struct run *run, struct db *db, const struct ledger_run *row, struct err *err)
{
    struct ledger_run there;
    bool found = false;

    if (strcmp(row->id, run->id) == 0)
        return 0;
    if (ledger_find(db, run->arena, row->id, &there, &found, err) != 0)
        return -1;
    return found ? 0 : ledger_begin(db, row, err);
}

int refresh_keep_history(struct run *run, const char *fresh, struct err *err)
{
    struct ledger_run *list = NULL;
    struct db *db = NULL;
    size_t n = 0;
    int rc = 0;

    if (run->db == NULL)
        return 0;
    if (ledger_list(run->db, run->arena, run->env->name, RUNS_MOST, &list, &n, err) != 0 ||
        db_open(run->services->target, fresh, DB_WRITE, &db, err) != 0)
        return -1;
    for (size_t i = n; rc == 0 && i > 0; i--)
        rc = copy_run(run, db, &list[i - 1], err);
    db_close(db);
    return rc;
}

/* --- replaced databases ----------------------------------------------------------------------- */

/* The runs of this environment that were refreshes, as the database and this machine know them. */
static int refreshes(struct run *run, struct strvec *ids, struct err *err)
{
    struct ledger_run *list = NULL;
    auto_strvec struct strvec journals = {0};
    size_t n = 0;

    if (ledger_list(run->db, run->arena, run->env->name, RUNS_MOST, &list, &n, err) != 0 ||
        journal_runs(run->state_dir, &journals, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].command, "refresh") == 0)
            strvec_push(ids, list[i].id);
    for (size_t i = 0; i < journals.n; i++) {
        struct journal *journal = NULL;
        struct err ignored = ERR_INIT;

        if (!strvec_has(ids, journals.v[i]) &&
            journal_open(run->arena, run->state_dir, journals.v[i], &journal, &ignored) == 0 &&
            strcmp(journal_state(journal)->command, "refresh") == 0)
            strvec_push(ids, journals.v[i]);
    }
    return 0;
}

/* Identifiers begin with their time. */
static int newest_first(const void *a, const void *b)
{
    return strcmp(*(char *const *)b, *(char *const *)a);
}

static int drop(struct db *admin, const char *name, struct strvec *dropped, struct err *err)
{
    bool open = false;

    if (swap_is_open(admin, name, &open, err) != 0)
        return -1;
    if (open) {
        log_info("database \"%s\" stays: it is open to connections", name);
        return 0;
    }
    if (swap_drop(admin, name, err) != 0)
        return -1;
    log_info("dropped database \"%s\", which an earlier refresh had replaced", name);
    strvec_push(dropped, name);
    (void)FAULT("refresh.dropped");
    return 0;
}

/* The newest are kept; what this run has put aside is one of them, whatever the clocks of other machines
 * have written into the names. */
static int drop_all(struct run *run, struct db *admin, struct strvec *dropped, struct err *err)
{
    const char *live = db_target_name(run->services->target);
    auto_strvec struct strvec ids = {0};
    bool exists = false;
    int kept = 0;

    if (refreshes(run, &ids, err) != 0 ||
        swap_exists(admin, swap_name(run->arena, live, "before", run->id), &exists, err) != 0)
        return -1;
    kept = exists;
    if (ids.n > 0)
        qsort(ids.v, ids.n, sizeof *ids.v, newest_first);
    for (size_t i = 0; i < ids.n; i++) {
        const char *name = swap_name(run->arena, live, "before", ids.v[i]);

        if (strcmp(ids.v[i], run->id) == 0)
            continue;
        if (swap_exists(admin, name, &exists, err) != 0)
            return -1;
        if (exists && ++kept > run->env->refresh.keep && drop(admin, name, dropped, err) != 0)
            return -1;
    }
    return 0;
}

void refresh_keep_drop(struct run *run, struct strvec *dropped)
{
    struct db *admin = NULL;
    struct err err = ERR_INIT;

    if (run->db == NULL)
        return;
    if (restore_admin(run->services, &admin, &err) != 0 ||
        drop_all(run, admin, dropped, &err) != 0)
        run_warn(run, "databases of earlier refreshes are left: %s", err.primary);
    db_close(admin);
}

void refresh_keep_finish(struct run *run)
{
    auto_strvec struct strvec dropped = {0};

    if (strcmp(run->command, "refresh") != 0 || run->db == NULL)
        return;
    finish_keep_expected(run);
    refresh_keep_drop(run, &dropped);
}
