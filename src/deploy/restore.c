/* restore - see restore.h. */
#include "deploy/restore.h"

#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/progress.h"
#include "deploy/lists.h"
#include "deploy/restore_check.h"
#include "deploy/restore_data.h"
#include "deploy/stores.h"
#include "deploy/written.h"
#include "pg/dbprops.h"
#include "pg/drift.h"
#include "pg/inuse.h"
#include "pg/ledger.h"
#include "pg/ledger_mark.h"
#include "pg/scratch.h"
#include "pg/swap.h"
#include "pg/versions.h"

static const char FRESH[] = "fresh";

enum { RECONNECT_MS = 15 * 1000, LOCK_MS = 10 * 1000, SHOWN = 12 };

int restore_admin(struct services *services, struct db **admin, struct err *err)
{
    if (db_open(services->target, services->env->maintenance_database, DB_WRITE, admin, err) == 0) {
        services->server_version = db_server_version(*admin);
        return 0;
    }
    err_wrap(err, "could not connect to the maintenance database \"%s\"",
             services->env->maintenance_database);
    return err_hint(err, "Set maintenance_database to a database of the same server that this role "
                         "may connect to.");
}

/* --- loading ---------------------------------------------------------------------------------------- */

int restore_catalog(struct run *run, const struct bundle *bundle, struct catalog *catalog,
                    struct err *err)
{
    struct bundle_stream *stream = NULL;
    auto_buf struct buf text = {0};
    char data[8192];
    ssize_t got;

    if (bundle_read_open(bundle, "catalog.txt", &stream, err) != 0)
        return -1;
    while ((got = bundle_read(stream, data, sizeof data, err)) > 0)
        buf_add(&text, data, (size_t)got);
    bundle_read_close(stream);
    return got < 0 ? -1 : catalog_parse(run->arena, buf_text(&text), catalog, err);
}

static void explain(struct run *run, const struct drift *list, size_t n, bool missing_alone,
                    struct err *err)
{
    size_t shown = 0;

    for (size_t i = 0; i < n && shown < SHOWN; i++)
        if (!missing_alone || drift_is_missing(&list[i])) {
            err_detail(err, "%s", drift_sentence(run->arena, &list[i]));
            shown++;
        }
}

/* Two releases do not word a catalog alike, and a newer one has more to tell: there every object of
 * the snapshot must be here, and what else differs is logged. */
static int compare_catalogs(struct run *run, const struct meta *meta, int server,
                            const struct catalog *expected, const struct catalog *now,
                            struct err *err)
{
    const int taken = meta_major(meta);
    struct drift *list = NULL;
    size_t n = 0, missing = 0;

    if (strcmp(now->fingerprint, meta->fingerprint) == 0)
        return 0;
    drift_compare(run->arena, expected, now, NULL, &list, &n);
    for (size_t i = 0; i < n; i++)
        missing += drift_is_missing(&list[i]);
    if (server == taken || missing > 0) {
        err_set(err, ERR_OPERATOR, "the restored catalog differs from the snapshot's");
        explain(run, list, n, server != taken, err);
        return -1;
    }
    log_info("the server of release %d tells %zu properties of the catalog otherwise than the one of "
             "the snapshot, %s",
             server, n, meta->server_version == NULL ? "an unknown one" : meta->server_version);
    for (size_t i = 0; i < n; i++)
        log_detail("%s", drift_sentence(run->arena, &list[i]));
    return 0;
}

