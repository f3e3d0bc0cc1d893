/* swap_kept - see swap.h: what exchanges have put aside. */
#include "pg/swap.h"

#include <stdlib.h>
#include <string.h>

static const char *const words[] = {"before", "failed", "undone"};

enum { WORDS = sizeof words / sizeof *words };

/* A run's identifier: 20260131T134510Z-a1b2c3. */
static bool is_run(const char *text)
{
    return strspn(text, "0123456789") == 8 && text[8] == 'T' &&
           strspn(text + 9, "0123456789") == 6 && strncmp(text + 15, "Z-", 2) == 0 &&
           text[17] != '\0' && strspn(text + 17, "0123456789abcdef") == strlen(text + 17);
}

/* Whether ${name} is what ${live} was called when it was put aside. The name of the live database may
 * hold any of the words itself. */
static bool parse(struct arena *arena, const char *live, const char *name, struct swap_kept *kept)
{
    for (size_t i = 0; i < WORDS; i++) {
        const char *word = arena_printf(arena, "_%s_", words[i]);

        for (const char *at = strstr(name, word); at != NULL; at = strstr(at + 1, word)) {
            const char *run = at + strlen(word);

            if (!is_run(run) || strcmp(swap_name(arena, live, words[i], run), name) != 0)
                continue;
            *kept = (struct swap_kept){name, words[i], run};
            return true;
        }
    }
    return false;
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(((const struct swap_kept *)b)->run, ((const struct swap_kept *)a)->run);
}

/* pg_database_size() wants CONNECT, or a role that may read all statistics. */
int swap_bytes(struct db *db, const char *name, int64_t *bytes, struct err *err)
{
    auto_result struct db_result *rows = NULL;

    if (db_query(db, &rows, err,
                 "SELECT pg_catalog.pg_database_size(oid) FROM pg_catalog.pg_database WHERE datname = $1 "
                 "AND (pg_catalog.has_database_privilege(oid, 'CONNECT') "
                 "OR pg_catalog.pg_has_role('pg_read_all_stats', 'MEMBER'))",
                 1, name) < 0)
        return err_wrap(err, "could not measure the database \"%s\"", name);
    *bytes = db_rows(rows) > 0 ? db_int(rows, 0, 0) : -1;
    return 0;
}

int swap_kept(struct db *db, struct arena *arena, const char *live, struct swap_kept **list,
              size_t *n, struct err *err)
{
    auto_result struct db_result *rows = NULL;

    if (db_query(db, &rows, err,
                 "SELECT datname FROM pg_catalog.pg_database WHERE NOT datistemplate "
                 "AND datname <> $1",
                 1, live) < 0)
        return err_wrap(err, "could not list the databases");
    *list = arena_alloc(arena, (size_t)db_rows(rows) * sizeof **list);
    *n = 0;
    for (int i = 0; i < db_rows(rows); i++)
        if (parse(arena, live, arena_strdup(arena, db_value(rows, i, 0)), &(*list)[*n]))
            (*n)++;
    if (*n > 0)
        qsort(*list, *n, sizeof **list, newest_first);
    return 0;
}
