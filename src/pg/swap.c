/* swap - see swap.h. */
#include "pg/swap.h"

#include <string.h>

#include "base/buf.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "pg/subscriptions.h"
#include "pg/sql/swap_hindrances.sql.h"
#include "pg/sql/swap_sessions.sql.h"

/* Tests have less patience. */
#ifndef SWAP_CLOSE_MS
#define SWAP_CLOSE_MS (30 * 1000)
#endif

enum { NAME_BYTES = 63, POLL_MS = 100, RENAME_ATTEMPTS = 3 };

const char *swap_name(struct arena *arena, const char *database, const char *word,
                      const char *run)
{
    size_t tail = strlen(word) + strlen(run) + 2;
    size_t room = tail < NAME_BYTES ? NAME_BYTES - tail : 0;
    size_t len = strlen(database);

    /* Never in the middle of a UTF-8 character. */
    if (len > room)
        for (len = room; len > 0 && ((unsigned char)database[len] & 0xC0) == 0x80; len--)
            ;
    return arena_printf(arena, "%.*s_%s_%s", (int)len, database, word, run);
}

/* --- statements that name a database ---------------------------------------------------------- */

/* ${before}, the quoted ${name}, ${after}: one statement. */
static int run_for(struct db *admin, const char *before, const char *name, const char *after,
                   struct err *err)
{
    struct arena *arena = arena_new();
    int status = db_exec(
        admin, err, arena_printf(arena, "%s%s%s", before, db_quote(admin, arena, name), after), 0);

    arena_free(arena);
    return status;
}

static int allow(struct db *admin, const char *name, bool connections, struct err *err)
{
    return run_for(admin, "ALTER DATABASE ", name,
                   connections ? " ALLOW_CONNECTIONS true" : " ALLOW_CONNECTIONS false", err);
}

static void hint_rights(struct db *admin, struct err *err)
{
    if (strcmp(err->sqlstate, "42501") == 0)
        err_hint(err, "Let role \"%s\" own the database and create others: ALTER DATABASE … OWNER "
                      "TO, ALTER ROLE … CREATEDB.",
                 db_user(admin));
}

/* --- creating -------------------------------------------------------------------- */

static void add_option(struct db *admin, struct arena *arena, struct buf *sql, const char *keyword,
                       const char *value)
{
    if (value != NULL)
        buf_addf(sql, " %s %s", keyword, db_literal(admin, arena, value));
}

/* Servers before 15 know no provider but libc. */
static void add_locale(struct db *admin, struct arena *arena, const struct dbprops *props,
                       struct buf *sql)
{
    bool builtin = props->provider != NULL && strcmp(props->provider, "builtin") == 0;
    bool known = props->provider != NULL && db_server_version(admin) >= 150000;

    add_option(admin, arena, sql, "ENCODING", props->encoding);
    add_option(admin, arena, sql, "LC_COLLATE", props->collate);
    add_option(admin, arena, sql, "LC_CTYPE", props->ctype);
    if (!known && (props->provider == NULL || strcmp(props->provider, "libc") == 0))
        return;
    add_option(admin, arena, sql, "LOCALE_PROVIDER", props->provider);
    add_option(admin, arena, sql, builtin ? "BUILTIN_LOCALE" : "ICU_LOCALE", props->icu_locale);
    add_option(admin, arena, sql, "ICU_RULES", props->icu_rules);
}

/* Where the server has it, and our role may use it; else it is the server's default. */
static int add_tablespace(struct db *admin, struct arena *arena, const struct dbprops *props,
                          struct buf *sql, struct err *err)
{
    auto_result struct db_result *rows = NULL;

    if (props->tablespace == NULL)
        return 0;
    if (db_query(admin, &rows, err,
                 "SELECT FROM pg_catalog.pg_tablespace WHERE spcname = $1 AND "
                 "pg_catalog.has_tablespace_privilege(oid, 'CREATE')",
                 1, props->tablespace) < 0)
        return err_wrap(err, "could not look for tablespace \"%s\"", props->tablespace);
    if (db_rows(rows) > 0)
        buf_addf(sql, " TABLESPACE %s", db_quote(admin, arena, props->tablespace));
    return 0;
}

