/* verification - see verification.h. */
#include "deploy/verification.h"

#include "base/clock.h"
#include "base/log.h"
#include "deploy/drill.h"
#include "deploy/inventory.h"
#include "deploy/snapshot.h"

/* The first store that has it. A copy that cannot be opened is not passed over for another one: it is
 * what a verification is to find. NULL: no list has it. */
static const char *first_with(struct services *services, const char *snapshot)
{
    for (size_t i = 0; i < services->n_stores; i++) {
        struct inventory inventory;
        struct err err = ERR_INIT;

        if (inventory_read(services, &services->stores[i], &inventory, &err) != 0)
            log_warning("%s", err.primary);
        else if (inventory_find(&inventory, snapshot) != NULL)
            return services->stores[i].label;
    }
    return NULL;
}

/* Which copy it is. */
static int find_copy(struct run *run, const char *label, const char *snapshot, const char **store,
                     struct err *err)
{
    struct stored_bundle stored;

    *store = label != NULL ? label : first_with(run->services, snapshot);
    if (*store != NULL)
        return 0;
    if (stores_open(run->services, NULL, snapshot, &stored, err) != 0)
        return -1;
    *store = stored.store->label;
    stores_close(&stored);
    return 0;
}

void verification_record(struct run *run, struct verification *verification)
{
    struct evidence *evidence = &verification->evidence;
    struct err err = ERR_INIT;

    if (evidence_write(run->services, stores_find(run->services, verification->store), evidence,
                       &err) == 0)
        return;
    evidence->file = NULL;
    log_warning("snapshot \"%s\" is verified, but no evidence of that is kept: %s",
                evidence->snapshot, err.primary);
}

int verification_prove(struct run *run, const char *label, const char *snapshot,
                       enum evidence_level level, struct verification *out, struct err *err)
{
    enum evidence_level reading = level == EVIDENCE_FAST ? EVIDENCE_FAST : EVIDENCE_FULL;
    int64_t started = clock_mono_ms();

    *out = (struct verification){.evidence = {.snapshot = snapshot,
                                              .level = level,
                                              .who = run->who,
                                              .host = run->host,
                                              .version = VERSION,
                                              .recovery_ms = -1}};
    if (find_copy(run, label, snapshot, &out->store, err) != 0 ||
        snapshot_verify(run->services, out->store, snapshot, evidence_level_name(reading),
                        &out->evidence.size_bytes, err) != 0 ||
        (level == EVIDENCE_RESTORE &&
         drill_restore(run, out->store, snapshot, &out->evidence.recovery_ms, err) != 0))
        return err_as(err, ERR_PREPARE);
    out->evidence.duration_ms = clock_mono_ms() - started;
    out->evidence.when = clock_now();
    return 0;
}

int verification_run(struct run *run, const char *label, const char *snapshot,
                     enum evidence_level level, struct verification *out, struct err *err)
{
    if (verification_prove(run, label, snapshot, level, out, err) != 0)
        return -1;
    verification_record(run, out);
    return 0;
}
