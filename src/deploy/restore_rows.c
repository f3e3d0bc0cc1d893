/* restore_rows - see restore_rows.h. */
#include "deploy/restore_rows.h"

#include <string.h>

#include "base/log.h"
#include "base/progress.h"
#include "bundle/bundle_name.h"
#include "pg/copy.h"
#include "pg/copy_in.h"
#include "pg/salvage.h"

/* Lines are handed on in pieces of about so many bytes. */
enum { PIECE_BYTES = 256 * 1024 };

/* --- which tables ----------------------------------------------------------------------------- */

int restore_rows_plan(struct run *run, const struct bundle *bundle, struct restore_rows **out,
                      struct err *err)
{
    const struct refresh_masks *masks = run->filter == NULL ? NULL : run->filter->masks;
    struct restore_rows *rows = arena_alloc(run->arena, (bundle->n_tables + 1) * sizeof *rows);

    for (size_t i = 0; i < bundle->n_tables && masks != NULL; i++) {
        const struct bundle_table *table = &bundle->tables[i];

        rows[i].table = refresh_masks_table(masks, table->schema, table->name);
        if (rows[i].table == NULL || rows[i].table->left_out || table->copy == NULL)
            continue;
        if (refresh_masks_line(run->arena, masks, rows[i].table, bundle_copy_columns(table->copy),
                               &rows[i].mask, err) != 0)
            return -1;
    }
    *out = rows;
    return 0;
}

const char *const *restore_rows_excluded(struct run *run, const struct bundle *bundle,
                                         const struct restore_rows *rows)
{
    const char **list = arena_alloc(run->arena, (2 * bundle->n_tables + 1) * sizeof *list);
    size_t n = 0;

    for (size_t i = 0; i < bundle->n_tables; i++)
        if (rows[i].table != NULL && bundle->tables[i].copy == NULL) {
            list[n++] = bundle->tables[i].schema;
            list[n++] = bundle->tables[i].name;
        }
    return n == 0 ? NULL : list;
}

static size_t count(const char *const *list)
{
    size_t n = 0;

    while (list != NULL && list[n] != NULL)
        n++;
    return n;
}

int restore_rows_salvaged(struct run *run, const char *fresh, const char *const **excluded,
                          struct err *err)
{
    const size_t before = count(*excluded);
    const char **tables = NULL, **list;
    struct db *db = NULL;
    size_t n = 0;
    int rc = db_open(run->services->target, fresh, DB_READ, &db, err);

    if (rc == 0)
        rc = salvage_list(db, run->arena, &tables, &n, err);
    db_close(db);
    if (rc != 0 || n == 0)
        return rc;
    list = arena_alloc(run->arena, (before + 2 * n + 1) * sizeof *list);
    if (before > 0)
        memcpy(list, *excluded, before * sizeof *list);
    for (size_t i = 0; i < n; i++) {
        list[before + 2 * i] = "deploy_db";
        list[before + 2 * i + 1] = tables[i];
    }
    *excluded = list;
    return 0;
}

/* --- loading them ----------------------------------------------------------------------------- */

/* One table on its way from the plugin into the server. */
struct passing {
    struct run *run;
    struct masked_table *table;
    struct db *db;
    const char *columns; /* the plugin says which, before the first line */
    const char *target;  /* NULL: COPY has not begun */
    struct mask mask;
    struct mask_stream stream;
    struct buf out;
    struct err err;
};

static void add_quoted(struct buf *out, const char *name)
{
    buf_addc(out, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"')
            buf_addc(out, '"');
        buf_addc(out, *name);
    }
    buf_addc(out, '"');
}

static const char *quoted_name(const struct passing *passing)
{
    auto_buf struct buf name = {0};

    add_quoted(&name, passing->table->schema);
    buf_addc(&name, '.');
    add_quoted(&name, passing->table->name);
    return arena_strdup(passing->run->arena, buf_text(&name));
}

static int begin(struct passing *passing)
{
    const struct refresh_masks *masks = passing->run->filter->masks;
    const char *target;

    if (passing->columns == NULL ||
        refresh_masks_line(passing->run->arena, masks, passing->table, passing->columns,
                           &passing->mask, &passing->err) != 0)
        return -1;
    passing->stream.mask = &passing->mask;
    target = arena_printf(passing->run->arena, "%s %s", quoted_name(passing), passing->columns);
    if (copy_in_begin(passing->db, target, &passing->err) != 0)
        return -1;
    passing->target = target;
    return 0;
}

