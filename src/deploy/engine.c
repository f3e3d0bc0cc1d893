/* engine - see engine.h. */
#include "deploy/engine.h"

#include <string.h>

#include "base/log.h"
#include "base/progress.h"

static const struct ddb_engine *ops(const struct services *services)
{
    return &services->engine.plugin->engine;
}

/* --- revisions ------------------------------------------------------------------------------------ */

static int add_revision(void *arg, const struct ddb_revision *given)
{
    struct revision revision = {
        .id = given->id,
        .doc = given->doc,
        .path = given->path,
        .down_ids = given->down,
        .labels_declared = given->labels,
        .depends_on_ids = given->depends_on,
    };

    graph_add(arg, &revision);
    return 0;
}

int engine_graph(struct services *services, struct graph **out, struct errs *errs)
{
    struct err err = ERR_INIT;
    struct ddb_call call = services_begin(services, &services->engine, &err);
    struct graph *graph = graph_new(services->arena);

    if (services_end(&call, ops(services)->revisions(&call, add_revision, graph), "revisions",
                     ERR_REFUSED) != 0) {
        *errs_new(errs) = err;
        return -1;
    }
    *out = graph;
    return graph_link(graph, errs);
}

/* --- running migrations ---------------------------------------------------------------------------- */

/* The engine marks a lock timeout with this line of the detail. */
static bool is_lock_timeout(const struct err *err)
{
    return strstr(err->detail, "cause: lock timeout") != NULL;
}

int engine_upgrade(struct services *services, const char *target, bool *lock_timeout,
                   struct err *err)
{
    struct ddb_call call = services_begin(services, &services->engine, err);

    int rc;

    call.changes = true;
    call.timeout_ms = services->env->apply.timeout_ms;
    *lock_timeout = false;
    rc = ops(services)->upgrade(&call, target);
    progress_end();
    if (services_end(&call, rc, "upgrade", ERR_INTERNAL) == 0)
        return 0;
    *lock_timeout = is_lock_timeout(err);
    return -1;
}

int engine_downgrade(struct services *services, const char *target, struct err *err)
{
    struct ddb_call call = services_begin(services, &services->engine, err);
    int rc;

    call.changes = true;
    call.timeout_ms = services->env->apply.timeout_ms;
    if (ops(services)->downgrade == NULL)
        return err_set(err, ERR_INTERNAL, "engine \"%s\" cannot downgrade",
                       services->engine.plugin->table.name);
    rc = ops(services)->downgrade(&call, target);
    progress_end();
    return services_end(&call, rc, "downgrade", ERR_INTERNAL);
}

static int add_text(void *arg, const char *text, size_t n)
{
    buf_add(arg, text, n);
    return 0;
}

int engine_sql(struct services *services, const char *from, const char *to, struct buf *out,
               struct err *err)
{
    struct ddb_call call = services_begin(services, &services->engine, err);
    int rc;

    if (ops(services)->sql == NULL)
        return err_set(err, ERR_INTERNAL, "engine \"%s\" cannot print its SQL",
                       services->engine.plugin->table.name);
    rc = ops(services)->sql(&call, from, to, add_text, out);
    progress_end();
    return services_end(&call, rc, "sql", ERR_INTERNAL);
}

/* --- models ----------------------------------------------------------------------------------------- */

struct model_list {
    struct arena *arena;
    struct model_difference *items;
    size_t n, cap;
};

static int add_difference(void *arg, const struct ddb_difference *difference)
{
    struct model_list *list = arg;

    if (list->n == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 16;
        struct model_difference *grown = arena_alloc(list->arena, cap * sizeof *grown);

        if (list->n > 0)
            memcpy(grown, list->items, list->n * sizeof *grown);
        list->items = grown;
        list->cap = cap;
    }
    list->items[list->n++] = (struct model_difference){
        .aspect = arena_strdup(list->arena, difference->aspect),
        .object = arena_strdup(list->arena, difference->object),
        .text = arena_strdup(list->arena, difference->text),
    };
    return 0;
}

int engine_models(struct services *services, struct model_difference **out, size_t *n,
                  struct err *err)
{
    struct ddb_call call = services_begin(services, &services->engine, err);
    struct model_list list = {.arena = services->arena};
    int rc;

    if (ops(services)->models == NULL)
        return err_set(err, ERR_INTERNAL, "engine \"%s\" has no models to compare with",
                       services->engine.plugin->table.name);
    rc = ops(services)->models(&call, services->env->strict.compare_type,
                               services->env->strict.compare_server_default, add_difference,
                               &list);
    *out = list.items;
    *n = list.n;
    return services_end(&call, rc, "models", ERR_INTERNAL);
}

int engine_identify(struct services *services, struct ddb_identity *identity, bool *supported,
                    struct err *err)
{
    struct ddb_call call = services_begin(services, &services->engine, err);

    *supported = ops(services)->identify != NULL;
    if (!*supported)
        return 0;
    *identity = (struct ddb_identity){.size = sizeof *identity};
    return services_end(&call, ops(services)->identify(&call, identity), "identify",
                        ERR_REFUSED);
}

/* --- capabilities ----------------------------------------------------------------------------------- */

/* Whether a graded callback answered at least ${least}; a failure counts as no, and is logged. */
static bool graded(struct ddb_call *call, int answer, int least, const char *what)
{
    if (answer < 0) {
        services_end(call, -1, what, ERR_INTERNAL);
        log_detail("%s: %s", what, call->err->primary);
    }
    return answer >= least;
}

bool engine_can_downgrade(struct services *services)
{
    struct err err = ERR_INIT;
    struct ddb_call call = services_begin(services, &services->engine, &err);

    if (ops(services)->downgrade == NULL || ops(services)->can_downgrade == NULL)
        return false;
    return graded(&call, ops(services)->can_downgrade(&call), DDB_CAN_PARTLY, "can_downgrade");
}

bool engine_can_models(struct services *services)
{
    struct err err = ERR_INIT;
    struct ddb_call call = services_begin(services, &services->engine, &err);

    if (ops(services)->models == NULL || ops(services)->can_models == NULL)
        return false;
    return graded(&call, ops(services)->can_models(&call), DDB_CAN_PARTLY, "can_models");
}

bool engine_is_atomic(struct services *services, struct revset pending)
{
    struct err err = ERR_INIT;
    struct ddb_call call = services_begin(services, &services->engine, &err);
    const char **ids = arena_alloc(services->arena, (pending.n + 1) * sizeof *ids);

    if (ops(services)->can_transaction == NULL)
        return false;
    for (size_t i = 0; i < pending.n; i++)
        ids[i] = pending.v[i]->id;
    return graded(&call, ops(services)->can_transaction(&call, ids), DDB_CAN_FULLY,
                  "can_transaction");
}
