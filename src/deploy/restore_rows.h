/*
 * restore_rows - the rows that a filter (restore.h) changes on their way into the fresh database:
 * what is masked is masked in our own memory, and what stays empty is not read at all.
 */
#ifndef DEPLOY_RESTORE_ROWS_H
#define DEPLOY_RESTORE_ROWS_H

#include "deploy/refresh_masks.h"
#include "deploy/restore.h"
#include "deploy/stores.h"

/* What becomes of one table's rows. Both zero: they are loaded as they are. */
struct restore_rows {
    struct masked_table *table; /* it is masked, or stays empty */
    struct mask mask;           /* of the lines in its chunks; where it has some */
};

/* restore_rows_plan(run, bundle, rows, err): one for each table of the manifest. */
int restore_rows_plan(struct run *run, const struct bundle *bundle, struct restore_rows **rows,
                      struct err *err) CHECK;

/* restore_rows_excluded(run, bundle, rows): the tables of the plugin's dump whose rows it must
 * leave to us, for the fact "exclude_rows"; NULL: none. */
const char *const *restore_rows_excluded(struct run *run, const struct bundle *bundle,
                                         const struct restore_rows *rows);

/* restore_rows_salvaged(run, fresh, excluded, err): to ${excluded} (NULL: none yet) come the tables that
 * `restore --table` has made in the source: copies of rows that no mask knows. ${fresh} has the
 * snapshot's structure. */
int restore_rows_salvaged(struct run *run, const char *fresh, const char *const **excluded,
                          struct err *err) CHECK;

/* restore_rows_load(run, stored, rows, fresh, err): load these tables through the plugin's
 * table_rows, masked. Fills the number of rows of each. Changes: the database ${fresh}. */
int restore_rows_load(struct run *run, struct stored_bundle *stored,
                      const struct restore_rows *rows, const char *fresh, struct err *err) CHECK;

#endif
