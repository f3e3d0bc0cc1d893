/* restore_tables - see restore_tables.h. */
#include "deploy/restore_tables.h"

#include <string.h>

#include "base/cancel.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/progress.h"
#include "bundle/bundle_name.h"
#include "deploy/recover.h"
#include "deploy/restore.h"
#include "deploy/restore_data.h"
#include "deploy/restore_run.h"
#include "deploy/stores.h"
#include "pg/copy.h"
#include "pg/copy_in.h"
#include "pg/salvage.h"
#include "pg/swap.h"

enum { PIECE_BYTES = 256 * 1024 };

/* Where the rows of one table go. */
struct salvage {
    struct run *run;
    struct stored_bundle *stored;
    struct db *db; /* in the live database, in one transaction */
    const struct bundle_table *table;
    struct restored_table *into;
    const char *columns; /* of the rows of the plugin's dump */
    const char *target;  /* of COPY; NULL: not begun */
    struct err *err;
};

/* --- which tables --------------------------------------------------------------------------------- */

/* An identifier, quoted or not, up to ${stop}; where it ends. */
static const char *take_identifier(const char *at, const char *stop, struct buf *out)
{
    buf_reset(out);
    if (*at != '"') {
        const size_t n = strcspn(at, stop);

        buf_add(out, at, n);
        return at + n;
    }
    for (at++; *at != '\0'; at++) {
        if (*at == '"' && *++at != '"')
            break;
        buf_addc(out, *at);
    }
    return at;
}

/* The table that ${text} names. More than one, or none, is a failure. */
static const struct bundle_table *find_table(const struct bundle *bundle, const char *text,
                                             struct err *err)
{
    const struct bundle_table *found = NULL;
    auto_buf struct buf first = {0}, second = {0};
    const char *end = take_identifier(text, ".", &first);
    const bool whole = *end == '.';

    if (whole)
        take_identifier(end + 1, "", &second);
    for (size_t i = 0; i < bundle->n_tables; i++) {
        const struct bundle_table *table = &bundle->tables[i];

        if (strcmp(table->name, buf_text(whole ? &second : &first)) != 0 ||
            (whole && strcmp(table->schema, buf_text(&first)) != 0))
            continue;
        if (found != NULL) {
            err_set(err, ERR_REFUSED, "\"%s\" is the name of several tables: \"%s.%s\", \"%s.%s\"", text,
                    found->schema, found->name, table->schema, table->name);
            err_hint(err, "Name the schema too.");
            return NULL;
        }
        found = table;
    }
    if (found == NULL) {
        err_set(err, ERR_REFUSED, "the snapshot has no table \"%s\" with rows of its own", text);
        err_hint(err, "Write it as schema.table; of a partitioned table its partitions have the rows.");
    }
    return found;
}

/* All names, and all mistakes at once. */
static int find_tables(struct run *run, const struct bundle *bundle, const char *const *names,
                       const struct bundle_table ***tables, struct restored_table **list,
                       struct err *err)
{
    size_t n = 0;
    int rc = 0;

    while (names[n] != NULL)
        n++;
    *tables = arena_alloc(run->arena, (n + 1) * sizeof **tables);
    *list = arena_alloc(run->arena, (n + 1) * sizeof **list);
    for (size_t i = 0; i < n; i++) {
        const struct bundle_table *table = find_table(bundle, names[i], err);

        (*tables)[i] = table;
        if (table == NULL) {
            rc = -1;
            continue;
        }
        (*list)[i] = (struct restored_table){
            .schema = arena_strdup(run->arena, table->schema),
            .name = arena_strdup(run->arena, table->name),
            .into = swap_name(run->arena, table->name, "restored", run->id)};
        for (size_t k = 0; k < i; k++)
            if ((*tables)[k] != NULL && strcmp((*list)[k].into, (*list)[i].into) == 0)
                (*list)[i].into = swap_name(
                    run->arena, arena_printf(run->arena, "%zu_%s", i, table->name), "restored", run->id);
    }
    return rc;
}

/* --- the rows of one ------------------------------------------------------------------------------- */

static int begin_copy(struct salvage *salvage, const char *columns)
{
    struct arena *arena = salvage->run->arena;

    salvage->target = arena_printf(arena, "deploy_db.%s %s",
                                   db_quote(salvage->db, arena, salvage->into->into), columns);
    return copy_in_begin(salvage->db, salvage->target, salvage->err);
}

static int end_copy(struct salvage *salvage)
{
    int64_t rows = 0;

    if (copy_in_end(salvage->db, salvage->target, &rows, salvage->err) != 0)
        return -1;
    salvage->into->rows += rows;
    return 0;
}

