/* hazard_made - see hazard_made.h. */
#include "pg/hazard_made.h"

#include <string.h>

struct hazard_item {
    enum hazard_kind kind;
    struct hazard_name relation;
    const char *column;
    bool is_shared;
};

static const char *text_of(const json_t *string)
{
    const char *text = json_string_value(json_object_get(json_object_get(string, "String"), "sval"));

    return text == NULL ? "" : text;
}

struct hazard_name hazard_made_name(const json_t *rangevar)
{
    const char *name = json_string_value(json_object_get(rangevar, "relname"));

    return (struct hazard_name){
        .schema = json_string_value(json_object_get(rangevar, "schemaname")),
        .name = name == NULL ? "" : name,
    };
}

struct hazard_name hazard_made_list_name(const json_t *list)
{
    size_t n = json_array_size(list);

    return (struct hazard_name){
        .schema = n > 1 ? text_of(json_array_get(list, n - 2)) : NULL,
        .name = n > 0 ? text_of(json_array_get(list, n - 1)) : "",
    };
}

static bool same_text(const char *left, const char *right)
{
    if (left == NULL || right == NULL)
        return left == right;
    return strcmp(left, right) == 0;
}

static bool same_relation(struct hazard_name left, struct hazard_name right)
{
    return strcmp(left.name, right.name) == 0 && same_text(left.schema, right.schema);
}

static struct hazard_item *find(const struct hazard_made *made, enum hazard_kind kind,
                                struct hazard_name name, const char *column)
{
    for (size_t i = 0; i < made->n; i++) {
        struct hazard_item *item = &made->items[i];

        if (item->kind == kind && same_relation(item->relation, name) &&
            same_text(item->column, column))
            return item;
    }
    return NULL;
}

void hazard_made_add(struct hazard_made *made, enum hazard_kind kind, struct hazard_name name,
                     const char *column)
{
    if (name.name[0] == '\0' || find(made, kind, name, column) != NULL)
        return;
    if (made->n == made->cap) {
        made->cap = made->cap == 0 ? 16 : made->cap * 2;
        made->items = mem_realloc(made->items, made->cap * sizeof *made->items);
    }
    made->items[made->n++] = (struct hazard_item){
        .kind = kind,
        .relation = {arena_strdup(made->arena, name.schema), arena_strdup(made->arena, name.name)},
        .column = arena_strdup(made->arena, column),
    };
}

bool hazard_made_has(const struct hazard_made *made, enum hazard_kind kind,
                     struct hazard_name name, const char *column)
{
    const struct hazard_item *item = find(made, kind, name, column);

    return item != NULL && !item->is_shared;
}

void hazard_made_share(struct hazard_made *made, struct hazard_name name)
{
    for (size_t i = 0; i < made->n; i++)
        if (same_relation(made->items[i].relation, name))
            made->items[i].is_shared = true;
}

void hazard_made_share_unqualified(struct hazard_made *made)
{
    for (size_t i = 0; i < made->n; i++)
        if (made->items[i].relation.schema == NULL)
            made->items[i].is_shared = true;
}

bool hazard_made_knows(const struct hazard_made *made, enum hazard_kind kind,
                       struct hazard_name name, const char *column)
{
    return find(made, kind, name, column) != NULL;
}

static void drop(struct hazard_made *made, size_t i)
{
    made->items[i] = made->items[--made->n];
}

void hazard_made_forget(struct hazard_made *made, struct hazard_name name)
{
    for (size_t i = made->n; i-- > 0;)
        if (same_relation(made->items[i].relation, name))
            drop(made, i);
}

void hazard_made_forget_column(struct hazard_made *made, struct hazard_name name,
                               const char *column)
{
    struct hazard_item *item = find(made, HAZARD_COLUMN, name, column);

    if (item != NULL)
        drop(made, (size_t)(item - made->items));
}

void hazard_made_forget_unqualified(struct hazard_made *made)
{
    for (size_t i = made->n; i-- > 0;)
        if (made->items[i].relation.schema == NULL)
            drop(made, i);
}

void hazard_made_forget_all(struct hazard_made *made)
{
    made->n = 0;
}

void hazard_made_rename(struct hazard_made *made, struct hazard_name name, const char *to)
{
    hazard_made_forget(made, (struct hazard_name){name.schema, to});
    for (size_t i = 0; i < made->n; i++)
        if (same_relation(made->items[i].relation, name))
            made->items[i].relation.name = arena_strdup(made->arena, to);
}

void hazard_made_move(struct hazard_made *made, struct hazard_name name, const char *schema)
{
    hazard_made_forget(made, (struct hazard_name){schema, name.name});
    for (size_t i = 0; i < made->n; i++)
        if (same_relation(made->items[i].relation, name))
            made->items[i].relation.schema = arena_strdup(made->arena, schema);
}

void hazard_made_rename_column(struct hazard_made *made, struct hazard_name name,
                               const char *column, const char *to)
{
    struct hazard_item *item;

    hazard_made_forget_column(made, name, to);
    item = find(made, HAZARD_COLUMN, name, column);
    if (item != NULL)
        item->column = arena_strdup(made->arena, to);
}

void hazard_made_release(struct hazard_made *made)
{
    mem_free(made->items);
    made->items = NULL;
    made->n = made->cap = 0;
}
