/* drift - see drift.h. */
#include "pg/drift.h"

#include <string.h>

#include "base/buf.h"

struct list {
    struct drift *v;
    size_t n;
    size_t cap;
};

static void push(struct list *list, const char *object, const char *aspect, const char *expected,
                 const char *actual)
{
    if (list->n == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 16;
        list->v = mem_realloc(list->v, list->cap * sizeof *list->v);
    }
    list->v[list->n++] = (struct drift){object, aspect, expected, actual};
}

/* --- objects inside another one --------------------------------------------------------------- */

static const char *skip_identifier(const char *at)
{
    if (*at != '"')
        return at + strcspn(at, ".");
    for (at++; *at != '\0'; at++)
        if (*at == '"' && *++at != '"')
            return at;
    return at;
}

/* "public.users" for "column public.users.email", NULL for an object that stands on its own. */
static const char *find_parent(struct arena *arena, const char *object)
{
    static const char *const parts[] = {"attribute ", "column ",  "constraint ", "index ",
                                        "policy ",    "rule ",    "trigger "};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t len = strlen(parts[i]);
        const char *end;

        if (strncmp(object, parts[i], len) != 0)
            continue;
        end = skip_identifier(object + len);
        if (*end != '.')
            return NULL;
        end = skip_identifier(end + 1);
        if (*end != '.')
            return NULL;
        return arena_strndup(arena, object + len, (size_t)(end - object) - len);
    }
    return NULL;
}

static int compare_object(const void *key, const void *fact)
{
    return strcmp(key, ((const struct catalog_fact *)fact)->object);
}

static bool has_relation(struct arena *arena, const struct catalog *catalog, const char *name)
{
    static const char *const kinds[] = {"table", "view", "materialized view", "composite type",
                                        "domain"};

    for (size_t i = 0; catalog->n > 0 && i < sizeof kinds / sizeof *kinds; i++)
        if (bsearch(arena_printf(arena, "%s %s", kinds[i], name), catalog->facts, catalog->n,
                    sizeof *catalog->facts, compare_object) != NULL)
            return true;
    return false;
}

/* --- comparing -------------------------------------------------------------------------------- */

static bool counts(const struct drift_rules *rules, const char *aspect)
{
    if (rules == NULL)
        return true;
    return (rules->compare_type || strcmp(aspect, "type") != 0) &&
           (rules->compare_server_default || strcmp(aspect, "default") != 0);
}

/* Where the facts of the object at ${from} end. */
static size_t object_end(const struct catalog *catalog, size_t from)
{
    size_t end = from;

    while (end < catalog->n &&
           strcmp(catalog->facts[end].object, catalog->facts[from].object) == 0)
        end++;
    return end;
}

/* ${object} is in one catalog only: ${present} has it, ${absent} has not. */
static bool is_news(struct arena *arena, const struct catalog *present,
                    const struct catalog *absent, const char *object)
{
    const char *parent = find_parent(arena, object);

    return parent == NULL || has_relation(arena, absent, parent) ||
           !has_relation(arena, present, parent);
}

static void compare_facts(struct list *list, const struct drift_rules *rules,
                          const struct catalog_fact *a, size_t n_a, const struct catalog_fact *b,
                          size_t n_b)
{
    size_t i = 0;
    size_t j = 0;

    while (i < n_a || j < n_b) {
        int order = i == n_a ? 1 : j == n_b ? -1 : strcmp(a[i].aspect, b[j].aspect);
        const struct catalog_fact *left = order <= 0 ? &a[i++] : NULL;
        const struct catalog_fact *right = order >= 0 ? &b[j++] : NULL;
        const struct catalog_fact *any = left != NULL ? left : right;

        if (!counts(rules, any->aspect) ||
            (left != NULL && right != NULL && strcmp(left->value, right->value) == 0))
            continue;
        push(list, any->object, any->aspect, left != NULL ? left->value : NULL,
             right != NULL ? right->value : NULL);
    }
}

