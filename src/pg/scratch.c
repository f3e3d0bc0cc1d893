/* scratch - see scratch.h. */
#include "pg/scratch.h"

#include <string.h>

#include "pg/swap.h"

enum { RUN_BYTES = sizeof "20260131T134510Z-a1b2c3" - 1 };

int scratch_may_create(struct db *admin, bool *may, struct err *err)
{
    auto_result struct db_result *role = NULL;

    if (db_query(admin, &role, err,
                 "SELECT rolsuper OR rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = "
                 "current_user",
                 0) < 0)
        return err_wrap(err, "could not ask what role \"%s\" may do", db_user(admin));
    *may = db_rows(role) > 0 && db_bool(role, 0, 0);
    return 0;
}

const char *scratch_run(const char *name)
{
    const size_t n = strlen(name);

    return n < RUN_BYTES ? name : name + n - RUN_BYTES;
}

int scratch_list(struct db *admin, struct arena *arena, const char *database, const char *word,
                 const char ***list, size_t *n, struct err *err)
{
    auto_result struct db_result *found = NULL;

    *n = 0;
    if (db_query(admin, &found, err,
                 "SELECT datname FROM pg_catalog.pg_database WHERE datname ~ "
                 "('_' || $1::pg_catalog.text || '_[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}$') ORDER BY 1",
                 1, word) < 0)
        return err_wrap(err, "could not list the databases");
    *list = arena_alloc(arena, (size_t)(db_rows(found) + 1) * sizeof **list);
    for (int i = 0; i < db_rows(found); i++) {
        const char *name = db_value(found, i, 0);
        const char *run = scratch_run(name);

        if (strcmp(swap_name(arena, database, word, run), name) == 0)
            (*list)[(*n)++] = arena_strdup(arena, name);
    }
    return 0;
}
