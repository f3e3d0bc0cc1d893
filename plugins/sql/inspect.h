/*
 * inspect - what is not right with what was applied, and whether revisions run as transactions.
 * Changes: nothing.
 */
#ifndef SQL_INSPECT_H
#define SQL_INSPECT_H

#include "sql.h"

/* The engine's callbacks "inspect" and "can_transaction". */
int inspect_applied(struct ddb_call *call,
                    int (*each)(void *arg, const struct ddb_finding *finding), void *arg);
int inspect_transactions(struct ddb_call *call, const char *const *ids);

#endif
