/* ship - one file on its way into one store (ship.h, ship_parts.h). */
#include "deploy/ship_parts.h"

#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/progress.h"
#include "deploy/stores_parts.h"

enum {
    BLOCK_BYTES = 256 * 1024,
    FIRST_PAUSE_MS = 1000,
    LONGEST_PAUSE_MS = 30 * 1000,
    LOOK_MS = 100,
    REFUSALS_MOST = 5, /* a store that answers, and takes nothing, is not asked for ever */
};

/* --- the feed -------------------------------------------------------------------------------------- */

void ship_feed_init(struct ship_feed *feed)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&feed->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&feed->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void ship_wait(struct ship_feed *feed)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)LOOK_MS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&feed->changed, &feed->mutex, &until);
}

/* --- when to end ----------------------------------------------------------------------------------- */

static bool is_late(const struct ship *ship)
{
    int64_t deadline_ms;

    pthread_mutex_lock(&ship->feed->mutex);
    deadline_ms = ship->feed->deadline_ms;
    pthread_mutex_unlock(&ship->feed->mutex);
    return deadline_ms != 0 && clock_mono_ms() >= deadline_ms;
}

bool ship_stopped(const struct ship *ship)
{
    return atomic_load(&ship->stop) || cancel_requested() || is_late(ship);
}

/* ${cause} is what the latest attempt has failed with, if it was not the stop itself. */
static enum ship_outcome stopped(const struct ship *ship, const struct err *cause, struct err *err)
{
    if (is_late(ship)) {
        err_set(err, ERR_PREPARE, "store \"%s\": the snapshot did not arrive in time", ship->to->label);
        err_hint(err, "Raise snapshot.ship_timeout of this environment where the network is slow.");
    } else {
        err_set(err, ERR_PREPARE, "store \"%s\": shipping was stopped", ship->to->label);
    }
    if (cause->code != ERR_NONE)
        err_detail(err, "%s", cause->primary);
    return SHIP_NEVER;
}

static void rest(const struct ship *ship, int64_t ms)
{
    int64_t end = clock_mono_ms() + ms;

    while (clock_mono_ms() < end && !ship_stopped(ship))
        clock_sleep_ms(LOOK_MS);
}

/* --- the two ends ------------------------------------------------------------------------------------ */

static int64_t set_sent(struct ship *ship, int64_t bytes)
{
    int64_t size;

    pthread_mutex_lock(&ship->feed->mutex);
    ship->sent = bytes;
    size = ship->feed->written;
    if (ship->patience_ms != 0)
        ship->feed->deadline_ms = clock_mono_ms() + ship->patience_ms;
    pthread_mutex_unlock(&ship->feed->mutex);
    if (ship->resumes) /* on request, in the main thread */
        progress_set("shipping the snapshot", bytes, size, 1);
    return size;
}

/* How many bytes there are behind those that were sent, as soon as there are any; 0: the file is sent. */
static int64_t await_more(struct ship *ship)
{
    struct ship_feed *feed = ship->feed;
    int64_t more = -1;

    while (more < 0 && !ship_stopped(ship)) {
        pthread_mutex_lock(&feed->mutex);
        if (ship->sent == feed->written && !feed->complete)
            ship_wait(feed);
        if (ship->sent < feed->written || feed->complete)
            more = feed->written - ship->sent;
        pthread_mutex_unlock(&feed->mutex);
    }
    return more;
}

/* The hash is of the file from its first byte: what the store had already is read for it. */
static enum ship_outcome hash_up_to(struct ship *ship, int64_t end, char *block, struct err *err)
{
    while (ship->digest != NULL && ship->hashed < end) {
        int64_t left = end - ship->hashed;
        size_t n;
        enum ship_outcome outcome;

        if (ship_stopped(ship))
            return SHIP_AGAIN;
        outcome = ship_read(ship, ship->hashed, block,
                            left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES, &n, err);
        if (outcome != SHIP_OK)
            return outcome;
        digest_add(ship->digest, block, n);
        ship->hashed += (int64_t)n;
        set_sent(ship, ship->sent);
    }
    return SHIP_OK;
}

/* What a write or a commit that gave ${rc} means. */
static enum ship_outcome refused(const struct ship *ship, int rc)
{
    return stores_is_remote(ship->to) && rc != DDB_NO_ROOM ? SHIP_AGAIN : SHIP_NEVER;
}

static enum ship_outcome write_block(struct ship *ship, const char *block, size_t n, struct err *err)
{
    struct ddb_call call = services_begin(&ship->services, ship->to, err);
    int64_t end = ship->sent + (int64_t)n;
    int rc;

