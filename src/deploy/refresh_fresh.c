/* refresh_fresh - see refresh_fresh.h. */
#include "deploy/refresh_fresh.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/log.h"
#include "deploy/engine.h"
#include "deploy/lists.h"
#include "deploy/phases.h"
#include "host/script.h"
#include "pg/sqlfile.h"

enum { SQL_MOST = 64 * 1024 * 1024 };

/* --- hooks ------------------------------------------------------------------------------------ */

static bool is_sql(const char *path)
{
    size_t n = strlen(path);

    return n > 4 && strcmp(path + n - 4, ".sql") == 0;
}

static const char *hook_path(const struct run *run, const char *name)
{
    return fs_join(run->arena, run->services->config_dir, name);
}

static int check_hook(struct run *run, const char *name, struct err *err)
{
    const char *path = hook_path(run, name);
    auto_strvec struct strvec files = {0};
    auto_buf struct buf text = {0};

    if (!is_sql(path))
        return script_expand(path, &files, err);
    if (fs_private(path, err) != 0)
        return err_wrap(err, "post-refresh hook \"%s\" is not safe to run", name);
    return fs_read(path, SQL_MOST, &text, err) == 0 ? sqlfile_check(text.data, text.len, name, err)
                                                    : -1;
}

void refresh_fresh_check(struct run *run, struct errs *problems)
{
    const char *const *hook = run->env->hooks.post_refresh;

    for (; hook != NULL && *hook != NULL; hook++) {
        struct err err = ERR_INIT;

        if (check_hook(run, *hook, &err) == 0)
            continue;
        err_as(&err, ERR_REFUSED);
        *errs_new(problems) = err;
    }
}

/* In a session of its own: what one file sets does not reach the next. */
static int run_sql(struct run *run, const char *name, struct err *err)
{
    auto_buf struct buf text = {0};
    struct db *db = NULL;
    int rc = fs_read(hook_path(run, name), SQL_MOST, &text, err);

    log_info("post-refresh: running %s", name);
    if (rc == 0)
        rc = db_open(run->services->target, NULL, DB_WRITE, &db, err);
    if (rc == 0)
        rc = sqlfile_run(db, buf_text(&text), text.len, name, err);
    db_close(db);
    return rc;
}

static int run_hooks(struct run *run, struct err *err)
{
    const char *const *hook = run->env->hooks.post_refresh;

    for (; hook != NULL && *hook != NULL; hook++) {
        const char *const alone[] = {*hook, NULL};
        int rc = is_sql(*hook) ? run_sql(run, *hook, err)
                               : hook_event(run, "post-refresh", alone, 0, err);

        if (rc != 0) {
            err_as(err, ERR_PREPARE);
            return err_wrap(err, "a post-refresh hook failed");
        }
    }
    if (FAULT("refresh.hooks"))
        return err_set(err, ERR_PREPARE, "fault point refresh.hooks");
    return 0;
}

/* --- migrations ------------------------------------------------------------------------------- */

/* A project's command that has its database from elsewhere would migrate the live one. */
static int check_reach(struct run *run, struct err *err)
{
    struct ddb_identity theirs;
    char cluster[32], oid[16];
    bool supported;

    if (engine_takes_steps(run->services))
        return 0; /* in our own sessions */
    if (engine_identify(run->services, &theirs, &supported, err) != 0)
        return err_wrap(err, "could not find out which database the project's command reaches");
    if (supported && db_identity(run->db, cluster, oid, err) != 0)
        return -1;
    if (supported && strcmp(theirs.database_oid, oid) == 0 &&
        (theirs.system_identifier[0] == '\0' || cluster[0] == '\0' ||
         strcmp(theirs.system_identifier, cluster) == 0))
        return 0;
    err_set(err, ERR_PREPARE, "the project's command does not reach the fresh database \"%s\"",
            db_name(run->db));
    if (supported)
        err_detail(err, "it reaches database \"%s\" as \"%s\"", theirs.database, theirs.user);
    return err_hint(err,
                    "Let env.py read DATABASE_URL (engine.url_variable), also where the command "
                    "runs in a container.");
}

static int make_plan(struct run *run, struct err *err)
{
    struct errs problems = {0};
    int rc;

    plan_release(&run->plan);
    if (plan_make(run->services, run->db, NULL, &run->plan, err) != 0)
        return -1;
    if (run->plan.problems.n > 0)
        return phases_join(&run->plan.problems, "the restored database cannot be migrated", err);
    run->target = run->plan.target;
    run->pending = lists_ids(run->arena, run->plan.pending);
    run->planned = lists_ids(run->arena, run->plan.path.planned);
    rc = verify_applied(run, &problems, err);
    if (rc == 0 && problems.n > 0)
        rc = phases_join(&problems, "the restored database cannot be migrated", err);
    errs_release(&problems);
    return rc;
}

static int migrate(struct run *run, struct err *err)
{
    size_t n = run->plan.pending.n;
    int64_t started = clock_mono_ms();

    if ((n > 0 || verify_wants_models(run)) && check_reach(run, err) != 0)
        return -1;
    if (n == 0)
        return 0;
    log_info("applying %zu revision%s", n, n == 1 ? "" : "s");
    run->services->steps = n;
    if (engine_run(run->services, &run->plan.path, err) != 0)
        return -1;
    run->apply_ms = clock_mono_ms() - started;
    if (FAULT("refresh.migrated"))
        return err_set(err, ERR_PREPARE, "fault point refresh.migrated");
    return 0;
}

static int in_fresh(struct run *run, struct err *err)
{
    if (run_connect(run, 0, err) != 0 || run_hooks(run, err) != 0 || make_plan(run, err) != 0 ||
        run_observe(run, &run->before, err) != 0 || migrate(run, err) != 0 ||
        verify_phase(run, err) != 0)
        return -1;
    if (FAULT("refresh.verified"))
        return err_set(err, ERR_PREPARE, "fault point refresh.verified");
    return 0;
}

int refresh_fresh(struct run *run, const char *fresh, struct err *err)
{
    struct services *live = run->services;
    struct services there = *live;
    struct before before = run->before;
    struct db *db = run->db;
    int rc;

    there.target = db_target_at(run->arena, live->target, fresh);
    run->services = &there;
    run->db = NULL;
    rc = in_fresh(run, err);
    db_close(run->db);
    run->db = db;
    run->services = live;
    run->before = before;
    return rc == 0 ? 0 : err_as(err, ERR_PREPARE);
}
