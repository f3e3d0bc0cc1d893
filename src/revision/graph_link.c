/*
 * graph_link - turn declared ids into edges, refuse what is no graph, derive Alembic's sets.
 *
 * Every step is linear in revisions and edges (normalising: times the number of shared
 * dependencies / 64; labels: times their number), and none recurses.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "revision/graph.h"
#include "revision/graph_impl.h"

static const char illegal[] = "+-:@"; /* in the order in which they are reported */

static struct err *mistake(struct errs *errs, const struct revision *revision)
{
    struct err *err = errs_new(errs);

    if (revision != NULL && revision->path != NULL)
        (void)err_detail(err, "file: %s", revision->path);
    return err;
}

/* --- keys: ids and declared labels ------------------------------------------------------------ */

static void check_id(const struct revision *revision, struct errs *errs)
{
    char found[3 * sizeof illegal] = "";
    struct err *err;

    for (const char *c = illegal; *c != '\0'; c++) {
        size_t n = strlen(found);

        if (strchr(revision->id, *c) == NULL)
            continue;
        if (n > 0) {
            found[n++] = ',';
            found[n++] = ' ';
        }
        found[n++] = *c;
        found[n] = '\0';
    }
    if (found[0] == '\0' && revision->id[0] != '\0')
        return;
    err = mistake(errs, revision);
    if (found[0] == '\0')
        err_set(err, ERR_REFUSED, "a revision has an empty identifier");
    else
        err_set(err, ERR_REFUSED, "character(s) \"%s\" not allowed in revision identifier \"%s\"",
                found, revision->id);
    err_hint(err, "Give the revision an identifier of letters, digits and \"_\".");
}

static void add_id(struct graph *graph, struct revision *revision, struct errs *errs)
{
    struct graph_key *slot = graph_slot(graph, revision->id);
    struct err *err;

    check_id(revision, errs);
    if (slot->key == NULL) {
        slot->key = revision->id;
        slot->revision = revision;
        return;
    }
    err = mistake(errs, slot->revision);
    if (revision->path != NULL)
        (void)err_detail(err, "file: %s", revision->path);
    err_set(err, ERR_REFUSED, "revision \"%s\" is present more than once", revision->id);
    err_hint(err, "Remove one of the files, or give it an identifier of its own.");
}

static void add_label(struct graph *graph, struct revision *revision, const char *label,
                      struct errs *errs)
{
    struct graph_key *slot = graph_slot(graph, label);
    struct err *err;

    if (slot->key == NULL) {
        slot->key = label;
        slot->revision = revision;
        return;
    }
    err = mistake(errs, revision);
    err_set(err, ERR_REFUSED,
            "branch name \"%s\" in revision \"%s\" already used by revision \"%s\"", label,
            revision->id, slot->revision->id);
    err_hint(err, "Give the branch another name: it is declared once, at one revision.");
}

static void add_keys(struct graph *graph, struct errs *errs)
{
    size_t n = graph->all.n;

    for (size_t i = 0; i < graph->all.n; i++)
        for (const char *const *l = graph->all.v[i]->labels_declared; *l != NULL; l++)
            n++;
    for (graph->n_keys = 8; graph->n_keys < 2 * n; graph->n_keys *= 2)
        continue;
    graph->keys = arena_alloc(graph->arena, graph->n_keys * sizeof *graph->keys);
    for (size_t i = 0; i < graph->all.n; i++)
        add_id(graph, graph->all.v[i], errs);
    for (size_t i = 0; i < graph->all.n; i++)
        for (const char *const *l = graph->all.v[i]->labels_declared; *l != NULL; l++)
            add_label(graph, graph->all.v[i], *l, errs);
}

/* --- edges ------------------------------------------------------------------------------------ */

static void add_once(struct arena *arena, struct revset *set, struct revision *revision)
{
    if (!revset_has(*set, revision))
        revset_add(arena, set, revision);
}

