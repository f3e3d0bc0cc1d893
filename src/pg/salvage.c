/* salvage - see salvage.h. */
#include "pg/salvage.h"

#include "pg/sql/salvage_columns.sql.h"

int salvage_columns(struct db *db, struct arena *arena, const char *schema, const char *name,
                    const char **columns, struct err *err)
{
    auto_result struct db_result *rows = NULL;

    if (db_query(db, &rows, err, salvage_columns_sql, 2, schema, name) < 0)
        return err_wrap(err, "could not read the columns of table \"%s.%s\"", schema, name);
    if (db_rows(rows) != 1)
        return err_set(err, ERR_INTERNAL, "table \"%s.%s\" was not restored", schema, name);
    *columns = arena_printf(arena, "(%s)", db_value(rows, 0, 0));
    return 0;
}

int salvage_begin(struct db *db, struct err *err)
{
    return db_exec(db, err, "BEGIN", 0) < 0 ? -1
                                            : db_exec(db, err, "SET LOCAL synchronous_commit = on", 0);
}

int salvage_create(struct db *db, const char *name, const char *columns, const char *comment,
                   struct err *err)
{
    struct arena *arena = arena_new();
    const char *quoted = db_quote(db, arena, name);
    int rc = db_exec(db, err, "CREATE SCHEMA IF NOT EXISTS deploy_db", 0);

    if (rc == 0)
        rc = db_exec(db, err, arena_printf(arena, "CREATE TABLE deploy_db.%s %s", quoted, columns), 0);
    if (rc == 0)
        rc = db_exec(db, err, arena_printf(arena, "COMMENT ON TABLE deploy_db.%s IS %s", quoted,
                                           db_literal(db, arena, comment)),
                     0);
    arena_free(arena);
    return rc;
}

int salvage_commit(struct db *db, struct err *err)
{
    return db_exec(db, err, "COMMIT", 0);
}

int salvage_any(struct db *db, const char *run, bool *exists, struct err *err)
{
    auto_result struct db_result *rows = NULL;

    /* swap_name never cuts the word and the run */
    if (db_query(db, &rows, err,
                 "SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS c "
                 "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
                 "WHERE n.nspname = 'deploy_db' AND c.relkind = 'r' AND pg_catalog.right(c.relname, "
                 "pg_catalog.length('_restored_' || $1::pg_catalog.text)) = '_restored_' || $1::pg_catalog.text)",
                 1, run) < 0)
        return err_wrap(err, "could not look for the tables of run %s", run);
    *exists = db_bool(rows, 0, 0);
    return 0;
}

int salvage_list(struct db *db, struct arena *arena, const char ***list, size_t *n, struct err *err)
{
    auto_result struct db_result *rows = NULL;

    *n = 0;
    if (db_query(db, &rows, err,
                 "SELECT c.relname FROM pg_catalog.pg_class AS c "
                 "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
                 "WHERE n.nspname = 'deploy_db' AND c.relkind = 'r' "
                 "AND c.relname ~ '_restored_[0-9]{8}T[0-9]{6}Z-[0-9a-f]+$' ORDER BY 1",
                 0) < 0)
        return err_wrap(err, "could not look for tables that were restored into schema deploy_db");
    *list = arena_alloc(arena, (size_t)(db_rows(rows) + 1) * sizeof **list);
    for (int i = 0; i < db_rows(rows); i++)
        (*list)[(*n)++] = arena_strdup(arena, db_value(rows, i, 0));
    return 0;
}

int salvage_drop(struct db *db, const char *const *names, size_t n, struct err *err)
{
    struct arena *arena = arena_new();
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = db_exec(db, err,
                     arena_printf(arena, "DROP TABLE deploy_db.%s", db_quote(db, arena, names[i])), 0);
        if (rc != 0)
            err_wrap(err, "could not drop table \"deploy_db.%s\"", names[i]);
    }
    arena_free(arena);
    return rc < 0 ? -1 : 0;
}
