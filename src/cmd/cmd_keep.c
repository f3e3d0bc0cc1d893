/* cmd_keep - snapshot list, show, verify, drill, prune: the snapshots that the stores keep. */
#include "cmd/cmd.h"

#include <string.h>

#include "base/clock.h"
#include "bundle/bundle_name.h"
#include "deploy/encryption.h"
#include "deploy/inventory.h"
#include "deploy/lists.h"
#include "deploy/meta.h"
#include "deploy/prune.h"
#include "deploy/report.h"
#include "deploy/verification.h"

/* --store: a label of the environment, or NULL. */
static int check_store(const struct cmd_context *context, const char **label, struct err *err)
{
    const struct services *services = context->services;
    auto_buf struct buf labels = {0};

    *label = context->options->value[OPT_STORE];
    if (*label == NULL || stores_find(services, *label) != NULL)
        return 0;
    for (size_t i = 0; i < services->n_stores; i++)
        buf_addf(&labels, "%s%s", i == 0 ? "" : ", ", services->stores[i].label);
    err_set(err, ERR_USAGE, "environment \"%s\" has no store \"%s\"", services->env->name, *label);
    return err_hint(err, "Its stores are: %s.", buf_text(&labels));
}

/* The snapshot that is named, or the newest, though it cannot be read: that is to be found out. */
static const char *choose(struct cmd_context *context, struct err *err)
{
    return context->n_args > 0 ? context->args[0] : inventory_newest(context->services, false, err);
}

/* --- list ------------------------------------------------------------------------------------------------ */

static json_t *file_json(const struct snapshot_file *file, json_t *verifications)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:b, s:o}", "name", file->name, "store",
                     file->store, "place", file->place, "size_bytes",
                     (json_int_t)file->size_bytes, "modified", (json_int_t)file->modified,
                     "partial", (int)file->partial, "encrypted",
                     (int)encryption_named(file->name), "verifications", verifications);
}

static void list_store(struct cmd_context *context, struct inventory *inventory, struct buf *text,
                       json_t *array)
{
    time_t now = clock_now();
    char bytes[32], age[32];

    for (size_t i = 0; i < inventory->n; i++) {
        struct inventory_snapshot *snapshot = &inventory->snapshots[i];

        inventory_details(context->services, inventory->store, snapshot, EVIDENCE_RESTORE);
        buf_addf(text, "%-44s %-10s %10s  %s%s; verified: ", snapshot->file.name,
                 snapshot->file.store, size_text(snapshot->file.size_bytes, bytes),
                 clock_age(snapshot->taken, now, age),
                 encryption_named(snapshot->file.name) ? "; encrypted" : "");
        inventory_verified(snapshot, now, text);
        buf_addc(text, '\n');
        json_array_append_new(array, file_json(&snapshot->file, inventory_json(snapshot)));
    }
    for (size_t i = 0; i < inventory->n_partial; i++) {
        const struct snapshot_file *file = &inventory->partial[i];

        if (evidence_is(file->name))
            continue;
        buf_addf(text, "%-44s %-10s %10s  %s  (unfinished)\n", file->name, file->store,
                 size_text(file->size_bytes, bytes),
                 clock_age((time_t)file->modified, now, age));
        json_array_append_new(array, file_json(file, json_array()));
    }
}

int cmd_keep_list(struct cmd_context *context, struct err *err)
{
    struct inventory *list = NULL;
    auto_buf struct buf text = {0};
    json_t *array;
    size_t n = 0;

    if (inventory_all(context->services, &list, &n, err) != 0)
        return ERR_PREPARE;
    array = json_array();
    for (size_t i = 0; i < n; i++)
        list_store(context, &list[i], &text, array);
    if (text.len == 0)
        buf_adds(&text, "no snapshots\n");
    cmd_print(context, json_pack("{s:o}", "snapshots", array), buf_text(&text));
    return ERR_NONE;
}

/* --- show ------------------------------------------------------------------------------------------------ */

