/* finish - the database is as planned: remember it, and tell the hooks (phases.h). */
#include "deploy/phases.h"

#include "base/fs.h"
#include "base/log.h"
#include "deploy/prune.h"

void finish_keep_expected(struct run *run)
{
    struct before now = {0};
    struct err err = ERR_INIT;
    auto_buf struct buf text = {0};

    if (run_observe(run, &now, &err) == 0) {
        catalog_format(&now.catalog, &text);
        if (fs_write(verify_expected_path(run), text.data, text.len, 0600, &err) == 0)
            return;
    }
    run_warn(run, "could not keep the catalog for the next deployment: %s", err.primary);
}

int finish_phase(struct run *run, struct err *err)
{
    finish_keep_expected(run);
    if (hook_event(run, "post-deploy", run->env->hooks.post_deploy, 0, err) != 0) {
        err_as(err, ERR_POST);
        return err_wrap(err, "a post-deploy hook failed");
    }
    if (run->snapshot != NULL)
        prune_after(run);
    return 0;
}