bool drift_is_missing(const struct drift *drift)
{
    return drift->actual == NULL && strcmp(drift->aspect, DRIFT_EXISTS) == 0;
}

void drift_compare(struct arena *arena, const struct catalog *expected,
                   const struct catalog *actual, const struct drift_rules *rules,
                   struct drift **list, size_t *n)
{
    struct list found = {0};
    size_t i = 0;
    size_t j = 0;

    while (i < expected->n || j < actual->n) {
        const char *left = i < expected->n ? expected->facts[i].object : NULL;
        const char *right = j < actual->n ? actual->facts[j].object : NULL;
        int order = left == NULL ? 1 : right == NULL ? -1 : strcmp(left, right);
        size_t i_end = order <= 0 ? object_end(expected, i) : i;
        size_t j_end = order >= 0 ? object_end(actual, j) : j;

        if (order == 0)
            compare_facts(&found, rules, expected->facts + i, i_end - i, actual->facts + j,
                          j_end - j);
        else if (order < 0 && is_news(arena, expected, actual, left))
            push(&found, left, DRIFT_EXISTS, "yes", NULL);
        else if (order > 0 && is_news(arena, actual, expected, right))
            push(&found, right, DRIFT_EXISTS, NULL, "yes");
        i = i_end;
        j = j_end;
    }
    *n = found.n;
    *list = arena_alloc(arena, found.n * sizeof *found.v);
    if (found.n > 0)
        memcpy(*list, found.v, found.n * sizeof *found.v);
    mem_free(found.v);
}

/* --- as a sentence ---------------------------------------------------------------------------- */

enum { SHOWN_BYTES = 160, LEAD_BYTES = 24 };

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* ${text} in one line: white space as single blanks, and of a long text the piece around ${at}. */
static const char *excerpt(struct arena *arena, const char *text, size_t at)
{
    auto_buf struct buf out = {0};
    size_t len = strlen(text);
    size_t from = len > SHOWN_BYTES && at > LEAD_BYTES ? at - LEAD_BYTES : 0;
    size_t to = len - from > SHOWN_BYTES ? from + SHOWN_BYTES : len;

    while (from > 0 && is_continuation(text[from]))
        from--;
    while (to < len && is_continuation(text[to]))
        to++;
    if (from > 0)
        buf_adds(&out, "…");
    for (size_t i = from; i < to; i++) {
        bool blank = strchr(" \t\n\r", text[i]) != NULL;

        if (!blank)
            buf_addc(&out, text[i]);
        else if (out.len > 0 && out.data[out.len - 1] != ' ')
            buf_addc(&out, ' ');
    }
    if (to < len)
        buf_adds(&out, "…");
    return arena_strdup(arena, out.len > 0 ? buf_text(&out) : "empty");
}

const char *drift_sentence(struct arena *arena, const struct drift *drift)
{
    bool is = strcmp(drift->aspect, "is") == 0;
    const char *object = is ? drift->object
                            : arena_printf(arena, "%s: %s", drift->object, drift->aspect);
    const char *expected = drift->expected;
    const char *actual = drift->actual;
    size_t same = 0;

    if (strcmp(drift->aspect, DRIFT_EXISTS) == 0)
        return arena_printf(arena, actual == NULL ? "%s is missing" : "%s is not expected",
                            drift->object);
    while (expected != NULL && actual != NULL && expected[same] != '\0' &&
           expected[same] == actual[same])
        same++;
    if (actual == NULL)
        return arena_printf(arena, "%s is missing, expected %s", object,
                            excerpt(arena, expected, same));
    if (expected == NULL)
        return arena_printf(arena, "%s is %s, expected none", object,
                            excerpt(arena, actual, same));
    return arena_printf(arena, "%s is %s, expected %s", object, excerpt(arena, actual, same),
                        excerpt(arena, expected, same));
}