/* Version rows and catalog; restore_data has proven the rows. */
static int prove_restored(struct run *run, const char *fresh, const struct meta *meta,
                          const struct catalog *expected, struct err *err)
{
    const struct conf *conf = run->services->conf;
    struct db *db = NULL;
    struct catalog catalog = {0};
    auto_strvec struct strvec rows = {0};
    bool exists;
    int rc = -1;

    if (db_open(run->services->target, fresh, DB_READ, &db, err) == 0 &&
        dbprops_search_path(db, &meta->props, err) == 0 &&
        versions_read(db, conf->version_table_schema, conf->version_table, &rows, &exists, err) ==
            0 &&
        catalog_read(db, run->arena, conf->version_table_schema, conf->version_table, &catalog,
                     err) == 0)
        rc = 0;
    if (rc == 0 && !lists_equal(arena_list(run->arena, &rows), meta->rows))
        rc = err_set(err, ERR_OPERATOR, "the restored version rows are not the snapshot's");
    if (rc == 0)
        rc = compare_catalogs(run, meta, db_server_version(db) / 10000, expected, &catalog, err);
    db_close(db);
    return rc;
}

/* A fresh database has a schema public; the one that was dumped may have had none. */
static int match_public(struct run *run, const char *fresh, const struct catalog *expected,
                        struct err *err)
{
    struct db *db = NULL;
    int rc;

    for (size_t i = 0; i < expected->n; i++)
        if (strcmp(expected->facts[i].object, "schema public") == 0)
            return 0;
    rc = db_open(run->services->target, fresh, DB_WRITE, &db, err);
    if (rc == 0)
        rc = swap_drop_public(db, err);
    db_close(db);
    return rc;
}

/* A refreshed database has its own owner, tablespace, access and settings, not those of its source. */
static void filter_props(const struct run *run, struct dbprops *props)
{
    const struct dbprops *own = run->filter == NULL ? NULL : run->filter->props;

    if (own == NULL)
        return;
    props->owner = own->owner;
    props->tablespace = own->tablespace;
    props->statements = own->statements;
    props->n = own->n;
}

int restore_begin(struct run *run, struct db *admin, struct stored_bundle *stored,
                  const char *fresh, struct meta *meta, struct catalog *expected, struct err *err)
{
    if (run->journal != NULL && journal_note(run->journal, "fresh", fresh, err) != 0)
        return -1;
    if (meta_parse(run->arena, stored->bundle.meta, meta, err) != 0)
        return -1;
    filter_props(run, &meta->props);
    if (restore_catalog(run, &stored->bundle, expected, err) != 0 ||
        restore_check(run, admin, &stored->bundle, meta, expected, err) != 0 ||
        swap_create(admin, fresh, &meta->props, err) != 0 ||
        match_public(run, fresh, expected, err) != 0 ||
        restore_check_extensions(run, fresh, meta, expected, err) != 0)
        return -1;
    return FAULT("recover.created")
               ? err_set(err, ERR_OPERATOR, "fault point recover.created")
               : 0;
}

static int load(struct run *run, struct db *admin, struct stored_bundle *stored,
                const char *fresh, struct meta *meta, struct err *err)
{
    struct catalog expected = {0};

    if (restore_begin(run, admin, stored, fresh, meta, &expected, err) != 0)
        return -1;
    if (restore_data(run, stored, meta, fresh, err) != 0)
        return -1;
    if (FAULT("recover.loaded"))
        return err_set(err, ERR_OPERATOR, "fault point recover.loaded");
    /* Without statistics the planner would meet production with guesses. */
    if (prove_restored(run, fresh, meta, &expected, err) != 0 ||
        restore_data_analyze(run, fresh, err) != 0)
        return -1;
    return swap_properties(admin, fresh, &meta->props, err);
}

int restore_load(struct run *run, struct db *admin, const char *label, const char *snapshot,
                 const char *fresh, struct meta *meta, struct err *err)
{
    struct stored_bundle stored;
    int64_t started = clock_mono_ms();
    char span[32];

    /* until ${admin} is closed: prune lets it alone so long */
    if (inuse_share(admin, snapshot, err) != 0 ||
        stores_open(run->services, label, snapshot, &stored, err) != 0)
        return -1;
    log_info("restoring snapshot %s into database \"%s\"", snapshot, fresh);
    if (load(run, admin, &stored, fresh, meta, err) != 0) {
        progress_end();
        stores_close(&stored);
        restore_drop(run, fresh, err);
        return err_wrap(err, "could not restore snapshot \"%s\"", snapshot);
    }
    stores_close(&stored);
    log_info("restored and verified in %s: catalog, version rows and tables",
             clock_span(clock_mono_ms() - started, span));
    return 0;
}

