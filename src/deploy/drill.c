/* drill - see drill.h. */
#include "deploy/drill.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "deploy/restore.h"
#include "pg/inuse.h"
#include "pg/scratch.h"
#include "pg/swap.h"

static const char WORD[] = "drill";

/* --- what dead drills have left ---------------------------------------------------------------------- */

static int drop_dead(struct db *admin, const char *name, struct err *err)
{
    bool dead = false;
    int rc;

    if (inuse_claim(admin, name, &dead, err) != 0)
        return -1;
    if (!dead)
        return 0;
    rc = swap_drop(admin, name, err);
    inuse_unclaim(admin, name);
    if (rc == 0)
        log_info("dropped database \"%s\", which a drill that was cut off has left", name);
    return rc;
}

static void sweep(struct services *services, struct db *admin)
{
    struct err err = ERR_INIT;
    const char **list = NULL;
    size_t n = 0;

    if (scratch_list(admin, services->arena, db_target_name(services->target), WORD, &list, &n,
                     &err) != 0)
        log_warning("could not look for what drills have left: %s", err.primary);
    for (size_t i = 0; i < n; i++) {
        err_clear(&err);
        if (drop_dead(admin, list[i], &err) != 0)
            log_warning("database \"%s\" of a drill that was cut off is left: %s", list[i],
                        err.primary);
    }
}

void drill_sweep(struct services *services)
{
    struct err err = ERR_INIT;
    struct db *admin = NULL;

    if (restore_admin(services, &admin, &err) == 0)
        sweep(services, admin);
    else
        log_detail("could not look for what drills have left: %s", err.primary);
    db_close(admin);
}

/* --- the drill ---------------------------------------------------------------------------------------- */

static int check_role(struct db *admin, struct err *err)
{
    bool may = false;

    if (scratch_may_create(admin, &may, err) != 0)
        return -1;
    if (may)
        return 0;
    err_set(err, ERR_PREPARE,
            "a snapshot cannot be restored to verify it: role \"%s\" may not create databases",
            db_user(admin));
    return err_hint(err, "Grant it with ALTER ROLE … CREATEDB, or verify at the level full.");
}

static int load(struct run *run, struct db *admin, const char *label, const char *snapshot,
                const char *scratch, int64_t *recovery_ms, struct err *err)
{
    struct journal *journal = run->services->journal;
    struct run drill = *run;
    struct err later = ERR_INIT;
    int64_t started;
    struct meta meta;
    int rc;

    /* Not a step of a run that may be around this: nothing of it is for a recovery to know. */
    drill.journal = run->services->journal = NULL;
    drill.db = NULL;
    drill.lock = NULL;
    drill.filter = NULL;
    drill.warnings = (struct strvec){0};
    started = clock_mono_ms();
    rc = restore_load(&drill, admin, label, snapshot, scratch, &meta, err);
    *recovery_ms = clock_mono_ms() - started;
    run->services->journal = journal;
    strvec_push_all(&run->warnings, (const char *const *)drill.warnings.v);
    strvec_release(&drill.warnings);
    if (rc != 0)
        return -1;
    (void)FAULT("drill.loaded");
    restore_drop(&drill, scratch, &later);
    if (later.detail[0] != '\0')
        log_warning("%s", later.detail);
    return 0;
}

int drill_restore(struct run *run, const char *label, const char *snapshot, int64_t *recovery_ms,
                  struct err *err)
{
    const char *scratch = swap_name(run->arena, db_target_name(run->services->target), WORD, run->id);
    struct db *admin = NULL;
    int rc = restore_admin(run->services, &admin, err);

    if (rc == 0)
        rc = check_role(admin, err);
    if (rc == 0) {
        sweep(run->services, admin);
        rc = inuse_share(admin, scratch, err);
    }
    if (rc == 0)
        rc = load(run, admin, label, snapshot, scratch, recovery_ms, err);
    db_close(admin);
    return rc == 0 ? 0 : err_as(err, ERR_PREPARE);
}
