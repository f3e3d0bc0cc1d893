/*
 * services_files - the services for new files (plugin.h), over revision's naming and base's files.
 * Internal to services*.c.
 */
#ifndef DEPLOY_SERVICES_FILES_H
#define DEPLOY_SERVICES_FILES_H

#include "plugin.h"

int services_files_name(struct ddb_call *call, const struct ddb_file_name *wanted,
                        const char **name);
int services_files_create(struct ddb_call *call, const char *path, const void *data, size_t n);

#endif
