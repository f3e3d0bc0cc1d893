/* resolve_walk - relative targets: so many steps up or down from a revision. See resolve.h. */
#include <string.h>

#include "revision/resolve.h"
#include "revision/resolve_impl.h"
#include "revision/rows.h"

/* A relative form, taken apart. */
struct relative {
    const char *text;        /* as typed */
    const char *amount;      /* its sign and number */
    bool up;
    bool may_stop;           /* where there is nothing above any more */
    size_t steps;
    const char *symbol;      /* NULL: from what is stored */
    struct revision *branch; /* NULL: no LABEL@ */
};

bool resolve_steps(const char *text, size_t *steps)
{
    enum { MOST = 1000000000 };

    *steps = 0;
    if (*text == '\0')
        return false;
    for (; *text >= '0' && *text <= '9'; text++)
        if (*steps < MOST)
            *steps = *steps * 10 + (size_t)(*text - '0');
    return *text == '\0';
}

/* --- the walk --------------------------------------------------------------------------------- */

static int ambiguous(struct revset set, const struct revision *from, bool up, struct err *err)
{
    err_set(err, ERR_USAGE, "ambiguous walk: %s \"%s\" are several revisions",
            up ? "above" : "below", from == NULL ? "base" : from->id);
    resolve_several(set, err);
    return err_hint(err, up ? "Name the branch, LABEL@+N, or the revision itself."
                            : "A relative step cannot cross a merge: name the revision to go to.");
}

static int too_short(const struct relative *relative, struct err *err)
{
    err_set(err, ERR_USAGE, "relative revision \"%s\" didn't produce %s migrations",
            relative->text, relative->amount + 1);
    return err_hint(err, "Walk fewer steps, or name the revision to go to (see `history`).");
}

static int walk_up(struct graph *graph, const struct relative *relative, struct revision *from,
                   struct revision **out, struct err *err)
{
    for (size_t i = 0; i < relative->steps; i++) {
        struct revset above = from == NULL ? graph_bases(graph) : from->next;

        above = resolve_filter(graph, above, relative->branch);
        if (above.n == 0 && relative->may_stop)
            break;
        if (above.n == 0)
            return too_short(relative, err);
        if (above.n > 1)
            return ambiguous(above, from, true, err);
        from = above.v[0];
    }
    *out = from;
    return 0;
}

/* walk_down(): NULL when the last step leaves a base. */
static int walk_down(const struct relative *relative, struct revision *from, struct revision **out,
                     struct err *err)
{
    for (size_t i = 0; i < relative->steps; i++) {
        if (from == NULL)
            return too_short(relative, err);
        if (from->down.n > 1)
            return ambiguous(from->down, from, false, err);
        from = from->down.n == 0 ? NULL : from->down.v[0];
    }
    *out = from;
    return 0;
}

static int below_base(const struct relative *relative, struct err *err)
{
    err_set(err, ERR_USAGE, "relative revision \"%s\" goes below the first revision of its branch",
            relative->text);
    return err_hint(err, "Write \"base\" to undo everything, or LABEL@base for one branch.");
}

int resolve_below_heads(struct graph *graph, struct revision *branch, size_t steps,
                        struct revset *out, struct err *err)
{
    struct relative relative = {.steps = steps};
    struct revset heads = graph_effective_heads(graph);

    relative.text = relative.amount = arena_printf(graph_arena(graph), "-%zu", steps);
    heads = resolve_filter(graph, heads, branch);
    *out = (struct revset){0};
    for (size_t i = 0; i < heads.n; i++) {
        struct revision *found;

        if (walk_down(&relative, heads.v[i], &found, err) != 0)
            return -1;
        if (found == NULL)
            return below_base(&relative, err);
        if (!revset_has(*out, found))
            revset_add(graph_arena(graph), out, found);
    }
    return 0;
}

/* --- where a walk from the stored revisions starts -------------------------------------------- */

static int one_start(struct revset starts, const struct relative *relative, const char *action,
                     struct revision **out, struct err *err)
{
    if (starts.n > 1) {
        err_set(err, ERR_USAGE, "\"%s\" is ambiguous: %s from several current revisions",
                relative->text, action);
        resolve_several(starts, err);
        return err_hint(err, "Name the branch, LABEL@%s, or the revision to go to.",
                        relative->amount);
    }
    *out = starts.n == 0 ? NULL : starts.v[0];
    return 0;
}

/* tips(): those of ${set} that are not directly below another of it. */
static struct revset tips(struct graph *graph, struct revset set)
{
    unsigned mark = graph_new_mark(graph);
    struct revset out = {0};

    for (size_t i = 0; i < set.n; i++)
        for (size_t j = 0; j < set.v[i]->normal_down.n; j++)
            set.v[i]->normal_down.v[j]->mark = mark;
    for (size_t i = 0; i < set.n; i++)
        if (set.v[i]->mark != mark)
            revset_add(graph_arena(graph), &out, set.v[i]);
    return out;
}

static int start_up(struct graph *graph, const struct relative *relative, struct revset rows,
                    struct revision **out, struct err *err)
{
    struct revset starts = resolve_filter(graph, rows, relative->branch);

    if (starts.n == 0)
        starts = tips(graph, resolve_filter(graph, rows_applied(graph, rows), relative->branch));
    return one_start(starts, relative, "upgrade", out, err);
}

