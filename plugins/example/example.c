/*
 * example - a store in two directories: a plugin to copy.
 *
 * It keeps every file twice, in the directories `path` and `copy`, which should be on two disks. A
 * file can be read while one of the two is lost. That is a real use; but the file is written to be
 * read from top to bottom by somebody who is about to write a store of his own:
 *
 *   1. take a copy of this folder, give it the plugin's name, and change "example" below;
 *   2. keep the order in commit(): a store that says "done" must survive a power loss;
 *   3. run `deploy-db plugins NAME`, which loads the plugin and shows what was understood.
 *
 * deploy-db-plugin(7) describes every callback. Only plugin.h and system headers are included: the
 * plugin has no undefined symbol of deploy-db, everything it needs comes through the host's table.
 */
#include "plugin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The only variable of a plugin. Whatever belongs to one use of it hangs on struct ddb_call. */
static const struct ddb_host *host;

/* --- the two directories -----------------------------------------------------------------------*/

enum { SIDES = 2 };

static const char *const side_keys[SIDES] = {"path", "copy"};

/* While a file is written it has this ending: list() reports such a file as partial, so that a
 * crash leaves nothing that could be taken for a whole snapshot. */
static const char part_suffix[] = ".part";

/* A directory as configured. DDB_TYPE_PATH below makes the host give it absolute. */
static const char *side_dir(struct ddb_call *call, int side)
{
    const char *dir = host->setting(call, side_keys[side]);

    if (dir == NULL)
        host->fail(call, "the setting \"%s\" is missing", side_keys[side]);
    return dir;
}

/* The file's path on one side; NULL after fail(). Names come from the host, but a check costs
 * nothing and a name with a slash would leave the directory. */
static const char *side_path(struct ddb_call *call, int side, const char *name, const char *suffix)
{
    const char *dir = side_dir(call, side);

    if (dir == NULL)
        return NULL;
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL) {
        host->fail(call, "\"%s\" is no file name", name);
        return NULL;
    }
    /* Memory from the host lives as long as the environment is open; nothing is freed here. */
    return host->format(call, "%s/%s%s", dir, name, suffix);
}

/* A failed system call. fail() wants one lower-case sentence with the object and the reason. */
static int fail_with(struct ddb_call *call, const char *what, const char *path)
{
    int errnum = errno;

    return host->fail(call, "could not %s \"%s\": %s", what, path, strerror(errnum));
}

/* A new name, or the loss of one, is durable only when its directory is, too. */
static int sync_dir(struct ddb_call *call, int side)
{
    const char *dir = side_dir(call, side);
    int fd = dir == NULL ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc;

    if (dir == NULL)
        return -1;
    if (fd < 0)
        return fail_with(call, "open directory", dir);
    rc = fsync(fd) == 0 ? 0 : fail_with(call, "make durable", dir);
    close(fd);
    return rc;
}

/* --- an open file ------------------------------------------------------------------------------*/

/* What `void *file` is, for create() as for open(). */
struct file {
    int fd[SIDES];           /* -1: not open */
    const char *part[SIDES]; /* create() only: where it is written … */
    const char *path[SIDES]; /* … and the name that commit() gives it */
};

static struct file *new_file(struct ddb_call *call)
{
    struct file *file = host->alloc(call, sizeof *file); /* zeroed, never NULL */

    for (int side = 0; side < SIDES; side++)
        file->fd[side] = -1;
    return file;
}

static void close_all(struct file *file)
{
    for (int side = 0; side < SIDES; side++) {
        if (file->fd[side] >= 0)
            close(file->fd[side]);
        file->fd[side] = -1;
    }
}

/* Undo create(). Used when something failed already: no second failure is recorded. */
static void throw_away(struct file *file)
{
    close_all(file);
    for (int side = 0; side < SIDES; side++)
        if (file->part[side] != NULL)
            unlink(file->part[side]);
}

/* --- writing: create, write…, then commit or abort ---------------------------------------------*/

static int begin_side(struct ddb_call *call, struct file *file, int side, const char *name)
{
    const char *path = side_path(call, side, name, "");
    const char *part = side_path(call, side, name, part_suffix);

    if (path == NULL || part == NULL)
        return -1;
    if (access(path, F_OK) == 0)
        return host->fail(call, "\"%s\" exists already", path);
    file->fd[side] = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file->fd[side] < 0)
        return fail_with(call, "create", part);
    file->part[side] = part; /* from here on it is ours to remove */
    file->path[side] = path;
    return 0;
}