static void link_down(struct graph *graph, struct revision *revision, struct errs *errs)
{
    for (const char *const *id = revision->down_ids; *id != NULL; id++) {
        struct revision *down = graph_find(graph, *id);
        struct err *err;

        if (down != NULL && down != revision && strcmp(down->id, *id) == 0) {
            add_once(graph->arena, &revision->down, down);
            continue;
        }
        err = mistake(errs, revision);
        if (down == revision)
            err_set(err, ERR_REFUSED, "self-loop is detected in revisions (%s)", revision->id);
        else
            err_set(err, ERR_REFUSED,
                    "revision \"%s\" referenced from revision \"%s\" is not present", *id,
                    revision->id);
        err_hint(err, "Correct the down_revision of \"%s\", or bring back the missing file.",
                 revision->id);
    }
}

static void link_depends_on(struct graph *graph, struct revision *revision, struct errs *errs)
{
    for (const char *const *id = revision->depends_on_ids; *id != NULL; id++) {
        struct revision *needed = graph_find(graph, *id);
        struct err *err;

        if (needed != NULL && needed != revision) {
            add_once(graph->arena, &revision->depends_on, needed);
            continue;
        }
        err = mistake(errs, revision);
        if (needed == revision)
            err_set(err, ERR_REFUSED, "dependency self-loop is detected in revisions (%s)",
                    revision->id);
        else
            err_set(err, ERR_REFUSED,
                    "dependency \"%s\" referenced from revision \"%s\" is not present", *id,
                    revision->id);
        err_hint(err, "Correct the depends_on of \"%s\": a whole identifier or a branch label.",
                 revision->id);
    }
}

static void link_edges(struct graph *graph, struct errs *errs)
{
    for (size_t i = 0; i < graph->all.n; i++) {
        struct revision *revision = graph->all.v[i];

        link_down(graph, revision, errs);
        link_depends_on(graph, revision, errs);
        for (size_t j = 0; j < revision->down.n; j++) {
            revset_add(graph->arena, &revision->all_down, revision->down.v[j]);
            revset_add(graph->arena, &revision->down.v[j]->next, revision);
        }
        for (size_t j = 0; j < revision->depends_on.n; j++)
            add_once(graph->arena, &revision->all_down, revision->depends_on.v[j]);
        for (size_t j = 0; j < revision->all_down.n; j++)
            revset_add(graph->arena, &revision->all_down.v[j]->all_next, revision);
    }
}

/* --- cycles, and the order in which everything below comes first ------------------------------ */

static struct revset down_of(const struct revision *revision) { return revision->down; }
static struct revset next_of(const struct revision *revision) { return revision->next; }
static struct revset all_down_of(const struct revision *revision) { return revision->all_down; }
static struct revset all_next_of(const struct revision *revision) { return revision->all_next; }

typedef struct revset neighbours_fn(const struct revision *);

/* peel(): take away, again and again, whoever has nothing left ${below} it. ${order} gets them
 * (room for all); ${gone} tells by index who is away, before and after. Returns how many were
 * taken. */
static size_t peel(const struct graph *graph, neighbours_fn *below, neighbours_fn *above,
                   bool *gone, struct revision **order)
{
    size_t *waits = mem_alloc(graph->all.n * sizeof *waits);
    size_t n = 0;

    for (size_t i = 0; i < graph->all.n; i++) {
        struct revset set = below(graph->all.v[i]);

        for (size_t j = 0; j < set.n; j++)
            waits[i] += !gone[set.v[j]->index];
        if (!gone[i] && waits[i] == 0)
            order[n++] = graph->all.v[i];
    }
    for (size_t done = 0; done < n; done++) {
        struct revset set = above(order[done]);

        gone[order[done]->index] = true;
        for (size_t j = 0; j < set.n; j++)
            if (!gone[set.v[j]->index] && --waits[set.v[j]->index] == 0)
                order[n++] = set.v[j];
    }
    mem_free(waits);
    return n;
}

static void report_cycle(const struct graph *graph, const char *kind, const bool *gone,
                         struct errs *errs)
{
    enum { SHOWN = 12 };
    struct err *err = mistake(errs, NULL);
    auto_buf struct buf ids = {0};
    size_t n = 0;

