/* restore_load - see restore_load.h. */
#include "deploy/restore_load.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/progress.h"
#include "bundle/bundle_name.h"
#include "deploy/restore_proof.h"
#include "pg/analyze.h"
#include "pg/copy_binary.h"
#include "pg/copy_in.h"

enum { PIECE_BYTES = 256 * 1024 };

/* A table that is in chunks. Under the mutex: what of it is to be done. */
struct chunked {
    uint32_t oid;
    size_t table;  /* in the bundle's list */
    int64_t bytes; /* of all its chunks, decompressed */
    int64_t left;  /* of those that nobody has taken */
    const struct bundle_member **chunks;
    size_t n;
    size_t next;     /* the first that nobody has taken */
    size_t done;
    size_t sessions; /* that are loading it now */
    int64_t rows;
    atomic_bool as_text; /* a line of it could not be converted */
};

/* What a thread has besides its session. */
struct reader {
    struct stored_bundle stored; /* the bundle through a file of its own */
    struct chunked *table;       /* what it has loaded last */
    const char *quoted;          /* its name */
    char data[PIECE_BYTES];
    struct buf changed;          /* the same, where the table is masked or converted */
    struct copy_binary columns;  /* of the table; without values: it is loaded as text */
    bool refused;                /* a line was not what COPY prints of such a table */
};

/* --- which chunks --------------------------------------------------------------------------------- */

static int by_oid(const void *a, const void *b)
{
    const struct chunked *left = a, *right = b;

    return left->oid < right->oid ? -1 : left->oid > right->oid;
}

static int by_size(const void *a, const void *b)
{
    const struct chunked *left = a, *right = b;

    if (left->bytes != right->bytes)
        return left->bytes > right->bytes ? -1 : 1;
    return left->table < right->table ? -1 : left->table > right->table;
}

/* The table that ${member} is a chunk of, if its rows are to be loaded. */
static struct chunked *find_table(const struct restore_load *load, const struct bundle_member *member)
{
    struct chunked key = {0}, *found;
    unsigned number;

    if (!bundle_chunk_of(member, &key.oid, &number))
        return NULL;
    found = bsearch(&key, load->tables, load->n_tables, sizeof *load->tables, by_oid);
    if (found == NULL)
        return NULL; /* the manifest was refused without its table */
    return load->filter[found->table].table != NULL && load->filter[found->table].table->left_out
               ? NULL
               : found;
}

static void list_chunks(struct arena *arena, struct restore_load *load)
{
    const struct bundle *bundle = &load->stored->bundle;
    struct chunked *table;

    for (size_t i = 0; i < bundle->n_members; i++)
        if ((table = find_table(load, &bundle->members[i])) != NULL)
            table->n++;
    for (size_t i = 0; i < load->n_tables; i++) {
        load->tables[i].chunks = arena_alloc(arena, (load->tables[i].n + 1) * sizeof(void *));
        load->tables[i].n = 0;
    }
    for (size_t i = 0; i < bundle->n_members; i++) {
        if ((table = find_table(load, &bundle->members[i])) == NULL)
            continue;
        table->chunks[table->n++] = &bundle->members[i];
        table->bytes += bundle->members[i].raw_bytes;
        table->left += bundle->members[i].raw_bytes;
        load->all_bytes += bundle->members[i].raw_bytes;
        load->workers.n_tasks++;
    }
}

void restore_load_plan(struct run *run, struct stored_bundle *stored, const struct meta *meta,
                       struct restore_rows *filter, const char *fresh, struct restore_load *load)
{
    const struct bundle *bundle = &stored->bundle;

    *load = (struct restore_load){
        .stored = stored, .filter = filter, .fresh = fresh, .meta = meta};
    pthread_mutex_init(&load->mutex, NULL);
    load->tables = arena_alloc(run->arena, (bundle->n_tables + 1) * sizeof *load->tables);
    for (size_t i = 0; i < bundle->n_tables; i++)
        if (bundle->tables[i].copy != NULL)
            load->tables[load->n_tables++] =
                (struct chunked){.oid = bundle->tables[i].oid, .table = i};
    qsort(load->tables, load->n_tables, sizeof *load->tables, by_oid);
    list_chunks(run->arena, load);
    qsort(load->tables, load->n_tables, sizeof *load->tables, by_size);
}

/* --- who loads what --------------------------------------------------------------------------------- */

static bool has_more(const struct chunked *table)
{
    return table != NULL && table->next < table->n;
}

/* What would be left for each session if one more came. */
static int64_t share(const struct chunked *table)
{
    return table->left / (int64_t)(table->sessions + 1);
}