static json_t *tables_json(const struct bundle *bundle, struct buf *text)
{
    json_t *array = json_array();

    buf_addf(text, "tables      %zu\n", bundle->n_tables);
    for (size_t i = 0; i < bundle->n_tables; i++) {
        const struct bundle_table *table = &bundle->tables[i];

        if (table->rows < 0)
            buf_addf(text, "  %12s  %s.%s", "?", table->schema, table->name);
        else
            buf_addf(text, "  %12lld  %s.%s", (long long)table->rows, table->schema, table->name);
        buf_addf(text, "%s%s\n", table->hash[0] == '\0' ? "" : "  ", table->hash);
        json_array_append_new(
            array, json_pack("{s:o, s:o, s:o, s:o, s:b}", "schema", bundle_name_text(table->schema),
                             "table", bundle_name_text(table->name), "rows",
                             table->rows < 0 ? json_null() : json_integer((json_int_t)table->rows),
                             "hash", table->hash[0] == '\0' ? json_null() : json_string(table->hash),
                             "in_chunks", table->copy != NULL));
    }
    return array;
}

/* How many bytes there are before compression; of a member in parts the first says it. */
static int64_t raw_bytes(const struct bundle *bundle)
{
    int64_t sum = 0;

    for (size_t i = 0; i < bundle->n_members; i++)
        sum += bundle->members[i].raw_bytes;
    return sum;
}

static void show_meta(const struct meta *meta, struct buf *text, json_t *json)
{
    const struct dbprops *props = &meta->props;

    buf_addf(text, "project     %s\nenvironment %s\ndatabase    %s\ncreated     %s by run %s\n",
             meta->project, meta->environment, meta->database, meta->created, meta->run);
    buf_addf(text, "revisions  %s", meta->rows[0] == NULL ? " (none)" : "");
    for (char **row = meta->rows; *row != NULL; row++)
        buf_addf(text, " %s", *row);
    buf_addf(text, "\nserver      PostgreSQL %s, %s, %s\ncatalog     %s\n", meta->server_version,
             props->encoding, props->collate, meta->fingerprint);
    buf_addf(text, "taken with  %s (%s)\n", meta->tool, meta->snapshot_plugin);
    json_object_update_new(
        json, json_pack("{s:s?, s:s, s:s, s:s, s:s?, s:o, s:s?, s:s?, s:s?, s:s, s:s?, s:s?, s:o}",
                        "project", meta->project, "environment", meta->environment, "database",
                        meta->database, "created", meta->created, "run", meta->run, "rows",
                        lists_json(meta->rows), "server_version", meta->server_version, "tool",
                        meta->tool, "snapshot_plugin", meta->snapshot_plugin, "fingerprint",
                        meta->fingerprint, "encoding", props->encoding, "collate", props->collate,
                        "extensions", lists_json((char *const *)props->extensions)));
}

/* The evidence in the store that was opened. */
static int show_verified(struct cmd_context *context, const struct service *store, const char *name,
                         struct buf *text, json_t *json, struct err *err)
{
    struct inventory inventory;
    struct inventory_snapshot *snapshot, none = {0};

    if (inventory_read(context->services, store, &inventory, err) != 0)
        return -1;
    snapshot = inventory_find(&inventory, name);
    if (snapshot == NULL)
        snapshot = &none; /* its name is none of ours, or it has just been removed */
    inventory_details(context->services, store, snapshot, EVIDENCE_FAST);
    for (size_t i = 0; i < snapshot->n_evidence; i++) {
        const struct evidence *evidence = &snapshot->evidence[i];
        char when[32], span[32];

        buf_addf(text, "verified    %s %s by %s@%s", evidence_level_name(evidence->level),
                 clock_iso(evidence->when, when), evidence->who == NULL ? "?" : evidence->who,
                 evidence->host == NULL ? "?" : evidence->host);
        if (evidence->recovery_ms >= 0)
            buf_addf(text, ", restores in %s", clock_span(evidence->recovery_ms, span));
        buf_addc(text, '\n');
    }
    if (snapshot->n_evidence == 0)
        buf_adds(text, "verified    never\n");
    json_object_set_new(json, "verifications", inventory_json(snapshot));
    return 0;
}

