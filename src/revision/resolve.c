/* resolve - see resolve.h. Relative forms are in resolve_walk.c. */
#include "revision/resolve.h"

#include <string.h>

#include "revision/resolve_impl.h"

enum { KEY_MIN_CHARS = 4, CANDIDATES_SHOWN = 20 };

struct lineage resolve_lineage(struct graph *graph, struct revision *branch)
{
    struct revset one = {.v = &branch, .n = 1};
    struct lineage lineage = {.down = graph_mark_ancestors(graph, one, EDGES_DOWN)};

    lineage.up = graph_mark_descendants(graph, one, EDGES_DOWN);
    return lineage;
}

bool resolve_in_lineage(struct lineage lineage, const struct revision *revision)
{
    return revision->mark == lineage.down || revision->mark == lineage.up;
}

struct revset resolve_filter(struct graph *graph, struct revset set, struct revision *branch)
{
    struct lineage lineage;
    struct revset out = {0};

    if (branch == NULL)
        return set;
    lineage = resolve_lineage(graph, branch);
    for (size_t i = 0; i < set.n; i++)
        if (resolve_in_lineage(lineage, set.v[i]))
            revset_add(graph_arena(graph), &out, set.v[i]);
    return out;
}

int resolve_several(struct revset set, struct err *err)
{
    for (size_t i = 0; i < set.n && i < CANDIDATES_SHOWN; i++)
        (void)err_detail(err, "candidate: \"%s\"", set.v[i]->id);
    if (set.n > CANDIDATES_SHOWN)
        (void)err_detail(err, "and %zu more", set.n - CANDIDATES_SHOWN);
    return -1;
}

/* --- identifiers, labels and their beginnings ------------------------------------------------- */

