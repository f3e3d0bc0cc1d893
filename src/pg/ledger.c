/*
 * ledger - see ledger.h. Writing goes on when a cancel was requested: a record that stops half-way
 * would be worth little.
 */
#include "pg/ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "pg/sql/ledger_table.sql.h"

/* Two first runs must not create it at once: "if not exists" does not keep them apart. */
static int create_schema(struct db *db, struct err *err)
{
    auto_result struct db_result *schema = NULL;

    if (db_exec(db, err, "SELECT pg_catalog.pg_advisory_xact_lock(1684300337, 0)", 0) < 0 ||
        db_query(db, &schema, err,
                 "SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'deploy_db'", 0) < 0)
        return -1;
    if (db_rows(schema) == 0 &&
        (db_exec(db, err, "CREATE SCHEMA deploy_db", 0) < 0 ||
         db_exec(
             db, err,
             "COMMENT ON SCHEMA deploy_db IS 'What deploy-db did to this database, one row a "
             "run in table run. No part of the application: dropping it loses the history only.'",
             0) < 0))
        return -1;
    return db_exec(db, err, ledger_table_sql, 0);
}

static int has_table(struct db *db, bool *exists, struct err *err)
{
    auto_result struct db_result *table = NULL;

    if (db_query(db, &table, err,
                 "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
                 "ON n.oid = c.relnamespace WHERE n.nspname = 'deploy_db' AND c.relname = 'run'",
                 0) < 0)
        return err_wrap(err, "could not look for the record of runs");
    *exists = db_rows(table) > 0;
    return 0;
}

static int create_table(struct db *db, struct err *err)
{
    bool exists;

    if (has_table(db, &exists, err) < 0)
        return -1;
    if (exists)
        return 0;
    if (db_exec(db, err, "BEGIN", 0) < 0)
        return -1;
    if (create_schema(db, err) < 0 || db_exec(db, err, "COMMIT", 0) < 0) {
        db_quietly(db, "ROLLBACK");
        err_wrap(err, "could not create the table deploy_db.run");
        return err_hint(err, "The role needs the right CREATE on the database \"%s\".",
                        db_name(db));
    }
    return 0;
}

static int insert_run(struct db *db, const struct ledger_run *run, struct err *err)
{
    char status[16];

    snprintf(status, sizeof status, "%d", run->status);
    if (create_table(db, err) < 0)
        return -1;
    if (db_exec(db, err,
                "INSERT INTO deploy_db.run (id, environment, command, who, host, started, ended, "
                "phase, before, plan, outcome, status) VALUES ($1, $2, $3, $4, $5, "
                "coalesce($6::pg_catalog.timestamptz, pg_catalog.now()), "
                "$7::pg_catalog.timestamptz, $8, $9::pg_catalog.json, $10::pg_catalog.json, $11, "
                "$12::pg_catalog.int4)",
                12, run->id, run->environment, run->command, run->who, run->host, run->started,
                run->ended, run->phase, run->before, run->plan, run->outcome,
                run->ended != NULL ? status : NULL) < 0)
        return err_wrap(err, "could not record run %s in the database", run->id);
    return 0;
}

int ledger_begin(struct db *db, const struct ledger_run *run, struct err *err)
{
    int status;

    cancel_mask(true);
    status = insert_run(db, run, err);
    cancel_mask(false);
    return status;
}

/* Of a run whose row is missing we know what its id says: when it began. */
static const char *start_of(const char *id, char out[32])
{
    char stamp[32];
    time_t when;

    snprintf(stamp, sizeof stamp, "%.*s", (int)strcspn(id, "-"), id);
    when = clock_parse(stamp);
    return when == (time_t)-1 ? NULL : clock_iso(when, out);
}