static int show(struct cmd_context *context, struct stored_bundle *stored, const char *name,
                struct buf *text, json_t *json, struct err *err)
{
    const struct bundle *bundle = &stored->bundle;
    const char *place = stores_place(context->services, stored->store->label, name);
    char bytes[32], raw[32];
    struct meta meta;

    if (meta_parse(context->arena, bundle->meta, &meta, err) != 0)
        return -1;
    buf_addf(text, "snapshot    %s\nplace       %s (store %s)\n", name, place,
             stored->store->label);
    show_meta(&meta, text, json);
    buf_addf(text, "size        %s, %s before compression, %zu members\n",
             size_text(stored->size_bytes, bytes), size_text(raw_bytes(bundle), raw),
             bundle->n_members);
    json_object_update_new(json, json_pack("{s:s, s:s, s:s, s:I, s:I, s:i}", "name", name, "store",
                                           stored->store->label, "place", place, "size_bytes",
                                           (json_int_t)stored->size_bytes, "raw_bytes",
                                           (json_int_t)raw_bytes(bundle), "members",
                                           (int)bundle->n_members));
    if (show_verified(context, stored->store, name, text, json, err) != 0)
        return -1;
    json_object_set_new(json, "tables", tables_json(bundle, text));
    return 0;
}

int cmd_keep_show(struct cmd_context *context, struct err *err)
{
    struct stored_bundle stored;
    auto_buf struct buf text = {0};
    const char *label, *name;
    json_t *json;
    int rc;

    if (check_store(context, &label, err) != 0)
        return ERR_USAGE;
    name = choose(context, err);
    if (name == NULL || stores_open(context->services, label, name, &stored, err) != 0)
        return ERR_PREPARE;
    json = json_object();
    rc = show(context, &stored, name, &text, json, err);
    stores_close(&stored);
    if (rc != 0) {
        json_decref(json);
        err_as(err, ERR_PREPARE);
        return ERR_PREPARE;
    }
    cmd_print(context, json, buf_text(&text));
    return ERR_NONE;
}

/* --- verify, drill ----------------------------------------------------------------------------------------- */

static json_t *verification_json(const struct verification *done)
{
    const struct evidence *evidence = &done->evidence;

    return json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:o, s:s?}", "name", evidence->snapshot,
                     "store", done->store, "level", evidence_level_name(evidence->level),
                     "verified", 1, "size_bytes", (json_int_t)evidence->size_bytes, "duration_ms",
                     (json_int_t)evidence->duration_ms, "recovery_ms",
                     evidence->recovery_ms < 0 ? json_null()
                                               : json_integer((json_int_t)evidence->recovery_ms),
                     "evidence", evidence->file);
}

static int verify(struct cmd_context *context, const char *command, enum evidence_level level,
                  struct verification *done, struct err *err)
{
    struct run *run;
    const char *label, *name;
    int rc;

    if (check_store(context, &label, err) != 0)
        return ERR_USAGE;
    name = choose(context, err);
    if (name == NULL)
        return ERR_PREPARE;
    run = run_new(context->services, command);
    rc = verification_run(run, label, name, level, done, err);
    run_close(run);
    return rc == 0 ? ERR_NONE : ERR_PREPARE;
}

