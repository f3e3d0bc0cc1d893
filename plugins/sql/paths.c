/* paths - see paths.h. */
#include "paths.h"

#include <string.h>

#include "folder.h"

static int add(void *arg, const struct ddb_revision *revision)
{
    struct paths *paths = arg;

    if (paths->n == paths->cap) {
        size_t cap = paths->cap < 32 ? 32 : paths->cap * 2;
        struct paths_entry *v = sql_host->alloc(paths->call, cap * sizeof *v);

        if (paths->n > 0)
            memcpy(v, paths->v, paths->n * sizeof *v);
        paths->v = v;
        paths->cap = cap;
    }
    paths->v[paths->n++] = (struct paths_entry){
        sql_host->format(paths->call, "%s", revision->id),
        sql_host->format(paths->call, "%s", revision->path),
    };
    return 0;
}

int paths_read(struct ddb_call *call, struct paths *paths)
{
    *paths = (struct paths){.call = call};
    return folder_revisions(call, add, paths);
}

const char *paths_find(const struct paths *paths, const char *id)
{
    for (size_t i = 0; i < paths->n; i++)
        if (strcmp(paths->v[i].id, id) == 0)
            return paths->v[i].path;
    return NULL;
}
