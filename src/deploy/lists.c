/* lists - see lists.h. */
#include "deploy/lists.h"

#include <string.h>

json_t *lists_json(char *const *list)
{
    json_t *array = json_array();

    for (; list != NULL && *list != NULL; list++)
        json_array_append_new(array, json_string(*list));
    return array;
}

static json_t *names(const char *const *list)
{
    json_t *array = json_array();

    for (; *list != NULL; list++)
        json_array_append_new(array, json_string(*list));
    return array;
}

/* "Create Date: …" of the docstring that `revision` writes, NULL without one. */
static const char *create_date(struct arena *arena, const char *doc)
{
    static const char key[] = "Create Date:";

    for (const char *line = doc; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, sizeof key - 1) != 0)
            continue;
        line += sizeof key - 1;
        line += strspn(line, " \t");
        return arena_strndup(arena, line, strcspn(line, "\r\n"));
    }
    return NULL;
}

/* A path need not be UTF-8, which JSON is; and there is none here of a file in a container. */
static json_t *path_json(const char *path)
{
    json_t *json = path == NULL || path[0] == '\0' ? NULL : json_string(path);

    return json == NULL ? json_null() : json;
}

json_t *lists_revision(const struct graph *graph, const struct revision *revision,
                       const struct revset *rows)
{
    struct arena *arena = graph_arena(graph);
    const char *doc = revision_long_doc(arena, revision);
    const char *created = create_date(arena, doc);
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:b}", "id", revision->id, "message",
        revision_short_doc(arena, revision), "doc", doc, "path", path_json(revision->path), "down",
        names(revision->down_ids), "depends_on", names(revision->depends_on_ids), "labels",
        names(revision->labels), "is_head", (int)revision->is_head, "is_effective_head",
        (int)revision->is_effective_head, "is_branch_point", (int)revision->is_branch_point,
        "is_merge_point", (int)revision->is_merge_point);

    if (created != NULL)
        json_object_set_new(json, "create_date", json_string(created));
    if (rows != NULL)
        json_object_set_new(json, "is_current", json_boolean(revset_has(*rows, revision)));
    return json;
}

json_t *lists_revisions(const struct graph *graph, struct revset set, const struct revset *rows)
{
    json_t *array = json_array();

    for (size_t i = 0; i < set.n; i++)
        json_array_append_new(array, lists_revision(graph, set.v[i], rows));
    return array;
}

char **lists_from(struct arena *arena, const json_t *array)
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

const char *lists_text(struct arena *arena, const json_t *json, const char *key)
{
    return arena_strdup(arena, json_string_value(json_object_get(json, key)));
}

char **lists_ids(struct arena *arena, struct revset set)
{
    char **ids = arena_alloc(arena, (set.n + 1) * sizeof *ids);

    for (size_t i = 0; i < set.n; i++)
        ids[i] = arena_strdup(arena, set.v[i]->id);
    return ids;
}

const char *lists_joined(struct arena *arena, char *const *list, const char *separator,
                         const char *none)
{
    auto_strvec struct strvec vec = {0};
    auto_free char *text = NULL;

    strvec_push_all(&vec, (const char *const *)list);
    if (vec.n == 0)
        return none;
    text = strvec_join(&vec, separator);
    return arena_strdup(arena, text);
}

bool lists_has(char *const *list, const char *text)
{
    for (; list != NULL && *list != NULL; list++)
        if (strcmp(*list, text) == 0)
            return true;
    return false;
}

bool lists_equal(char *const *a, char *const *b)
{
    for (; *a != NULL && *b != NULL; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return *a == *b;
}
