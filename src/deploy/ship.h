/*
 * ship - bring a snapshot's file from one store into another: into a store behind a network while the
 * file still grows in a local one, or later, on request.
 *
 * A remote store is fed by a thread of its own, which reads what has been written to the local store so
 * far and hands it on at the network's pace, so that the database never waits for the network. A
 * connection that was cut is made again after a pause, and the file goes on where the server has it. A
 * store that could not be reached in the first place is not tried again.
 */
#ifndef DEPLOY_SHIP_H
#define DEPLOY_SHIP_H

#include "deploy/run.h"

/* The shippings of one file that grows. */
struct ships;

/* ship_start(services, name, source, ships): begin to ship ${name}, which grows in the store ${source},
 * to every remote store of the environment; ${ships} is kept in services->ships until ship_join or
 * ship_abort. ${services} may be a copy that lives no longer than its caller. Changes: files of the remote stores, from threads. */
void ship_start(struct services *services, const char *name, const struct service *source,
                struct ships **ships);

/* ship_grow(ships, n, err): ${n} more bytes can be read. -1 when a required store has failed.
 * ship_source(ships, source): they are read from another store from now on. ship_complete(ships,
 * source): the file is whole and has its name in ${source}; env->snapshot.ship_timeout begins. NULL
 * ships are fine. */
int ship_grow(struct ships *ships, size_t n, struct err *err) CHECK;
void ship_source(struct ships *ships, const struct service *source);
void ship_complete(struct ships *ships, const struct service *source);

/* ship_abort(services, name): stop shipping ${name}, the latest, and leave nothing of it in the remote
 * stores, what has arrived included; that it is not shipped is fine. Changes: files of the remote
 * stores. */
void ship_abort(struct services *services, const char *name);

/* ship_await(run, name, err): wait until ${name}, the latest, is in every required store, and verify it
 * there at env->snapshot.verify_shipped, which leaves evidence. When it does not get there, all shipping stops; what has arrived stays unfinished, for `snapshot push`, and the local
 * file stays whole. A required store that could not be reached in the first place leaves nothing: the
 * local file is removed. Class ERR_PREPARE. Changes: files. */
int ship_await(struct run *run, const char *name, struct err *err) CHECK;

/* ship_join(run): wait for all that is under way, and verify what has arrived. ship_leave(run): stop it;
 * what has arrived stays unfinished. What does not arrive, or is another than what was sent, is a warning
 * of the run. Changes: files. */
void ship_join(struct run *run);
void ship_leave(struct run *run);

/* --- on request ------------------------------------------------------------------------------------- */

struct ship_result {
    const char *from, *to;  /* labels of the stores */
    const char *verified;   /* how: the level, or "written": compared with what was read */
    const char *place;      /* where a person finds it now */
    int64_t size_bytes;
    int64_t resumed_bytes;  /* of these were there already */
    int64_t elapsed_ms;
    char sha256[65];        /* of the whole file, as it was read */
};

/* ship_copy(run, name, from, to, level, result, err): bring ${name} from store ${from} (a label; NULL:
 * any that has it, a local one first) into the store ${to}, going on with an unfinished file there, and
 * verify it there at ${level} (see snapshot_verify), which leaves evidence; a copy that fails is removed.
 * ${run} says who does it; it needs no journal. ERR_BUSY when somebody on this machine is at it; else
 * ERR_PREPARE. Changes: files of ${to}. */
int ship_copy(struct run *run, const char *name, const char *from, const char *to,
              const char *level, struct ship_result *result, struct err *err) CHECK;

/* ship_newest(services, label, name, err): the newest whole snapshot of this project's environment in
 * the store ${label} (NULL: in any). */
int ship_newest(struct services *services, const char *label, const char **name,
                struct err *err) CHECK;

#endif
