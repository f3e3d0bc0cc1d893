/* evidence - see evidence.h. */
#include "deploy/evidence.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "deploy/lists.h"

enum { FORMAT = 1, MAX_BYTES = 64 * 1024 };

static json_t *known(int64_t value)
{
    return value < 0 ? json_null() : json_integer((json_int_t)value);
}

json_t *evidence_json(const struct evidence *evidence)
{
    char when[32];

    return json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:o, s:o, s:o}", "level",
                     evidence_level_name(evidence->level), "verified",
                     clock_iso(evidence->when, when), "who", evidence->who, "host", evidence->host,
                     "version", evidence->version, "duration_ms", known(evidence->duration_ms),
                     "recovery_ms", known(evidence->recovery_ms), "size_bytes",
                     known(evidence->size_bytes));
}

/* --- writing ------------------------------------------------------------------------------------ */

static char *text_of(const struct evidence *evidence)
{
    json_t *json = evidence_json(evidence);
    char *text = NULL;

    if (json != NULL && json_object_set_new(json, "format", json_integer(FORMAT)) == 0 &&
        json_object_set_new(json, "snapshot", json_string(evidence->snapshot)) == 0 &&
        json_object_set_new(json, "outcome", json_string("verified")) == 0)
        text = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    return text;
}

/* What this one replaces; whatever is younger was written by another process meanwhile. */
static void remove_older(struct services *services, const struct service *store,
                         const struct evidence *evidence, const struct snapshot_file *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *snapshot;
        enum evidence_level level;
        time_t when;
        struct err err = ERR_INIT;

        if (evidence_parse(services->arena, list[i].name, &snapshot, &level, &when) &&
            strcmp(snapshot, evidence->snapshot) == 0 && level == evidence->level &&
            when < evidence->when && stores_remove(services, store, list[i].name, &err) != 0)
            log_warning("%s", err.primary);
    }
}

int evidence_write(struct services *services, const struct service *store,
                   struct evidence *evidence, struct err *err)
{
    struct snapshot_file *list = NULL;
    auto_free char *text = text_of(evidence);
    size_t n = 0;
    int rc = 0;

    evidence->file = evidence_name(services->arena, evidence->snapshot, evidence->level,
                                   evidence->when);
    if (text == NULL)
        return err_set(err, ERR_PREPARE, "could not write \"%s\": a name is not UTF-8",
                       evidence->file);
    if (stores_list_all(services, store, &list, &n, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, evidence->file) == 0)
            return 0;
    rc = stores_put(services, store, evidence->file, text, strlen(text), err);
    if (rc == 0 && !FAULT("evidence.written"))
        remove_older(services, store, evidence, list, n);
    return rc;
}

/* --- reading ------------------------------------------------------------------------------------ */

static int64_t number(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);

    return json_is_integer(value) ? (int64_t)json_integer_value(value) : -1;
}

int evidence_read(struct services *services, const struct service *store,
                  struct evidence *evidence, struct err *err)
{
    struct arena *arena = services->arena;
    auto_buf struct buf text = {0};
    json_t *json;
    int rc = 0;

    if (stores_get(services, store, evidence->file, MAX_BYTES, &text, err) != 0)
        return -1;
    json = json_loadb(buf_text(&text), text.len, 0, NULL);
    if (json_integer_value(json_object_get(json, "format")) != FORMAT)
        rc = err_set(err, ERR_PREPARE, "\"%s\" cannot be read: it is no evidence of format %d",
                     evidence->file, FORMAT);
    evidence->who = lists_text(arena, json, "who");
    evidence->host = lists_text(arena, json, "host");
    evidence->version = lists_text(arena, json, "version");
    evidence->duration_ms = number(json, "duration_ms");
    evidence->recovery_ms = number(json, "recovery_ms");
    evidence->size_bytes = number(json, "size_bytes");
    json_decref(json);
    return rc;
}
