/* record - see record.h. */
#include "deploy/record.h"

#include <jansson.h>
#include <string.h>

#include "base/log.h"
#include "deploy/lists.h"
#include "pg/ledger.h"

enum { RECORD_VERSION = 1 };

static json_t *writes_of(const struct before *before)
{
    json_t *array = json_array();

    for (size_t i = 0; i < before->n_writes; i++) {
        const struct tally *tally = &before->writes[i];

        json_array_append_new(array, json_pack("[s, s, I, I, I]", tally->schema, tally->name,
                                               (json_int_t)tally->inserted,
                                               (json_int_t)tally->updated,
                                               (json_int_t)tally->deleted));
    }
    return array;
}

static void writes_from(struct arena *arena, const json_t *array, struct before *before)
{
    before->writes = arena_alloc(arena, json_array_size(array) * sizeof *before->writes);
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_int_t inserted, updated, deleted;
        const char *schema, *name;

        if (json_unpack(json_array_get(array, i), "[s, s, I, I, I]", &schema, &name, &inserted,
                        &updated, &deleted) != 0)
            continue;
        before->writes[before->n_writes++] = (struct tally){
            .schema = arena_strdup(arena, schema),
            .name = arena_strdup(arena, name),
            .rows = -1,
            .inserted = inserted,
            .updated = updated,
            .deleted = deleted,
        };
    }
}

int record_write(struct run *run, struct err *err)
{
    const struct before *before = &run->before;
    auto_free char *lossy_reason = log_clean(run->lossy_reason == NULL ? "" : run->lossy_reason);
    auto_free char *back_reason = log_clean(run->back_reason == NULL ? "" : run->back_reason);
    json_t *json = json_pack(
        "{s:i, s:b, s:s, s:o, s:s, s:o, s:o, s:s, s:o, s:o, s:s, s:b, s:b, s:s, s:s, s:b, s:b, s:s?, s:s?, s:s?}",
        "version", RECORD_VERSION, "known", before->known, "properties",
        before->properties == NULL ? "" : before->properties, "rows", lists_json(before->rows),
        "fingerprint", before->fingerprint, "invalid_indexes", lists_json(before->invalid_indexes),
        "writes", writes_of(before), "stats_reset",
        before->stats_reset == NULL ? "" : before->stats_reset, "pending", lists_json(run->pending),
        "planned", lists_json(run->planned), "target", run->target, "lossless", run->lossless, "atomic",
        run->atomic, "lossy_reason", lossy_reason, "back_reason", back_reason,
        "may_restore", run->may_restore, "with_hooks", run->with_hooks, "snapshot", run->snapshot, "store", run->store, "clone",
        run->clone);
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    int rc;

    json_decref(json);
    if (text == NULL)
        return err_set(err, ERR_INTERNAL, "could not write down run %s: a name is not UTF-8",
                       run->id);
    rc = journal_record(run->journal, text, err);
    if (rc == 0 && run->in_ledger)
        rc = ledger_update(run->db, run->id, journal_state(run->journal)->phase, text, err);
    mem_free(text);
    return rc;
}

static bool flag(const json_t *json, const char *key)
{
    return json_is_true(json_object_get(json, key));
}

int record_read(struct run *run, const char *source, struct err *err)
{
    struct arena *arena = run->arena;
    struct before *before = &run->before;
    json_t *json = json_loads(source, 0, NULL);
    const char *fingerprint = json_string_value(json_object_get(json, "fingerprint"));

    if (json_integer_value(json_object_get(json, "version")) != RECORD_VERSION ||
        fingerprint == NULL || strlen(fingerprint) >= sizeof before->fingerprint) {
        json_decref(json);
        err_set(err, ERR_OPERATOR, "the record of run %s cannot be read", run->id);
        return err_hint(err, "It was written by another version of deploy-db; recover with that "
                             "version.");
    }
    *before = (struct before){.known = flag(json, "known")};
    before->rows = lists_from(arena, json_object_get(json, "rows"));
    memcpy(before->fingerprint, fingerprint, strlen(fingerprint) + 1);
    before->invalid_indexes = lists_from(arena, json_object_get(json, "invalid_indexes"));
    writes_from(arena, json_object_get(json, "writes"), before);
    before->properties = lists_text(arena, json, "properties");
    before->stats_reset = lists_text(arena, json, "stats_reset");
    run->pending = lists_from(arena, json_object_get(json, "pending"));
    run->planned = lists_from(arena, json_object_get(json, "planned"));
    run->target = lists_text(arena, json, "target");
    run->lossless = flag(json, "lossless");
    run->atomic = flag(json, "atomic");
    run->lossy_reason = lists_text(arena, json, "lossy_reason");
    run->back_reason = lists_text(arena, json, "back_reason");
    run->may_restore = flag(json, "may_restore");
    if (json_object_get(json, "with_hooks") != NULL) /* before there were commands without hooks: all */
        run->with_hooks = flag(json, "with_hooks");
    run->snapshot = lists_text(arena, json, "snapshot");
    run->store = lists_text(arena, json, "store");
    run->clone = lists_text(arena, json, "clone");
    json_decref(json);
    return 0;
}
