/* restore_data - see restore_data.h. */
#include "deploy/restore_data.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/progress.h"
#include "deploy/restore_proof.h"
#include "deploy/restore_rows.h"
#include "deploy/workers.h"
#include "pg/analyze.h"
#include "pg/copy_in.h"

enum { PIECE_BYTES = 256 * 1024 };

/* One chunk of a table. */
struct piece {
    const struct bundle_member *member;
    unsigned number;
    size_t table;        /* in the bundle's list */
    int64_t table_bytes; /* of all its chunks, decompressed */
};

struct loading {
    struct stored_bundle *stored;
    const char *fresh;
    struct restore_rows *filter; /* of each table: what becomes of its rows */
    struct piece *pieces; /* those of the largest table first */
    size_t n_pieces;
    atomic_llong *rows;   /* of each table, so far */
    atomic_llong bytes;
    int64_t all_bytes;
    struct workers workers;
};

/* What a thread has besides its session. */
struct reader {
    struct stored_bundle stored; /* the bundle through a file of its own */
    char data[PIECE_BYTES];
    struct buf masked;           /* the same, where the table is masked */
};

/* --- which chunks --------------------------------------------------------------------------------- */

static int largest_first(const void *a, const void *b)
{
    const struct piece *left = a, *right = b;

    if (left->table_bytes != right->table_bytes)
        return left->table_bytes > right->table_bytes ? -1 : 1;
    if (left->table != right->table)
        return left->table < right->table ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

/* The tables that are in chunks, by OID. */
struct chunked {
    uint32_t oid;
    size_t table;
};

static int by_oid(const void *a, const void *b)
{
    const struct chunked *left = a, *right = b;

    return left->oid < right->oid ? -1 : left->oid > right->oid;
}

static void list_pieces(struct arena *arena, struct loading *loading)
{
    const struct bundle *bundle = &loading->stored->bundle;
    struct chunked *tables = arena_alloc(arena, (bundle->n_tables + 1) * sizeof *tables);
    int64_t *of_table = arena_alloc(arena, (bundle->n_tables + 1) * sizeof *of_table);
    size_t n = 0;

    for (size_t i = 0; i < bundle->n_tables; i++)
        if (bundle->tables[i].copy != NULL)
            tables[n++] = (struct chunked){bundle->tables[i].oid, i};
    qsort(tables, n, sizeof *tables, by_oid);
    loading->pieces = arena_alloc(arena, (bundle->n_members + 1) * sizeof *loading->pieces);
    for (size_t i = 0; i < bundle->n_members; i++) {
        const struct bundle_member *member = &bundle->members[i];
        struct chunked key = {0}, *found;
        unsigned number;

        if (!bundle_chunk_of(member, &key.oid, &number))
            continue;
        found = bsearch(&key, tables, n, sizeof *tables, by_oid);
        if (found == NULL)
            continue; /* the manifest was refused without its table */
        if (loading->filter[found->table].table != NULL &&
            loading->filter[found->table].table->left_out)
            continue;
        of_table[found->table] += member->raw_bytes;
        loading->all_bytes += member->raw_bytes;
        loading->pieces[loading->n_pieces++] =
            (struct piece){.member = member, .number = number, .table = found->table};
    }
    for (size_t i = 0; i < loading->n_pieces; i++)
        loading->pieces[i].table_bytes = of_table[loading->pieces[i].table];
    qsort(loading->pieces, loading->n_pieces, sizeof *loading->pieces, largest_first);
}

/* --- loading chunks --------------------------------------------------------------------------------- */

static int open_reader(struct worker *worker, struct err *err)
{
    struct loading *loading = worker->workers->arg;
    struct reader *reader = mem_alloc(sizeof *reader);

    worker->own = reader;
    return stores_again(loading->stored, &worker->services, &reader->stored, err) == 0
               ? copy_in_open(worker->services.target, loading->fresh, &worker->db, err)
               : -1;
}

static void close_reader(struct worker *worker)
{
    struct reader *reader = worker->own;

    stores_close(&reader->stored);
    buf_release(&reader->masked);
    mem_free(reader);
}

/* Into the server, through the mask where there is one. */
static int write_piece(struct worker *worker, struct mask_stream *mask, size_t n, struct err *err)
{
    struct reader *reader = worker->own;

    if (mask->mask == NULL)
        return copy_in_write(worker->db, reader->data, n, workers_stopped, worker->workers, err);
    buf_reset(&reader->masked);
    if (mask_feed(mask, reader->data, n, &reader->masked, err) != 0)
        return -1;
    return reader->masked.len == 0 ? 0
                                   : copy_in_write(worker->db, reader->masked.data,
                                                   reader->masked.len, workers_stopped,
                                                   worker->workers, err);
}

static int copy_stream(struct worker *worker, struct bundle_stream *stream, struct mask_stream *mask,
                       struct err *err)
{
    struct loading *loading = worker->workers->arg;
    struct reader *reader = worker->own;
    ssize_t n;

    while ((n = bundle_read(stream, reader->data, sizeof reader->data, err)) > 0) {
        if (FAULT("restore.chunk"))
            return err_set(err, ERR_OPERATOR, "fault point restore.chunk");
        if (write_piece(worker, mask, (size_t)n, err) != 0)
            return -1;
        atomic_fetch_add(&loading->bytes, n);
    }
    return n < 0 ? -1 : mask_finish(mask, err);
}

static int load_piece(struct worker *worker, size_t i, struct err *err)
{
    struct loading *loading = worker->workers->arg;
    struct reader *reader = worker->own;
    const struct piece *piece = &loading->pieces[i];
    const struct bundle_table *table = &loading->stored->bundle.tables[piece->table];
    struct bundle_stream *stream = bundle_read_chunk(&reader->stored.bundle, piece->member);
    const struct restore_rows *filter = &loading->filter[piece->table];
    struct mask_stream mask = {.mask = filter->table == NULL ? NULL : &filter->mask};
    int64_t rows = 0;
    int rc = copy_in_begin(worker->db, table->copy, err);

    if (rc == 0) {
        rc = copy_stream(worker, stream, &mask, err);
        if (rc == 0)
            rc = copy_in_end(worker->db, table->copy, &rows, err);
        else
            copy_in_abandon(worker->db);
    }
    mask_stream_release(&mask);
    bundle_read_close(stream);
    atomic_fetch_add(&loading->rows[piece->table], rows);
    return rc == 0 ? 0 : err_wrap(err, "could not load table \"%s.%s\"", table->schema, table->name);
}

static void show_loading(void *arg)
{
    struct loading *loading = arg;

    progress_set("loading tables", atomic_load(&loading->bytes), loading->all_bytes, 1);
}

/* Every line was taken as a row. */
static int check_rows(const struct loading *loading, struct err *err)
{
    const struct bundle *bundle = &loading->stored->bundle;

    for (size_t i = 0; i < bundle->n_tables; i++) {
        const struct bundle_table *table = &bundle->tables[i];
        struct masked_table *masked = loading->filter[i].table;

        if (table->copy != NULL && masked != NULL)
            masked->rows = atomic_load(&loading->rows[i]);
        if (masked != NULL && masked->left_out)
            continue;
        if (table->copy != NULL && table->rows != atomic_load(&loading->rows[i]))
            return err_set(err, ERR_OPERATOR,
                           "table \"%s.%s\" got %lld rows, the snapshot has %lld", table->schema,
                           table->name, (long long)atomic_load(&loading->rows[i]),
                           (long long)table->rows);
    }
    return 0;
}

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
static int load_rows(struct run *run, struct loading *loading, struct err *err)
{
    const size_t jobs = (size_t)run->env->snapshot.jobs;

    if (loading->n_pieces == 0)
        return restore_data_section(run, loading->stored, loading->fresh, "data", err);
    loading->rows =
        arena_alloc(run->arena, loading->stored->bundle.n_tables * sizeof *loading->rows);
    loading->workers = (struct workers){.services = run->services,
                                        .arg = loading,
                                        .n_tasks = loading->n_pieces,
                                        .open = open_reader,
                                        .task = load_piece,
                                        .close = close_reader};
    if (jobs > 1) {
        if (workers_start(&loading->workers, jobs, err) != 0 ||
            beside(run, loading->stored, loading->fresh, "data", &loading->workers, show_loading,
                   loading, err) != 0)
            return -1;
    } else if (restore_data_section(run, loading->stored, loading->fresh, "data", err) != 0 ||
               workers_start(&loading->workers, 1, err) != 0 ||
               workers_wait(&loading->workers, show_loading, loading, err) != 0) {
        return -1;
    }
    progress_end();
    return check_rows(loading, err);
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
static int restore_whole(struct run *run, struct loading *loading, struct err *err)
{
    struct services *services = run->services;
    struct ddb_call call = services_begin(services, &services->snapshot, err);
    const struct ddb_snapshot *plugin = &services->snapshot.plugin->snapshot;

    if (loading->n_pieces > 0)
        return err_set(err, ERR_OPERATOR,
                       "plugin \"%s\" cannot restore a snapshot whose rows are in chunks",
                       services->snapshot.plugin->table.name);
    return services_end(&call,
                        plugin->restore(&call, stores_source(loading->stored, err), loading->fresh),
                        "restore", ERR_OPERATOR);
}

/* Sections: what tables need, then all rows, those that are masked by our own hands. */
static int restore_sections(struct run *run, struct loading *loading, struct err *err)
{
    struct services *services = run->services;
    const struct bundle *bundle = &loading->stored->bundle;
    const char *const *excluded;
    int rc;

    if (restore_data_section(run, loading->stored, loading->fresh, "pre-data", err) != 0)
        return -1;
    excluded = restore_rows_excluded(run, bundle, loading->filter);
    if (run->filter != NULL && restore_rows_salvaged(run, loading->fresh, &excluded, err) != 0)
        return -1;
    services->exclude_rows = excluded;
    rc = load_rows(run, loading, err);
    services->exclude_rows = NULL;
    return rc == 0 ? restore_rows_load(run, loading->stored, loading->filter, loading->fresh, err)
                   : -1;
}

int restore_data(struct run *run, struct stored_bundle *stored, const struct meta *meta,
                 const char *fresh, struct err *err)
{
    const bool sections = run->services->snapshot.plugin->snapshot.restore_section != NULL;
    struct loading loading = {.stored = stored, .fresh = fresh};
    struct restore_proof *proof = NULL;
    struct workers *workers;

    if (restore_rows_plan(run, &stored->bundle, &loading.filter, err) != 0)
        return -1;
    list_pieces(run->arena, &loading);
    if (sections ? restore_sections(run, &loading, err) != 0
                 : restore_whole(run, &loading, err) != 0)
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
