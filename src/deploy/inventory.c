/* inventory - see inventory.h. */
#include "deploy/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "deploy/encryption.h"

enum { TIME_BYTES = sizeof "20260131T134510Z" - 1 };

/* --- reading ------------------------------------------------------------------------------------ */

static int by_snapshot(const void *a, const void *b)
{
    const struct evidence *left = a, *right = b;
    int order = strcmp(left->snapshot, right->snapshot);

    if (order != 0)
        return order;
    if (left->level != right->level)
        return left->level > right->level ? -1 : 1;
    return left->when == right->when ? 0 : left->when > right->when ? -1 : 1;
}

static void add_snapshot(struct services *services, struct inventory *inventory,
                         const struct snapshot_file *file)
{
    const char *stamp = file->name + strlen(services->env->name) + 1;
    const char *end = strstr(stamp, ".tar");
    const char *time = arena_strndup(services->arena, stamp, TIME_BYTES);

    /* a name without a time says nothing that retention could go by */
    if (end == NULL || clock_parse(time) == (time_t)-1)
        return;
    inventory->snapshots[inventory->n++] = (struct inventory_snapshot){
        .file = *file,
        .run = arena_strndup(services->arena, stamp, (size_t)(end - stamp)),
        .taken = clock_parse(time),
    };
}

/* Each snapshot gets its evidence; what is left over are orphans. ${list} is sorted. */
static void hand_out(struct arena *arena, struct inventory *inventory, struct evidence *list, size_t n)
{
    size_t of_it;

    inventory->orphans = arena_alloc(arena, (n + 1) * sizeof *inventory->orphans);
    for (size_t i = 0; i < n; i += of_it) {
        struct inventory_snapshot *snapshot = inventory_find(inventory, list[i].snapshot);

        for (of_it = 1; i + of_it < n && strcmp(list[i].snapshot, list[i + of_it].snapshot) == 0;)
            of_it++;
        if (snapshot != NULL) {
            snapshot->evidence = &list[i];
            snapshot->n_evidence = of_it;
            continue;
        }
        memcpy(&inventory->orphans[inventory->n_orphans], &list[i], of_it * sizeof *list);
        inventory->n_orphans += of_it;
    }
}

int inventory_read(struct services *services, const struct service *store,
                   struct inventory *inventory, struct err *err)
{
    struct arena *arena = services->arena;
    struct snapshot_file *files = NULL;
    struct evidence *evidence;
    size_t n = 0, n_evidence = 0;

    *inventory = (struct inventory){.store = store};
    if (stores_list_all(services, store, &files, &n, err) != 0)
        return -1;
    inventory->snapshots = arena_alloc(arena, (n + 1) * sizeof *inventory->snapshots);
    inventory->partial = arena_alloc(arena, (n + 1) * sizeof *inventory->partial);
    evidence = arena_alloc(arena, (n + 1) * sizeof *evidence);
    for (size_t i = 0; i < n; i++) {
        struct evidence *next = &evidence[n_evidence];

        *next = (struct evidence){.duration_ms = -1, .recovery_ms = -1, .size_bytes = -1};
        if (files[i].partial) {
            inventory->partial[inventory->n_partial++] = files[i];
        } else if (evidence_parse(arena, files[i].name, &next->snapshot, &next->level,
                                  &next->when)) {
            next->file = files[i].name;
            n_evidence++;
        } else {
            add_snapshot(services, inventory, &files[i]);
        }
    }
    qsort(evidence, n_evidence, sizeof *evidence, by_snapshot);
    hand_out(arena, inventory, evidence, n_evidence);
    return 0;
}

int inventory_all(struct services *services, struct inventory **list, size_t *n, struct err *err)
{
    *list = arena_alloc(services->arena, (services->n_stores + 1) * sizeof **list);
    *n = 0;
    for (size_t i = 0; i < services->n_stores; i++) {
        struct err cause = ERR_INIT;

        if (inventory_read(services, &services->stores[i], &(*list)[*n], &cause) == 0) {
            (*n)++;
        } else if (stores_is_remote(&services->stores[i]) && services->n_stores > 1) {
            log_warning("%s; its snapshots are not listed", cause.primary);
        } else {
            *err = cause;
            return -1;
        }
    }
    return 0;
}