static int flush(struct passing *passing)
{
    int rc = copy_in_write(passing->db, passing->out.data, passing->out.len, NULL, NULL,
                           &passing->err);

    buf_reset(&passing->out);
    return rc;
}

static int take_text(void *arg, const char *text, size_t n)
{
    struct passing *passing = arg;

    if ((passing->target == NULL && begin(passing) != 0) ||
        mask_feed(&passing->stream, text, n, &passing->out, &passing->err) != 0)
        return -1;
    return passing->out.len < PIECE_BYTES ? 0 : flush(passing);
}

static int finish(struct passing *passing, int64_t *rows)
{
    if (passing->target == NULL)
        return 0; /* it is empty */
    if (mask_finish(&passing->stream, &passing->err) != 0 ||
        (passing->out.len > 0 && flush(passing) != 0))
        return -1;
    return copy_in_end(passing->db, passing->target, rows, &passing->err);
}

/* A plugin that does not keep its word has loaded what was to be masked. */
static int check_empty(struct passing *passing)
{
    int64_t rows = 0;

    if (copy_count(passing->db, quoted_name(passing), &rows, &passing->err) != 0)
        return -1;
    return rows == 0 ? 0
                     : err_set(&passing->err, ERR_OPERATOR,
                               "snapshot plugin \"%s\" has loaded rows that it was to leave out",
                               passing->run->services->snapshot.plugin->table.name);
}

static int pass(struct passing *passing, struct stored_bundle *stored, int64_t *rows)
{
    struct services *services = passing->run->services;
    const struct ddb_snapshot *plugin = &services->snapshot.plugin->snapshot;
    struct err said = ERR_INIT;
    struct ddb_call call = services_begin(services, &services->snapshot, &said);
    int rc;

    if (check_empty(passing) != 0)
        return -1;
    if (passing->table->left_out)
        return 0;
    rc = services_end(&call,
                      plugin->table_rows(&call, stores_source(stored, &said),
                                         passing->table->schema, passing->table->name,
                                         &passing->columns, take_text, passing),
                      "table_rows", ERR_OPERATOR);
    if (rc == 0 && finish(passing, rows) == 0)
        return 0;
    if (passing->target != NULL)
        copy_in_abandon(passing->db);
    if (passing->err.code == ERR_NONE)
        passing->err = said;
    return -1;
}

static int load_one(struct run *run, struct stored_bundle *stored, const struct bundle_table *table,
                    struct masked_table *masked, struct db *db, struct err *err)
{
    struct passing passing = {.run = run, .table = masked, .db = db};
    int64_t rows = 0;
    int rc = pass(&passing, stored, &rows);

    if (rc == 0 && !masked->left_out && table->rows >= 0 && rows != table->rows)
        rc = err_set(&passing.err, ERR_OPERATOR, "it got %lld rows, the snapshot has %lld",
                     (long long)rows, (long long)table->rows);
    masked->rows = rows;
    mask_stream_release(&passing.stream);
    buf_release(&passing.out);
    if (rc == 0)
        return 0;
    *err = passing.err;
    err_wrap(err, "could not load table \"%s.%s\"", masked->schema, masked->name);
    return err_as(err, ERR_OPERATOR);
}

int restore_rows_load(struct run *run, struct stored_bundle *stored,
                      const struct restore_rows *rows, const char *fresh, struct err *err)
{
    const struct bundle *bundle = &stored->bundle;
    struct db *db = NULL;
    int rc = 0;

    if (restore_rows_excluded(run, bundle, rows) == NULL)
        return 0;
    if (copy_in_open(run->services->target, fresh, &db, err) != 0)
        return -1;
    for (size_t i = 0; rc == 0 && i < bundle->n_tables; i++)
        if (rows[i].table != NULL && bundle->tables[i].copy == NULL)
            rc = load_one(run, stored, &bundle->tables[i], rows[i].table, db, err);
    db_close(db);
    progress_end();
    return rc;
}
