/*
 * drill - a snapshot is restored into a scratch database beside the live one, compared, and dropped.
 *
 * It takes no deployment lock, and needs none: the live database is not looked at, the scratch database
 * is named after this run alone, and prune leaves a snapshot that is in use. A deployment that begins or
 * ends meanwhile is neither waited for nor held up.
 *
 * There is no journal: a drill has nothing to finish or to undo. What a killed one leaves is the scratch
 * database, NAME_drill_RUN; the next drill or `recover` drops it, which the lock on its name allows as
 * soon as the session that made it is gone (pg/inuse.h).
 */
#ifndef DEPLOY_DRILL_H
#define DEPLOY_DRILL_H

#include "deploy/run.h"

/* drill_restore(run, label, snapshot, recovery_ms, err): restore ${snapshot} of the store ${label} (NULL: any
 * that has it) and prove it as restore_load does; ${recovery_ms} gets how long that took. Whatever
 * happens, the scratch database is dropped. ERR_PREPARE. Changes: databases, for a while. */
int drill_restore(struct run *run, const char *label, const char *snapshot, int64_t *recovery_ms,
                  struct err *err) CHECK;

/* drill_sweep(services): drop the scratch databases of this environment whose drills are dead. What cannot
 * be dropped is warned of. Changes: databases. */
void drill_sweep(struct services *services);

#endif
