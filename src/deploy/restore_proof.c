/* restore_proof - see restore_proof.h. */
#include "deploy/restore_proof.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/progress.h"
#include "bundle/rowhash.h"
#include "pg/copy.h"
#include "pg/copy_plan.h"

enum { LOCK_WAIT_MS = 60000 };

/* A table is read in ranges of about so many bytes. */
#define RANGE_BYTES ((int64_t)32 << 20)

/* Pages ${from} up to ${to} of a table; ${to} 0: to its end. */
struct range {
    size_t table;
    int64_t from, to;
};

/* What was found of a table. */
struct found {
    struct rowhash rows;
    bool hashed; /* else it was counted */
};

struct restore_proof {
    const char *fresh;
    struct copy_plan plan;             /* of the restored database, by schema and name */
    const struct bundle_table **wanted; /* of the manifest, in the same order */
    struct range *ranges; /* those of the largest table first */
    size_t n_ranges, n_hashed;
    struct found *found;  /* of each table */
    pthread_mutex_t mutex; /* for ${found} and ${done} */
    int64_t done;
    struct workers workers;
};

/* --- what there is to read -------------------------------------------------------------------------- */

static int by_name(const char *schema, const char *name, const char *other_schema,
                   const char *other_name)
{
    int order = strcmp(schema, other_schema);

    return order != 0 ? order : strcmp(name, other_name);
}

static int compare_found(const void *a, const void *b)
{
    const struct copy_table *left = a, *right = b;

    return by_name(left->schema, left->name, right->schema, right->name);
}

static int compare_wanted(const void *a, const void *b)
{
    const struct bundle_table *left = *(const struct bundle_table *const *)a;
    const struct bundle_table *right = *(const struct bundle_table *const *)b;

    return by_name(left->schema, left->name, right->schema, right->name);
}

/* Bring both lists into one order: they hold the same tables. */
static int same_tables(struct arena *arena, struct restore_proof *proof,
                       const struct bundle *bundle, struct err *err)
{
    struct copy_plan *plan = &proof->plan;
    const size_t n = plan->n < bundle->n_tables ? plan->n : bundle->n_tables;

    proof->wanted = arena_alloc(arena, (bundle->n_tables + 1) * sizeof *proof->wanted);
    for (size_t i = 0; i < bundle->n_tables; i++)
        proof->wanted[i] = &bundle->tables[i];
    qsort(plan->tables, plan->n, sizeof *plan->tables, compare_found);
    qsort(proof->wanted, bundle->n_tables, sizeof *proof->wanted, compare_wanted);
    for (size_t i = 0; i < n; i++) {
        const struct copy_table *table = &plan->tables[i];
        const struct bundle_table *want = proof->wanted[i];
        int order = by_name(table->schema, table->name, want->schema, want->name);

        if (order < 0)
            return err_set(err, ERR_OPERATOR, "table \"%s.%s\" is not in the snapshot",
                           table->schema, table->name);
        if (order > 0)
            return err_set(err, ERR_OPERATOR, "table \"%s.%s\" was not restored", want->schema,
                           want->name);
    }
    if (plan->n != bundle->n_tables)
        return err_set(err, ERR_OPERATOR, "%zu tables were restored, the snapshot has %zu", plan->n,
                       bundle->n_tables);
    return 0;
}

static int by_size(const void *a, const void *b, void *arg)
{
    const struct restore_proof *proof = arg;
    const struct range *left = a, *right = b;
    const int64_t left_bytes = proof->plan.tables[left->table].bytes;
    const int64_t right_bytes = proof->plan.tables[right->table].bytes;

    if (left_bytes != right_bytes)
        return left_bytes > right_bytes ? -1 : 1;
    if (left->table != right->table)
        return left->table < right->table ? -1 : 1;
    return left->from < right->from ? -1 : left->from > right->from;
}

/* How many pages of a table are one range; 0: all of them. */
static int64_t pages_of_range(const struct restore_proof *proof, size_t i)
{
    const struct copy_table *table = &proof->plan.tables[i];
    const int64_t n = table->bytes / RANGE_BYTES;

    if (!proof->found[i].hashed || !proof->plan.by_pages || n < 2 || table->pages < 2)
        return 0;
    return table->pages / n > 0 ? table->pages / n : 1;
}

