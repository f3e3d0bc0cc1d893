/*
 * inuse - what is being used, by name, told to every machine: shared and exclusive advisory locks in
 * the maintenance database, which die with their session.
 *
 * Whoever restores a snapshot shares its name; whoever would remove it must claim the name first. A
 * scratch database is named after its run, which shares the name of that database as long as it lives:
 * one whose name can be claimed is left behind. The key is (0x64646232, the server's hash of the name);
 * two names of one hash are in each other's way, no more. Changes: locks.
 */
#ifndef PG_INUSE_H
#define PG_INUSE_H

#include "pg/db.h"

/* inuse_share(db, name, err): until inuse_release or the end of the session; waits 5 s for who has
 * claimed it. ERR_PREPARE names it. */
int inuse_share(struct db *db, const char *name, struct err *err) CHECK;

/* inuse_claim(db, name, claimed, err): try once; false while anybody uses it. */
int inuse_claim(struct db *db, const char *name, bool *claimed, struct err *err) CHECK;

/* inuse_release(db, name), inuse_unclaim(db, name): give it back, also when a cancel was requested. */
void inuse_release(struct db *db, const char *name);
void inuse_unclaim(struct db *db, const char *name);

/* inuse_run(db, run, alive, err): whether a session of run ${run} is connected to the server. */
int inuse_run(struct db *db, const char *run, bool *alive, struct err *err) CHECK;

#endif
