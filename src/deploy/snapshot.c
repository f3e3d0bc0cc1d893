/* snapshot - see snapshot.h. */
#include "deploy/snapshot.h"

#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/progress.h"
#include "deploy/encryption.h"
#include "deploy/meta.h"
#include "deploy/ship.h"
#include "deploy/snapshot_copy.h"
#include "deploy/snapshot_describe.h"
#include "deploy/stores.h"
#include "deploy/verification.h"
#include "pg/copy_plan.h"

/* How often a snapshot is exported anew, because another session has exchanged a table between that
 * and our lock; and how long that lock is waited for: it stops nobody. */
enum { EXPORTS_MAX = 3, LOCK_WAIT_MS = 60000 };

/* What is written while the exported snapshot is held. */
struct taking {
    struct run *run;
    struct services *services;
    struct services storing; /* the same for the stores: chunks are written by other threads */
    struct db *db; /* holds the exported snapshot */
    char exported[64];
    struct stores_file *file;
    struct bundle_out out;
    struct encryption *encryption; /* NULL: none */
    struct bundle_writer *writer;
    struct err *err;
    struct copy_plan tables;
    int jobs;
    size_t chunk_bytes;
    struct snapshot_describe *description;
    struct snapshot_told *told; /* NULL: the plugin does not tell of rows, or its session prints them otherwise */
    const char *fingerprint;
};

/* --- the moment ---------------------------------------------------------------------------------- */

/* Only what the plugin can load around is ours to copy. */
static int64_t copy_threshold(const struct services *services)
{
    const struct ddb_snapshot *plugin = &services->snapshot.plugin->snapshot;

    if (plugin->restore_section == NULL || plugin->table_rows == NULL)
        return -1;
    return services->env->snapshot.copy_threshold;
}

/* A tool that is too old would write a snapshot that cannot be restored. */
static int check_tool(struct services *services, const struct db *db, struct err *err)
{
    struct ddb_call call = services_begin(services, &services->snapshot, err);
    const struct ddb_snapshot *plugin = &services->snapshot.plugin->snapshot;

    if (plugin->preflight == NULL)
        return 0;
    return services_end(&call, plugin->preflight(&call, db_server_version(db)), "preflight",
                        ERR_PREPARE);
}

/* Export a snapshot and lock the tables that it sees, while another thread begins to describe it. */
static int take_hold(struct taking *taking)
{
    const int64_t threshold = copy_threshold(taking->services);
    const char *changed;

    taking->services->server_version = db_server_version(taking->db);
    for (int i = 0; i < EXPORTS_MAX; i++) {
        if (db_export_snapshot(taking->db, taking->exported, taking->err) != 0 ||
            snapshot_describe_start(taking->run, taking->exported, LOCK_WAIT_MS,
                                    &taking->description, taking->err) != 0 ||
            (i == 0 && check_tool(taking->services, taking->db, taking->err) != 0) ||
            copy_plan_take(taking->db, taking->services->arena, threshold, LOCK_WAIT_MS,
                           &taking->tables, &changed, taking->err) != 0)
            return -1;
        if (changed == NULL)
            return FAULT("snapshot.held")
                       ? err_set(taking->err, ERR_PREPARE, "fault point snapshot.held")
                       : 0;
        snapshot_describe_end(taking->description);
        taking->description = NULL;
        db_end_snapshot(taking->db);
        log_warning("table %s was rewritten, renamed or dropped while the snapshot began; "
                    "beginning again", changed);
    }
    err_set(taking->err, ERR_PREPARE,
            "tables are rewritten, renamed or dropped too often for a snapshot: %s, for one",
            changed);
    return err_hint(taking->err, "Take the snapshot while no TRUNCATE, ALTER TABLE or DROP TABLE runs "
                                 "every few seconds.");
}

/* --- what is written ----------------------------------------------------------------------------- */

/* The plugin's sink. Its member begins with its first bytes: until then the description may still be
 * read, which stands before it. Failures go where those of the plugin's call do. */
struct sink {
    struct taking *taking;
    struct err *err;
    const char *member; /* begun by the plugin, not yet in the bundle; NULL: none */
    bool described;
};

static int describe(struct sink *sink)
{
    struct taking *taking = sink->taking;

    if (sink->described)
        return 0;
    sink->described = true;
    return snapshot_describe_put(taking->description, taking->writer, &taking->fingerprint,
                                 sink->err);
}

static int begin_member(struct sink *sink)
{
    const char *member = sink->member;

    sink->member = NULL;
    if (describe(sink) != 0)
        return -1;
    return member != NULL ? bundle_begin(sink->taking->writer, member, sink->err) : 0;
}

static int sink_begin(void *self, const char *member)
{
    struct sink *sink = self;

    sink->member = arena_strdup(sink->taking->services->arena, member);
    return 0;
}

