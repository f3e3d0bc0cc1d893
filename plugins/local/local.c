/*
 * local - a store: snapshots in a folder of this machine.
 *
 * A file is written as ".NAME.part" and gets its name only when all of it is on the disk. Names are
 * used relative to an open directory, never through a symbolic link.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "plugin.h"

/* A file that grows is written to the disk every so often, so that the end does not wait for it. */
enum { SYNC_BYTES = 64 * 1024 * 1024 };

/* How long to wait for who looks into a file for a moment. */
enum { LOCK_POLLS = 20, LOCK_POLL_MS = 50 };

static const struct ddb_host *host;

struct file {
    int dir, fd;
    const char *name, *part; /* final and temporary name, live as long as the call */
    int64_t written, unsynced;
    int64_t free_at_start;
};

static const char *folder(struct ddb_call *call)
{
    return host->setting(call, "path");
}

static int failed(struct ddb_call *call, const char *doing, const char *name)
{
    const int errnum = errno;

    return host->fail(call, "could not %s \"%s\" in \"%s\": %s", doing, name, folder(call),
                      strerror(errnum));
}

/* A plain file name; names with a leading dot are ours. */
static bool is_name(const char *name)
{
    return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL &&
           strlen(name) <= NAME_MAX - strlen("..part");
}

/* ".NAME.part" */
static bool is_part(const char *name)
{
    size_t n = strlen(name);

    return n > 6 && n <= NAME_MAX && name[0] == '.' && name[1] != '.' &&
           strchr(name, '/') == NULL && strcmp(name + n - 5, ".part") == 0;
}

static int check_name(struct ddb_call *call, const char *name)
{
    return is_name(name) ? 0 : host->fail(call, "\"%s\" cannot be the name of a snapshot", name);
}

