/* cmd_restore_undo - restore --undo. */
#include "cmd/cmd.h"

#include "deploy/report.h"
#include "deploy/restore_undo.h"

int cmd_restore_undo(struct cmd_context *context, struct err *err)
{
    const char *wanted = context->n_args > 0 ? context->args[0] : NULL, *kept = NULL;
    const char *live = db_target_name(context->services->target);
    auto_buf struct buf text = {0};
    struct run *run = run_new(context->services, "restore");
    json_t *json;
    int status;

    if (context->options->given[OPT_INTO] > 0 || context->options->given[OPT_TABLE] > 0) {
        err_set(err, ERR_USAGE, "option \"--undo\" goes with neither \"--into\" nor \"--table\"");
        return ERR_USAGE;
    }
    if (restore_undo_choose(run, wanted, &kept, err) != 0)
        return (int)err->code;
    if (cmd_confirm(context,
                    arena_printf(context->arena,
                                 "database \"%s\" takes the place of the live database \"%s\" of \"%s\"",
                                 kept, live, context->env->name),
                    context->env->name, err) != 0)
        return ERR_USAGE;
    status = (int)restore_undo(run, kept, err);
    report_text(run, status, &text);
    json = report_json(run, status, err);
    json_object_set_new(json, "restored", json_string(kept));
    json_object_set_new(json, "into", json_string(live));
    cmd_print(context, json, buf_text(&text));
    run_close(run);
    return status;
}
