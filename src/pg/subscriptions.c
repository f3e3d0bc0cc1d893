/* subscriptions - see subscriptions.h. */
#include "pg/subscriptions.h"

static int refuse_enabled(const char *database, const struct db_result *rows, struct err *err)
{
    for (int i = 0; i < db_rows(rows); i++) {
        if (!db_bool(rows, i, 1))
            continue;
        err_set(err, ERR_REFUSED, "subscription \"%s\" of database \"%s\" is enabled",
                db_value(rows, i, 0), database);
        return err_hint(err, "Drop it there (DROP SUBSCRIPTION), if nobody needs what it receives.");
    }
    return 0;
}

static int drop_one(struct db *db, const char *name, struct err *err)
{
    struct arena *arena = arena_new();
    const char *quoted = db_quote(db, arena, name);
    int rc = db_exec(db, err, arena_printf(arena, "ALTER SUBSCRIPTION %s SET (slot_name = NONE)", quoted), 0);

    if (rc == 0)
        rc = db_exec(db, err, arena_printf(arena, "DROP SUBSCRIPTION %s", quoted), 0);
    arena_free(arena);
    return rc;
}

static int drop_all(struct db *admin, const char *database, const struct db_result *rows,
                    struct err *err)
{
    struct arena *arena = arena_new();
    struct db *db = NULL;
    int rc = db_exec(admin, err,
                     arena_printf(arena, "ALTER DATABASE %s ALLOW_CONNECTIONS true",
                                  db_quote(admin, arena, database)),
                     0);

    if (rc == 0)
        rc = db_open(db_target(admin), database, DB_WRITE, &db, err);
    for (int i = 0; rc == 0 && i < db_rows(rows); i++)
        rc = drop_one(db, db_value(rows, i, 0), err);
    db_close(db);
    arena_free(arena);
    return rc;
}

int subscriptions_drop(struct db *admin, const char *database, struct err *err)
{
    auto_result struct db_result *rows = NULL;

    if (db_query(admin, &rows, err,
                 "SELECT s.subname, s.subenabled FROM pg_catalog.pg_subscription AS s "
                 "JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid WHERE d.datname = $1 ORDER BY 1",
                 1, database) < 0)
        return err_wrap(err, "could not look for subscriptions of database \"%s\"", database);
    if (db_rows(rows) == 0)
        return 0;
    if (refuse_enabled(database, rows, err) < 0)
        return -1;
    if (drop_all(admin, database, rows, err) < 0)
        return err_wrap(err, "could not drop the subscriptions of database \"%s\"", database);
    return 0;
}