/* --- the exchange ----------------------------------------------------------------------------------- */

/* Into the new live database: a session, and the lock. */
static int move_in(struct run *run, struct err *err)
{
    struct err busy = ERR_INIT;

    if (run_connect(run, RECONNECT_MS, err) != 0)
        return -1;
    if (run->lock == NULL &&
        dblock_take(run->services->target, run->id, LOCK_MS, &run->lock, &busy) != 0)
        run_warn(run, "the deployment lock could not be taken again: %s", busy.primary);
    return 0;
}

const char *restore_fresh(const struct run *run, const char *database)
{
    return swap_name(run->arena, database, FRESH, run->id);
}

/* Close the live database, see what was written there, and let the names change places. */
static int exchange(struct run *run, struct db *admin, const char *live, const char *fresh,
                    const char *aside, struct err *err)
{
    struct err later = ERR_INIT;

    if (swap_close(admin, live, run->db == NULL ? 0 : db_pid(run->db), err) != 0)
        return -1;
    if (FAULT("recover.closed"))
        return err_set(err, ERR_OPERATOR, "fault point recover.closed");
    if (run->db != NULL && written_since(run, &later) != 0)
        log_detail("what was written since the snapshot is not known: %s", later.primary);
    db_close(run->db);
    run->db = NULL;
    return swap_rename(admin, live, aside, fresh, err);
}

/* A connection that is lost while the exchange commits does not say what came of it: ask. */
static void find_out(struct run *run, const char *aside)
{
    struct db *admin = NULL;
    struct err err = ERR_INIT;
    bool exists = false;

    if (restore_admin(run->services, &admin, &err) != 0 ||
        swap_exists(admin, aside, &exists, &err) != 0)
        run->exchange_unknown = true;
    db_close(admin);
    if (exists)
        run->kept_database = arena_strdup(run->arena, aside);
}

int restore_adopt(struct run *run, struct db *admin, const char *fresh, const char *name,
                  struct err *err)
{
    struct db *asking = NULL;
    struct err later = ERR_INIT;
    bool left = true;

    if (swap_adopt(admin, fresh, name, err) == 0)
        return 0;
    cancel_mask(true);
    if (restore_admin(run->services, &asking, &later) != 0 ||
        swap_exists(asking, fresh, &left, &later) != 0)
        run->exchange_unknown = true;
    db_close(asking);
    cancel_mask(false);
    if (left && !run->exchange_unknown)
        restore_drop(run, fresh, err);
    if (left)
        return -1;
    log_warning("%s; it is done all the same", err->primary);
    err_clear(err);
    return 0;
}

/* In a session of its own: the one that was to exchange may be what was lost. */
static void reopen(struct run *run, const char *live, struct err *err)
{
    struct db *admin = NULL;
    struct err later = ERR_INIT;

    if (restore_admin(run->services, &admin, &later) != 0 ||
        swap_open(admin, live, &later) != 0) {
        err_detail(err, "database \"%s\" is closed to connections: %s", live, later.primary);
        err_hint(err, "`deploy-db recover %s` opens it again.", run->env->name);
        run->exchange_unknown = true;
    } else if (move_in(run, &later) != 0) {
        err_detail(err, "%s", later.primary);
    }
    db_close(admin);
}

void restore_drop(struct run *run, const char *fresh, struct err *err)
{
    struct db *admin = NULL;
    struct err later = ERR_INIT;

    cancel_mask(true);
    if (restore_admin(run->services, &admin, &later) != 0 || swap_drop(admin, fresh, &later) != 0)
        err_detail(err, "database \"%s\" is left behind: %s", fresh, later.primary);
    db_close(admin);
    cancel_mask(false);
}

