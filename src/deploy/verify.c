/* verify - the database is exactly as planned, or it is not accepted (phases.h). */
#include "deploy/phases.h"

#include <string.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/log.h"
#include "deploy/engine.h"
#include "deploy/lists.h"
#include "deploy/prove.h"
#include "pg/health.h"

enum { SHOWN_DIFFERENCES = 20 };

const char *verify_expected_path(const struct run *run)
{
    return arena_printf(run->arena, "%s/expected.catalog", run->state_dir);
}

static const char *on_off(bool on)
{
    return on ? "on" : "off";
}

/* Whether the rows that the run leaves are the project's heads. */
static bool at_heads(const struct run *run)
{
    char **heads = lists_ids(run->arena, run->plan.heads);
    size_t n = 0;

    if (run->planned == NULL)
        return true;
    for (; run->planned[n] != NULL; n++)
        if (!lists_has(heads, run->planned[n]))
            return false;
    return n == run->plan.heads.n;
}

bool verify_wants_models(struct run *run)
{
    return run->env->strict.models && engine_can_models(run->services) && at_heads(run);
}

struct applied {
    struct run *run;
    struct errs *problems;
};

static bool is_pending(const struct run *run, const char *id)
{
    for (size_t i = 0; i < run->plan.pending.n; i++)
        if (strcmp(run->plan.pending.v[i]->id, id) == 0)
            return true;
    return false;
}

/* A revision that is half applied is gone on with where it is one of the run's. */
static const char *policy_of(const struct run *run, const struct ddb_finding *finding)
{
    if (strcmp(finding->kind, "edited") == 0)
        return run->env->checksums;
    if (strcmp(finding->kind, "stuck") == 0)
        return "strict";
    return strcmp(finding->kind, "half-applied") != 0 || is_pending(run, finding->revision)
               ? "warn"
               : "strict";
}

static int take_finding(void *arg, const struct ddb_finding *finding)
{
    struct applied *applied = arg;
    const char *policy = policy_of(applied->run, finding);
    struct err *problem;

    if (strcmp(policy, "warn") == 0) {
        run_warn(applied->run, "%s", finding->text);
    } else if (strcmp(policy, "strict") == 0) {
        problem = errs_new(applied->problems);
        err_set(problem, ERR_REFUSED, "%s", finding->text);
        err_hint(problem, "%s", finding->hint);
    }
    return 0;
}

int verify_applied(struct run *run, struct errs *problems, struct err *err)
{
    struct applied applied = {run, problems};

    return engine_inspect(run->services, take_finding, &applied, err);
}

size_t verify_models(struct run *run, struct errs *problems)
{
    const struct env *env = run->env;
    struct model_difference *list = NULL;
    struct err err = ERR_INIT;
    struct err *problem;
    size_t n = 0;

    if (!verify_wants_models(run))
        return 0;
    log_info("comparing the models with the database (compare_type %s, compare_server_default %s)",
             on_off(env->strict.compare_type), on_off(env->strict.compare_server_default));
    if (engine_models(run->services, &list, &n, &err) != 0) {
        err_hint(&err, "Mend it, or set strict.models = false for this environment.");
        *errs_new(problems) = err;
        return 0;
    }
    if (n == 0)
        return 0;
    problem = errs_new(problems);
    err_set(problem, ERR_PENDING, "the models and the database differ in %zu place%s", n,
            n == 1 ? "" : "s");
    for (size_t i = 0; i < n && i < SHOWN_DIFFERENCES; i++)
        err_detail(problem, "%s", list[i].text);
    return n;
}

bool verify_is_strict(const struct env *env)
{
    return env->strict.compare_type || env->strict.compare_server_default;
}

static void show_lines(const char *text)
{
    while (*text != '\0') {
        int n = (int)strcspn(text, "\n");

        log_info("  %.*s", n, text);
        text += n + (text[n] == '\n');
    }
}

static int verify_drift(struct run *run, struct err *err)
{
    struct errs problems = {0};
    int rc = 0;

    verify_models(run, &problems);
    for (size_t i = 0; i < problems.n; i++) {
        if (verify_is_strict(run->env))
            continue;
        run_warn(run, "%s", problems.items[i].primary);
        show_lines(problems.items[i].detail);
    }
    if (problems.n > 0 && verify_is_strict(run->env)) {
        rc = -1;
        *err = problems.items[0];
    }
    errs_release(&problems);
    return rc;
}

/* An index that the migrations left invalid; those that were invalid before are not theirs. */
static int verify_indexes(struct run *run, struct err *err)
{
    struct health health = {0};
    int rc = health_read(run->db, run->arena, 0, &health, err);

    for (size_t i = 0; rc == 0 && i < health.invalid_indexes.n; i++) {
        if (!lists_has(run->before.invalid_indexes, health.invalid_indexes.v[i]))
            rc = err_set(err, ERR_INTERNAL, "the migrations left index %s invalid",
                         health.invalid_indexes.v[i]);
    }
    health_release(&health);
    return rc;
}

/* What the migrations made, where there were any; verify hooks know the database at the heads. */
static int verify_made(struct run *run, struct err *err)
{
    if (run->goal.kind == GOAL_STAMP)
        return 0;
    if (verify_indexes(run, err) != 0 || verify_drift(run, err) != 0)
        return -1;
    if (at_heads(run) && hook_event(run, "verify", run->env->hooks.verify, 0, err) != 0)
        return err_wrap(err, "a verify hook refuses");
    return 0;
}

int verify_phase(struct run *run, struct err *err)
{
    if (!db_alive(run->db) && run_connect(run, 0, err) != 0)
        return -1;
    if (prove_planned(run, err) != 0)
        return -1;
    if (FAULT("verify.middle"))
        return err_set(err, ERR_INTERNAL, "fault point verify.middle");
    if (verify_made(run, err) != 0)
        return -1;
    log_info("verified: the database stands at %s",
             lists_joined(run->arena, run->planned, ", ", "base"));
    return 0;
}
