/* tally - see tally.h. */
#include "pg/tally.h"

#include <string.h>

#include "pg/sql/tally_tables.sql.h"

static int by_name(const void *a, const void *b)
{
    const struct tally *left = a;
    const struct tally *right = b;
    int order = strcmp(left->schema, right->schema);

    return order != 0 ? order : strcmp(left->name, right->name);
}

/* The tables with their counters, none counted; ${quoted} gives their names for SQL. */
static int list_tables(struct db *db, struct arena *arena, struct tally **list,
                       const char *const **quoted, size_t *n, struct err *err)
{
    auto_result struct db_result *rows = NULL;
    const char **names;

    if (db_query(db, &rows, err, tally_tables_sql, 0) < 0)
        return err_wrap(err, "could not list the tables");
    *n = (size_t)db_rows(rows);
    *list = arena_alloc(arena, *n * sizeof **list);
    names = arena_alloc(arena, *n * sizeof *names);
    for (size_t i = 0; i < *n; i++) {
        int row = (int)i;

        (*list)[i] = (struct tally){
            .schema = arena_strdup(arena, db_value(rows, row, 0)),
            .name = arena_strdup(arena, db_value(rows, row, 1)),
            .rows = -1,
            .inserted = db_int(rows, row, 3),
            .updated = db_int(rows, row, 4),
            .deleted = db_int(rows, row, 5),
        };
        names[i] = arena_strdup(arena, db_value(rows, row, 2));
    }
    *quoted = names;
    return 0;
}

int tally_rows(struct db *db, struct arena *arena, void (*progress)(void *, int64_t, int64_t),
               void *arg, struct tally **list, size_t *n, struct err *err)
{
    const char *const *quoted;

    if (list_tables(db, arena, list, &quoted, n, err) < 0)
        return -1;
    for (size_t i = 0; i < *n; i++) {
        auto_result struct db_result *count = NULL;

        if (db_query(db, &count, err,
                     arena_printf(arena, "SELECT pg_catalog.count(*) FROM ONLY %s", quoted[i]),
                     0) < 0)
            return err_wrap(err, "could not count the rows of table %s", quoted[i]);
        (*list)[i].rows = db_int(count, 0, 0);
        if (progress != NULL)
            progress(arg, (int64_t)i + 1, (int64_t)*n);
    }
    if (*n > 0)
        qsort(*list, *n, sizeof **list, by_name);
    return 0;
}

int tally_writes(struct db *db, struct arena *arena, struct tally **list, size_t *n,
                 struct err *err)
{
    const char *const *quoted;

    /* A transaction keeps the statistics that it has seen first. */
    if (db_exec(db, err, "SELECT pg_catalog.pg_stat_clear_snapshot()", 0) < 0 ||
        list_tables(db, arena, list, &quoted, n, err) < 0)
        return -1;
    if (*n > 0)
        qsort(*list, *n, sizeof **list, by_name);
    return 0;
}

int tally_stats_reset(struct db *db, char when[40], struct err *err)
{
    auto_result struct db_result *rows = NULL;
    const char *value;

    if (db_exec(db, err, "SELECT pg_catalog.pg_stat_clear_snapshot()", 0) < 0 ||
        db_query(db, &rows, err,
                 "SELECT pg_catalog.to_char(greatest(stats_reset, "
                 "pg_catalog.pg_postmaster_start_time()) AT TIME ZONE 'UTC', "
                 "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM pg_catalog.pg_stat_database "
                 "WHERE datname = pg_catalog.current_database()",
                 0) < 0)
        return -1;
    value = db_rows(rows) > 0 ? db_value(rows, 0, 0) : NULL;
    snprintf(when, 40, "%s", value != NULL ? value : "");
    return 0;
}
