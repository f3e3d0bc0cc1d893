/* revise - see revise.h. */
#include "revision/revise.h"

#include <string.h>

#include "revision/resolve.h"

enum { CANDIDATES_SHOWN = 20 };

static const char *const no_words[] = {NULL};

static const char *const *list_or_none(const char *const *list)
{
    return list == NULL ? no_words : list;
}

static bool has(const char *const *list, const char *word)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, word) == 0)
            return true;
    return false;
}

static int mistake(struct errs *errs, enum err_code code, const char *what, const char *name,
                   const char *why)
{
    return err_set(errs_new(errs), code, "%s \"%s\" %s", what, name, why);
}

static int hint(struct errs *errs, const char *text)
{
    return err_hint(&errs->items[errs->n - 1], "%s", text);
}

static void candidates(struct revset set, struct err *err)
{
    for (size_t i = 0; i < set.n && i < CANDIDATES_SHOWN; i++)
        (void)err_detail(err, "candidate: \"%s\"", set.v[i]->id);
    if (set.n > CANDIDATES_SHOWN)
        (void)err_detail(err, "and %zu more", set.n - CANDIDATES_SHOWN);
}

/* --- names: the identifier and the labels -----------------------------------------------------*/

static size_t chars(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* The first character of ${name} that is a blank, a control character or one of ${others}. */
static const char *misfit(const char *name, const char *others)
{
    for (; *name != '\0'; name++)
        if ((unsigned char)*name <= ' ' || *name == 0x7f || strchr(others, *name) != NULL)
            return name;
    return NULL;
}

static bool is_reserved(const char *name)
{
    static const char *const words[] = {"head", "heads", "base", "current", NULL};

    return has(words, name);
}

/* A name that could be typed again: no part of the grammar of revisions, of lists, of paths. */
static int check_name(const char *what, const char *name, const char *others, struct errs *errs)
{
    const char *bad = misfit(name, others);

    if (name[0] == '\0') {
        err_set(errs_new(errs), ERR_USAGE, "the %s is empty", what);
        return hint(errs, "Use letters, digits and \"_\".");
    }
    if (is_reserved(name)) {
        mistake(errs, ERR_USAGE, what, name, "has a meaning of its own");
        return hint(errs, "Choose any other word than head, heads, base and current.");
    }
    if (bad != NULL || name[0] == '-') {
        bad = bad == NULL ? name : bad;
        if ((unsigned char)*bad <= ' ' || *bad == 0x7f)
            mistake(errs, ERR_USAGE, what, name, "has a blank or a control character in it");
        else
            err_set(errs_new(errs), ERR_USAGE,
                    "%s \"%s\" has the character \"%c\" in it, which is not allowed there", what,
                    name, *bad);
        return hint(errs, "Use letters, digits and \"_\".");
    }
    return 0;
}

static void check_id(const struct graph *graph, const char *id, struct errs *errs)
{
    const struct revision *used = graph_find(graph, id);

    if (check_name("revision identifier", id, "@-+:/,\"'\\", errs) != 0)
        return;
    if (chars(id) > REVISE_ID_CHARS) {
        err_set(errs_new(errs), ERR_USAGE,
                "revision identifier \"%s\" has %zu characters, the version table has room for %d",
                id, chars(id), REVISE_ID_CHARS);
        hint(errs, "Choose a shorter one, or leave --rev-id out.");
    }
    if (used == NULL)
        return;
    if (strcmp(used->id, id) == 0)
        mistake(errs, ERR_REFUSED, "revision", id, "exists already");
    else
        err_set(errs_new(errs), ERR_REFUSED,
                "revision identifier \"%s\" is the branch label of \"%s\" already", id, used->id);
    if (used->path != NULL && used->path[0] != '\0')
        err_detail(&errs->items[errs->n - 1], "file: \"%s\"", used->path);
    hint(errs, "Choose another one, or leave --rev-id out.");
}

static void check_label(const struct graph *graph, const struct revise_request *request,
                        const char *const *label, struct errs *errs)
{
    const struct revision *used = graph_find(graph, *label);

    for (const char *const *other = request->labels; other < label; other++)
        if (strcmp(*other, *label) == 0) {
            mistake(errs, ERR_USAGE, "branch label", *label, "is given twice");
            return;
        }
    if (check_name("branch label", *label, "@+:/,\"'\\", errs) != 0)
        return;
    if (strcmp(*label, request->id) == 0) {
        mistake(errs, ERR_USAGE, "branch label", *label, "is the revision's identifier, too");
        hint(errs, "A label is a second name; choose another one.");
    } else if (used != NULL) {
        if (strcmp(used->id, *label) == 0)
            mistake(errs, ERR_REFUSED, "branch label", *label, "is the identifier of a revision");
        else
            err_set(errs_new(errs), ERR_REFUSED,
                    "branch label \"%s\" is used by revision \"%s\" already", *label, used->id);
        hint(errs, "A label belongs to one revision; choose another one.");
    }
}

/* --- parents ----------------------------------------------------------------------------------*/

/* "head" where there are several: what `revision` without --head mostly stumbles over. */
static int refuse_heads(struct revset heads, struct errs *errs)
{
    struct err *err = errs_new(errs);

    err_set(err, ERR_REFUSED, "there are %zu heads: which of them the new revision follows is not "
                              "said", heads.n);
    candidates(heads, err);
    return err_hint(err, "Name one with --head, or join them first: `deploy-db merge heads`.");
}

static void add_parents(struct graph *graph, const char *text, struct revset *parents,
                        struct errs *errs)
{
    struct err err = ERR_INIT;
    struct revset named;

    if (text[0] == '\0' || text[strlen(text) - 1] == '@') {
        mistake(errs, ERR_USAGE, "parent", text, "is no revision");
        hint(errs, "Write \"base\" for a revision without a parent.");
        return;
    }
    if (strcmp(text, "head") == 0 && graph_heads(graph).n > 1) {
        refuse_heads(graph_heads(graph), errs);
        return;
    }
    if (resolve(graph, text, &named, &err) != 0) {
        *errs_new(errs) = err;
        return;
    }
    for (size_t i = 0; i < named.n; i++) {
        if (revset_has(*parents, named.v[i])) {
            mistake(errs, ERR_REFUSED, "revision", named.v[i]->id, "is named twice as a parent");
            hint(errs, "Name each of them once.");
        } else {
            revset_add(graph_arena(graph), parents, named.v[i]);
        }
    }
}

/* By parents and dependencies of any depth, ${upper} needs ${lower}. */
static bool implies(struct graph *graph, struct revision *upper, const struct revision *lower)
{
    struct revset one = {.v = &upper, .n = 1};
    unsigned mark = graph_mark_ancestors(graph, one, EDGES_ALL);

    return upper != lower && lower->mark == mark;
}

static void check_implied(struct graph *graph, struct revset parents, struct errs *errs)
{
    for (size_t i = 0; i < parents.n; i++)
        for (size_t k = 0; k < parents.n; k++) {
            if (!implies(graph, parents.v[i], parents.v[k]))
                continue;
            err_set(errs_new(errs), ERR_REFUSED,
                    "revision \"%s\" has \"%s\" below it already: both cannot be parents",
                    parents.v[i]->id, parents.v[k]->id);
            hint(errs, "Leave out the lower one; a parent or depends_on brings it in anyway.");
        }
}

static void check_count(struct graph *graph, struct revset parents, struct errs *errs)
{
    struct revset heads = graph_heads(graph);
    struct err *err = errs_new(errs);

    if (parents.n == 0)
        err_set(err, ERR_REFUSED, "there is nothing to merge: no revision is named");
    else
        err_set(err, ERR_REFUSED, "there is nothing to merge: \"%s\" is the only revision named",
                parents.v[0]->id);
    for (size_t i = 0; i < heads.n; i++)
        if (!heads.v[i]->is_effective_head)
            err_detail(err, "\"%s\" is a head that others depend on: it needs no merge",
                       heads.v[i]->id);
    err_hint(err, "`deploy-db heads` lists the heads; with one of them, use `deploy-db revision`.");
}

static void find_parents(struct graph *graph, const struct revise_request *request,
                         struct revise_plan *plan, struct errs *errs)
{
    const char *const *heads = list_or_none(request->heads);
    struct arena *arena = graph_arena(graph);
    struct revset parents = {0};
    size_t before = errs->n;
    const char **down;

    for (size_t i = 0; heads[i] != NULL; i++)
        add_parents(graph, heads[i], &parents, errs);
    if (heads[0] == NULL)
        add_parents(graph, "head", &parents, errs);
    for (size_t i = 0; i < parents.n; i++) {
        plan->splices |= !parents.v[i]->is_head;
        if (parents.v[i]->is_head || request->splice)
            continue;
        mistake(errs, ERR_REFUSED, "revision", parents.v[i]->id, "is not a head");
        hint(errs, "Add --splice to begin a new branch there, or name a head.");
    }
    check_implied(graph, parents, errs);
    if (request->merge && parents.n < 2 && errs->n == before)
        check_count(graph, parents, errs);
    down = arena_alloc(arena, (parents.n + 1) * sizeof *down);
    for (size_t i = 0; i < parents.n; i++)
        down[i] = parents.v[i]->id;
    plan->down = down;
    if (parents.n > 0 && parents.v[0]->path != NULL && parents.v[0]->path[0] != '\0')
        plan->beside = parents.v[0]->path;
}

/* --- dependencies -----------------------------------------------------------------------------*/

static void find_dependencies(struct graph *graph, const struct revise_request *request,
                              struct revise_plan *plan, struct errs *errs)
{
    const char *const *typed = list_or_none(request->depends_on);
    const char **names;
    size_t n = 0, kept = 0;

    while (typed[n] != NULL)
        n++;
    names = arena_alloc(graph_arena(graph), (n + 1) * sizeof *names);
    for (size_t i = 0; i < n; i++) {
        struct err err = ERR_INIT;
        struct revision *found = NULL;
        const char *name;

        if (resolve_one(graph, typed[i], &found, &err) != 0) {
            *errs_new(errs) = err;
        } else if (found == NULL) {
            mistake(errs, ERR_USAGE, "dependency", typed[i], "is no revision");
            hint(errs, "--depends-on takes a revision or a branch label.");
        } else {
            name = has(found->labels_declared, typed[i]) ? typed[i] : found->id;
            if (!has(names, name))
                names[kept++] = name;
        }
    }
    plan->depends_on = names;
}

int revise(struct graph *graph, const struct revise_request *request, struct revise_plan *plan,
           struct errs *errs)
{
    size_t before = errs->n;

    *plan = (struct revise_plan){.labels = list_or_none(request->labels)};
    check_id(graph, request->id, errs);
    find_parents(graph, request, plan, errs);
    for (const char *const *label = plan->labels; *label != NULL; label++)
        check_label(graph, request, label, errs);
    find_dependencies(graph, request, plan, errs);
    return errs->n == before ? 0 : -1;
}
