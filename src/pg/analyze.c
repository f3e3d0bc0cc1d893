/* analyze - see analyze.h. */
#include "pg/analyze.h"

#include <string.h>

#include "base/buf.h"

/* As get_all_vacuum_rels of PostgreSQL's vacuum.c: tables, partitioned ones, materialized views;
 * but for the tables that all databases share, and those above a foreign table: their statistics would
 * be asked of another server, which need not be there. Of those that have statistics only the catalog's,
 * which are as template0 had them, and the ones whose statistics an index on expressions, extended
 * statistics or a child make incomplete, which came later. */
static const char tables_sql[] =
    "WITH RECURSIVE above AS ("
    "SELECT i.inhparent FROM pg_catalog.pg_inherits AS i "
    "JOIN pg_catalog.pg_class AS f ON f.oid = i.inhrelid AND f.relkind = 'f' "
    "UNION SELECT i.inhparent FROM above AS a "
    "JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = a.inhparent) "
    "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) "
    "FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' "
    "AND NOT c.relisshared "
    "AND NOT EXISTS (SELECT FROM above WHERE above.inhparent = c.oid) "
    "AND (n.nspname = 'pg_catalog' "
    "OR (n.nspname, c.relname) NOT IN (SELECT schemaname, tablename FROM pg_catalog.pg_stats) "
    "OR EXISTS (SELECT FROM pg_catalog.pg_index AS x "
    "WHERE x.indrelid = c.oid AND x.indexprs IS NOT NULL) "
    "OR EXISTS (SELECT FROM pg_catalog.pg_statistic_ext AS s WHERE s.stxrelid = c.oid) "
    "OR EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid)) "
    "ORDER BY pg_catalog.pg_relation_size(c.oid) DESC, 1";

int analyze_list(struct db *db, struct arena *arena, const char *const **tables, size_t *n,
                 struct err *err)
{
    auto_result struct db_result *rows = NULL;
    const char **list;

    if (db_query(db, &rows, err, tables_sql, 0) < 0)
        return err_wrap(err, "could not list the tables of database \"%s\"", db_name(db));
    *n = (size_t)db_rows(rows);
    list = arena_alloc(arena, (*n + 1) * sizeof *list);
    for (size_t i = 0; i < *n; i++)
        list[i] = arena_strdup(arena, db_value(rows, (int)i, 0));
    *tables = list;
    return 0;
}

int analyze_table(struct db *db, const char *quoted, struct err *err)
{
    auto_buf struct buf sql = {0};

    buf_addf(&sql, "ANALYZE %s", quoted);
    if (db_exec(db, err, buf_text(&sql), 0) == 0)
        return 0;
    return err_wrap(err, "could not gather statistics of %s in database \"%s\"", quoted, db_name(db));
}
