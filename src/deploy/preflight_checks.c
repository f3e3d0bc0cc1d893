/* preflight_checks - see preflight_checks.h. */
#include "deploy/preflight_checks.h"
#include "deploy/preflight_clone.h"
#include "deploy/preflight_migrations.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "deploy/clone_left.h"
#include "deploy/encryption.h"
#include "deploy/lists.h"
#include "deploy/phases.h"
#include "deploy/restore_check.h"
#include "deploy/stores.h"
#include "pg/health.h"
#include "pg/ledger.h"
#include "pg/versions.h"

enum { OLDEST_SERVER = 130000 };

static struct err *refuse(struct checking *c)
{
    return errs_new(c->problems);
}

static void refuse_failure(struct checking *c, struct err *err, enum err_code code)
{
    err_as(err, code);
    *errs_new(c->problems) = *err;
}

static void detail_list(struct err *problem, const struct strvec *list)
{
    for (size_t i = 0; i < list->n; i++)
        err_detail(problem, "%s", list->v[i]);
}

/* --- the checks ------------------------------------------------------------------------------------- */

static void check_plan(struct checking *c)
{
    const struct errs *problems = &c->run->plan.problems;

    for (size_t i = 0; i < problems->n; i++)
        *errs_new(c->problems) = problems->items[i];
}

static void check_pooler(struct checking *c)
{
    struct err *problem;

    if (!c->run->pooled)
        return;
    problem = refuse(c);
    err_set(problem, ERR_REFUSED,
            "a transaction-mode pooler stands between deploy-db and database \"%s\"",
            db_target_name(c->run->services->target));
    err_detail(problem, "connected as %s", db_target_display(c->run->services->target));
    err_hint(problem, "Give this environment a database that names the server itself, or a pool "
                      "in session mode: an advisory lock does not survive a transaction there.");
}

static void check_server(struct checking *c)
{
    struct err *problem;

    if (db_server_version(c->run->db) < OLDEST_SERVER) {
        problem = refuse(c);
        err_set(problem, ERR_REFUSED, "server version %s is not supported",
                db_server_version_text(c->run->db));
        err_hint(problem, "deploy-db works with PostgreSQL 13 and later.");
    }
    if (c->health.is_standby) {
        problem = refuse(c);
        err_set(problem, ERR_REFUSED, "the server is a standby: it cannot be changed");
        err_hint(problem, "Name the primary server in this environment's database.");
    }
}

static bool is_harmless(const char *phase)
{
    return strcmp(phase, "hooks") == 0 || strcmp(phase, "snapshot") == 0;
}

/* A run that was cut off while it prepared has changed nothing: under the lock, clear it away. One that has
 * ended here, and could not tell the database, has ended. */
static bool clear_away(struct checking *c, const char *id, const char *phase, bool in_ledger)
{
    struct run *run = c->run;
    struct journal *journal = NULL;
    struct err err = ERR_INIT;

    if (run->lock == NULL)
        return false;
    if (journal_open(run->arena, run->state_dir, id, &journal, &err) == 0) {
        const struct journal_state *state = journal_state(journal);

        if (in_ledger && state->ended != 0) {
            log_info("run %s had ended with status %d", id, state->status);
            return ledger_end(run->db, id, state->status, state->outcome, &err) == 0;
        }
        if (!is_harmless(state->phase))
            return false; /* it came further than the database was told */
    }
    if (!is_harmless(phase))
        return false;
    err_clear(&err);
    log_info("run %s was cut off while it prepared: discarding what it left behind", id);
    if (stores_clean(run->services, id, &err) != 0 ||
        clone_left_discard(run->services, journal, id, &err) != 0 ||
        (in_ledger && ledger_end(run->db, id, ERR_PREPARE, "cut off before anything was changed",
                                 &err) != 0) ||
        (journal_open(run->arena, run->state_dir, id, &journal, &err) == 0 &&
         journal_end(journal, ERR_PREPARE, "cut off before anything was changed", &err) != 0)) {
        log_detail("%s", err.primary);
        return false;
    }
    return true;
}

