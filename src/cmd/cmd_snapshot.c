/* cmd_snapshot - snapshot, and which one is meant. */
#include "cmd/cmd.h"

#include "base/clock.h"
#include "base/log.h"
#include "deploy/inventory.h"
#include "deploy/phases.h"
#include "deploy/preflight_checks.h"
#include "deploy/prune.h"
#include "deploy/reopen.h"
#include "deploy/snapshot.h"

/* What a run has left that was cut off while it prepared; any other is for `recover`, and in nobody's way. */
static void clear_away(struct run *run)
{
    struct errs others = {0};

    preflight_checks_unfinished(run, &others);
    errs_release(&others);
}

static int take(struct run *run, struct snapshot_result *result, struct err *err)
{
    if (run_open_journal(run, err) != 0 || reopen_connect(run, err) != 0 ||
        lock_phase(run, err) != 0)
        return -1;
    clear_away(run);
    return run_phase(run, "snapshot", true, err) == 0 ? snapshot_take(run, result, err) : -1;
}

int cmd_snapshot(struct cmd_context *context, struct err *err)
{
    struct run *run = run_new(context->services, "snapshot");
    struct snapshot_result result;
    char line[1024], bytes[32], span[32];

    if (snapshot_refuse(context->services, err) != 0) {
        run_close(run);
        return ERR_REFUSED;
    }
    if (take(run, &result, err) != 0) {
        int status = err->code == ERR_BUSY ? ERR_BUSY : ERR_PREPARE;

        run_end(run, status, err->primary);
        run_close(run);
        err_as(err, (enum err_code)status);
        return status;
    }
    prune_after(run);
    run_end(run, ERR_NONE, "snapshot taken");
    snprintf(line, sizeof line, "%s\n", result.place);
    log_info("%s in %s, verified (%s)", size_text(result.bytes, bytes),
             clock_span(result.elapsed_ms, span), result.verified);
    cmd_print(context,
              json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "name", result.name, "store",
                        result.store, "place", result.place, "verified", result.verified,
                        "size_bytes", (json_int_t)result.bytes, "raw_bytes",
                        (json_int_t)result.raw_bytes, "elapsed_ms", (json_int_t)result.elapsed_ms),
              line);
    run_close(run);
    return ERR_NONE;
}

const char *cmd_snapshot_choose(struct cmd_context *context, struct err *err)
{
    return context->n_args > 0 ? context->args[0] : inventory_newest(context->services, true, err);
}