static int example_create(struct ddb_call *call, const char *name, void **out)
{
    struct file *file = new_file(call);

    for (int side = 0; side < SIDES; side++) {
        if (begin_side(call, file, side, name) == 0)
            continue;
        throw_away(file);
        return -1;
    }
    *out = file;
    return 0;
}

static int write_side(struct ddb_call *call, const struct file *file, int side, const char *data,
                      size_t n)
{
    while (n > 0) {
        ssize_t done = write(file->fd[side], data, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fail_with(call, "write", file->part[side]);
        data += done;
        n -= (size_t)done;
    }
    return 0;
}

static int example_write(struct ddb_call *call, void *handle, const void *data, size_t n)
{
    for (int side = 0; side < SIDES; side++)
        if (write_side(call, handle, side, data, n) != 0)
            return -1; /* the host calls abort() next */
    return 0;
}

/* Content durable, then the name, then the directory. A crash before the first rename leaves two
 * partial files, one after it leaves a whole file in at least one place: never half a file under
 * the final name. */
static int commit_side(struct ddb_call *call, struct file *file, int side)
{
    if (fsync(file->fd[side]) != 0)
        return fail_with(call, "make durable", file->part[side]);
    if (rename(file->part[side], file->path[side]) != 0)
        return fail_with(call, "rename", file->part[side]);
    file->part[side] = NULL;
    return sync_dir(call, side);
}

static int example_commit(struct ddb_call *call, void *handle)
{
    struct file *file = handle;
    int rc = 0;

    for (int side = 0; side < SIDES && rc == 0; side++)
        rc = commit_side(call, file, side);
    if (rc != 0) /* kept in one place only is not what was promised */
        for (int side = 0; side < SIDES; side++)
            if (file->part[side] == NULL)
                unlink(file->path[side]);
    throw_away(file); /* after success: nothing but closing is left */
    return rc;
}

static int example_abort(struct ddb_call *call, void *handle)
{
    (void)call;
    throw_away(handle);
    return 0;
}

/* --- reading -----------------------------------------------------------------------------------*/

static int example_open(struct ddb_call *call, const char *name, void **out, int64_t *size_bytes)
{
    struct file *file = new_file(call);
    int found = 0;
    int errnum = ENOENT;

    for (int side = 0; side < SIDES; side++) {
        const char *path = side_path(call, side, name, "");
        struct stat st;

        if (path == NULL) {
            close_all(file);
            return -1;
        }
        file->path[side] = path;
        file->fd[side] = open(path, O_RDONLY | O_CLOEXEC);
        if (file->fd[side] >= 0 && fstat(file->fd[side], &st) == 0) {
            if (found++ == 0)
                *size_bytes = (int64_t)st.st_size; /* of the side that read() asks first */
        } else if (errno != ENOENT) {
            errnum = errno;
        }
    }
    if (found == 0) {
        close_all(file);
        errno = errnum;
        fail_with(call, "open", file->path[0]);
        return host->detail(call, "nor is there a copy in \"%s\"", file->path[1]);
    }
    if (found < SIDES)
        host->log(call, DDB_LEVEL_WARNING, "\"%s\" is kept in one place only", name);
    *out = file;
    return 0;
}

static ssize_t read_side(const struct file *file, int side, int64_t offset, char *data, size_t cap)
{
    size_t have = 0;

    while (have < cap) {
        ssize_t n = pread(file->fd[side], data + have, cap - have, (off_t)offset + (off_t)have);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break; /* fewer bytes than wanted: only at the end of the file */
        have += (size_t)n;
    }
    return (ssize_t)have;
}

/* A bad sector on one side is what the other one is for. */
static ssize_t example_read(struct ddb_call *call, void *handle, int64_t offset, void *data,
                            size_t cap)
{
    const struct file *file = handle;
    const char *path = file->path[0];

    for (int side = 0; side < SIDES; side++) {
        ssize_t n;

        if (file->fd[side] < 0)
            continue;
        n = read_side(file, side, offset, data, cap);
        if (n >= 0)
            return n;
        path = file->path[side];
        host->log(call, DDB_LEVEL_WARNING, "could not read \"%s\": %s", path, strerror(errno));
    }
    return fail_with(call, "read", path);
}

static int example_close(struct ddb_call *call, void *handle)
{
    (void)call;
    close_all(handle);
    return 0;
}

/* --- what is there -----------------------------------------------------------------------------*/

struct name {
    const char *text;
    int64_t size_bytes, modified;
};

struct names {
    struct name *items;
    size_t n, cap;
};

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const struct name *)left)->text, ((const struct name *)right)->text);
}