struct inventory_snapshot *inventory_find(const struct inventory *inventory, const char *name)
{
    for (size_t i = 0; i < inventory->n; i++)
        if (strcmp(inventory->snapshots[i].file.name, name) == 0)
            return &inventory->snapshots[i];
    return NULL;
}

/* --- how it was verified --------------------------------------------------------------------------- */

enum evidence_level inventory_level(const struct inventory_snapshot *snapshot)
{
    return snapshot->n_evidence == 0 ? EVIDENCE_NONE : snapshot->evidence[0].level;
}

void inventory_details(struct services *services, const struct service *store,
                       struct inventory_snapshot *snapshot, enum evidence_level level)
{
    for (size_t i = 0; i < snapshot->n_evidence; i++) {
        struct err err = ERR_INIT;

        if (snapshot->evidence[i].level >= level &&
            evidence_read(services, store, &snapshot->evidence[i], &err) != 0)
            log_detail("%s", err.primary);
    }
}

void inventory_verified(const struct inventory_snapshot *snapshot, time_t now, struct buf *out)
{
    time_t told = 0;

    for (size_t i = 0; i < snapshot->n_evidence; i++) {
        const struct evidence *evidence = &snapshot->evidence[i];
        char age[32], span[32];

        if (evidence->when <= told)
            continue;
        buf_addf(out, "%s%s %s", told == 0 ? "" : "; ", evidence_level_name(evidence->level),
                 clock_age(evidence->when, now, age));
        if (evidence->recovery_ms >= 0)
            buf_addf(out, ", in %s", clock_span(evidence->recovery_ms, span));
        told = evidence->when;
    }
    if (told == 0)
        buf_adds(out, "never");
}

json_t *inventory_json(const struct inventory_snapshot *snapshot)
{
    json_t *array = json_array();

    for (size_t i = 0; i < snapshot->n_evidence; i++)
        json_array_append_new(array, evidence_json(&snapshot->evidence[i]));
    return array;
}

/* --- whose it is -------------------------------------------------------------------------------------- */

enum inventory_owner inventory_owner(struct services *services, const char *label, const char *name,
                                     struct err *err)
{
    bool ours;

    if (stores_is_ours(services, label, name, &ours, err) != 0)
        return INVENTORY_UNKNOWN;
    return ours ? INVENTORY_OURS : INVENTORY_FOREIGN;
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(((const struct snapshot_file *)b)->name, ((const struct snapshot_file *)a)->name);
}

const char *inventory_newest(struct services *services, bool readable, struct err *err)
{
    struct snapshot_file *list = NULL;
    size_t n = 0;

    if (stores_list(services, &list, &n, err) != 0)
        return NULL;
    if (n > 0)
        qsort(list, n, sizeof *list, newest_first);
    for (size_t i = 0; i < n; i++) {
        struct err reason = ERR_INIT;
        enum inventory_owner owner;

        if (list[i].partial || (i > 0 && strcmp(list[i].name, list[i - 1].name) == 0))
            continue;
        owner = inventory_owner(services, NULL, list[i].name, &reason);
        if (owner == INVENTORY_UNKNOWN && readable && encryption_named(list[i].name)) {
            *err = reason; /* no older one is taken in its place */
            return NULL;
        }
        if (owner == INVENTORY_OURS || (owner == INVENTORY_UNKNOWN && !readable))
            return readable && stores_refuse_future(services, list, n, list[i].name, err) != 0
                       ? NULL
                       : list[i].name;
        log_warning("snapshot \"%s\" is passed over: %s", list[i].name,
                    owner == INVENTORY_FOREIGN ? "it is of another project or environment"
                                               : reason.primary);
    }
    err_set(err, ERR_PREPARE, "environment \"%s\" has no snapshot", services->env->name);
    return NULL;
}
