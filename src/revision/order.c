/* order - see order.h. */
#include "revision/order.h"

#include <limits.h>

/* --- the walk --------------------------------------------------------------------------------- */

/* Alembic keeps a list of cursors, one a branch it is walking down, and works at one of them. The
 * revision under the cursor is listed unless another cursor stands above it: then the walk moves to
 * the first such cursor. A listed revision is replaced under its cursor by the first revision below
 * it that no cursor has; more of those get cursors at the end of the list; without any the cursor
 * goes and the walk steps back by one. */
struct cursor {
    struct revision *at;
    unsigned before; /* the neighbours in the list, or NO_CURSOR */
    unsigned after;
};

#define NO_CURSOR UINT_MAX

/* What the walk knows of a revision, by index; small, since the walk visits many of them often. */
struct place {
    unsigned mark;      /* of the last search that was here */
    unsigned waits;     /* open revisions directly above it */
    unsigned cursor;
    unsigned least;     /* the first cursor above it is this one, or a later one */
    unsigned above;     /* whom it has above it: walk.above from here, less those listed already, */
    unsigned above_end; /* to here */
    bool has_cursor;
    bool open;          /* in the hull, and not yet listed */
    bool wanted;        /* to be listed, and not yet */
};

struct walk {
    struct graph *graph;
    struct place *places;
    unsigned *above;
    unsigned *stack;
    struct cursor *cursors; /* their numbers grow along the list */
    unsigned first;
    unsigned last;
    unsigned work;          /* where the walk is */
    unsigned n_cursors;     /* that there ever were */
    unsigned mark;
    struct revset out;
};

static struct place *place_of(struct walk *walk, const struct revision *revision)
{
    return &walk->places[revision->index];
}

static void put_cursor(struct walk *walk, unsigned cursor, struct revision *at)
{
    struct place *place = place_of(walk, at);

    walk->cursors[cursor].at = at;
    place->has_cursor = true;
    place->cursor = cursor;
}

static void append_cursor(struct walk *walk, struct revision *at)
{
    unsigned cursor = walk->n_cursors++;

    walk->cursors[cursor].before = walk->last;
    walk->cursors[cursor].after = NO_CURSOR;
    if (walk->last == NO_CURSOR)
        walk->first = cursor;
    else
        walk->cursors[walk->last].after = cursor;
    walk->last = cursor;
    put_cursor(walk, cursor, at);
}

/* The cursor where the walk is goes; the walk steps back. */
static void remove_cursor(struct walk *walk)
{
    struct cursor *cursor = &walk->cursors[walk->work];

    if (cursor->before == NO_CURSOR)
        walk->first = cursor->after;
    else
        walk->cursors[cursor->before].after = cursor->after;
    if (cursor->after == NO_CURSOR)
        walk->last = cursor->before;
    else
        walk->cursors[cursor->after].before = cursor->before;
    walk->work = cursor->before == NO_CURSOR ? walk->first : cursor->before;
}

/* search(): those directly above revision ${at} that can have a cursor before ${best} above them go
 * on the stack of ${n}. Returns the first cursor that stands at one of them, or ${best}. */
static unsigned search(struct walk *walk, unsigned at, unsigned least, unsigned best, size_t *n)
{
    struct place *from = &walk->places[at];

    while (from->above < from->above_end && !walk->places[walk->above[from->above]].open)
        from->above++;
    for (unsigned i = from->above; i < from->above_end && best > least; i++) {
        struct place *place = &walk->places[walk->above[i]];

        if (place->mark == walk->mark || !place->open)
            continue;
        place->mark = walk->mark;
        if (place->has_cursor && place->cursor < best)
            best = place->cursor;
        if (place->least < best)
            walk->stack[(*n)++] = walk->above[i];
    }
    return best;
}

/* blocker(): the first cursor above ${candidate}, or NO_CURSOR. What was listed has no cursor above
 * it and is not searched. Cursors only move down and new ones come last, so what one search finds
 * is a least number for the searches to come. */
static unsigned blocker(struct walk *walk, const struct revision *candidate)
{
    unsigned first = walk->first == walk->work ? walk->cursors[walk->first].after : walk->first;
    unsigned least = place_of(walk, candidate)->least;
    unsigned best = walk->n_cursors;
    size_t n = 0;

    if (first == NO_CURSOR)
        return NO_CURSOR;
    if (least < first)
        least = first;
    walk->mark++;
    walk->stack[n++] = (unsigned)candidate->index;
    while (n > 0 && best > least) {
        unsigned at = walk->stack[--n];

        best = search(walk, at, least, best, &n);
    }
    place_of(walk, candidate)->least = best;
    return best == walk->n_cursors ? NO_CURSOR : best;
}