static int copy_chunk(struct salvage *salvage, const struct bundle_member *member, char *data)
{
    struct bundle_stream *stream = bundle_read_chunk(&salvage->stored->bundle, member);
    int rc = begin_copy(salvage, bundle_copy_columns(salvage->table->copy));
    ssize_t n = 0;

    while (rc == 0 && (n = bundle_read(stream, data, PIECE_BYTES, salvage->err)) > 0)
        rc = copy_in_write(salvage->db, data, (size_t)n, NULL, NULL, salvage->err);
    bundle_read_close(stream);
    return rc != 0 || n < 0 ? -1 : end_copy(salvage);
}

static int copy_chunks(struct salvage *salvage)
{
    const struct bundle *bundle = &salvage->stored->bundle;
    auto_free char *data = mem_alloc(PIECE_BYTES);

    for (size_t i = 0; i < bundle->n_members; i++) {
        unsigned number;
        uint32_t oid;

        if (!bundle_chunk_of(&bundle->members[i], &oid, &number) || oid != salvage->table->oid)
            continue;
        if (copy_chunk(salvage, &bundle->members[i], data) != 0)
            return -1;
        progress_set("loading rows", salvage->into->rows, salvage->table->rows, 0);
    }
    return 0;
}

static int take_rows(void *arg, const char *text, size_t n)
{
    struct salvage *salvage = arg;

    if (salvage->target == NULL && begin_copy(salvage, salvage->columns) != 0)
        return -1;
    return copy_in_write(salvage->db, text, n, NULL, NULL, salvage->err);
}

static int copy_dumped(struct salvage *salvage)
{
    struct services *services = salvage->run->services;
    struct ddb_call call = services_begin(services, &services->snapshot, salvage->err);
    const struct ddb_snapshot *plugin = &services->snapshot.plugin->snapshot;
    const struct bundle_table *table = salvage->table;

    if (services_end(&call,
                     plugin->table_rows(&call, stores_source(salvage->stored, salvage->err),
                                        table->schema, table->name, &salvage->columns, take_rows,
                                        salvage),
                     "table_rows", ERR_PREPARE) != 0)
        return -1;
    return salvage->target == NULL ? 0 : end_copy(salvage);
}

/* The table as it was in the snapshot, and its rows: no more and no fewer than there were. */
static int copy_table(struct salvage *salvage, const char *columns, const char *snapshot)
{
    const struct bundle_table *table = salvage->table;
    const char *comment = arena_printf(salvage->run->arena, "rows of %s.%s, restored from snapshot %s",
                                       table->schema, table->name, snapshot);

    if (salvage_create(salvage->db, salvage->into->into, columns, comment, salvage->err) != 0 ||
        (table->copy != NULL ? copy_chunks(salvage) : copy_dumped(salvage)) != 0)
        return err_wrap(salvage->err, "could not restore table \"%s.%s\"", table->schema, table->name);
    if (table->rows >= 0 && salvage->into->rows != table->rows)
        return err_set(salvage->err, ERR_PREPARE,
                       "table \"%s.%s\" got %lld rows, the snapshot has %lld", table->schema,
                       table->name, (long long)salvage->into->rows, (long long)table->rows);
    return 0;
}

/* --- all of them ------------------------------------------------------------------------------------ */

/* Their columns, from a database that has the snapshot's structure. */
static int read_columns(struct run *run, const char *fresh, const struct restored_table *list,
                        const char ***columns, struct err *err)
{
    struct db *db = NULL;
    size_t n = 0;
    int rc = copy_open(run->services->target, fresh, NULL, &db, err);

    while (list[n].into != NULL)
        n++;
    *columns = arena_alloc(run->arena, (n + 1) * sizeof **columns);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = salvage_columns(db, run->arena, list[i].schema, list[i].name, &(*columns)[i], err);
    db_close(db);
    return rc;
}

/* The answer to COMMIT may be lost with the connection. Once the server has ended that session, another
 * one can tell. Where none can be had it is not known (ERR_OPERATOR). */
static int commit(struct run *run, struct db *db, struct err *err)
{
    struct err lost = ERR_INIT, reason = ERR_INIT;
    bool there = false;
    int rc;

    if (salvage_commit(db, &lost) == 0)
        return 0;
    cancel_mask(true); /* whoever has asked to stop is to know what came of it, too */
    rc = recover_stand(run, &reason);
    if (rc == 0)
        rc = salvage_any(run->db, run->id, &there, &reason);
    cancel_mask(false);
    if (rc != 0) {
        *err = reason;
        err_wrap(err, "whether the tables were restored is not known (%s)", lost.primary);
        err_as(err, ERR_OPERATOR);
        err_hint(err, "Run `deploy-db recover %s` when the server can be reached.", run->env->name);
    } else if (there) {
        log_warning("%s; all of it is committed", lost.primary);
    } else {
        *err = lost;
        rc = -1;
    }
    return rc;
}

