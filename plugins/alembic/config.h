/*
 * config - alembic.ini as Python's configparser reads it: one section over [DEFAULT], values over
 * several lines, %(name)s and %% replaced when a value is asked for. Changes: nothing.
 */
#ifndef ALEMBIC_CONFIG_H
#define ALEMBIC_CONFIG_H

#include <stdbool.h>

#include "alembic.h"

struct config_option {
    const char *name; /* in lower case */
    const char *value;
    bool is_default;  /* from [DEFAULT] */
};

struct config {
    const char *path; /* of the file, absolute */
    const char *here; /* its directory: %(here)s */
    struct config_option *options;
    size_t n;
    size_t cap;
};

/* config_read(call, text, n, section, config): the options of ${section} and [DEFAULT] from the
 * ${n} bytes of the file config->path, which the caller set along with config->here. */
int config_read(struct ddb_call *call, const char *text, size_t n, const char *section,
                struct config *config);

/* config_get(call, config, name, value): NULL when the option is not there. */
int config_get(struct ddb_call *call, const struct config *config, const char *name,
               const char **value);

#endif
