/* report - see report.h. */
#include "deploy/report.h"

#include "deploy/journal.h"
#include "deploy/lists.h"

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

void report_text(const struct run *run, int status, struct buf *out)
{
    const char *name = run->env->name;
    const char *heads = lists_joined(run->arena, run->heads, ", ", "base");

    if (run->nothing_to_do) {
        buf_addf(out, "%s: nothing to do, the database stands at %s\n", name, heads);
        return;
    }
    if (status == ERR_NONE || status == ERR_POST) {
        buf_addf(out, "%s: %s\n  database: as planned, at %s\n", name,
                 status == ERR_NONE ? "deployed" : err_meaning(status), heads);
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

json_t *report_json(const struct run *run, int status, const struct err *err)
{
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:i, s:s, s:s, s:b, s:o, s:o, s:o, s:s?, s:s?, s:s?, s:s?, s:s?}",
        "environment", run->env->name, "run", run->id, "command", run->command, "status", status,
        "outcome", err_meaning(status), "database", err_database(status), "nothing_to_do",
        run->nothing_to_do, "from", lists_json(run->before.rows), "pending", lists_json(run->pending),
        "heads", lists_json(run->heads), "failed_phase", run->phase, "recovered_by",
        run->recovered_by, "snapshot", run->snapshot, "store", run->store, "kept_database",
        run->kept_database);
    json_t *warnings = json_array();

    for (size_t i = 0; i < run->warnings.n; i++)
        json_array_append_new(warnings, json_string(run->warnings.v[i]));
    json_object_set_new(json, "warnings", warnings);
    if (run->kept_database != NULL)
        json_object_set_new(json, "written_since",
                            run->written_known ? written_json(run) : json_null());
    if (err != NULL && err->code != ERR_NONE)
        json_object_set_new(json, "error", json_pack("{s:s, s:s, s:s}", "message", err->primary,
                                                     "detail", err->detail, "hint", err->hint));
    return json;
}