/* A session stays with its table; then comes the one that has the most left for whoever joins it. Large
 * tables are begun early and shared, small ones fill the end, so that no session works on alone at the
 * last chunk and the statistics of the largest table. */
static struct chunked *choose(struct restore_load *load, struct chunked *last)
{
    struct chunked *most = NULL;

    if (has_more(last))
        return last;
    for (size_t i = 0; i < load->n_tables; i++)
        if (has_more(&load->tables[i]) && (most == NULL || share(&load->tables[i]) > share(most)))
            most = &load->tables[i];
    return most;
}

/* There is one for each task. */
static const struct bundle_member *take(struct restore_load *load, struct reader *reader)
{
    const struct bundle_member *member;

    pthread_mutex_lock(&load->mutex);
    reader->table = choose(load, reader->table);
    reader->table->sessions++;
    member = reader->table->chunks[reader->table->next++];
    reader->table->left -= member->raw_bytes;
    pthread_mutex_unlock(&load->mutex);
    return member;
}

/* Whether that was the last one of its table. */
static bool finish(struct restore_load *load, struct chunked *table, int64_t rows)
{
    bool complete;

    pthread_mutex_lock(&load->mutex);
    table->sessions--;
    table->rows += rows;
    complete = ++table->done == table->n;
    pthread_mutex_unlock(&load->mutex);
    return complete;
}

/* --- loading chunks --------------------------------------------------------------------------------- */

static int open_reader(struct worker *worker, struct err *err)
{
    struct restore_load *load = worker->workers->arg;
    struct reader *reader = mem_alloc(sizeof *reader);

    worker->own = reader;
    return stores_again(load->stored, &worker->services, &reader->stored, err) == 0
               ? copy_in_open(worker->services.target, load->fresh, &worker->db, err)
               : -1;
}

static void close_reader(struct worker *worker)
{
    struct reader *reader = worker->own;

    stores_close(&reader->stored);
    buf_release(&reader->changed);
    mem_free(reader);
}

static const struct bundle_table *table_of(const struct restore_load *load, const struct reader *reader)
{
    return &load->stored->bundle.tables[reader->table->table];
}

/* What the server takes apart costs it time that we have. Only what is compared afterwards: by the hash of
 * its text, which the same release prints. */
static int prepare(struct worker *worker, struct err *err)
{
    const struct restore_load *load = worker->workers->arg;
    struct reader *reader = worker->own;
    const struct bundle_table *table = table_of(load, reader);
    const char *columns = bundle_copy_columns(table->copy);
    const bool is_compared =
        restore_proof_compares(table, load->filter[reader->table->table].table, load->meta,
                               db_server_version(worker->db));

    reader->quoted = arena_strndup(worker->services.arena, table->copy,
                                   (size_t)(columns - table->copy) - 1); /* and a space */
    reader->columns = (struct copy_binary){0};
    return is_compared ? copy_binary_columns(worker->db, worker->services.arena, reader->quoted,
                                             columns, &reader->columns, err)
                       : 0;
}

static int send_changed(struct worker *worker, struct err *err)
{
    struct buf *changed = &((struct reader *)worker->own)->changed;

    return changed->len == 0 ? 0
                             : copy_in_write(worker->db, changed->data, changed->len,
                                             workers_stopped, worker->workers, err);
}

static int refuse(struct reader *reader, struct err *err)
{
    reader->refused = true;
    return err_set(err, ERR_OPERATOR, "a line is not what COPY prints of this table");
}

/* Into the server: as it is, through the mask, or in the binary format. */
static int write_piece(struct worker *worker, struct mask_stream *mask, struct copy_binary *binary,
                       size_t n, struct err *err)
{
    struct reader *reader = worker->own;

    if (mask->mask == NULL && binary == NULL)
        return copy_in_write(worker->db, reader->data, n, workers_stopped, worker->workers, err);
    buf_reset(&reader->changed);
    if (mask->mask != NULL && mask_feed(mask, reader->data, n, &reader->changed, err) != 0)
        return -1;
    if (binary != NULL &&
        (!copy_binary_feed(binary, reader->data, n, &reader->changed) || FAULT("restore.convert")))
        return refuse(reader, err);
    return send_changed(worker, err);
}

static int write_end(struct worker *worker, struct mask_stream *mask, struct copy_binary *binary,
                     struct err *err)
{
    struct reader *reader = worker->own;

    if (binary == NULL)
        return mask_finish(mask, err);
    buf_reset(&reader->changed);
    return copy_binary_end(binary, &reader->changed) ? send_changed(worker, err)
                                                     : refuse(reader, err);
}

static int copy_stream(struct worker *worker, struct bundle_stream *stream, struct mask_stream *mask,
                       struct copy_binary *binary, struct err *err)
{
    struct restore_load *load = worker->workers->arg;
    struct reader *reader = worker->own;
    ssize_t n;

