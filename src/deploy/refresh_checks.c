/* refresh_checks - see refresh_checks.h. */
#include "deploy/refresh_checks.h"

#include <string.h>

#include "base/fs.h"
#include "base/log.h"
#include "conf/secret.h"
#include "deploy/engine.h"
#include "deploy/preflight_checks.h"
#include "deploy/refresh_fresh.h"
#include "deploy/stores.h"
#include "pg/ledger_mark.h"
#include "revision/rows.h"

static void add(struct errs *problems, const struct err *err, enum err_code code)
{
    struct err *problem = errs_new(problems);

    *problem = *err;
    err_as(problem, code);
}

/* --- the target ------------------------------------------------------------------------------- */

/* What the configuration says, and what the database itself says. */
static void check_target(struct run *run, struct errs *problems)
{
    struct ledger_mark mark = {0};
    struct err err = ERR_INIT;
    struct err *problem;

    if (run->env->is_protected) {
        problem = errs_new(problems);
        err_set(problem, ERR_REFUSED, "environment \"%s\" is protected and is never refreshed",
                run->env->name);
        err_hint(problem, "Refresh the environment that gets the data from it.");
    }
    if (run->db == NULL)
        return;
    if (ledger_mark_read(run->db, run->arena, &mark, &err) != 0) {
        add(problems, &err, ERR_REFUSED);
        return;
    }
    if (mark.is_protected)
        ledger_mark_refuse(run->db, &mark, run->env->name, errs_new(problems));
}

/* A run that was cut off may have left a database that only its recovery removes. */
static void check_unfinished(struct run *run, struct errs *problems)
{
    struct journal *journal = NULL;
    struct err err = ERR_INIT;
    struct err *problem;

    if (run->db != NULL) {
        preflight_checks_unfinished(run, problems);
        return;
    }
    if (journal_unfinished(run->arena, run->state_dir, &journal, &err) != 0) {
        add(problems, &err, ERR_REFUSED);
        return;
    }
    if (journal == NULL)
        return;
    problem = errs_new(problems);
    err_set(problem, ERR_REFUSED, "run %s is unfinished", journal_state(journal)->run);
    err_hint(problem, "Run `deploy-db recover %s` first.", run->env->name);
}

/* --- the source's database -------------------------------------------------------------------- */

static struct db_target *source_target(const struct run *run, const struct refresh *refresh)
{
    struct secret_database database = {0};
    struct db_target *target = NULL;
    struct err err = ERR_INIT;

    if (secret_resolve(run->arena, run->services->conf, refresh->from->database, &database, &err) !=
            0 ||
        db_target_new(run->arena, database.conninfo, database.scheme, &target, &err) != 0) {
        log_detail("the database of environment \"%s\" is not known here: %s", refresh->from->name,
                   err.primary);
        return NULL;
    }
    return target;
}

/* Two names may lead to one database: where it can be reached, it is asked. */
static bool is_same(const struct run *run, const struct db_target *source)
{
    char ours[32], our_oid[16], theirs[32], their_oid[16];
    struct db *db = NULL;
    struct err err = ERR_INIT;
    bool same = db_target_same(source, run->services->target);

    if (same || run->db == NULL)
        return same;
    if (db_open(source, NULL, DB_READ, &db, &err) == 0 &&
        db_identity(db, theirs, their_oid, &err) == 0 &&
        db_identity(run->db, ours, our_oid, &err) == 0)
        same = ours[0] != '\0' && strcmp(ours, theirs) == 0 && strcmp(our_oid, their_oid) == 0;
    else
        log_detail("the database of the source was not asked: %s", err.primary);
    db_close(db);
    return same;
}

static void check_source(const struct run *run, const struct refresh *refresh,
                         struct errs *problems)
{
    const struct db_target *source = source_target(run, refresh);
    struct err *problem;

    if (source == NULL || !is_same(run, source))
        return;
    problem = errs_new(problems);
    err_set(problem, ERR_REFUSED, "the database of environment \"%s\" is that of \"%s\"",
            run->env->name, refresh->from->name);
    err_detail(problem, "%s: %s", run->env->name, db_target_display(run->services->target));
    err_detail(problem, "%s: %s", refresh->from->name, db_target_display(source));
    err_hint(problem,
             "A refresh would replace the data with an older copy; to do just that there is "
             "`deploy-db restore`.");
}

/* --- the snapshot ----------------------------------------------------------------------------- */