static int sink_write(void *self, const void *data, size_t n)
{
    struct sink *sink = self;

    if (FAULT("snapshot.middle"))
        return err_set(sink->err, ERR_PREPARE, "fault point snapshot.middle");
    if (begin_member(sink) != 0)
        return -1;
    return bundle_write(sink->taking->writer, data, n, sink->err);
}

static int sink_end(void *self)
{
    struct sink *sink = self;

    return begin_member(sink) != 0 ? -1 : bundle_end(sink->taking->writer, sink->err);
}

static int sink_rows_begin(void *self, const char *schema, const char *name, const char *columns)
{
    struct sink *sink = self;

    snapshot_told_begin(sink->taking->told, schema, name, columns);
    return 0;
}

static int sink_rows(void *self, const char *text, size_t n)
{
    struct sink *sink = self;

    snapshot_told_rows(sink->taking->told, text, n);
    return 0;
}

static int sink_rows_end(void *self)
{
    struct sink *sink = self;

    snapshot_told_end(sink->taking->told);
    return 0;
}

/* Since 1.3 a plugin can tell of rows. */
static bool can_tell(const struct taking *taking)
{
    return (taking->services->snapshot.plugin->table.abi & 0xffff) >= 3 && taking->tables.as_ours;
}

static int write_rest(struct taking *taking, struct err *err)
{
    struct services *services = taking->services;
    struct ddb_call call = services_begin(services, &services->snapshot, err);
    struct sink self = {.taking = taking, .err = err};
    int rc;
    const struct ddb_sink sink = {
        .size = sizeof sink,
        .begin = sink_begin,
        .write = sink_write,
        .end = sink_end,
        .self = &self,
        .rows_begin = taking->told != NULL ? sink_rows_begin : NULL,
        .rows = sink_rows,
        .rows_end = sink_rows_end,
    };

    rc = services_end(&call, services->snapshot.plugin->snapshot.take(&call, &sink), "take",
                      ERR_PREPARE);
    return rc != 0 ? rc : describe(&self);
}

/* Without the session that holds the locks, a table that was read late may have been emptied before. */
static int check_hold(struct taking *taking)
{
    if (db_alive(taking->db))
        return 0;
    return err_set(taking->err, ERR_PREPARE,
                   "the session that held the tables' locks was lost while they were copied");
}

/* Somebody may wait for a table that we have locked, and the plugin and the workers behind them. */
static int name_blockers(struct taking *taking)
{
    if (!cancel_requested())
        copy_plan_blockers(taking->db, taking->err);
    return -1;
}

/* The plugin in this thread, the workers and the description in theirs; the failure of one ends the others. */
static int write_data(struct taking *taking)
{
    struct services *services = taking->services;
    const struct snapshot_copy_options options = {
        .target = services->target,
        .exported = taking->exported,
        .plan = &taking->tables,
        .told = taking->told,
        .writer = taking->writer,
        .level = services->env->snapshot.compression_level,
        .jobs = taking->jobs,
        .chunk_bytes = taking->chunk_bytes,
    };
    struct err rest = ERR_INIT;
    struct snapshot_copy *copy;
    int rc;

    if (snapshot_copy_start(&options, &copy, taking->err) != 0)
        return -1;
    services->exported = taking->exported;
    services->exclude_table_data = copy_plan_patterns(&taking->tables, services->arena);
    services->stopped = snapshot_copy_failed;
    services->stopped_arg = copy;
    rc = write_rest(taking, &rest);
    services->exported = NULL;
    services->exclude_table_data = NULL;
    services->stopped = NULL;
    if (rc != 0)
        snapshot_copy_stop(copy);
    if (snapshot_copy_end(copy, taking->err) != 0)
        return name_blockers(taking);
    if (rc == 0)
        return check_hold(taking);
    *taking->err = rest;
    return name_blockers(taking);
}

static bool has_own(const struct copy_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++)
        if (plan->tables[i].own)
            return true;
    return false;
}

/* Everything between the snapshot's moment and the durable file. Beside the workers, one thread
 * compresses what is left. */
static int write_bundle(struct taking *taking, struct snapshot_result *result)
{
    const struct env *env = taking->services->env;
    const struct bundle_out stores = stores_out(taking->file);
    int rc;

    if (encryption_begin(taking->services, &stores, &taking->encryption, &taking->out,
                         taking->err) != 0 ||
        bundle_create(&taking->out, env->snapshot.compression_level,
                      has_own(&taking->tables) ? 1 : env->snapshot.jobs, &taking->writer,
                      taking->err) != 0) {
        encryption_abandon(taking->encryption);
        stores_abort(taking->file);
        return -1;
    }
    taking->told = can_tell(taking) ? snapshot_told_new(&taking->tables) : NULL;
    rc = write_data(taking);
    snapshot_told_free(taking->told);
    if (rc != 0) {
        progress_end();
        bundle_abandon(taking->writer);
        encryption_abandon(taking->encryption);
        stores_abort(taking->file);
        return -1;
    }
    progress_end();
    rc = bundle_finish(taking->writer, &result->raw_bytes, &result->bytes, taking->err);
    if (rc != 0)
        encryption_abandon(taking->encryption);
    else
        rc = encryption_finish(taking->encryption, taking->err);
    result->bytes = encryption_bytes(taking->encryption, result->bytes);
    if (rc != 0 || FAULT("snapshot.commit")) {
        stores_abort(taking->file);
        return rc != 0 ? -1 : err_set(taking->err, ERR_PREPARE, "fault point snapshot.commit");
    }
    return stores_commit(taking->file, &result->store, taking->err);
}

