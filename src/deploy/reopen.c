/* reopen - see reopen.h. */
#include "deploy/reopen.h"

#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/log.h"
#include "deploy/clone_left.h"
#include "deploy/restore.h"
#include "pg/swap.h"
#include "pg/versions.h"

enum { POLL_MS = 250 };

static const char CLOSED[] = "55000"; /* SQLSTATE of a connection to a database that is closed */

/* The run that has closed it; NULL: nobody knows. */
static int find_closer(struct services *services, struct db *admin, const struct journal *journal,
                       const char **run, struct err *err)
{
    const struct journal_state *state = journal == NULL ? NULL : journal_state(journal);

    *run = NULL;
    if (state != NULL && (journal_noted(journal, "aside") != NULL ||
                          (journal_noted(journal, CLONE_NOTE) != NULL && strcmp(state->phase, "hooks") == 0)))
        *run = state->run;
    return *run != NULL ? 0 : clone_left_closer(services, admin, run, err);
}

static int open_closed(struct services *services, struct db *admin, const char *live,
                       const struct journal *journal, struct err *err)
{
    const char *run;

    if (find_closer(services, admin, journal, &run, err) != 0)
        return -1;
    if (run == NULL) {
        err_set(err, ERR_OPERATOR, "database \"%s\" is closed to connections", live);
        return err_hint(err, "If a run on another machine was cut off, open it with ALTER DATABASE … "
                             "ALLOW_CONNECTIONS true and run recover again.");
    }
    log_info("database \"%s\" was left closed by run %s, which was cut off: opening it", live, run);
    return versions_disconnect(admin, run, err) != 0 ? -1 : swap_open(admin, live, err);
}

static int look(struct services *services, struct db *admin, bool *is_closed, struct err *err)
{
    const char *live = db_target_name(services->target);
    bool exists = false, is_open = true;
    int rc = swap_exists(admin, live, &exists, err);

    if (rc == 0 && exists)
        rc = swap_is_open(admin, live, &is_open, err);
    *is_closed = !is_open;
    return rc;
}

int reopen_live(struct services *services, const struct journal *journal, struct err *err)
{
    const char *maintenance = services->env->maintenance_database;
    struct dblock *lock = NULL;
    struct db *admin = NULL;
    bool is_closed = false;
    int rc = dblock_look_swap(services->target, maintenance, err);

    if (rc == 0)
        rc = restore_admin(services, &admin, err);
    if (rc == 0)
        rc = look(services, admin, &is_closed, err);
    if (rc == 0 && is_closed)
        rc = dblock_take_swap(services->target, maintenance, "recover", &lock, err);
    if (rc == 0 && is_closed)
        rc = look(services, admin, &is_closed, err); /* as it is now */
    if (rc == 0 && is_closed)
        rc = open_closed(services, admin, db_target_name(services->target), journal, err);
    db_close(admin);
    dblock_free(lock);
    return rc;
}

int reopen_await(struct run *run, int64_t wait_ms, struct err *err)
{
    const int64_t deadline = clock_mono_ms() + wait_ms;
    struct journal *journal = NULL;
    bool announced = false;

    if (journal_unfinished(run->arena, run->state_dir, &journal, err) != 0)
        return -1;
    while (reopen_live(run->services, journal, err) != 0) {
        if (err->code != ERR_BUSY || clock_mono_ms() >= deadline || cancel_requested())
            return -1;
        if (!announced)
            log_info("%s; waiting for it", err->primary);
        announced = true;
        clock_sleep_ms(POLL_MS);
        err_clear(err);
    }
    return 0;
}

int reopen_connect(struct run *run, struct err *err)
{
    const int64_t wait_ms = run->env->lock_wait_ms;
    struct err later = ERR_INIT;

    /* While it is copied a connection is not refused: it hangs. */
    if (run->services->clone.plugin != NULL && reopen_await(run, wait_ms, &later) != 0 &&
        later.code == ERR_BUSY) {
        *err = later;
        return -1;
    }
    err_clear(&later);
    if (run_connect(run, 0, err) == 0)
        return 0;
    if (strcmp(err->sqlstate, CLOSED) != 0)
        return -1;
    if (reopen_await(run, wait_ms, &later) == 0) {
        err_clear(err);
        return run_connect(run, 0, err);
    }
    if (later.code == ERR_BUSY)
        *err = later;
    else
        err_detail(err, "%s", later.primary);
    return -1;
}
