/* fs - see fs.h. */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024, TEMPORARY_NAMES = 100 };

static int write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, data, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        data += done;
        n -= (size_t)done;
    }
    return 0;
}

/* The directory part of ${path}, as dirname(3): heap, the caller frees it. */
static char *directory_of(const char *path)
{
    size_t len = strlen(path);

    while (len > 1 && path[len - 1] == '/')
        len--;
    while (len > 0 && path[len - 1] != '/')
        len--;
    while (len > 1 && path[len - 1] == '/')
        len--;
    if (len == 0)
        return mem_strdup(".");
    return memcpy(mem_alloc(len + 1), path, len);
}

/* --- writing -----------------------------------------------------------------------------------*/

int fs_sync_dir(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;

    if (fd < 0)
        return err_sys(err, ERR_INTERNAL, errno, "could not open directory \"%s\"", path);
    /* Some file systems cannot sync a directory and say EINVAL: there is nothing to be done. */
    if (fsync(fd) != 0 && errno != EINVAL)
        rc = err_sys(err, ERR_INTERNAL, errno, "could not sync directory \"%s\"", path);
    close(fd);
    return rc;
}

/* Open a new file in ${dir}, whose name is put in ${temporary}. */
static int open_temporary(const char *dir, mode_t mode, char temporary[PATH_MAX])
{
    for (int i = 0; i < TEMPORARY_NAMES; i++) {
        int len = snprintf(temporary, PATH_MAX, "%s/.deploy-db.%ld.%d.tmp", dir, (long)getpid(), i);
        int fd;

        if (len >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* Never over an existing file. A link is what file systems without RENAME_NOREPLACE have. */
static int rename_new(const char *temporary, const char *path)
{
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return 0;
    if ((errno != EINVAL && errno != ENOSYS) || link(temporary, path) != 0)
        return -1;
    unlink(temporary);
    return 0;
}

/* Fill the new file and let ${give_name} give it its name. Else it is gone, and errno says why. */
static int fill(int fd, const char *temporary, const void *data, size_t n, const char *path,
                int (*give_name)(const char *temporary, const char *path))
{
    int failed = write_all(fd, data, n) != 0 || fsync(fd) != 0;
    int errnum = errno;

    if (close(fd) != 0 && !failed) {
        failed = 1;
        errnum = errno;
    }
    if (!failed && give_name(temporary, path) != 0) {
        failed = 1;
        errnum = errno;
    }
    if (failed)
        unlink(temporary);
    errno = errnum;
    return failed ? -1 : 0;
}

int fs_write(const char *path, const void *data, size_t n, mode_t mode, struct err *err)
{
    auto_free char *dir = directory_of(path);
    char temporary[PATH_MAX];
    int fd = open_temporary(dir, mode, temporary);

    if (fd < 0)
        return err_sys(err, ERR_INTERNAL, errno, "could not create a file in \"%s\"", dir);
    if (fill(fd, temporary, data, n, path, rename) != 0)
        return err_sys(err, ERR_INTERNAL, errno, "could not write file \"%s\"", path);
    return fs_sync_dir(dir, err);
}

int fs_create(const char *path, const void *data, size_t n, mode_t mode, struct err *err)
{
    auto_free char *dir = directory_of(path);
    char temporary[PATH_MAX];
    int fd = open_temporary(dir, mode, temporary);

    if (fd < 0)
        return err_sys(err, ERR_INTERNAL, errno, "could not write \"%s\"", path);
    if (fill(fd, temporary, data, n, path, rename_new) != 0)
        return errno == EEXIST ? FS_EXISTS
                               : err_sys(err, ERR_INTERNAL, errno, "could not write \"%s\"", path);
    if (fs_sync_dir(dir, err) == 0)
        return 0;
    unlink(path); /* what may be gone after a power loss was not created */
    return -1;
}

/* Write at the end of ${fd}; a write that fails half-way is taken back, as long as nobody else
 * appended meanwhile. */
static int append_to(int fd, off_t size, const void *data, size_t n)
{
    struct stat st;
    int errnum;

    if (write_all(fd, data, n) == 0 && fsync(fd) == 0)
        return 0;
    errnum = errno;
    if (fstat(fd, &st) == 0 && st.st_size > size && st.st_size <= size + (off_t)n &&
        ftruncate(fd, size) == 0)
        fsync(fd);
    errno = errnum;
    return -1;
}

int fs_append(const char *path, const void *data, size_t n, struct err *err)
{
    auto_free char *dir = directory_of(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    struct stat st;
    int rc = 0;

    if (fd < 0)
        return err_sys(err, ERR_INTERNAL, errno, "could not open file \"%s\"", path);
    if (fstat(fd, &st) != 0)
        rc = err_sys(err, ERR_INTERNAL, errno, "could not examine file \"%s\"", path);
    /* The name first: a file with content then has a durable name. */
    if (rc == 0 && st.st_size == 0)
        rc = fs_sync_dir(dir, err);
    if (rc == 0 && append_to(fd, st.st_size, data, n) != 0)
        rc = err_sys(err, ERR_INTERNAL, errno, "could not write file \"%s\"", path);
    if (close(fd) != 0 && rc == 0)
        rc = err_sys(err, ERR_INTERNAL, errno, "could not write file \"%s\"", path);
    return rc;
}

static int make_dir(const char *path, mode_t mode, struct err *err)
{
    auto_free char *parent = directory_of(path);

    if (mkdir(path, mode) == 0)
        return fs_sync_dir(parent, err);
    if (errno == EEXIST && fs_is_dir(path))
        return 0;
    return err_sys(err, ERR_INTERNAL, errno, "could not create directory \"%s\"", path);
}

int fs_mkdirs(const char *path, mode_t mode, struct err *err)
{
    auto_free char *parent = NULL;

    if (fs_is_dir(path))
        return 0;
    parent = directory_of(path);
    if (strcmp(parent, path) != 0 && !fs_is_dir(parent) && fs_mkdirs(parent, mode, err) != 0)
        return -1;
    return make_dir(path, mode, err);
}

int fs_remove_tree(const char *path, struct err *err)
{
    auto_free char *copy = mem_strdup(path);
    char *roots[] = {copy, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    FTSENT *entry;
    int rc = 0;

    if (tree == NULL)
        return err_sys(err, ERR_INTERNAL, errno, "could not read directory \"%s\"", path);
    while ((entry = fts_read(tree)) != NULL) {
        if (entry->fts_info == FTS_D)
            continue; /* on the way in */
        if ((entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) &&
            entry->fts_errno != ENOENT)
            rc = err_sys(err, ERR_INTERNAL, entry->fts_errno, "could not read directory \"%s\"",
                         entry->fts_path);
        else if (remove(entry->fts_accpath) != 0 && errno != ENOENT)
            rc = err_sys(err, ERR_INTERNAL, errno, "could not remove \"%s\"", entry->fts_path);
    }
    fts_close(tree);
    return rc;
}

/* --- reading -----------------------------------------------------------------------------------*/

int fs_read(const char *path, size_t max, struct buf *out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    size_t total = 0;
    ssize_t n;

    if (fd < 0)
        return err_sys(err, ERR_INTERNAL, errno, "could not open file \"%s\"", path);
    for (;;) {
        buf_reserve(out, READ_BYTES);
        n = read(fd, out->data + out->len, READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        out->len += (size_t)n;
        total += (size_t)n;
        if (total > max)
            break;
    }
    out->data[out->len] = '\0';
    if (n < 0)
        err_sys(err, ERR_INTERNAL, errno, "could not read file \"%s\"", path);
    else if (total > max)
        err_set(err, ERR_INTERNAL, "file \"%s\" is longer than %zu bytes", path, max);
    close(fd);
    return n < 0 || total > max ? -1 : 0;
}

bool fs_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

bool fs_is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int fs_list(const char *path, struct strvec *names, struct err *err)
{
    DIR *dir = opendir(path);
    size_t before = names->n;
    struct dirent *entry;
    int errnum;

    if (dir == NULL)
        return err_sys(err, ERR_INTERNAL, errno, "could not open directory \"%s\"", path);
    while (errno = 0, (entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            strvec_push(names, entry->d_name);
    errnum = errno;
    closedir(dir);
    if (errnum != 0)
        return err_sys(err, ERR_INTERNAL, errnum, "could not read directory \"%s\"", path);
    if (names->n > before)
        qsort(names->v + before, names->n - before, sizeof *names->v, compare_names);
    return 0;
}

int64_t fs_free_bytes(const char *path)
{
    struct statvfs vfs;

    if (statvfs(path, &vfs) != 0) {
        auto_free char *parent = directory_of(path);

        if ((errno != ENOENT && errno != ENOTDIR) || strcmp(parent, path) == 0)
            return -1;
        return fs_free_bytes(parent);
    }
    return (int64_t)vfs.f_bavail * (int64_t)vfs.f_frsize;
}

/* --- trust -------------------------------------------------------------------------------------*/

static int trusted(const char *path, struct err *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return err_sys(err, ERR_INTERNAL, errno, "could not examine \"%s\"", path);
    if (st.st_uid != 0 && st.st_uid != geteuid()) {
        err_set(err, ERR_INTERNAL, "\"%s\" belongs to another user (uid %lu)", path,
                (unsigned long)st.st_uid);
        return err_hint(err, "Change its owner to root or to the user who runs deploy-db.");
    }
    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        err_set(err, ERR_INTERNAL, "\"%s\" can be written by other users (mode %04o)", path,
                (unsigned)(st.st_mode & 07777));
        return err_hint(err, "Run: chmod go-w '%s'", path);
    }
    return 0;
}

int fs_private(const char *path, struct err *err)
{
    auto_free char *dir = directory_of(path);
    auto_free char *real = realpath(path, NULL);
    auto_free char *real_dir = NULL;

    if (real == NULL)
        return err_sys(err, ERR_INTERNAL, errno, "could not examine \"%s\"", path);
    real_dir = directory_of(real);
    /* Who may write to the directory of a link may replace the link. */
    if (trusted(real, err) != 0 || trusted(real_dir, err) != 0 || trusted(dir, err) != 0)
        return -1;
    return 0;
}

/* --- names -------------------------------------------------------------------------------------*/

char *fs_join(struct arena *arena, const char *dir, const char *name)
{
    size_t len = strlen(dir);

    if (name[0] == '/' || len == 0)
        return arena_strdup(arena, name);
    while (strncmp(name, "./", 2) == 0)
        name += 2;
    if (name[0] == '\0' || strcmp(name, ".") == 0)
        return arena_strdup(arena, dir);
    return arena_printf(arena, "%s%s%s", dir, dir[len - 1] == '/' ? "" : "/", name);
}

char *fs_dirname(struct arena *arena, const char *path)
{
    auto_free char *dir = directory_of(path);

    return arena_strdup(arena, dir);
}

char *fs_expand(struct arena *arena, const char *path)
{
    const char *home = getenv("HOME");

    if (strncmp(path, "~/", 2) != 0 || home == NULL || home[0] == '\0')
        return arena_strdup(arena, path);
    return fs_join(arena, home, path + 2);
}
