/*
 * sql - the engine for migrations written as plain SQL files; what its files share.
 *
 *     sql.c       the plugin's table, its settings and its callbacks
 *     folder.c    the version locations and their files, in load order
 *     file.c      one revision file: its header (header.c), its two sections
 *     write.c     a new revision file, and its name (name.c)
 *     run.c       steps: statements and version rows, in transactions or one by one
 *     session.c   one session: connected, cancellable, its errors as sentences
 *     progress.c  what was applied (files' checksums) and what is half applied, in deploy_db
 *     text.c      steps as SQL text
 *
 * Memory is the host's and lives as long as the environment is open, unless a comment says that the
 * caller frees it.
 */
#ifndef SQL_SQL_H
#define SQL_SQL_H

#include <stddef.h>

#include "plugin.h"

extern const struct ddb_host *sql_host;

#endif
