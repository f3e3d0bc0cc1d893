/* cmd_snapshot - snapshot, snapshot list, snapshot verify, restore. */
#include "cmd/cmd.h"

#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/log.h"
#include "deploy/phases.h"
#include "deploy/record.h"
#include "deploy/restore.h"
#include "deploy/snapshot.h"
#include "deploy/stores.h"
#include "pg/ledger.h"
#include "pg/swap.h"

/* --- snapshot ------------------------------------------------------------------------------------------------ */

int cmd_snapshot(struct cmd_context *context, struct err *err)
{
    struct run *run = run_new(context->services, "snapshot");
    struct snapshot_result result;
    char line[1024], bytes[32], span[32];
    int rc = -1;

    if (run_open_journal(run, err) == 0 && run_phase(run, "hooks", true, err) == 0)
        rc = snapshot_take(run, &result, err);
    if (rc != 0) {
        run_end(run, ERR_PREPARE, err->primary);
        run_close(run);
        err_as(err, ERR_PREPARE);
        return ERR_PREPARE;
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

/* The snapshot that is named, or the newest complete one. */
static const char *choose(struct cmd_context *context, struct err *err)
{
    struct snapshot_file *list = NULL;
    const char *best = NULL;
    size_t n = 0;

    if (context->n_args > 0)
        return context->args[0];
    if (stores_list(context->services, &list, &n, err) != 0)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (!list[i].partial && (best == NULL || strcmp(list[i].name, best) > 0))
            best = list[i].name;
    if (best == NULL)
        err_set(err, ERR_PREPARE, "environment \"%s\" has no snapshot", context->env->name);
    return best;
}

int cmd_snapshot_verify(struct cmd_context *context, struct err *err)
{
    const char *level = context->options->value[OPT_LEVEL];
    const char *name = choose(context, err);
    char line[1024];

    if (level == NULL)
        level = "full";
    if (strcmp(level, "full") != 0 && strcmp(level, "fast") != 0) {
        err_set(err, ERR_USAGE, "option \"--level\": there is no level \"%s\"", level);
        err_hint(err, "The levels are fast and full.");
        return ERR_USAGE;
    }
    if (name == NULL || snapshot_verify(context->services, NULL, name, level, err) != 0)
        return ERR_PREPARE;
    snprintf(line, sizeof line, "%s: verified (%s)\n", name, level);
    cmd_print(context, json_pack("{s:s, s:s, s:b}", "name", name, "level", level, "verified", 1),
              line);
    return ERR_NONE;
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static void print_restored(struct cmd_context *context, const struct run *run,
                           const char *snapshot, const char *into)
{
    auto_buf struct buf text = {0};

    buf_addf(&text, "%s: restored snapshot %s into database %s\n", run->env->name, snapshot, into);
    if (run->kept_database != NULL)
        buf_addf(&text, "  the database that was there is kept as %s, closed to connections\n",
                 run->kept_database);
    cmd_print(context,
              json_pack("{s:s, s:s, s:s, s:s?}", "environment", run->env->name, "snapshot", snapshot,
                        "database", into, "kept_database", run->kept_database),
              buf_text(&text));
}

/* --into: a new database beside the live one; nothing else is touched. */
static int restore_beside(struct cmd_context *context, struct run *run, const char *snapshot,
                          struct err *err)
{
    const char *into = context->options->value[OPT_INTO];
    struct db *admin = NULL;
    struct meta meta;
    bool exists = false;
    int rc = -1;

    if (restore_admin(context->services, &admin, err) != 0)
        return ERR_REFUSED;
    if (swap_exists(admin, into, &exists, err) == 0) {
        if (exists)
            err_set(err, ERR_REFUSED, "database \"%s\" exists already", into);
        else
            rc = restore_load(run, admin, NULL, snapshot, into, &meta, err);
    }
    db_close(admin);
    if (rc != 0)
        return err->code == ERR_REFUSED ? ERR_REFUSED : ERR_PREPARE;
    print_restored(context, run, snapshot, into);
    return ERR_NONE;
}

/* In the live one's place. The live database may be gone, or be what must be replaced. */
static int restore_over(struct cmd_context *context, struct run *run, const char *snapshot,
                        struct err *err)
{
    const char *live = db_target_name(context->services->target);
    const char *fresh = swap_name(run->arena, live, "fresh", run->id);
    const char *aside = swap_name(run->arena, live, "before", run->id);
    struct db *admin = NULL;
    struct meta meta;
    bool exists = false;
    int rc = -1;

    if (restore_admin(context->services, &admin, err) != 0)
        return ERR_REFUSED;
    if (swap_exists(admin, live, &exists, err) == 0 &&
        restore_load(run, admin, NULL, snapshot, exists ? fresh : live, &meta, err) == 0)
        rc = exists ? restore_swap(run, admin, fresh, aside, err) : 0;
    db_close(admin);
    if (rc != 0)
        return ERR_PREPARE;
    print_restored(context, run, snapshot, live);
    return ERR_NONE;
}

/* A live database that can be reached is locked, and the run is entered there. */
static int enter(struct run *run, struct err *err)
{
    struct err absent = ERR_INIT;

    if (run_open_journal(run, err) != 0 || run_phase(run, "restore", true, err) != 0)
        return ERR_PREPARE;
    if (run_connect(run, 0, &absent) != 0) {
        log_warning("the live database cannot be reached: %s", absent.primary);
        return ERR_NONE;
    }
    if (lock_phase(run, err) != 0)
        return ERR_BUSY;
    return run_enter_ledger(run, err) == 0 ? ERR_NONE : ERR_PREPARE;
}

int cmd_snapshot_restore(struct cmd_context *context, struct err *err)
{
    const char *snapshot = choose(context, err);
    bool beside = context->options->value[OPT_INTO] != NULL;
    struct run *run;
    int status;

    if (snapshot == NULL)
        return ERR_PREPARE;
    if (!beside &&
        cmd_confirm(context,
                    arena_printf(context->arena,
                                 "snapshot %s takes the place of the live database of \"%s\"",
                                 snapshot, context->env->name),
                    context->env->name, err) != 0)
        return ERR_USAGE;
    run = run_new(context->services, "restore");
    if (beside) {
        status = restore_beside(context, run, snapshot, err);
        run_close(run);
        return status;
    }
    status = enter(run, err);
    if (status == ERR_NONE)
        status = restore_over(context, run, snapshot, err);
    if (status != ERR_NONE)
        err_as(err, (enum err_code)status);
    run_end(run, status, status == ERR_NONE ? "restored" : err->primary);
    run_close(run);
    return status;
}
