/* run - see run.h. */
#include "deploy/run.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/thread.h"
#include "deploy/clone.h"
#include "deploy/ship.h"
#include "pg/dbprops.h"
#include "pg/health.h"
#include "pg/ledger.h"
#include "pg/ledger_mark.h"
#include "pg/versions.h"

/* Reading the catalog waits for whoever locks a table; it must not wait for ever. */
enum { LOCK_MS = 15 * 1000, RECOVERY_LOCK_MS = 120 * 1000 };

const char *run_state_dir(const struct services *services)
{
    return arena_printf(services->arena, "%s/%s", services->conf->state_dir, services->env->name);
}

static const char *user_name(struct arena *arena)
{
    const struct passwd *entry = getpwuid(geteuid());

    return entry != NULL ? arena_strdup(arena, entry->pw_name)
                         : arena_printf(arena, "uid%u", (unsigned)geteuid());
}

static const char *host_name(struct arena *arena)
{
    char name[256] = "";

    if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0')
        return "localhost";
    return arena_strdup(arena, name);
}

/* The second, its fraction in units of 1/4096, and three digits by chance: runs of the same second are in the
 * order of their names too, and so are their snapshots. */
static const char *new_id(struct arena *arena)
{
    struct timespec now = {0};
    uint16_t chance = 0;
    char when[32];

    clock_gettime(CLOCK_REALTIME, &now);
    if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance)
        chance = (uint16_t)getpid();
    return arena_printf(arena, "%s-%03x%03x", clock_compact(now.tv_sec, when),
                        (unsigned)(now.tv_nsec / 244141), chance & 0xfffU);
}

static struct run *make(struct services *services, const char *id, const char *command)
{
    struct run *run = arena_alloc(services->arena, sizeof *run);

    run->arena = services->arena;
    run->services = services;
    run->env = services->env;
    run->id = id;
    run->command = command;
    run->who = user_name(run->arena);
    run->host = host_name(run->arena);
    run->state_dir = run_state_dir(services);
    run->target = "heads";
    run->goal.kind = goal_kind(command);
    run->with_hooks = run->goal.kind == GOAL_DEPLOY || run->env->is_protected;
    services->run = id;
    db_set_run(id);
    return run;
}

struct run *run_new(struct services *services, const char *command)
{
    return make(services, new_id(services->arena), command);
}

struct run *run_resume(struct services *services, const char *id, const char *command,
                       struct journal *journal)
{
    struct run *run = make(services, arena_strdup(services->arena, id),
                           arena_strdup(services->arena, command));

    run->journal = journal;
    services->journal = journal;
    return run;
}

int run_open_journal(struct run *run, struct err *err)
{
    if (run->journal == NULL &&
        journal_create(run->arena, run->state_dir, run->id, run->env->name, run->command, run->who,
                       run->host, &run->journal, err) != 0)
        return -1;
    run->services->journal = run->journal;
    return log_open(journal_path(run->journal, ".log"), err);
}

int run_connect(struct run *run, int64_t wait_ms, struct err *err)
{
    int64_t deadline = clock_mono_ms() + wait_ms;

    db_close(run->db);
    run->db = NULL;
    for (;;) {
        struct err attempt = ERR_INIT;

        if (db_open(run->services->target, NULL, DB_WRITE, &run->db, &attempt) == 0 &&
            db_timeouts(run->db, run->services->recovering ? RECOVERY_LOCK_MS : LOCK_MS, 0,
                        &attempt) == 0)
            return 0;
        db_close(run->db);
        run->db = NULL;
        if (clock_mono_ms() >= deadline) {
            *err = attempt;
            return -1;
        }
        log_detail("%s; trying again", attempt.primary);
        clock_sleep_ms(500);
    }
}

/* The database, asked in a thread. */
struct asking {
    struct run *run;
    struct plan_rows rows;
    int rc;
    struct err err;
};

static void *ask(void *arg)
{
    struct asking *asking = arg;
    struct run *run = asking->run;

    asking->rc = run_connect(run, 0, &asking->err);
    if (asking->rc == 0)
        asking->rc = plan_rows(run->services, run->db, &asking->rows, &asking->err);
    return NULL;
}

int run_look(struct run *run, struct err *err)
{
    struct asking asking = {.run = run, .err = ERR_INIT};
    pthread_t thread;

    if (thread_start(&thread, ask, &asking, ERR_REFUSED, err) != 0)
        return -1;
    plan_read(run->services, &run->plan);
    pthread_join(thread, NULL);
    if (asking.rc == 0)
        asking.rc = plan_compare(run->services, &asking.rows, NULL, &run->plan, err);
    else
        *err = asking.err;
    strvec_release(&asking.rows.ids);
    return asking.rc;
}

/* Owner, access and settings of the database: they are not in its catalog. */
static const char *properties_text(struct arena *arena, const struct dbprops *props)
{
    auto_buf struct buf text = {0};

    for (size_t i = 0; i < props->n; i++)
        buf_addf(&text, "%s%s\n", props->statements[i].before, props->statements[i].after);
    return arena_strdup(arena, buf_text(&text));
}

