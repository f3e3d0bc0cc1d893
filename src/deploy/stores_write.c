/* stores_write - the same bytes into every store (stores.h). */
#include "deploy/stores_parts.h"

#include <string.h>

#include "base/log.h"
#include "deploy/ship.h"

struct stores_file {
    struct services *services;
    const char *name;
    void **files; /* one for each store; NULL when that one has failed, or is shipped to */
    struct ships *ships; /* to the remote stores, from a local one; NULL: none */
};

static const struct service *first_alive(const struct stores_file *file)
{
    for (size_t i = 0; i < file->services->n_stores; i++)
        if (file->files[i] != NULL)
            return &file->services->stores[i];
    return NULL;
}

static bool any_alive(const struct stores_file *file)
{
    return first_alive(file) != NULL;
}

static void give_up(struct stores_file *file, size_t i)
{
    struct err err = ERR_INIT;
    struct ddb_call call = services_begin(file->services, &file->services->stores[i], &err);

    if (file->files[i] == NULL)
        return;
    if (stores_ops(call.service)->abort(&call, file->files[i]) != 0)
        log_detail("store \"%s\": %s", call.service->label, err.primary);
    file->files[i] = NULL;
}

/* A store has failed: bear it with a warning, or leave nothing and say -1. */
static int lost(struct stores_file *file, size_t i, struct err *cause, struct err *err)
{
    const char *label = file->services->stores[i].label;

    give_up(file, i);
    if (any_alive(file) && !stores_is_required(file->services, label)) {
        log_warning("%s; going on without this store", cause->primary);
        ship_source(file->ships, first_alive(file));
        return 0;
    }
    stores_abort(file);
    *err = *cause;
    return -1;
}

/* Begin the file in every store that is remote, or in every one that is not. */
static int create_in(struct stores_file *file, bool remote, struct err *err)
{
    struct services *services = file->services;

    for (size_t i = services->n_stores; i-- > 0;) {
        struct err cause = ERR_INIT;
        struct ddb_call call = services_begin(services, &services->stores[i], &cause);

        if (stores_is_remote(call.service) != remote)
            continue;
        if (stores_end(&call, stores_ops(call.service)->create(&call, file->name, &file->files[i]),
                       "create") == 0)
            continue;
        file->files[i] = NULL;
        if (stores_is_required(services, call.service->label)) {
            stores_abort(file);
            *err = cause;
            return -1;
        }
        log_warning("%s; going on without this store", cause.primary);
    }
    return 0;
}

static bool has_remote(const struct services *services)
{
    for (size_t i = 0; i < services->n_stores; i++)
        if (stores_is_remote(&services->stores[i]))
            return true;
    return false;
}

int stores_create(struct services *services, const char *name, struct stores_file **out,
                  struct err *err)
{
    struct stores_file *file = arena_alloc(services->arena, sizeof *file);

    file->services = services;
    file->name = name;
    file->files = arena_alloc(services->arena, services->n_stores * sizeof *file->files);
    *out = file;
    if (services->n_stores == 0)
        return err_set(err, ERR_PREPARE, "environment \"%s\" has no store", services->env->name);
    if (create_in(file, false, err) != 0)
        return -1;
    if (any_alive(file)) {
        if (has_remote(services))
            ship_start(services, name, first_alive(file), &file->ships);
        return 0;
    }
    if (create_in(file, true, err) != 0)
        return -1;
    if (!any_alive(file))
        return err_set(err, ERR_PREPARE, "no store of environment \"%s\" can be written",
                       services->env->name);
    log_info("there is no local store to ship from: the snapshot is written at the network's pace, and the "
             "database holds it open as long");
    return 0;
}

static int write_all(void *arg, const void *data, size_t n, struct err *err)
{
    struct stores_file *file = arg;

    for (size_t i = 0; i < file->services->n_stores; i++) {
        struct err cause = ERR_INIT;
        struct ddb_call call = services_begin(file->services, &file->services->stores[i], &cause);

        if (file->files[i] == NULL)
            continue;
        if (stores_end(&call, stores_ops(call.service)->write(&call, file->files[i], data, n), "write") != 0 &&
            lost(file, i, &cause, err) != 0)
            return -1;
    }
    return ship_grow(file->ships, n, err);
}

struct bundle_out stores_out(struct stores_file *file)
{
    return (struct bundle_out){.write = write_all, .arg = file};
}

int stores_commit(struct stores_file *file, const char **label, struct err *err)
{
    const struct service *kept = NULL;

    for (size_t i = 0; i < file->services->n_stores; i++) {
        struct err cause = ERR_INIT;
        struct ddb_call call = services_begin(file->services, &file->services->stores[i], &cause);
        void *handle = file->files[i];

        if (handle == NULL)
            continue;
        file->files[i] = NULL;
        if (stores_end(&call, stores_ops(call.service)->commit(&call, handle), "commit") != 0) {
            bool last = kept == NULL && !any_alive(file);

            if (last || stores_is_required(file->services, call.service->label)) {
                stores_abort(file);
                *err = cause;
                return -1;
            }
            log_warning("%s; going on without this store", cause.primary);
            continue;
        }
        if (kept == NULL)
            kept = call.service;
    }
    if (kept == NULL)
        return err_set(err, ERR_PREPARE, "no store has kept snapshot \"%s\"", file->name);
    *label = kept->label;
    ship_complete(file->ships, kept);
    return 0;
}

void stores_abort(struct stores_file *file)
{
    for (size_t i = 0; i < file->services->n_stores; i++)
        give_up(file, i);
    if (file->ships != NULL)
        ship_abort(file->services, file->name);
    file->ships = NULL;
}
