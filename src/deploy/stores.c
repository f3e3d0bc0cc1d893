/* stores - see stores.h. */
#include "deploy/stores.h"

#include <string.h>

#include "base/log.h"

static const struct ddb_store *ops(const struct service *store)
{
    return &store->plugin->store;
}

static int failed(struct ddb_call *call, int rc, const char *what)
{
    if (services_end(call, rc, what, ERR_PREPARE) == 0)
        return 0;
    return err_wrap(call->err, "store \"%s\"", call->service->label);
}

/* --- writing --------------------------------------------------------------------------------------- */

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
    if (ops(call.service)->abort(&call, file->files[i]) != 0)
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

        if (failed(&call, ops(call.service)->create(&call, name, &file->files[i]), "create") != 0) {
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
        if (failed(&call, ops(call.service)->write(&call, file->files[i], data, n), "write") != 0 &&
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
        if (failed(&call, ops(call.service)->commit(&call, handle), "commit") != 0) {
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

/* --- reading --------------------------------------------------------------------------------------- */

static ssize_t read_at(void *arg, int64_t offset, void *data, size_t cap, struct err *err)
{
    struct stored_bundle *stored = arg;
    struct ddb_call call = services_begin(stored->services, stored->store, err);
    ssize_t n = ops(stored->store)->read(&call, stored->file, offset, data, cap);

    if (n < 0 && failed(&call, -1, "read") != 0)
        return -1;
    return n;
}

static int open_in(struct services *services, const struct service *store, const char *name,
                   struct stored_bundle *stored, struct err *err)
{
    struct ddb_call call = services_begin(services, store, err);
    struct bundle_in in = {.read = read_at, .arg = stored};

    *stored = (struct stored_bundle){.store = store, .services = services};
    if (failed(&call, ops(store)->open(&call, name, &stored->file, &in.size_bytes), "open") != 0) {
        stored->file = NULL;
        return -1;
    }
    if (bundle_open(&in, services->arena, &stored->bundle, err) != 0) {
        stores_close(stored);
        return err_wrap(err, "snapshot \"%s\"", name);
    }
    return 0;
}

int stores_open(struct services *services, const char *label, const char *name,
                struct stored_bundle *stored, struct err *err)
{
    struct err first = ERR_INIT;

    for (size_t i = 0; i < services->n_stores; i++) {
        struct err attempt = ERR_INIT;

        if (label != NULL && strcmp(services->stores[i].label, label) != 0)
            continue;
        if (open_in(services, &services->stores[i], name, stored, &attempt) == 0)
            return 0;
        if (first.code == ERR_NONE)
            first = attempt;
    }
    *err = first;
    if (err->code == ERR_NONE)
        err_set(err, ERR_PREPARE, "snapshot \"%s\": no store \"%s\" in environment \"%s\"", name,
                label == NULL ? "" : label, services->env->name);
    return -1;
}

void stores_close(struct stored_bundle *stored)
{
    struct err err = ERR_INIT;
    struct ddb_call call;

    if (stored->file == NULL)
        return;
    call = services_begin(stored->services, stored->store, &err);
    if (ops(stored->store)->close(&call, stored->file) != 0)
        log_detail("store \"%s\": %s", stored->store->label, err.primary);
    stored->file = NULL;
}

/* The snapshot plugin reads one member at a time through this. */
struct member_source {
    struct ddb_source source;
    struct stored_bundle *stored;
    struct bundle_stream *stream;
    struct err *err;
};

static int source_open(void *self, const char *member)
{
    struct member_source *source = self;

    bundle_read_close(source->stream);
    source->stream = NULL;
    return bundle_read_open(&source->stored->bundle, member, &source->stream, source->err);
}

static ssize_t source_read(void *self, void *data, size_t cap)
{
    struct member_source *source = self;

    return bundle_read(source->stream, data, cap, source->err);
}

static int source_close(void *self)
{
    struct member_source *source = self;

    bundle_read_close(source->stream);
    source->stream = NULL;
    return 0;
}

struct ddb_source *stores_source(struct stored_bundle *stored, struct err *err)
{
    struct member_source *source = arena_alloc(stored->services->arena, sizeof *source);

    source->stored = stored;
    source->err = err;
    source->source = (struct ddb_source){.size = sizeof source->source,
                                         .open = source_open,
                                         .read = source_read,
                                         .close = source_close,
                                         .self = source};
    return &source->source;
}

/* --- listing ---------------------------------------------------------------------------------------- */

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

const char *stores_place(struct services *services, const char *label, const char *name)
{
    struct err err = ERR_INIT;

    for (size_t i = 0; label != NULL && i < services->n_stores; i++) {
        struct ddb_call call = services_begin(services, &services->stores[i], &err);
        const char *place = NULL;

        if (strcmp(services->stores[i].label, label) != 0)
            continue;
        if (ops(call.service)->locate != NULL)
            place = ops(call.service)->locate(&call, name);
        if (place != NULL)
            return arena_strdup(services->arena, place);
    }
    return name;
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
        if (failed(&call, ops(call.service)->list(&call, add_stored, &listing), "list") != 0)
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
                failed(&call, ops(call.service)->remove(&call, list[i].name), "remove") != 0)
                return -1;
        }
        log_info("removed the unfinished snapshot %s", list[i].place);
    }
    return 0;
}