static int create(struct db *admin, struct arena *arena, const char *name,
                  const struct dbprops *props, struct err *err)
{
    auto_buf struct buf sql = {0};

    buf_addf(&sql, "CREATE DATABASE %s TEMPLATE template0", db_quote(admin, arena, name));
    add_locale(admin, arena, props, &sql);
    if (props->owner != NULL)
        buf_addf(&sql, " OWNER %s", db_quote(admin, arena, props->owner));
    if (add_tablespace(admin, arena, props, &sql, err) < 0)
        return -1;
    if (db_exec(admin, err, buf_text(&sql), 0) == 0)
        return 0;
    if (strcmp(err->sqlstate, "42501") == 0)
        err_hint(err, "Let role \"%s\" create databases (ALTER ROLE … CREATEDB) and be a member of "
                      "their owner.",
                 db_user(admin));
    return err_wrap(err, "could not create database \"%s\"", name);
}

int swap_create(struct db *admin, const char *name, const struct dbprops *props,
                struct err *err)
{
    struct arena *arena = arena_new();
    int status = swap_drop(admin, name, err);

    if (status == 0)
        status = create(admin, arena, name, props, err);
    arena_free(arena);
    return status;
}

int swap_properties(struct db *admin, const char *name, const struct dbprops *props,
                    struct err *err)
{
    for (size_t i = 0; i < props->n; i++)
        if (run_for(admin, props->statements[i].before, name, props->statements[i].after, err) < 0)
            return err_wrap(err, "could not set the properties of database \"%s\"", name);
    return 0;
}

int swap_drop_public(struct db *db, struct err *err)
{
    if (db_exec(db, err, "DROP SCHEMA public", 0) < 0)
        return err_wrap(err, "could not drop schema public in database \"%s\"", db_name(db));
    return 0;
}

/* The server was stopped while it dropped the database: nothing but dropping it again is possible then. */
static int is_half_dropped(struct db *admin, const char *name, bool *half, struct err *err)
{
    auto_result struct db_result *rows = NULL;

    if (db_query(admin, &rows, err,
                 "SELECT FROM pg_catalog.pg_database WHERE datname = $1 AND datconnlimit = -2", 1,
                 name) < 0)
        return -1;
    *half = db_rows(rows) > 0;
    return 0;
}

/* A template cannot be dropped, and sessions may come back faster than they are ended. */
static int make_droppable(struct db *admin, const char *name, struct err *err)
{
    bool half;

    if (is_half_dropped(admin, name, &half, err) < 0)
        return -1;
    if (half)
        return 0;
    return subscriptions_drop(admin, name, err) < 0
               ? -1
               : run_for(admin, "ALTER DATABASE ", name,
                         " IS_TEMPLATE false ALLOW_CONNECTIONS false", err);
}

/* --- what is there ---------------------------------------------------------------------------- */

static int look_up(struct db *admin, const char *name, bool *exists, bool *open, struct err *err)
{
    auto_result struct db_result *rows = NULL;

    if (db_query(admin, &rows, err,
                 "SELECT datallowconn FROM pg_catalog.pg_database WHERE datname = $1", 1,
                 name) < 0)
        return err_wrap(err, "could not look for database \"%s\"", name);
    *exists = db_rows(rows) > 0;
    *open = *exists && db_bool(rows, 0, 0);
    return 0;
}

int swap_exists(struct db *admin, const char *name, bool *exists, struct err *err)
{
    bool open;

    return look_up(admin, name, exists, &open, err);
}

int swap_is_open(struct db *admin, const char *name, bool *open, struct err *err)
{
    bool exists;

    if (look_up(admin, name, &exists, open, err) < 0)
        return -1;
    if (!exists)
        return err_set(err, ERR_INTERNAL, "database \"%s\" does not exist", name);
    return 0;
}