static int copy_all(struct run *run, struct stored_bundle *stored, const char *snapshot,
                    const struct bundle_table **tables, struct restored_table *list,
                    const char *const *columns, struct err *err)
{
    struct db *db = NULL;
    int rc = copy_in_open(run->services->target, db_target_name(run->services->target), &db, err);

    if (rc == 0)
        rc = journal_note(run->journal, "tables", list[0].into, err);
    if (rc == 0)
        rc = salvage_begin(db, err);
    for (size_t i = 0; list[i].into != NULL && rc == 0; i++) {
        struct salvage salvage = {.run = run, .stored = stored, .db = db, .table = tables[i],
                                  .into = &list[i], .err = err};

        rc = copy_table(&salvage, columns[i], snapshot);
        progress_end();
    }
    if (rc == 0 && FAULT("tables.loaded"))
        rc = err_set(err, ERR_PREPARE, "fault point tables.loaded");
    if (rc == 0)
        rc = commit(run, db, err);
    db_close(db);
    return rc;
}

/* The structure is made, read and thrown away; then the rows. */
static int restore_all(struct run *run, struct db *admin, struct stored_bundle *stored,
                       const char *const *names, struct restored_table **list, struct err *err)
{
    const char *fresh = restore_fresh(run, db_target_name(run->services->target));
    const struct bundle_table **tables = NULL;
    const char **columns = NULL;
    struct catalog catalog = {0};
    struct err later = ERR_INIT;
    struct meta meta;
    int rc;

    if (find_tables(run, &stored->bundle, names, &tables, list, err) != 0)
        return -1;
    rc = restore_begin(run, admin, stored, fresh, &meta, &catalog, err);
    if (rc == 0)
        rc = restore_data_section(run, stored, fresh, "pre-data", err);
    if (rc == 0)
        rc = read_columns(run, fresh, *list, &columns, err);
    restore_drop(run, fresh, rc == 0 ? &later : err);
    if (rc != 0) /* what goes wrong beside the live database leaves nothing unknown there */
        return err->code == ERR_OPERATOR ? err_as(err, ERR_PREPARE) : -1;
    if (later.detail[0] != '\0')
        run_warn(run, "%s", later.detail);
    return copy_all(run, stored, stored->name, tables, *list, columns, err);
}

static enum err_code restore_now(struct run *run, const char *snapshot, const char *const *names,
                                 struct restored_table **list, struct err *err)
{
    const struct ddb_snapshot *plugin = &run->services->snapshot.plugin->snapshot;
    struct stored_bundle stored;
    struct db *admin = NULL;
    enum err_code status = restore_run_enter(run, err);
    int rc;

    if (status != ERR_NONE)
        return status;
    if (plugin->restore_section == NULL || plugin->table_rows == NULL) {
        err_set(err, ERR_REFUSED, "plugin \"%s\" cannot restore single tables",
                run->services->snapshot.plugin->table.name);
        return ERR_REFUSED;
    }
    if (restore_admin(run->services, &admin, err) != 0)
        return ERR_REFUSED;
    restore_sweep(run, admin, db_target_name(run->services->target));
    rc = stores_open(run->services, NULL, snapshot, &stored, err);
    if (rc == 0) {
        rc = restore_all(run, admin, &stored, names, list, err);
        stores_close(&stored);
    }
    db_close(admin);
    if (rc == 0)
        return ERR_NONE;
    return err->code == ERR_REFUSED || err->code == ERR_OPERATOR ? err->code : ERR_PREPARE;
}

enum err_code restore_tables(struct run *run, const char *snapshot, const char *const *names,
                             struct restored_table **list, struct err *err)
{
    enum err_code status;

    if (run_open_journal(run, err) != 0) {
        err_as(err, ERR_PREPARE);
        return ERR_PREPARE;
    }
    status = restore_now(run, snapshot, names, list, err);
    err_as(err, status);
    if (status == ERR_OPERATOR) /* stays unfinished: recover finds out */
        return status;
    return (enum err_code)run_end(run, (int)status,
                                  status == ERR_NONE ? "tables restored beside the live ones"
                                                     : err->primary);
}

enum err_code restore_tables_settle(struct run *run, struct err *err)
{
    bool there = false;

    if (run->db != NULL && salvage_any(run->db, run->id, &there, err) != 0)
        return ERR_OPERATOR;
    return there ? ERR_NONE : ERR_ROLLED_BACK;
}
