/* stores_read - one store to read from (stores.h). */
#include "deploy/stores_parts.h"

#include <string.h>

#include "base/log.h"
#include "deploy/encryption.h"
#include "deploy/meta.h"

static ssize_t read_at(void *arg, int64_t offset, void *data, size_t cap, struct err *err)
{
    struct stored_bundle *stored = arg;
    struct ddb_call call = services_begin(stored->services, stored->store, err);
    ssize_t n = stores_ops(stored->store)->read(&call, stored->file, offset, data, cap);

    if (n < 0 && stores_end(&call, -1, "read") != 0)
        return -1;
    return n;
}

/* The file as it is stored. */
static int open_file(struct services *services, const struct service *store, const char *name,
                     struct stored_bundle *stored, struct bundle_in *in, struct err *err)
{
    struct ddb_call call = services_begin(services, store, err);

    *stored = (struct stored_bundle){.store = store, .services = services, .name = name};
    *in = (struct bundle_in){.read = read_at, .arg = stored};
    if (stores_end(&call, stores_ops(store)->open(&call, name, &stored->file, &in->size_bytes), "open") != 0) {
        stored->file = NULL;
        return -1;
    }
    stored->size_bytes = in->size_bytes;
    return 0;
}

static int open_bundle(struct stored_bundle *stored, struct bundle_in *in, struct err *err)
{
    return encryption_open(stored->services, in, &stored->age, err) == 0
               ? bundle_open(in, stored->services->arena, &stored->bundle, err)
               : -1;
}

static int open_in(struct services *services, const struct service *store, const char *name,
                   struct stored_bundle *stored, struct err *err)
{
    struct bundle_in in;

    if (open_file(services, store, name, stored, &in, err) != 0)
        return -1;
    if (open_bundle(stored, &in, err) != 0) {
        stores_close(stored);
        return err_wrap(err, "snapshot \"%s\"", name);
    }
    return 0;
}

/* The note of an encrypted file; else what is inside. */
static int ask_owner(struct stored_bundle *stored, struct bundle_in *in, bool *ours, struct err *err)
{
    const struct services *services = stored->services;
    struct meta meta;
    bool noted;

    if (encryption_note(services, in, &noted, ours, err) != 0)
        return -1;
    if (noted)
        return 0;
    if (open_bundle(stored, in, err) != 0 ||
        meta_parse(services->arena, stored->bundle.meta, &meta, err) != 0)
        return -1;
    *ours = strcmp(meta.environment, services->env->name) == 0 &&
            strcmp(meta.project, services->conf->project) == 0;
    return 0;
}

int stores_is_ours(struct services *services, const char *label, const char *name, bool *ours,
                   struct err *err)
{
    struct err first = ERR_INIT;

    for (size_t i = 0; i < services->n_stores; i++) {
        struct err attempt = ERR_INIT;
        struct stored_bundle stored;
        struct bundle_in in;
        int rc = -1;

        if (label != NULL && strcmp(services->stores[i].label, label) != 0)
            continue;
        if (open_file(services, &services->stores[i], name, &stored, &in, &attempt) == 0) {
            rc = ask_owner(&stored, &in, ours, &attempt);
            stores_close(&stored);
        }
        if (rc == 0)
            return 0;
        if (first.code == ERR_NONE)
            first = attempt;
    }
    *err = first;
    if (err->code == ERR_NONE)
        err_set(err, ERR_PREPARE, "it is in no store of environment \"%s\"", services->env->name);
    return err_wrap(err, "snapshot \"%s\"", name);
}

int stores_open(struct services *services, const char *label, const char *name,
                struct stored_bundle *stored, struct err *err)
{
    struct err first = ERR_INIT;

    for (int remote = 0; remote <= 1; remote++)
        for (size_t i = 0; i < services->n_stores; i++) {
            const struct service *store = &services->stores[i];
            struct err attempt = ERR_INIT;

            if (stores_is_remote(store) != (remote == 1) ||
                (label != NULL && strcmp(store->label, label) != 0))
                continue;
            if (open_in(services, store, name, stored, &attempt) == 0)
                return 0;
            if (first.code == ERR_NONE)
                first = attempt;
        }
    *err = first;
    if (err->code != ERR_NONE && err->hint[0] == '\0')
        err_hint(err, "`deploy-db snapshot list %s` shows what there is.", services->env->name);
    if (err->code == ERR_NONE)
        err_set(err, ERR_PREPARE, "snapshot \"%s\": no store \"%s\" in environment \"%s\"", name,
                label == NULL ? "" : label, services->env->name);
    return -1;
}

int stores_again(const struct stored_bundle *stored, struct services *services,
                 struct stored_bundle *again, struct err *err)
{
    struct ddb_call call = services_begin(services, stored->store, err);
    int64_t size_bytes = 0;

    if (stored->bundle.in.read != read_at) /* it is not read as it is stored */
        return open_in(services, stored->store, stored->name, again, err);
    *again = *stored;
    again->services = services;
    again->file = NULL;
    again->bundle.in.arg = again;
    if (stores_end(&call,
                   stores_ops(stored->store)->open(&call, stored->name, &again->file, &size_bytes),
                   "open") != 0) {
        again->file = NULL;
        return -1;
    }
    if (size_bytes == stored->bundle.in.size_bytes)
        return 0;
    stores_close(again);
    return err_set(err, ERR_PREPARE, "snapshot \"%s\" has changed while it was read", stored->name);
}

void stores_close(struct stored_bundle *stored)
{
    struct err err = ERR_INIT;
    struct ddb_call call;

    age_close(stored->age);
    stored->age = NULL;
    if (stored->file == NULL)
        return;
    call = services_begin(stored->services, stored->store, &err);
    if (stores_ops(stored->store)->close(&call, stored->file) != 0)
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
