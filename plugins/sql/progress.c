/* progress - see progress.h. */
#include "progress.h"

#include <stdlib.h>
#include <string.h>

#include "invalid.h"

/* Two first runs must not create it at once: "if not exists" does not keep them apart. The lock
 * is the one under which the record of runs is created. */
static const char create_sql[] =
    "DO $do$\n"
    "BEGIN\n"
    "    PERFORM pg_catalog.pg_advisory_xact_lock(1684300337, 0);\n"
    "    IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'deploy_db') THEN\n"
    "        CREATE SCHEMA deploy_db;\n"
    "        COMMENT ON SCHEMA deploy_db IS 'What deploy-db did to this database, one row a run in "
    "table run. No part of the application: dropping it loses the history only.';\n"
    "    END IF;\n"
    "    CREATE TABLE IF NOT EXISTS deploy_db.applied_file (\n"
    "        revision pg_catalog.text PRIMARY KEY,\n"
    "        sha256 pg_catalog.text NOT NULL,\n"
    "        applied_at pg_catalog.timestamptz NOT NULL,\n"
    "        run pg_catalog.text);\n"
    "    CREATE TABLE IF NOT EXISTS deploy_db.half_applied (\n"
    "        revision pg_catalog.text PRIMARY KEY,\n"
    "        direction pg_catalog.text NOT NULL,\n"
    "        sha256 pg_catalog.text NOT NULL,\n"
    "        statement pg_catalog.int4 NOT NULL,\n"
    "        running pg_catalog.bool NOT NULL,\n"
    "        invalid_before pg_catalog.text[],\n"
    "        run pg_catalog.text,\n"
    "        updated pg_catalog.timestamptz NOT NULL);\n"
    "END $do$";

int progress_has(struct session *session, const char *table, bool *exists)
{
    PGresult *res =
        session_query(session, "could not look for the record of applied files",
                      "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
                      "ON n.oid = c.relnamespace "
                      "WHERE n.nspname = 'deploy_db' AND c.relname = $1",
                      1, &table);

    *exists = res != NULL && PQntuples(res) > 0;
    PQclear(res);
    return res != NULL ? 0 : -1;
}

int progress_prepare(struct session *session)
{
    bool has_files, has_halves;

    if (progress_has(session, "applied_file", &has_files) < 0 ||
        progress_has(session, "half_applied", &has_halves) < 0)
        return -1;
    if (has_files && has_halves)
        return 0;
    if (session_exec(session, "could not create the record of applied files in schema deploy_db",
                     create_sql) == 0)
        return 0;
    return sql_host->hint(
        session->call,
        "GRANT CREATE ON DATABASE \"%s\", or create the schema deploy_db and give "
        "it to the role \"%s\".",
        PQdb(session->conn), PQuser(session->conn));
}

/* --- what is half applied ----------------------------------------------------------------------*/

int progress_halves(struct session *session, struct progress_half **halves, size_t *n)
{
    struct ddb_call *call = session->call;
    bool exists;
    PGresult *res;

    *n = 0;
    if (progress_has(session, "half_applied", &exists) < 0)
        return -1;
    if (!exists)
        return 0;
    res = session_query(session, "could not read what is half applied",
                        "SELECT revision, direction, sha256, statement, running "
                        "FROM deploy_db.half_applied ORDER BY updated, revision",
                        0, NULL);
    if (res == NULL)
        return -1;
    *n = (size_t)PQntuples(res);
    *halves = sql_host->alloc(call, (*n + 1) * sizeof **halves);
    for (size_t i = 0; i < *n; i++)
        (*halves)[i] = (struct progress_half){
            .revision = sql_host->format(call, "%s", PQgetvalue(res, (int)i, 0)),
            .is_downgrade = strcmp(PQgetvalue(res, (int)i, 1), "downgrade") == 0,
            .sha256 = sql_host->format(call, "%s", PQgetvalue(res, (int)i, 2)),
            .done = (size_t)strtoul(PQgetvalue(res, (int)i, 3), NULL, 10),
            .is_running = PQgetvalue(res, (int)i, 4)[0] == 't',
        };
    PQclear(res);
    return 0;
}