static int upsert(struct db *db, const char *id, const char *phase, const char *plan,
                  const char *outcome, const char *status, struct err *err)
{
    char started[32];
    int done = -1;

    cancel_mask(true);
    if (create_table(db, err) == 0)
        done = db_exec(
            db, err,
            "INSERT INTO deploy_db.run AS r (id, started, phase, plan, outcome, status, ended) "
            "VALUES ($1, coalesce($2::pg_catalog.timestamptz, pg_catalog.now()), $3, "
            "$4::pg_catalog.json, $5, $6::pg_catalog.int4, "
            "CASE WHEN $6 IS NOT NULL THEN pg_catalog.now() END) "
            "ON CONFLICT (id) DO UPDATE SET phase = coalesce(excluded.phase, r.phase), "
            "plan = coalesce(excluded.plan, r.plan), outcome = excluded.outcome, "
            "status = excluded.status, ended = excluded.ended",
            6, id, start_of(id, started), phase, plan, outcome, status);
    cancel_mask(false);
    return done < 0 ? err_wrap(err, "could not record run %s in the database", id) : 0;
}

int ledger_update(struct db *db, const char *id, const char *phase, const char *plan,
                  struct err *err)
{
    return upsert(db, id, phase, plan, NULL, NULL, err);
}

int ledger_end(struct db *db, const char *id, int status, const char *outcome, struct err *err)
{
    char text[16];

    snprintf(text, sizeof text, "%d", status);
    return upsert(db, id, NULL, NULL, outcome, text, err);
}

static const char select_sql[] =
    "SELECT id, coalesce(environment, ''), coalesce(command, ''), coalesce(who, ''), "
    "coalesce(host, ''), "
    "pg_catalog.to_char(started AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), "
    "pg_catalog.to_char(ended AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), "
    "coalesce(phase, ''), before, plan, outcome, coalesce(status, -1) FROM deploy_db.run ";

static void copy_run(struct arena *arena, const struct db_result *rows, int row,
                     struct ledger_run *run)
{
    const char **const fields[] = {&run->id,     &run->environment, &run->command, &run->who,
                                   &run->host,   &run->started,     &run->ended,   &run->phase,
                                   &run->before, &run->plan,        &run->outcome};

    for (int i = 0; i < (int)(sizeof fields / sizeof *fields); i++)
        *fields[i] = arena_strdup(arena, db_value(rows, row, i));
    run->status = (int)db_int(rows, row, (int)(sizeof fields / sizeof *fields));
}

/* ${which} may use $2, which is ${value}. */
static int read_runs(struct db *db, struct arena *arena, const char *which, const char *limit,
                     const char *value, struct ledger_run **list, size_t *n, struct err *err)
{
    auto_result struct db_result *rows = NULL;
    bool exists;

    *list = NULL;
    *n = 0;
    if (has_table(db, &exists, err) < 0)
        return -1;
    if (!exists)
        return 0;
    if (db_query(db, &rows, err, arena_printf(arena, "%s%s LIMIT $1::pg_catalog.int8", select_sql, which), 2,
                 limit, value) < 0)
        return err_wrap(err, "could not read the record of runs");
    *n = (size_t)db_rows(rows);
    *list = arena_alloc(arena, (*n + 1) * sizeof **list);
    for (size_t i = 0; i < *n; i++)
        copy_run(arena, rows, (int)i, *list + i);
    return 0;
}

int ledger_open(struct db *db, struct arena *arena, struct ledger_run *run, bool *found,
                struct err *err)
{
    struct ledger_run *list;
    size_t n;

    if (read_runs(db, arena, "WHERE ended IS NULL AND $2::pg_catalog.text IS NULL ORDER BY started, id", "1",
                  NULL, &list, &n, err) < 0)
        return -1;
    *found = n > 0;
    if (*found)
        *run = list[0];
    return 0;
}

int ledger_find(struct db *db, struct arena *arena, const char *id, struct ledger_run *run,
                bool *found, struct err *err)
{
    struct ledger_run *list;
    size_t n;

    if (read_runs(db, arena, "WHERE id = $2", "1", id, &list, &n, err) < 0)
        return -1;
    *found = n > 0;
    if (*found)
        *run = list[0];
    return 0;
}

int ledger_list(struct db *db, struct arena *arena, const char *environment, int limit,
                struct ledger_run **list, size_t *n, struct err *err)
{
    char text[16];

    snprintf(text, sizeof text, "%d", limit > 0 ? limit : 0);
    return read_runs(db, arena,
                     "WHERE $2::pg_catalog.text IS NULL OR coalesce(environment, $2) = $2 "
                     "ORDER BY started DESC, id DESC",
                     text, environment, list, n, err);
}