static int open_folder(struct ddb_call *call)
{
    return open(folder(call), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Make the name of a new directory durable. */
static int sync_parent(const char *path)
{
    char *parent = strdup(path), *slash;
    int fd, rc;

    if (parent == NULL)
        return -1;
    slash = strrchr(parent, '/');
    if (slash != NULL)
        slash[slash == parent] = '\0';
    fd = open(slash != NULL ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(parent);
    if (fd < 0)
        return -1;
    rc = fsync(fd);
    close(fd);
    return rc;
}

/* The folder and its missing parents, for our eyes only. */
static int make_folder(struct ddb_call *call)
{
    char *path = host->format(call, "%s", folder(call));

    for (char *slash = path; slash != NULL; *slash = '/') {
        slash = strchr(slash + 1, '/');
        if (slash != NULL)
            *slash = '\0';
        if (mkdir(path, 0700) == 0 ? sync_parent(path) < 0 : errno != EEXIST)
            return host->fail(call, "could not create directory \"%s\": %s", path, strerror(errno));
        if (slash == NULL)
            return 0;
    }
    return 0;
}

static int64_t room(int fd)
{
    struct statvfs fs;

    return fstatvfs(fd, &fs) < 0 ? -1 : (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
}

/* --- writing ----------------------------------------------------------------------------------- */

static int release(struct file *file)
{
    int rc = file->fd >= 0 ? close(file->fd) : 0;

    close(file->dir);
    free(file);
    return rc;
}

static int open_part(struct ddb_call *call, struct file *file)
{
    struct stat st;

    if (fstatat(file->dir, file->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return host->fail(call, "\"%s\" exists already in \"%s\"", file->name, folder(call));
    file->fd = openat(file->dir, file->part,
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file->fd < 0 && errno == EEXIST) {
        host->fail(call, "an unfinished \"%s\" is already in \"%s\"", file->part, folder(call));
        return host->hint(call, "Another run may be writing it; if none is, remove it.");
    }
    return file->fd < 0 ? failed(call, "create", file->part) : 0;
}

static int local_create(struct ddb_call *call, const char *name, void **out)
{
    struct file *file;

    if (check_name(call, name) < 0 || make_folder(call) < 0)
        return -1;
    file = calloc(1, sizeof *file);
    if (file == NULL)
        return failed(call, "create", name);
    file->fd = -1;
    file->name = host->format(call, "%s", name);
    file->part = host->format(call, ".%s.part", name);
    file->dir = open_folder(call);
    if (file->dir < 0) {
        failed(call, "create", name);
        free(file);
        return -1;
    }
    if (open_part(call, file) < 0) {
        release(file);
        return -1;
    }
    file->free_at_start = room(file->dir);
    *out = file;
    return 0;
}

static int write_failed(struct ddb_call *call, const struct file *file)
{
    const int errnum = errno;

    failed(call, "write", file->part);
    if (errnum != ENOSPC && errnum != EDQUOT)
        return -1;
    host->detail(call, "%lld MiB were written; %lld MiB were free before, %lld MiB are now.",
                 (long long)(file->written >> 20), (long long)(file->free_at_start >> 20),
                 (long long)(room(file->dir) >> 20));
    return host->hint(call, "Free some space, prune old snapshots, or give the store another path.");
}

static int local_write(struct ddb_call *call, void *self, const void *data, size_t n)
{
    struct file *file = self;
    const char *at = data;

    while (n > 0) {
        ssize_t done = write(file->fd, at, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return write_failed(call, file);
        at += done;
        n -= (size_t)done;
        file->written += done;
        file->unsynced += done;
    }
    if (file->unsynced < SYNC_BYTES)
        return 0;
    file->unsynced = 0;
    return fdatasync(file->fd) < 0 ? write_failed(call, file) : 0;
}

/* On a file system that knows no links either, as of a bucket: all that can be done is to look before. */
static int look_and_rename(const struct file *file)
{
    struct stat st;

    if (fstatat(file->dir, file->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        errno = EEXIST;
    return errno != ENOENT ? -1 : renameat(file->dir, file->part, file->dir, file->name);
}

/* Give the temporary file its name, unless the name was taken meanwhile. */
static int publish(struct ddb_call *call, struct file *file)
{
    int rc = renameat2(file->dir, file->part, file->dir, file->name, RENAME_NOREPLACE);

    if (rc < 0 && (errno == EINVAL || errno == ENOSYS)) { /* a file system without it, such as NFS */
        rc = linkat(file->dir, file->part, file->dir, file->name, 0);
        if (rc == 0)
            rc = unlinkat(file->dir, file->part, 0);
        else if (errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP)
            rc = look_and_rename(file);
    }
    if (rc == 0)
        return 0;
    if (errno == EEXIST)
        return host->fail(call, "\"%s\" exists already in \"%s\"", file->name, folder(call));
    return failed(call, "give its name to", file->name);
}

static int finish(struct ddb_call *call, struct file *file)
{
    int fd = file->fd;

    if (fsync(fd) < 0)
        return write_failed(call, file);
    file->fd = -1;
    if (close(fd) < 0)
        return write_failed(call, file);
    if (publish(call, file) < 0)
        return -1;
    if (fsync(file->dir) < 0) {
        failed(call, "make durable", file->name);
        unlinkat(file->dir, file->name, 0); /* it might be gone after a power loss: it is not stored */
        return -1;
    }
    return 0;
}

static int local_commit(struct ddb_call *call, void *self)
{
    struct file *file = self;
    int rc = finish(call, file);

    if (rc < 0)
        unlinkat(file->dir, file->part, 0);
    release(file);
    return rc;
}

static int local_abort(struct ddb_call *call, void *self)
{
    struct file *file = self;
    int rc = 0;

    if (unlinkat(file->dir, file->part, 0) < 0 && errno != ENOENT)
        rc = failed(call, "remove", file->part);
    release(file);
    return rc;
}

/* --- reading ----------------------------------------------------------------------------------- */

/* Who reads a file shares its lock, who removes it has that alone for a moment. -1: somebody else has it.
 * Where the file system knows no locks, nobody has. */
static int lock(int fd, int how)
{
    const struct timespec nap = {.tv_nsec = LOCK_POLL_MS * 1000 * 1000};

    for (int i = 0; flock(fd, how | LOCK_NB) < 0; i++) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return 0;
        if (i == LOCK_POLLS)
            return -1;
        nanosleep(&nap, NULL);
    }
    return 0;
}

static int local_open(struct ddb_call *call, const char *name, void **out, int64_t *size_bytes)
{
    struct file *file;
    struct stat st;
    int dir, fd;

    if (!is_part(name) && check_name(call, name) < 0)
        return -1;
    dir = open_folder(call);
    if (dir < 0)
        return failed(call, "open", name);
    fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && !is_part(name))
        (void)lock(fd, LOCK_SH);
    if (fd < 0 || fstat(fd, &st) < 0) {
        failed(call, "open", name);
    } else if (st.st_nlink == 0) {
        host->fail(call, "\"%s\" was removed from \"%s\" at this moment", name, folder(call));
    } else if (!S_ISREG(st.st_mode)) {
        host->fail(call, "\"%s\" in \"%s\" is not a plain file", name, folder(call));
    } else if ((file = calloc(1, sizeof *file)) == NULL) {
        failed(call, "open", name);
    } else {
        *file = (struct file){.dir = dir, .fd = fd, .name = host->format(call, "%s", name)};
        *size_bytes = st.st_size;
        *out = file;
        return 0;
    }
    if (fd >= 0)
        close(fd);
    close(dir);
    return -1;
}

static ssize_t local_read(struct ddb_call *call, void *self, int64_t offset, void *data, size_t cap)
{
    struct file *file = self;
    size_t done = 0;

    while (done < cap) {
        ssize_t n = pread(file->fd, (char *)data + done, cap - done, offset + (int64_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(call, "read", file->name);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static int local_close(struct ddb_call *call, void *self)
{
    (void)call;
    release(self);
    return 0;
}

/* --- the folder -------------------------------------------------------------------------------- */

static int is_ours(const struct dirent *entry)
{
    return is_name(entry->d_name) || is_part(entry->d_name);
}

/* By name, a partial file where the finished one would stand. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name + ((*a)->d_name[0] == '.'),
                  (*b)->d_name + ((*b)->d_name[0] == '.'));
}

static int list_failed(struct ddb_call *call)
{
    const int errnum = errno;

    return host->fail(call, "could not list directory \"%s\": %s", folder(call), strerror(errnum));
}

static int local_list(struct ddb_call *call,
                      int (*each)(void *arg, const struct ddb_stored *stored), void *arg)
{
    struct dirent **entries = NULL;
    int dir = open_folder(call), n, stop = 0;

    if (dir < 0)
        return errno == ENOENT ? 0 : list_failed(call);
    n = scandirat(dir, ".", &entries, is_ours, by_name);
    if (n < 0)
        list_failed(call);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        struct stat st;

        if (!stop && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            stop = each(arg, &(struct ddb_stored){
                                 .size = sizeof(struct ddb_stored),
                                 .name = name,
                                 .size_bytes = st.st_size,
                                 .modified = st.st_mtime,
                                 .partial = name[0] == '.',
                             });
        free(entries[i]);
    }
    free(entries);
    close(dir);
    return n < 0 ? -1 : 0;
}

/* A lock over a network needs a file that is open for writing. */
static int open_to_remove(int dir, const char *name)
{
    const int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int fd = openat(dir, name, O_RDWR | flags);

    return fd < 0 ? openat(dir, name, O_RDONLY | flags) : fd;
}

static int local_remove(struct ddb_call *call, const char *name)
{
    int dir, fd, rc = 0;

    if (!is_part(name) && check_name(call, name) < 0)
        return -1;
    dir = open_folder(call);
    if (dir < 0)
        return errno == ENOENT ? 0 : failed(call, "remove", name);
    fd = open_to_remove(dir, name);
    if (fd >= 0 && !is_part(name) && lock(fd, LOCK_EX) < 0) {
        host->fail(call, "\"%s\" in \"%s\" is being read", name, folder(call));
        rc = DDB_IN_USE;
    } else if ((unlinkat(dir, name, 0) < 0 && errno != ENOENT) || fsync(dir) < 0) {
        rc = failed(call, "remove", name);
    }
    if (fd >= 0)
        close(fd);
    close(dir);
    return rc;
}

/* Whether a file can be made and written in the directory: asked by doing it, with a file that has
 * no name where the file system knows such. */
static int probe(int dir)
{
    const char name[] = ".deploy-db-probe";
    int fd = openat(dir, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
    int rc;

    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0)
            unlinkat(dir, name, 0);
    }
    if (fd < 0)
        return -1;
    rc = write(fd, "x", 1) == 1 ? 0 : -1;
    return close(fd) < 0 ? -1 : rc;
}

static int64_t local_free_bytes(struct ddb_call *call)
{
    char *path = host->format(call, "%s", folder(call));
    int64_t bytes = -1;
    int dir;

    /* A folder that does not exist yet will be made in the nearest one that does. */
    while ((dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 && errno == ENOENT) {
        char *slash = strrchr(path, '/');

        if (slash == NULL || slash[1] == '\0')
            break;
        slash[slash == path] = '\0';
    }
    if (dir < 0 || probe(dir) < 0 || (bytes = room(dir)) < 0) {
        const int errnum = errno;

        host->fail(call, "directory \"%s\" cannot be written: %s", path, strerror(errnum));
        host->hint(call, "Give our user write access to it, or set the store's path.");
        bytes = -1;
    }
    if (dir >= 0)
        close(dir);
    return bytes;
}

static const char *local_locate(struct ddb_call *call, const char *name)
{
    return host->format(call, "%s/%s", folder(call), name);
}

/* --- the table --------------------------------------------------------------------------------- */

static int local_load(const struct ddb_host *services)
{
    host = services;
    return 0;
}

static const struct ddb_setting settings[] = {
    {"path", DDB_TYPE_PATH, "snapshots", "the folder that keeps the snapshots"},
    {NULL, 0, NULL, NULL},
};

static const struct ddb_store store = {
    .size = sizeof store,
    .create = local_create,
    .write = local_write,
    .commit = local_commit,
    .abort = local_abort,
    .open = local_open,
    .read = local_read,
    .close = local_close,
    .list = local_list,
    .remove = local_remove,
    .free_bytes = local_free_bytes,
    .locate = local_locate,
};

static const struct ddb_plugin plugin = {
    .size = sizeof plugin,
    .abi = DDB_ABI,
    .kind = DDB_KIND_STORE,
    .name = "local",
    .summary = "keeps snapshots in a folder of this machine",
    .settings = settings,
    .ops = &store,
    .load = local_load,
};

const struct ddb_plugin *ddb_plugin(void)
{
    return &plugin;
}
