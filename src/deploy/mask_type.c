/* mask_type - see mask_type.h. */
#include "deploy/mask_type.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 16 };

/* The facts are sorted by object, then aspect. */
const char *mask_type_fact(const struct catalog *catalog, const char *object, const char *aspect)
{
    size_t low = 0, high = catalog->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct catalog_fact *fact = &catalog->facts[middle];
        int order = strcmp(fact->object, object);

        if (order == 0)
            order = strcmp(fact->aspect, aspect);
        if (order == 0)
            return fact->value;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const char *mask_type_base(struct arena *arena, const struct catalog *catalog, const char *type)
{
    static const char domain[] = "domain of ";

    for (int depth = 0; depth < DEEPEST; depth++) {
        const char *is = mask_type_fact(catalog, arena_printf(arena, "domain %s", type), "is");

        if (is == NULL || strncmp(is, domain, strlen(domain)) != 0)
            break;
        type = is + strlen(domain);
    }
    return type;
}

/* "numeric(10,2)" is numeric, "time(3) without time zone" is "time without time zone". */
static void bare(const char *type, char *out, size_t cap)
{
    size_t n = 0;

    for (; *type != '\0' && n + 1 < cap; type++) {
        if (*type == '(') {
            const char *end = strchr(type, ')');

            type = end == NULL ? type + strlen(type) - 1 : end;
        } else {
            out[n++] = *type;
        }
    }
    while (n > 2 && strncmp(out + n - 2, "[]", 2) == 0)
        n -= 2;
    out[n] = '\0';
}

bool mask_type_is_safe(const struct catalog *catalog, const char *base)
{
    static const char *const safe[] = {
        "boolean", "smallint", "integer", "bigint", "numeric", "real", "double precision", "money",
        "oid", "uuid", "date", "interval", "time without time zone", "time with time zone",
        "timestamp without time zone", "timestamp with time zone",
    };
    char name[256], object[300];

    if (strlen(base) >= sizeof name)
        return false;
    bare(base, name, sizeof name);
    for (size_t i = 0; i < sizeof safe / sizeof *safe; i++)
        if (strcmp(safe[i], name) == 0)
            return true;
    snprintf(object, sizeof object, "enum %s", name);
    return mask_type_fact(catalog, object, "is") != NULL;
}

/* What stands in the parentheses of "character varying(40)"; 0: no limit. */
static size_t length_of(const char *type)
{
    const char *at = strchr(type, '(');

    return at == NULL ? 0 : (size_t)strtoul(at + 1, NULL, 10);
}

static bool is_text(const char *name)
{
    const char *last = strrchr(name, '.');

    return strcmp(name, "text") == 0 || strcmp(name, "character varying") == 0 ||
           strcmp(name, "character") == 0 || strcmp(last == NULL ? name : last + 1, "citext") == 0;
}

static bool too_short(struct arena *arena, const struct mask_field *field, size_t least,
                      const char **why)
{
    if (field->most == 0 || field->most >= least)
        return false;
    *why = arena_printf(arena, "it holds %zu characters, and %s needs %zu", field->most,
                        mask_function_name(field->function), least);
    return true;
}

/* A hash of another form has the length that the type wants. */
static bool serve_other(const char *name, struct mask_field *field)
{
    static const struct {
        const char *name;
        enum mask_form form;
    } forms[] = {{"uuid", MASK_UUID}, {"bytea", MASK_BYTEA}, {"json", MASK_JSON},
                 {"jsonb", MASK_JSON}};

    for (size_t i = 0; field->function == MASK_HASH && i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].name, name) == 0) {
            field->form = forms[i].form;
            return true;
        }
    return false;
}

bool mask_type_serve(struct arena *arena, const char *base, struct mask_field *field,
                     const char **why)
{
    bool is_array = strstr(base, "[]") != NULL;
    char name[256];

    if (!mask_is_keyed(field->function))
        return true;
    *why = arena_printf(arena, "%s cannot be made of a value of type %s",
                        mask_function_name(field->function), base);
    if (is_array || strlen(base) >= sizeof name)
        return false;
    bare(base, name, sizeof name);
    if (!is_text(name))
        return serve_other(name, field);
    field->form = MASK_TEXT;
    field->most = length_of(base);
    field->fold = strstr(name, "citext") != NULL;
    if (field->function == MASK_HASH)
        return !too_short(arena, field, MASK_HASH_LEAST, why);
    if (field->function == MASK_EMAIL)
        return !too_short(arena, field, MASK_EMAIL_LEAST, why);
    return true;
}