/* --- closing ---------------------------------------------------------------------------------- */

/* What would make the exchange fail, or would be lost by it: found before anything is changed. */
static int refuse_hindrances(struct db *admin, const char *name, struct err *err)
{
    auto_result struct db_result *rows = NULL;

    if (db_query(admin, &rows, err, swap_hindrances_sql, 1, name) < 0)
        return err_wrap(err, "could not look for what holds database \"%s\"", name);
    if (db_rows(rows) == 0)
        return 0;
    err_set(err, ERR_REFUSED, "database \"%s\" is held by %s", name, db_value(rows, 0, 0));
    for (int i = 1; i < db_rows(rows); i++)
        err_detail(err, "and by %s", db_value(rows, i, 0));
    return err_hint(err, "Finish prepared transactions (COMMIT PREPARED, ROLLBACK PREPARED) and "
                         "stop what reads the replication slots.");
}

/* End the sessions of ${name} that we may end, except ${keep_pid}. ${left}: those that are there
 * still, one a line. */
static int end_sessions(struct db *admin, const char *name, int keep_pid, struct buf *left, int *n,
                        struct err *err)
{
    auto_result struct db_result *rows = NULL;
    char pid[16];

    snprintf(pid, sizeof pid, "%d", keep_pid);
    if (db_query(admin, &rows, err, swap_sessions_sql, 2, name, pid) < 0)
        return err_wrap(err, "could not end the sessions of database \"%s\"", name);
    *n = db_rows(rows);
    buf_reset(left);
    for (int i = 0; i < *n; i++)
        buf_addf(left, "%s%s", i > 0 ? "\n" : "", db_value(rows, i, 0));
    return 0;
}

static int wait_empty(struct db *admin, const char *name, int keep_pid, struct err *err)
{
    auto_buf struct buf left = {0};
    int64_t begun = clock_mono_ms();
    int n;

    for (;;) {
        if (end_sessions(admin, name, keep_pid, &left, &n, err) < 0)
            return -1;
        if (n == 0)
            return 0;
        if (cancel_requested())
            return err_set(err, ERR_REFUSED, "cancelled while database \"%s\" was being closed",
                           name);
        if (clock_mono_ms() - begun >= SWAP_CLOSE_MS)
            break;
        clock_sleep_ms(POLL_MS);
    }
    err_set(err, ERR_REFUSED, "could not end %d session%s of database \"%s\" within %d s", n,
            n == 1 ? "" : "s", name, SWAP_CLOSE_MS / 1000);
    err_detail(err, "%s", buf_text(&left));
    return err_hint(err, "End these sessions, or let role \"%s\" end them "
                         "(GRANT pg_signal_backend).",
                    db_user(admin));
}

int swap_close(struct db *admin, const char *name, int keep_pid, struct err *err)
{
    struct err ignored = ERR_INIT;
    bool was_open;

    if (swap_is_open(admin, name, &was_open, err) < 0 || refuse_hindrances(admin, name, err) < 0)
        return -1;
    if (allow(admin, name, false, err) < 0) {
        hint_rights(admin, err);
        return err_wrap(err, "could not close database \"%s\"", name);
    }
    if (FAULT("swap.close"))
        err_set(err, ERR_INTERNAL, "fault: swap.close");
    else if (wait_empty(admin, name, keep_pid, err) == 0)
        return 0;
    cancel_mask(true);
    if (was_open && allow(admin, name, true, &ignored) < 0)
        err_detail(err, "database \"%s\" is closed still: %s", name, ignored.primary);
    cancel_mask(false);
    return -1;
}

int swap_open(struct db *admin, const char *name, struct err *err)
{
    if (allow(admin, name, true, err) < 0) {
        hint_rights(admin, err);
        return err_wrap(err, "could not open database \"%s\"", name);
    }
    return 0;
}

/* --- dropping --------------------------------------------------------------------------------- */

/* FORCE takes the server's autovacuum for a session, one that only members of pg_signal_backend may end
 * (42501). Without FORCE the server ends it by itself. */
