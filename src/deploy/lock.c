/* lock - one deployment at a time, across machines (phases.h). */
#include "deploy/phases.h"

#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/log.h"
#include "deploy/reopen.h"

/* Whoever copies or exchanges the database just now has let go of the lock for that, because nobody may be
 * connected, and holds the one in the maintenance database instead. */
static bool is_exchanged(struct run *run, struct err *err)
{
    struct err other = ERR_INIT;

    if (dblock_look_swap(run->services->target, run->env->maintenance_database, &other) == 0 ||
        other.code != ERR_BUSY)
        return false;
    *err = other;
    return true;
}

static int take(struct run *run, int64_t wait_ms, struct err *err)
{
    struct db_target *target = run->services->target;

    if (dblock_pooled(target, &run->pooled, err) != 0)
        return -1;
    if (run->pooled)
        return 0; /* a session lock would leak there: preflight refuses, with all other reasons */
    if (dblock_take(target, run->id, wait_ms, &run->lock, err) != 0)
        return -1;
    if (!is_exchanged(run, err))
        return 0;
    dblock_free(run->lock);
    run->lock = NULL;
    return -1;
}

/* While it is copied everybody is thrown out, those who wait too, and a new connection hangs: then we come
 * again when that is over. */
static int take_within(struct run *run, int64_t wait_ms, struct err *err)
{
    const int64_t deadline = clock_mono_ms() + wait_ms;
    int64_t left = wait_ms;
    struct err busy = ERR_INIT;

    while (take(run, left, err) != 0) {
        if (is_exchanged(run, &busy))
            *err = busy;
        else if (err->code != ERR_BUSY && strcmp(err->sqlstate, REOPEN_ENDED) != 0)
            return -1;
        left = deadline - clock_mono_ms();
        if (left <= 0 || cancel_requested())
            return -1;
        err_clear(err);
        err_clear(&busy);
        if (reopen_await(run, left, err) != 0)
            return -1;
    }
    return run->db != NULL && db_alive(run->db) ? 0 : run_connect(run, 0, err);
}

int lock_phase(struct run *run, struct err *err)
{
    if (take_within(run, run->env->lock_wait_ms, err) != 0)
        return -1;
    if (run->lock != NULL)
        log_detail("holding the deployment lock of database \"%s\"",
                   db_target_name(run->services->target));
    return 0;
}
