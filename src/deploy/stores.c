/* stores - see stores.h: what writing, reading and listing have in common. */
#include "deploy/stores_parts.h"

#include <string.h>

const struct ddb_store *stores_ops(const struct service *store)
{
    return &store->plugin->store;
}

int stores_end(struct ddb_call *call, int rc, const char *what)
{
    if (services_end(call, rc, what, ERR_PREPARE) == 0)
        return 0;
    return err_wrap(call->err, "store \"%s\"", call->service->label);
}

bool stores_is_remote(const struct service *store)
{
    const struct ddb_store *ops = stores_ops(store);

    return ops->suspend != NULL && ops->resume != NULL;
}

const struct service *stores_find(const struct services *services, const char *label)
{
    for (size_t i = 0; i < services->n_stores; i++)
        if (strcmp(services->stores[i].label, label) == 0)
            return &services->stores[i];
    return NULL;
}

bool stores_is_required(const struct services *services, const char *label)
{
    const char *require = services->env->snapshot.require;

    return strcmp(require, "all") == 0 || strcmp(require, label) == 0;
}

const char *stores_place(struct services *services, const char *label, const char *name)
{
    struct err err = ERR_INIT;

    for (size_t i = 0; label != NULL && i < services->n_stores; i++) {
        struct ddb_call call = services_begin(services, &services->stores[i], &err);
        const char *place = NULL;

        if (strcmp(services->stores[i].label, label) != 0)
            continue;
        if (stores_ops(call.service)->locate != NULL)
            place = stores_ops(call.service)->locate(&call, name);
        if (place != NULL)
            return arena_strdup(services->arena, place);
    }
    return name;
}