static size_t n_ranges_of(const struct restore_proof *proof, size_t i)
{
    const int64_t step = pages_of_range(proof, i);

    return step == 0 ? 1 : (size_t)((proof->plan.tables[i].pages + step - 1) / step);
}

static void make_ranges(struct arena *arena, struct restore_proof *proof)
{
    size_t all = 0;

    for (size_t i = 0; i < proof->plan.n; i++)
        all += n_ranges_of(proof, i);
    proof->ranges = arena_alloc(arena, (all + 1) * sizeof *proof->ranges);
    for (size_t i = 0; i < proof->plan.n; i++) {
        const int64_t step = pages_of_range(proof, i);
        const size_t n = n_ranges_of(proof, i);

        for (size_t k = 0; k < n; k++)
            proof->ranges[proof->n_ranges++] =
                (struct range){i, (int64_t)k * step, k + 1 == n ? 0 : (int64_t)(k + 1) * step};
    }
    qsort_r(proof->ranges, proof->n_ranges, sizeof *proof->ranges, by_size, proof);
}

/* --- reading it ------------------------------------------------------------------------------------- */

/* One range, being read. */
struct reading {
    struct worker *worker;
    struct rowhash rows;
};

static int take_row(void *arg, const char *line, size_t n, struct err *err)
{
    struct reading *reading = arg;

    (void)err;
    rowhash_line(&reading->rows, line, n - 1);
    return 0;
}

static bool is_stopped(void *arg)
{
    struct reading *reading = arg;

    return workers_stopped(reading->worker->workers);
}

/* As the snapshot has read the table: its list of columns, where it had one. */
static const char *columns_of(const struct copy_table *table, const struct bundle_table *want)
{
    const size_t n = strlen(table->quoted);

    return want->copy != NULL && strncmp(want->copy, table->quoted, n) == 0 && want->copy[n] == ' '
               ? want->copy + n + 1
               : table->columns;
}

/* An index that is being made may keep us waiting: no time limit. */
static int open_session(struct worker *worker, struct err *err)
{
    const struct restore_proof *proof = worker->workers->arg;

    if (copy_open(worker->services.target, proof->fresh, NULL, &worker->db, err) != 0)
        return -1;
    return db_timeouts(worker->db, 0, 0, err);
}

static int read_range(struct worker *worker, size_t i, struct err *err)
{
    struct restore_proof *proof = worker->workers->arg;
    const struct range *range = &proof->ranges[i];
    const struct copy_table *table = &proof->plan.tables[range->table];
    struct reading reading = {.worker = worker};
    const struct copy_sink sink = {.row = take_row, .stopped = is_stopped, .arg = &reading};
    auto_buf struct buf source = {0};
    int rc;

    if (proof->found[range->table].hashed) {
        copy_source(table->quoted, columns_of(table, proof->wanted[range->table]), range->from,
                    range->to, &source);
        rc = copy_rows(worker->db, buf_text(&source), &sink, err);
    } else {
        rc = copy_count(worker->db, table->quoted, &reading.rows.rows, err);
    }
    if (rc != 0)
        return err_wrap(err, "could not read table \"%s.%s\" again", table->schema, table->name);
    pthread_mutex_lock(&proof->mutex);
    rowhash_merge(&proof->found[range->table].rows, &reading.rows);
    proof->done++;
    pthread_mutex_unlock(&proof->mutex);
    return 0;
}

/* --- the whole -------------------------------------------------------------------------------------- */

/* A table that is masked or stays empty on purpose; NULL for one that must be as it was. */
static const struct masked_table *filtered(const struct run *run, const struct bundle_table *table)
{
    return run->filter == NULL || run->filter->masks == NULL
               ? NULL
               : refresh_masks_table(run->filter->masks, table->schema, table->name);
}

bool restore_proof_compares(const struct bundle_table *table, const struct masked_table *masked,
                            const struct meta *meta, int server)
{
    return table->hash != NULL && table->hash[0] != '\0' && masked == NULL &&
           server / 10000 == meta_major(meta);
}