    while ((n = bundle_read(stream, reader->data, sizeof reader->data, err)) > 0) {
        if (FAULT("restore.chunk"))
            return err_set(err, ERR_OPERATOR, "fault point restore.chunk");
        if (write_piece(worker, mask, binary, (size_t)n, err) != 0)
            return -1;
        atomic_fetch_add(&load->bytes, n);
    }
    return n < 0 ? -1 : write_end(worker, mask, binary, err);
}

/* Once: as text where ${binary} is NULL. */
static int try_chunk(struct worker *worker, const struct bundle_member *member,
                     struct copy_binary *binary, int64_t *rows, struct err *err)
{
    struct restore_load *load = worker->workers->arg;
    struct reader *reader = worker->own;
    struct restore_rows *filter = &load->filter[reader->table->table];
    const char *copy = table_of(load, reader)->copy;
    struct bundle_stream *stream = bundle_read_chunk(&reader->stored.bundle, member);
    struct mask_stream mask = {.mask = filter->table == NULL ? NULL : &filter->mask};
    int rc = binary == NULL ? copy_in_begin(worker->db, copy, err)
                            : copy_in_begin_binary(worker->db, copy, err);

    if (rc == 0) {
        rc = copy_stream(worker, stream, &mask, binary, err);
        if (rc == 0)
            rc = copy_in_end(worker->db, copy, rows, err);
        else
            copy_in_abandon(worker->db);
    }
    mask_stream_release(&mask);
    bundle_read_close(stream);
    return rc;
}

/* What we cannot convert, or the server does not take (a data exception), it may take apart itself. */
static int load_chunk(struct worker *worker, const struct bundle_member *member, int64_t *rows,
                      struct err *err)
{
    struct reader *reader = worker->own;
    struct copy_binary binary = reader->columns;
    struct err failed = ERR_INIT;
    int rc;

    if (binary.values == NULL || atomic_load(&reader->table->as_text))
        return try_chunk(worker, member, NULL, rows, err);
    reader->refused = false;
    rc = try_chunk(worker, member, &binary, rows, &failed);
    copy_binary_release(&binary);
    if (rc == 0)
        return 0;
    if (!reader->refused && strncmp(failed.sqlstate, "22", 2) != 0) {
        *err = failed;
        return -1;
    }
    log_detail("table %s is loaded as text: %s", reader->quoted, failed.primary);
    atomic_store(&reader->table->as_text, true);
    return try_chunk(worker, member, NULL, rows, err);
}

/* Statistics come with the last chunk, while others load: later the last and largest table would keep one
 * session busy and the others waiting. What cannot be known yet is done later (analyze.h). */
static int load_one(struct worker *worker, size_t i, struct err *err)
{
    struct restore_load *load = worker->workers->arg;
    struct reader *reader = worker->own;
    const struct chunked *before = reader->table;
    const struct bundle_member *member = take(load, reader);
    const struct bundle_table *table = table_of(load, reader);
    int64_t rows = 0;

    (void)i;
    if ((reader->table != before && prepare(worker, err) != 0) ||
        load_chunk(worker, member, &rows, err) != 0)
        return err_wrap(err, "could not load table \"%s.%s\"", table->schema, table->name);
    return finish(load, reader->table, rows) ? analyze_table(worker->db, reader->quoted, err) : 0;
}

int restore_load_start(struct run *run, struct restore_load *load, size_t jobs, struct err *err)
{
    load->workers.services = run->services;
    load->workers.arg = load;
    load->workers.open = open_reader;
    load->workers.task = load_one;
    load->workers.close = close_reader;
    return workers_start(&load->workers, jobs, err);
}

void restore_load_show(void *arg)
{
    struct restore_load *load = arg;

    progress_set("loading tables", atomic_load(&load->bytes), load->all_bytes, 1);
}

/* Every line was taken as a row. */
int restore_load_check(const struct restore_load *load, struct err *err)
{
    for (size_t i = 0; i < load->n_tables; i++) {
        const struct chunked *loaded = &load->tables[i];
        const struct bundle_table *table = &load->stored->bundle.tables[loaded->table];
        struct masked_table *masked = load->filter[loaded->table].table;

        if (masked != NULL)
            masked->rows = loaded->rows;
        if (masked != NULL && masked->left_out)
            continue;
        if (table->rows != loaded->rows)
            return err_set(err, ERR_OPERATOR,
                           "table \"%s.%s\" got %lld rows, the snapshot has %lld", table->schema,
                           table->name, (long long)loaded->rows, (long long)table->rows);
    }
    return 0;
}
