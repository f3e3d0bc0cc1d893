/*
 * hazard_made - what one SQL text has created so far: tables, sequences, columns of older tables.
 *
 * What others have to do with, by a trigger or as a partition, is shared: a change of its rows may change
 * older ones. It may still be dropped. Names are as written: "users" and "public.users" are different,
 * because the search path is not known here. Whatever makes a name uncertain removes it: to forget is
 * always the safe side.
 */
#ifndef PG_HAZARD_MADE_H
#define PG_HAZARD_MADE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/mem.h"

enum hazard_kind {
    HAZARD_TABLE,
    HAZARD_SEQUENCE,
    HAZARD_COLUMN,
};

struct hazard_name {
    const char *schema; /* NULL: not written */
    const char *name;   /* "" when the tree has none */
};

struct hazard_made {
    struct arena *arena;
    struct hazard_item *items;
    size_t n, cap;
};

/* The name in a parse tree's RangeVar; lives as long as the tree. */
struct hazard_name hazard_made_name(const json_t *rangevar);

/* The name in a list of strings: [schema,] name. */
struct hazard_name hazard_made_list_name(const json_t *list);

/* Remember; names are copied. ${column} is NULL except for HAZARD_COLUMN. */
void hazard_made_add(struct hazard_made *made, enum hazard_kind kind, struct hazard_name name,
                     const char *column);
bool hazard_made_has(const struct hazard_made *made, enum hazard_kind kind,
                     struct hazard_name name, const char *column);

/* hazard_made_share: a relation and its columns, every name without a schema, are shared from now on;
 * hazard_made_has does not know them any more, hazard_made_knows does. */
void hazard_made_share(struct hazard_made *made, struct hazard_name name);
void hazard_made_share_unqualified(struct hazard_made *made);
bool hazard_made_knows(const struct hazard_made *made, enum hazard_kind kind,
                       struct hazard_name name, const char *column);

/* Forget a relation and its columns, one column, every name without a schema, everything. */
void hazard_made_forget(struct hazard_made *made, struct hazard_name name);
void hazard_made_forget_column(struct hazard_made *made, struct hazard_name name,
                               const char *column);
void hazard_made_forget_unqualified(struct hazard_made *made);
void hazard_made_forget_all(struct hazard_made *made);

/* ALTER … RENAME TO, SET SCHEMA, RENAME COLUMN. */
void hazard_made_rename(struct hazard_made *made, struct hazard_name name, const char *to);
void hazard_made_move(struct hazard_made *made, struct hazard_name name, const char *schema);
void hazard_made_rename_column(struct hazard_made *made, struct hazard_name name,
                               const char *column, const char *to);

void hazard_made_release(struct hazard_made *made);

#endif
