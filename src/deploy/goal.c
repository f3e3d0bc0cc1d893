/* goal - see goal.h. */
#include "deploy/goal.h"

#include <string.h>

#include "revision/order.h"
#include "revision/resolve.h"
#include "revision/stamp.h"

static const struct {
    const char *command, *done;
} kinds[] = {
    [GOAL_DEPLOY] = {"deploy", "deployed"},
    [GOAL_UPGRADE] = {"upgrade", "upgraded"},
    [GOAL_DOWNGRADE] = {"downgrade", "downgraded"},
    [GOAL_STAMP] = {"stamp", "stamped"},
};

enum goal_kind goal_kind(const char *command)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].command, command) == 0)
            return (enum goal_kind)i;
    return GOAL_DEPLOY;
}

bool goal_is_deployment(const char *command)
{
    return strcmp(kinds[goal_kind(command)].command, command) == 0;
}

const char *goal_done(enum goal_kind kind)
{
    return kinds[kind].done;
}

/* The changes of the rows, step by step. */
static void add_steps(struct graph *graph, struct revset rows, struct goal_path *path)
{
    path->steps = arena_alloc(graph_arena(graph), (path->pending.n + 1) * sizeof *path->steps);
    for (size_t i = 0; i < path->pending.n; i++) {
        struct goal_step *step = &path->steps[path->n_steps++];
        struct row_change *changes;

        step->revision = path->pending.v[i];
        if (path->is_downgrade)
            rows_downgrade(graph, &rows, step->revision, &changes, &step->n_changes);
        else
            rows_upgrade(graph, &rows, step->revision, &changes, &step->n_changes);
        step->changes = changes;
    }
    path->planned = rows;
}

static const char *only_target(const struct goal *goal, struct err *err)
{
    const char *target = goal->targets[0];

    if (target == NULL || goal->targets[1] != NULL) {
        err_set(err, ERR_USAGE, "%s revision is named",
                target == NULL ? "no target" : "more than one target");
        (void)err_hint(err, "Name one, for instance \"heads\", \"+1\", \"base\" or an identifier.");
        return NULL;
    }
    if (strchr(target, ':') != NULL) {
        err_set(err, ERR_USAGE, "\"%s\" is a range of revisions", target);
        (void)err_hint(err, "A range is for --sql only: a database begins where it stands.");
        return NULL;
    }
    return target;
}

static int upgrade_path(struct graph *graph, const struct goal *goal, struct revset rows,
                        struct goal_path *path, struct err *err)
{
    struct revset heads = graph_effective_heads(graph);
    struct resolve_target target = {.revisions = heads};
    const char *text = goal->kind == GOAL_DEPLOY ? "heads" : only_target(goal, err);

    if (text == NULL)
        return -1;
    if (goal->kind == GOAL_UPGRADE &&
        resolve_target(graph, text, rows, RESOLVE_UPGRADE, &target, err) != 0)
        return -1;
    path->target = target.revisions.n == 1 ? target.revisions.v[0]->id
                   : rows_equal(target.revisions, heads) ? "heads" : text;
    return order_upgrade(graph, rows, target.revisions, &path->pending, err);
}

static int downgrade_path(struct graph *graph, const struct goal *goal, struct revset rows,
                          struct goal_path *path, struct err *err)
{
    struct resolve_target target;
    struct revision *to;
    const char *text = only_target(goal, err);
    const char *id;

    path->is_downgrade = true;
    if (text == NULL || resolve_target(graph, text, rows, RESOLVE_DOWNGRADE, &target, err) != 0)
        return -1;
    to = target.revisions.n == 0 ? NULL : target.revisions.v[0];
    id = to == NULL ? "base" : to->id;
    path->target = target.branch == NULL
                       ? id : arena_printf(graph_arena(graph), "%s@%s", target.branch->id, id);
    return order_downgrade_branch(graph, rows, to, target.branch, &path->pending, err);
}

/* A stamp is one step that runs no revision. */
static int stamp_path(struct graph *graph, const struct goal *goal, struct revset rows,
                      const char *const *row_ids, struct goal_path *path, struct err *err)
{
    struct stamp stamp;
    int rc = goal->purge ? stamp_purge(graph, row_ids, goal->targets, &stamp, err)
                         : stamp_plan(graph, rows, goal->targets, &stamp, err);

    if (rc != 0)
        return -1;
    path->planned = stamp.rows;
    path->n_steps = stamp.n > 0;
    path->steps = arena_alloc(graph_arena(graph), sizeof *path->steps);
    *path->steps = (struct goal_step){.changes = stamp.changes, .n_changes = stamp.n};
    return 0;
}

int goal_path(struct graph *graph, const struct goal *goal, struct revset rows,
              const char *const *row_ids, struct goal_path *path, struct err *err)
{
    int rc;

    *path = (struct goal_path){.graph = graph, .target = "heads", .planned = rows};
    if (goal->kind == GOAL_STAMP)
        return stamp_path(graph, goal, rows, row_ids, path, err);
    if (goal->kind == GOAL_DOWNGRADE)
        rc = downgrade_path(graph, goal, rows, path, err);
    else
        rc = upgrade_path(graph, goal, rows, path, err);
    if (rc == 0)
        add_steps(graph, rows, path);
    return rc;
}
