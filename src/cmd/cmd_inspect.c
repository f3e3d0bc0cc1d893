/* cmd_inspect - status, check, log: nothing is changed. */
#include "cmd/cmd.h"

#include <string.h>

#include "base/clock.h"
#include "deploy/inventory.h"
#include "deploy/lists.h"
#include "deploy/phases.h"
#include "deploy/report.h"
#include "deploy/run.h"
#include "pg/ledger.h"
#include "pg/swap.h"

enum { LOG_LIMIT = 20 };

/* Connect and plan; what is wrong with rows, heads or files is in run->plan.problems. */
static struct run *look(struct cmd_context *context, const char *command, struct err *err)
{
    struct run *run = run_new(context->services, command);

    if (run_look(run, err) == 0)
        return run;
    run_close(run);
    return NULL;
}

/* A set of the plan; it is empty where the files could not be read. */
static json_t *set_json(const struct plan *plan, struct revset set)
{
    return lists_revisions(plan->graph, set, &plan->rows);
}

static void add_set(struct buf *out, const char *label, struct revset set)
{
    buf_addf(out, "%-10s", label);
    for (size_t i = 0; i < set.n; i++)
        buf_addf(out, "%s%s", i == 0 ? "" : ", ", set.v[i]->id);
    buf_adds(out, set.n == 0 ? "(none)\n" : "\n");
}

/* --- status ------------------------------------------------------------------------------------------------ */

static void add_last_run(struct buf *out, json_t *json, const struct ledger_run *runs, size_t n)
{
    if (n == 0) {
        buf_adds(out, "last run  (none)\n");
        return;
    }
    buf_addf(out, "last run  %s by %s@%s, %s: ", runs[0].id, runs[0].who, runs[0].host,
             runs[0].started);
    if (runs[0].ended == NULL)
        buf_addf(out, "UNFINISHED: run `deploy-db recover %s`\n", runs[0].environment);
    else
        buf_addf(out, "%s\n", runs[0].outcome == NULL ? "" : runs[0].outcome);
    json_object_set_new(json, "last_run",
                        json_pack("{s:s, s:s, s:s, s:s, s:s?, s:i}", "run", runs[0].id, "who",
                                  runs[0].who, "host", runs[0].host, "started", runs[0].started,
                                  "ended", runs[0].ended, "status", runs[0].status));
}

/* The newest finished snapshot of all stores. */
static const char *newest(const struct inventory *list, size_t n)
{
    const char *best = NULL;

    for (size_t i = 0; i < n; i++)
        for (size_t s = 0; s < list[i].n; s++)
            if (best == NULL || strcmp(list[i].snapshots[s].file.name, best) > 0)
                best = list[i].snapshots[s].file.name;
    return best;
}

/* The first store's copy, and where there are others. */
static void add_copies(struct buf *out, json_t *json, struct services *services,
                       const struct inventory *list, size_t n, const char *name)
{
    json_t *copies = json_array();
    char bytes[32], age[32], when[32];

    for (size_t i = 0; i < n; i++) {
        struct inventory_snapshot *copy = inventory_find(&list[i], name);

        if (copy == NULL)
            continue;
        inventory_details(services, list[i].store, copy, EVIDENCE_RESTORE);
        if (json_object_get(json, "snapshot") != NULL) {
            buf_addf(out, "copy      %s, verified: ", copy->file.place);
            json_array_append_new(copies, json_pack("{s:s, s:o}", "store", copy->file.store,
                                                    "verifications", inventory_json(copy)));
        } else {
            buf_addf(out, "snapshot  %s, %s, %s\nverified  ", copy->file.place,
                     size_text(copy->file.size_bytes, bytes),
                     clock_age(copy->taken, clock_now(), age));
            json_object_set_new(json, "snapshot",
                                json_pack("{s:s, s:s, s:I, s:s, s:o, s:O}", "name", name, "store",
                                          copy->file.store, "size_bytes",
                                          (json_int_t)copy->file.size_bytes, "taken",
                                          clock_iso(copy->taken, when), "verifications",
                                          inventory_json(copy), "copies", copies));
        }
        inventory_verified(copy, clock_now(), out);
        buf_addc(out, '\n');
    }
    json_decref(copies);
}

static void add_snapshot(struct buf *out, json_t *json, struct services *services)
{
    struct inventory *list = NULL;
    struct err err = ERR_INIT;
    const char *name;
    size_t n = 0;

    if (inventory_all(services, &list, &n, &err) != 0)
        buf_addf(out, "snapshot  unknown: %s\n", err.primary);
    else if ((name = newest(list, n)) == NULL)
        buf_adds(out, "snapshot  (none)\n");
    else
        add_copies(out, json, services, list, n, name);
}

/* What restores and recoveries have put aside: somebody has to say that it is not needed any more. */
static int add_kept(struct run *run, struct buf *out, json_t *json, struct err *err)
{
    struct swap_kept *list = NULL;
    json_t *array = json_array();
    size_t n = 0;

    json_object_set_new(json, "kept", array);
    if (swap_kept(run->db, run->arena, db_name(run->db), &list, &n, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        char size[32] = "of unknown size";
        int64_t bytes;

        if (swap_bytes(run->db, list[i].name, &bytes, err) != 0)
            return -1;
        if (bytes >= 0)
            size_text(bytes, size);
        buf_addf(out, "kept      %s, %s, put aside by run %s\n", list[i].name, size,
                 list[i].run);
        json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:o}", "database", list[i].name,
                                               "state", list[i].word, "run", list[i].run,
                                               "size_bytes",
                                               bytes < 0 ? json_null()
                                                                 : json_integer(bytes)));
    }
    return 0;
}