int progress_fits(struct session *session, const struct progress_half *half,
                  const struct script *script)
{
    struct ddb_call *call = session->call;

    if (strcmp(half->sha256, script->file.sha256) == 0 && half->done <= script->n)
        return 0;
    sql_host->fail(
        call, "revision %s is half applied up to statement %zu of a file that has changed since",
        half->revision, half->done);
    sql_host->detail(call, "file: \"%s\"", script->path);
    return sql_host->hint(call,
                          "Restore the file from version control as it was, then go on; or run "
                          "`deploy-db recover`.");
}

/* --- statements --------------------------------------------------------------------------------*/

struct session_item progress_file_item(struct ddb_call *call, const struct script *script)
{
    if (script->step->is_downgrade)
        return (struct session_item){
            .sql = "DELETE FROM deploy_db.applied_file WHERE revision = $1",
            .n = 1,
            .values = {script->id},
        };
    return (struct session_item){
        .sql = "INSERT INTO deploy_db.applied_file (revision, sha256, run, applied_at) "
               "VALUES ($1, $2, $3, pg_catalog.clock_timestamp()) "
               "ON CONFLICT (revision) DO UPDATE SET sha256 = excluded.sha256, "
               "run = excluded.run, applied_at = excluded.applied_at",
        .name = "deploy_db_file",
        .n = 3,
        .values = {script->id, script->file.sha256, sql_host->fact(call, "run")},
    };
}

/* The row, made or changed. */
static struct session_item put_item(struct ddb_call *call, const struct script *script,
                                    size_t done, const char *sql)
{
    return (struct session_item){
        .sql = sql,
        .n = 5,
        .values = {script->id, script->step->is_downgrade ? "downgrade" : "upgrade",
                   script->file.sha256, sql_host->fact(call, "run"),
                   sql_host->format(call, "%zu", done)},
    };
}

#define PUT_SQL(running, invalid_before)                                                           \
    "INSERT INTO deploy_db.half_applied AS h (revision, direction, sha256, run, statement, "       \
    "running, invalid_before, updated) VALUES ($1, $2, $3, $4, $5::pg_catalog.int4, " running ", " \
    invalid_before ", pg_catalog.clock_timestamp()) ON CONFLICT (revision) DO UPDATE "             \
    "SET statement = excluded.statement, running = excluded.running, "                             \
    "invalid_before = coalesce(excluded.invalid_before, h.invalid_before), "                       \
    "updated = excluded.updated"

struct session_item progress_done_item(struct ddb_call *call, const struct script *script,
                                       size_t done)
{
    return put_item(call, script, done, PUT_SQL("false", "NULL"));
}

struct session_item progress_forget_item(const char *revision)
{
    return (struct session_item){
        .sql = "DELETE FROM deploy_db.half_applied WHERE revision = $1",
        .n = 1,
        .values = {revision},
    };
}

static int run_item(struct session *session, const struct session_item *item)
{
    static const char what[] = "could not record what is half applied";
    PGresult *res = NULL;

    if (session_exec(session, what, SESSION_BEGIN_OWN) == 0)
        res = session_query(session, what, item->sql, item->n, item->values);
    PQclear(res);
    return res != NULL ? session_exec(session, what, "COMMIT") : -1;
}

int progress_running(struct session *session, const struct script *script, size_t done)
{
    const struct session_item item =
        put_item(session->call, script, done, PUT_SQL("true", "ARRAY(" INVALID_SQL ")"));

    return run_item(session, &item);
}

int progress_done(struct session *session, const struct script *script, size_t done)
{
    const struct session_item item = progress_done_item(session->call, script, done);

    return done > 0 ? run_item(session, &item) : progress_forget(session, script->id);
}

int progress_forget(struct session *session, const char *revision)
{
    const struct session_item item = progress_forget_item(revision);

    return run_item(session, &item);
}

int progress_forget_run(struct session *session)
{
    const struct session_item item = {
        .sql = "DELETE FROM deploy_db.half_applied WHERE run = $1",
        .n = 1,
        .values = {sql_host->fact(session->call, "run")},
    };
    bool exists;

    if (progress_has(session, "half_applied", &exists) < 0)
        return -1;
    return exists ? run_item(session, &item) : 0;
}