    for (size_t i = 0; i < graph->all.n; i++) {
        if (gone[i])
            continue;
        if (n++ < SHOWN)
            buf_addf(&ids, "%s%s", n > 1 ? ", " : "", graph->all.v[i]->id);
        if (n <= SHOWN && graph->all.v[i]->path != NULL)
            (void)err_detail(err, "file: %s", graph->all.v[i]->path);
    }
    if (n > SHOWN)
        buf_addf(&ids, " and %zu more", n - SHOWN);
    err_set(err, ERR_REFUSED, "%s is detected in revisions (%s)", kind, buf_text(&ids));
    err_hint(err, "Correct the %s of one of them so that the history has a beginning.",
             strcmp(kind, "cycle") == 0 ? "down_revision" : "depends_on");
}

/* acyclic(): whether the edges have no cycle; ${order} gets the revisions from the oldest up. */
static bool acyclic(const struct graph *graph, const char *kind, neighbours_fn *below,
                    neighbours_fn *above, struct revision **order, struct errs *errs)
{
    bool *gone = mem_alloc(graph->all.n * sizeof *gone);
    bool ok = peel(graph, below, above, gone, order) == graph->all.n;

    if (!ok) {
        struct revision **rest = mem_alloc(graph->all.n * sizeof(struct revision *));

        (void)peel(graph, above, below, gone, rest);
        report_cycle(graph, kind, gone, errs);
        mem_free(rest);
    }
    mem_free(gone);
    return ok;
}

/* --- normalised dependencies ------------------------------------------------------------------ */

/* A dependency is dropped when a down_revision ancestor declares the same one. Only dependencies
 * that several revisions declare can be; they are followed upwards 64 at a time, as bits. */
struct normalise {
    const struct graph *graph;
    struct revision **order;
    size_t *uses;   /* by index: who declares it; then its place among the shared ones */
    size_t n_shared;
    uint64_t *seen; /* by index: bits that it or an ancestor declares */
};

static void remove_from(struct revset *set, const struct revision *revision)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->n; i++)
        if (set->v[i] != revision)
            set->v[kept++] = set->v[i];
    set->n = kept;
}

static void normalise_batch(struct normalise *work, size_t first)
{
    for (size_t i = 0; i < work->graph->all.n; i++) {
        struct revision *revision = work->order[i];
        uint64_t above = 0;
        uint64_t own = 0;

        for (size_t j = 0; j < revision->down.n; j++)
            above |= work->seen[revision->down.v[j]->index];
        for (size_t j = 0; j < revision->depends_on.n; j++) {
            struct revision *needed = revision->depends_on.v[j];
            size_t place = work->uses[needed->index];
            uint64_t bit;

            if (place == SIZE_MAX || place < first || place >= first + 64)
                continue;
            bit = UINT64_C(1) << (place - first);
            own |= bit;
            if ((above & bit) != 0 && !revset_has(revision->down, needed))
                remove_from(&revision->normal_down, needed);
        }
        work->seen[revision->index] = above | own;
    }
}

static void normalise(const struct graph *graph, struct revision **order)
{
    size_t n = graph->all.n;
    struct normalise work = {.graph = graph, .order = order};

    work.uses = mem_alloc(n * sizeof *work.uses);
    work.seen = mem_alloc(n * sizeof *work.seen);
    for (size_t i = 0; i < n; i++) {
        struct revision *revision = graph->all.v[i];

        for (size_t j = 0; j < revision->all_down.n; j++)
            revset_add(graph->arena, &revision->normal_down, revision->all_down.v[j]);
        for (size_t j = 0; j < revision->depends_on.n; j++)
            work.uses[revision->depends_on.v[j]->index]++;
    }
    for (size_t i = 0; i < n; i++)
        work.uses[i] = work.uses[i] > 1 ? work.n_shared++ : SIZE_MAX;
    for (size_t first = 0; first < work.n_shared; first += 64)
        normalise_batch(&work, first);
    mem_free(work.uses);
    mem_free(work.seen);
}

