/* cmd_restore_tables - restore --table. */
#include "cmd/cmd.h"

#include "deploy/report.h"
#include "deploy/restore_tables.h"

static void add(struct cmd_context *context, const struct restored_table *list, struct buf *text,
                json_t *array)
{
    for (size_t i = 0; list != NULL && list[i].into != NULL; i++) {
        const char *into = arena_printf(context->arena, "deploy_db.%s", list[i].into);

        buf_addf(text, "%s: %lld rows of %s.%s\n", into, (long long)list[i].rows, list[i].schema,
                 list[i].name);
        json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:I}", "schema", list[i].schema,
                                               "table", list[i].name, "into", into, "rows",
                                               (json_int_t)list[i].rows));
    }
}

int cmd_restore_tables(struct cmd_context *context, struct err *err)
{
    const char *const *names = options_list(context->options, context->arena, OPT_TABLE);
    struct restored_table *list = NULL;
    auto_buf struct buf text = {0};
    json_t *array, *json;
    const char *snapshot;
    struct run *run;
    int status;

    if (context->options->given[OPT_INTO] > 0) {
        err_set(err, ERR_USAGE, "options \"--table\" and \"--into\" exclude each other");
        return ERR_USAGE;
    }
    snapshot = cmd_snapshot_choose(context, err);
    if (snapshot == NULL)
        return ERR_PREPARE;
    run = run_new(context->services, "restore");
    status = (int)restore_tables(run, snapshot, names, &list, err);
    array = json_array();
    if (status == ERR_NONE)
        add(context, list, &text, array);
    json = report_json(run, status, err);
    json_object_set_new(json, "restored", json_string(snapshot));
    json_object_set_new(json, "into", json_string(db_target_name(context->services->target)));
    json_object_set_new(json, "tables", array);
    cmd_print(context, json, buf_text(&text));
    run_close(run);
    return status;
}
