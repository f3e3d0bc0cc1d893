/*
 * fs - the door to files: a file appears whole or not at all.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

/* fs_write(path, data, n, mode, err): replace ${path} by ${n} bytes: temporary file beside it,
 * fsync, rename, fsync of the directory. Changes: files. */
int fs_write(const char *path, const void *data, size_t n, mode_t mode, struct err *err) CHECK;

/* fs_create(path, data, n, mode, err): a new file, whole and durable or not at all, and never over what
 * has that name: then FS_EXISTS, without a failure. What a crash leaves beside it begins with "." and
 * ends with ".tmp". Changes: files. */
enum { FS_EXISTS = 1 };
int fs_create(const char *path, const void *data, size_t n, mode_t mode, struct err *err) CHECK;

/* fs_append(path, data, n, err): append and fsync; creates the file with mode 0600 and makes its
 * name durable. Changes: files. */
int fs_append(const char *path, const void *data, size_t n, struct err *err) CHECK;

/* fs_read(path, max, out, err): the whole file, appended to ${out}; more than ${max} bytes is an
 * error. */
int fs_read(const char *path, size_t max, struct buf *out, struct err *err) CHECK;

bool fs_exists(const char *path);
bool fs_is_dir(const char *path);

/* fs_mkdirs(path, mode, err): the directory and its missing parents. Changes: files. */
int fs_mkdirs(const char *path, mode_t mode, struct err *err) CHECK;

/* fs_sync_dir(path, err): make renames in the directory durable. Changes: nothing visible. */
int fs_sync_dir(const char *path, struct err *err) CHECK;

/* fs_list(path, names, err): the names in a directory, sorted bytewise, without "." and "..". */
int fs_list(const char *path, struct strvec *names, struct err *err) CHECK;

/* fs_free_bytes(path): what an unprivileged writer may still use there; -1 when unknown. ${path}
 * need not exist: its nearest existing parent is asked. */
int64_t fs_free_bytes(const char *path);

/* fs_private(path, why): 0 when the file and its directory are writable by nobody but root and
 * our own user; else -1 with the failure in ${err}. Used before code is loaded or run. */
int fs_private(const char *path, struct err *err) CHECK;

/* fs_remove_tree(path, err): the directory with all in it; a missing one is fine. Changes: files. */
int fs_remove_tree(const char *path, struct err *err) CHECK;

/* Join, in ${arena}: "${dir}/${name}" without a leading "./", or ${name} when that is absolute. fs_dirname as dirname(3)
 * without changing its argument. fs_expand replaces a leading "~/" by $HOME. */
char *fs_join(struct arena *arena, const char *dir, const char *name);
char *fs_dirname(struct arena *arena, const char *path);
char *fs_expand(struct arena *arena, const char *path);

#endif
