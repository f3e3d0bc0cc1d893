/*
 * dblock - see dblock.h.
 */
#include "pg/dblock.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/log.h"
#include "pg/sql/dblock_holder.sql.h"

enum { KEY_CLASS = 0x64646231, POLL_MS = 250, NAME_BYTES = 63, WHO_BYTES = 21 };

static const char ADMIN_SHUTDOWN[] = "57P01"; /* SQLSTATE of a session that was ended by another one */

struct dblock {
    struct db *db;
    char run[64];
    char class_id[16];
    char object_id[16];  /* unsigned, as pg_locks shows it */
    char object_key[16]; /* the same as a signed number, as the functions take it */
    bool held;
};

/* FNV-1a. All versions of the program must agree on the key: never change it. */
static uint32_t hash_name(const char *name)
{
    uint32_t hash = 2166136261u;

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

/* "deploy@build7", without the domain, cut so that the step behind it is seen. */
static void format_who(char who[WHO_BYTES + 1])
{
    const struct passwd *user = getpwuid(getuid());
    char host[64] = "";

    if (gethostname(host, sizeof host - 1) < 0)
        snprintf(host, sizeof host, "unknown");
    host[strcspn(host, ".")] = '\0';
    snprintf(who, WHO_BYTES + 1, "%s@%s", user != NULL ? user->pw_name : "unknown", host);
    for (char *at = who; *at != '\0'; at++)
        if (*at == ' ')
            *at = '_';
}

static int show_step(struct dblock *lock, const char *step, struct err *err)
{
    auto_buf struct buf name = {0};
    char who[WHO_BYTES + 1];

    format_who(who);
    buf_addf(&name, "deploy-db %s %s %s", lock->run, who, step);
    if (name.len > NAME_BYTES)
        name.data[NAME_BYTES] = '\0';
    return db_exec(lock->db, err, "SELECT pg_catalog.set_config('application_name', $1, false)", 1,
                   buf_text(&name));
}

static int try_lock(struct dblock *lock, struct err *err)
{
    auto_result struct db_result *result = NULL;

    if (db_query(lock->db, &result, err,
                 "SELECT pg_catalog.pg_try_advisory_lock($1::pg_catalog.int4, $2::pg_catalog.int4)", 2,
                 lock->class_id, lock->object_key) < 0)
        return -1;
    lock->held = db_bool(result, 0, 0);
    return 0;
}

/* The one that is deployed to; the lock may be held in another one. */
static const char *live_name(const struct dblock *lock)
{
    return db_target_name(db_target(lock->db));
}

/* While we waited. Whoever closes the database for a moment ends all sessions there, this one too. */
static int lost_while_waiting(const struct dblock *lock, struct err *err)
{
    char reason[sizeof err->primary];

    if (strcmp(err->sqlstate, ADMIN_SHUTDOWN) != 0)
        return err_as(err, ERR_REFUSED);
    memcpy(reason, err->primary, sizeof reason);
    err_clear(err);
    err_set(err, ERR_BUSY, "database \"%s\" is being deployed to by a run that has ended all other sessions",
            live_name(lock));
    err_detail(err, "%s", reason);
    return err_hint(err, "Try again when it is done.");
}

static const char *or_word(const char *text, const char *word)
{
    return text != NULL ? text : word;
}

/* "run R by deploy@build7, step apply" from the name that show_step gave; other programs may hold
 * the same key. */
static void describe_holder(const char *name, const char *user, char *out, size_t cap)
{
    char run[64];
    char who[64];
    char step[64];

    if (name != NULL && sscanf(name, "deploy-db %63s %63s %63[^\n]", run, who, step) == 3)
        snprintf(out, cap, "run %s by %s, step %s", run, who, step);
    else
        snprintf(out, cap, "\"%s\" of role \"%s\"", or_word(name, ""), or_word(user, ""));
}

/* Fill ${err} with who holds the lock; it stays clear when nobody does any more. */
static int find_holder(struct dblock *lock, struct err *err, struct err *busy)
{
    auto_result struct db_result *holder = NULL;
    const char *since;
    char text[256];

    if (db_query(lock->db, &holder, err, dblock_holder_sql, 2, lock->class_id, lock->object_id) < 0)
        return -1;
    if (db_rows(holder) == 0)
        return 0;
    describe_holder(db_value(holder, 0, 1), db_value(holder, 0, 2), text, sizeof text);
    since = db_value(holder, 0, 4);
    err_set(busy, ERR_BUSY, "database \"%s\" is being deployed to by %s", live_name(lock), text);
    err_detail(busy, "the lock is held by pid %s, %s%s%s", db_value(holder, 0, 0),
               or_word(db_value(holder, 0, 3), "address not visible"),
               since != NULL ? ", since " : "", or_word(since, ""));
    err_hint(busy, "Try again when it is done; `deploy-db status` shows how far it is.");
    return 0;
}

static int wait_lock(struct dblock *lock, int64_t wait_ms, struct err *err)
{
    int64_t begun = clock_mono_ms();
    bool announced = false;

    for (;;) {
        struct err busy = ERR_INIT;
        int64_t left;

        if (try_lock(lock, err) < 0)
            return lost_while_waiting(lock, err);
        if (lock->held)
            return 0;
        if (find_holder(lock, err, &busy) < 0)
            return lost_while_waiting(lock, err);
        left = wait_ms - (clock_mono_ms() - begun);
        if (left <= 0 || cancel_requested()) {
            if (busy.code == ERR_NONE)
                err_set(&busy, ERR_BUSY, "database \"%s\" is being deployed to by another run",
                        live_name(lock));
            *err = busy;
            return -1;
        }
        if (!announced && busy.code != ERR_NONE) {
            log_info("%s; waiting for it", busy.primary);
            announced = true;
        }
        clock_sleep_ms(left < POLL_MS ? left : POLL_MS);
    }
}

static int open_session(const struct db_target *target, const char *database, const char *run,
                        struct dblock **lock, struct err *err)
{
    struct dblock *made = mem_alloc(sizeof *made);
    uint32_t key = hash_name(db_target_name(target));

    snprintf(made->run, sizeof made->run, "%s", run);
    snprintf(made->class_id, sizeof made->class_id, "%d", KEY_CLASS);
    snprintf(made->object_id, sizeof made->object_id, "%u", key);
    snprintf(made->object_key, sizeof made->object_key, "%d", (int)key);
    if (db_open(target, database, DB_READ, &made->db, err) < 0) {
        dblock_free(made);
        return -1;
    }
    *lock = made;
    return 0;
}

static int take(const struct db_target *target, const char *database, const char *run,
                int64_t wait_ms, struct dblock **lock, struct err *err)
{
    struct dblock *made;

    if (open_session(target, database, run, &made, err) < 0)
        return -1;
    if (show_step(made, "waiting", err) < 0 || wait_lock(made, wait_ms, err) < 0) {
        dblock_free(made);
        return -1;
    }
    dblock_step(made, "locked");
    *lock = made;
    return 0;
}

int dblock_look_swap(const struct db_target *target, const char *database, struct err *err)
{
    struct err busy = ERR_INIT;
    struct dblock *lock;
    int rc;

    if (open_session(target, database, "", &lock, err) < 0)
        return -1;
    rc = find_holder(lock, err, &busy);
    dblock_free(lock);
    if (rc == 0 && busy.code != ERR_NONE) {
        *err = busy;
        rc = -1;
    }
    return rc;
}

int dblock_take(const struct db_target *target, const char *run, int64_t wait_ms,
                struct dblock **lock, struct err *err)
{
    return take(target, NULL, run, wait_ms, lock, err);
}

int dblock_take_swap(const struct db_target *target, const char *database, const char *run,
                     struct dblock **lock, struct err *err)
{
    return take(target, database, run, 0, lock, err);
}

void dblock_step(struct dblock *lock, const char *step)
{
    struct err ignored = ERR_INIT;

    cancel_mask(true);
    if (show_step(lock, step, &ignored) < 0)
        log_debug("could not show the step to others: %s", ignored.primary);
    cancel_mask(false);
}

int dblock_check(struct dblock *lock, struct err *err)
{
    auto_result struct db_result *result = NULL;
    int status;

    cancel_mask(true);
    status = db_query(lock->db, &result, err,
                      "SELECT true FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND "
                      "pid = pg_catalog.pg_backend_pid() AND classid = $1::pg_catalog.oid AND "
                      "objid = $2::pg_catalog.oid AND objsubid = 2 AND granted",
                      2, lock->class_id, lock->object_id);
    cancel_mask(false);
    if (status < 0) {
        err_wrap(err, "the lock of this deployment was lost");
        return err_as(err, ERR_INTERNAL);
    }
    if (db_rows(result) == 0)
        return err_set(err, ERR_INTERNAL, "the lock of this deployment on database \"%s\" was lost",
                       db_name(lock->db));
    return 0;
}

struct db *dblock_session(const struct dblock *lock)
{
    return lock->db;
}

int dblock_pooled(const struct db_target *target, bool *pooled, struct err *err)
{
    return db_pooled(target, NULL, pooled, err);
}

/* Closing the session releases the lock too, but only when the server has noticed. */
void dblock_free(struct dblock *lock)
{
    if (lock == NULL)
        return;
    if (lock->held) {
        char sql[96];

        snprintf(sql, sizeof sql, "SELECT pg_catalog.pg_advisory_unlock(%s, %s)", lock->class_id,
                 lock->object_key);
        db_quietly(lock->db, sql);
    }
    db_close(lock->db);
    mem_free(lock);
}