static int read_snapshot(struct run *run, struct refresh *refresh, struct err *err)
{
    struct stored_bundle stored;
    int rc;

    if (stores_open(refresh->source, NULL, refresh->snapshot, &stored, err) != 0)
        return -1;
    rc = meta_parse(run->arena, stored.bundle.meta, &refresh->meta, err);
    if (rc == 0)
        rc = restore_catalog(run, &stored.bundle, &refresh->catalog, err);
    stores_close(&stored);
    return rc == 0 ? 0 : err_wrap(err, "could not read snapshot \"%s\"", refresh->snapshot);
}

static void check_meta(const struct run *run, const struct refresh *refresh, struct errs *problems)
{
    const struct meta *meta = &refresh->meta;

    if (strcmp(meta->project, run->services->conf->project) == 0 &&
        strcmp(meta->environment, refresh->from->name) == 0)
        return;
    err_set(errs_new(problems), ERR_REFUSED,
            "snapshot \"%s\" is of environment \"%s\" of project \"%s\"", refresh->snapshot,
            meta->environment, meta->project);
}

/* Rows that this checkout does not know would be found out after the load only. */
static void check_revisions(struct run *run, const struct refresh *refresh, struct errs *problems)
{
    size_t before = problems->n;
    struct graph *graph = NULL;
    struct revset rows;

    if (engine_graph(run->services, &graph, problems) == 0 &&
        rows_check(graph, (const char *const *)refresh->meta.rows, &rows, problems) == 0)
        return;
    for (size_t i = before; i < problems->n; i++)
        err_as(&problems->items[i], ERR_REFUSED);
}

static bool has_keyed(const struct env *env)
{
    for (size_t i = 0; i < env->refresh.masks.n; i++) {
        enum mask_function function;

        if (mask_function_find(env->refresh.masks.items[i].with, &function) &&
            mask_is_keyed(function))
            return true;
    }
    return false;
}

static const char *read_salt(const struct run *run, struct errs *problems)
{
    const char *salt = NULL;
    struct err err = ERR_INIT;
    struct err *problem;

    if (!has_keyed(run->env) || run->env->refresh.mask_salt == NULL)
        return NULL;
    if (secret_text(run->arena, run->services->conf, run->env->refresh.mask_salt, &salt, &err) !=
        0) {
        err_wrap(&err, "refresh.mask_salt");
        add(problems, &err, ERR_REFUSED);
        return NULL;
    }
    if (strlen(salt) >= MASK_SALT_LEAST)
        return salt;
    problem = errs_new(problems);
    err_set(problem, ERR_REFUSED, "the salt of the masks is shorter than %d characters",
            MASK_SALT_LEAST);
    err_hint(problem, "Make one with: openssl rand -hex 32");
    return NULL;
}

/* A plugin that loads all or nothing would bring what is to be masked into the database. */
static void check_masks(struct run *run, struct refresh *refresh, struct errs *problems)
{
    const struct plugin *plugin = refresh->source->snapshot.plugin;
    const char *salt = read_salt(run, problems);
    struct err *problem;

    if (refresh_masks_make(run->arena, run->env, salt, &refresh->catalog, &refresh->masks,
                           problems) != 0 ||
        refresh->masks.n == 0)
        return;
    refresh->filter.masks = &refresh->masks;
    if (plugin->snapshot.restore_section != NULL && plugin->snapshot.table_rows != NULL)
        return;
    problem = errs_new(problems);
    err_set(problem, ERR_REFUSED, "snapshot plugin \"%s\" cannot leave rows of single tables to be "
                                  "masked",
            plugin->table.name);
    err_hint(problem, "Take the snapshots of \"%s\" with the plugin pgdump.", refresh->from->name);
}

void refresh_checks(struct run *run, struct refresh *refresh, struct errs *problems)
{
    struct err err = ERR_INIT;

    check_target(run, problems);
    check_unfinished(run, problems);
    check_source(run, refresh, problems);
    refresh_fresh_check(run, problems);
    if (read_snapshot(run, refresh, &err) != 0) {
        add(problems, &err, ERR_PREPARE);
        return;
    }
    check_meta(run, refresh, problems);
    check_revisions(run, refresh, problems);
    check_masks(run, refresh, problems);
    if (run->db == NULL)
        return;
    err_clear(&err);
    if (dbprops_read(run->db, run->arena, &refresh->props, &err) != 0)
        add(problems, &err, ERR_REFUSED);
    else
        refresh->filter.props = &refresh->props;
}
