/* snapshot_copy - see snapshot_copy.h. */
#include "deploy/snapshot_copy.h"

#include <stdatomic.h>
#include <string.h>

#include "base/cancel.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/thread.h"
#include "bundle/chunk.h"
#include "deploy/snapshot_ranges.h"
#include "pg/copy.h"

/* A lost session is replaced so many times for one range. */
enum { RETRIES = 2 };

/* The program itself, its catalog of the database, and what else is not counted. */
#define PROGRAM_BYTES ((int64_t)32 << 20)

/* A table that pg_dump keeps is read once more for its hash where that costs little. */
#define HASHED_BYTES ((int64_t)16 << 20)

/* What came of a table that was read. */
struct outcome {
    struct rowhash rows;
    atomic_uint chunks;
};

struct snapshot_copy {
    const struct snapshot_copy_options *options;
    bool *skip; /* tables that are not read, or not now */
    struct snapshot_range *ranges;
    size_t n_ranges;
    int64_t bytes; /* of all tables */
    pthread_mutex_t mutex; /* for what follows */
    size_t next;
    int64_t done_bytes;
    struct outcome *outcomes; /* one for each table */
    struct err err; /* the first failure */
    atomic_bool stop;
    pthread_t *threads;
    size_t n_threads;
};

struct worker {
    struct snapshot_copy *copy;
    struct db *db;
    struct chunk *chunk;
    struct rowhash rows; /* of the range at hand, in chunks that were handed over */
    struct rowhash again; /* after a lost session: of the rows that are in them, read again */
};

/* --- one range ----------------------------------------------------------------------------------- */

static const struct copy_table *table_of(const struct snapshot_copy *copy,
                                         const struct snapshot_range *range)
{
    return &copy->options->plan->tables[range->table];
}

static bool is_stopped(void *arg)
{
    struct worker *worker = arg;

    return atomic_load_explicit(&worker->copy->stop, memory_order_relaxed);
}

/* A row that is in a chunk already must come again as it was: one snapshot, one order of pages. */
static int skip_row(struct worker *worker, const char *line, size_t n, struct err *err)
{
    rowhash_line(&worker->again, line, n - 1);
    if (worker->again.rows == worker->rows.rows &&
        (worker->again.low != worker->rows.low || worker->again.high != worker->rows.high))
        return err_set(err, ERR_PREPARE, "the rows came in another order when they were read again");
    return 0;
}

static int take_row(void *arg, const char *line, size_t n, struct err *err)
{
    struct worker *worker = arg;

    if (is_stopped(worker) || cancel_requested())
        return err_set(err, ERR_PREPARE, "cancelled");
    if (worker->again.rows < worker->rows.rows)
        return skip_row(worker, line, n, err);
    if (FAULT("snapshot.row"))
        return err_set(err, ERR_PREPARE, "fault point snapshot.row");
    return chunk_row(worker->chunk, line, n, err);
}

static unsigned next_chunk(void *arg)
{
    struct outcome *outcome = arg;

    return atomic_fetch_add(&outcome->chunks, 1);
}

/* Whether the rows are read, instead of counted by the server. */
static bool is_read(const struct copy_table *table)
{
    return table->own || (table->comparable && table->bytes <= HASHED_BYTES);
}

/* Once: with the session at hand, or a new one. */
static int try_range(struct worker *worker, const struct snapshot_range *range, struct err *err)
{
    const struct snapshot_copy_options *options = worker->copy->options;
    const struct copy_table *table = table_of(worker->copy, range);
    const struct copy_sink sink = {.row = take_row, .stopped = is_stopped, .arg = worker};
    auto_buf struct buf source = {0};

    worker->again = (struct rowhash){0};
    chunk_begin(worker->chunk, table->own, table->oid, next_chunk,
                &worker->copy->outcomes[range->table]);
    if (worker->db == NULL &&
        copy_open(options->target, NULL, options->exported, &worker->db, err) != 0)
        return -1;
    if (!is_read(table))
        return copy_count(worker->db, table->quoted, &worker->rows.rows, err);
    copy_source(table->quoted, table->columns, range->from, range->to, &source);
    if (copy_rows(worker->db, buf_text(&source), &sink, err) != 0 || chunk_end(worker->chunk, err) != 0)
        return -1;
    if (worker->again.rows < worker->rows.rows)
        return err_set(err, ERR_PREPARE, "there were fewer rows when they were read again");
    rowhash_merge(&worker->rows, chunk_taken(worker->chunk));
    return 0;
}