    if (FAULT("ship.middle"))
        return err_set(err, ERR_PREPARE, "fault point ship.middle"), SHIP_AGAIN;
    if (ship->handed < end)
        ship->handed = end;
    rc = stores_ops(ship->to)->write(&call, ship->out, block, n);
    if (stores_end(&call, rc, "write") != 0)
        return refused(ship, rc);
    if (ship->digest != NULL && ship->hashed < end) {
        size_t fresh = (size_t)(end - ship->hashed);

        digest_add(ship->digest, block + (n - fresh), fresh);
        ship->hashed = end;
    }
    set_sent(ship, end);
    return SHIP_OK;
}

static enum ship_outcome send_all(struct ship *ship, char *block, struct err *err)
{
    enum ship_outcome outcome = hash_up_to(ship, ship->sent, block, err);

    while (outcome == SHIP_OK) {
        int64_t more = await_more(ship);
        size_t n = 0;

        if (more <= 0)
            return more == 0 ? SHIP_OK : SHIP_AGAIN;
        outcome = ship_read(ship, ship->sent, block,
                            more < BLOCK_BYTES ? (size_t)more : BLOCK_BYTES, &n, err);
        if (outcome == SHIP_OK && n > 0)
            outcome = write_block(ship, block, n, err);
        else if (outcome == SHIP_OK)
            rest(ship, LOOK_MS);
    }
    return outcome;
}

/* --- arriving ---------------------------------------------------------------------------------------- */

static enum ship_outcome finish(struct ship *ship, struct err *err)
{
    struct ddb_call call = services_begin(&ship->services, ship->to, err);
    void *out = ship->out;
    struct err checking = ERR_INIT;
    int rc;

    if (FAULT("ship.commit"))
        return err_set(err, ERR_PREPARE, "fault point ship.commit"), SHIP_AGAIN;
    ship->out = NULL;
    rc = stores_ops(ship->to)->commit(&call, out);
    ship->committed = rc == 0;
    if (stores_end(&call, rc, "commit") == 0)
        return ship_check(ship, err);
    if (refused(ship, rc) == SHIP_NEVER)
        return SHIP_NEVER;
    /* The answer to a commit may be lost with the connection. */
    if (ship_check(ship, &checking) != SHIP_OK)
        return SHIP_AGAIN;
    err_clear(err);
    return SHIP_OK;
}

/* --- the attempts ------------------------------------------------------------------------------------- */

/* Go on with what the store has. */
static enum ship_outcome resume(struct ship *ship, struct err *err)
{
    struct ddb_call call = services_begin(&ship->services, ship->to, err);
    struct err checking = ERR_INIT;
    int64_t has = 0;

    if (stores_end(&call, stores_ops(ship->to)->resume(&call, ship->name, &ship->out, &has),
                   "resume") != 0) {
        enum ship_outcome found = SHIP_AGAIN;

        ship->out = NULL;
        if (ship->sent == ship->handed && await_more(ship) == 0) /* it may have got its name */
            found = ship_check(ship, &checking);
        ship->landed = found == SHIP_OK;
        if (found == SHIP_NEVER)
            *err = checking;
        return found;
    }
    if (has > ship->handed) {
        err_set(err, ERR_PREPARE, "store \"%s\": the unfinished \"%s\" has %lld bytes, more than the %lld "
                                  "that were sent",
                ship->to->label, ship->name, (long long)has, (long long)ship->handed);
        err_hint(err, "Something else has written it; remove it there, then run `snapshot push`.");
        return SHIP_NEVER;
    }
    set_sent(ship, has);
    return SHIP_OK;
}

/* A store that cannot go on with an unfinished file begins anew. Whoever has left it is gone: the file is
 * whole in another store, and we hold its lock. */
static int remove_partial(struct ship *ship, struct err *err)
{
    struct ddb_call call = services_begin(&ship->services, ship->to, err);
    const char *partial = NULL;

    if (ship_partial(&ship->services, ship->to, ship->name, &partial, err) != 0)
        return -1;
    if (partial == NULL)
        return 0;
    return stores_end(&call, stores_ops(ship->to)->remove(&call, partial), "remove");
}

static enum ship_outcome begin(struct ship *ship, struct err *err)
{
    struct ddb_call call = services_begin(&ship->services, ship->to, err);
    enum ship_outcome outcome = SHIP_OK;

