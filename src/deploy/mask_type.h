/*
 * mask_type - which mask a column's type can be given. Pure.
 */
#ifndef DEPLOY_MASK_TYPE_H
#define DEPLOY_MASK_TYPE_H

#include "pg/catalog.h"
#include "pg/mask.h"

/* mask_type_base(arena, catalog, type): ${type}, as the catalog writes it; of a domain, the type
 * that it is made of. */
const char *mask_type_base(struct arena *arena, const struct catalog *catalog, const char *type);

/* mask_type_is_safe(catalog, base): values of this type are no texts: numbers, dates and times,
 * truth values, UUIDs, enumerations, and arrays of these. What is not known is not safe. */
bool mask_type_is_safe(const struct catalog *catalog, const char *base);

/* mask_type_serve(base, field, why): fill form, most and fold of ${field}, whose function is set.
 * False when values of the type cannot be masked by it; ${why} is then "of type integer …". */
bool mask_type_serve(struct arena *arena, const char *base, struct mask_field *field,
                     const char **why);

/* mask_type_fact(catalog, object, aspect): its value, NULL when there is none. */
const char *mask_type_fact(const struct catalog *catalog, const char *object, const char *aspect);

#endif