static int drop(struct db *admin, const char *name, struct err *err)
{
    auto_buf struct buf left = {0};
    int n;

    if (run_for(admin, "DROP DATABASE IF EXISTS ", name, " WITH (FORCE)", err) == 0)
        return 0;
    if (strcmp(err->sqlstate, "42501") != 0)
        return -1;
    err_clear(err);
    if (end_sessions(admin, name, 0, &left, &n, err) < 0)
        return -1;
    if (run_for(admin, "DROP DATABASE IF EXISTS ", name, "", err) == 0)
        return 0;
    if (n > 0)
        err_detail(err, "%s", buf_text(&left));
    return -1;
}

int swap_drop(struct db *admin, const char *name, struct err *err)
{
    bool exists;

    if (swap_exists(admin, name, &exists, err) < 0)
        return -1;
    if (!exists)
        return 0;
    if (make_droppable(admin, name, err) == 0 && drop(admin, name, err) == 0)
        return 0;
    hint_rights(admin, err);
    return err_wrap(err, "could not drop database \"%s\"", name);
}

/* --- the exchange ----------------------------------------------------------------------------- */

static int rename_to(struct db *admin, const char *from, const char *to, struct err *err)
{
    struct arena *arena = arena_new();
    int status = run_for(
        admin, "ALTER DATABASE ", from,
        arena_printf(arena, " RENAME TO %s", db_quote(admin, arena, to)), err);

    arena_free(arena);
    return status;
}

/* Once we say that it is done, it must outlive a crash of the server. */
static int begin(struct db *admin, struct err *err)
{
    return db_exec(admin, err, "BEGIN", 0) < 0
               ? -1
               : db_exec(admin, err, "SET LOCAL synchronous_commit = on", 0);
}

static int exchange(struct db *admin, const char *live, const char *aside, const char *fresh,
                    struct err *err)
{
    int status = -1;

    if (begin(admin, err) == 0 && rename_to(admin, live, aside, err) == 0 &&
        rename_to(admin, fresh, live, err) == 0 && allow(admin, live, true, err) == 0) {
        if (FAULT("swap.rename"))
            err_set(err, ERR_INTERNAL, "fault: swap.rename");
        else
            status = db_exec(admin, err, "COMMIT", 0);
    }
    if (status < 0)
        db_quietly(admin, "ROLLBACK");
    return status;
}

int swap_adopt(struct db *admin, const char *fresh, const char *name, struct err *err)
{
    if (begin(admin, err) != 0 || rename_to(admin, fresh, name, err) != 0 ||
        db_exec(admin, err, "COMMIT", 0) != 0) {
        db_quietly(admin, "ROLLBACK");
        return err_wrap(err, "could not rename database \"%s\" to \"%s\"", fresh, name);
    }
    return 0;
}

int swap_rename(struct db *admin, const char *live, const char *aside, const char *fresh,
                struct err *err)
{
    auto_buf struct buf left = {0};
    bool open;
    int n;

    if (swap_is_open(admin, live, &open, err) < 0)
        return -1;
    if (open)
        return err_set(err, ERR_INTERNAL, "database \"%s\" must be closed before it is renamed",
                       live);
    for (int attempt = 1;; attempt++) {
        struct err failure = ERR_INIT;

        if (exchange(admin, live, aside, fresh, &failure) == 0)
            return 0;
        if (strcmp(failure.sqlstate, "55006") != 0 || attempt == RENAME_ATTEMPTS) {
            *err = failure;
            hint_rights(admin, err);
            return err_wrap(err, "could not put database \"%s\" in the place of \"%s\"", fresh,
                            live);
        }
        /* A session that was about to begin when the live one was closed, or one in the fresh. */
        log_detail("%s: trying again", failure.primary);
        if (end_sessions(admin, live, 0, &left, &n, err) < 0 ||
            end_sessions(admin, fresh, 0, &left, &n, err) < 0)
            return -1;
    }
}
