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

json_t *lists_revisions(struct revset set)
{
    json_t *array = json_array();

    for (size_t i = 0; i < set.n; i++)
        json_array_append_new(array, json_string(set.v[i]->id));
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
