/* secret_parts - what the files of secret share with each other and with setup. */
#ifndef CONF_SECRET_PARTS_H
#define CONF_SECRET_PARTS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/secret.h"

/* secret_url_is(text): whether it looks like a URL ("SCHEME://…"). */
bool secret_url_is(const char *text);

/* secret_url_parse(arena, url, source, out, err): a libpq URI or an SQLAlchemy URL as libpq
 * keywords in out->conninfo, and its scheme. ${source} is for messages. The password is registered
 * with log_secret. */
int secret_url_parse(struct arena *arena, const char *url, const char *source,
                     struct secret_database *out, struct err *err) CHECK;

/* secret_url_has_password(url): whether a URL holds one, in its place or among its parameters. */
bool secret_url_has_password(const char *url);

/* secret_ini_get(arena, path, key, value, err): ${key} of the section [alembic], interpolated as
 * Python's ConfigParser does; NULL in ${value} when it is not there. */
int secret_ini_get(struct arena *arena, const char *path, const char *key, const char **value,
                   struct err *err) CHECK;

#endif
