/* recover_stand - the ground to stand on; see recover.h. */
#include "base/clock.h"
#include "base/log.h"
#include "deploy/recover.h"
#include "pg/versions.h"

enum { SERVER_WAIT_MS = 30 * 1000, IDLE_WAIT_MS = 60 * 1000, PAUSE_MS = 500 };

/* A session, the lock, and nobody of this run still at work: the commands of a run that was cut off
 * may have outlived it. */
static int stand(struct run *run, struct err *err)
{
    const struct conf *conf = run->services->conf;
    auto_strvec struct strvec busy = {0};
    struct err lost = ERR_INIT;
    struct dblock *swap = NULL;

    if ((run->db == NULL || !db_alive(run->db)) && run_connect(run, SERVER_WAIT_MS, err) != 0)
        return -1;
    if (run->lock != NULL && dblock_check(run->lock, &lost) != 0) {
        log_detail("%s", lost.primary);
        dblock_free(run->lock);
        run->lock = NULL;
    }
    err_clear(&lost);
    if (run->lock == NULL &&
        dblock_take(run->services->target, run->id, run->env->lock_wait_ms, &run->lock, err) != 0)
        return -1;
    /* Whoever exchanges the databases just now has let go of the lock for that. */
    if (dblock_take_swap(run->services->target, run->env->maintenance_database, run->id, &swap,
                         &lost) == 0) {
        dblock_free(swap);
    } else if (lost.code == ERR_BUSY) {
        dblock_free(run->lock);
        run->lock = NULL;
        *err = lost;
        return -1;
    }
    err_clear(&lost);
    if (versions_disconnect(run->db, run->id, err) != 0 ||
        versions_idle(run->db, conf->version_table_schema, conf->version_table, IDLE_WAIT_MS,
                      &busy, err) != 0)
        return -1;
    if (busy.n == 0)
        return 0;
    err_set(err, ERR_OPERATOR, "migrations are still at work in database \"%s\"",
            db_target_name(run->services->target));
    for (size_t i = 0; i < busy.n; i++)
        err_detail(err, "%s", busy.v[i]);
    return err_hint(err, "End these sessions, then run `deploy-db recover %s`.", run->env->name);
}

static bool is_lost(const struct run *run)
{
    return run->db == NULL || run->lock == NULL || !db_alive(run->db);
}

/* A server that goes down takes its sessions one after the other: the one that is lost while we still ask
 * another is no reason to give up. */
int recover_stand(struct run *run, struct err *err)
{
    const int64_t deadline = clock_mono_ms() + SERVER_WAIT_MS;

    for (;;) {
        struct err attempt = ERR_INIT;

        if (stand(run, &attempt) == 0)
            return 0;
        if (attempt.code == ERR_BUSY || !is_lost(run) || clock_mono_ms() >= deadline) {
            *err = attempt;
            return -1;
        }
        log_detail("%s; trying again", attempt.primary);
        clock_sleep_ms(PAUSE_MS);
    }
}
