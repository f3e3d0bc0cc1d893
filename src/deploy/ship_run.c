/* ship_run - the threads that ship a run's snapshot while the run goes on (ship.h). */
#include "deploy/ship_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/thread.h"
#include "deploy/encryption.h"
#include "deploy/stores_files.h"
#include "deploy/stores_parts.h"

struct shipping {
    struct ship ship;
    pthread_t thread;
    bool running; /* to be joined */
    bool proven;  /* what has arrived is verified there */
    bool told;    /* its failure is known */
};

struct ships {
    struct ships *next; /* of an earlier snapshot of this run */
    struct services services; /* a copy: the caller's may go before the file has arrived */
    const char *name;
    struct ship_feed feed;
    struct shipping *v;
    size_t n;
};

/* --- the threads -------------------------------------------------------------------------------------- */

static void *thread_main(void *arg)
{
    struct ship *ship = arg;
    struct err err = ERR_INIT;
    int64_t started = clock_mono_ms();
    int rc = ship_transfer(ship, &err);
    char bytes[32], span[32];

    if (rc == 0)
        log_info("snapshot %s is in store \"%s\": %s in %s", ship->name, ship->to->label,
                 size_text(ship->sent, bytes), clock_span(clock_mono_ms() - started, span));
    pthread_mutex_lock(&ship->feed->mutex);
    ship->state = rc == 0 ? SHIP_DONE : SHIP_FAILED;
    ship->err = err;
    pthread_cond_broadcast(&ship->feed->changed);
    pthread_mutex_unlock(&ship->feed->mutex);
    return NULL;
}

/* Asked from the thread itself, and from its plugin. */
static bool is_stopped(void *arg)
{
    const struct ship *ship = arg;

    return atomic_load(&ship->stop);
}

static void start(struct shipping *shipping)
{
    struct ship *ship = &shipping->ship;

    shipping->running =
        thread_start(&shipping->thread, thread_main, ship, ERR_PREPARE, &ship->err) == 0;
    if (shipping->running)
        return;
    ship->state = SHIP_FAILED;
    err_wrap(&ship->err, "store \"%s\"", ship->to->label);
}

void ship_start(struct services *services, const char *name, const struct service *source,
                struct ships **out)
{
    struct ships *ships = mem_alloc(sizeof *ships);
    /* What cannot be opened when it has arrived can still be compared. */
    const bool is_hashed = encryption_is_blind(services) &&
                           strcmp(services->env->snapshot.verify_shipped, "full") == 0;

    ships->services = *services;
    ships->services.arena = arena_new();
    ships->name = arena_strdup(ships->services.arena, name);
    ship_feed_init(&ships->feed);
    ships->feed.source = source;
    ships->v = arena_alloc(ships->services.arena, services->n_stores * sizeof *ships->v);
    for (size_t i = 0; i < services->n_stores; i++) {
        struct ship *ship = &ships->v[ships->n].ship;

        if (!stores_is_remote(&services->stores[i]))
            continue;
        ship->services = *services;
        ship->services.arena = arena_new();
        ship->services.journal = NULL;
        ship->services.stopped = is_stopped;
        ship->services.stopped_arg = ship;
        ship->to = &services->stores[i];
        ship->name = ships->name;
        ship->feed = &ships->feed;
        if (is_hashed)
            ship->digest = digest_new();
        start(&ships->v[ships->n++]);
    }
    ships->next = *services->ships;
    *services->ships = *out = ships;
}

/* --- what the main thread says ------------------------------------------------------------------------ */

/* The first required store that has failed, or NULL. The mutex is held. */
static struct shipping *failed_required(struct ships *ships)
{
    for (size_t i = 0; i < ships->n; i++)
        if (ships->v[i].ship.state == SHIP_FAILED &&
            stores_is_required(&ships->services, ships->v[i].ship.to->label))
            return &ships->v[i];
    return NULL;
}

