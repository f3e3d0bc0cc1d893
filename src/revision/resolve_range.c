/* resolve_range - START:END as `history -r` takes it. See resolve.h. */
#include <string.h>

#include "revision/resolve.h"
#include "revision/resolve_impl.h"

/* [LABEL@]SYMBOL without the label. */
static const char *symbol_of(const char *text)
{
    const char *at = strchr(text, '@');

    return at == NULL ? text : at + 1;
}

bool resolve_needs_rows(const char *text)
{
    return strcmp(text, "current") == 0 || symbol_of(text)[0] == '+';
}

bool resolve_range_needs_rows(const char *text)
{
    size_t n = strcspn(text, ":");

    return (n == 7 && strncmp(text, "current", n) == 0) || symbol_of(text)[0] == '+' ||
           (text[n] == ':' && strcmp(text + n + 1, "current") == 0);
}

int resolve_any(struct graph *graph, const char *text, struct revset rows, struct revset *out,
                struct err *err)
{
    struct resolve_target target;
    size_t steps;

    *out = (struct revset){0};
    if (text[0] == '\0')
        return 0;
    if (strcmp(text, "current") == 0) {
        *out = rows;
        return 0;
    }
    if (symbol_of(text)[0] == '-' && resolve_steps(symbol_of(text) + 1, &steps))
        return resolve(graph, text, out, err);
    if (resolve_target(graph, text, rows, RESOLVE_UPGRADE, &target, err) != 0)
        return -1;
    *out = target.revisions;
    return 0;
}

/* A relative END counts from START. */
static int resolve_end(struct graph *graph, const char *text, struct revset rows,
                       struct revset lower, struct revset *out, struct err *err)
{
    struct resolve_target target;

    if (strcmp(text, "current") == 0) {
        *out = rows;
        return 0;
    }
    if (resolve_target(graph, text[0] == '\0' ? "heads" : text, lower, RESOLVE_RANGE_END,
                       &target, err) != 0)
        return -1;
    *out = target.revisions;
    return 0;
}

static bool has_label(const struct revision *revision, const char *label)
{
    for (const char *const *l = revision->labels; *l != NULL; l++)
        if (strcmp(*l, label) == 0)
            return true;
    return false;
}

/* on_branch(): for LABEL@START, those of ${set} that have the label; when an identifier stands for
 * the label, those in its lineage. */
static int on_branch(struct graph *graph, const char *start, struct revset *set, struct err *err)
{
    struct revset all = *set;
    struct revision *branch;
    const char *symbol;
    const char *label;

    if (resolve_split(graph, start, &symbol, &branch, err) != 0)
        return -1;
    if (branch == NULL)
        return 0;
    label = arena_strndup(graph_arena(graph), start, strcspn(start, "@"));
    if (graph_find(graph, label) != branch || strcmp(label, branch->id) == 0) {
        *set = resolve_filter(graph, all, branch);
        return 0;
    }
    *set = (struct revset){0};
    for (size_t i = 0; i < all.n; i++)
        if (has_label(all.v[i], label))
            revset_add(graph_arena(graph), set, all.v[i]);
    return 0;
}

int resolve_range(struct graph *graph, const char *text, struct revset rows, struct revset *lower,
                  struct revset *upper, struct err *err)
{
    const char *colon = strchr(text, ':');
    char *start;

    if (colon == NULL || strchr(colon + 1, ':') != NULL) {
        err_set(err, ERR_USAGE, "\"%s\" is not a range of revisions", text);
        return err_hint(err, "Write START:END, START: or :END.");
    }
    start = arena_strndup(graph_arena(graph), text, (size_t)(colon - text));
    if (resolve_any(graph, start, rows, lower, err) != 0 ||
        resolve_end(graph, colon + 1, rows, *lower, upper, err) != 0)
        return -1;
    return on_branch(graph, start, upper, err);
}