static void check_unfinished(struct checking *c)
{
    struct run *run = c->run;
    struct ledger_run other = {0};
    struct journal *journal = NULL;
    struct err err = ERR_INIT;
    struct err *problem;
    bool found = false;

    if (ledger_open(run->db, run->arena, &other, &found, &err) != 0 ||
        journal_unfinished(run->arena, run->state_dir, &journal, &err) != 0) {
        refuse_failure(c, &err, ERR_REFUSED);
        return;
    }
    if (!found && journal != NULL)
        other = (struct ledger_run){.id = journal_state(journal)->run,
                                    .who = journal_state(journal)->who,
                                    .host = journal_state(journal)->host,
                                    .phase = journal_state(journal)->phase};
    if (other.environment == NULL)
        other.environment = run->env->name;
    if (other.id == NULL || strcmp(other.id, run->id) == 0 ||
        (strcmp(other.environment, run->env->name) == 0 && clear_away(c, other.id, other.phase, found)))
        return;
    problem = refuse(c);
    err_set(problem, ERR_REFUSED, "run %s is unfinished", other.id);
    err_detail(problem, "begun by %s on %s, last phase %s", other.who, other.host, other.phase);
    err_hint(problem, "Run `deploy-db recover %s` first.", other.environment);
}

static void check_snapshot_tool(struct checking *c)
{
    struct services *services = c->run->services;
    struct err err = ERR_INIT;
    struct ddb_call call = services_begin(services, &services->snapshot, &err);
    const struct ddb_snapshot *plugin = &services->snapshot.plugin->snapshot;

    if (plugin->preflight == NULL || !services->takes_files)
        return;
    if (services_end(&call, plugin->preflight(&call, db_server_version(c->run->db)), "preflight",
                     ERR_REFUSED) != 0)
        refuse_failure(c, &err, ERR_REFUSED);
}

/* What is wrong with one store; code ERR_NONE: nothing. */
static void look_at_store(struct checking *c, const struct service *store, struct err *problem)
{
    struct ddb_call call = services_begin(c->run->services, store, problem);
    int64_t room = store->plugin->store.free_bytes(&call);
    char have[32], need[32];

    if (room < 0 && services_end(&call, -1, "free_bytes", ERR_PREPARE) != 0) {
        err_wrap(problem, "store \"%s\"", store->label);
        return;
    }
    if (room < c->health.database_bytes / 20 + c->run->env->preflight.free_bytes_margin) {
        err_set(problem, ERR_PREPARE, "store \"%s\" has too little room for a snapshot", store->label);
        err_detail(problem, "%s free, the database has %s", size_text(room, have),
                   size_text(c->health.database_bytes, need));
        err_hint(problem, "Make room, or name another store.");
    } else if (room < c->health.database_bytes / 2) {
        run_warn(c->run, "store \"%s\" may be too small: %s free, the database has %s", store->label,
                 size_text(room, have), size_text(c->health.database_bytes, need));
    }
}

/* A remote store that is not required is worth a warning, as long as another one is good. */
static void check_stores(struct checking *c)
{
    struct services *services = c->run->services;
    struct errs bearable = {0};
    size_t good = 0;

    for (size_t i = 0; i < services->n_stores && services->takes_files; i++) {
        const struct service *store = &services->stores[i];
        struct err problem = ERR_INIT;

        if (store->plugin->store.free_bytes != NULL)
            look_at_store(c, store, &problem);
        if (problem.code == ERR_NONE)
            good++;
        else if (stores_is_remote(store) && !stores_is_required(services, store->label))
            *errs_new(&bearable) = problem;
        else
            refuse_failure(c, &problem, ERR_PREPARE);
    }
    for (size_t i = 0; i < bearable.n; i++) {
        if (good > 0)
            run_warn(c->run, "%s; the snapshot goes without this store", bearable.items[i].primary);
        else
            refuse_failure(c, &bearable.items[i], ERR_PREPARE);
    }
    errs_release(&bearable);
}

static void check_encryption(struct checking *c)
{
    if (c->run->services->takes_files)
        encryption_preflight(c->run->services, c->problems);
}

static void check_privileges(struct checking *c)
{
    struct run *run = c->run;
    struct err *problem;
    const char *forbidden;

    if (!c->health.can_create_schema) {
        problem = refuse(c);
        err_set(problem, ERR_REFUSED, "role \"%s\" may not create a schema in database \"%s\"",
                db_user(run->db), db_name(run->db));
        err_hint(problem, "GRANT CREATE ON DATABASE, or create the schema deploy_db and give it to "
                          "this role: the run is recorded there.");
    }
    if (!c->health.reads_everything) {
        problem = refuse(c);
        err_set(problem, ERR_REFUSED, "role \"%s\" cannot read everything, so a snapshot would be "
                                      "incomplete",
                db_user(run->db));
        detail_list(problem, &c->health.unreadable);
        err_hint(problem, "Grant it SELECT on these (or membership in pg_read_all_data) and "
                          "BYPASSRLS where row security is on.");
    }
    forbidden = restore_forbidden(run, &c->health);
    run->may_restore = forbidden == NULL;
    if (!run->may_restore) {
        run->no_restore_reason =
            arena_printf(run->arena, "role \"%s\" may not %s", db_user(run->db), forbidden);
        for (size_t i = 0; i < run->env->n_recover; i++)
            if (run->env->recover[i] == RUNG_RESTORE)
                run_warn(run, "an automatic restore is not offered: %s", run->no_restore_reason);
    }
}

