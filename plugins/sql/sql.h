/*
 * sql - the engine for migrations written as plain SQL files; what its files share.
 *
 *     sql.c       the plugin's table, its settings and its callbacks
 *     folder.c    the version locations and their files, in load order
 *     file.c      one revision file: its header (header.c), its two sections
 *     digest.c    the SHA-256 of a file
 *     write.c     a new revision file, and its name (name.c)
 *     run.c       steps: statements and version rows, in transactions …
 *     bare.c      … or, in a section "no transaction", one by one
 *     script.c    the statements of a section, of all steps before the first is run
 *     version.c   the version table and its rows
 *     progress.c  what was applied (files' checksums) and what is half applied, in deploy_db
 *     invalid.c   indexes that a concurrent build has left unusable
 *     settle.c    undoes what is half applied: paths.c finds its file, made.c what it has not made
 *     words.c     the words of a statement
 *     inspect.c   what is not right with what was applied
 *     text.c      steps as SQL text
 *     session.c   one session: connected (session_open.c), cancellable (session_wait.c), its
 *                 errors as sentences (session_fail.c)
 *
 * Memory is the host's and lives as long as the environment is open, unless a comment says that
 * the caller frees it.
 */
#ifndef SQL_SQL_H
#define SQL_SQL_H

#include <stddef.h>

#include "plugin.h"

extern const struct ddb_host *sql_host;

#endif
