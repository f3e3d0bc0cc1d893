/*
 * versions - see versions.h.
 */
#include "pg/versions.h"

#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "pg/sql/versions_busy.sql.h"

enum { IDLE_TRIES = 3, GONE_MS = 10 * 1000, GONE_POLL_MS = 50 };

/* The version table's oid and quoted name; ${name} NULL when there is none. */
struct found {
    char oid[16];
    const char *name;
};

static int find_table(struct db *db, struct arena *arena, const char *schema, const char *table,
                      struct found *found, struct err *err)
{
    auto_result struct db_result *result = NULL;

    if (db_query(db, &result, err,
                 "SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) "
                 "FROM pg_catalog.pg_class c "
                 "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                 "WHERE c.oid = pg_catalog.to_regclass(pg_catalog.concat("
                 "pg_catalog.quote_ident($1) || '.', pg_catalog.quote_ident($2)))",
                 2, schema, table) < 0)
        return err_wrap(err, "could not look for the version table \"%s\"", table);
    found->name = NULL;
    if (db_rows(result) == 0)
        return 0;
    snprintf(found->oid, sizeof found->oid, "%s", db_value(result, 0, 0));
    found->name = arena_strdup(arena, db_value(result, 0, 1));
    return 0;
}

static int read_rows(struct db *db, struct arena *arena, const char *name, struct strvec *rows,
                     struct err *err)
{
    auto_result struct db_result *result = NULL;
    const char *sql = arena_printf(arena,
                                   "SELECT version_num::pg_catalog.text FROM %s "
                                   "WHERE version_num IS NOT NULL "
                                   "ORDER BY version_num::pg_catalog.text COLLATE pg_catalog.\"C\"",
                                   name);

    if (db_query(db, &result, err, sql, 0) < 0)
        return err_wrap(err, "could not read the version table %s", name);
    for (int i = 0; i < db_rows(result); i++)
        strvec_push(rows, db_value(result, i, 0));
    return 0;
}

int versions_read(struct db *db, const char *schema, const char *table, struct strvec *rows,
                  bool *exists, struct err *err)
{
    struct arena *arena = arena_new();
    struct found found;
    int status = find_table(db, arena, schema, table, &found, err);

    if (status == 0) {
        *exists = found.name != NULL;
        if (*exists)
            status = read_rows(db, arena, found.name, rows, err);
    }
    arena_free(arena);
    return status;
}

int versions_writable(struct db *db, const char *schema, const char *table, bool *writable,
                      struct err *err)
{
    auto_result struct db_result *result = NULL;
    struct arena *arena = arena_new();
    struct found found;
    int status = find_table(db, arena, schema, table, &found, err);

    *writable = true;
    if (status == 0 && found.name != NULL) {
        status = db_query(db, &result, err,
                          "SELECT pg_catalog.has_table_privilege($1::pg_catalog.oid, 'INSERT') "
                          "AND pg_catalog.has_table_privilege($1::pg_catalog.oid, 'UPDATE') "
                          "AND pg_catalog.has_table_privilege($1::pg_catalog.oid, 'DELETE')",
                          1, found.oid);
        if (status == 0)
            *writable = db_value(result, 0, 0)[0] == 't';
    }
    arena_free(arena);
    return status;
}

/* Take the lock and give it back: 1 done, 0 somebody is in the way, -1 another failure. */
static int try_lock(struct db *db, struct arena *arena, const char *name, int64_t wait_ms,
                    struct err *err)
{
    struct err failure = ERR_INIT;
    const char *sql = arena_printf(arena, "LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE%s", name,
                                   wait_ms > 0 ? "" : " NOWAIT");
    char limit[32];
    int status;

    snprintf(limit, sizeof limit, "%lld", (long long)wait_ms);
    if (db_exec(db, err, "BEGIN", 0) < 0)
        return -1;
    status =
        db_exec(db, &failure, "SELECT pg_catalog.set_config('lock_timeout', $1, true)", 1, limit);
    if (status == 0)
        status = db_exec(db, &failure, sql, 0);
    db_quietly(db, "ROLLBACK");
    if (status == 0)
        return 1;
    if (strcmp(failure.sqlstate, "55P03") == 0 || strcmp(failure.sqlstate, "40P01") == 0)
        return 0;
    *err = failure;
    return err_wrap(err, "could not lock the version table %s", name);
}

static int list_busy(struct db *db, const char *oid, struct strvec *busy, struct err *err)
{
    auto_result struct db_result *result = NULL;

    if (db_query(db, &result, err, versions_busy_sql, 1, oid) < 0)
        return -1;
    for (int i = 0; i < db_rows(result); i++)
        strvec_push(busy, db_value(result, i, 0));
    return 0;
}

/* The sessions in the way may be gone when we ask who they are: then try again. */
static int wait_idle(struct db *db, struct arena *arena, const struct found *found, int64_t wait_ms,
                     struct strvec *busy, struct err *err)
{
    for (int i = 0; i < IDLE_TRIES; i++) {
        int got = try_lock(db, arena, found->name, wait_ms, err);

        if (got < 0)
            return -1;
        if (got > 0)
            return 0;
        if (list_busy(db, found->oid, busy, err) < 0)
            return -1;
        if (busy->n > 0)
            return 0;
    }
    strvec_push(busy, "sessions that come and go too fast to be named");
    return 0;
}

int versions_idle(struct db *db, const char *schema, const char *table, int64_t wait_ms,
                  struct strvec *busy, struct err *err)
{
    struct arena *arena = arena_new();
    struct found found;
    int status = find_table(db, arena, schema, table, &found, err);

    if (status == 0 && found.name != NULL)
        status = wait_idle(db, arena, &found, wait_ms, busy, err);
    arena_free(arena);
    return status;
}

/* The run's sessions, less those of our own process. */
static int list_sessions(struct db *db, const char *run, struct db_result **sessions,
                         struct err *err)
{
    char own[1024];

    db_own_pids(own, sizeof own);
    return db_query(db, sessions, err,
                    "SELECT pid, application_name FROM pg_catalog.pg_stat_activity "
                    "WHERE (application_name = 'deploy-db ' || $1 OR "
                    "pg_catalog.starts_with(application_name, 'deploy-db ' || $1 || ' ')) "
                    "AND pid <> ALL ($2::pg_catalog.int4[])",
                    2, run, own);
}

static int end_sessions(struct db *db, const struct db_result *sessions, struct err *err)
{
    for (int i = 0; i < db_rows(sessions); i++)
        if (db_exec(db, err, "SELECT pg_catalog.pg_terminate_backend($1::pg_catalog.int4)", 1,
                    db_value(sessions, i, 0)) < 0)
            return err_wrap(err, "could not end session %s (%s)", db_value(sessions, i, 0),
                            db_value(sessions, i, 1));
    return 0;
}

int versions_disconnect(struct db *db, const char *run, struct err *err)
{
    int64_t begun = clock_mono_ms();

    for (bool asked = false;; asked = true) {
        auto_result struct db_result *sessions = NULL;

        if (list_sessions(db, run, &sessions, err) < 0)
            return err_wrap(err, "could not end the sessions of run %s", run);
        if (db_rows(sessions) == 0)
            return 0;
        if (!asked && end_sessions(db, sessions, err) < 0)
            return -1;
        if (clock_mono_ms() - begun >= GONE_MS) {
            err_set(err, ERR_INTERNAL, "session %s of run %s does not end",
                    db_value(sessions, 0, 0), run);
            return err_hint(err, "Look into pg_stat_activity at what it waits for.");
        }
        clock_sleep_ms(GONE_POLL_MS);
    }
}