static size_t chars(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static bool begins(const char *key, const char *prefix)
{
    return strncmp(key, prefix, strlen(prefix)) == 0 && chars(key) >= KEY_MIN_CHARS;
}

/* A search for keys, identifiers and labels, that begin with `prefix`. */
struct search {
    const char *prefix;
    struct lineage lineage;
    bool limited;
    size_t n;
    struct revision *found;
};

static void consider(struct search *search, struct revision *revision, const char *key,
                     struct err *err)
{
    if (!begins(key, search->prefix) ||
        (search->limited && !resolve_in_lineage(search->lineage, revision)))
        return;
    if (search->n++ < CANDIDATES_SHOWN) {
        if (key == revision->id)
            (void)err_detail(err, "candidate: \"%s\"", key);
        else
            (void)err_detail(err, "candidate: \"%s\" (branch of \"%s\")", key, revision->id);
    }
    search->found = revision;
}

static int not_found(const char *symbol, struct err *err)
{
    err_set(err, ERR_USAGE, "can't locate revision identified by \"%s\"", symbol);
    return err_hint(err, "See `deploy-db history` for the revisions that this checkout has.");
}

static int find_prefix(struct graph *graph, const char *symbol, struct revision *branch,
                       struct revision **out, struct err *err)
{
    struct search search = {.prefix = symbol, .limited = branch != NULL};
    struct err candidates = ERR_INIT;

    if (branch != NULL)
        search.lineage = resolve_lineage(graph, branch);
    for (size_t i = 0; i < graph_count(graph); i++)
        consider(&search, graph_at(graph, i), graph_at(graph, i)->id, &candidates);
    for (size_t i = 0; i < graph_count(graph); i++)
        for (const char *const *l = graph_at(graph, i)->labels_declared; *l != NULL; l++)
            consider(&search, graph_at(graph, i), *l, &candidates);
    if (search.n == 0)
        return not_found(symbol, err);
    if (search.n > 1) {
        err_set(err, ERR_USAGE, "can't locate revision identified by \"%s\": %zu begin so", symbol,
                search.n);
        (void)err_detail(err, "%s", candidates.detail);
        return err_hint(err, "Type more of the identifier.");
    }
    *out = search.found;
    return 0;
}

int resolve_symbol(struct graph *graph, const char *symbol, struct revision *branch,
                   struct revision **out, struct err *err)
{
    struct revision *found = graph_find(graph, symbol);

    if (symbol[0] == '\0')
        return not_found(symbol, err);
    if (found == NULL && find_prefix(graph, symbol, branch, &found, err) != 0)
        return -1;
    if (branch != NULL && !resolve_in_lineage(resolve_lineage(graph, branch), found)) {
        err_set(err, ERR_USAGE, "revision \"%s\" is not a member of branch \"%s\"", found->id,
                branch->id);
        return err_hint(err, "Leave the branch out, or name one that has the revision.");
    }
    *out = found;
    return 0;
}

/* --- [LABEL@]SYMBOL --------------------------------------------------------------------------- */

int resolve_split(struct graph *graph, const char *text, const char **symbol,
                  struct revision **branch, struct err *err)
{
    const char *at = strchr(text, '@');

    *branch = NULL;
    *symbol = at == NULL ? text : at + 1;
    if (at == NULL || at == text)
        return 0;
    return resolve_symbol(graph, arena_strndup(graph_arena(graph), text, (size_t)(at - text)), NULL,
                          branch, err);
}

static int several_heads(struct revset heads, const char *symbol, struct err *err)
{
    err_set(err, ERR_USAGE, "multiple head revisions are present for given argument \"%s\"",
            symbol);
    resolve_several(heads, err);
    return err_hint(err, "Name one of them, LABEL@%s for the head of a branch, or \"heads\" for "
                         "all where all will do.", symbol);
}

int resolve_absolute(struct graph *graph, const char *symbol, struct revision *branch,
                     struct revset *out, struct err *err)
{
    struct revision *one;

    *out = (struct revset){0};
    if (symbol[0] == '\0' || strcmp(symbol, "base") == 0)
        return 0;
    if (strcmp(symbol, "heads") == 0) {
        *out = branch == NULL ? graph_effective_heads(graph)
                              : resolve_filter(graph, graph_heads(graph), branch);
        return 0;
    }
    if (strcmp(symbol, "head") == 0) {
        *out = resolve_filter(graph, graph_heads(graph), branch);
        return out->n > 1 ? several_heads(*out, symbol, err) : 0;
    }
    if (resolve_symbol(graph, symbol, branch, &one, err) != 0)
        return -1;
    revset_add(graph_arena(graph), out, one);
    return 0;
}

int resolve_absolute_one(struct graph *graph, const char *symbol, struct revision *branch,
                         struct revision **out, struct err *err)
{
    struct revset set;

    if (resolve_absolute(graph, symbol, branch, &set, err) != 0)
        return -1;
    if (set.n > 1)
        return several_heads(set, symbol, err);
    *out = set.n == 0 ? NULL : set.v[0];
    return 0;
}

int resolve(struct graph *graph, const char *text, struct revset *out, struct err *err)
{
    struct resolve_target target;
    struct revision *branch;
    const char *symbol;
    size_t steps;

    if (resolve_is_walk(graph, text)) {
        if (resolve_target(graph, text, (struct revset){0}, RESOLVE_UPGRADE, &target, err) != 0)
            return -1;
        *out = target.revisions;
        return 0;
    }
    if (resolve_split(graph, text, &symbol, &branch, err) != 0)
        return -1;
    if (symbol[0] == '-' && graph_find(graph, symbol) == NULL &&
        resolve_steps(symbol + 1, &steps))
        return resolve_below_heads(graph, branch, steps, out, err);
    return resolve_absolute(graph, symbol, branch, out, err);
}

int resolve_one(struct graph *graph, const char *text, struct revision **out, struct err *err)
{
    struct revset set;

    if (resolve(graph, text, &set, err) != 0)
        return -1;
    if (set.n > 1)
        return several_heads(set, text, err);
    *out = set.n == 0 ? NULL : set.v[0];
    return 0;
}
