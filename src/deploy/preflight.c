/* preflight - everything that can be known before anything is changed (phases.h). */
#include "deploy/phases.h"

#include "base/log.h"
#include "deploy/lists.h"
#include "deploy/preflight_checks.h"

/* Plan again under the lock: whoever deployed while we waited has changed what is pending. */
static int plan_again(struct run *run, struct errs *problems, struct err *err)
{
    struct plan fresh;

    if (plan_make(run->services, run->db, &run->goal, &fresh, err) != 0)
        return -1;
    if (!plan_equal(&run->plan, &fresh)) {
        if (plan_is_current(&fresh)) {
            log_info("another deployment has applied what was pending");
        } else {
            struct err *problem = errs_new(problems);

            err_set(problem, ERR_REFUSED, "the plan has changed while waiting for the lock");
            err_hint(problem, "Look at `deploy-db status %s` and try again.", run->env->name);
        }
    }
    plan_release(&run->plan);
    run->plan = fresh;
    return 0;
}

int preflight_phase(struct run *run, struct err *err)
{
    struct errs problems = {0};
    int rc = 0;

    if (plan_again(run, &problems, err) != 0)
        return -1;
    run->target = run->plan.target;
    run->pending = lists_ids(run->arena, run->plan.pending);
    run->planned = lists_ids(run->arena, run->plan.path.planned);
    if (problems.n == 0 && plan_is_current(&run->plan) && !run->pooled) {
        preflight_checks_unfinished(run, &problems);
        run->nothing_to_do = problems.n == 0;
    } else {
        preflight_checks(run, &problems);
    }
    if (problems.n > 0)
        rc = phases_join(&problems, "preflight refuses", err);
    errs_release(&problems);
    return rc;
}
