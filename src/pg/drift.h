/*
 * drift - how two catalogs differ, under an environment's strictness. Pure.
 */
#ifndef PG_DRIFT_H
#define PG_DRIFT_H

#include "pg/catalog.h"

struct drift_rules {
    bool compare_type;           /* false: differences of aspect "type" do not count */
    bool compare_server_default; /* false: those of aspect "default" do not count */
};

/* The aspect of an object that is missing, or not expected, as a whole. */
#define DRIFT_EXISTS "exists"

struct drift {
    const char *object;
    const char *aspect;
    const char *expected; /* NULL: the fact exists only in the actual catalog */
    const char *actual;   /* NULL: only in the expected one */
};

/* drift_is_missing(drift): the whole object is missing from the actual catalog. */
bool drift_is_missing(const struct drift *drift);

/* drift_compare(arena, expected, actual, rules, list, n): the differences that count, in object
 * order; rules NULL means everything counts. An object that is missing as a whole is one entry,
 * of aspect DRIFT_EXISTS and value "yes"; what belongs to a table, view or type that is missing
 * (columns, constraints, indexes, policies, rules, triggers) is not listed besides. */
void drift_compare(struct arena *arena, const struct catalog *expected,
                   const struct catalog *actual, const struct drift_rules *rules,
                   struct drift **list, size_t *n);

/* drift_sentence(arena, drift): "column public.users.email: type is character varying(255), expected
 * character varying(320)", "table public.users is missing". One line; of long values the piece
 * where they differ. */
const char *drift_sentence(struct arena *arena, const struct drift *drift);

#endif
