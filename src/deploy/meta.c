/* meta - see meta.h. */
#include "deploy/meta.h"

#include <jansson.h>
#include <stdlib.h>

#include "deploy/lists.h"

enum { META_FORMAT = 1 };

static json_t *props_of(const struct dbprops *props)
{
    json_t *statements = json_array();

    for (size_t i = 0; i < props->n; i++)
        json_array_append_new(statements, json_pack("[s, s]", props->statements[i].before,
                                                    props->statements[i].after));
    return json_pack("{s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:o, s:o}", "encoding",
                     props->encoding, "collate", props->collate, "ctype", props->ctype, "provider",
                     props->provider, "icu_locale", props->icu_locale, "icu_rules",
                     props->icu_rules, "owner", props->owner,
                     "tablespace", props->tablespace, "statements", statements, "extensions",
                     lists_json((char *const *)props->extensions));
}

int meta_format(const struct meta *meta, struct buf *out, struct err *err)
{
    json_t *json = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o}", "format", META_FORMAT,
        "project", meta->project, "environment", meta->environment, "run", meta->run, "database",
        meta->database, "created", meta->created, "server_version", meta->server_version, "tool",
        meta->tool, "snapshot_plugin", meta->snapshot_plugin, "rows",
        lists_json(meta->rows), "fingerprint", meta->fingerprint, "properties",
        props_of(&meta->props));
    char *text = json == NULL ? NULL : json_dumps(json, JSON_INDENT(2));

    json_decref(json);
    if (text == NULL)
        return err_set(err, ERR_PREPARE,
                       "could not describe the snapshot: a name in database \"%s\" is not UTF-8",
                       meta->database);
    buf_adds(out, text);
    buf_addc(out, '\n');
    mem_free(text);
    return 0;
}

static void props_from(struct arena *arena, const json_t *json, struct dbprops *props)
{
    const json_t *statements = json_object_get(json, "statements");

    props->encoding = lists_text(arena, json, "encoding");
    props->collate = lists_text(arena, json, "collate");
    props->ctype = lists_text(arena, json, "ctype");
    props->provider = lists_text(arena, json, "provider");
    props->icu_locale = lists_text(arena, json, "icu_locale");
    props->icu_rules = lists_text(arena, json, "icu_rules");
    props->owner = lists_text(arena, json, "owner");
    props->tablespace = lists_text(arena, json, "tablespace");
    props->extensions =
        (const char *const *)lists_from(arena, json_object_get(json, "extensions"));
    props->statements = arena_alloc(arena, json_array_size(statements) * sizeof *props->statements);
    for (size_t i = 0; i < json_array_size(statements); i++) {
        const char *before, *after;

        if (json_unpack(json_array_get(statements, i), "[s, s]", &before, &after) == 0)
            props->statements[props->n++] = (struct dbprops_statement){
                arena_strdup(arena, before), arena_strdup(arena, after)};
    }
}

int meta_parse(struct arena *arena, const char *text, struct meta *meta, struct err *err)
{
    json_error_t where;
    json_t *json = json_loads(text, 0, &where);

    *meta = (struct meta){0};
    if (json == NULL)
        return err_set(err, ERR_PREPARE, "meta.json cannot be read: line %d: %s", where.line,
                       where.text);
    if (json_integer_value(json_object_get(json, "format")) == META_FORMAT) {
        meta->project = lists_text(arena, json, "project");
        meta->environment = lists_text(arena, json, "environment");
        meta->run = lists_text(arena, json, "run");
        meta->database = lists_text(arena, json, "database");
        meta->created = lists_text(arena, json, "created");
        meta->server_version = lists_text(arena, json, "server_version");
        meta->tool = lists_text(arena, json, "tool");
        meta->snapshot_plugin = lists_text(arena, json, "snapshot_plugin");
        meta->fingerprint = lists_text(arena, json, "fingerprint");
        meta->rows = lists_from(arena, json_object_get(json, "rows"));
        props_from(arena, json_object_get(json, "properties"), &meta->props);
    }
    json_decref(json);
    if (meta->environment == NULL || meta->database == NULL || meta->created == NULL ||
        meta->fingerprint == NULL || meta->props.encoding == NULL)
        return err_set(err, ERR_PREPARE, "meta.json is of another format or lacks a key");
    return 0;
}

int meta_major(const struct meta *meta)
{
    return meta->server_version == NULL ? 0 : (int)strtol(meta->server_version, NULL, 10);
}
