/* report - see report.h. */
#include "deploy/report.h"

#include <string.h>

#include "base/log.h"
#include "deploy/journal.h"
#include "deploy/lists.h"
#include "deploy/restore_run.h"

static void add_written(const struct run *run, struct buf *out)
{
    if (!run->written_known) {
        buf_adds(out, "  written since: unknown, the server's counters were reset in between\n");
        return;
    }
    buf_addf(out, "  written since the snapshot, kept in %s (migrations included):%s\n",
             run->kept_database, run->n_written == 0 ? " nothing" : "");
    for (size_t i = 0; i < run->n_written; i++) {
        const struct written *w = &run->written[i];

        buf_addf(out, "    %s.%s: %lld inserted, %lld updated, %lld deleted\n", w->schema, w->name,
                 (long long)w->inserted, (long long)w->updated, (long long)w->deleted);
    }
}

/* A `restore` has no heads of its own: what it put in place is what the snapshot had. */
static void report_restore(const struct run *run, int status, struct buf *out)
{
    buf_addf(out, "%s: %s\n  database: %s\n", run->env->name,
             status != ERR_NONE                     ? err_meaning(status)
             : strcmp(run->command, "refresh") == 0 ? "refreshed"
                                                    : "restored",
             err_database(status));
    if (run->kept_database != NULL)
        buf_addf(out, "  the database that was there is kept as %s, closed to connections\n",
                 run->kept_database);
}

void report_text(const struct run *run, int status, struct buf *out)
{
    const char *name = run->env->name;
    const char *planned = lists_joined(run->arena, run->planned, ", ", "base");

    if (restore_run_is(run->command)) {
        report_restore(run, status, out);
        return;
    }
    if (run->nothing_to_do) {
        buf_addf(out, "%s: nothing to do, the database stands at %s\n", name, planned);
        return;
    }
    if (status == ERR_NONE || status == ERR_POST) {
        buf_addf(out, "%s: %s\n  database: as planned, at %s\n", name,
                 status == ERR_NONE ? goal_done(run->goal.kind) : err_meaning(status), planned);
    } else {
        buf_addf(out, "%s: %s\n  database: %s\n", name, err_meaning(status),
                 err_database(status));
    }
    if (run->recovered_by != NULL)
        buf_addf(out, "  recovered by: %s, proven by version rows and catalog\n",
                 run->recovered_by);
    if (run->snapshot != NULL)
        buf_addf(out, "  snapshot: %s (store %s)\n", run->snapshot, run->store);
    if (run->kept_database != NULL) {
        buf_addf(out, "  failed database: kept as %s, closed to connections\n",
                 run->kept_database);
        add_written(run, out);
    }
    if (run->journal != NULL)
        buf_addf(out, "  log: %s\n", journal_path(run->journal, ".log"));
}

static json_t *written_json(const struct run *run)
{
    json_t *array = json_array();

    for (size_t i = 0; i < run->n_written; i++) {
        const struct written *w = &run->written[i];

        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:I, s:I, s:I}", "schema", w->schema, "table",
                                        w->name, "inserted", (json_int_t)w->inserted, "updated",
                                        (json_int_t)w->updated, "deleted",
                                        (json_int_t)w->deleted));
    }
    return array;
}

/* What other programs wrote may be of any encoding and hold what must not be shown. */
static json_t *clean_string(const char *text)
{
    auto_free char *clean = log_clean(text);

    return json_string(clean);
}

json_t *report_error(const struct err *err)
{
    return json_pack("{s:o, s:o, s:o}", "message", clean_string(err->primary), "detail",
                     clean_string(err->detail), "hint", clean_string(err->hint));
}

json_t *report_json(const struct run *run, int status, const struct err *err)
{
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:i, s:s, s:s, s:b, s:o, s:o, s:o, s:I, s:s?, s:s?, s:s?, s:s?, s:s?}",
        "environment", run->env->name, "run", run->id, "command", run->command, "status", status,
        "outcome", err_meaning(status), "database", err_database(status), "nothing_to_do",
        run->nothing_to_do, "from", lists_json(run->before.rows), "pending", lists_json(run->pending),
        "planned", lists_json(run->planned), "apply_ms", (json_int_t)run->apply_ms, "failed_phase", run->phase, "recovered_by",
        run->recovered_by, "snapshot", run->snapshot, "store", run->store, "kept_database",
        run->kept_database);
    json_t *warnings = json_array();

    for (size_t i = 0; i < run->warnings.n; i++)
        json_array_append_new(warnings, clean_string(run->warnings.v[i]));
    json_object_set_new(json, "warnings", warnings);
    if (run->kept_database != NULL)
        json_object_set_new(json, "written_since",
                            run->written_known ? written_json(run) : json_null());
    if (err != NULL && err->code != ERR_NONE)
        json_object_set_new(json, "error", report_error(err));
    return json;
}
