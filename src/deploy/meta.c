/* meta - see meta.h. */
#include "deploy/meta.h"

#include <jansson.h>
#include <string.h>

enum { META_FORMAT = 1 };

static json_t *list_of(const char *const *list)
{
    json_t *array = json_array();

    for (; list != NULL && *list != NULL; list++)
        json_array_append_new(array, json_string(*list));
    return array;
}

static json_t *props_of(const struct dbprops *props)
{
    json_t *statements = json_array();

    for (size_t i = 0; i < props->n; i++)
        json_array_append_new(statements, json_pack("[s, s]", props->statements[i].before,
                                                    props->statements[i].after));
    return json_pack("{s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:o, s:o}", "encoding",
                     props->encoding, "collate", props->collate, "ctype", props->ctype, "provider",
                     props->provider, "icu_locale", props->icu_locale, "owner", props->owner,
                     "tablespace", props->tablespace, "statements", statements, "extensions",
                     list_of(props->extensions));
}

int meta_format(const struct meta *meta, struct buf *out, struct err *err)
{
    json_t *json = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o}", "format", META_FORMAT,
        "project", meta->project, "environment", meta->environment, "run", meta->run, "database",
        meta->database, "created", meta->created, "server_version", meta->server_version, "tool",
        meta->tool, "snapshot_plugin", meta->snapshot_plugin, "rows",
        list_of((const char *const *)meta->rows), "fingerprint", meta->fingerprint, "properties",
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

static const char *text_of(struct arena *arena, const json_t *json, const char *key)
{
    return arena_strdup(arena, json_string_value(json_object_get(json, key)));
}

static char **list_from(struct arena *arena, const json_t *array)
{
    char **list = arena_alloc(arena, (json_array_size(array) + 1) * sizeof *list);
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *text = json_string_value(json_array_get(array, i));

        if (text != NULL)
            list[n++] = arena_strdup(arena, text);
    }
    return list;
}

static void props_from(struct arena *arena, const json_t *json, struct dbprops *props)
{
    const json_t *statements = json_object_get(json, "statements");

    props->encoding = text_of(arena, json, "encoding");
    props->collate = text_of(arena, json, "collate");
    props->ctype = text_of(arena, json, "ctype");
    props->provider = text_of(arena, json, "provider");
    props->icu_locale = text_of(arena, json, "icu_locale");
    props->owner = text_of(arena, json, "owner");
    props->tablespace = text_of(arena, json, "tablespace");
    props->extensions =
        (const char *const *)list_from(arena, json_object_get(json, "extensions"));
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
        meta->project = text_of(arena, json, "project");
        meta->environment = text_of(arena, json, "environment");
        meta->run = text_of(arena, json, "run");
        meta->database = text_of(arena, json, "database");
        meta->created = text_of(arena, json, "created");
        meta->server_version = text_of(arena, json, "server_version");
        meta->tool = text_of(arena, json, "tool");
        meta->snapshot_plugin = text_of(arena, json, "snapshot_plugin");
        meta->fingerprint = text_of(arena, json, "fingerprint");
        meta->rows = list_from(arena, json_object_get(json, "rows"));
        props_from(arena, json_object_get(json, "properties"), &meta->props);
    }
    json_decref(json);
    if (meta->environment == NULL || meta->database == NULL || meta->created == NULL ||
        meta->fingerprint == NULL || meta->props.encoding == NULL)
        return err_set(err, ERR_PREPARE, "meta.json is of another format or lacks a key");
    return 0;
}