    if (FAULT("ship.begin"))
        return err_set(err, ERR_PREPARE, "fault point ship.begin"), SHIP_NEVER;
    if (ship->resumes && stores_is_remote(ship->to)) {
        outcome = resume(ship, err);
        ship->resumed_bytes = ship->sent;
    } else if (ship->resumes && remove_partial(ship, err) != 0) {
        outcome = SHIP_NEVER;
    } else if (stores_end(&call, stores_ops(ship->to)->create(&call, ship->name, &ship->out),
                          "create") != 0) {
        ship->out = NULL;
        outcome = SHIP_NEVER;
    }
    ship->begun = outcome == SHIP_OK;
    return ship->begun ? SHIP_OK : SHIP_NEVER;
}

/* Let go of the session; what has arrived stays. */
static void suspend(struct ship *ship)
{
    struct err err = ERR_INIT;
    struct ddb_call call = services_begin(&ship->services, ship->to, &err);

    if (ship->out != NULL && stores_ops(ship->to)->suspend(&call, ship->out) != 0)
        log_detail("store \"%s\": %s", ship->to->label, err.primary);
    ship->out = NULL;
    if (ship->from != NULL && stores_is_remote(ship->from))
        ship_read_close(ship);
}

static enum ship_outcome attempt(struct ship *ship, char *block, bool *reached, struct err *err)
{
    enum ship_outcome outcome = ship->out != NULL ? SHIP_OK : resume(ship, err);

    *reached = outcome == SHIP_OK;
    if (outcome == SHIP_OK && !ship->landed)
        outcome = send_all(ship, block, err);
    if (outcome == SHIP_OK && !ship->landed)
        outcome = finish(ship, err);
    return outcome;
}

static enum ship_outcome attempts(struct ship *ship, char *block, struct err *err)
{
    int64_t pause_ms = FIRST_PAUSE_MS, farthest = ship->sent;
    int refusals = 0;

    for (;;) {
        struct err cause = ERR_INIT;
        bool reached;
        enum ship_outcome outcome = attempt(ship, block, &reached, &cause);
        char span[32];

        if (outcome == SHIP_OK)
            return SHIP_OK;
        if (outcome == SHIP_AGAIN && ship_stopped(ship))
            return stopped(ship, &cause, err);
        if (ship->sent > farthest) {
            farthest = ship->sent;
            refusals = 0;
            pause_ms = FIRST_PAUSE_MS;
        } else if (reached) {
            refusals++;
        }
        if (outcome == SHIP_NEVER || refusals >= REFUSALS_MOST) {
            *err = cause;
            return SHIP_NEVER;
        }
        if (!stores_is_remote(ship->to) && ship->out == NULL) {
            *err = cause;
            return SHIP_NEVER;
        }
        if (stores_is_remote(ship->to))
            suspend(ship);
        log_info("%s; going on in %s", cause.primary, clock_span(pause_ms, span));
        rest(ship, pause_ms);
        if (ship_stopped(ship))
            return stopped(ship, &cause, err);
        pause_ms = pause_ms * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause_ms * 2;
    }
}

/* It has failed: nothing is left where nothing is wanted, or where it could not be gone on with. */
static void leave(struct ship *ship)
{
    struct err err = ERR_INIT;
    struct ddb_call call;
    int64_t has;
    int rc = 0;

    ship->services.stopped = NULL; /* this must not be cut short */
    ship->services.recovering = true;
    if (stores_is_remote(ship->to) && !atomic_load(&ship->removes)) {
        suspend(ship);
        ship->left = ship->begun;
        return;
    }
    call = services_begin(&ship->services, ship->to, &err);
    if (ship->out == NULL && ship->begun && stores_is_remote(ship->to))
        rc = stores_ops(ship->to)->resume(&call, ship->name, &ship->out, &has);
    if (rc == 0 && ship->out != NULL)
        rc = stores_ops(ship->to)->abort(&call, ship->out);
    ship->out = NULL;
    if (rc != 0)
        log_warning("store \"%s\": the unfinished snapshot %s may have stayed there: %s",
                    ship->to->label, ship->name, err.primary);
}

int ship_transfer(struct ship *ship, struct err *err)
{
    auto_free char *block = mem_alloc(BLOCK_BYTES);
    enum ship_outcome outcome;
    int lock = -1;

    if (ship_lock(&ship->services, ship->to->label, ship->name, &lock, err) != 0)
        return -1;
    outcome = begin(ship, err);
    if (outcome == SHIP_OK && !ship->landed)
        outcome = attempts(ship, block, err);
    if (outcome != SHIP_OK)
        leave(ship);
    ship_read_close(ship);
    close(lock);
    return outcome == SHIP_OK ? 0 : -1;
}