int ship_grow(struct ships *ships, size_t n, struct err *err)
{
    struct shipping *failed;

    if (ships == NULL)
        return 0;
    pthread_mutex_lock(&ships->feed.mutex);
    ships->feed.written += (int64_t)n;
    failed = failed_required(ships);
    if (failed != NULL)
        *err = failed->ship.err;
    pthread_cond_broadcast(&ships->feed.changed);
    pthread_mutex_unlock(&ships->feed.mutex);
    return failed == NULL ? 0 : -1;
}

void ship_source(struct ships *ships, const struct service *source)
{
    if (ships == NULL)
        return;
    pthread_mutex_lock(&ships->feed.mutex);
    ships->feed.source = source;
    pthread_mutex_unlock(&ships->feed.mutex);
}

void ship_complete(struct ships *ships, const struct service *source)
{
    int64_t timeout_ms;

    if (ships == NULL)
        return;
    timeout_ms = ships->services.env->snapshot.ship_timeout_ms;
    pthread_mutex_lock(&ships->feed.mutex);
    ships->feed.source = source;
    ships->feed.complete = true;
    ships->feed.deadline_ms = timeout_ms == 0 ? 0 : clock_mono_ms() + timeout_ms;
    pthread_cond_broadcast(&ships->feed.changed);
    pthread_mutex_unlock(&ships->feed.mutex);
}

/* --- waiting ------------------------------------------------------------------------------------------ */

static void stop(struct ships *ships, bool removes)
{
    for (size_t i = 0; i < ships->n; i++) {
        atomic_store(&ships->v[i].ship.removes, removes);
        atomic_store(&ships->v[i].ship.stop, true);
    }
}

/* Whether any of them is under way (only ${required} ones, where that is asked). The mutex is held. */
static bool under_way(const struct ships *ships, bool required)
{
    for (size_t i = 0; i < ships->n; i++)
        if (ships->v[i].ship.state == SHIP_UNDER_WAY &&
            (!required || stores_is_required(&ships->services, ships->v[i].ship.to->label)))
            return true;
    return false;
}

static void show(const struct ships *ships)
{
    int64_t sent = 0, total = 0;

    for (size_t i = 0; i < ships->n; i++)
        if (ships->v[i].ship.state == SHIP_UNDER_WAY) {
            sent += ships->v[i].ship.sent;
            total += ships->feed.written;
        }
    if (total > 0)
        progress_set("shipping the snapshot", sent, total, 1);
}

/* Until none is under way; with ${required}, until no required one is, or one of them has failed. A plugin
 * that hangs is asked to stop when the time is over. */
static void wait_for(struct ships *ships, bool required)
{
    pthread_mutex_lock(&ships->feed.mutex);
    while (under_way(ships, required) && !(required && failed_required(ships) != NULL)) {
        if (cancel_requested() || (ships->feed.deadline_ms != 0 &&
                                   clock_mono_ms() >= ships->feed.deadline_ms))
            for (size_t i = 0; i < ships->n; i++)
                atomic_store(&ships->v[i].ship.stop, true);
        show(ships);
        ship_wait(&ships->feed);
    }
    pthread_mutex_unlock(&ships->feed.mutex);
    progress_end();
}

static void join(struct ships *ships)
{
    wait_for(ships, false);
    for (size_t i = 0; i < ships->n; i++) {
        if (ships->v[i].running)
            pthread_join(ships->v[i].thread, NULL);
        ships->v[i].running = false;
        arena_free(ships->v[i].ship.services.arena);
        ships->v[i].ship.services.arena = NULL;
    }
}

/* Verify what has arrived in the remote stores (only in ${required} ones, where that is asked), each copy
 * once. One that fails has not arrived; after a request to stop, what nobody waits for stays unverified. */
static void prove(struct run *run, struct ships *ships, bool required)
{
    for (size_t i = 0; i < ships->n; i++) {
        struct shipping *shipping = &ships->v[i];
        struct ship *ship = &shipping->ship;
        struct ship_proof proof = {.level = run->env->snapshot.verify_shipped};
        struct err err = ERR_INIT;
        const char *verified;
        char sha256[65];

        if (!ship_arrived(ship) || shipping->proven || (!required && cancel_requested()) ||
            (required && !stores_is_required(&ships->services, ship->to->label)))
            continue;
        proof.size_bytes = ship->sent; /* its thread is done with it */
        if (ship->digest != NULL) {
            digest_end(ship->digest, sha256);
            ship->digest = NULL;
            proof.sha256 = sha256;
        }
        shipping->proven = true;
        if (ship_prove(run, ship->to, ships->name, &proof, &verified, &err) == 0)
            continue;
        ship->state = SHIP_FAILED;
        ship->err = err;
    }
}

