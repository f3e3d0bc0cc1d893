/* foreign - see foreign.h. */
#include "pg/foreign.h"

#include <string.h>

/* Columns of each ${query}: version, failed, stands for all before it. */
static const struct {
    const char *name, *table, *query;
} tools[] = {
    [FOREIGN_DBMATE] = {"dbmate", "schema_migrations",
                        "SELECT version::pg_catalog.text, false, false FROM %s "
                        "ORDER BY version::pg_catalog.text COLLATE pg_catalog.\"C\""},
    /* A version that was applied, taken back and applied again has three rows: the last one counts.
     */
    [FOREIGN_GOOSE] = {"goose", "goose_db_version",
                       "SELECT version_id::pg_catalog.text, false, false FROM ("
                       "SELECT DISTINCT ON (version_id) version_id, is_applied FROM %s "
                       "WHERE version_id > 0 ORDER BY version_id, id DESC) AS latest "
                       "WHERE is_applied ORDER BY version_id"},
    [FOREIGN_GOLANG] = {"golang-migrate", "schema_migrations",
                        "SELECT version::pg_catalog.text, dirty, true FROM %s "
                        "WHERE version >= 0 ORDER BY version"},
    [FOREIGN_FLYWAY] = {"Flyway", "flyway_schema_history",
                        "SELECT version, NOT success, type ~ 'BASELINE' FROM ("
                        "SELECT DISTINCT ON (version) version, success, type, installed_rank "
                        "FROM %s WHERE version IS NOT NULL AND type <> 'SCHEMA' "
                        "ORDER BY version, installed_rank DESC) AS latest "
                        "WHERE NOT (success AND type ~ '^(UNDO|DELETE)') ORDER BY installed_rank"},
};

static int find_table(struct db *db, struct arena *arena, enum foreign_tool tool,
                      struct foreign *foreign, struct err *err)
{
    auto_result struct db_result *result = NULL;
    bool has_dirty;

    if (db_query(db, &result, err,
                 "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), "
                 "EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid "
                 "AND a.attname = 'dirty' AND NOT a.attisdropped) "
                 "FROM pg_catalog.pg_class c "
                 "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                 "WHERE c.oid = pg_catalog.to_regclass($1)",
                 1, tools[tool].table) < 0)
        return err_wrap(err, "could not look for the table \"%s\"", tools[tool].table);
    if (db_rows(result) == 0)
        return 0;
    has_dirty = db_bool(result, 0, 1);
    if ((tool == FOREIGN_DBMATE && has_dirty) || (tool == FOREIGN_GOLANG && !has_dirty))
        return err_set(err, ERR_REFUSED, "the table %s is %s's, not %s's", db_value(result, 0, 0),
                       tools[has_dirty ? FOREIGN_GOLANG : FOREIGN_DBMATE].name, tools[tool].name);
    foreign->table = arena_strdup(arena, db_value(result, 0, 0));
    return 0;
}

int foreign_read(struct db *db, struct arena *arena, enum foreign_tool tool,
                 struct foreign *foreign, struct err *err)
{
    auto_result struct db_result *result = NULL;

    *foreign = (struct foreign){0};
    if (find_table(db, arena, tool, foreign, err) != 0)
        return -1;
    if (foreign->table == NULL)
        return 0;
    if (db_query(db, &result, err, arena_printf(arena, tools[tool].query, foreign->table), 0) < 0)
        return err_wrap(err, "could not read the table %s", foreign->table);
    foreign->n = (size_t)db_rows(result);
    foreign->items = arena_alloc(arena, (foreign->n + 1) * sizeof *foreign->items);
    for (size_t i = 0; i < foreign->n; i++)
        foreign->items[i] = (struct foreign_version){
            .version = arena_strdup(arena, db_value(result, (int)i, 0)),
            .failed = db_bool(result, (int)i, 1),
            .and_all_before = db_bool(result, (int)i, 2),
        };
    return 0;
}
