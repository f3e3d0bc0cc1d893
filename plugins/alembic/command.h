/*
 * command - the project's own command: a prefix in front of "upgrade heads", or a whole command for
 * each action. Changes: what the command changes.
 */
#ifndef ALEMBIC_COMMAND_H
#define ALEMBIC_COMMAND_H

#include <stdbool.h>

#include "alembic.h"

/* command_prefix(call): the setting "command"; never NULL, never empty. */
const char *const *command_prefix(struct ddb_call *call);

/* command_env(call, read_only): environment changes for a child that connects as the project does:
 * the database for libpq, its URL, the environment's name, the session's timeouts. ${read_only}:
 * its sessions cannot write. */
const char *const *command_env(struct ddb_call *call, bool read_only);

/* command_cwd(call): where children run. */
const char *command_cwd(struct ddb_call *call);

int64_t command_timeout(struct ddb_call *call);

/* command_run(call, action, target): "upgrade" or "downgrade". Changes: the database. */
int command_run(struct ddb_call *call, const char *action, const char *target);

/* command_revision(call, words, read_only, path): ${words} follow the command: "revision" and so on.
 * ${path} gets where the new file is, as the command sees it, or "". ${read_only}: its sessions
 * cannot write. Changes: files. */
int command_revision(struct ddb_call *call, const char *const *words, bool read_only,
                     const char **path);

/* command_sql(call, from, to, out, arg): the text of an offline upgrade; command_downgrade_sql: of a
 * downgrade, which a replacement for "sql" cannot print. Changes: nothing. */
int command_sql(struct ddb_call *call, const char *from, const char *to,
                int (*out)(void *arg, const char *text, size_t n), void *arg);
int command_downgrade_sql(struct ddb_call *call, const char *from, const char *to,
                          int (*out)(void *arg, const char *text, size_t n), void *arg);

#endif
