/* cmd_snapshot - snapshot, snapshot list, snapshot verify. */
#include "cmd/cmd.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "deploy/meta.h"
#include "deploy/phases.h"
#include "deploy/snapshot.h"
#include "deploy/stores.h"

/* --- snapshot ------------------------------------------------------------------------------------------------ */

int cmd_snapshot(struct cmd_context *context, struct err *err)
{
    struct run *run = run_new(context->services, "snapshot");
    struct snapshot_result result;
    char line[1024], bytes[32], span[32];
    int rc = -1;

    if (run_open_journal(run, err) == 0 && run_connect(run, 0, err) == 0 &&
        lock_phase(run, err) == 0 && run_phase(run, "snapshot", true, err) == 0)
        rc = snapshot_take(run, &result, err);
    if (rc != 0) {
        int status = err->code == ERR_BUSY ? ERR_BUSY : ERR_PREPARE;

        run_end(run, status, err->primary);
        run_close(run);
        err_as(err, (enum err_code)status);
        return status;
    }
    run_end(run, ERR_NONE, "snapshot taken");
    snprintf(line, sizeof line, "%s\n", result.place);
    log_info("%s in %s, verified (%s)", size_text(result.bytes, bytes),
             clock_span(result.elapsed_ms, span), context->env->snapshot.verify);
    cmd_print(context,
              json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "name", result.name, "store",
                        result.store, "place", result.place, "size_bytes",
                        (json_int_t)result.bytes, "raw_bytes", (json_int_t)result.raw_bytes,
                        "elapsed_ms", (json_int_t)result.elapsed_ms),
              line);
    run_close(run);
    return ERR_NONE;
}

int cmd_snapshot_list(struct cmd_context *context, struct err *err)
{
    struct snapshot_file *list = NULL;
    auto_buf struct buf text = {0};
    json_t *array;
    size_t n = 0;

    if (stores_list(context->services, &list, &n, err) != 0)
        return ERR_PREPARE;
    array = json_array();
    for (size_t i = 0; i < n; i++) {
        char bytes[32], age[32];

        buf_addf(&text, "%-44s %-10s %10s  %s%s\n", list[i].name, list[i].store,
                 size_text(list[i].size_bytes, bytes),
                 clock_age((time_t)list[i].modified, clock_now(), age),
                 list[i].partial ? "  (unfinished)" : "");
        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:s, s:I, s:I, s:b}", "name", list[i].name,
                                        "store", list[i].store, "place", list[i].place,
                                        "size_bytes", (json_int_t)list[i].size_bytes, "modified",
                                        (json_int_t)list[i].modified, "partial",
                                        (int)list[i].partial));
    }
    if (n == 0)
        buf_adds(&text, "no snapshots\n");
    cmd_print(context, json_pack("{s:o}", "snapshots", array), buf_text(&text));
    return ERR_NONE;
}

/* Whether a snapshot was taken of this project's environment: two projects may share a folder. */
static bool belongs(struct cmd_context *context, const char *name)
{
    struct stored_bundle stored;
    struct err err = ERR_INIT;
    struct meta meta;
    bool yes = false;

    if (stores_open(context->services, NULL, name, &stored, &err) == 0) {
        yes = meta_parse(context->arena, stored.bundle.meta, &meta, &err) == 0 &&
              strcmp(meta.environment, context->env->name) == 0 &&
              strcmp(meta.project, context->conf->project) == 0;
        stores_close(&stored);
    }
    if (!yes)
        log_warning("snapshot \"%s\" is passed over: %s", name,
                    err.code == ERR_NONE ? "it is of another project or environment" : err.primary);
    return yes;
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(((const struct snapshot_file *)b)->name, ((const struct snapshot_file *)a)->name);
}

const char *cmd_snapshot_choose(struct cmd_context *context, struct err *err)
{
    struct snapshot_file *list = NULL;
    const char *best = NULL;
    size_t n = 0;

    if (context->n_args > 0)
        return context->args[0];
    if (stores_list(context->services, &list, &n, err) != 0)
        return NULL;
    if (n > 0)
        qsort(list, n, sizeof *list, newest_first);
    for (size_t i = 0; i < n && best == NULL; i++)
        if (!list[i].partial && belongs(context, list[i].name))
            best = list[i].name;
    if (best == NULL)
        err_set(err, ERR_PREPARE, "environment \"%s\" has no snapshot", context->env->name);
    return best;
}

int cmd_snapshot_verify(struct cmd_context *context, struct err *err)
{
    const char *level = context->options->value[OPT_LEVEL];
    const char *name;
    char line[1024];

    if (level == NULL)
        level = "full";
    if (strcmp(level, "full") != 0 && strcmp(level, "fast") != 0) {
        err_set(err, ERR_USAGE, "option \"--level\": there is no level \"%s\"", level);
        err_hint(err, "The levels are fast and full.");
        return ERR_USAGE;
    }
    name = cmd_snapshot_choose(context, err);
    if (name == NULL || snapshot_verify(context->services, NULL, name, level, err) != 0)
        return ERR_PREPARE;
    snprintf(line, sizeof line, "%s: verified (%s)\n", name, level);
    cmd_print(context, json_pack("{s:s, s:s, s:b}", "name", name, "level", level, "verified", 1),
              line);
    return ERR_NONE;
}
