/* stores_files - see stores_files.h. */
#include "deploy/stores_files.h"

#include <string.h>

#include "base/log.h"
#include "deploy/stores_parts.h"

int stores_put(struct services *services, const struct service *store, const char *name,
               const void *data, size_t n, struct err *err)
{
    struct ddb_call call = services_begin(services, store, err);
    void *file = NULL;

    if (stores_end(&call, stores_ops(store)->create(&call, name, &file), "create") != 0)
        return -1;
    if (stores_end(&call, stores_ops(store)->write(&call, file, data, n), "write") != 0) {
        struct err later = ERR_INIT;
        struct ddb_call undo = services_begin(services, store, &later);

        if (stores_ops(store)->abort(&undo, file) != 0)
            log_detail("store \"%s\": %s", store->label, later.primary);
        return -1;
    }
    return stores_end(&call, stores_ops(store)->commit(&call, file), "commit");
}

int stores_get(struct services *services, const struct service *store, const char *name, size_t max,
               struct buf *out, struct err *err)
{
    struct ddb_call call = services_begin(services, store, err);
    struct err later = ERR_INIT;
    struct ddb_call closing = services_begin(services, store, &later);
    int64_t size = 0, offset = 0;
    void *file = NULL;
    char data[4096];
    ssize_t got = 0;
    int rc;

    if (stores_end(&call, stores_ops(store)->open(&call, name, &file, &size), "open") != 0)
        return -1;
    if (size < 0 || (uint64_t)size > max)
        rc = err_set(err, ERR_PREPARE, "store \"%s\": \"%s\" has %lld bytes, more than %zu",
                     store->label, name, (long long)size, max);
    else {
        while (offset < size &&
               (got = stores_ops(store)->read(&call, file, offset, data, sizeof data)) > 0) {
            buf_add(out, data, (size_t)got);
            offset += got;
        }
        rc = stores_end(&call, got < 0 ? -1 : 0, "read");
    }
    if (stores_ops(store)->close(&closing, file) != 0)
        log_detail("store \"%s\": %s", store->label, later.primary);
    return rc;
}

int stores_remove_unused(struct services *services, const struct service *store, const char *name,
                         bool *in_use, struct err *err)
{
    struct ddb_call call = services_begin(services, store, err);
    int rc = stores_ops(store)->remove(&call, name);

    *in_use = rc == DDB_IN_USE;
    return stores_end(&call, rc, "remove");
}

int stores_remove(struct services *services, const struct service *store, const char *name,
                  struct err *err)
{
    bool in_use;

    return stores_remove_unused(services, store, name, &in_use, err);
}
