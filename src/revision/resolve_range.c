/* resolve_range - START:END as `history -r` takes it. See resolve.h. */
#include <string.h>

#include "revision/resolve.h"
#include "revision/resolve_impl.h"

static int resolve_start(struct graph *graph, const char *text, struct revset rows,
                         struct revset *out, struct err *err)
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
    if (text[0] == '-' && resolve_steps(text + 1, &steps))
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
    if (resolve_target(graph, text[0] == '\0' ? "heads" : text, lower, RESOLVE_UPGRADE, &target,
                       err) != 0)
        return -1;
    *out = target.revisions;
    return 0;
}

int resolve_range(struct graph *graph, const char *text, struct revset rows, struct revset *lower,
                  struct revset *upper, struct err *err)
{
    const char *colon = strchr(text, ':');
    struct revision *branch;
    const char *symbol;
    char *start;

    if (colon == NULL || strchr(colon + 1, ':') != NULL) {
        err_set(err, ERR_USAGE, "\"%s\" is not a range of revisions", text);
        return err_hint(err, "Write START:END, START: or :END.");
    }
    start = arena_strndup(graph_arena(graph), text, (size_t)(colon - text));
    if (resolve_start(graph, start, rows, lower, err) != 0 ||
        resolve_end(graph, colon + 1, rows, *lower, upper, err) != 0 ||
        resolve_split(graph, start, &symbol, &branch, err) != 0)
        return -1;
    *upper = resolve_filter(graph, *upper, branch); /* LABEL@START: that branch only */
    return 0;
}
