/* clonable - see clonable.h. */
#include "pg/clonable.h"

#include "pg/sql/clonable.sql.h"
#include "pg/sql/clonable_roles.sql.h"

static int read_list(struct db *db, const char *sql, struct strvec *out, struct err *err)
{
    auto_result struct db_result *rows = NULL;

    if (db_query(db, &rows, err, sql, 0) < 0)
        return err_wrap(err, "could not look for what a copy of database \"%s\" would lack",
                        db_name(db));
    for (int i = 0; i < db_rows(rows); i++)
        strvec_push(out, db_value(rows, i, 0));
    return 0;
}

int clonable_read(struct db *db, struct strvec *hindrances, struct err *err)
{
    return read_list(db, clonable_sql, hindrances, err);
}

int clonable_roles(struct db *db, struct strvec *roles, struct err *err)
{
    return read_list(db, clonable_roles_sql, roles, err);
}
