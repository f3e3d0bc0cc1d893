/*
 * paths - the project's revision files by identifier. Changes: nothing.
 */
#ifndef SQL_PATHS_H
#define SQL_PATHS_H

#include "sql.h"

struct paths {
    struct ddb_call *call;
    struct paths_entry {
        const char *id, *path;
    } *v;
    size_t n, cap;
};

/* paths_read(call, paths): all of them. paths_find(paths, id): NULL when there is none. */
int paths_read(struct ddb_call *call, struct paths *paths);
const char *paths_find(const struct paths *paths, const char *id);

#endif
