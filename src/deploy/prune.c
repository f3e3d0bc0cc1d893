/* prune - see prune.h. */
#include "deploy/prune.h"

#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "deploy/inventory.h"
#include "deploy/pins.h"
#include "deploy/ship.h"
#include "deploy/snapshot.h"
#include "deploy/verification.h"

/* One store while it is pruned. */
struct pruning {
    struct run *run;
    struct services *services;
    const struct service *store;
    const struct conf_keep *policy;
    const struct pins *pins;
    const char *newest; /* the snapshot that must be there before others go; NULL: any */
    struct prune_store *report;
    bool dry_run;
    time_t now;

    struct inventory inventory;
    struct retention_item *items;             /* our own snapshots … */
    const struct inventory_snapshot **of_item; /* … and which they are */
    size_t n;
};

static struct prune_file *report(struct pruning *pruning, const char *name, int64_t size_bytes)
{
    struct prune_file *file = &pruning->report->files[pruning->report->n++];

    *file = (struct prune_file){.name = name, .size_bytes = size_bytes};
    return file;
}

static void keep(struct pruning *pruning, const struct inventory_snapshot *snapshot,
                 const char *reason)
{
    retention_add(&report(pruning, snapshot->file.name, snapshot->file.size_bytes)->item, reason);
}

/* --- which are ours ---------------------------------------------------------------------------------- */

/* A run that is known took it for this environment. Of the others the snapshot itself must say it. */
static void sort_out(struct pruning *pruning)
{
    struct services *services = pruning->services;

    for (size_t i = 0; i < pruning->inventory.n; i++) {
        const struct inventory_snapshot *snapshot = &pruning->inventory.snapshots[i];
        enum inventory_owner owner = INVENTORY_OURS;
        struct err err = ERR_INIT;

        if (!pins_knows(pruning->pins, snapshot->run))
            owner = inventory_owner(services, pruning->store->label, snapshot->file.name, &err);
        if (owner == INVENTORY_FOREIGN) {
            keep(pruning, snapshot, "of another project or environment");
        } else if (owner == INVENTORY_UNKNOWN) {
            keep(pruning, snapshot,
                 arena_printf(services->arena, "whose it is cannot be told: %s", err.primary));
        } else {
            pruning->of_item[pruning->n] = snapshot;
            pruning->items[pruning->n++] = (struct retention_item){
                .name = snapshot->file.name,
                .taken = snapshot->taken,
                .level = inventory_level(snapshot),
                .pinned = pins_reason(pruning->pins, snapshot->file.name, snapshot->run),
            };
        }
    }
}

/* --- one that is verified must stay -------------------------------------------------------------------- */

static int verify(struct pruning *pruning, struct retention_item *item)
{
    struct verification verification;
    struct err err = ERR_INIT;
    int rc = pruning->dry_run
                 ? snapshot_verify(pruning->services, pruning->store->label, item->name,
                                   evidence_level_name(EVIDENCE_FAST), NULL, &err)
                 : verification_run(pruning->run, pruning->store->label, item->name, EVIDENCE_FAST,
                                    &verification, &err);

    if (rc == 0)
        item->level = EVIDENCE_FAST;
    else
        log_warning("%s", err.primary);
    return rc;
}

static int have_verified(struct pruning *pruning, struct err *err)
{
    size_t counted = 0;

    for (size_t i = 0; i < pruning->n; i++) {
        if (pruning->items[i].taken > pruning->now)
            continue;
        if (pruning->items[i].level != EVIDENCE_NONE)
            return 0;
        counted++;
    }
    for (size_t i = pruning->n; i-- > 0;)
        if (pruning->items[i].taken <= pruning->now && verify(pruning, &pruning->items[i]) == 0)
            return 0;
    return counted == 0
               ? 0
               : err_set(err, ERR_PREPARE,
                         "no snapshot in store \"%s\" can be verified, so none is removed",
                         pruning->store->label);
}

/* --- removing ------------------------------------------------------------------------------------------ */

static int remove_files(struct pruning *pruning, const struct inventory_snapshot *snapshot,
                        bool *in_use, struct err *err)
{
    if (stores_remove_unused(pruning->services, pruning->store, snapshot->file.name, in_use, err) != 0)
        return -1;
    (void)FAULT("prune.removed");
    for (size_t i = 0; i < snapshot->n_evidence; i++)
        if (stores_remove(pruning->services, pruning->store, snapshot->evidence[i].file, err) != 0)
            return -1;
    return 0;
}

