/* stores_write - the same bytes into every store (stores.h). */
#include "deploy/stores_parts.h"

#include <string.h>

#include "base/log.h"

struct stores_file {
    struct services *services;
    const char *name;
    void **files; /* one for each store; NULL when that one has failed */
};

static bool any_alive(const struct stores_file *file)
{
    for (size_t i = 0; i < file->services->n_stores; i++)
        if (file->files[i] != NULL)
            return true;
    return false;
}

/* Whether the environment cannot do without the store ${label}. */
static bool is_required(const struct stores_file *file, const char *label)
{
    const char *require = file->services->env->snapshot.require;

    return strcmp(require, "all") == 0 || strcmp(require, label) == 0;
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
    if (any_alive(file) && !is_required(file, label)) {
        log_warning("%s; going on without this store", cause->primary);
        return 0;
    }
    stores_abort(file);
    *err = *cause;
    return -1;
}

int stores_create(struct services *services, const char *name, struct stores_file **out,
                  struct err *err)
{
    struct stores_file *file = arena_alloc(services->arena, sizeof *file);
    bool begun = false;

    file->services = services;
    file->name = name;
    file->files = arena_alloc(services->arena, services->n_stores * sizeof *file->files);
    *out = file;
    if (services->n_stores == 0)
        return err_set(err, ERR_PREPARE, "environment \"%s\" has no store", services->env->name);
    for (size_t i = services->n_stores; i-- > 0;) {
        struct err cause = ERR_INIT;
        struct ddb_call call = services_begin(services, &services->stores[i], &cause);

        if (stores_end(&call, stores_ops(call.service)->create(&call, name, &file->files[i]), "create") != 0) {
            file->files[i] = NULL;
            if (is_required(file, call.service->label)) {
                stores_abort(file);
                *err = cause;
                return -1;
            }
            log_warning("%s; going on without this store", cause.primary);
            continue;
        }
        begun = true;
    }
    if (!begun)
        return err_set(err, ERR_PREPARE, "no store of environment \"%s\" can be written",
                       services->env->name);
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
    return 0;
}

struct bundle_out stores_out(struct stores_file *file)
{
    return (struct bundle_out){.write = write_all, .arg = file};
}

int stores_commit(struct stores_file *file, const char **label, struct err *err)
{
    *label = NULL;
    for (size_t i = 0; i < file->services->n_stores; i++) {
        struct err cause = ERR_INIT;
        struct ddb_call call = services_begin(file->services, &file->services->stores[i], &cause);
        void *handle = file->files[i];

        if (handle == NULL)
            continue;
        file->files[i] = NULL;
        if (stores_end(&call, stores_ops(call.service)->commit(&call, handle), "commit") != 0) {
            bool last = *label == NULL && !any_alive(file);

            if (last || is_required(file, call.service->label)) {
                stores_abort(file);
                *err = cause;
                return -1;
            }
            log_warning("%s; going on without this store", cause.primary);
            continue;
        }
        if (*label == NULL)
            *label = call.service->label;
    }
    if (*label == NULL)
        return err_set(err, ERR_PREPARE, "no store has kept snapshot \"%s\"", file->name);
    return 0;
}

void stores_abort(struct stores_file *file)
{
    for (size_t i = 0; i < file->services->n_stores; i++)
        give_up(file, i);
}
