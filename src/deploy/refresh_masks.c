/* refresh_masks - see refresh_masks.h. */
#include "deploy/refresh_masks.h"

#include <string.h>

#include "base/buf.h"
#include "deploy/mask_type.h"

/* --- names as SQL writes them ----------------------------------------------------------------- */

/* The end of the name at ${at}, which may be quoted. */
static const char *name_end(const char *at)
{
    if (*at != '"')
        return at + strcspn(at, "., ()\"");
    for (at++; *at != '\0'; at++)
        if (*at == '"' && *++at != '"')
            return at;
    return at;
}

static const char *unquoted(struct arena *arena, const char *at, const char *end)
{
    char *out = arena_alloc(arena, (size_t)(end - at) + 1);
    size_t n = 0;

    if (*at != '"')
        return arena_strndup(arena, at, (size_t)(end - at));
    for (at++; at < end - 1; at++) {
        out[n++] = *at;
        at += *at == '"'; /* doubled */
    }
    return out;
}

/* "public.users.email" is the column "email" of "public.users"; false without three names. */
static bool cut_column(struct arena *arena, const char *text, const char **table,
                       const char **column)
{
    const char *first = name_end(text), *second, *third;

    if (*first != '.')
        return false;
    second = name_end(first + 1);
    if (*second != '.')
        return false;
    third = name_end(second + 1);
    *table = arena_strndup(arena, text, (size_t)(second - text));
    *column = unquoted(arena, second + 1, third);
    return *third == '\0' && third > second + 1;
}

/* --- tables of the snapshot ------------------------------------------------------------------- */

struct making {
    struct arena *arena;
    const struct env *env;
    const struct catalog *catalog;
    struct refresh_masks *masks;
    struct errs *problems;
    bool *used; /* each rule: some column has it */
    struct strvec open; /* columns without a rule */
};

static struct err *refuse(struct making *m, const char *fmt, const char *what)
{
    struct err *err = errs_new(m->problems);

    err_set(err, ERR_REFUSED, fmt, what);
    return err;
}

static const char *table_fact(const struct making *m, const char *table, const char *aspect)
{
    return mask_type_fact(m->catalog, arena_printf(m->arena, "table %s", table), aspect);
}

/* Whether the table holds rows of its own. */
static bool has_rows(const struct making *m, const char *table)
{
    const char *is = table_fact(m, table, "is");

    return is != NULL && (strncmp(is, "table", 5) == 0 || strncmp(is, "unlogged table", 14) == 0);
}

/* The first of the tables in ${list}, "a.b, c.d" or "a.b FOR VALUES …", as its text; ${rest}
 * follows. */
static const char *first_parent(struct arena *arena, const char *list, const char **rest)
{
    const char *end = name_end(list);

    if (*end == '.')
        end = name_end(end + 1);
    *rest = strncmp(end, ", ", 2) == 0 ? end + 2 : NULL;
    return arena_strndup(arena, list, (size_t)(end - list));
}

/* Call ${each} for the table and all that it is a partition or a child of, until one says true. */
static bool any_ancestor(const struct making *m, const char *table, int depth,
                         bool (*each)(const struct making *m, const char *table, const void *arg),
                         const void *arg)
{
    const char *parents = table_fact(m, table, "partition of");

    if (each(m, table, arg))
        return true;
    if (parents == NULL)
        parents = table_fact(m, table, "inherits");
    while (parents != NULL && depth < 32) {
        const char *parent = first_parent(m->arena, parents, &parents);

        if (any_ancestor(m, parent, depth + 1, each, arg))
            return true;
    }
    return false;
}

static bool is_left_out(const struct making *m, const char *table, const void *arg)
{
    (void)arg;
    for (const char *const *name = m->env->refresh.exclude_data; name != NULL && *name != NULL;
         name++)
        if (strcmp(*name, table) == 0)
            return true;
    return false;
}

struct looking {
    const char *column;
    size_t *found;
};

static bool has_rule(const struct making *m, const char *table, const void *arg)
{
    const struct looking *looking = arg;
    const struct conf_masks *rules = &m->env->refresh.masks;

    for (size_t i = 0; i < rules->n; i++) {
        const char *of, *column;

        if (cut_column(m->arena, rules->items[i].column, &of, &column) && strcmp(of, table) == 0 &&
            strcmp(column, looking->column) == 0) {
            *looking->found = i;
            m->used[i] = true;
            return true;
        }
    }
    return false;
}

