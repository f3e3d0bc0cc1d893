/*
 * inventory - what a store has of this environment: snapshots with the evidence beside them, files
 * that were never finished, and evidence whose snapshot is gone.
 */
#ifndef DEPLOY_INVENTORY_H
#define DEPLOY_INVENTORY_H

#include <jansson.h>

#include "deploy/evidence.h"

struct inventory_snapshot {
    struct snapshot_file file;
    const char *run;           /* which took it, from its name */
    time_t taken;              /* from its name */
    struct evidence *evidence; /* highest level first */
    size_t n_evidence;
};

struct inventory {
    const struct service *store;
    struct inventory_snapshot *snapshots; /* finished ones, oldest first */
    size_t n;
    struct snapshot_file *partial;
    size_t n_partial;
    struct evidence *orphans;
    size_t n_orphans;
};

/* inventory_read(services, store, inventory, err): list ${store}. Everything is in the services' arena. */
int inventory_read(struct services *services, const struct service *store,
                   struct inventory *inventory, struct err *err) CHECK;

/* inventory_all(services, list, n, err): of every store. A remote one that cannot be reached is passed over
 * with a warning, unless it is the only one. */
int inventory_all(struct services *services, struct inventory **list, size_t *n,
                  struct err *err) CHECK;

/* inventory_find(inventory, name): NULL when it is not there. */
struct inventory_snapshot *inventory_find(const struct inventory *inventory, const char *name);

/* inventory_level(snapshot): the highest that it was verified at. */
enum evidence_level inventory_level(const struct inventory_snapshot *snapshot);

/* inventory_details(services, store, snapshot, level): read what is inside of the evidence of ${level}
 * and above. What cannot be read (it may just have been replaced) stays unknown. */
void inventory_details(struct services *services, const struct service *store,
                       struct inventory_snapshot *snapshot, enum evidence_level level);

/* inventory_verified(snapshot, now, out): "restore 2 days ago, in 12.3 s; full 1 hour ago", or "never";
 * a lower level is told only where it is younger. inventory_json(snapshot): the same as an array. */
void inventory_verified(const struct inventory_snapshot *snapshot, time_t now, struct buf *out);
json_t *inventory_json(const struct inventory_snapshot *snapshot);

/* Whose a snapshot is: two projects may share a folder, and their environments a name. */
enum inventory_owner { INVENTORY_OURS, INVENTORY_FOREIGN, INVENTORY_UNKNOWN };

/* inventory_owner(services, label, name, err): as its meta.json says; ${err} tells why it is not
 * known. ${label} NULL: from any store that has it. */
enum inventory_owner inventory_owner(struct services *services, const char *label, const char *name,
                                     struct err *err);

/* inventory_newest(services, readable, err): the name of the newest finished snapshot of this environment
 * in any of its stores, or NULL with ERR_PREPARE. What is passed over is warned of: what is another's,
 * and, where one is wanted that is ${readable}, what cannot be read; then its time is not in the future
 * either (stores_refuse_future). */
const char *inventory_newest(struct services *services, bool readable, struct err *err);

#endif
