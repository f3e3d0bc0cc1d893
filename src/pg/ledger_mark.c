/* ledger_mark - see ledger_mark.h. */
#include "pg/ledger_mark.h"

#include <string.h>

#include "base/cancel.h"
#include "pg/sql/ledger_mark_table.sql.h"

int ledger_mark_read(struct db *db, struct arena *arena, struct ledger_mark *mark, struct err *err)
{
    auto_result struct db_result *table = NULL;
    auto_result struct db_result *rows = NULL;

    *mark = (struct ledger_mark){0};
    if (db_query(db, &table, err,
                 "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
                 "ON n.oid = c.relnamespace WHERE n.nspname = 'deploy_db' "
                 "AND c.relname = 'environment'",
                 0) < 0)
        return err_wrap(err, "could not ask database \"%s\" what it is", db_name(db));
    if (db_rows(table) == 0)
        return 0;
    if (db_query(db, &rows, err, "SELECT name, protected FROM deploy_db.environment", 0) < 0)
        return err_wrap(err, "could not ask database \"%s\" what it is", db_name(db));
    if (db_rows(rows) == 0)
        return 0;
    mark->environment = arena_strdup(arena, db_value(rows, 0, 0));
    mark->is_protected = db_bool(rows, 0, 1);
    return 0;
}

int ledger_mark_refuse(const struct db *db, const struct ledger_mark *mark, const char *environment,
                       struct err *err)
{
    err_set(err, ERR_REFUSED, "database \"%s\" says that it is the protected environment \"%s\"",
            db_name(db), mark->environment);
    return err_hint(err, "Correct the database of environment \"%s\". If it is a copy indeed, run "
                         "DELETE FROM deploy_db.environment in it.",
                    environment);
}

static int write_mark(struct db *db, const struct ledger_mark *mark, struct err *err)
{
    if (db_exec(db, err, ledger_mark_table_sql, 0) < 0)
        return -1;
    return db_exec(db, err,
                   "INSERT INTO deploy_db.environment (name, protected) VALUES ($1, $2::pg_catalog.bool) "
                   "ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
                   "protected = excluded.protected",
                   2, mark->environment, mark->is_protected ? "true" : "false");
}

int ledger_mark_write(struct db *db, const struct ledger_mark *mark, struct err *err)
{
    struct arena *arena = arena_new();
    struct ledger_mark now;
    int rc = ledger_mark_read(db, arena, &now, err);

    cancel_mask(true);
    if (rc == 0 && (now.environment == NULL || now.is_protected != mark->is_protected ||
                    strcmp(now.environment, mark->environment) != 0))
        rc = write_mark(db, mark, err);
    cancel_mask(false);
    arena_free(arena);
    return rc == 0 ? 0 : err_wrap(err, "could not tell the database which environment it is");
}
