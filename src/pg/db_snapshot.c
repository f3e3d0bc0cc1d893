/* db_snapshot - see db.h: which database a session is in, and the snapshot that several share. */
#include <stdio.h>
#include <string.h>

#include "pg/db.h"

int db_identity(struct db *db, char system_identifier[32], char database_oid[16], struct err *err)
{
    auto_result struct db_result *about = NULL;
    auto_result struct db_result *control = NULL;

    if (db_query(db, &about, err,
                 "SELECT oid, pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', "
                 "'EXECUTE') FROM pg_catalog.pg_database "
                 "WHERE datname = pg_catalog.current_database()",
                 0) < 0)
        return -1;
    if (db_bool(about, 0, 1) &&
        db_query(db, &control, err, "SELECT system_identifier FROM pg_catalog.pg_control_system()",
                 0) < 0)
        return -1;
    snprintf(database_oid, 16, "%s", db_value(about, 0, 0));
    snprintf(system_identifier, 32, "%s", control != NULL ? db_value(control, 0, 0) : "unknown");
    return 0;
}

int db_export_snapshot(struct db *db, char id[64], struct err *err)
{
    auto_result struct db_result *result = NULL;

    if (db_exec(db, err, "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", 0) < 0)
        return -1;
    if (db_query(db, &result, err, "SELECT pg_catalog.pg_export_snapshot()", 0) < 0) {
        db_end_snapshot(db);
        return -1;
    }
    snprintf(id, 64, "%s", db_value(result, 0, 0));
    return 0;
}

/* The id comes from the server: hexadecimal digits and dashes. */
int db_import_snapshot(struct db *db, const char *id, struct err *err)
{
    char sql[128];

    if (strspn(id, "0123456789ABCDEF-") != strlen(id) || strlen(id) > 63)
        return err_set(err, ERR_INTERNAL, "\"%s\" is no snapshot's identifier", id);
    snprintf(sql, sizeof sql, "SET TRANSACTION SNAPSHOT '%s'", id);
    if (db_exec(db, err, "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", 0) < 0)
        return -1;
    if (db_exec(db, err, sql, 0) < 0) {
        db_end_snapshot(db);
        return -1;
    }
    return 0;
}

void db_end_snapshot(struct db *db)
{
    db_quietly(db, "ROLLBACK");
}
