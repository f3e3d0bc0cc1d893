/* pins - see pins.h. */
#include "deploy/pins.h"

#include <string.h>

#include "base/log.h"
#include "deploy/journal.h"
#include "deploy/lists.h"
#include "deploy/restore.h"
#include "deploy/run.h"
#include "pg/inuse.h"
#include "pg/ledger.h"

enum { LEDGER_RUNS = 1000 }; /* an unfinished one stands in the way of others: it is among the newest */

struct pins {
    struct services *services;
    struct db *admin;        /* the maintenance database */
    struct strvec known;     /* runs of this environment, on this machine or in the ledger */
    struct strvec runs;      /* unfinished ones, of any environment of the database */
    struct strvec snapshots; /* what they name, each behind the run that names it */
};

/* A run is unfinished: its own snapshot is needed, and the one that its record names. */
static void add(struct pins *pins, const char *run, const char *record, const char *noted)
{
    json_t *json = record == NULL ? NULL : json_loads(record, 0, NULL);
    const char *named = json_string_value(json_object_get(json, "snapshot"));

    strvec_push(&pins->runs, run);
    if (named != NULL) {
        strvec_push(&pins->snapshots, run);
        strvec_push(&pins->snapshots, named);
    }
    if (noted != NULL) {
        strvec_push(&pins->snapshots, run);
        strvec_push(&pins->snapshots, noted);
    }
    json_decref(json);
}

static int read_journals(struct pins *pins, struct err *err)
{
    struct services *services = pins->services;
    const char *dir = run_state_dir(services);

    if (journal_runs(dir, &pins->known, err) != 0)
        return -1;
    for (size_t i = 0; i < pins->known.n; i++) {
        struct journal *journal = NULL;
        struct err unreadable = ERR_INIT;

        if (journal_open(services->arena, dir, pins->known.v[i], &journal, &unreadable) != 0) {
            log_detail("%s", unreadable.primary);
            add(pins, pins->known.v[i], NULL, NULL); /* who knows */
        } else if (journal_state(journal)->ended == 0 && journal_has_changed(journal)) {
            add(pins, pins->known.v[i], journal_state(journal)->record,
                journal_noted(journal, "snapshot"));
        }
    }
    return 0;
}

/* The database whose ledger is asked, and the one that knows of restores: without either, what is needed
 * is not known. A server without the database is in the middle of an exchange of names, or in a state
 * that nobody knows. */
static int connect_both(struct pins *pins, struct db **db, struct err *err)
{
    struct services *services = pins->services;
    const char *env = services->env->name;
    struct err unreachable = ERR_INIT;
    const bool has_db = db_open(services->target, NULL, DB_READ, db, &unreachable) == 0;

    if (restore_admin(services, &pins->admin, err) == 0) {
        if (has_db)
            return 0;
        *err = unreachable;
        err->hint[0] = '\0';
        err_hint(err, "An exchange of databases may have been cut off: look with `deploy-db status %s`, "
                      "and run `deploy-db recover %s`.", env, env);
    } else if (!has_db) {
        err->hint[0] = '\0';
        err_hint(err, "Run `deploy-db snapshot prune %s` again when the server can be reached: unfinished "
                      "runs and restores of other machines are known there.", env);
    }
    return err_wrap(err, "which snapshots are needed cannot be told");
}

/* The rows of all environments of this database: a snapshot is of a database, and its runs are too. */
static int read_ledger(struct pins *pins, struct err *err)
{
    struct services *services = pins->services;
    struct ledger_run *list = NULL;
    struct db *db = NULL;
    size_t n = 0;
    int rc = connect_both(pins, &db, err);

    if (rc == 0)
        rc = ledger_list(db, services->arena, NULL, LEDGER_RUNS, &list, &n, err);
    db_close(db);
    for (size_t i = 0; i < n; i++) {
        if (list[i].ended == NULL)
            add(pins, list[i].id, list[i].plan, NULL);
        if (strcmp(list[i].environment, services->env->name) == 0)
            strvec_push(&pins->known, list[i].id);
    }
    return rc;
}

int pins_open(struct services *services, struct pins **out, struct err *err)
{
    struct pins *pins = mem_alloc(sizeof *pins);

    pins->services = services;
    if (read_journals(pins, err) != 0 || read_ledger(pins, err) != 0) {
        pins_close(pins);
        return -1;
    }
    *out = pins;
    return 0;
}

void pins_close(struct pins *pins)
{
    if (pins == NULL)
        return;
    db_close(pins->admin);
    strvec_release(&pins->known);
    strvec_release(&pins->runs);
    strvec_release(&pins->snapshots);
    mem_free(pins);
}

const char *pins_reason(const struct pins *pins, const char *snapshot, const char *run)
{
    const char *needs = strvec_has(&pins->runs, run) ? run : NULL;

    for (size_t i = 0; needs == NULL && i + 1 < pins->snapshots.n; i += 2)
        if (strcmp(pins->snapshots.v[i + 1], snapshot) == 0)
            needs = pins->snapshots.v[i];
    if (needs == NULL)
        return NULL;
    return strcmp(needs, pins->services->run) == 0
               ? "of this run"
               : arena_printf(pins->services->arena, "needed by unfinished run %s", needs);
}

bool pins_knows(const struct pins *pins, const char *run)
{
    return strvec_has(&pins->known, run);
}

int pins_alive(const struct pins *pins, const char *run, bool *alive, struct err *err)
{
    *alive = strcmp(run, pins->services->run) == 0;
    return *alive ? 0 : inuse_run(pins->admin, run, alive, err);
}

int pins_claim(const struct pins *pins, const char *snapshot, bool *claimed, struct err *err)
{
    return inuse_claim(pins->admin, snapshot, claimed, err);
}

void pins_unclaim(const struct pins *pins, const char *snapshot)
{
    inuse_unclaim(pins->admin, snapshot);
}
