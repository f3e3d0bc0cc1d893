/* cmd_write - revision, merge, mergeheads: new migration files. */
#include "cmd/cmd.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fs.h"
#include "deploy/engine.h"
#include "deploy/phases.h"
#include "deploy/plan.h"
#include "revision/revise.h"

static const char *const all_heads[] = {"heads", NULL};

/* All of ${errs} as one error: of class ERR_USAGE when the project refuses none of it. */
static int join(const struct errs *errs, const char *what, struct err *err)
{
    bool is_usage = true;

    for (size_t i = 0; i < errs->n; i++)
        is_usage = is_usage && errs->items[i].code == ERR_USAGE;
    phases_join(errs, what, err);
    return is_usage ? err_as(err, ERR_USAGE) : -1;
}

/* Twelve random hexadecimal digits that no revision has. */
static int make_id(const struct graph *graph, const char **id, struct err *err)
{
    uint64_t random = 0;

    do {
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return err_set(err, ERR_INTERNAL, "there are no random bytes for an identifier");
        *id = arena_printf(graph_arena(graph), "%012" PRIx64, random >> 16);
    } while (graph_find(graph, *id) != NULL);
    return 0;
}

/* Models are compared with a database that stands at the heads, else the new revision would do what
 * the pending ones do. */
static int require_heads(struct cmd_context *context, struct err *err)
{
    struct plan plan = {0};
    struct db *db = NULL;
    int rc = db_open(context->services->target, NULL, DB_READ, &db, err);

    if (rc == 0)
        rc = plan_make(context->services, db, NULL, &plan, err);
    db_close(db);
    if (rc != 0)
        return err_as(err, ERR_REFUSED);
    if (plan.problems.n > 0) {
        rc = phases_join(&plan.problems, "the version rows cannot be understood", err);
    } else if (!plan_is_current(&plan)) {
        rc = err_set(err, ERR_REFUSED, "the database of environment \"%s\" is not at the heads: %zu "
                                       "pending revision%s", context->env->name, plan.pending.n,
                     plan.pending.n == 1 ? "" : "s");
        err_hint(err, "Run `deploy-db %s` first, then compare the models with what is left.",
                 context->env->name);
    }
    plan_release(&plan);
    return rc;
}

/* --- what came of it --------------------------------------------------------------------------*/