static void list_candidate(struct walk *walk)
{
    struct revision *candidate = walk->cursors[walk->work].at;
    struct revset below = candidate->normal_down;
    bool moved = false;

    revset_add(graph_arena(walk->graph), &walk->out, candidate);
    place_of(walk, candidate)->open = false;
    place_of(walk, candidate)->wanted = false;
    place_of(walk, candidate)->has_cursor = false;
    for (size_t i = 0; i < below.n; i++) {
        struct place *place = place_of(walk, below.v[i]);

        if (place->open)
            place->waits--;
        if (!place->wanted || place->has_cursor)
            continue;
        if (moved)
            append_cursor(walk, below.v[i]);
        else
            put_cursor(walk, walk->work, below.v[i]);
        moved = true;
    }
    if (!moved)
        remove_cursor(walk);
}

static void walk_init(struct walk *walk, struct graph *graph, struct revset hull,
                      struct revset wanted)
{
    size_t n = graph_count(graph);
    unsigned edges = 0;

    *walk = (struct walk){.graph = graph, .first = NO_CURSOR, .last = NO_CURSOR};
    walk->places = mem_alloc(n * sizeof *walk->places);
    for (size_t i = 0; i < wanted.n; i++)
        place_of(walk, wanted.v[i])->wanted = true;
    for (size_t i = 0; i < hull.n; i++) {
        place_of(walk, hull.v[i])->open = true;
        for (size_t j = 0; j < hull.v[i]->normal_down.n; j++)
            place_of(walk, hull.v[i]->normal_down.v[j])->waits++;
    }
    for (size_t i = 0; i < n; i++)
        edges += (unsigned)graph_at(graph, i)->all_next.n;
    walk->above = mem_alloc(edges * sizeof *walk->above);
    edges = 0;
    for (size_t i = 0; i < n; i++) {
        struct revset above = graph_at(graph, i)->all_next;

        walk->places[i].above = edges;
        for (size_t j = 0; j < above.n; j++)
            walk->above[edges++] = (unsigned)above.v[j]->index;
        walk->places[i].above_end = edges;
    }
    walk->stack = mem_alloc((n + 1) * sizeof *walk->stack);
    walk->cursors = mem_alloc((n + 1) * sizeof *walk->cursors);
}

static void walk_release(struct walk *walk)
{
    mem_free(walk->places);
    mem_free(walk->above);
    mem_free(walk->stack);
    mem_free(walk->cursors);
}

/* topological(): ${wanted} from the newest to the oldest. ${heads} are those with none of it above
 * them; ${hull} is ${wanted} and whatever lies between two of its revisions. */
static struct revset topological(struct graph *graph, struct revset hull, struct revset wanted,
                                 struct revset heads)
{
    struct walk walk;
    unsigned mark;

    walk_init(&walk, graph, hull, wanted);
    mark = graph_new_mark(graph);
    for (size_t i = 0; i < heads.n; i++)
        heads.v[i]->mark = mark;
    for (size_t i = 0; i < graph_count(graph); i++) /* in load order */
        if (graph_at(graph, i)->mark == mark && walk.places[i].wanted)
            append_cursor(&walk, graph_at(graph, i));
    walk.work = walk.first;
    while (walk.work != NO_CURSOR) {
        struct revision *candidate = walk.cursors[walk.work].at;
        unsigned first = NO_CURSOR;

        if (place_of(&walk, candidate)->waits > 0)
            first = blocker(&walk, candidate);
        if (first != NO_CURSOR)
            walk.work = first;
        else
            list_candidate(&walk);
    }
    walk_release(&walk);
    return walk.out;
}

/* --- sets ------------------------------------------------------------------------------------- */

static struct revset with_mark(struct graph *graph, struct revset set, unsigned mark)
{
    struct revset out = {0};

    for (size_t i = 0; i < set.n; i++)
        if (set.v[i]->mark == mark)
            revset_add(graph_arena(graph), &out, set.v[i]);
    return out;
}

static struct revset without_mark(struct graph *graph, struct revset set, unsigned mark)
{
    struct revset out = {0};

    for (size_t i = 0; i < set.n; i++)
        if (set.v[i]->mark != mark)
            revset_add(graph_arena(graph), &out, set.v[i]);
    return out;
}

struct revset order_history(struct graph *graph, struct revset set)
{
    struct revset hull = graph_ancestors(graph, set, EDGES_NORMAL);
    struct revset heads = without_mark(graph, set, graph_mark_below(graph, set));
    struct revset out;
    unsigned mark;

