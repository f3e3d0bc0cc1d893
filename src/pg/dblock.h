/*
 * dblock - one deployment at a time: an advisory lock on its own session.
 *
 * The session is in autocommit and polls pg_try_advisory_lock: a blocked waiter would deadlock
 * CREATE INDEX CONCURRENTLY, and an open transaction would make it hang. The lock dies with the
 * process. The session's application_name says who holds it: "deploy-db RUN USER@HOST STEP", cut at
 * 63 bytes. The key is (0x64646231, hash of the database's name). Changes: the lock.
 */
#ifndef PG_DBLOCK_H
#define PG_DBLOCK_H

#include "pg/db.h"

struct dblock;

/* dblock_take(target, run, wait_ms, lock, err): try now and then every 250 ms until ${wait_ms} is
 * over. ERR_BUSY: the primary sentence names the holder (run, user@host, step), the detail its pid,
 * client address and since when. Announces once through the log that it waits, and for whom. */
int dblock_take(const struct db_target *target, const char *run, int64_t wait_ms,
                struct dblock **lock, struct err *err) CHECK;

/* dblock_take_swap(target, database, run, lock, err): the same lock, but held in the maintenance
 * ${database}, without waiting: while two databases exchange their names nobody can be connected to
 * the one that is deployed to. Taken by whoever closes it or opens it again. */
int dblock_take_swap(const struct db_target *target, const char *database, const char *run,
                     struct dblock **lock, struct err *err) CHECK;

/* dblock_look_swap(target, database, err): whether somebody holds that lock, without taking it: ERR_BUSY says
 * who, as above. */
int dblock_look_swap(const struct db_target *target, const char *database, struct err *err) CHECK;

/* dblock_step(lock, step): show ${step} to the one who waits. Failures are ignored. */
void dblock_step(struct dblock *lock, const char *step);

/* dblock_check(lock, err): whether we still hold it. ERR_INTERNAL when the session is gone. */
int dblock_check(struct dblock *lock, struct err *err) CHECK;

/* dblock_session(lock): its session, for queries outside of a transaction while nobody else may be
 * connected; it ends with the lock. */
struct db *dblock_session(const struct dblock *lock);

/* dblock_pooled(target, pooled, err): whether a transaction-mode pooler stands between: session
 * state set in one transaction is missing in the next. */
int dblock_pooled(const struct db_target *target, bool *pooled, struct err *err) CHECK;

void dblock_free(struct dblock *lock); /* releases; NULL is fine */

#endif