int run_observe(struct run *run, struct before *before, struct err *err)
{
    const struct conf *conf = run->services->conf;
    auto_strvec struct strvec rows = {0};
    struct health health = {0};
    struct dbprops props = {0};
    char reset[40] = "";
    bool exists;

    if (dbprops_read(run->db, run->arena, &props, err) != 0 || versions_read(run->db, conf->version_table_schema, conf->version_table, &rows, &exists,
                      err) != 0 ||
        catalog_read(run->db, run->arena, conf->version_table_schema, conf->version_table,
                     &before->catalog, err) != 0 ||
        tally_writes(run->db, run->arena, &before->writes, &before->n_writes, err) != 0 ||
        tally_stats_reset(run->db, reset, err) != 0 ||
        health_read(run->db, run->arena, 0, &health, err) != 0)
        return -1;
    before->known = true;
    before->properties = properties_text(run->arena, &props);
    before->rows = arena_list(run->arena, &rows);
    memcpy(before->fingerprint, before->catalog.fingerprint, sizeof before->fingerprint);
    before->invalid_indexes = arena_list(run->arena, &health.invalid_indexes);
    before->stats_reset = arena_strdup(run->arena, reset);
    health_release(&health);
    return 0;
}

/* A protected database says so itself, so that nobody takes it for one that may be replaced. */
static void mark_protected(struct run *run, struct db *db)
{
    const struct ledger_mark mark = {run->env->name, true};
    struct err err = ERR_INIT;

    if (run->env->is_protected && ledger_mark_write(db, &mark, &err) != 0)
        run_warn(run, "%s", err.primary);
}

int run_enter_ledger(struct run *run, struct db *db, struct err *err)
{
    char when[32];
    const struct journal_state *state = journal_state(run->journal);
    struct ledger_run row = {
        .id = run->id,
        .environment = run->env->name,
        .command = run->command,
        .who = run->who,
        .host = run->host,
        .started = clock_iso(state->started, when),
        .phase = state->phase,
        .before = state->record == NULL ? "{}" : state->record,
        .plan = state->record == NULL ? "{}" : state->record,
        .status = -1,
    };

    if (ledger_begin(db, &row, err) != 0)
        return err_wrap(err, "could not enter the run into the database");
    run->in_ledger = true;
    mark_protected(run, db);
    return 0;
}

int run_phase(struct run *run, const char *phase, bool begin, struct err *err)
{
    char point[64];

    if (run->journal != NULL && journal_phase(run->journal, phase, begin, err) != 0)
        return -1;
    if (run->lock != NULL && begin)
        dblock_step(run->lock, phase);
    if (run->in_ledger && run->db != NULL && begin) {
        struct err ignored = ERR_INIT;

        /* The journal is what this machine recovers from: a session that was just lost must not
         * turn into a second failure here. */
        if (ledger_update(run->db, run->id, phase, NULL, &ignored) != 0)
            log_detail("the database's own record of this run is behind: %s", ignored.primary);
    }
    snprintf(point, sizeof point, "%s.%s", phase, begin ? "begin" : "end");
    if (FAULT(point))
        return err_set(err, ERR_INTERNAL, "fault point %s", point);
    return 0;
}

/* A session that was lost is no reason to leave the run open for others: it is told in another one. */
static int end_in_ledger(struct run *run, int status, const char *outcome, struct err *err)
{
    if (ledger_end(run->db, run->id, status, outcome, err) == 0)
        return 0;
    if (db_alive(run->db))
        return -1;
    err_clear(err);
    return run_connect(run, 0, err) == 0 ? ledger_end(run->db, run->id, status, outcome, err) : -1;
}

int run_end(struct run *run, int status, const char *outcome)
{
    auto_free char *clean = log_clean(outcome);
    struct err err = ERR_INIT;

    clone_end(run);
    ship_join(run);
    if (run->in_ledger && run->db != NULL && end_in_ledger(run, status, clean, &err) != 0)
        run_warn(run, "could not mark run %s as finished in the database: %s", run->id,
                 err.primary);
    err_clear(&err);
    (void)FAULT("end.middle");
    if (run->journal != NULL && journal_end(run->journal, status, clean, &err) != 0)
        run_warn(run, "could not mark run %s as finished in its journal: %s", run->id,
                 err.primary);
    return status;
}

int run_ended_elsewhere(struct run *run, int status, const char *outcome, struct err *err)
{
    if (run->journal == NULL || journal_state(run->journal)->ended != 0)
        return 0;
    log_info("run %s had ended with status %d", run->id, status);
    return journal_end(run->journal, status, outcome != NULL ? outcome : "ended elsewhere", err);
}

void run_warn(struct run *run, const char *fmt, ...)
{
    char text[2048];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    log_warning("%s", text);
    strvec_push(&run->warnings, text);
}

void run_close(struct run *run)
{
    if (run == NULL)
        return;
    ship_leave(run); /* a run that stays unfinished waits for nothing */
    dblock_free(run->lock);
    run->lock = NULL;
    db_close(run->db);
    run->db = NULL;
    plan_release(&run->plan);
    strvec_release(&run->warnings);
    log_close();
}
