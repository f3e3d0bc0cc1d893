/*
 * lists - NULL-terminated lists of names as text and as JSON. Pure.
 */
#ifndef DEPLOY_LISTS_H
#define DEPLOY_LISTS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/mem.h"
#include "revision/graph.h"

/* lists_json(list): a new array; NULL gives an empty one. */
json_t *lists_json(char *const *list);

/* lists_revision(graph, revision, rows): a revision as deploy-db-json(5) describes it. ${rows}
 * are the version rows, for "is_current"; NULL when they are not known. lists_revisions: an
 * array of these. */
json_t *lists_revision(const struct graph *graph, const struct revision *revision,
                       const struct revset *rows);
json_t *lists_revisions(const struct graph *graph, struct revset set, const struct revset *rows);

/* lists_from(arena, array): the strings of ${array}, never NULL; other members are passed over. */
char **lists_from(struct arena *arena, const json_t *array);

/* lists_text(arena, json, key): the string under ${key}, copied; NULL when there is none. */
const char *lists_text(struct arena *arena, const json_t *json, const char *key);

/* lists_ids(arena, set): the identifiers of ${set}. */
char **lists_ids(struct arena *arena, struct revset set);

/* lists_joined(arena, list, separator, none): one string; ${none} for an empty or NULL list. */
const char *lists_joined(struct arena *arena, char *const *list, const char *separator,
                         const char *none);

bool lists_has(char *const *list, const char *text);   /* NULL has nothing */
bool lists_equal(char *const *a, char *const *b);      /* in the same order */

#endif
