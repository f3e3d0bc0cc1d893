/* cmd_revision - current, heads, history: Alembic's own lines, without Python. */
#include "cmd/cmd.h"

#include "deploy/engine.h"
#include "deploy/phases.h"
#include "deploy/plan.h"
#include "revision/order.h"
#include "revision/resolve.h"
#include "revision/rows.h"
#include "revision/show.h"

/* The graph, or the mistakes of the project's files as one error. */
static int read_graph(struct cmd_context *context, struct graph **graph, struct err *err)
{
    struct errs problems = {0};
    int rc = engine_graph(context->services, graph, &problems);

    if (rc != 0)
        phases_join(&problems, "the project's revisions cannot be read", err);
    errs_release(&problems);
    return rc;
}

static json_t *revision_json(const struct graph *graph, const struct revision *revision)
{
    json_t *down = json_array(), *depends_on = json_array(), *labels = json_array();

    for (size_t i = 0; revision->down_ids[i] != NULL; i++)
        json_array_append_new(down, json_string(revision->down_ids[i]));
    for (size_t i = 0; revision->depends_on_ids[i] != NULL; i++)
        json_array_append_new(depends_on, json_string(revision->depends_on_ids[i]));
    for (size_t i = 0; revision->labels != NULL && revision->labels[i] != NULL; i++)
        json_array_append_new(labels, json_string(revision->labels[i]));
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:b}", "id", revision->id, "doc",
                     revision_short_doc(graph_arena(graph), revision), "path", revision->path,
                     "down", down, "depends_on", depends_on, "labels", labels, "head",
                     (int)revision->is_head, "effective_head", (int)revision->is_effective_head);
}

static json_t *set_json(const struct graph *graph, struct revset set)
{
    json_t *array = json_array();

    for (size_t i = 0; i < set.n; i++)
        json_array_append_new(array, revision_json(graph, set.v[i]));
    return array;
}

int cmd_revision_heads(struct cmd_context *context, struct err *err)
{
    auto_buf struct buf text = {0};
    struct graph *graph = NULL;

    if (read_graph(context, &graph, err) != 0)
        return (int)err->code;
    show_heads(graph, false, context->options->given[OPT_VERBOSE] > 0, &text);
    cmd_print(context, json_pack("{s:o}", "heads", set_json(graph, graph_heads(graph))),
              buf_text(&text));
    return ERR_NONE;
}

/* The rows of the environment's database; none when no environment is named. */
static int read_plan(struct cmd_context *context, struct plan *plan, struct err *err)
{
    struct db *db = NULL;
    int rc = db_open(context->services->target, NULL, DB_READ, &db, err);

    if (rc == 0)
        rc = plan_make(context->services, db, NULL, plan, err);
    db_close(db);
    return rc;
}

int cmd_revision_history(struct cmd_context *context, struct err *err)
{
    const char *range = context->options->value[OPT_RANGE];
    auto_buf struct buf text = {0};
    struct graph *graph = NULL;
    struct plan plan = {0};
    struct revset rows = {0}, lower, upper, shown;

    if (context->env != NULL) {
        if (read_plan(context, &plan, err) != 0)
            return ERR_REFUSED;
        graph = plan.graph;
        rows = plan.rows;
        plan_release(&plan);
    }
    if (graph == NULL && read_graph(context, &graph, err) != 0)
        return (int)err->code;
    if (resolve_range(graph, range == NULL ? ":" : range, rows, &lower, &upper, err) != 0 ||
        order_range(graph, lower, upper, &shown, err) != 0)
        return (int)err->code;
    show_history(graph, shown, rows, context->options->given[OPT_VERBOSE] > 0, &text);
    cmd_print(context, json_pack("{s:o}", "history", set_json(graph, shown)), buf_text(&text));
    return ERR_NONE;
}

int cmd_revision_current(struct cmd_context *context, struct err *err)
{
    bool check = context->options->given[OPT_CHECK_HEADS] > 0;
    auto_buf struct buf text = {0};
    struct plan plan;
    int status = ERR_NONE;

    if (read_plan(context, &plan, err) != 0)
        return ERR_REFUSED;
    if (plan.graph == NULL || plan.problems.n > 0) {
        phases_join(&plan.problems, "the version rows cannot be understood", err);
        plan_release(&plan);
        return (int)err->code;
    }
    show_current(plan.graph, plan.rows, context->options->given[OPT_VERBOSE] > 0, &text);
    cmd_print(context,
              json_pack("{s:o, s:b}", "current",
                        set_json(plan.graph, rows_current(plan.graph, plan.rows)), "at_heads",
                        (int)plan_is_current(&plan)),
              buf_text(&text));
    if (check && !plan_is_current(&plan)) {
        err_set(err, ERR_PENDING, "the database is not at the heads: %zu pending", plan.pending.n);
        status = ERR_PENDING;
    }
    plan_release(&plan);
    return status;
}