/* Without these rights no step can end, and nobody can tell whether a migration is still at work. */
static void check_version_table(struct checking *c)
{
    const struct conf *conf = c->run->services->conf;
    struct err err = ERR_INIT;
    struct err *problem;
    bool writable;

    if (versions_writable(c->run->db, conf->version_table_schema, conf->version_table, &writable,
                          &err) != 0) {
        refuse_failure(c, &err, ERR_REFUSED);
    } else if (!writable) {
        problem = refuse(c);
        err_set(problem, ERR_REFUSED, "role \"%s\" may not change version table \"%s\"",
                db_user(c->run->db), conf->version_table);
        err_hint(problem, "GRANT INSERT, UPDATE, DELETE on it to this role, or deploy as its owner.");
    }
}

static void check_sessions(struct checking *c)
{
    struct err *problem;

    if (c->health.dumps.n > 0) {
        problem = refuse(c);
        err_set(problem, ERR_REFUSED, "a dump of database \"%s\" is running", db_name(c->run->db));
        detail_list(problem, &c->health.dumps);
        err_hint(problem, "Wait until it has ended: migrations would wait behind it, and everybody "
                          "else behind them.");
    }
    if (c->health.long_transactions.n > 0) {
        problem = refuse(c);
        err_set(problem, ERR_REFUSED, "long transactions are open in database \"%s\"",
                db_name(c->run->db));
        detail_list(problem, &c->health.long_transactions);
        err_hint(problem, "End them, or raise preflight.long_transaction for this environment.");
    }
    if (c->health.prepared.n > 0) {
        run_warn(c->run, "prepared transactions are open, so an automatic restore is not offered: %s",
                 c->health.prepared.v[0]);
        c->run->may_restore = false;
        c->run->no_restore_reason = "prepared transactions are open";
    }
}

static void check_indexes(struct checking *c)
{
    for (size_t i = 0; i < c->health.invalid_indexes.n; i++)
        run_warn(c->run, "index %s is invalid", c->health.invalid_indexes.v[i]);
}

struct check {
    const char *name;
    void (*run)(struct checking *c);
    bool migrations; /* it is about the migrations: a stamp runs none */
};

static const struct check checks[] = {
    {"revisions and version rows", check_plan, false},
    {"pooler", check_pooler, false},
    {"server", check_server, false},
    {"unfinished runs", check_unfinished, false},
    {"privileges", check_privileges, false},
    {"version table", check_version_table, false},
    {"dumps, long and prepared transactions", check_sessions, true},
    {"invalid indexes", check_indexes, true},
    {"the project's database", preflight_migrations_identity, true},
    {"the project's models", preflight_migrations_models, true},
    {"applied revisions", preflight_migrations_applied, true},
    {"other tools", preflight_migrations_foreign, true},
    {"last deployment's catalog", preflight_migrations_expected, true},
    {"hazards", preflight_migrations_hazards, false},
};

/* Where a snapshot is among the pre-deploy hooks. */
static const struct check snapshot_checks[] = {
    {"snapshot tool", check_snapshot_tool, false},
    {"stores", check_stores, false},
    {"encryption", check_encryption, false},
    {"copy of the database", preflight_clone, false},
};

static void run_checks(struct checking *c, const struct check *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].migrations && c->run->goal.kind == GOAL_STAMP)
            continue;
        log_debug("preflight: %s", list[i].name);
        list[i].run(c);
    }
}

void preflight_checks(struct run *run, struct errs *problems)
{
    struct checking c = {.run = run, .problems = problems};
    struct err err = ERR_INIT;

    if (health_read(run->db, run->arena, run->env->preflight.long_transaction_ms, &c.health,
                    &err) != 0 ||
        run_observe(run, &run->before, &err) != 0) {
        refuse_failure(&c, &err, ERR_REFUSED);
        health_release(&c.health);
        return;
    }
    run_checks(&c, checks, sizeof checks / sizeof *checks);
    if (run->with_hooks && lists_has((char *const *)run->env->hooks.pre_deploy, "snapshot"))
        run_checks(&c, snapshot_checks, sizeof snapshot_checks / sizeof *snapshot_checks);
    health_release(&c.health);
}

void preflight_checks_unfinished(struct run *run, struct errs *problems)
{
    struct checking c = {.run = run, .problems = problems};

    check_unfinished(&c);
}
