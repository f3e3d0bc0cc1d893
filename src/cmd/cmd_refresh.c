/* cmd_refresh - refresh. */
#include "cmd/cmd.h"

#include <string.h>

#include "base/log.h"
#include "deploy/phases.h"
#include "deploy/refresh.h"
#include "deploy/report.h"
#include "deploy/snapshot.h"

/* --- the source ------------------------------------------------------------------------------- */

static const struct env *source_env(struct cmd_context *context, struct err *err)
{
    const char *given = context->options->value[OPT_FROM];
    const char *name = given != NULL ? given : context->env->refresh.from;
    const struct env *from = name == NULL ? NULL : conf_env(context->conf, name);

    if (name == NULL) {
        err_set(err, ERR_USAGE, "no environment is named to refresh \"%s\" from",
                context->env->name);
        (void)err_hint(err, "Name one with --from, or as refresh.from of the environment.");
    } else if (from == NULL) {
        const char *nearest = conf_nearest_env(context->conf, name);

        err_set(err, ERR_USAGE, "there is no environment \"%s\"", name);
        if (nearest != NULL)
            (void)err_hint(err, "Did you mean \"%s\"?", nearest);
    } else if (strcmp(from->name, context->env->name) == 0) {
        err_set(err, ERR_USAGE, "environment \"%s\" cannot be refreshed from itself", name);
        from = NULL;
    }
    return from;
}

/* A run of its own, of the source, whose database must be reachable from here. */
static int take_new(struct cmd_context *context, const struct env *from, const char **snapshot,
                    struct err *err)
{
    struct services *services = NULL;
    struct snapshot_result result;
    struct errs errs = {0};
    struct run *run;
    int rc = -1;

    if (services_open(context->arena, context->conf, from, &services, &errs) != 0) {
        rc = cmd_fail(&errs, err);
        errs_release(&errs);
        return rc;
    }
    if (snapshot_refuse(services, err) != 0)
        return ERR_REFUSED;
    run = run_new(services, "snapshot");
    log_info("taking a snapshot of %s", db_target_display(services->target));
    if (run_open_journal(run, err) == 0 && run_connect(run, 0, err) == 0 &&
        lock_phase(run, err) == 0 && run_phase(run, "snapshot", true, err) == 0)
        rc = snapshot_take(run, &result, err);
    rc = rc == 0 ? (int)ERR_NONE : err->code == ERR_BUSY ? (int)ERR_BUSY : (int)ERR_PREPARE;
    run_end(run, rc, rc == 0 ? "snapshot taken" : err->primary);
    run_close(run);
    *snapshot = rc == 0 ? result.name : NULL;
    err_as(err, (enum err_code)rc);
    return rc;
}

/* --- what came of it -------------------------------------------------------------------------- */

static void report_masks(const struct refresh *refresh, struct buf *out)
{
    for (size_t i = 0; i < refresh->masks.n; i++) {
        const struct masked_table *table = &refresh->masks.tables[i];

        if (table->left_out)
            buf_addf(out, "  left empty: %s.%s\n", table->schema, table->name);
        else
            buf_addf(out, "  masked: %s.%s, %lld rows:", table->schema, table->name,
                     (long long)table->rows);
        for (size_t c = 0; !table->left_out && c < table->n; c++)
            buf_addf(out, "%s %s (%s)%s", c == 0 ? "" : ",", table->columns[c].name,
                     table->columns[c].with, c + 1 == table->n ? "\n" : "");
    }
    for (size_t i = 0; i < refresh->dropped.n; i++)
        buf_addf(out, "  dropped: %s, which an earlier refresh had replaced\n",
                 refresh->dropped.v[i]);
}

static json_t *masks_json(const struct refresh *refresh, bool left_out)
{
    json_t *array = json_array();

    for (size_t i = 0; i < refresh->masks.n; i++) {
        const struct masked_table *table = &refresh->masks.tables[i];
        json_t *columns, *item;

        if (table->left_out != left_out)
            continue;
        item = json_pack("{s:s, s:s}", "schema", table->schema, "table", table->name);
        if (!left_out) {
            columns = json_array();
            for (size_t c = 0; c < table->n; c++)
                json_array_append_new(columns,
                                      json_pack("{s:s, s:s}", "column", table->columns[c].name,
                                                "with", table->columns[c].with));
            json_object_set_new(item, "rows", json_integer(table->rows));
            json_object_set_new(item, "columns", columns);
        }
        json_array_append_new(array, item);
    }
    return array;
}

static void print(struct cmd_context *context, const struct run *run,
                  const struct refresh *refresh, int status, const struct err *err)
{
    auto_buf struct buf text = {0};
    json_t *json = report_json(run, status, err), *dropped = json_array();

    report_text(run, status, &text);
    if (status == ERR_NONE) {
        buf_addf(&text, "  from: %s, snapshot %s\n  migrations: %zu\n", refresh->from->name,
                 refresh->snapshot, run->plan.pending.n);
        report_masks(refresh, &text);
    }
    for (size_t i = 0; i < refresh->dropped.n; i++)
        json_array_append_new(dropped, json_string(refresh->dropped.v[i]));
    json_object_set_new(json, "source", json_string(refresh->from->name));
    json_object_set_new(json, "masked", masks_json(refresh, false));
    json_object_set_new(json, "left_empty", masks_json(refresh, true));
    json_object_set_new(json, "dropped", dropped);
    cmd_print(context, json, buf_text(&text));
}

/* --- the command ------------------------------------------------------------------------------ */

static int choose(struct cmd_context *context, struct run *run, const struct env *from,
                  struct refresh *refresh, struct err *err)
{
    struct errs errs = {0};
    int status = ERR_NONE;

    if (refresh_source(run, from, refresh, &errs) != 0)
        status = cmd_fail(&errs, err);
    else if (refresh_choose(refresh, err) != 0)
        status = (int)err->code;
    else if (cmd_confirm(
                 context,
                 arena_printf(context->arena,
                              "a copy of \"%s\" (snapshot %s) takes the place of the database of "
                              "\"%s\"",
                              from->name, refresh->snapshot, context->env->name),
                 context->env->name, err) != 0)
        status = ERR_USAGE;
    errs_release(&errs);
    return status;
}

int cmd_refresh(struct cmd_context *context, struct err *err)
{
    const struct env *from = source_env(context, err);
    struct refresh refresh = {.snapshot = context->n_args > 0 ? context->args[0] : NULL};
    struct run *run;
    int status;

    if (from == NULL)
        return ERR_USAGE;
    if (context->options->given[OPT_NEW] && refresh.snapshot != NULL) {
        err_set(err, ERR_USAGE, "a snapshot is named, and --new asks for another one");
        return ERR_USAGE;
    }
    if (context->options->given[OPT_NEW] &&
        (status = take_new(context, from, &refresh.snapshot, err)) != ERR_NONE)
        return status;
    run = run_new(context->services, "refresh");
    status = choose(context, run, from, &refresh, err);
    if (status == ERR_NONE) {
        log_info("refreshing %s from %s: %s", context->env->name, from->name,
                 db_target_display(context->services->target));
        status = (int)refresh_run(run, &refresh, err);
        print(context, run, &refresh, status, err);
    }
    strvec_release(&refresh.dropped);
    run_close(run);
    return status;
}