int cmd_keep_verify(struct cmd_context *context, struct err *err)
{
    const char *wanted = context->options->value[OPT_LEVEL];
    enum evidence_level level = wanted == NULL ? EVIDENCE_FULL : evidence_level(wanted);
    struct verification done;
    auto_buf struct buf text = {0};
    int status;

    if (level == EVIDENCE_NONE) {
        err_set(err, ERR_USAGE, "option \"--level\": there is no level \"%s\"", wanted);
        err_hint(err, "The levels are fast, full and restore.");
        return ERR_USAGE;
    }
    status = verify(context, "verify", level, &done, err);
    if (status != ERR_NONE)
        return status;
    buf_addf(&text, "%s: verified (%s)\n", done.evidence.snapshot, evidence_level_name(level));
    cmd_print(context, verification_json(&done), buf_text(&text));
    return ERR_NONE;
}

int cmd_keep_drill(struct cmd_context *context, struct err *err)
{
    struct verification done;
    auto_buf struct buf text = {0};
    char span[32], bytes[32];
    int status = verify(context, "drill", EVIDENCE_RESTORE, &done, err);

    if (status != ERR_NONE)
        return status;
    buf_addf(&text, "%s: snapshot %s (store %s, %s) was restored and compared, in %s\n",
             context->env->name, done.evidence.snapshot, done.store,
             size_text(done.evidence.size_bytes, bytes),
             clock_span(done.evidence.recovery_ms, span));
    cmd_print(context, verification_json(&done), buf_text(&text));
    return ERR_NONE;
}

/* --- prune ------------------------------------------------------------------------------------------------- */

static json_t *pruned_json(const struct prune_file *file)
{
    json_t *reasons = json_array();

    for (size_t i = 0; i < file->item.n_reasons; i++)
        json_array_append_new(reasons, json_string(file->item.reasons[i]));
    if (file->why != NULL)
        json_array_append_new(reasons, json_string(file->why));
    return json_pack("{s:s, s:b, s:o, s:I}", "name", file->name, "kept", (int)file->item.keep,
                     "reasons", reasons, "size_bytes", (json_int_t)file->size_bytes);
}

static json_t *pruned_store(const struct prune_store *store, struct buf *text)
{
    json_t *files = json_array(), *json;

    for (size_t i = 0; i < store->n; i++) {
        const struct prune_file *file = &store->files[i];
        char bytes[32];

        if (!file->item.keep && file->why == NULL)
            continue; /* what was not come to any more */
        buf_addf(text, "%-10s %-6s  %s  ", store->label, file->item.keep ? "keep" : "remove",
                 file->name);
        for (size_t r = 0; r < file->item.n_reasons; r++)
            buf_addf(text, "%s%s", r == 0 ? "" : ", ", file->item.reasons[r]);
        if (file->why != NULL)
            buf_addf(text, "%s (%s)", file->why, size_text(file->size_bytes, bytes));
        buf_addc(text, '\n');
        json_array_append_new(files, pruned_json(file));
    }
    json = json_pack("{s:s, s:o, s:i, s:I}", "store", store->label, "files", files, "removed",
                     (int)store->removed, "removed_bytes", (json_int_t)store->removed_bytes);
    if (store->err.code != ERR_NONE)
        json_object_set_new(json, "error", report_error(&store->err));
    return json;
}

int cmd_keep_prune(struct cmd_context *context, struct err *err)
{
    bool dry_run = context->options->given[OPT_DRY_RUN] > 0;
    json_t *array = json_array();
    auto_buf struct buf text = {0};
    struct prune prune = {0};
    const char *label;
    struct run *run;
    int rc;

    if (check_store(context, &label, err) != 0) {
        json_decref(array);
        return ERR_USAGE;
    }
    run = run_new(context->services, "prune");
    rc = prune_run(run, label, dry_run, &prune, err);
    run_close(run);
    for (size_t i = 0; i < prune.n; i++)
        json_array_append_new(array, pruned_store(&prune.stores[i], &text));
    if (text.len == 0 && rc == 0)
        buf_adds(&text, "no snapshots\n");
    cmd_print(context,
              json_pack("{s:s, s:b, s:o}", "environment", context->env->name, "dry_run",
                        (int)dry_run, "stores", array),
              buf_text(&text));
    return rc == 0 ? ERR_NONE : ERR_PREPARE;
}
