/*
 * services_sql - the services that read SQL text (plugin.h), over pg's splitter. Internal to
 * services*.c.
 */
#ifndef DEPLOY_SERVICES_SQL_H
#define DEPLOY_SERVICES_SQL_H

#include "plugin.h"

int services_sql_split(struct ddb_call *call, const char *text, size_t n,
                       int (*each)(void *arg, const struct ddb_statement *statement), void *arg);
int services_sql_comments(struct ddb_call *call, const char *text, size_t n,
                          int (*each)(void *arg, const struct ddb_comment *comment), void *arg);

#endif
