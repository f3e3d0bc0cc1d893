/*
 * subscriptions - logical replication subscriptions of a database that is about to be dropped.
 *
 * DROP DATABASE refuses a database that has any, and a dump brings them along: disabled, but with the name
 * of the slot that the original reads (sources: PostgreSQL's DROP DATABASE and ALTER SUBSCRIPTION). Here
 * they are parted from their slots first: no publisher is spoken to, no slot is removed.
 */
#ifndef PG_SUBSCRIPTIONS_H
#define PG_SUBSCRIPTIONS_H

#include "pg/db.h"

/* subscriptions_drop(admin, database, err): drop all subscriptions of ${database}, which is reached
 * as ${admin}'s server; without any nothing is done. When it has some it is open to connections afterwards. ERR_REFUSED names
 * one that is enabled: somebody replicates into that database. */
int subscriptions_drop(struct db *admin, const char *database, struct err *err) CHECK;

#endif
