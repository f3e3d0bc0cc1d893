/* hook - the lists of hooks of an environment, and the built-in hook "snapshot" (phases.h). */
#include "deploy/phases.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "deploy/clone.h"
#include "deploy/lists.h"
#include "deploy/snapshot.h"
#include "host/script.h"

/* The documented environment of a hook (hooks/README.md). */
static char **hook_env(const struct run *run, const char *event, int status)
{
    auto_strvec struct strvec env = {0};

    strvec_push_all(&env, db_target_env(run->services->target, run->arena, NULL));
    strvec_pushf(&env, "DEPLOY_DB_ENV=%s", run->env->name);
    strvec_pushf(&env, "DEPLOY_DB_EVENT=%s", event);
    strvec_pushf(&env, "DEPLOY_DB_RUN=%s", run->id);
    strvec_pushf(&env, "DEPLOY_DB_FROM=%s", lists_joined(run->arena, run->before.rows, ",", ""));
    strvec_pushf(&env, "DEPLOY_DB_TO=%s", lists_joined(run->arena, run->planned, ",", ""));
    strvec_pushf(&env, "DEPLOY_DB_SNAPSHOT=%s", run->snapshot == NULL ? "" : run->snapshot);
    strvec_pushf(&env, "DEPLOY_DB_STATUS=%d", status);
    return arena_list(run->arena, &env);
}

static int run_scripts(struct run *run, const char *event, const char *path, int status,
                       struct err *err)
{
    auto_strvec struct strvec files = {0};
    char **env = hook_env(run, event, status);

    if (script_expand(fs_join(run->arena, run->services->config_dir, path), &files, err) != 0)
        return -1;
    for (size_t i = 0; i < files.n; i++) {
        const struct script script = {
            .path = files.v[i],
            .event = event,
            .env = (const char *const *)env,
            .cwd = run->services->config_dir,
            .timeout_ms = run->env->hooks.timeout_ms,
            .uncancellable = run->services->recovering,
        };
        enum script_outcome outcome;

        log_detail("%s hook %s", event, files.v[i]);
        if (script_run(&script, &outcome, err) != 0)
            return -1;
        if (outcome == SCRIPT_NOT_FOR_ME)
            log_detail("hook %s has nothing to do for %s", files.v[i], event);
    }
    return 0;
}

int hook_event(struct run *run, const char *event, const char *const *list, int status,
               struct err *err)
{
    if (!run->with_hooks)
        return 0;
    for (; list != NULL && *list != NULL; list++)
        if (strcmp(*list, "snapshot") != 0 && run_scripts(run, event, *list, status, err) != 0)
            return -1;
    return 0;
}

void hook_failed(struct run *run, enum err_code status)
{
    struct err err = ERR_INIT;

    run->services->recovering = true;
    if (hook_event(run, "on-failure", run->env->hooks.on_failure, (int)status, &err) != 0)
        run_warn(run, "an on-failure hook failed: %s", err.primary);
    run->services->recovering = false;
}

static int take_file(struct run *run, struct err *err)
{
    struct snapshot_result result;
    char bytes[32], span[32];

    log_info("taking a snapshot of %s", db_target_display(run->services->target));
    if (snapshot_take(run, &result, err) != 0)
        return -1;
    log_info("snapshot %s: %s in %s, verified (%s)", result.place, size_text(result.bytes, bytes),
             clock_span(result.elapsed_ms, span), result.verified);
    return 0;
}

/* The copy comes last: the later it is made, the less is written that it does not have, and nobody is cut
 * off for a run that a failed dump stops. */
static int take_snapshot(struct run *run, struct err *err)
{
    if (run->services->takes_files && take_file(run, err) != 0)
        return -1;
    return run->services->clone.plugin == NULL ? 0 : clone_take(run, err);
}

int hook_phase(struct run *run, struct err *err)
{
    if (!run->with_hooks)
        return 0;
    for (const char *const *hook = run->env->hooks.pre_deploy; hook != NULL && *hook != NULL;
         hook++) {
        int rc = strcmp(*hook, "snapshot") == 0 ? take_snapshot(run, err)
                                                : run_scripts(run, "pre-deploy", *hook, 0, err);

        if (rc != 0)
            return -1;
    }
    return 0;
}