/* A snapshot that did not get everywhere is a warning, told once. */
static void tell(struct run *run, struct ships *ships)
{
    for (size_t i = 0; i < ships->n; i++) {
        struct shipping *shipping = &ships->v[i];

        pthread_mutex_lock(&ships->feed.mutex);
        if (shipping->ship.state == SHIP_FAILED && !shipping->told) {
            run_warn(run, "%s; snapshot %s is not there yet, `deploy-db snapshot push %s` sends it",
                     shipping->ship.err.primary, ships->name, run->env->name);
            shipping->told = true;
        }
        pthread_mutex_unlock(&ships->feed.mutex);
    }
}

/* Forget the latest, which has ended. */
static void drop(struct services *services)
{
    struct ships *ships = *services->ships;

    *services->ships = ships->next;
    for (size_t i = 0; i < ships->n; i++)
        digest_free(ships->v[i].ship.digest);
    arena_free(ships->services.arena);
    mem_free(ships);
}

/* The latest, when it is of ${name}. */
static struct ships *latest(const struct services *services, const char *name)
{
    struct ships *ships = *services->ships;

    return ships != NULL && strcmp(ships->name, name) == 0 ? ships : NULL;
}

void ship_abort(struct services *services, const char *name)
{
    struct ships *ships = latest(services, name);

    if (ships == NULL)
        return;
    stop(ships, true);
    join(ships);
    for (size_t i = 0; i < ships->n; i++)
        ship_withdraw(services, &ships->v[i].ship, name);
    drop(services);
}

/* A store that never took the file on has failed the run as if that had been known at once: the local
 * files go too. */
static void remove_local(struct services *services, const char *name)
{
    for (size_t i = 0; i < services->n_stores; i++) {
        struct err err = ERR_INIT;

        if (!stores_is_remote(&services->stores[i]) &&
            stores_remove(services, &services->stores[i], name, &err) != 0)
            log_warning("%s", err.primary);
    }
}

int ship_await(struct run *run, const char *name, struct err *err)
{
    struct ships *ships = latest(run->services, name);
    struct shipping *failed;
    char hint[sizeof err->hint];

    if (ships == NULL)
        return 0;
    wait_for(ships, true);
    prove(run, ships, true);
    pthread_mutex_lock(&ships->feed.mutex);
    failed = failed_required(ships);
    if (failed != NULL) {
        *err = failed->ship.err;
        failed->told = true;
    }
    pthread_mutex_unlock(&ships->feed.mutex);
    if (failed == NULL) {
        tell(run, ships);
        return 0;
    }
    stop(ships, false);
    if (!failed->ship.begun) {
        join(ships); /* nobody reads the local file any more */
        remove_local(run->services, ships->name);
    } else {
        err_detail(err, "the snapshot is complete in store \"%s\"", ships->feed.source->label);
        snprintf(hint, sizeof hint, "%s", err->hint);
        err->hint[0] = '\0';
        err_hint(err, "`deploy-db snapshot push %s` goes on with it.%s%s", run->env->name,
                 hint[0] == '\0' ? "" : " ", hint);
    }
    return err_as(err, ERR_PREPARE);
}

static void end_all(struct run *run, bool proves)
{
    struct services *services = run->services;

    while (services->ships != NULL && *services->ships != NULL) {
        join(*services->ships);
        if (proves)
            prove(run, *services->ships, false);
        tell(run, *services->ships);
        drop(services);
    }
}

void ship_join(struct run *run)
{
    end_all(run, true);
}

void ship_leave(struct run *run)
{
    struct services *services = run->services;

    if (services->ships == NULL)
        return;
    for (struct ships *ships = *services->ships; ships != NULL; ships = ships->next)
        stop(ships, false);
    end_all(run, false);
}
