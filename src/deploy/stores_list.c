/* stores_list - what is in the stores, and what a dead run has left there (stores.h). */
#include "deploy/stores_parts.h"

#include <string.h>

#include "base/log.h"
#include "deploy/encryption.h"
#include "deploy/evidence_name.h"
#include "deploy/stores_files.h"

struct listing {
    struct services *services;
    const struct service *store;
    struct snapshot_file *items;
    size_t n, cap;
    bool all; /* evidence too */
};

/* A snapshot of this environment is called ENV-YYYYMMDDTHHMMSSZ-….tar or ….tar.age, an unfinished one has a
 * dot before: "prod-3-2026…" belongs to "prod-3", not to "prod". What somebody has put beside it, as
 * ….tar.sha256 or ….tar.old, is neither it nor evidence of it. */
static bool is_ours(const struct services *services, const struct ddb_stored *stored)
{
    const char *name = stored->name + (stored->name[0] == '.'), *end = strstr(name, ".tar");
    size_t len = strlen(services->env->name);

    return strncmp(name, services->env->name, len) == 0 && name[len] == '-' &&
           strspn(name + len + 1, "0123456789") == 8 && name[len + 9] == 'T' && end != NULL &&
           (stored->partial || strcmp(end, ".tar") == 0 || encryption_named(name) ||
            evidence_is(name));
}

static int add_stored(void *arg, const struct ddb_stored *stored)
{
    struct listing *listing = arg;
    struct arena *arena = listing->services->arena;

    if (!is_ours(listing->services, stored) ||
        (!listing->all && evidence_is(stored->name)))
        return 0;
    if (listing->n == listing->cap) {
        size_t cap = listing->cap ? listing->cap * 2 : 32;
        struct snapshot_file *grown = arena_alloc(arena, cap * sizeof *grown);

        if (listing->n > 0)
            memcpy(grown, listing->items, listing->n * sizeof *grown);
        listing->items = grown;
        listing->cap = cap;
    }
    listing->items[listing->n++] = (struct snapshot_file){
        .store = listing->store->label,
        .name = arena_strdup(arena, stored->name),
        .place = stores_place(listing->services, listing->store->label, stored->name),
        .size_bytes = stored->size_bytes,
        .modified = stored->modified,
        .partial = stored->partial != 0,
    };
    return 0;
}

static int list_one(struct listing *listing, const struct service *store, struct err *err)
{
    struct ddb_call call = services_begin(listing->services, store, err);

    listing->store = store;
    return stores_end(&call, stores_ops(store)->list(&call, add_stored, listing), "list");
}

int stores_list(struct services *services, struct snapshot_file **list, size_t *n,
                struct err *err)
{
    struct listing listing = {.services = services};

    for (size_t i = 0; i < services->n_stores; i++) {
        const struct service *store = &services->stores[i];
        size_t before = listing.n;
        struct err cause = ERR_INIT;

        if (list_one(&listing, store, &cause) == 0)
            continue;
        listing.n = before;
        if (!stores_is_remote(store) || services->n_stores == 1) {
            *err = cause;
            return -1;
        }
        log_warning("%s; its snapshots are not listed", cause.primary);
    }
    *list = listing.items;
    *n = listing.n;
    return 0;
}

int stores_list_all(struct services *services, const struct service *store,
                    struct snapshot_file **list, size_t *n, struct err *err)
{
    struct listing listing = {.services = services, .all = true};

    if (list_one(&listing, store, err) != 0)
        return -1;
    *list = listing.items;
    *n = listing.n;
    return 0;
}

static int clean_one(struct services *services, const struct service *store, const char *run,
                     struct err *err)
{
    struct listing listing = {.services = services};

    if (list_one(&listing, store, err) != 0)
        return -1;
    for (size_t i = 0; i < listing.n; i++) {
        const struct snapshot_file *file = &listing.items[i];
        struct ddb_call call = services_begin(services, store, err);

        if (!file->partial || strstr(file->name, run) == NULL)
            continue;
        if (stores_end(&call, stores_ops(store)->remove(&call, file->name), "remove") != 0)
            return -1;
        log_info("removed the unfinished snapshot %s", file->place);
    }
    return 0;
}

int stores_clean(struct services *services, const char *run, struct err *err)
{
    for (size_t i = 0; i < services->n_stores; i++) {
        const struct service *store = &services->stores[i];
        struct err cause = ERR_INIT;

        if (clean_one(services, store, run, &cause) == 0)
            continue;
        if (!stores_is_remote(store)) {
            *err = cause;
            return -1;
        }
        log_warning("%s; an unfinished snapshot of run %s may have stayed there", cause.primary, run);
    }
    return 0;
}
