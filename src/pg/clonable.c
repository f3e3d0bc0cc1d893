/* clonable - see clonable.h. */
#include "pg/clonable.h"

#include "pg/sql/clonable.sql.h"

int clonable_read(struct db *db, struct strvec *hindrances, struct err *err)
{
    auto_result struct db_result *rows = NULL;

    if (db_query(db, &rows, err, clonable_sql, 0) < 0)
        return err_wrap(err, "could not look for what a copy of database \"%s\" would lack",
                        db_name(db));
    for (int i = 0; i < db_rows(rows); i++)
        strvec_push(hindrances, db_value(rows, i, 0));
    return 0;
}