/* A session may be lost while the snapshot is not: what was not handed over is read again. */
static int copy_range(struct worker *worker, const struct snapshot_range *range, struct err *err)
{
    const struct copy_table *table = table_of(worker->copy, range);

    worker->rows = (struct rowhash){0};
    for (int attempt = 0;; attempt++) {
        if (try_range(worker, range, err) == 0)
            return 0;
        if (!copy_lost(err) || attempt == RETRIES || is_stopped(worker) || cancel_requested())
            return err_wrap(err, "could not copy table %s", table->quoted);
        rowhash_merge(&worker->rows, chunk_stored(worker->chunk));
        log_warning("table %s is read again: %s", table->quoted, err->primary);
        db_close(worker->db);
        worker->db = NULL;
        err_clear(err);
    }
}

/* --- the workers --------------------------------------------------------------------------------- */

static const struct snapshot_range *next_range(struct snapshot_copy *copy)
{
    const struct snapshot_range *range = NULL;

    pthread_mutex_lock(&copy->mutex);
    if (!atomic_load(&copy->stop) && copy->next < copy->n_ranges)
        range = &copy->ranges[copy->next++];
    pthread_mutex_unlock(&copy->mutex);
    return range;
}

static void note_done(struct worker *worker, const struct snapshot_range *range)
{
    struct snapshot_copy *copy = worker->copy;
    const struct copy_table *table = table_of(copy, range);
    const int64_t pages = (range->to > 0 ? range->to : table->pages) - range->from;
    int64_t done;

    pthread_mutex_lock(&copy->mutex);
    rowhash_merge(&copy->outcomes[range->table].rows, &worker->rows);
    copy->done_bytes += pages * copy->options->plan->page_bytes;
    done = copy->done_bytes;
    pthread_mutex_unlock(&copy->mutex);
    progress_set("copying tables", done, copy->bytes, 1);
}

static void note_failure(struct snapshot_copy *copy, const struct err *err)
{
    pthread_mutex_lock(&copy->mutex);
    if (!atomic_load(&copy->stop)) /* else it was stopped, which is no reason of its own */
        copy->err = *err;
    atomic_store(&copy->stop, true);
    pthread_mutex_unlock(&copy->mutex);
}

static void *work(void *arg)
{
    struct worker *worker = mem_alloc(sizeof *worker);
    struct snapshot_copy *copy = arg;
    const struct snapshot_range *range;
    struct err err = ERR_INIT;

    thread_yields_to_others();
    worker->copy = copy;
    worker->chunk =
        chunk_new(copy->options->writer, copy->options->level, copy->options->chunk_bytes);
    while ((range = next_range(copy)) != NULL && copy_range(worker, range, &err) == 0)
        note_done(worker, range);
    if (err.code != ERR_NONE)
        note_failure(copy, &err);
    chunk_free(worker->chunk);
    db_close(worker->db);
    mem_free(worker);
    return NULL;
}

/* --- the whole ----------------------------------------------------------------------------------- */

int snapshot_copy_fit(int64_t max_memory, int level, int *jobs, size_t *chunk_bytes,
                      struct err *err)
{
    const int64_t others = PROGRAM_BYTES + bundle_memory(level, 1);
    const int64_t least = chunk_memory(level, CHUNK_BYTES_MIN);

    for (; *jobs > 0; --*jobs) {
        const int64_t room = (max_memory - others) / *jobs - chunk_memory(level, 0);

        if (room >= CHUNK_BYTES_MIN) {
            *chunk_bytes = room < CHUNK_BYTES_MAX ? (size_t)room : CHUNK_BYTES_MAX;
            return 0;
        }
    }
    err_set(err, ERR_PREPARE, "snapshot.max_memory is %lld MiB, and a snapshot needs %lld MiB",
            (long long)(max_memory >> 20), (long long)((others + least + (1 << 20) - 1) >> 20));
    return err_hint(err, "Raise snapshot.max_memory, or lower snapshot.compression_level.");
}

