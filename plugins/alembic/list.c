/* list - a growing list of strings, see alembic.h. */
#include "alembic.h"

#include <string.h>

void list_push(struct ddb_call *call, struct list *list, const char *text)
{
    if (list->n + 2 > list->cap) {
        size_t cap = list->cap < 16 ? 16 : list->cap * 2;
        const char **grown = alembic_host->alloc(call, cap * sizeof *grown);

        if (list->n > 0)
            memcpy(grown, list->v, list->n * sizeof *grown);
        list->v = grown;
        list->cap = cap;
    }
    list->v[list->n++] = text;
    list->v[list->n] = NULL;
}

void list_push_all(struct ddb_call *call, struct list *list, const char *const *texts)
{
    for (; texts != NULL && *texts != NULL; texts++)
        list_push(call, list, *texts);
}

const char *const *list_vector(const struct list *list)
{
    static const char *const empty[] = {NULL};

    return list->n > 0 ? list->v : empty;
}
