/* stamp - see stamp.h. */
#include "revision/stamp.h"

#include <string.h>

#include "revision/resolve.h"

/* What is known of a revision, by index. */
struct place {
    bool is_row;
    bool is_wanted; /* a target */
    bool is_moved;  /* a row in a target's lineage */
};

struct plan {
    struct graph *graph;
    struct place *places;
    struct revset rows;
    struct revset wanted; /* the targets, as they were given */
    struct revset moved;  /* in the order in which the targets name them */
    const char *base;     /* a target that is base, or NULL */
    struct stamp out;
};

static struct place *place_of(const struct plan *plan, const struct revision *revision)
{
    return &plan->places[revision->index];
}

static void change(struct plan *plan, int kind, const char *from, const char *to)
{
    plan->out.changes[plan->out.n++] = (struct row_change){.kind = kind, .from = from, .to = to};
}

/* --- what the targets name -------------------------------------------------------------------- */

static void move_row(struct plan *plan, struct revision *row)
{
    if (place_of(plan, row)->is_moved)
        return;
    place_of(plan, row)->is_moved = true;
    revset_add(graph_arena(plan->graph), &plan->moved, row);
}

/* The rows in the lineage of a target and its label; without any, all. */
static void move_related(struct plan *plan, struct revset of)
{
    unsigned below = graph_mark_ancestors(plan->graph, of, EDGES_ALL);
    unsigned above = graph_mark_descendants(plan->graph, of, EDGES_ALL);

    for (size_t i = 0; i < plan->rows.n; i++) {
        struct revision *row = plan->rows.v[i];

        if (of.n == 0 || row->mark == below || row->mark == above)
            move_row(plan, row);
    }
}

static int add_target(struct plan *plan, const char *text, struct err *err)
{
    struct arena *arena = graph_arena(plan->graph);
    struct resolve_target target;
    struct revset of = {0};

    if (resolve_target(plan->graph, text, plan->rows, RESOLVE_STAMP, &target, err) != 0)
        return -1;
    if (target.revisions.n == 0)
        plan->base = text;
    if (target.branch != NULL)
        revset_add(arena, &of, target.branch);
    for (size_t i = 0; i < target.revisions.n; i++) {
        struct revision *wanted = target.revisions.v[i];

        revset_add(arena, &of, wanted);
        if (place_of(plan, wanted)->is_wanted)
            continue;
        place_of(plan, wanted)->is_wanted = true;
        revset_add(arena, &plan->wanted, wanted);
    }
    move_related(plan, of);
    return 0;
}

static int add_targets(struct plan *plan, const char *const *targets, struct err *err)
{
    if (targets[0] == NULL) {
        err_set(err, ERR_USAGE, "no revision to stamp");
        return err_hint(err, "Write \"base\", \"heads\" or a revision.");
    }
    for (; *targets != NULL; targets++)
        if (add_target(plan, *targets, err) != 0)
            return -1;
    if (plan->base == NULL || plan->wanted.n == 0)
        return 0;
    err_set(err, ERR_USAGE, "\"%s\" is base, and \"%s\" is to be stored too", plan->base,
            plan->wanted.v[0]->id);
    return err_hint(err, "Stamp base first and then the other revision, or use --purge instead of "
                         "base.");
}

/* --- what becomes of the rows ----------------------------------------------------------------- */

static void drop_wanted(struct plan *plan)
{
    size_t kept = 0;

    for (size_t i = 0; i < plan->moved.n; i++) {
        struct place *place = place_of(plan, plan->moved.v[i]);

        place->is_moved = !place->is_wanted;
        if (place->is_moved)
            plan->moved.v[kept++] = plan->moved.v[i];
    }
    plan->moved.n = kept;
}

/* move_all(): all rows that move become ${to}, or nothing. */
static void move_all(struct plan *plan, const struct revision *to)
{
    for (size_t i = 0; i < plan->moved.n; i++) {
        struct revision *row = plan->moved.v[i];

        place_of(plan, row)->is_row = false;
        if (to == NULL || i + 1 < plan->moved.n)
            change(plan, ROW_DELETE, row->id, NULL);
        else
            change(plan, ROW_UPDATE, row->id, to->id);
    }
}