int cmd_inspect_status(struct cmd_context *context, struct err *err)
{
    struct run *run = look(context, "status", err);
    struct ledger_run *runs = NULL;
    auto_buf struct buf text = {0}, kept = {0};
    json_t *json;
    size_t n = 0;

    if (run == NULL)
        return ERR_REFUSED;
    if (verify_applied(run, &run->plan.problems, err) != 0) {
        run_close(run);
        return ERR_REFUSED;
    }
    buf_addf(&text, "database  %s\n", db_target_display(run->services->target));
    add_set(&text, "current", run->plan.rows);
    add_set(&text, "heads", run->plan.heads);
    add_set(&text, "pending", run->plan.pending);
    for (size_t i = 0; i < run->plan.problems.n; i++)
        buf_addf(&text, "problem   %s\n", run->plan.problems.items[i].primary);
    json = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "environment", run->env->name, "database",
                     db_name(run->db), "current", set_json(&run->plan, run->plan.rows), "heads",
                     set_json(&run->plan, run->plan.heads), "pending",
                     set_json(&run->plan, run->plan.pending), "problems",
                     cmd_problems(&run->plan.problems));
    if (ledger_list(run->db, run->arena, NULL, 1, &runs, &n, err) != 0 ||
        add_kept(run, &kept, json, err) != 0) {
        json_decref(json);
        run_close(run);
        return ERR_REFUSED;
    }
    add_last_run(&text, json, runs, n);
    add_snapshot(&text, json, run->services);
    buf_adds(&text, buf_text(&kept));
    cmd_print(context, json, buf_text(&text));
    run_close(run);
    return ERR_NONE;
}

/* --- check -------------------------------------------------------------------------------------------------- */

static void add_pending(const struct run *run, struct errs *problems)
{
    struct err *problem;

    for (size_t i = 0; i < run->plan.problems.n; i++)
        *errs_new(problems) = run->plan.problems.items[i];
    if (run->plan.pending.n == 0)
        return;
    problem = errs_new(problems);
    err_set(problem, ERR_PENDING, "%zu pending revision%s", run->plan.pending.n,
            run->plan.pending.n == 1 ? "" : "s");
    for (size_t i = 0; i < run->plan.pending.n; i++)
        err_detail(problem, "%s  %s", run->plan.pending.v[i]->id,
                   revision_short_doc(run->arena, run->plan.pending.v[i]));
    err_hint(problem, "Run `deploy-db %s`.", run->env->name);
}

int cmd_inspect_check(struct cmd_context *context, struct err *err)
{
    struct run *run = look(context, "check", err);
    struct errs problems = {0};
    auto_buf struct buf text = {0};
    int status = ERR_NONE;

    if (run == NULL)
        return ERR_REFUSED;
    add_pending(run, &problems);
    if (verify_applied(run, &problems, err) != 0) {
        errs_release(&problems);
        run_close(run);
        return ERR_REFUSED;
    }
    if (problems.n == 0 && !context->options->given[OPT_NO_MODELS])
        verify_models(run, &problems);
    if (problems.n > 0) {
        phases_join(&problems, "the database is not as the project says", err);
        err_as(err, ERR_PENDING);
        status = ERR_PENDING;
    }
    buf_addf(&text, "%s: %s\n", run->env->name,
             status == ERR_NONE ? "up to date" : "not up to date");
    cmd_print(context,
              json_pack("{s:s, s:b, s:o, s:o, s:o}", "environment", run->env->name, "up_to_date",
                        status == ERR_NONE, "current",
                        set_json(&run->plan, run->plan.rows), "pending",
                        set_json(&run->plan, run->plan.pending), "problems",
                        cmd_problems(&problems)),
              buf_text(&text));
    errs_release(&problems);
    run_close(run);
    return status;
}

/* --- log ---------------------------------------------------------------------------------------------------- */

int cmd_inspect_log(struct cmd_context *context, struct err *err)
{
    const char *given = context->options->value[OPT_LIMIT];
    long limit = given == NULL ? LOG_LIMIT : strtol(given, NULL, 10);
    struct ledger_run *runs = NULL;
    auto_buf struct buf text = {0};
    json_t *array = json_array();
    struct db *db = NULL;
    size_t n = 0;
    int rc = -1;

    if (limit <= 0 || limit > 100000) {
        json_decref(array);
        return err_set(err, ERR_USAGE, "option \"--limit\": \"%s\" is not a number of runs", given),
               ERR_USAGE;
    }
    if (db_open(context->services->target, NULL, DB_READ, &db, err) == 0)
        rc = ledger_list(db, context->arena, context->services->env->name, (int)limit, &runs, &n, err);
    db_close(db);
    if (rc != 0) {
        json_decref(array);
        return ERR_REFUSED;
    }
    for (size_t i = 0; i < n; i++) {
        const struct ledger_run *run = &runs[i];
        const char *outcome = run->ended == NULL ? "unfinished" : run->outcome;
        char status[16] = "-";

        if (run->status >= 0)
            snprintf(status, sizeof status, "%d", run->status);
        buf_addf(&text, "%s  %-9s  %2s  %s@%s  %s\n", run->id, run->command, status, run->who,
                 run->host, outcome == NULL ? "" : outcome);
        json_array_append_new(
            array, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:s, s:i, s:s?}", "run", run->id,
                             "command", run->command, "who", run->who, "host", run->host,
                             "started", run->started, "ended", run->ended, "phase", run->phase,
                             "status", run->status, "outcome", run->outcome));
    }
    if (n == 0)
        buf_adds(&text, "no runs\n");
    cmd_print(context, json_pack("{s:o}", "runs", array), buf_text(&text));
    return ERR_NONE;
}
