/*
 * folder - the version locations and their revision files.
 *
 * A location is a folder of the setting "version_locations" (default: "versions"), below the
 * setting "directory"; with the setting "recursive" its folders are searched too. A revision file is
 * "*.sql", no name begins with a dot. The order is that of the locations, then of the names' bytes, a
 * folder's files before its folders. Links to files are followed, links to folders are not.
 *
 * Changes: nothing.
 */
#ifndef SQL_FOLDER_H
#define SQL_FOLDER_H

#include "sql.h"

/* folder_locations(call, folders): the locations, absolute, without symbolic links, each once;
 * NULL-terminated. fail() names those that do not exist. */
int folder_locations(struct ddb_call *call, const char *const **folders);

/* folder_files(call, paths, n): every revision file, absolute, in load order. One that is reached
 * twice is taken once, with a warning. */
int folder_files(struct ddb_call *call, const char *const **paths, size_t *n);

/* folder_revisions(call, each, arg): the callback "revisions" of the engine: each file's header.
 * Every file that is not right is reported, up to 20 of them. */
int folder_revisions(struct ddb_call *call,
                     int (*each)(void *arg, const struct ddb_revision *revision), void *arg);

#endif