static bool is_same(const char *const *a, const char *const *b)
{
    for (; *a != NULL && *b != NULL; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return *a == NULL && *b == NULL;
}

/* The file is of this run if it holds the identifier; in a container it may be out of reach. */
static void take_back(const char *path, const char *id, struct err *err)
{
    auto_buf struct buf text = {0};
    struct err unread = ERR_INIT;

    if (path[0] == '\0' || fs_read(path, 1024 * 1024, &text, &unread) != 0 ||
        strstr(buf_text(&text), id) == NULL || unlink(path) != 0)
        err_detail(err, "the new file could not be removed: \"%s\"", path);
    else
        err_detail(err, "the new file was removed again");
}

/* Read the project again: ${path} becomes where the file is here, as far as that is known. */
static int check_written(struct cmd_context *context, const struct ddb_new_revision *wanted,
                         const char **path, struct err *err)
{
    const struct revision *found = NULL;
    struct errs problems = {0};
    struct graph *graph = NULL;

    if (engine_graph(context->services, &graph, &problems) != 0)
        phases_join(&problems, "the project cannot be read with the new revision", err);
    else if ((found = graph_find(graph, wanted->id)) == NULL)
        err_set(err, ERR_REFUSED, "the project does not have revision \"%s\" after it was written",
                wanted->id);
    else if (strcmp(found->id, wanted->id) != 0 || !is_same(found->down_ids, wanted->down) ||
             !is_same(found->labels_declared, wanted->labels) ||
             !is_same(found->depends_on_ids, wanted->depends_on))
        err_set(err, ERR_REFUSED, "revision \"%s\" was not written with the parents, branch labels "
                                  "and dependencies that were asked for", wanted->id);
    errs_release(&problems);
    if (err->code == ERR_NONE) {
        if (found->path != NULL && found->path[0] != '\0')
            *path = found->path;
        return 0;
    }
    take_back(*path, wanted->id, err);
    return err_hint(err, "Look at the engine's template for new revisions.");
}

static json_t *list_json(const char *const *list)
{
    json_t *array = json_array();

    for (; *list != NULL; list++)
        json_array_append_new(array, json_string(*list));
    return array;
}

static void report(const struct cmd_context *context, const struct ddb_new_revision *revision,
                   const char *path)
{
    json_t *json = json_pack("{s:{s:s, s:o, s:o, s:o, s:s, s:s}}", "revision", "id", revision->id,
                             "down", list_json(revision->down), "labels",
                             list_json(revision->labels), "depends_on",
                             list_json(revision->depends_on), "path", path, "message",
                             revision->message);
    auto_buf struct buf text = {0};

    buf_addf(&text, "Generating %s ...  done\n", path[0] == '\0' ? revision->id : path);
    cmd_print(context, json, buf_text(&text));
}

/* --- the commands -----------------------------------------------------------------------------*/

static const char *value_or(const struct cmd_context *context, enum option option,
                            const char *fallback)
{
    const char *value = context->options->value[option];

    return value == NULL ? fallback : value;
}

static int plan_new(struct cmd_context *context, const char *const *heads, bool merge,
                    struct graph *graph, struct ddb_new_revision *revision, struct err *err)
{
    const struct options *options = context->options;
    struct revise_request request = {
        .id = options->value[OPT_REV_ID],
        .heads = heads,
        .labels = options_list(options, context->arena, OPT_BRANCH_LABEL),
        .depends_on = options_list(options, context->arena, OPT_DEPENDS_ON),
        .splice = options->given[OPT_SPLICE] > 0,
        .merge = merge,
    };
    struct errs problems = {0};
    struct revise_plan plan;
    int rc;

    if (request.id == NULL && make_id(graph, &request.id, err) != 0)
        return -1;
    rc = revise(graph, &request, &plan, &problems);
    if (rc != 0)
        join(&problems, "the new revision is refused", err);
    errs_release(&problems);
    *revision = (struct ddb_new_revision){
        .size = sizeof *revision,
        .id = request.id,
        .message = value_or(context, OPT_MESSAGE, ""),
        .down = plan.down,
        .labels = plan.labels,
        .depends_on = plan.depends_on,
        .version_path = options->value[OPT_VERSION_PATH],
        .beside = plan.beside,
        .flags = (plan.splices ? DDB_NEW_SPLICE : 0) |
                 (options->given[OPT_AUTOGENERATE] > 0 ? DDB_NEW_AUTOGENERATE : 0),
    };
    return rc;
}

static int write_new(struct cmd_context *context, const char *const *heads, bool merge,
                     struct err *err)
{
    struct ddb_new_revision revision;
    struct graph *graph = NULL;
    const char *path = "";

    if (plan_graph(context->services, &graph, err) != 0 ||
        plan_new(context, heads, merge, graph, &revision, err) != 0 ||
        (context->options->given[OPT_AUTOGENERATE] > 0 && require_heads(context, err) != 0) ||
        engine_write(context->services, &revision, &path, err) != 0 ||
        check_written(context, &revision, &path, err) != 0)
        return (int)err->code;
    report(context, &revision, path);
    return ERR_NONE;
}

int cmd_write_revision(struct cmd_context *context, struct err *err)
{
    const char *const *heads = options_list(context->options, context->arena, OPT_HEAD);
    bool merge = context->options->given[OPT_MERGE] > 0;

    if (context->options->given[OPT_AUTOGENERATE] > 0 && context->env == NULL) {
        err_set(err, ERR_USAGE, "option \"--autogenerate\" compares the models with a database, "
                                "and no environment is named");
        err_hint(err, "usage: deploy-db revision ENV --autogenerate -m TEXT");
        return ERR_USAGE;
    }
    return write_new(context, merge && heads[0] == NULL ? all_heads : heads, merge, err);
}

int cmd_write_merge(struct cmd_context *context, struct err *err)
{
    if (context->n_args == 0) {
        err_set(err, ERR_USAGE, "`merge` does not know what to merge");
        err_hint(err, "Name the revisions, or \"heads\" for all heads.");
        return ERR_USAGE;
    }
    return write_new(context, context->args, true, err);
}

int cmd_write_mergeheads(struct cmd_context *context, struct err *err)
{
    return write_new(context, all_heads, true, err);
}
