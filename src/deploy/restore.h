/*
 * restore - a snapshot into a fresh database, verified there, and put in the live one's place.
 *
 * Never over a live database: loading a dump there appends rows, rewinds sequences and leaves two
 * version rows. The live database is touched only by the exchange of names at the very end, and is
 * kept under another name.
 */
#ifndef DEPLOY_RESTORE_H
#define DEPLOY_RESTORE_H

#include "bundle/bundle.h"
#include "deploy/meta.h"
#include "deploy/refresh_masks.h"
#include "deploy/run.h"
#include "deploy/stores.h"

/* How the fresh database is to differ from the snapshot (run->filter; NULL there: not at all). */
struct restore_filter {
    const struct dbprops *props; /* its owner, access and settings come from here; NULL: the snapshot */
    struct refresh_masks *masks; /* whose rows are masked or left out; NULL: none */
};

/* restore_catalog(run, bundle, catalog, err): the catalog as the snapshot saw it. */
int restore_catalog(struct run *run, const struct bundle *bundle, struct catalog *catalog,
                    struct err *err) CHECK;

/* restore_fresh(run, database): the name of the fresh database of this run; only such a one is ever
 * dropped. */
const char *restore_fresh(const struct run *run, const char *database);

/* restore_sweep(run, admin, database): drop the fresh databases for ${database} that runs have left which are
 * not alive: nobody goes on with one. A failure is a warning. Changes: databases. */
void restore_sweep(struct run *run, struct db *admin, const char *database);

/* restore_sweep_left(services): the same for the environment's database, outside of a run. */
void restore_sweep_left(struct services *services);

/* restore_begin(run, admin, stored, fresh, meta, catalog, err): what restore_load begins with: ${fresh} is
 * noted, what the server lacks is said, ${fresh} is created, empty. On failure it may be there. ${catalog}
 * gets the snapshot's. Changes: the database ${fresh}. */
int restore_begin(struct run *run, struct db *admin, struct stored_bundle *stored,
                  const char *fresh, struct meta *meta, struct catalog *catalog,
                  struct err *err) CHECK;

/* restore_load(run, admin, label, snapshot, fresh, meta, err): create ${fresh}, load the snapshot
 * from store ${label} (NULL: any that has it), and prove it: catalog fingerprint and version rows as
 * recorded in the snapshot, row counts as in its manifest. On failure ${fresh} is dropped. ${admin}
 * is a session in the maintenance database. Changes: the database ${fresh}. */
int restore_load(struct run *run, struct db *admin, const char *label, const char *snapshot,
                 const char *fresh, struct meta *meta, struct err *err) CHECK;

/* restore_drop(run, fresh, err): nothing came of it: the fresh database goes, whatever was pressed; when
 * it cannot, ${err} gets a detail. Changes: the database ${fresh}. */
void restore_drop(struct run *run, const char *fresh, struct err *err);

/* The phase that the row of a restore, a refresh or an undo has in the fresh database: where the live
 * database has it, the exchange has happened. The row in the database that was live before never does. */
#define RESTORE_EXCHANGE "exchange"

/* restore_enter(run, fresh, phase, err): before the exchange, make the fresh database know of this run,
 * so that whoever finds it after a crash does; runs that were open when the snapshot was taken are
 * marked as replaced. With the phase RESTORE_EXCHANGE the database says from then on that it is this
 * environment's, wherever it came from; one that was only put aside (undo) says what it said.
 * Changes: the schema deploy_db of ${fresh}. */
int restore_enter(struct run *run, const char *fresh, const char *phase, struct err *err) CHECK;

/* restore_swap(run, admin, fresh, aside, err): ${fresh} takes the place of the live database, which
 * is kept as ${aside}, closed. Fills run->written, ends all sessions of the live database, reopens
 * run->db and the lock in the new one; the lock is held in the maintenance database meanwhile, and
 * nothing is cut short by a cancel. When it fails, run->kept_database tells whether the exchange has
 * happened all the same, and run->exchange_unknown that nobody could say; otherwise the live database
 * is open and as it was. Changes: databases. */
int restore_swap(struct run *run, struct db *admin, const char *fresh, const char *aside,
                 struct err *err) CHECK;

/* restore_adopt(run, admin, fresh, name, err): there is no database ${name}: ${fresh} gets that name. On failure
 * ${fresh} is dropped, unless run->exchange_unknown: nobody could say what came of it. Changes: databases. */
int restore_adopt(struct run *run, struct db *admin, const char *fresh, const char *name,
                  struct err *err) CHECK;

/* restore_admin(services, admin, err): a session in the maintenance database. */
int restore_admin(struct services *services, struct db **admin, struct err *err) CHECK;

#endif
