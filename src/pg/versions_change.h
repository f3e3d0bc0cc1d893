/*
 * versions_change - change the version table's rows without running migrations, as `stamp` does.
 */
#ifndef PG_VERSIONS_CHANGE_H
#define PG_VERSIONS_CHANGE_H

#include "base/buf.h"
#include "pg/db.h"

/* ${from} NULL: insert ${to}; ${to} NULL: delete ${from}; else update. */
struct versions_change {
    const char *from, *to;
};

/* versions_change_rows(db, schema, table, expected, changes, n, err): in one transaction, in which nobody
 * else writes the table: compare its rows with ${expected} (sorted, NULL-terminated), make the ${n}
 * changes. A missing table is created as Alembic creates it. A row that is stored twice is deleted as one.
 * Other rows than expected are an error, and nothing is changed. Changes: the version table. */
int versions_change_rows(struct db *db, const char *schema, const char *table,
                         char *const *expected, const struct versions_change *changes, size_t n,
                         struct err *err) CHECK;

/* versions_change_text(schema, table, creates, changes, n, out): the same as SQL, as Alembic's offline
 * mode writes it; ${creates}: with the table. Pure. */
void versions_change_text(const char *schema, const char *table, bool creates,
                          const struct versions_change *changes, size_t n, struct buf *out);

#endif
