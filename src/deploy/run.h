/*
 * run - one run of a command that changes something: who, what, since when, and what recovery must
 * know of it, in memory, in the journal and in the database's ledger.
 */
#ifndef DEPLOY_RUN_H
#define DEPLOY_RUN_H

#include "deploy/journal.h"
#include "deploy/plan.h"
#include "deploy/services.h"
#include "pg/catalog.h"
#include "pg/dblock.h"
#include "pg/tally.h"

/* The state of the database before the first change: what every way back is proven against. */
struct before {
    bool known;
    char **rows;             /* version rows, sorted; NULL-terminated */
    char fingerprint[65];
    struct catalog catalog;  /* facts NULL when only the fingerprint is known */
    const char *properties;  /* the database's owner, access and settings, as statements */
    char **invalid_indexes;
    struct tally *writes;    /* write counters, to tell what was written since */
    size_t n_writes;
    const char *stats_reset;
};

struct restore_filter;

/* What a table got written since the snapshot. */
struct written {
    const char *schema, *name;
    int64_t inserted, updated, deleted; /* -1: unknown */
};

struct restore_file;

struct run {
    struct arena *arena;
    struct services *services;
    const struct env *env;
    const char *id, *command, *who, *host;
    const char *state_dir; /* STATE/ENV */
    struct journal *journal;
    struct db *db;         /* our session in the live database; NULL while there is none */
    struct dblock *lock;
    bool pooled;           /* a transaction-mode pooler stands between: there is no lock */
    bool in_ledger;
    bool nothing_to_do;
    bool touched;          /* the point of no return was passed */
    const struct restore_file *file; /* of a restore: what comes instead of a snapshot; or NULL */

    const struct restore_filter *filter; /* of a refresh, see restore.h */
    struct goal goal;
    bool with_hooks;       /* the environment's hooks run, "snapshot" among them */
    struct plan plan;
    struct before before;
    char **pending;        /* identifiers; as in the plan, or from the record */
    char **planned;        /* the version rows that the run is to leave */
    const char *target;
    bool lossless, atomic;
    const char *lossy_reason;   /* why not lossless */
    const char *back_reason;    /* what the downgrade would destroy; NULL or "": nothing */
    bool may_restore;           /* preflight found that databases can be created and swapped */
    const char *no_restore_reason;
    const char *snapshot;       /* its name once it is durable; NULL: none */
    int64_t snapshot_bytes;
    const char *snapshot_fingerprint; /* of the catalog, as the snapshot saw it */
    const char *store;          /* label of a store that has it */
    const char *clone;          /* the database that is a copy of before; NULL: none */
    const char *clone_fingerprint; /* of the catalog, as the copy has it */
    int64_t database_bytes;     /* where a copy is to be made */
    bool closed;                /* the live database could not be opened again after it was copied */

    /* what came of it */
    int64_t apply_ms;           /* how long the migrations took; 0 when none ran to the end */
    const char *phase;          /* the phase that failed */
    const char *recovered_by;   /* the rung that worked */
    const char *kept_database;  /* after an exchange: the name of the database that was live */
    bool exchanged;             /* the live database says that this run has put it in its place */
    bool exchange_unknown;      /* whether the exchange has happened could not be found out */
    struct written *written;
    size_t n_written;
    bool written_known;
    struct strvec warnings;
};

/* run_new(services, command): an identifier and who we are; nothing is written. The arena is the
 * services'. */
struct run *run_new(struct services *services, const char *command);

/* run_resume(services, id, command, journal): a run that was begun before; ${journal} NULL: on another
 * machine, so that its journal begins here with run_open_journal. */
struct run *run_resume(struct services *services, const char *id, const char *command,
                       struct journal *journal);

/* run_open_journal(run, err): create the journal and the log file. Changes: files. */
int run_open_journal(struct run *run, struct err *err) CHECK;

/* run_connect(run, wait_ms, err): (re)open the session in the live database, trying for ${wait_ms}
 * while the server starts. */
int run_connect(struct run *run, int64_t wait_ms, struct err *err) CHECK;

/* run_look(run, err): run_connect, the version rows and what there is to do (plan_make of a deployment), the
 * database in a thread while the project's revisions are read. Changes: nothing. */
int run_look(struct run *run, struct err *err) CHECK;

/* run_observe(run, before, err): read rows, catalog, counters of the live database now. */
int run_observe(struct run *run, struct before *before, struct err *err) CHECK;

/* run_enter_ledger(run, db, err): from now on another machine knows of this run: its row in the
 * database of ${db}. Changes: the schema deploy_db there. */
int run_enter_ledger(struct run *run, struct db *db, struct err *err) CHECK;

/* run_phase(run, phase, begin, err): journal, ledger, and the name that a waiting deployment sees. */
int run_phase(struct run *run, const char *phase, bool begin, struct err *err) CHECK;

/* run_end(run, status, outcome): drop the copy of the database, wait for what is still shipped to remote
 * stores, then mark it finished in ledger and journal; failures become warnings. Returns the status. */
int run_end(struct run *run, int status, const char *outcome);

/* run_ended_elsewhere(run, status, outcome, err): the database says that the run has ended, so its journal
 * here must not stand in the way of others: end it too, if there is one that has not. Changes: files. */
int run_ended_elsewhere(struct run *run, int status, const char *outcome, struct err *err) CHECK;

/* run_warn(run, fmt, ...): log a warning and keep it for the report. */
void run_warn(struct run *run, const char *fmt, ...) PRINTF(2, 3);

void run_close(struct run *run); /* sessions, lock, plan; NULL is fine */

/* run_state_dir(services): STATE/ENV, where journals and logs of this environment are. */
const char *run_state_dir(const struct services *services);

#endif
