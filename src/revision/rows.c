/* rows - see rows.h. */
#include "revision/rows.h"

#include <stdint.h>
#include <string.h>

static struct err *unknown(struct errs *errs, const char *id)
{
    struct err *err = errs_new(errs);

    err_set(err, ERR_REFUSED, "can't locate revision identified by \"%s\"", id);
    (void)err_detail(err, "The version table holds it, no revision file of this checkout has it.");
    err_hint(err, "Deploy from a checkout that has this revision: the database is ahead, or was "
                  "migrated from another branch.");
    return err;
}

static void report_overlap(struct graph *graph, struct revset rows, struct revision *row,
                           struct errs *errs)
{
    struct revset one = {.v = &row, .n = 1};
    unsigned mark = graph_mark_descendants(graph, one, EDGES_ALL);
    struct err *err = errs_new(errs);

    for (size_t i = 0; i < rows.n; i++) {
        if (rows.v[i] == row || rows.v[i]->mark != mark)
            continue;
        err_set(err, ERR_REFUSED, "stored revision \"%s\" is an ancestor of stored revision \"%s\"",
                row->id, rows.v[i]->id);
    }
    err_hint(err, "Only the newest revision of each branch may be stored: once it is certain what is "
                  "applied, `stamp` it with --purge, without \"%s\".", row->id);
}

static void check_overlaps(struct graph *graph, struct revset rows, struct errs *errs)
{
    struct revset below = {0};
    unsigned mark = graph_mark_below(graph, rows);

    for (size_t i = 0; i < rows.n; i++)
        if (rows.v[i]->mark == mark)
            revset_add(graph_arena(graph), &below, rows.v[i]);
    for (size_t i = 0; i < below.n; i++)
        report_overlap(graph, rows, below.v[i], errs);
}

int rows_check(struct graph *graph, const char *const *ids, struct revset *rows, struct errs *errs)
{
    size_t before = errs->n;
    unsigned mark = graph_new_mark(graph);

    *rows = (struct revset){0};
    for (; *ids != NULL; ids++) {
        struct revision *row = graph_find(graph, *ids);

        if (row == NULL || strcmp(row->id, *ids) != 0) {
            unknown(errs, *ids);
        } else if (row->mark == mark) {
            struct err *err = errs_new(errs);

            err_set(err, ERR_REFUSED, "revision \"%s\" is stored more than once", row->id);
            err_hint(err, "Delete the surplus row from the version table; it has lost its primary "
                          "key.");
        } else {
            row->mark = mark;
        }
    }
    *rows = graph_marked(graph, mark);
    check_overlaps(graph, *rows, errs);
    return errs->n == before ? 0 : -1;
}

struct revset rows_applied(struct graph *graph, struct revset rows)
{
    return graph_ancestors(graph, rows, EDGES_NORMAL);
}

struct revset rows_current(struct graph *graph, struct revset rows)
{
    unsigned mark = graph_mark_ancestors(graph, rows, EDGES_NORMAL);
    struct revset applied = graph_marked(graph, mark);
    struct revset current = {0};

    for (size_t i = 0; i < applied.n; i++) {
        bool covered = false;

        for (size_t j = 0; j < applied.v[i]->next.n && !covered; j++)
            covered = applied.v[i]->next.v[j]->mark == mark;
        if (!covered)
            revset_add(graph_arena(graph), &current, applied.v[i]);
    }
    return current;
}

static bool contains(struct revset outer, struct revset inner)
{
    for (size_t i = 0; i < inner.n; i++)
        if (!revset_has(outer, inner.v[i]))
            return false;
    return true;
}

bool rows_equal(struct revset a, struct revset b)
{
    return contains(a, b) && contains(b, a);
}

/* --- one step --------------------------------------------------------------------------------- */

struct changes {
    struct row_change *list;
    size_t n;
};

static void change(struct changes *changes, int kind, const struct revision *from,
                   const struct revision *to)
{
    struct row_change *added = &changes->list[changes->n++];

    added->kind = kind;
    added->from = from == NULL ? NULL : from->id;
    added->to = to == NULL ? NULL : to->id;
}

static struct changes changes_new(struct graph *graph, const struct revision *step)
{
    size_t most = step->normal_down.n + 1;
    size_t size = most * sizeof(struct row_change);

    return (struct changes){.list = arena_alloc(graph_arena(graph), size)};
}

