/* ship_push - one file from store to store, on request (ship.h). */
#include "deploy/ship_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/progress.h"
#include "deploy/stores_parts.h"

/* --- which one ------------------------------------------------------------------------------------------ */

int ship_newest(struct services *services, const char *label, const char **name, struct err *err)
{
    return stores_newest(services, label, name, err);
}

/* --- from store to store ------------------------------------------------------------------------------- */

static int size_in(struct services *services, const struct service *store, const char *name,
                   int64_t *size, struct err *err)
{
    struct ddb_call call = services_begin(services, store, err);
    struct err closing = ERR_INIT;
    void *file = NULL;

    if (stores_end(&call, stores_ops(store)->open(&call, name, &file, size), "open") != 0)
        return -1;
    call = services_begin(services, store, &closing);
    if (stores_ops(store)->close(&call, file) != 0)
        log_detail("store \"%s\": %s", store->label, closing.primary);
    return 0;
}

/* A store that has the file: ${label}, or the first one, where local ones come first. */
static int find_source(struct services *services, const char *name, const char *label,
                       const struct service *to, const struct service **from, int64_t *size,
                       struct err *err)
{
    struct err first = ERR_INIT;

    for (int remote = 0; remote <= 1; remote++)
        for (size_t i = 0; i < services->n_stores; i++) {
            const struct service *store = &services->stores[i];
            struct err attempt = ERR_INIT;

            if (store == to || stores_is_remote(store) != (remote == 1) ||
                (label != NULL && strcmp(label, store->label) != 0))
                continue;
            if (size_in(services, store, name, size, &attempt) == 0) {
                *from = store;
                return 0;
            }
            if (first.code == ERR_NONE)
                first = attempt;
        }
    if (first.code == ERR_NONE)
        return err_set(err, ERR_PREPARE, "snapshot \"%s\": there is no other store to read it from", name);
    *err = first;
    return -1;
}

int ship_copy(struct run *run, const char *name, const char *from, const char *to,
              const char *level, struct ship_result *result, struct err *err)
{
    struct services *services = run->services;
    struct ship_feed feed = {.complete = true};
    struct ship ship = {.services = *services, .to = stores_find(services, to), .name = name,
                        .feed = &feed, .resumes = true,
                        .patience_ms = services->env->snapshot.ship_timeout_ms};
    int64_t started = clock_mono_ms();
    int rc;

    *result = (struct ship_result){.to = to};
    ship_feed_init(&feed);
    if (ship.to == NULL)
        return err_set(err, ERR_PREPARE, "environment \"%s\" has no store \"%s\"", services->env->name,
                       to);
    if (find_source(services, name, from, ship.to, &feed.source, &feed.written, err) != 0)
        return -1;
    ship.handed = feed.written;
    ship.digest = digest_new();
    rc = ship_transfer(&ship, err);
    progress_end();
    digest_end(ship.digest, result->sha256);
    if (rc == 0)
        rc = ship_prove(run, ship.to, name,
                        &(struct ship_proof){level, feed.written, result->sha256},
                        &result->verified, err);
    if (rc != 0)
        return -1;
    result->from = feed.source->label;
    result->place = stores_place(services, to, name);
    result->size_bytes = feed.written;
    result->resumed_bytes = ship.resumed_bytes;
    result->elapsed_ms = clock_mono_ms() - started;
    return 0;
}
