/*
 * engine - the engine plugin's callbacks as the pipeline uses them.
 */
#ifndef DEPLOY_ENGINE_H
#define DEPLOY_ENGINE_H

#include "base/buf.h"
#include "deploy/goal.h"
#include "deploy/services.h"
#include "revision/graph.h"

/* engine_graph(services, graph, errs): the project's revisions, linked. Every mistake of the files is
 * an entry of ${errs} (ERR_REFUSED). Changes: nothing. */
int engine_graph(struct services *services, struct graph **graph, struct errs *errs) CHECK;

/* engine_takes_steps(services): the engine is handed steps with their changes of the version rows; one
 * that is not finds its own way to path->target. */
bool engine_takes_steps(const struct services *services);

/* engine_run(services, path, err): run the migrations of ${path}. Changes: the database. */
int engine_run(struct services *services, const struct goal_path *path, struct err *err) CHECK;

/* engine_settle(services, as_before, err): undo what half-applied revisions left; with ${as_before} there
 * is nothing to undo, and the engine only forgets that this run began them. Changes: the database. */
int engine_settle(struct services *services, bool as_before, struct err *err) CHECK;

/* engine_is_lock_timeout(err): whether the failure of one of these two is that the server gave up
 * waiting for a lock. engine_pause(attempt): the time until the next attempt then, doubled each time, with
 * a random part so that two of us do not keep meeting. */
bool engine_is_lock_timeout(const struct err *err);
void engine_pause(int attempt);

/* engine_sql(services, path, rows, has_table, out, err): the SQL that engine_run would run from the
 * version rows ${rows}; without the version table (${has_table}) it is created. Changes: nothing. */
int engine_sql(struct services *services, const struct goal_path *path, struct revset rows,
               bool has_table, struct buf *out, struct err *err) CHECK;

/* engine_inspect(services, each, arg, err): hand what is not right with what was applied to ${each}; its
 * strings live until it returns. Changes: nothing. */
int engine_inspect(struct services *services,
                   int (*each)(void *arg, const struct ddb_finding *finding), void *arg,
                   struct err *err) CHECK;

/* engine_range_sql(services, is_downgrade, from, to, out, err): the SQL from one revision to another, as
 * an engine that takes targets prints it. On failure ${out} has what came before. Changes: nothing. */
int engine_range_sql(struct services *services, bool is_downgrade, const char *from, const char *to,
                     struct buf *out, struct err *err) CHECK;

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

/* engine_can_downgrade, engine_can_models, engine_is_atomic(services, path): false when unknown.
 * Atomic: whatever is committed, its version rows are too, for certain. */
bool engine_can_downgrade(struct services *services);
bool engine_can_models(struct services *services);
bool engine_is_atomic(struct services *services, const struct goal_path *path);

/* engine_write(services, revision, path, err): write a revision file; ${path} gets where, as the engine
 * sees it. Errors: ERR_REFUSED. Changes: files. */
int engine_write(struct services *services, const struct ddb_new_revision *revision,
                 const char **path, struct err *err) CHECK;

#endif
