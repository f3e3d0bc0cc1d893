/*
 * pins - which snapshots somebody needs now: unfinished runs, known from the journals of this machine and
 * from the database's ledger, and restores that are under way on any machine.
 */
#ifndef DEPLOY_PINS_H
#define DEPLOY_PINS_H

#include "deploy/services.h"

struct pins;

/* pins_open(services, pins, err): read the journals and the database's ledger. Where that database, its
 * ledger, or the maintenance database cannot be read, who needs what is not known: that is a failure.
 * Heap and sessions: pins_close. Changes: nothing. */
int pins_open(struct services *services, struct pins **pins, struct err *err) CHECK;
void pins_close(struct pins *pins); /* NULL is fine */

/* pins_reason(pins, snapshot, run): why snapshot ${snapshot}, taken by ${run}, is needed; NULL: it is
 * not. In the services' arena. */
const char *pins_reason(const struct pins *pins, const char *snapshot, const char *run);

/* pins_knows(pins, run): whether ${run} is known to be of this environment, from a journal of this machine or
 * from the ledger. */
bool pins_knows(const struct pins *pins, const char *run);

/* pins_alive(pins, run, alive, err): whether ${run} may still be at work. */
int pins_alive(const struct pins *pins, const char *run, bool *alive, struct err *err) CHECK;

/* pins_claim(pins, snapshot, claimed, err): before it is removed: false while anybody restores it.
 * pins_unclaim gives it back. */
int pins_claim(const struct pins *pins, const char *snapshot, bool *claimed, struct err *err) CHECK;
void pins_unclaim(const struct pins *pins, const char *snapshot);

#endif