static void move_rows(struct plan *plan)
{
    unsigned below = graph_mark_ancestors(plan->graph, plan->moved, EDGES_ALL);
    unsigned above = graph_mark_descendants(plan->graph, plan->moved, EDGES_ALL);
    bool moved = false;

    if (plan->wanted.n == 0)
        move_all(plan, NULL);
    for (size_t i = 0; i < plan->wanted.n; i++) {
        struct revision *wanted = plan->wanted.v[i];
        bool is_related = wanted->mark == below || wanted->mark == above;

        if (place_of(plan, wanted)->is_row)
            continue;
        place_of(plan, wanted)->is_row = true;
        if (is_related && !moved)
            move_all(plan, wanted);
        else
            change(plan, ROW_INSERT, NULL, wanted->id);
        moved = moved || is_related;
    }
    for (size_t i = 0; i < graph_count(plan->graph); i++)
        if (plan->places[i].is_row)
            revset_add(graph_arena(plan->graph), &plan->out.rows, graph_at(plan->graph, i));
}

/* refuse_overlap(): an error when one of ${rows} is under another of them. */
static int refuse_overlap(struct graph *graph, struct revset rows, struct err *err)
{
    unsigned mark = graph_mark_below(graph, rows);
    struct revset one = {0};

    for (size_t i = 0; i < rows.n && one.n == 0; i++)
        if (rows.v[i]->mark == mark)
            revset_add(graph_arena(graph), &one, rows.v[i]);
    if (one.n == 0)
        return 0;
    mark = graph_mark_descendants(graph, one, EDGES_ALL);
    for (size_t i = 0; i < rows.n; i++)
        if (rows.v[i] != one.v[0] && rows.v[i]->mark == mark)
            err_set(err, ERR_REFUSED,
                    "revision \"%s\" would be stored together with \"%s\", which descends from it "
                    "or depends on it", one.v[0]->id, rows.v[i]->id);
    return err_hint(err, "Only the newest revision of each branch may be stored: leave \"%s\" out, "
                         "or start afresh with --purge.", one.v[0]->id);
}

/* make(): ${stored} is deleted first, then ${rows} move. */
static int make(struct graph *graph, const char *const *stored, struct revset rows,
                const char *const *targets, struct stamp *out, struct err *err)
{
    struct arena *arena = graph_arena(graph);
    struct plan plan = {.graph = graph, .rows = rows};
    size_t most = rows.n;
    size_t n_stored = 0;

    while (stored[n_stored] != NULL)
        n_stored++;
    plan.places = arena_alloc(arena, (graph_count(graph) + 1) * sizeof *plan.places);
    for (size_t i = 0; i < rows.n; i++)
        place_of(&plan, rows.v[i])->is_row = true;
    if (add_targets(&plan, targets, err) != 0)
        return -1;
    most += n_stored + plan.wanted.n + 1;
    plan.out.changes = arena_alloc(arena, most * sizeof(struct row_change));
    for (size_t i = 0; i < n_stored; i++) {
        size_t first = 0;

        while (strcmp(stored[first], stored[i]) != 0)
            first++;
        if (first == i)
            change(&plan, ROW_DELETE, arena_strdup(arena, stored[i]), NULL);
    }
    drop_wanted(&plan);
    move_rows(&plan);
    if (refuse_overlap(graph, plan.out.rows, err) != 0)
        return -1;
    *out = plan.out;
    return 0;
}

int stamp_plan(struct graph *graph, struct revset rows, const char *const *targets,
               struct stamp *out, struct err *err)
{
    const char *const none[] = {NULL};

    return make(graph, none, rows, targets, out, err);
}

int stamp_purge(struct graph *graph, const char *const *stored, const char *const *targets,
                struct stamp *out, struct err *err)
{
    return make(graph, stored, (struct revset){0}, targets, out, err);
}