/* --- rules ------------------------------------------------------------------------------------ */

/* How the rule masks this column; false when it cannot (reported). */
static bool field_of(struct making *m, const char *object, const struct conf_mask *rule,
                     struct mask_field *field)
{
    const char *column = object + strlen("column ");
    const char *type = mask_type_fact(m->catalog, object, "type");
    const char *nullable = mask_type_fact(m->catalog, object, "nullable");
    const char *why = NULL;
    auto_buf struct buf constant = {0};

    *field = (struct mask_field){0};
    if (!mask_function_find(rule->with, &field->function) || field->function == MASK_KEEP)
        return true;
    if (mask_type_fact(m->catalog, object, "generated") != NULL)
        why = "it is computed from other columns";
    else if (field->function == MASK_NULL && nullable != NULL && strcmp(nullable, "no") == 0)
        why = "it cannot be NULL";
    else if (mask_type_serve(m->arena, mask_type_base(m->arena, m->catalog, type), field, &why))
        why = NULL;
    if (why != NULL) {
        err_detail(refuse(m, "column %s cannot be masked as its rule says", column),
                   "line %d: with = \"%s\": %s", rule->line, rule->with, why);
        return false;
    }
    if (rule->value != NULL) {
        mask_escape(rule->value, &constant);
        field->constant = arena_strdup(m->arena, buf_text(&constant));
    }
    return true;
}

static struct masked_table *table_for(struct making *m, const char *table)
{
    struct refresh_masks *masks = m->masks;
    const char *dot = name_end(table);
    const char *schema = unquoted(m->arena, table, dot);
    const char *name = unquoted(m->arena, dot + 1, table + strlen(table));
    struct masked_table *found = refresh_masks_table(masks, schema, name);

    if (found != NULL)
        return found;
    found = &masks->tables[masks->n++];
    *found = (struct masked_table){.schema = schema, .name = name};
    return found;
}

static void add_column(struct making *m, const char *table, const char *column,
                       const struct conf_mask *rule, const struct mask_field *field)
{
    struct masked_table *masked = table_for(m, table);
    struct masked_column *grown =
        arena_alloc(m->arena, (masked->n + 1) * sizeof *grown); /* tables have few of them */

    if (masked->n > 0)
        memcpy(grown, masked->columns, masked->n * sizeof *grown);
    grown[masked->n++] = (struct masked_column){column, rule->with, *field};
    masked->columns = grown;
}

/* A column of a table with rows: the rule for it, or one for it in what the table is a part of. */
static void judge_column(struct making *m, const char *object)
{
    const char *table, *column, *type = mask_type_fact(m->catalog, object, "type");
    size_t found = 0;
    struct looking looking = {.found = &found};
    struct mask_field field;

    if (!cut_column(m->arena, object + strlen("column "), &table, &column) || type == NULL ||
        !has_rows(m, table) || any_ancestor(m, table, 0, is_left_out, NULL))
        return;
    looking.column = column;
    if (any_ancestor(m, table, 0, has_rule, &looking)) {
        const struct conf_mask *rule = &m->env->refresh.masks.items[found];

        if (field_of(m, object, rule, &field) && field.function != MASK_KEEP)
            add_column(m, table, column, rule, &field);
    } else if (m->env->refresh.mask_strict &&
               mask_type_fact(m->catalog, object, "generated") == NULL &&
               !mask_type_is_safe(m->catalog, mask_type_base(m->arena, m->catalog, type))) {
        strvec_pushf(&m->open, "%s  %s", object + strlen("column "), type);
    }
}

/* A rule may stand at a table without rows of its own, or at one that stays empty. At a view it
 * would hide nothing. */
static bool is_column_of_table(struct making *m, const char *text)
{
    const char *table, *column;

    return cut_column(m->arena, text, &table, &column) && table_fact(m, table, "is") != NULL &&
           mask_type_fact(m->catalog, arena_printf(m->arena, "column %s", text), "type") != NULL;
}

