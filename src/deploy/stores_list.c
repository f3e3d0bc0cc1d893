/* stores_list - what is in the stores, and what a dead run has left there (stores.h). */
#include "deploy/stores_parts.h"

#include <string.h>

#include "base/log.h"

struct listing {
    struct services *services;
    const struct service *store;
    struct snapshot_file *items;
    size_t n, cap;
};

/* A snapshot of this environment is called ENV-YYYYMMDDTHHMMSSZ-…, an unfinished one has a dot before:
 * "prod-3-2026…" belongs to "prod-3", not to "prod". */
static bool is_ours(const struct services *services, const char *name)
{
    size_t len = strlen(services->env->name);

    name += name[0] == '.';
    return strncmp(name, services->env->name, len) == 0 && name[len] == '-' &&
           strspn(name + len + 1, "0123456789") == 8 && name[len + 9] == 'T' &&
           strstr(name, ".tar") != NULL;
}

static int add_stored(void *arg, const struct ddb_stored *stored)
{
    struct listing *listing = arg;
    struct arena *arena = listing->services->arena;

    if (!is_ours(listing->services, stored->name))
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

int stores_list(struct services *services, struct snapshot_file **list, size_t *n,
                struct err *err)
{
    struct listing listing = {.services = services};

    for (size_t i = 0; i < services->n_stores; i++) {
        struct ddb_call call = services_begin(services, &services->stores[i], err);

        listing.store = &services->stores[i];
        if (stores_end(&call, stores_ops(call.service)->list(&call, add_stored, &listing), "list") != 0)
            return -1;
    }
    *list = listing.items;
    *n = listing.n;
    return 0;
}

int stores_clean(struct services *services, const char *run, struct err *err)
{
    struct snapshot_file *list = NULL;
    size_t n = 0;

    if (stores_list(services, &list, &n, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (!list[i].partial || strstr(list[i].name, run) == NULL)
            continue;
        for (size_t s = 0; s < services->n_stores; s++) {
            struct ddb_call call = services_begin(services, &services->stores[s], err);

            if (strcmp(services->stores[s].label, list[i].store) == 0 &&
                stores_end(&call, stores_ops(call.service)->remove(&call, list[i].name), "remove") != 0)
                return -1;
        }
        log_info("removed the unfinished snapshot %s", list[i].place);
    }
    return 0;
}
