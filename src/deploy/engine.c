/* engine - see engine.h. */
#include "deploy/engine.h"

#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/progress.h"
#include "revision/show.h"

enum { FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 30 * 1000 };

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

/* The engine marks it with this line of the detail. */
bool engine_is_lock_timeout(const struct err *err)
{
    return strstr(err->detail, "cause: lock timeout") != NULL;
}

void engine_pause(int attempt)
{
    int64_t ms = FIRST_PAUSE_MS;
    uint16_t chance = 0;

    while (attempt-- > 1 && ms < LONGEST_PAUSE_MS)
        ms *= 2;
    (void)!getrandom(&chance, sizeof chance, 0);
    clock_sleep_ms(ms + ms * chance / UINT16_MAX / 2);
}

bool engine_takes_steps(const struct services *services)
{
    return ops(services)->steps != NULL;
}

static int cannot(const struct services *services, const char *what, struct err *err)
{
    return err_set(err, ERR_INTERNAL, "engine \"%s\" cannot %s",
                   services->engine.plugin->table.name, what);
}

static const struct ddb_row_change *const *changes_of(struct arena *arena,
                                                      const struct goal_step *step)
{
    struct ddb_row_change *all = arena_alloc(arena, step->n_changes * sizeof *all);
    const struct ddb_row_change **list = arena_alloc(arena, (step->n_changes + 1) * sizeof *list);

    for (size_t i = 0; i < step->n_changes; i++) {
        static const uint64_t kinds[] = {[ROW_INSERT] = DDB_ROW_INSERT,
                                         [ROW_DELETE] = DDB_ROW_DELETE,
                                         [ROW_UPDATE] = DDB_ROW_UPDATE};

        all[i] = (struct ddb_row_change){sizeof *all, kinds[step->changes[i].kind],
                                         step->changes[i].from, step->changes[i].to};
        list[i] = &all[i];
    }
    return list;
}

/* The steps as the plugin sees them. */
static const struct ddb_step *const *steps_of(struct services *services,
                                              const struct goal_path *path)
{
    struct arena *arena = services->arena;
    struct ddb_step *all = arena_alloc(arena, path->n_steps * sizeof *all);
    const struct ddb_step **list = arena_alloc(arena, (path->n_steps + 1) * sizeof *list);

    for (size_t i = 0; i < path->n_steps; i++) {
        const struct revision *revision = path->steps[i].revision;
        auto_buf struct buf text = {0};

        show_step(path->graph, revision, !path->is_downgrade, &text);
        all[i] = (struct ddb_step){
            .size = sizeof *all,
            .id = revision->id,
            .is_downgrade = path->is_downgrade,
            .text = arena_strdup(arena, buf_text(&text)),
            .path = revision->path,
            .changes = changes_of(arena, &path->steps[i]),
        };
        list[i] = &all[i];
    }
    return list;
}

int engine_run(struct services *services, const struct goal_path *path, struct err *err)
{
    const struct ddb_engine *engine = ops(services);
    struct ddb_call call = services_begin(services, &services->engine, err);
    const char *what = path->is_downgrade ? "downgrade" : "upgrade";
    int rc;

    call.changes = true;
    call.timeout_ms = services->env->apply.timeout_ms;
    if (engine->steps != NULL)
        rc = engine->steps(&call, steps_of(services, path));
    else if (!path->is_downgrade)
        rc = engine->upgrade(&call, path->target);
    else if (engine->downgrade != NULL)
        rc = engine->downgrade(&call, path->target);
    else
        return cannot(services, what, err);
    progress_end();
    return services_end(&call, rc, what, ERR_INTERNAL);
}

int engine_settle(struct services *services, bool as_before, struct err *err)
{
    struct ddb_call call = services_begin(services, &services->engine, err);

    if (ops(services)->settle == NULL)
        return 0;
    call.changes = true;
    call.as_before = as_before;
    return services_end(&call, ops(services)->settle(&call), "settle", ERR_INTERNAL);
}