static void add_name(struct ddb_call *call, struct names *names, const char *text,
                     const struct stat *st)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->items[i].text, text) == 0)
            return; /* both sides have it */
    if (names->n == names->cap) {
        struct name *grown = host->alloc(call, (names->cap * 2 + 16) * sizeof *grown);

        if (names->n > 0)
            memcpy(grown, names->items, names->n * sizeof *grown);
        names->items = grown;
        names->cap = names->cap * 2 + 16;
    }
    names->items[names->n++] = (struct name){
        .text = host->format(call, "%s", text),
        .size_bytes = (int64_t)st->st_size,
        .modified = (int64_t)st->st_mtime,
    };
}

static int list_side(struct ddb_call *call, int side, struct names *names)
{
    const char *path = side_dir(call, side);
    DIR *dir = path == NULL ? NULL : opendir(path);
    struct dirent *entry;
    struct stat st;

    if (path == NULL)
        return -1;
    if (dir == NULL)
        return fail_with(call, "read directory", path);
    while (errno = 0, (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.' && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
            S_ISREG(st.st_mode))
            add_name(call, names, entry->d_name, &st);
    if (errno != 0) {
        fail_with(call, "read directory", path);
        closedir(dir);
        return -1;
    }
    closedir(dir);
    return 0;
}

static int is_partial(const char *name)
{
    size_t n = strlen(name), m = strlen(part_suffix);

    return n > m && strcmp(name + n - m, part_suffix) == 0;
}

static int example_list(struct ddb_call *call,
                        int (*each)(void *arg, const struct ddb_stored *stored), void *arg)
{
    struct names names = {0};

    for (int side = 0; side < SIDES; side++)
        if (list_side(call, side, &names) != 0)
            return -1;
    if (names.n > 0)
        qsort(names.items, names.n, sizeof *names.items, compare_names);
    for (size_t i = 0; i < names.n; i++) {
        /* A table that goes to the host starts with its size as well. */
        const struct ddb_stored stored = {
            .size = sizeof stored,
            .name = names.items[i].text,
            .size_bytes = names.items[i].size_bytes,
            .modified = names.items[i].modified,
            .partial = is_partial(names.items[i].text),
        };

        if (each(arg, &stored) != 0)
            break; /* the host has seen enough */
    }
    return 0;
}

static int example_remove(struct ddb_call *call, const char *name)
{
    int rc = 0;

    /* Both sides are tried, whatever the first one says; fail() keeps the first reason. */
    for (int side = 0; side < SIDES; side++) {
        const char *path = side_path(call, side, name, "");

        if (path == NULL)
            return -1;
        if (unlink(path) != 0 && errno != ENOENT)
            rc = fail_with(call, "remove", path);
        else if (sync_dir(call, side) != 0)
            rc = -1;
    }
    return rc;
}

/* The smaller side decides. Asked in preflight, so it is also the place to find out that the store
 * cannot be used at all. */
static int64_t example_free_bytes(struct ddb_call *call)
{
    int64_t least = INT64_MAX;

    for (int side = 0; side < SIDES; side++) {
        const char *dir = side_dir(call, side);
        struct statvfs fs;
        int64_t bytes;

        if (dir == NULL)
            return -1;
        if (access(dir, W_OK | X_OK) != 0 || statvfs(dir, &fs) != 0) {
            fail_with(call, "use directory", dir);
            return host->hint(call, "Create it, writable by the user who runs deploy-db.");
        }
        bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
        least = bytes < least ? bytes : least;
    }
    return least;
}

static const char *example_locate(struct ddb_call *call, const char *name)
{
    return side_path(call, 0, name, "");
}

/* --- the tables --------------------------------------------------------------------------------*/

static int example_load(const struct ddb_host *services)
{
    host = services;
    return 0;
}

/* The core checks the configuration file against this list. */
static const struct ddb_setting settings[] = {
    {"path", DDB_TYPE_PATH, NULL, "directory of the files"},
    {"copy", DDB_TYPE_PATH, NULL, "directory of the second copies, best on another disk"},
    {0},
};

static const struct ddb_store ops = {
    .size = sizeof(struct ddb_store),
    .create = example_create,
    .write = example_write,
    .commit = example_commit,
    .abort = example_abort,
    .open = example_open,
    .read = example_read,
    .close = example_close,
    .list = example_list,
    .remove = example_remove,
    .free_bytes = example_free_bytes,
    .locate = example_locate,
};

static const struct ddb_plugin plugin = {
    .size = sizeof(struct ddb_plugin),
    .abi = DDB_ABI,
    .kind = DDB_KIND_STORE,
    .name = "example",
    .summary = "keeps snapshots in two directories",
    .settings = settings,
    .ops = &ops,
    .load = example_load,
};

const struct ddb_plugin *ddb_plugin(void)
{
    return &plugin;
}