static int start_down(struct graph *graph, const struct relative *relative, struct revset rows,
                      struct revision **out, struct err *err)
{
    struct revset starts = resolve_filter(graph, rows, relative->branch);

    if (starts.n == 0)
        starts = resolve_filter(graph, rows_current(graph, rows), relative->branch);
    if (starts.n == 0)
        return too_short(relative, err);
    return one_start(starts, relative, "downgrade", out, err);
}

/* --- targets ---------------------------------------------------------------------------------- */

/* take_apart(): whether ${text} is a relative form; ${relative} is filled when it is. Labels may
 * hold signs, so a key that exists is never one. */
static bool take_apart(struct graph *graph, const char *text, struct relative *relative)
{
    const char *at = strchr(text, '@');
    const char *symbol = at == NULL ? text : at + 1;
    const char *sign = strrchr(symbol, '+');
    const char *minus = strrchr(symbol, '-');

    if (sign == NULL || (minus != NULL && minus > sign))
        sign = minus;
    if (sign == NULL || graph_find(graph, symbol) != NULL)
        return false;
    if (!resolve_steps(sign + 1, &relative->steps))
        return false;
    relative->text = text;
    relative->amount = sign;
    relative->up = *sign == '+';
    relative->symbol = sign == symbol ? NULL
        : arena_strndup(graph_arena(graph), symbol, (size_t)(sign - symbol));
    return true;
}

bool resolve_is_walk(struct graph *graph, const char *text)
{
    struct relative relative = {0};

    return take_apart(graph, text, &relative) && relative.symbol != NULL;
}

static int relative_upgrade(struct graph *graph, const struct relative *relative,
                            struct revset rows, struct revision **out, struct err *err)
{
    struct revision *from;

    if (relative->symbol == NULL) {
        if (!relative->up || relative->steps == 0)
            return too_short(relative, err);
        if (start_up(graph, relative, rows, &from, err) != 0)
            return -1;
        return walk_up(graph, relative, from, out, err);
    }
    if (resolve_absolute_one(graph, relative->symbol,
                             relative->up && relative->steps > 0 ? NULL : relative->branch, &from,
                             err) != 0)
        return -1;
    return relative->up ? walk_up(graph, relative, from, out, err)
                        : walk_down(relative, from, out, err);
}

static int relative_downgrade(struct graph *graph, struct relative *relative, struct revset rows,
                              struct revision **out, struct err *err)
{
    struct revision *from;

    if (relative->symbol != NULL) {
        if (resolve_absolute_one(graph, relative->symbol, relative->up ? NULL : relative->branch,
                                 &from, err) != 0)
            return -1;
        return relative->up ? walk_up(graph, relative, from, out, err)
                            : walk_down(relative, from, out, err);
    }
    if (relative->up || relative->steps == 0)
        return too_short(relative, err);
    if (start_down(graph, relative, rows, &from, err) != 0)
        return -1;
    if (relative->branch == NULL)
        relative->branch = from;
    return walk_down(relative, from, out, err);
}

static int resolve_relative(struct graph *graph, struct relative *relative, struct revset rows,
                            enum resolve_direction direction, struct resolve_target *out,
                            struct err *err)
{
    bool from_rows = relative->symbol == NULL;
    bool has_branch = direction == RESOLVE_DOWNGRADE || direction == RESOLVE_STAMP;
    const char *symbol;
    struct revision *found;

    if (resolve_split(graph, relative->text, &symbol, &relative->branch, err) != 0)
        return -1;
    relative->may_stop = direction == RESOLVE_RANGE_END;
    if (direction == RESOLVE_STAMP)
        direction = from_rows && !relative->up ? RESOLVE_DOWNGRADE : RESOLVE_UPGRADE;
    if (direction != RESOLVE_DOWNGRADE) {
        if (relative_upgrade(graph, relative, rows, &found, err) != 0)
            return -1;
    } else if (relative_downgrade(graph, relative, rows, &found, err) != 0) {
        return -1;
    }
    if (found == NULL && (direction != RESOLVE_DOWNGRADE || !from_rows))
        return below_base(relative, err);
    if (found != NULL)
        revset_add(graph_arena(graph), &out->revisions, found);
    out->branch = has_branch ? relative->branch : NULL;
    return 0;
}

int resolve_target(struct graph *graph, const char *text, struct revset rows,
                   enum resolve_direction direction, struct resolve_target *out, struct err *err)
{
    struct relative relative = {0};
    struct revision *one;
    const char *symbol;

    *out = (struct resolve_target){0};
    if (take_apart(graph, text, &relative))
        return resolve_relative(graph, &relative, rows, direction, out, err);
    if (resolve_split(graph, text, &symbol, &out->branch, err) != 0)
        return -1;
    if (symbol[0] == '\0') {
        err_set(err, ERR_USAGE, "no target revision in \"%s\"", text);
        return err_hint(err, "Write \"base\", \"heads\" or a revision.");
    }
    if (direction != RESOLVE_DOWNGRADE) {
        struct revision *branch = out->branch;

        if (direction != RESOLVE_STAMP)
            out->branch = NULL;
        return resolve_absolute(graph, symbol, branch, &out->revisions, err);
    }
    if (resolve_absolute_one(graph, symbol, NULL, &one, err) != 0)
        return -1;
    if (one != NULL)
        revset_add(graph_arena(graph), &out->revisions, one);
    return 0;
}
