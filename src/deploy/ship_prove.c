/* ship_prove - a copy that has arrived is proven, or does not stay (ship_parts.h). */
#include "deploy/ship_parts.h"

#include "base/cancel.h"
#include "base/log.h"
#include "deploy/encryption.h"
#include "deploy/stores_files.h"
#include "deploy/verification.h"

bool ship_arrived(struct ship *ship)
{
    bool arrived;

    pthread_mutex_lock(&ship->feed->mutex);
    arrived = ship->state == SHIP_DONE;
    pthread_mutex_unlock(&ship->feed->mutex);
    return arrived;
}

void ship_withdraw(struct services *services, struct ship *ship, const char *name)
{
    struct services removing = *services;
    const char *file = ship_arrived(ship) ? name : NULL;
    struct err err = ERR_INIT;
    int rc = 0;

    removing.stopped = NULL; /* this must not be cut short */
    removing.recovering = true;
    if (ship->left)
        rc = ship_partial(&removing, ship->to, name, &file, &err);
    if (rc == 0 && file != NULL)
        rc = stores_remove(&removing, ship->to, file, &err);
    if (rc != 0)
        log_warning("snapshot %s may have stayed there: %s", name, err.primary);
}

/* A verification that was stopped says nothing about the copy. */
void ship_take_away(struct services *services, const struct service *to, const char *name,
                    struct err *err)
{
    struct err removing = ERR_INIT;

    if (cancel_requested())
        err_detail(err, "the copy in store \"%s\" is there, but not verified", to->label);
    else if (stores_remove(services, to, name, &removing) == 0)
        err_detail(err, "the copy in store \"%s\" was removed", to->label);
    else
        err_detail(err, "the copy in store \"%s\" is not verified, and could not be removed: %s",
                   to->label, removing.primary);
}

int ship_prove(struct run *run, const struct service *to, const char *name,
               const struct ship_proof *proof, const char **verified, struct err *err)
{
    struct services *services = run->services;
    struct verification verification;
    int rc = 0;

    if (encryption_hides(services, name)) {
        *verified = "written";
        if (proof->sha256 != NULL)
            rc = encryption_compare(services, proof->size_bytes, proof->sha256, to->label, name, err);
    } else {
        *verified = proof->level;
        rc = verification_prove(run, to->label, name, evidence_level(proof->level), &verification,
                                err);
        if (rc == 0)
            verification_record(run, &verification);
    }
    if (rc != 0)
        ship_take_away(services, to, name, err);
    return rc;
}
