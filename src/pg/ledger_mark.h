/*
 * ledger_mark - which environment a database is, said by the database itself: the row of table
 * deploy_db.environment. What is about to replace a database asks it whether it is a protected one.
 */
#ifndef PG_LEDGER_MARK_H
#define PG_LEDGER_MARK_H

#include "pg/db.h"

struct ledger_mark {
    const char *environment; /* NULL: the database does not say */
    bool is_protected;
};

/* ledger_mark_read(db, arena, mark, err): a missing table says nothing. */
int ledger_mark_read(struct db *db, struct arena *arena, struct ledger_mark *mark,
                     struct err *err) CHECK;

/* ledger_mark_refuse(db, mark, environment, err): the failure of what was about to replace the database of
 * ${environment}, which says that it is a protected one. Returns -1. */
int ledger_mark_refuse(const struct db *db, const struct ledger_mark *mark, const char *environment,
                       struct err *err);

/* ledger_mark_write(db, mark, err): the schema deploy_db must be there. A mark that is there
 * already is left alone. Changes: the table deploy_db.environment. */
int ledger_mark_write(struct db *db, const struct ledger_mark *mark, struct err *err) CHECK;

#endif
