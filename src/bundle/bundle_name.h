/*
 * bundle_name - names of a database in the documents of a snapshot. They need not be UTF-8 (a database
 * SQL_ASCII takes any byte), JSON is.
 */
#ifndef BUNDLE_BUNDLE_NAME_H
#define BUNDLE_BUNDLE_NAME_H

#include <jansson.h>

#include "base/mem.h"

/* bundle_name_text(text): for people; what is not UTF-8 becomes \xNN. */
json_t *bundle_name_text(const char *text);

/* bundle_name_put(object, key, name): under ${key}; a name that is not UTF-8 also byte by byte, as
 * hexadecimal digits under "KEY_hex". */
void bundle_name_put(json_t *object, const char *key, const char *name);

/* bundle_name_get(object, key, arena): the name, its bytes as they were; NULL: there is none, or it is not
 * properly written. */
const char *bundle_name_get(const json_t *object, const char *key, struct arena *arena);

/* bundle_copy_columns(copy): the "(id, total)" in "public.orders (id, total)", what stands between COPY and
 * FROM STDIN for a table in chunks; NULL for anything that is not a quoted schema and name, a space, and
 * quoted columns: it becomes a part of statements. */
const char *bundle_copy_columns(const char *copy);

#endif
