/*
 * health - see health.h.
 */
#include "pg/health.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "pg/sql/health_facts.sql.h"
#include "pg/sql/health_invalid.sql.h"
#include "pg/sql/health_sessions.sql.h"
#include "pg/sql/health_unreadable.sql.h"

enum { UNREADABLE_MAX = 20, LOOK_AGAIN_MS = 1000 };

static int read_facts(struct db *db, struct arena *arena, struct health *health, struct err *err)
{
    auto_result struct db_result *facts = NULL;

    if (db_query(db, &facts, err, health_facts_sql, 0) < 0)
        return -1;
    health->can_create_databases = db_bool(facts, 0, 0);
    health->can_create_schema = db_bool(facts, 0, 1);
    health->can_end_sessions = db_bool(facts, 0, 2);
    health->is_standby = db_bool(facts, 0, 3);
    health->database_bytes = db_int(facts, 0, 4);
    health->encoding = arena_strdup(arena, db_value(facts, 0, 5));
    health->sessions = (int)db_int(facts, 0, 7);
    health->no_restore =
        !health->can_create_databases ? "create and rename databases"
        : !health->can_end_sessions   ? "end other sessions"
        : db_value(facts, 0, 6) != NULL
            ? arena_printf(arena,
                           "give schema \"public\" of a new database to role %s, as only a superuser "
                           "can before PostgreSQL 15",
                           db_value(facts, 0, 6))
        : db_value(facts, 0, 8) != NULL
            ? arena_printf(arena, "put rows into table %s", db_value(facts, 0, 8))
            : NULL;
    return 0;
}

/* The first column of each row. */
static int read_list(struct db *db, struct strvec *list, const char *sql, struct err *err)
{
    auto_result struct db_result *rows = NULL;

    if (db_query(db, &rows, err, sql, 0) < 0)
        return -1;
    for (int i = 0; i < db_rows(rows); i++)
        strvec_push(list, db_value(rows, i, 0));
    return 0;
}

static int read_unreadable(struct db *db, struct health *health, struct err *err)
{
    auto_result struct db_result *rows = NULL;

    if (db_query(db, &rows, err, health_unreadable_sql, 0) < 0)
        return -1;
    health->reads_everything = db_rows(rows) == 0;
    for (int i = 0; i < db_rows(rows) && i < UNREADABLE_MAX; i++)
        strvec_push(&health->unreadable, db_value(rows, i, 0));
    return 0;
}

/* Sessions of health_sessions.sql: kind, line, and an identity that a transaction keeps. */
enum { KIND, LINE, IDENTITY };

static bool is_kind(const struct db_result *rows, int row, const char *kind)
{
    return strcmp(db_value(rows, row, KIND), kind) == 0;
}

static bool has_identity(const struct db_result *rows, const char *identity)
{
    for (int i = 0; i < db_rows(rows); i++)
        if (is_kind(rows, i, "hidden") && strcmp(db_value(rows, i, IDENTITY), identity) == 0)
            return true;
    return false;
}

static void sort_sessions(const struct db_result *rows, struct health *health)
{
    for (int i = 0; i < db_rows(rows); i++)
        if (is_kind(rows, i, "dump"))
            strvec_push(&health->dumps, db_value(rows, i, LINE));
        else if (is_kind(rows, i, "long"))
            strvec_push(&health->long_transactions, db_value(rows, i, LINE));
}

/* Since when a transaction of another role runs is hidden from a role that may not read statistics:
 * one that is still there when we look again is long enough to be told. */
static int look_again(struct db *db, const char *limit, int64_t long_ms,
                      const struct db_result *before, struct health *health, struct err *err)
{
    auto_result struct db_result *rows = NULL;
    bool any = false;

    for (int i = 0; i < db_rows(before); i++)
        any = any || is_kind(before, i, "hidden");
    if (!any)
        return 0;
    clock_sleep_ms(long_ms < LOOK_AGAIN_MS ? long_ms : LOOK_AGAIN_MS);
    if (db_query(db, &rows, err, health_sessions_sql, 1, limit) < 0)
        return -1;
    for (int i = 0; i < db_rows(rows); i++)
        if (is_kind(rows, i, "hidden") && has_identity(before, db_value(rows, i, IDENTITY)))
            strvec_push(&health->long_transactions, db_value(rows, i, LINE));
    return 0;
}

static int read_sessions(struct db *db, int64_t long_ms, struct health *health, struct err *err)
{
    auto_result struct db_result *rows = NULL;
    char limit[32];

    snprintf(limit, sizeof limit, "%lld", (long long)long_ms);
    if (db_query(db, &rows, err, health_sessions_sql, 1, limit) < 0)
        return -1;
    sort_sessions(rows, health);
    return look_again(db, limit, long_ms, rows, health, err);
}

static const char prepared_sql[] =
    "SELECT pg_catalog.concat('\"', gid, '\", role ', owner, ', since ', "
    "pg_catalog.to_char(prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')) "
    "FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database() "
    "ORDER BY prepared, gid";

int health_read(struct db *db, struct arena *arena, int64_t long_ms, struct health *health,
                struct err *err)
{
    memset(health, 0, sizeof *health);
    if (read_facts(db, arena, health, err) < 0 || read_unreadable(db, health, err) < 0 ||
        read_sessions(db, long_ms, health, err) < 0 ||
        read_list(db, &health->prepared, prepared_sql, err) < 0 ||
        read_list(db, &health->invalid_indexes, health_invalid_sql, err) < 0) {
        health_release(health);
        return err_wrap(err, "could not examine database \"%s\"", db_name(db));
    }
    return 0;
}

void health_release(struct health *health)
{
    strvec_release(&health->unreadable);
    strvec_release(&health->dumps);
    strvec_release(&health->long_transactions);
    strvec_release(&health->prepared);
    strvec_release(&health->invalid_indexes);
}