static void count(struct pruning *pruning, struct prune_file *file, const char *why)
{
    file->why = why;
    pruning->report->removed++;
    pruning->report->removed_bytes += file->size_bytes;
}

/* The last look before it: what the snapshot says of itself, and whether it is being restored or read. */
static int remove_snapshot(struct pruning *pruning, struct prune_file *file,
                           const struct inventory_snapshot *snapshot, struct err *err)
{
    const char *name = snapshot->file.name;
    struct err unreadable = ERR_INIT;
    bool alive = false, claimed = false, in_use = false;
    int rc;

    if (cancel_requested())
        return err_set(err, ERR_PREPARE, "stopped on request before all was removed");
    if (inventory_owner(pruning->services, pruning->store->label, name, &unreadable) ==
        INVENTORY_FOREIGN) {
        retention_add(&file->item, "of another project or environment");
        return 0;
    }
    if (pins_alive(pruning->pins, snapshot->run, &alive, err) != 0)
        return -1;
    if (alive) {
        retention_add(&file->item, "its run is alive");
        return 0;
    }
    if (pins_claim(pruning->pins, name, &claimed, err) != 0)
        return -1;
    if (!claimed) {
        retention_add(&file->item, "being restored");
        return 0;
    }
    rc = pruning->dry_run ? 0 : remove_files(pruning, snapshot, &in_use, err);
    pins_unclaim(pruning->pins, name);
    if (in_use) {
        retention_add(&file->item, "being read");
        err_clear(err);
        return 0;
    }
    if (rc == 0)
        count(pruning, file, "no rule keeps it");
    return rc;
}

static int apply(struct pruning *pruning, struct err *err)
{
    retention_apply(pruning->services->arena, pruning->policy, pruning->now, pruning->items,
                    pruning->n);
    for (size_t i = 0; i < pruning->n; i++) {
        const struct inventory_snapshot *snapshot = pruning->of_item[i];
        struct prune_file *file = report(pruning, snapshot->file.name, snapshot->file.size_bytes);

        file->item = pruning->items[i];
        if (!file->item.keep && remove_snapshot(pruning, file, snapshot, err) != 0) {
            retention_add(&file->item, "it could not be removed");
            return -1;
        }
    }
    return 0;
}

/* ".ENV-RUN.tar.part": the run that began it. */
static const char *run_of(const struct pruning *pruning, const char *partial)
{
    const char *run = partial + 1 + strlen(pruning->services->env->name) + 1;

    return arena_strndup(pruning->services->arena, run, strcspn(run, "."));
}

static int expire_partial(struct pruning *pruning, const struct snapshot_file *partial,
                          struct err *err)
{
    struct prune_file *file = report(pruning, partial->name, partial->size_bytes);
    bool alive = false;
    char age[32];

    if (pruning->now - (time_t)partial->modified < pruning->policy->partial_after_ms / 1000) {
        retention_add(&file->item, "unfinished, written to lately");
        return 0;
    }
    if (pins_alive(pruning->pins, run_of(pruning, partial->name), &alive, err) != 0)
        return -1;
    if (alive) {
        retention_add(&file->item, "its run is alive");
        return 0;
    }
    if (!pruning->dry_run &&
        stores_remove(pruning->services, pruning->store, partial->name, err) != 0) {
        retention_add(&file->item, "it could not be removed");
        return -1;
    }
    count(pruning, file,
          arena_printf(pruning->services->arena, "unfinished, last written to %s",
                       clock_age((time_t)partial->modified, pruning->now, age)));
    return 0;
}

/* What crashes have left. Young orphans stay: a listing is not of one moment. */
static int expire(struct pruning *pruning, struct err *err)
{
    const struct inventory *inventory = &pruning->inventory;

    for (size_t i = 0; i < inventory->n_partial; i++)
        if (expire_partial(pruning, &inventory->partial[i], err) != 0)
            return -1;
    for (size_t i = 0; i < inventory->n_orphans; i++) {
        struct prune_file *file;

        if (pruning->now - inventory->orphans[i].when < pruning->policy->partial_after_ms / 1000)
            continue;
        file = report(pruning, inventory->orphans[i].file, 0);
        if (!pruning->dry_run &&
            stores_remove(pruning->services, pruning->store, file->name, err) != 0) {
            retention_add(&file->item, "it could not be removed");
            return -1;
        }
        count(pruning, file, "its snapshot is gone");
    }
    return 0;
}