    hull = with_mark(graph, hull, graph_mark_descendants(graph, set, EDGES_NORMAL));
    out = topological(graph, hull, set, heads);
    if (out.n == set.n)
        return out;
    /* Some hang on a revision outside the set only: Alembic fails. List the hull, less the rest. */
    out = topological(graph, hull, hull, heads);
    mark = graph_new_mark(graph);
    for (size_t i = 0; i < set.n; i++)
        set.v[i]->mark = mark;
    return with_mark(graph, out, mark);
}

/* refuse_overlap(): an error when one of ${set} is under another of it. */
static int refuse_overlap(struct graph *graph, struct revset set, const char *what, struct err *err)
{
    struct revset under = with_mark(graph, set, graph_mark_below(graph, set));

    if (under.n == 0)
        return 0;
    for (size_t i = 0; i < set.n; i++) {
        struct revset one = {.v = &set.v[i], .n = 1};
        struct revset found = with_mark(graph, under, graph_mark_below(graph, one));

        if (found.n == 0)
            continue;
        err_set(err, ERR_REFUSED, "%s revision \"%s\" overlaps with revision \"%s\"", what,
                set.v[i]->id, found.v[0]->id);
        for (size_t j = 0; j < found.n; j++)
            (void)err_detail(err, "\"%s\" is an ancestor of \"%s\"", found.v[j]->id,
                             set.v[i]->id);
        break;
    }
    return err_hint(err, "Only the newest revision of each branch may be named or stored.");
}

int order_range(struct graph *graph, struct revset lower, struct revset upper, struct revset *out,
                struct err *err)
{
    struct revset wanted = graph_ancestors(graph, upper, EDGES_NORMAL);
    unsigned mark;

    if (refuse_overlap(graph, lower, "requested", err) != 0)
        return err_as(err, ERR_USAGE);
    if (lower.n > 0) {
        for (size_t i = 0; i < lower.n; i++)
            if (!revset_has(wanted, lower.v[i])) {
                err_set(err, ERR_USAGE, "revision \"%s\" is not below the end of the range",
                        lower.v[i]->id);
                return err_hint(err, "Give the older revision first, both on the same branch.");
            }
        wanted = without_mark(graph, wanted, graph_mark_below(graph, lower));
        mark = graph_mark_descendants(graph, lower, EDGES_DOWN);
        wanted = with_mark(graph, wanted, mark);
    }
    *out = order_history(graph, wanted);
    return 0;
}

static void reverse(struct revset *set)
{
    for (size_t i = 0, j = set->n; i + 1 < j; i++) {
        struct revision *first = set->v[i];

        set->v[i] = set->v[--j];
        set->v[j] = first;
    }
}

int order_upgrade(struct graph *graph, struct revset rows, struct revset targets,
                  struct revset *out, struct err *err)
{
    struct revset required;

    if (refuse_overlap(graph, targets, "requested", err) != 0 ||
        refuse_overlap(graph, rows, "stored", err) != 0)
        return -1;
    required = graph_ancestors(graph, targets, EDGES_NORMAL);
    required = without_mark(graph, required, graph_mark_ancestors(graph, rows, EDGES_NORMAL));
    *out = topological(graph, required, required, targets);
    reverse(out);
    return 0;
}

int order_downgrade(struct graph *graph, struct revset rows, struct revision *target,
                    struct revset *out, struct err *err)
{
    return order_downgrade_branch(graph, rows, target, NULL, out, err);
}

int order_downgrade_branch(struct graph *graph, struct revset rows, struct revision *target,
                           struct revision *branch, struct revset *out, struct err *err)
{
    struct revset roots = target == NULL ? graph_bases(graph) : target->next;
    struct revset drop;

    if (branch != NULL && roots.n > 1) {
        struct revset one = {.v = &branch, .n = 1};

        roots = with_mark(graph, roots, graph_mark_ancestors(graph, one, EDGES_DOWN));
        if (roots.n == 0) {
            err_set(err, ERR_REFUSED, "\"%s\" is not a valid downgrade target on branch \"%s\"",
                    target == NULL ? "base" : target->id, branch->id);
            return err_hint(err, "Name a revision that the branch descends from.");
        }
    }
    drop = graph_descendants(graph, roots, EDGES_ALL);
    drop = with_mark(graph, drop, graph_mark_ancestors(graph, rows, EDGES_NORMAL));
    if (drop.n == 0 && target != NULL && !revset_has(rows, target)) {
        err_set(err, ERR_REFUSED,
                "destination \"%s\" is not a valid downgrade target from the current revisions",
                target->id);
        return err_hint(err, "A downgrade goes to an ancestor of what is applied: see `history`.");
    }
    *out = topological(graph, drop, drop, rows);
    return 0;
}
