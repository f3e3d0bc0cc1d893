/*
 * engine - the engine plugin's callbacks as the pipeline uses them.
 */
#ifndef DEPLOY_ENGINE_H
#define DEPLOY_ENGINE_H

#include "base/buf.h"
#include "deploy/services.h"
#include "revision/graph.h"

/* engine_graph(services, graph, errs): the project's revisions, linked. Every mistake of the files is
 * an entry of ${errs} (ERR_REFUSED). Changes: nothing. */
int engine_graph(struct services *services, struct graph **graph, struct errs *errs) CHECK;

/* engine_upgrade and engine_downgrade: the project's own command. On failure ${lock_timeout} says
 * whether the server gave up waiting for a lock. Changes: the database. */
int engine_upgrade(struct services *services, const char *target, bool *lock_timeout,
                   struct err *err) CHECK;
int engine_downgrade(struct services *services, const char *target, struct err *err) CHECK;

/* engine_sql(services, from, to, out, err): the SQL that an upgrade would run. Changes: nothing. */
int engine_sql(struct services *services, const char *from, const char *to, struct buf *out,
               struct err *err) CHECK;

struct model_difference {
    const char *aspect, *object, *text;
};

/* engine_models(services, list, n, err): the models against the database, under the environment's
 * strictness; in the services' arena. Changes: nothing. */
int engine_models(struct services *services, struct model_difference **list, size_t *n,
                  struct err *err) CHECK;

/* engine_identify(services, identity, supported, err): where the project's command arrives;
 * ${supported} is false when the engine cannot tell. */
int engine_identify(struct services *services, struct ddb_identity *identity, bool *supported,
                    struct err *err) CHECK;

/* engine_can_downgrade, engine_can_models, engine_is_atomic(services, pending): false when unknown.
 * Atomic: the run is one transaction for certain. */
bool engine_can_downgrade(struct services *services);
bool engine_can_models(struct services *services);
bool engine_is_atomic(struct services *services, struct revset pending);

#endif
