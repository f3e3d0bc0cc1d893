/* inuse - see inuse.h. */
#include "pg/inuse.h"

#include "base/cancel.h"
#include "base/clock.h"

enum { WAIT_MS = 5 * 1000, POLL_MS = 100 };

/* 0x64646232 as the functions take it; the texts end before the name. */
#define KEY "(1684300338, pg_catalog.hashtext($1::pg_catalog.text))"

static int try(struct db *db, const char *sql, const char *name, bool *got, struct err *err)
{
    auto_result struct db_result *result = NULL;

    if (db_query(db, &result, err, sql, 1, name) < 0)
        return err_wrap(err, "could not tell others that \"%s\" is in use", name);
    *got = db_bool(result, 0, 0);
    return 0;
}

int inuse_share(struct db *db, const char *name, struct err *err)
{
    int64_t deadline = clock_mono_ms() + WAIT_MS;
    bool got = false;

    while (try(db, "SELECT pg_catalog.pg_try_advisory_lock_shared" KEY, name, &got, err) == 0) {
        if (got)
            return 0;
        if (clock_mono_ms() >= deadline || cancel_requested())
            return err_set(err, ERR_PREPARE, "\"%s\" is being removed by another run", name);
        clock_sleep_ms(POLL_MS);
    }
    return -1;
}

int inuse_claim(struct db *db, const char *name, bool *claimed, struct err *err)
{
    return try(db, "SELECT pg_catalog.pg_try_advisory_lock" KEY, name, claimed, err);
}

static void give_back(struct db *db, const char *sql, const char *name)
{
    struct err ignored = ERR_INIT;
    bool held = false;

    cancel_mask(true);
    (void)try(db, sql, name, &held, &ignored);
    cancel_mask(false);
}

void inuse_release(struct db *db, const char *name)
{
    give_back(db, "SELECT pg_catalog.pg_advisory_unlock_shared" KEY, name);
}

void inuse_unclaim(struct db *db, const char *name)
{
    give_back(db, "SELECT pg_catalog.pg_advisory_unlock" KEY, name);
}

int inuse_run(struct db *db, const char *run, bool *alive, struct err *err)
{
    auto_result struct db_result *result = NULL;

    /* the names are those of db_set_run and of dblock */
    if (db_query(db, &result, err,
                 "SELECT FROM pg_catalog.pg_stat_activity WHERE application_name = "
                 "'deploy-db ' || $1::pg_catalog.text OR pg_catalog.starts_with(application_name, "
                 "'deploy-db ' || $1::pg_catalog.text || ' ')",
                 1, run) < 0)
        return err_wrap(err, "could not look for the sessions of run %s", run);
    *alive = db_rows(result) > 0;
    return 0;
}