/* Rows stay in load order. */
static void put_row(struct graph *graph, struct revset *rows, struct revision *row)
{
    size_t at;

    revset_add(graph_arena(graph), rows, row);
    for (at = rows->n - 1; at > 0 && rows->v[at - 1]->index > row->index; at--)
        rows->v[at] = rows->v[at - 1];
    rows->v[at] = row;
}

static void drop_row(struct revset *rows, const struct revision *row)
{
    size_t kept = 0;

    for (size_t i = 0; i < rows->n; i++)
        if (rows->v[i] != row)
            rows->v[kept++] = rows->v[i];
    rows->n = kept;
}

/* own(): a list of its own for ${rows}, with room for ${more}, so that moving it on leaves the
 * caller's other copies be. */
static void own(struct graph *graph, struct revset *rows, size_t more)
{
    size_t cap = rows->n + more;
    struct revision **copy = arena_alloc(graph_arena(graph), cap * sizeof(struct revision *));

    if (rows->n > 0)
        memcpy(copy, rows->v, rows->n * sizeof *copy);
    rows->v = copy;
    rows->cap = cap;
}

void rows_upgrade(struct graph *graph, struct revset *rows, struct revision *step,
                  struct row_change **changes, size_t *n)
{
    struct changes made = changes_new(graph, step);
    struct revision *last = NULL;

    if (!revset_has(*rows, step)) {
        own(graph, rows, 1);
        for (size_t i = 0; i < step->normal_down.n; i++) {
            struct revision *down = step->normal_down.v[i];

            if (!revset_has(*rows, down))
                continue;
            if (last != NULL)
                change(&made, ROW_DELETE, last, NULL);
            drop_row(rows, down);
            last = down;
        }
        change(&made, last == NULL ? ROW_INSERT : ROW_UPDATE, last, step);
        put_row(graph, rows, step);
    }
    *changes = made.list;
    *n = made.n;
}

/* above(): whether one with mark ${goal} is above ${from} other than through ${step}. Nothing above
 * level ${top} has it. ${stack} is room for the search. */
static bool above(struct graph *graph, const struct revision *from, const struct revision *step,
                  unsigned goal, size_t top, struct revset *stack)
{
    unsigned seen = graph_new_mark(graph);

    for (stack->n = 0;; from = stack->v[--stack->n]) {
        for (size_t i = 0; i < from->all_next.n; i++) {
            struct revision *next = from->all_next.v[i];

            if (next->mark == goal)
                return true;
            if (next == step || next->mark == seen || next->level >= top)
                continue;
            next->mark = seen;
            revset_add(graph_arena(graph), stack, next);
        }
        if (stack->n == 0)
            return false;
    }
}

/* uncovered(): those below ${step} that no other row implies, and none of the others below it. */
static struct revset uncovered(struct graph *graph, struct revset rows, struct revision *step)
{
    struct revset below = step->normal_down;
    struct revset stack = {0};
    struct revset out = {0};
    unsigned goal = graph_new_mark(graph);
    size_t top = 0;

    for (size_t i = 0; i < rows.n; i++) {
        if (rows.v[i] == step)
            continue;
        rows.v[i]->mark = goal;
        if (rows.v[i]->level > top)
            top = rows.v[i]->level;
    }
    for (size_t i = 0; i < below.n; i++) {
        below.v[i]->mark = goal;
        if (below.v[i]->level > top)
            top = below.v[i]->level;
    }
    for (size_t i = 0; i < below.n; i++)
        if (!revset_has(rows, below.v[i]) &&
            !above(graph, below.v[i], step, goal, top, &stack))
            revset_add(graph_arena(graph), &out, below.v[i]);
    return out;
}

void rows_downgrade(struct graph *graph, struct revset *rows, struct revision *step,
                    struct row_change **changes, size_t *n)
{
    struct changes made = changes_new(graph, step);

    if (revset_has(*rows, step)) {
        struct revset back = uncovered(graph, *rows, step);

        own(graph, rows, back.n);
        for (size_t i = 0; i + 1 < back.n; i++) {
            change(&made, ROW_INSERT, NULL, back.v[i]);
            put_row(graph, rows, back.v[i]);
        }
        if (back.n == 0)
            change(&made, ROW_DELETE, step, NULL);
        else
            change(&made, ROW_UPDATE, step, back.v[back.n - 1]);
        drop_row(rows, step);
        if (back.n > 0)
            put_row(graph, rows, back.v[back.n - 1]);
    }
    *changes = made.list;
    *n = made.n;
}