/* From the snapshot's moment to the file that is durable in the stores. */
static int take(struct taking *taking, struct snapshot_result *result)
{
    struct services *services = taking->services;
    const struct env *env = services->env;
    int rc = -1;

    taking->jobs = env->snapshot.jobs;
    taking->storing = *services;
    taking->storing.arena = arena_new();
    if (snapshot_copy_fit(env->snapshot.max_memory, env->snapshot.compression_level, &taking->jobs,
                          &taking->chunk_bytes, taking->err) == 0 &&
        db_open(services->target, NULL, DB_READ, &taking->db, taking->err) == 0 &&
        take_hold(taking) == 0 &&
        stores_create(&taking->storing, result->name, &taking->file, taking->err) == 0) {
        rc = write_bundle(taking, result);
        db_end_snapshot(taking->db);
    }
    snapshot_describe_end(taking->description);
    db_close(taking->db);
    arena_free(taking->storing.arena);
    return rc;
}

int snapshot_refuse(const struct services *services, struct err *err)
{
    if (services->takes_files)
        return 0;
    err_set(err, ERR_REFUSED, "environment \"%s\" takes no snapshot that is kept: plugin \"%s\" makes a "
                              "copy for the time of a deployment",
            services->env->name, services->clone.plugin->table.name);
    return err_hint(err, "Write snapshot.plugin = [\"%s\", \"pgdump\"]; to have both.",
                    services->clone.plugin->table.name);
}

int snapshot_take(struct run *run, struct snapshot_result *result, struct err *err)
{
    struct services *services = run->services;
    struct taking taking = {.run = run, .services = services, .err = err};
    struct verification verification;
    const bool blind = encryption_is_blind(services);
    int64_t started = clock_mono_ms();
    int rc;

    *result = (struct snapshot_result){0};
    result->name = arena_printf(run->arena, "%s-%s.tar%s", run->env->name, run->id,
                                encryption_suffix(services));
    result->verified = blind ? "written" : run->env->snapshot.verify;
    if (run->journal != NULL && journal_note(run->journal, "snapshot", result->name, err) != 0)
        return -1;
    rc = take(&taking, result);
    if (rc == 0 && blind)
        rc = encryption_prove(services, taking.encryption, result->store, result->name, err);
    else if (rc == 0)
        rc = verification_prove(run, result->store, result->name,
                                evidence_level(run->env->snapshot.verify), &verification, err);
    if (rc != 0)
        ship_abort(services, result->name);
    else
        rc = ship_await(run, result->name, err);
    if (rc == 0 && !blind) /* what was not opened is not verified */
        verification_record(run, &verification);
    if (rc != 0) {
        err_as(err, ERR_PREPARE);
        return err_wrap(err, "could not take the snapshot");
    }
    result->elapsed_ms = clock_mono_ms() - started;
    result->place = stores_place(services, result->store, result->name);
    run->snapshot = result->name;
    run->snapshot_fingerprint = taking.fingerprint;
    run->snapshot_bytes = result->bytes;
    run->store = result->store;
    return 0;
}

static void show_verifying(void *arg, int64_t done, int64_t total)
{
    (void)arg;
    progress_set("verifying the snapshot", done, total, 1);
}

int snapshot_verify(struct services *services, const char *label, const char *name,
                    const char *level, int64_t *size_bytes, struct err *err)
{
    const struct ddb_snapshot *plugin = &services->snapshot.plugin->snapshot;
    struct stored_bundle stored;
    struct meta meta;
    int rc;

    if (stores_open(services, label, name, &stored, err) != 0)
        return -1;
    if (size_bytes != NULL)
        *size_bytes = stored.size_bytes;
    rc = meta_parse(services->arena, stored.bundle.meta, &meta, err);
    if (rc == 0 && strcmp(level, "full") == 0) {
        rc = bundle_verify(&stored.bundle, services->env->snapshot.jobs, show_verifying, NULL, err);
        if (rc == 0 && plugin->verify != NULL) {
            struct ddb_call call = services_begin(services, &services->snapshot, err);

            rc = services_end(&call, plugin->verify(&call, stores_source(&stored, err)), "verify",
                              ERR_PREPARE);
        }
        progress_end();
    }
    stores_close(&stored);
    return rc == 0 ? 0 : err_wrap(err, "snapshot \"%s\" failed its verification", name);
}