static void check_rules(struct making *m)
{
    const struct conf_masks *rules = &m->env->refresh.masks;

    for (size_t i = 0; i < rules->n; i++) {
        if (m->used[i] || is_column_of_table(m, rules->items[i].column))
            continue;
        err_hint(
            refuse(m, "the snapshot has no column %s of a table, which a mask names",
                   rules->items[i].column),
            "Write it as SCHEMA.TABLE.COLUMN, quoted where SQL needs that; drop the rule if the "
            "column is gone.");
    }
    for (const char *const *name = m->env->refresh.exclude_data; name != NULL && *name != NULL;
         name++)
        if (table_fact(m, *name, "is") == NULL)
            err_hint(
                refuse(m, "the snapshot has no table %s, which refresh.exclude_data names", *name),
                "Write it as SCHEMA.TABLE, quoted where SQL needs that.");
}

static void check_open(struct making *m)
{
    struct err *err;

    if (m->open.n == 0)
        return;
    err = errs_new(m->problems);
    err_set(err, ERR_REFUSED, "%zu column%s may hold texts and %s no mask", m->open.n,
            m->open.n == 1 ? "" : "s", m->open.n == 1 ? "has" : "have");
    for (size_t i = 0; i < m->open.n; i++)
        err_detail(err, "%s", m->open.v[i]);
    err_hint(err, "Give each a rule in refresh.masks (with = \"keep\" for one that holds nothing "
                  "personal), or name its table in refresh.exclude_data.");
}

static size_t count(const struct catalog *catalog, const char *prefix)
{
    size_t n = 0;

    for (size_t i = 0; i < catalog->n; i++)
        n += strncmp(catalog->facts[i].object, prefix, strlen(prefix)) == 0 &&
             strcmp(catalog->facts[i].aspect, "is") == 0;
    return n;
}

int refresh_masks_make(struct arena *arena, const struct env *env, const char *salt,
                       const struct catalog *catalog, struct refresh_masks *masks,
                       struct errs *problems)
{
    struct making m = {.arena = arena, .env = env, .catalog = catalog, .masks = masks,
                       .problems = problems};
    size_t before = problems->n;

    *masks = (struct refresh_masks){.salt = salt};
    masks->tables = arena_alloc(arena, (count(catalog, "table ") + 1) * sizeof *masks->tables);
    m.used = arena_alloc(arena, (env->refresh.masks.n + 1) * sizeof *m.used);
    for (size_t i = 0; i < catalog->n; i++) {
        const char *object = catalog->facts[i].object;

        if (strncmp(object, "column ", 7) == 0 && strcmp(catalog->facts[i].aspect, "type") == 0)
            judge_column(&m, object);
        else if (strncmp(object, "table ", 6) == 0 && strcmp(catalog->facts[i].aspect, "is") == 0 &&
                 has_rows(&m, object + 6) && any_ancestor(&m, object + 6, 0, is_left_out, NULL))
            table_for(&m, object + 6)->left_out = true;
    }
    check_rules(&m);
    check_open(&m);
    strvec_release(&m.open);
    return problems->n == before ? 0 : -1;
}

/* --- asked while loading ---------------------------------------------------------------------- */

struct masked_table *refresh_masks_table(const struct refresh_masks *masks, const char *schema,
                                         const char *name)
{
    for (size_t i = 0; i < masks->n; i++)
        if (strcmp(masks->tables[i].name, name) == 0 &&
            strcmp(masks->tables[i].schema, schema) == 0)
            return &masks->tables[i];
    return NULL;
}

static const struct mask_field *field_named(const struct masked_table *table, const char *name)
{
    static const struct mask_field keep = {.function = MASK_KEEP};

    for (size_t i = 0; i < table->n; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i].field;
    return &keep;
}

int refresh_masks_line(struct arena *arena, const struct refresh_masks *masks,
                       const struct masked_table *table, const char *columns, struct mask *mask,
                       struct err *err)
{
    struct mask_field *fields = arena_alloc(arena, (strlen(columns) + 1) * sizeof *fields);
    size_t n = 0, masked = 0;

    for (const char *at = columns + (*columns == '('); *at != '\0' && *at != ')';) {
        const char *end = name_end(at);

        fields[n] = *field_named(table, unquoted(arena, at, end));
        masked += fields[n++].function != MASK_KEEP;
        at = end + strspn(end, ", ");
        if (at == end && *at != ')')
            break;
    }
    if (masked != table->n)
        return err_set(err, ERR_PREPARE, "table \"%s.%s\" has not all the columns that are masked",
                       table->schema, table->name);
    *mask = (struct mask){.fields = fields, .n = n, .salt = masks->salt};
    return 0;
}
