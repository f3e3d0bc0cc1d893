/*
 * settle - undo what half-applied revisions have left in the database.
 */
#ifndef SQL_SETTLE_H
#define SQL_SETTLE_H

#include "sql.h"

/* settle_all(call): the engine's callback. The opposite section of each such revision is run. A
 * statement is passed over, with a line in the log, that removes what was not made, or that the
 * server refuses because what it removes is not there, or what it makes is. Statements that may
 * change data are a failure. It may be cut off and begun again. Whether that brought the database
 * back is for the caller to prove. Where it is proven already (the fact "as_before"), what this
 * run began is forgotten and nothing is run. Changes: the database. */
int settle_all(struct ddb_call *call);

#endif
