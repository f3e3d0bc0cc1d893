/* clone_left - see clone_left.h. */
#include "deploy/clone_left.h"

#include <string.h>

#include "base/log.h"
#include "deploy/restore.h"
#include "pg/ledger.h"
#include "pg/scratch.h"
#include "pg/swap.h"
#include "pg/versions.h"

static const char COPY[] = "clone", MARK[] = "closed";

const char *clone_left_name(struct services *services, const char *run)
{
    return swap_name(services->arena, db_target_name(services->target), COPY, run);
}

const char *clone_left_mark(struct services *services, const char *run)
{
    return swap_name(services->arena, db_target_name(services->target), MARK, run);
}

/* Whose they are cannot be told where the name of the database was cut. */
static int list(struct services *services, struct db *admin, const char *word, const char ***names,
                size_t *n, struct err *err)
{
    const char *live = db_target_name(services->target);
    size_t kept = 0;

    if (scratch_list(admin, services->arena, live, word, names, n, err) != 0)
        return -1;
    for (size_t i = 0; i < *n; i++)
        if (strncmp((*names)[i], live, strlen(live)) == 0)
            (*names)[kept++] = (*names)[i];
    *n = kept;
    return 0;
}

int clone_left_closer(struct services *services, struct db *admin, const char **run, struct err *err)
{
    const char **names = NULL;
    size_t n = 0;

    *run = NULL;
    if (list(services, admin, MARK, &names, &n, err) != 0)
        return -1;
    if (n > 0)
        *run = scratch_run(names[n - 1]);
    return 0;
}

int clone_left_discard(struct services *services, const struct journal *journal, const char *run,
                       struct err *err)
{
    struct db *admin = NULL;
    int rc;

    if (services->clone.plugin == NULL &&
        (journal == NULL || journal_noted(journal, CLONE_NOTE) == NULL))
        return 0;
    rc = restore_admin(services, &admin, err);
    if (rc == 0)
        rc = versions_disconnect(admin, run, err);
    if (rc == 0)
        rc = swap_drop(admin, clone_left_name(services, run), err);
    if (rc == 0)
        rc = swap_drop(admin, clone_left_mark(services, run), err);
    db_close(admin);
    return rc;
}

static int sweep_one(struct services *services, struct db *admin, struct db *live, const char *name,
                     bool is_copy, struct err *err)
{
    struct ledger_run row = {0};
    bool found = false;

    if (ledger_find(live, services->arena, scratch_run(name), &row, &found, err) != 0)
        return -1;
    if (found && row.ended == NULL)
        return 0; /* it may need it still */
    if (is_copy && (!found || (row.status == ERR_RESTORED && strcmp(row.phase, "hooks") != 0)))
        return err_set(err, ERR_PREPARE, "a restore has replaced what run %s has changed; drop it when "
                                         "nobody needs it",
                       scratch_run(name));
    if (swap_drop(admin, name, err) != 0)
        return -1;
    log_info("dropped database \"%s\", which run %s has left", name, scratch_run(name));
    return 0;
}

static void sweep(struct services *services, struct db *admin, struct db *live, const char *word)
{
    struct err err = ERR_INIT;
    const char **names = NULL;
    size_t n = 0;

    if (list(services, admin, word, &names, &n, &err) != 0)
        log_warning("could not look for what copies are left: %s", err.primary);
    for (size_t i = 0; i < n; i++) {
        err_clear(&err);
        if (sweep_one(services, admin, live, names[i], word == COPY, &err) != 0)
            log_warning("database \"%s\", %s, is left: %s", names[i],
                        word == COPY ? "a copy of before" : "the mark of a run", err.primary);
    }
}

void clone_left_sweep_in(struct services *services, struct db *admin, struct db *live)
{
    sweep(services, admin, live, COPY);
    sweep(services, admin, live, MARK);
}

void clone_left_sweep(struct services *services)
{
    struct err err = ERR_INIT;
    struct db *admin = NULL, *live = NULL;

    if (restore_admin(services, &admin, &err) == 0 &&
        db_open(services->target, NULL, DB_READ, &live, &err) == 0)
        clone_left_sweep_in(services, admin, live);
    else
        log_detail("could not look for what copies are left: %s", err.primary);
    db_close(live);
    db_close(admin);
}