/* What stays empty is proven to be empty. */
static void expect_empty(struct run *run, struct restore_proof *proof)
{
    for (size_t i = 0; i < proof->plan.n; i++) {
        const struct masked_table *masked = filtered(run, proof->wanted[i]);
        struct bundle_table *empty;

        if (masked == NULL || !masked->left_out)
            continue;
        empty = arena_alloc(run->arena, sizeof *empty);
        *empty = *proof->wanted[i];
        empty->rows = 0;
        proof->wanted[i] = empty;
    }
}

static int read_plan(struct run *run, struct restore_proof *proof, const struct bundle *bundle,
                     const struct meta *meta, struct err *err)
{
    const char *changed = NULL;
    struct db *db = NULL;
    char exported[64];
    int server = 0;
    int rc;

    if (db_open(run->services->target, proof->fresh, DB_READ, &db, err) != 0)
        return -1;
    server = db_server_version(db);
    rc = db_export_snapshot(db, exported, err);
    if (rc == 0)
        rc = copy_plan_take(db, run->arena, -1, LOCK_WAIT_MS, &proof->plan, &changed, err);
    db_close(db);
    if (rc != 0)
        return -1;
    if (changed != NULL)
        return err_set(err, ERR_OPERATOR, "table %s was changed while it was compared", changed);
    if (same_tables(run->arena, proof, bundle, err) != 0)
        return -1;
    expect_empty(run, proof);
    proof->found = arena_alloc(run->arena, (proof->plan.n + 1) * sizeof *proof->found);
    for (size_t i = 0; i < proof->plan.n; i++) {
        proof->found[i].hashed = restore_proof_compares(
            proof->wanted[i], filtered(run, proof->wanted[i]), meta, server);
        proof->n_hashed += proof->found[i].hashed;
    }
    if (server / 10000 != meta_major(meta))
        log_info("rows are compared by their number only: the server is of release %d, the snapshot "
                 "of %s",
                 server / 10000, meta->server_version == NULL ? "an unknown one" : meta->server_version);
    return 0;
}

int restore_proof_new(struct run *run, const struct bundle *bundle, const struct meta *meta,
                      const char *fresh, struct restore_proof **proof, struct workers **workers,
                      struct err *err)
{
    struct restore_proof *made = arena_alloc(run->arena, sizeof *made);

    made->fresh = fresh;
    pthread_mutex_init(&made->mutex, NULL);
    if (read_plan(run, made, bundle, meta, err) != 0)
        return err_as(err, ERR_OPERATOR);
    make_ranges(run->arena, made);
    made->workers = (struct workers){.services = run->services,
                                     .arg = made,
                                     .n_tasks = made->n_ranges,
                                     .open = open_session,
                                     .task = read_range};
    *proof = made;
    *workers = &made->workers;
    return 0;
}

void restore_proof_show(void *arg)
{
    struct restore_proof *proof = arg;
    int64_t done;

    pthread_mutex_lock(&proof->mutex);
    done = proof->done;
    pthread_mutex_unlock(&proof->mutex);
    progress_set("reading the tables again", done, (int64_t)proof->n_ranges, 0);
}

int restore_proof_compare(const struct restore_proof *proof, struct err *err)
{
    for (size_t i = 0; i < proof->plan.n; i++) {
        const struct bundle_table *want = proof->wanted[i];
        const struct found *found = &proof->found[i];
        char hex[ROWHASH_DIGITS + 1];

        if (want->rows >= 0 && want->rows != found->rows.rows)
            return err_set(err, ERR_OPERATOR,
                           "table \"%s.%s\" has %lld rows, the snapshot has %lld", want->schema,
                           want->name, (long long)found->rows.rows, (long long)want->rows);
        rowhash_hex(&found->rows, hex);
        if (found->hashed && strcmp(hex, want->hash) != 0)
            return err_set(err, ERR_OPERATOR,
                           "the rows of table \"%s.%s\" are not those of the snapshot: their hash "
                           "is %s, not %s",
                           want->schema, want->name, hex, want->hash);
    }
    log_detail("read again: %zu tables compared by content, %zu by their number of rows",
               proof->n_hashed, proof->plan.n - proof->n_hashed);
    return 0;
}
