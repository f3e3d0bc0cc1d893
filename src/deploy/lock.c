/* lock - one deployment at a time, across machines (phases.h). */
#include "deploy/phases.h"

#include "base/log.h"

int lock_phase(struct run *run, struct err *err)
{
    struct db_target *target = run->services->target;

    if (dblock_pooled(target, &run->pooled, err) != 0)
        return -1;
    if (run->pooled)
        return 0; /* a session lock would leak there: preflight refuses, with all other reasons */
    if (dblock_take(target, run->id, run->env->lock_wait_ms, &run->lock, err) != 0)
        return -1;
    log_detail("holding the deployment lock of database \"%s\"", db_target_name(target));
    return 0;
}
