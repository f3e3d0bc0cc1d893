/* ship_check - whether a file has arrived (ship_parts.h). */
#include "deploy/ship_parts.h"

#include <string.h>

#include "base/log.h"
#include "deploy/stores_parts.h"

enum { TAIL_BYTES = 64 * 1024 }; /* the manifest and the sums are there */

/* The end of what was stored is the end of what was read. */
static enum ship_outcome compare_tail(struct ship *ship, void *stored, int64_t size, bool *differs,
                                      struct err *err)
{
    struct ddb_call call = services_begin(&ship->services, ship->to, err);
    size_t n = size < TAIL_BYTES ? (size_t)size : TAIL_BYTES, got = 0;
    auto_free char *block = mem_alloc(2 * TAIL_BYTES);
    int64_t offset = size - (int64_t)n;
    ssize_t have = stores_ops(ship->to)->read(&call, stored, offset, block, n);
    enum ship_outcome outcome;

    if (have < 0)
        return stores_end(&call, -1, "read") == 0 ? SHIP_NEVER : SHIP_AGAIN;
    outcome = ship_read(ship, offset, block + TAIL_BYTES, n, &got, err);
    *differs = outcome == SHIP_OK &&
               ((size_t)have != n || got != n || memcmp(block, block + TAIL_BYTES, n) != 0);
    if (*differs) {
        err_set(err, ERR_PREPARE, "store \"%s\": snapshot \"%s\" is not what was sent", ship->to->label,
                ship->name);
        return SHIP_NEVER;
    }
    return outcome;
}

enum ship_outcome ship_check(struct ship *ship, struct err *err)
{
    struct ddb_call call = services_begin(&ship->services, ship->to, err);
    enum ship_outcome outcome = SHIP_OK;
    int64_t size = 0, wanted;
    bool differs;
    void *stored = NULL;
    struct err closing = ERR_INIT;

    pthread_mutex_lock(&ship->feed->mutex);
    wanted = ship->feed->written;
    pthread_mutex_unlock(&ship->feed->mutex);
    if (stores_end(&call, stores_ops(ship->to)->open(&call, ship->name, &stored, &size), "open") != 0)
        return SHIP_AGAIN;
    differs = size != wanted;
    if (differs) {
        err_set(err, ERR_PREPARE, "store \"%s\": snapshot \"%s\" has %lld bytes instead of %lld",
                ship->to->label, ship->name, (long long)size, (long long)wanted);
        outcome = SHIP_NEVER;
    } else {
        outcome = compare_tail(ship, stored, size, &differs, err);
    }
    call = services_begin(&ship->services, ship->to, &closing);
    if (stores_ops(ship->to)->close(&call, stored) != 0)
        log_detail("store \"%s\": %s", ship->to->label, closing.primary);
    if (differs && ship->committed)
        ship_take_away(&ship->services, ship->to, ship->name, err);
    return outcome;
}
