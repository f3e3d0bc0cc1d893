/* copy_plan - see copy_plan.h. */
#include "pg/copy_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#include "pg/sql/copy_blockers.sql.h"
#include "pg/sql/copy_measure.sql.h"
#include "pg/sql/copy_plan.sql.h"

/* One statement locks many tables; one argument of pg_dump is shorter than Linux allows (128 KiB). */
enum { LOCK_BYTES = 64 * 1024, PATTERN_BYTES = 100 * 1024, NAMED_MAX = 20 };

/* Smaller tables are not opened to be measured where the statistics know their size. They are in shared
 * memory since 15; before, a session waits for a file of them. */
#define STATISTICS_PAGES "64"

#define LARGE_OBJECTS "pg_largeobject_metadata"

/* --- reading --------------------------------------------------------------------------------------*/

static void fill(const struct db_result *rows, int row, struct arena *arena,
                 struct copy_table *table)
{
    const char *columns = db_value(rows, row, 4);

    *table = (struct copy_table){
        .oid = (uint32_t)db_int(rows, row, 0),
        .schema = arena_strdup(arena, db_value(rows, row, 1)),
        .name = arena_strdup(arena, db_value(rows, row, 2)),
        .quoted = arena_strdup(arena, db_value(rows, row, 3)),
        .columns = columns != NULL ? arena_printf(arena, "(%s)", columns) : "",
        .plain = db_bool(rows, row, 7),
        .comparable = db_bool(rows, row, 8) && !db_bool(rows, row, 9),
        .moves = db_bool(rows, row, 9),
    };
}

/* Rows that a policy hides are no copy; pg_dump would end with the first such table. */
static int refuse_hidden(const struct db *db, const struct db_result *rows, struct err *err)
{
    int n = 0;

    for (int row = 0; row < db_rows(rows); row++) {
        if (!db_bool(rows, row, 10))
            continue;
        if (n++ == 0) {
            err_set(err, ERR_REFUSED,
                    "row security hides rows of table %s from role \"%s\": a snapshot would lack them",
                    db_value(rows, row, 3), db_user(db));
            err_hint(err, "Let the tables' owner or a role with BYPASSRLS take snapshots.");
        } else if (n <= NAMED_MAX) {
            err_detail(err, "row security applies to table %s too", db_value(rows, row, 3));
        }
    }
    return n > 0 ? -1 : 0;
}

static int by_name(const void *a, const void *b)
{
    const struct copy_table *left = a, *right = b;
    int order = strcmp(left->schema, right->schema);

    return order != 0 ? order : strcmp(left->name, right->name);
}

/* Large objects have no rows that COPY could read; they are counted. Of the settings that decide how values
 * are printed, pg_dump makes all but these two. */
static int read_facts(struct db *db, struct copy_plan *plan, struct err *err)
{
    auto_result struct db_result *found = NULL;

    if (db_query(db, &found, err,
                 "SELECT EXISTS (SELECT FROM pg_catalog." LARGE_OBJECTS "), "
                 "pg_catalog.current_setting('block_size'), "
                 "(SELECT pg_catalog.bool_and(reset_val IN ('hex', 'off')) "
                 "FROM pg_catalog.pg_settings "
                 "WHERE name IN ('bytea_output', 'quote_all_identifiers'))",
                 0) < 0)
        return -1;
    plan->page_bytes = db_int(found, 0, 1);
    plan->as_ours = db_bool(found, 0, 2);
    if (db_bool(found, 0, 0))
        plan->tables[plan->n++] = (struct copy_table){.schema = "pg_catalog",
                                                      .name = LARGE_OBJECTS,
                                                      .quoted = "pg_catalog." LARGE_OBJECTS,
                                                      .columns = ""};
    return 0;
}

static int list_tables(struct db *db, struct arena *arena, struct copy_plan *plan,
                       struct db_result **rows, struct err *err)
{
    if (db_query(db, rows, err, copy_plan_sql, 0) < 0)
        return err_wrap(err, "could not list the tables");
    if (refuse_hidden(db, *rows, err) < 0)
        return -1;
    *plan = (struct copy_plan){.n = (size_t)db_rows(*rows),
                               .by_pages = db_server_version(db) >= 140000};
    plan->tables = arena_alloc(arena, (plan->n + 1) * sizeof *plan->tables);
    for (size_t i = 0; i < plan->n; i++)
        fill(*rows, (int)i, arena, &plan->tables[i]);
    return 0;
}

/* --- locking --------------------------------------------------------------------------------------*/

void copy_plan_blockers(struct db *db, struct err *err)
{
    auto_result struct db_result *rows = NULL;
    struct err ignored = ERR_INIT;

    if (db_query(db, &rows, &ignored, copy_blockers_sql, 0) < 0 || db_rows(rows) == 0)
        return;
    for (int i = 0; i < db_rows(rows); i++) {
        const char *application = db_value(rows, i, 1), *role = db_value(rows, i, 2);

        err_detail(err, "process %s (%s, role \"%s\") holds or wants ACCESS EXCLUSIVE on table %s",
                   db_value(rows, i, 0),
                   application != NULL && application[0] != '\0' ? application : "no application name",
                   role != NULL ? role : "", db_value(rows, i, 3));
    }
    err_hint(err, "Wait for that session, or end it with pg_terminate_backend(pid).");
}

static bool has_state(const struct err *err, const char *sqlstate)
{
    return strcmp(err->sqlstate, sqlstate) == 0;
}

