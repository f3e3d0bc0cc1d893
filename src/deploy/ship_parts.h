/* ship_parts - what the files of ship share. */
#ifndef DEPLOY_SHIP_PARTS_H
#define DEPLOY_SHIP_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "bundle/digest.h"
#include "deploy/ship.h"

/* The file in the store that it is read from. The mutex is for all of it, and for what says so below. */
struct ship_feed {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    const struct service *source; /* NULL: no store has it any more */
    int64_t written;              /* bytes that can be read */
    bool complete;                /* it has its name, and ${written} is its size */
    int64_t deadline_ms;          /* of clock_mono_ms; 0: none */
};

/* ship_feed_init(feed): its mutex and its condition; the caller sets the rest. */
void ship_feed_init(struct ship_feed *feed);

enum ship_state { SHIP_UNDER_WAY, SHIP_DONE, SHIP_FAILED };

/* One file on its way into one store. */
struct ship {
    struct services services; /* a copy for its thread: an arena of its own, no journal */
    const struct service *to;
    const char *name;
    struct ship_feed *feed;
    bool resumes;             /* goes on with an unfinished file that it finds */
    int64_t patience_ms;      /* the deadline moves on with every byte; 0: it is fixed */
    atomic_bool stop;         /* asked for from another thread */
    atomic_bool removes;      /* when it fails, nothing is left in the store */

    /* its thread's own */
    const struct service *from; /* what ${in} is open in */
    void *in, *out;             /* handles in the two stores; NULL: not open */
    bool in_complete;           /* ${in} is the whole file */
    bool begun;                 /* the store has taken the file on */
    bool committed;             /* we have given it its name */
    bool left;                  /* it has failed, and what had arrived is still there, unfinished */
    bool landed;                /* the file was found whole in the store */
    int64_t handed;             /* the most bytes the store can have */
    int64_t resumed_bytes;
    struct digest *digest;      /* of the first ${hashed} bytes; NULL: not wanted */
    int64_t hashed;

    /* under feed->mutex */
    enum ship_state state;
    int64_t sent;
    struct err err;
};

/* What came of an attempt: the same again may succeed, or never. */
enum ship_outcome { SHIP_OK, SHIP_AGAIN, SHIP_NEVER };

/* ship_transfer(ship, err): the whole way, to its end. -1: what has arrived stays unfinished in a remote
 * store, unless ship->removes. */
int ship_transfer(struct ship *ship, struct err *err) CHECK;

/* ship_wait(feed): until something has changed, or it is time to look for oneself: not at a time of day, for the
 * clock may be put back meanwhile. The mutex is held. */
void ship_wait(struct ship_feed *feed);

/* ship_stopped(ship): whether it is to end: it was asked to, the program was, or its time is over. */
bool ship_stopped(const struct ship *ship);

/* ship_read(ship, offset, data, cap, n, err): bytes of the source; ${n} 0: there are none yet. Opens it
 * where it is not open. ship_read_close(ship): nothing stays open. */
enum ship_outcome ship_read(struct ship *ship, int64_t offset, void *data, size_t cap, size_t *n,
                            struct err *err);
void ship_read_close(struct ship *ship);

/* ship_check(ship, err): whether the whole file stands in ship->to under its name: its size, and its end,
 * are those of the source. One that we have put there, and is another, is removed. */
enum ship_outcome ship_check(struct ship *ship, struct err *err);

/* What is known of a file that has arrived, and how it is to be proven. */
struct ship_proof {
    const char *level; /* "fast" or "full" */
    int64_t size_bytes;
    const char *sha256; /* of all that was sent; NULL: not known */
};

/* ship_prove(run, to, name, proof, verified, err): verify the copy in the store ${to}, and leave evidence
 * beside it. One that we cannot decrypt gets none; it is compared with ${proof}->sha256, where there is
 * one. ${verified}: the level, or "written". A copy that fails is removed; the detail says what became of
 * it. ERR_PREPARE. Changes: files of ${to}. */
int ship_prove(struct run *run, const struct service *to, const char *name,
               const struct ship_proof *proof, const char **verified, struct err *err) CHECK;

/* ship_arrived(ship): whether the file is whole in its store. ship_withdraw(services, ship, name): its thread
 * has ended: nothing of ${name} stays there, or it is warned of. Changes: files of ship->to. */
bool ship_arrived(struct ship *ship);
void ship_withdraw(struct services *services, struct ship *ship, const char *name);

/* ship_take_away(services, to, name, err): ${name} in the store ${to} is not proven: it is removed, and
 * ${err}'s detail says what became of it. Changes: files of ${to}. */
void ship_take_away(struct services *services, const struct service *to, const char *name,
                    struct err *err);

/* ship_partial(services, store, name, partial, err): the name under which the store ${store} lists an
 * unfinished ${name}; NULL: it has none. */
int ship_partial(struct services *services, const struct service *store, const char *name,
                 const char **partial, struct err *err) CHECK;

/* ship_lock(services, label, name, fd, err): that nobody else of this machine writes ${name} in the store
 * ${label}, until ${fd} is closed. ERR_BUSY. Changes: STATE/ENV/ship.lock. */
int ship_lock(struct services *services, const char *label, const char *name, int *fd,
              struct err *err) CHECK;

#endif
