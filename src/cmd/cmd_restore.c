/* cmd_restore - restore. */
#include "cmd/cmd.h"

#include "deploy/report.h"
#include "deploy/restore_file.h"
#include "deploy/restore_run.h"

/* What is restored: ${file} where the command line names one, else a snapshot. Gives its name. */
static const char *choose(struct cmd_context *context, struct restore_file **file, struct err *err)
{
    *file = NULL;
    if (context->n_args == 0 || !restore_file_names(context->services, context->args[0]))
        return cmd_snapshot_choose(context, err);
    if (restore_file_look(context->services, context->args[0], file, err) != 0)
        return NULL;
    return (*file)->path;
}

int cmd_restore(struct cmd_context *context, struct err *err)
{
    const char *into = context->options->value[OPT_INTO];
    struct restore_file *file = NULL;
    const char *snapshot;
    auto_buf struct buf text = {0};
    struct run *run;
    json_t *json;
    int status;

    if (context->options->given[OPT_UNDO] > 0)
        return cmd_restore_undo(context, err);
    if (context->options->given[OPT_TABLE] > 0)
        return cmd_restore_tables(context, err);
    snapshot = choose(context, &file, err);
    if (snapshot == NULL)
        return ERR_PREPARE;
    if (into == NULL &&
        cmd_confirm(context,
                    arena_printf(context->arena,
                                 "%s %s takes the place of the live database of \"%s\"",
                                 file == NULL ? "snapshot" : file->format, snapshot,
                                 context->env->name),
                    context->env->name, err) != 0)
        return ERR_USAGE;
    run = run_new(context->services, "restore");
    run->file = file;
    status = into == NULL ? (int)restore_run(run, snapshot, err)
                          : (int)restore_run_beside(run, snapshot, into, err);
    if (into == NULL)
        report_text(run, status, &text);
    else if (status == ERR_NONE)
        buf_addf(&text, "%s: restored %s %s into database %s\n", run->env->name,
                 file == NULL ? "snapshot" : "file", snapshot, into);
    json = report_json(run, status, err);
    json_object_set_new(json, "restored", json_string(snapshot));
    json_object_set_new(json, "format",
                        json_string(file == NULL ? "snapshot" : file->format));
    json_object_set_new(json, "into", json_string(into != NULL ? into
                                                  : db_target_name(context->services->target)));
    cmd_print(context, json, buf_text(&text));
    run_close(run);
    return status;
}