static int lock_failed(struct db *db, const char *first, const char **changed, struct err *err)
{
    if (has_state(err, "42P01") || has_state(err, "3F000") || has_state(err, "42809")) {
        err_clear(err); /* dropped, renamed, or no table any more */
        *changed = first;
        return 0;
    }
    err_as(err, ERR_REFUSED);
    if (has_state(err, "55P03")) {
        db_end_snapshot(db); /* the transaction has failed: now the session can ask */
        copy_plan_blockers(db, err);
    } else if (has_state(err, "42501")) {
        err_hint(err, "A snapshot reads every table: grant SELECT on all of them, or take it as their "
                      "owner.");
    }
    return err_wrap(err, "could not lock the tables");
}

static int lock_some(struct db *db, const struct copy_plan *plan, size_t *next,
                     const char **changed, struct err *err)
{
    auto_buf struct buf sql = {0};
    const char *first = NULL;

    buf_adds(&sql, "LOCK TABLE ");
    for (; *next < plan->n && sql.len < LOCK_BYTES; ++*next) {
        buf_addf(&sql, "%sONLY %s", first != NULL ? ", " : "", plan->tables[*next].quoted);
        first = first != NULL ? first : plan->tables[*next].quoted;
    }
    buf_adds(&sql, " IN ACCESS SHARE MODE");
    if (first == NULL || db_exec(db, err, buf_text(&sql), 0) == 0)
        return 0;
    return lock_failed(db, first, changed, err);
}

static int lock_all(struct db *db, const struct copy_plan *plan, int64_t wait_ms,
                    const char **changed, struct err *err)
{
    size_t next = 0;

    if (db_timeouts(db, wait_ms, 0, err) < 0)
        return -1;
    while (next < plan->n && *changed == NULL)
        if (lock_some(db, plan, &next, changed, err) < 0)
            return -1;
    return *changed != NULL ? 0 : db_timeouts(db, 0, 0, err);
}

/* Under the locks each name means the table that the snapshot saw, and its storage is what it was then, or it
 * has been exchanged. ${listed}: a row for each table, in the plan's order. */
static int measure(struct db *db, const struct db_result *listed, struct copy_plan *plan,
                   const char **changed, struct err *err)
{
    auto_result struct db_result *rows = NULL;
    auto_buf struct buf oids = {0}, toasts = {0};

    for (int row = 0; row < db_rows(listed); row++) {
        buf_addf(&oids, "%c%s", row > 0 ? ',' : '{', db_value(listed, row, 0));
        buf_addf(&toasts, "%c%s", row > 0 ? ',' : '{', db_value(listed, row, 6));
    }
    if (oids.len == 0)
        return 0;
    buf_addc(&oids, '}');
    buf_addc(&toasts, '}');
    if (db_query(db, &rows, err, copy_measure_sql, 3, buf_text(&oids), buf_text(&toasts),
                 db_server_version(db) >= 150000 ? STATISTICS_PAGES : "0") < 0)
        return err_wrap(err, "could not measure the tables");
    for (int row = 0; row < db_rows(rows); row++) {
        struct copy_table *table = &plan->tables[row];

        if (db_value(rows, row, 0) == NULL || db_int(rows, row, 0) != db_int(listed, row, 5))
            *changed = table->quoted;
        table->pages = db_int(rows, row, 1);
        table->bytes = table->pages * plan->page_bytes + db_int(rows, row, 2);
    }
    return 0;
}

int copy_plan_take(struct db *db, struct arena *arena, int64_t threshold, int64_t wait_ms,
                   struct copy_plan *plan, const char **changed, struct err *err)
{
    auto_result struct db_result *listed = NULL;

    *changed = NULL;
    if (list_tables(db, arena, plan, &listed, err) < 0 ||
        lock_all(db, plan, wait_ms, changed, err) < 0)
        return -1;
    if (*changed != NULL)
        return 0;
    if (read_facts(db, plan, err) < 0 || measure(db, listed, plan, changed, err) < 0)
        return -1;
    for (size_t i = 0; i < plan->n; i++)
        plan->tables[i].own =
            plan->tables[i].plain && threshold >= 0 && plan->tables[i].bytes >= threshold;
    if (plan->n > 0)
        qsort(plan->tables, plan->n, sizeof *plan->tables, by_name);
    return 0;
}

/* --- for pg_dump ----------------------------------------------------------------------------------*/

/* Within double quotes a pattern means itself, and a quote is doubled. */
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

const char *const *copy_plan_patterns(const struct copy_plan *plan, struct arena *arena)
{
    auto_strvec struct strvec patterns = {0};
    auto_buf struct buf one = {0};
    const char *schema = NULL;

    for (size_t i = 0; i < plan->n; i++) {
        const struct copy_table *table = &plan->tables[i];

        if (!table->own)
            continue;
        if (one.len > 0 && (strcmp(schema, table->schema) != 0 || one.len >= PATTERN_BYTES)) {
            buf_addc(&one, ')');
            strvec_push(&patterns, buf_text(&one));
            buf_reset(&one);
        }
        if (one.len == 0) {
            add_quoted(&one, table->schema);
            buf_adds(&one, ".(");
        } else {
            buf_addc(&one, '|');
        }
        add_quoted(&one, table->name);
        schema = table->schema;
    }
    if (one.len > 0) {
        buf_addc(&one, ')');
        strvec_push(&patterns, buf_text(&one));
    }
    return (const char *const *)arena_list(arena, &patterns);
}
