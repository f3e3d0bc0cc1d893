/*
 * db_target - inside pg/ only: what a parsed connection string consists of. See db.h.
 */
#ifndef PG_DB_TARGET_H
#define PG_DB_TARGET_H

#include "pg/db.h"

/* One parameter of libpq, resolved: the string itself, then service file, environment, default. */
struct db_option {
    const char *keyword;
    const char *envvar;   /* NULL: there is none */
    const char *compiled; /* libpq's own default, may be NULL */
    const char *value;    /* NULL: not set; never empty */
};

struct db_target {
    struct db_option *options;
    size_t n;
    const char *name; /* of the database */
    const char *host; /* as libpq would use it: a list, an address, a socket's directory */
    const char *port;
    const char *user;
    const char *display;
    const char *url;
    const char *shown_url; /* its passwords are "***" */
};

/* The value of ${keyword}, NULL when it is not set. */
const char *db_target_option(const struct db_target *target, const char *keyword);

#endif
