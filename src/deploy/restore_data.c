/* restore_data - see restore_data.h. */
#include "deploy/restore_data.h"

#include "base/fault.h"
#include "base/progress.h"
#include "deploy/restore_load.h"
#include "deploy/restore_proof.h"
#include "pg/analyze.h"

/* --- beside each other ------------------------------------------------------------------------------ */

/* What the plugin does and what the threads do: a failure of one ends the other, and is the one that is
 * told. */
static int beside(struct run *run, struct stored_bundle *stored, const char *fresh,
                  const char *section, struct workers *workers, void (*tick)(void *arg), void *arg,
                  struct err *err)
{
    struct services *services = run->services;
    struct err plugin = ERR_INIT, threads = ERR_INIT;
    bool stopped;
    int rc, of_threads;

    services->stopped = workers_stopped;
    services->stopped_arg = workers;
    rc = restore_data_section(run, stored, fresh, section, &plugin);
    services->stopped = NULL;
    stopped = rc != 0 && workers_stopped(workers);
    if (rc != 0)
        workers_stop(workers);
    of_threads = workers_wait(workers, tick, arg, &threads);
    progress_end();
    if (rc == 0 && of_threads == 0)
        return 0;
    *err = threads.code != ERR_NONE && (rc == 0 || stopped) ? threads : plugin;
    return err_as(err, ERR_OPERATOR);
}

/* With one session only: one after the other. */
static int load_rows(struct run *run, struct restore_load *load, struct err *err)
{
    const size_t jobs = (size_t)run->env->snapshot.jobs;

    if (load->workers.n_tasks == 0)
        return restore_data_section(run, load->stored, load->fresh, "data", err);
    if (jobs > 1) {
        if (restore_load_start(run, load, jobs, err) != 0 ||
            beside(run, load->stored, load->fresh, "data", &load->workers, restore_load_show, load,
                   err) != 0)
            return -1;
    } else if (restore_data_section(run, load->stored, load->fresh, "data", err) != 0 ||
               restore_load_start(run, load, 1, err) != 0 ||
               workers_wait(&load->workers, restore_load_show, load, err) != 0) {
        return -1;
    }
    progress_end();
    return restore_load_check(load, err);
}

int restore_data_section(struct run *run, struct stored_bundle *stored, const char *fresh,
                         const char *section, struct err *err)
{
    struct services *services = run->services;
    struct ddb_call call = services_begin(services, &services->snapshot, err);
    const struct ddb_snapshot *plugin = &services->snapshot.plugin->snapshot;

    return services_end(&call,
                        plugin->restore_section(&call, stores_source(stored, err), fresh, section),
                        "restore_section", ERR_OPERATOR);
}

/* A plugin of an older interface: all of it at once. */
static int restore_whole(struct run *run, struct restore_load *load, struct err *err)
{
    struct services *services = run->services;
    struct ddb_call call = services_begin(services, &services->snapshot, err);
    const struct ddb_snapshot *plugin = &services->snapshot.plugin->snapshot;

    if (load->workers.n_tasks > 0)
        return err_set(err, ERR_OPERATOR,
                       "plugin \"%s\" cannot restore a snapshot whose rows are in chunks",
                       services->snapshot.plugin->table.name);
    return services_end(&call,
                        plugin->restore(&call, stores_source(load->stored, err), load->fresh),
                        "restore", ERR_OPERATOR);
}

/* Sections: what tables need, then all rows, those that are masked by our own hands. */
static int restore_sections(struct run *run, struct restore_load *load, struct err *err)
{
    struct services *services = run->services;
    const struct bundle *bundle = &load->stored->bundle;
    const char *const *excluded;
    int rc;

    if (restore_data_section(run, load->stored, load->fresh, "pre-data", err) != 0)
        return -1;
    excluded = restore_rows_excluded(run, bundle, load->filter);
    if (run->filter != NULL && restore_rows_salvaged(run, load->fresh, &excluded, err) != 0)
        return -1;
    services->exclude_rows = excluded;
    rc = load_rows(run, load, err);
    services->exclude_rows = NULL;
    return rc == 0 ? restore_rows_load(run, load->stored, load->filter, load->fresh, err)
                   : -1;
}

int restore_data(struct run *run, struct stored_bundle *stored, const struct meta *meta,
                 const char *fresh, struct err *err)
{
    const bool sections = run->services->snapshot.plugin->snapshot.restore_section != NULL;
    struct restore_rows *filter;
    struct restore_load load;
    struct restore_proof *proof = NULL;
    struct workers *workers;

    if (restore_rows_plan(run, &stored->bundle, &filter, err) != 0)
        return -1;
    restore_load_plan(run, stored, meta, filter, fresh, &load);
    if (sections ? restore_sections(run, &load, err) != 0
                 : restore_whole(run, &load, err) != 0)
        return -1;
    progress_end();
    if (FAULT("restore.rows"))
        return err_set(err, ERR_OPERATOR, "fault point restore.rows");
    if (restore_proof_new(run, &stored->bundle, meta, fresh, &proof, &workers, err) != 0)
        return -1;
    if (workers_start(workers, (size_t)run->env->snapshot.jobs, err) != 0)
        return -1;
    if (sections ? beside(run, stored, fresh, "post-data", workers, restore_proof_show, proof,
                          err) != 0
                 : workers_wait(workers, restore_proof_show, proof, err) != 0)
        return -1;
    progress_end();
    return restore_proof_compare(proof, err);
}

/* --- statistics ------------------------------------------------------------------------------------- */

struct analyzing {
    const char *fresh;
    const char *const *tables;
};

static int open_session(struct worker *worker, struct err *err)
{
    const struct analyzing *analyzing = worker->workers->arg;

    return db_open(worker->services.target, analyzing->fresh, DB_WRITE, &worker->db, err);
}

static int analyze_one(struct worker *worker, size_t i, struct err *err)
{
    const struct analyzing *analyzing = worker->workers->arg;

    return analyze_table(worker->db, analyzing->tables[i], err);
}

int restore_data_analyze(struct run *run, const char *fresh, struct err *err)
{
    struct analyzing analyzing = {.fresh = fresh};
    struct workers workers = {.services = run->services,
                              .arg = &analyzing,
                              .open = open_session,
                              .task = analyze_one};
    struct db *db = NULL;
    int rc = db_open(run->services->target, fresh, DB_READ, &db, err);

    if (rc == 0)
        rc = analyze_list(db, run->arena, &analyzing.tables, &workers.n_tasks, err);
    db_close(db);
    if (rc != 0 || workers_start(&workers, (size_t)run->env->snapshot.jobs, err) != 0)
        return -1;
    return workers_wait(&workers, NULL, NULL, err);
}