/* --- one store, and all of them ------------------------------------------------------------------------ */

static int prune_store(struct pruning *pruning, struct err *err)
{
    struct arena *arena = pruning->services->arena;
    struct inventory *inventory = &pruning->inventory;
    size_t room;

    if (inventory_read(pruning->services, pruning->store, inventory, err) != 0)
        return -1;
    room = inventory->n + inventory->n_partial + inventory->n_orphans + 1;
    pruning->report->files = arena_alloc(arena, room * sizeof *pruning->report->files);
    pruning->items = arena_alloc(arena, room * sizeof *pruning->items);
    pruning->of_item = arena_alloc(arena, room * sizeof *pruning->of_item);
    if (retention_is_empty(pruning->policy)) {
        for (size_t i = 0; i < inventory->n; i++)
            keep(pruning, &inventory->snapshots[i], "the store has no rule that removes anything");
        return 0;
    }
    if (pruning->newest != NULL && inventory_find(inventory, pruning->newest) == NULL) {
        log_info("store \"%s\": nothing is removed, because snapshot %s is not there",
                 pruning->store->label, pruning->newest);
        return 0;
    }
    sort_out(pruning);
    if (have_verified(pruning, err) != 0 || apply(pruning, err) != 0)
        return -1;
    return expire(pruning, err);
}

static int prune_stores(struct run *run, const char *label, const char *newest, bool dry_run,
                        struct prune *prune, struct err *err)
{
    struct services *services = run->services;
    struct pins *pins = NULL;
    int rc = 0;

    *prune = (struct prune){.stores = arena_alloc(run->arena, services->n_stores * sizeof *prune->stores)};
    if (pins_open(services, &pins, err) != 0)
        return err_as(err, ERR_PREPARE);
    for (size_t i = 0; i < services->n_stores; i++) {
        const struct service *store = &services->stores[i];
        struct prune_store *of_store = &prune->stores[prune->n];
        struct pruning pruning = {.run = run,
                                  .services = services,
                                  .store = store,
                                  .policy = &conf_store(services->conf, store->label)->keep,
                                  .pins = pins,
                                  .newest = newest,
                                  .report = of_store,
                                  .dry_run = dry_run,
                                  .now = clock_now()};

        if (label != NULL && strcmp(label, store->label) != 0)
            continue;
        prune->n++;
        of_store->label = store->label;
        if (prune_store(&pruning, &of_store->err) == 0)
            continue;
        err_as(&of_store->err, ERR_PREPARE);
        rc = err_set(err, ERR_PREPARE, "%s", of_store->err.primary);
        err_hint(err, "%s", of_store->err.hint);
    }
    pins_close(pins);
    return rc;
}

int prune_run(struct run *run, const char *label, bool dry_run, struct prune *prune,
              struct err *err)
{
    return prune_stores(run, label, NULL, dry_run, prune, err);
}

void prune_after(struct run *run)
{
    struct services *services = run->services;
    bool is_empty = true;
    struct prune prune;
    struct err err = ERR_INIT;

    for (size_t i = 0; i < services->n_stores; i++)
        is_empty &= retention_is_empty(&conf_store(services->conf, services->stores[i].label)->keep);
    if (is_empty)
        return;
    ship_join(run);
    if (cancel_requested())
        return;
    if (prune_stores(run, NULL, run->snapshot, false, &prune, &err) != 0)
        run_warn(run, "old snapshots could not be removed: %s", err.primary);
    for (size_t i = 0; i < prune.n; i++) {
        char bytes[32];

        if (prune.stores[i].removed > 0)
            log_info("store \"%s\": removed %zu old file%s, %s", prune.stores[i].label,
                     prune.stores[i].removed, prune.stores[i].removed == 1 ? "" : "s",
                     size_text(prune.stores[i].removed_bytes, bytes));
    }
}