/* Workers for the tables that are not skipped. One that cannot be started is a failure of the whole. */
static void start_workers(struct snapshot_copy *copy)
{
    const size_t jobs = (size_t)copy->options->jobs;
    size_t wanted;

    mem_free(copy->ranges);
    copy->ranges = snapshot_ranges(copy->options->plan, copy->skip, (int)jobs, &copy->n_ranges);
    copy->next = 0;
    wanted = copy->n_ranges < jobs ? copy->n_ranges : jobs;
    for (copy->n_threads = 0; copy->n_threads < wanted; copy->n_threads++) {
        struct err failure = ERR_INIT;

        if (thread_start(&copy->threads[copy->n_threads], work, copy, ERR_PREPARE, &failure) != 0) {
            note_failure(copy, &failure);
            return;
        }
    }
}

static void join_workers(struct snapshot_copy *copy)
{
    for (size_t i = 0; i < copy->n_threads; i++)
        pthread_join(copy->threads[i], NULL);
    copy->n_threads = 0;
}

int snapshot_copy_start(const struct snapshot_copy_options *options, struct snapshot_copy **out,
                        struct err *err)
{
    const struct copy_plan *plan = options->plan;
    struct snapshot_copy *copy = mem_alloc(sizeof *copy);

    copy->options = options;
    pthread_mutex_init(&copy->mutex, NULL);
    atomic_init(&copy->stop, false);
    copy->outcomes = mem_alloc((plan->n + 1) * sizeof *copy->outcomes);
    copy->threads = mem_alloc((size_t)options->jobs * sizeof *copy->threads);
    copy->skip = mem_alloc((plan->n + 1) * sizeof *copy->skip);
    for (size_t i = 0; i < plan->n; i++) {
        copy->skip[i] = snapshot_told_expected(options->told, i);
        if (!copy->skip[i])
            copy->bytes += plan->tables[i].pages * plan->page_bytes;
    }
    start_workers(copy);
    *out = copy;
    return atomic_load(&copy->stop) ? snapshot_copy_end(copy, err) : 0;
}

/* Tables that the plugin was expected to tell of, and did not. */
static void read_rest(struct snapshot_copy *copy)
{
    const struct copy_plan *plan = copy->options->plan;
    const struct snapshot_told *told = copy->options->told;
    size_t n = 0;

    for (size_t i = 0; i < plan->n; i++) {
        copy->skip[i] = !snapshot_told_expected(told, i) || snapshot_told_of(told, i) != NULL;
        n += !copy->skip[i];
    }
    if (n == 0)
        return;
    log_detail("reading %zu table%s once more: the snapshot plugin did not tell of their rows", n,
               n == 1 ? "" : "s");
    start_workers(copy);
    join_workers(copy);
}

bool snapshot_copy_failed(void *copy)
{
    struct snapshot_copy *all = copy;

    return atomic_load(&all->stop);
}

void snapshot_copy_stop(struct snapshot_copy *copy)
{
    atomic_store(&copy->stop, true);
}

static void add_tables(const struct snapshot_copy *copy)
{
    const struct copy_plan *plan = copy->options->plan;

    for (size_t i = 0; i < plan->n; i++) {
        const struct copy_table *table = &plan->tables[i];
        auto_buf struct buf source = {0};
        char hex[ROWHASH_DIGITS + 1];
        const struct rowhash *told = snapshot_told_of(copy->options->told, i);
        const struct rowhash *rows = told != NULL ? told : &copy->outcomes[i].rows;
        const bool hashed = told != NULL ? table->comparable : is_read(table);

        rowhash_hex(rows, hex);
        buf_addf(&source, "%s %s", table->quoted, table->columns);
        bundle_table(copy->options->writer,
                     &(struct bundle_table){.schema = table->schema,
                                            .name = table->name,
                                            .rows = table->moves ? -1 : rows->rows,
                                            .hash = hashed ? hex : "",
                                            .copy = table->own ? buf_text(&source) : NULL,
                                            .oid = table->oid});
    }
}

int snapshot_copy_end(struct snapshot_copy *copy, struct err *err)
{
    int rc = 0;

    join_workers(copy);
    if (!atomic_load(&copy->stop))
        read_rest(copy);
    if (copy->err.code != ERR_NONE) {
        *err = copy->err;
        rc = -1;
    } else if (!atomic_load(&copy->stop)) {
        add_tables(copy);
    }
    pthread_mutex_destroy(&copy->mutex);
    mem_free(copy->skip);
    mem_free(copy->ranges);
    mem_free(copy->outcomes);
    mem_free(copy->threads);
    mem_free(copy);
    return rc;
}