/* --- labels ----------------------------------------------------------------------------------- */

struct names {
    const char **v;
    size_t n;
    size_t cap;
};

static void give_labels(struct names *names, const char *const *labels)
{
    for (; *labels != NULL; labels++) {
        if (names->n == names->cap) {
            names->cap = names->cap == 0 ? 4 : names->cap * 2;
            names->v = mem_realloc(names->v, names->cap * sizeof *names->v);
        }
        names->v[names->n++] = *labels;
    }
}

/* propagate(): the labels of ${from} go to all its descendants; then, from the descendant that a
 * depth-first walk visits last, down through single parents as far as the first branch point or
 * merge point, which does not get them. ${stack} has room for all edges. */
static void propagate(struct graph *graph, struct revision *from, struct names *names,
                      struct revision **stack)
{
    unsigned mark = graph_new_mark(graph);
    struct revision *last = from;
    size_t n = 0;

    stack[n++] = from;
    while (n > 0) {
        struct revision *revision = stack[--n];

        if (revision->mark == mark)
            continue;
        revision->mark = mark;
        last = revision;
        give_labels(&names[revision->index], from->labels_declared);
        for (size_t i = 0; i < revision->next.n; i++)
            stack[n++] = revision->next.v[i];
    }
    while (last->all_next.n <= 1 && !last->is_merge_point) {
        if (last->mark != mark)
            give_labels(&names[last->index], from->labels_declared);
        if (last->down.n == 0)
            break;
        last = last->down.v[0];
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void label_all(struct graph *graph)
{
    struct names *names = mem_alloc(graph->all.n * sizeof *names);
    size_t edges = 1;
    struct revision **stack;

    for (size_t i = 0; i < graph->all.n; i++)
        edges += graph->all.v[i]->next.n;
    stack = mem_alloc(edges * sizeof(struct revision *));
    for (size_t i = 0; i < graph->all.n; i++)
        if (graph->all.v[i]->labels_declared[0] != NULL)
            propagate(graph, graph->all.v[i], names, stack);
    for (size_t i = 0; i < graph->all.n; i++) {
        const char **list;

        if (names[i].n == 0)
            continue;
        qsort(names[i].v, names[i].n, sizeof *names[i].v, compare_names);
        list = arena_alloc(graph->arena, (names[i].n + 1) * sizeof *list);
        memcpy(list, names[i].v, names[i].n * sizeof *list);
        graph->all.v[i]->labels = list;
        mem_free(names[i].v);
    }
    mem_free(stack);
    mem_free(names);
}

/* --- all of it -------------------------------------------------------------------------------- */

static void derive(struct graph *graph, struct revision **order)
{
    for (size_t i = 0; i < graph->all.n; i++) {
        struct revision *revision = graph->all.v[i];

        revision->is_head = revision->next.n == 0;
        revision->is_effective_head = revision->all_next.n == 0;
        revision->is_base = revision->down.n == 0;
        revision->is_effective_base = revision->all_down.n == 0;
        revision->is_branch_point = revision->next.n > 1;
        revision->is_merge_point = revision->down.n > 1;
    }
    for (size_t i = 0; i < graph->all.n; i++)
        for (size_t j = 0; j < order[i]->all_down.n; j++)
            if (order[i]->level <= order[i]->all_down.v[j]->level)
                order[i]->level = order[i]->all_down.v[j]->level + 1;
}

int graph_link(struct graph *graph, struct errs *errs)
{
    size_t before = errs->n;
    struct revision **order = mem_alloc((graph->all.n + 1) * sizeof(struct revision *));

    add_keys(graph, errs);
    link_edges(graph, errs);
    if (acyclic(graph, "cycle", down_of, next_of, order, errs) &&
        acyclic(graph, "dependency cycle", all_down_of, all_next_of, order, errs) &&
        errs->n == before) {
        derive(graph, order);
        normalise(graph, order);
        label_all(graph);
    }
    mem_free(order);
    return errs->n == before ? 0 : -1;
}