static int sweep(struct services *services, struct db *admin, const char *database, struct err *err)
{
    const char **list = NULL;
    size_t n = 0;
    int rc = scratch_list(admin, services->arena, database, FRESH, &list, &n, err);

    for (size_t i = 0; i < n && rc == 0; i++) {
        bool alive = false;

        rc = inuse_run(admin, scratch_run(list[i]), &alive, err);
        if (rc == 0 && !alive && (rc = swap_drop(admin, list[i], err)) == 0)
            log_info("dropped database \"%s\", which a run that was cut off has left", list[i]);
    }
    return rc;
}

void restore_sweep(struct run *run, struct db *admin, const char *database)
{
    struct err err = ERR_INIT;

    if (sweep(run->services, admin, database, &err) != 0)
        run_warn(run, "what runs that were cut off have left stays: %s", err.primary);
}

void restore_sweep_left(struct services *services)
{
    struct err err = ERR_INIT;
    struct db *admin = NULL;

    if (restore_admin(services, &admin, &err) != 0 ||
        sweep(services, admin, db_target_name(services->target), &err) != 0)
        log_detail("what runs that were cut off have left stays: %s", err.primary);
    db_close(admin);
}

static int swap_locked(struct run *run, struct db *admin, const char *fresh, const char *aside,
                       struct err *err)
{
    const char *live = db_target_name(run->services->target);

    if (run->journal != NULL && journal_note(run->journal, "aside", aside, err) != 0)
        return -1;
    dblock_free(run->lock);
    run->lock = NULL;
    if (exchange(run, admin, live, fresh, aside, err) != 0) {
        find_out(run, aside);
        if (run->kept_database == NULL && !run->exchange_unknown)
            reopen(run, live, err);
        if (run->kept_database == NULL && !run->exchange_unknown)
            find_out(run, aside); /* a commit whose session was lost may have come in between */
        if (run->kept_database == NULL)
            return -1;
        err_clear(err);
    }
    run->kept_database = arena_strdup(run->arena, aside);
    if (FAULT("recover.swapped"))
        return err_set(err, ERR_OPERATOR, "fault point recover.swapped");
    return move_in(run, err);
}

int restore_swap(struct run *run, struct db *admin, const char *fresh, const char *aside,
                 struct err *err)
{
    struct dblock *lock = NULL;
    int rc;

    cancel_mask(true);
    rc = dblock_take_swap(run->services->target, run->env->maintenance_database, run->id, &lock,
                          err);
    if (rc == 0)
        rc = swap_locked(run, admin, fresh, aside, err);
    dblock_free(lock);
    cancel_mask(false);
    return rc;
}

int restore_enter(struct run *run, const char *fresh, const char *phase, struct err *err)
{
    const struct ledger_mark mark = {run->env->name, run->env->is_protected};
    const char *record = journal_state(run->journal)->record;
    struct ledger_run row = {0};
    struct db *db = NULL;
    bool found = true;
    int rc = db_open(run->services->target, fresh, DB_WRITE, &db, err);

    while (rc == 0 && found) {
        rc = ledger_open(db, run->arena, &row, &found, err);
        found = rc == 0 && found && strcmp(row.id, run->id) != 0;
        if (found)
            rc = ledger_end(db, row.id, ERR_RESTORED,
                            arena_printf(run->arena, "replaced by run %s", run->id), err);
    }
    if (rc == 0)
        rc = ledger_find(db, run->arena, run->id, &row, &found, err);
    if (rc == 0 && !found)
        rc = run_enter_ledger(run, db, err);
    if (rc == 0 && strcmp(phase, RESTORE_EXCHANGE) == 0 && journal_noted(run->journal, "undo") == NULL)
        rc = ledger_mark_write(db, &mark, err);
    if (rc == 0)
        rc = ledger_update(db, run->id, phase, record, err);
    db_close(db);
    return rc == 0 ? 0 : err_wrap(err, "could not enter the run into database \"%s\"", fresh);
}
