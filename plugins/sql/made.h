/*
 * made - which objects statements make, by the last part of their names, as they are written:
 * what a half-applied revision has not made, its undoing must not remove. Changes: nothing.
 */
#ifndef SQL_MADE_H
#define SQL_MADE_H

#include "script.h"

struct made {
    struct ddb_call *call;
    const char **names;
    size_t n, cap;
};

/* made_add(made, sql): the names that CREATE gives, and those of what ALTER TABLE … ADD adds.
 * made_has(made, sql): whether DROP, or ALTER … DROP, speaks of one of them.
 * made_is_data(statement): it can change rows, or do anything. */
void made_add(struct made *made, const char *sql);
bool made_has(const struct made *made, const char *sql);
bool made_is_data(const struct statement *statement);

#endif