/* --- what it would run ------------------------------------------------------------------------------ */

static int add_text(void *arg, const char *text, size_t n)
{
    buf_add(arg, text, n);
    return 0;
}

/* An engine that takes targets renders from one revision. */
static int target_sql(struct services *services, struct ddb_call *call,
                      const struct goal_path *path, struct revset rows, struct buf *out)
{
    const struct ddb_engine *engine = ops(services);
    const char *from = rows.n == 0 ? "base" : rows.v[0]->id;

    if (rows.n > 1)
        return err_set(call->err, ERR_INTERNAL, "the version table has several rows, and SQL can be "
                                                "rendered from one revision only");
    if (path->is_downgrade)
        return engine->downgrade_sql == NULL
                   ? cannot(services, "print the SQL of a downgrade", call->err)
                   : engine->downgrade_sql(call, from, path->target, add_text, out);
    return engine->sql == NULL ? cannot(services, "print its SQL", call->err)
                               : engine->sql(call, from, path->target, add_text, out);
}

int engine_sql(struct services *services, const struct goal_path *path, struct revset rows,
               bool has_table, struct buf *out, struct err *err)
{
    struct ddb_call call = services_begin(services, &services->engine, err);
    int rc;

    if (ops(services)->steps_sql != NULL)
        rc = ops(services)->steps_sql(&call, steps_of(services, path), !has_table, add_text, out);
    else
        rc = target_sql(services, &call, path, rows, out);
    progress_end();
    return services_end(&call, rc, "sql", ERR_INTERNAL);
}

int engine_inspect(struct services *services,
                   int (*each)(void *arg, const struct ddb_finding *finding), void *arg,
                   struct err *err)
{
    struct ddb_call call = services_begin(services, &services->engine, err);

    if (ops(services)->inspect == NULL)
        return 0;
    return services_end(&call, ops(services)->inspect(&call, each, arg), "inspect", ERR_REFUSED);
}

int engine_range_sql(struct services *services, bool is_downgrade, const char *from, const char *to,
                     struct buf *out, struct err *err)
{
    struct ddb_call call = services_begin(services, &services->engine, err);
    int (*print)(struct ddb_call *, const char *, const char *,
                 int (*)(void *, const char *, size_t), void *) =
        is_downgrade ? ops(services)->downgrade_sql : ops(services)->sql;
    int rc;

    if (print == NULL)
        return cannot(services, is_downgrade ? "print the SQL of a downgrade" : "print its SQL", err);
    rc = print(&call, from, to, add_text, out);
    progress_end();
    return services_end(&call, rc, is_downgrade ? "downgrade_sql" : "sql", ERR_INTERNAL);
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

    if ((ops(services)->downgrade == NULL && ops(services)->steps == NULL) ||
        ops(services)->can_downgrade == NULL)
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

bool engine_is_atomic(struct services *services, const struct goal_path *path)
{
    struct err err = ERR_INIT;
    struct ddb_call call = services_begin(services, &services->engine, &err);
    const char **ids = arena_alloc(services->arena, (path->pending.n + 1) * sizeof *ids);

    if (ops(services)->can_transaction == NULL)
        return false;
    for (size_t i = 0; i < path->pending.n; i++)
        ids[i] = path->pending.v[i]->id;
    call.is_downgrade = path->is_downgrade;
    return graded(&call, ops(services)->can_transaction(&call, ids), DDB_CAN_FULLY,
                  "can_transaction");
}

/* --- a new revision ----------------------------------------------------------------------------------- */

int engine_write(struct services *services, const struct ddb_new_revision *revision,
                 const char **path, struct err *err)
{
    struct ddb_call call = services_begin(services, &services->engine, err);

    *path = "";
    if (ops(services)->write == NULL)
        return err_set(err, ERR_REFUSED, "engine \"%s\" cannot write revision files",
                       services->engine.plugin->table.name);
    return services_end(&call, ops(services)->write(&call, revision, path), "write", ERR_REFUSED);
}
