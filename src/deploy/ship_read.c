/* ship_read - the file in the store that it is read from, while it grows and afterwards (ship_parts.h). */
#include "deploy/ship_parts.h"

#include <string.h>

#include "base/log.h"
#include "deploy/evidence_name.h"
#include "deploy/stores_parts.h"

struct search {
    struct services *services;
    const char *name;
    const char *partial;
};

static int look_at(void *arg, const struct ddb_stored *stored)
{
    struct search *search = arg;

    /* evidence about it may be unfinished, too */
    if (stored->partial && strstr(stored->name, search->name) != NULL && !evidence_is(stored->name))
        search->partial = arena_strdup(search->services->arena, stored->name);
    return search->partial != NULL;
}

int ship_partial(struct services *services, const struct service *store, const char *name,
                 const char **partial, struct err *err)
{
    struct search search = {.services = services, .name = name};
    struct ddb_call call = services_begin(services, store, err);

    if (stores_end(&call, stores_ops(store)->list(&call, look_at, &search), "list") != 0)
        return -1;
    *partial = search.partial;
    return 0;
}

void ship_read_close(struct ship *ship)
{
    struct err err = ERR_INIT;
    struct ddb_call call;

    if (ship->in == NULL)
        return;
    call = services_begin(&ship->services, ship->from, &err);
    if (stores_ops(ship->from)->close(&call, ship->in) != 0)
        log_detail("store \"%s\": %s", ship->from->label, err.primary);
    ship->in = NULL;
}

static int open_as(struct ship *ship, const struct service *store, const char *name, struct err *err)
{
    struct ddb_call call = services_begin(&ship->services, store, err);
    int64_t size;

    ship->from = store;
    if (stores_end(&call, stores_ops(store)->open(&call, name, &ship->in, &size), "open") == 0)
        return 0;
    ship->in = NULL;
    return -1;
}

/* Open what there is. A store whose unfinished files cannot be read is read when the file is whole: then
 * ${in} stays NULL, as it does when the file gets its name at this moment. */
static int open_source(struct ship *ship, const struct service *source, bool complete,
                       struct err *err)
{
    struct err not_yet = ERR_INIT;
    const char *partial = NULL;

    ship->in_complete = complete;
    if (complete)
        return open_as(ship, source, ship->name, err);
    if (ship_partial(&ship->services, source, ship->name, &partial, &not_yet) != 0 ||
        (partial != NULL && open_as(ship, source, partial, &not_yet) != 0))
        log_debug("shipping waits until %s is complete: %s", ship->name, not_yet.primary);
    return 0;
}

enum ship_outcome ship_read(struct ship *ship, int64_t offset, void *data, size_t cap, size_t *n,
                            struct err *err)
{
    struct ship_feed *feed = ship->feed;
    const struct service *source;
    struct ddb_call call;
    bool complete;
    ssize_t got = -1;

    *n = 0;
    pthread_mutex_lock(&feed->mutex);
    source = feed->source;
    complete = feed->complete;
    pthread_mutex_unlock(&feed->mutex);
    if (source == NULL)
        return err_set(err, ERR_PREPARE, "no store has snapshot \"%s\"", ship->name), SHIP_NEVER;
    if (ship->in != NULL && (ship->from != source || ship->in_complete != complete))
        ship_read_close(ship);
    if (ship->in == NULL && open_source(ship, source, complete, err) != 0)
        return stores_is_remote(source) ? SHIP_AGAIN : SHIP_NEVER;
    if (ship->in == NULL)
        return SHIP_OK;
    call = services_begin(&ship->services, source, err);
    got = stores_ops(source)->read(&call, ship->in, offset, data, cap);
    if (got < 0 && stores_end(&call, -1, "read") != 0) {
        ship_read_close(ship);
        return stores_is_remote(source) ? SHIP_AGAIN : SHIP_NEVER;
    }
    if (got == 0 && complete)
        return err_set(err, ERR_PREPARE, "snapshot \"%s\" has lost its end in store \"%s\"", ship->name,
                       source->label), SHIP_NEVER;
    *n = (size_t)got;
    return SHIP_OK;
}
