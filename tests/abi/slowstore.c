/*
 * slowstore - a store plugin for tests: a folder that behaves like a server behind a bad network. What
 * is wrong with the network is said by files in the folder ${control}, and may change at any time:
 *
 *   rate      KiB a second that get through
 *   down      nobody answers
 *   cut       a number of bytes: the connection breaks when a file has so many, once; a quarter of what
 *             was written since it was opened is lost
 *   full      no byte is taken any more; 1: and the store says that it has no room
 *   lost      the answer to a commit is lost, once
 *   damage    a place, from the end where it is negative: the byte there arrives as another one, once
 *   sessions  written by the plugin: a line "create", "resume SIZE", "suspend" or "abort" each time that
 *             is about a snapshot
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "plugin.h"

static const struct ddb_host *host;

struct file {
    char *name, *part;
    int fd;
    int64_t size, size_at_open;
    int broken;
};

static const char *path_of(struct ddb_call *call, const char *name)
{
    return host->format(call, "%s/%s", host->setting(call, "path"), name);
}

/* Whether there is a control file; the number in it. */
static int read_control(struct ddb_call *call, const char *name, long long *value)
{
    FILE *in = fopen(host->format(call, "%s/%s", host->setting(call, "control"), name), "r");

    if (in == NULL)
        return 0;
    if (fscanf(in, "%lld", value) != 1)
        *value = 0;
    fclose(in);
    return 1;
}

/* The number in a control file; -1: there is none. */
static long long control(struct ddb_call *call, const char *name)
{
    long long value;

    return read_control(call, name, &value) ? value : -1;
}

static void clear(struct ddb_call *call, const char *name)
{
    unlink(host->format(call, "%s/%s", host->setting(call, "control"), name));
}

static void record(struct ddb_call *call, const char *what)
{
    int fd = open(host->format(call, "%s/sessions", host->setting(call, "control")),
                  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (fd < 0 || dprintf(fd, "%s\n", what) < 0)
        abort();
    close(fd);
}

/* Evidence is none. */
static int is_snapshot(const char *name)
{
    return strstr(name, ".json") == NULL;
}

static int reach(struct ddb_call *call)
{
    if (control(call, "down") >= 0)
        return host->fail(call, "could not connect: nobody answers");
    return 0;
}

static int failed(struct ddb_call *call, const char *doing, const char *name)
{
    return host->fail(call, "could not %s \"%s\": %s", doing, name, strerror(errno));
}

static void release(struct file *file)
{
    close(file->fd);
    free(file->name);
    free(file->part);
    free(file);
}

/* ${flags}: O_EXCL for a new file; 0 for one that may be there. */
static int begin(struct ddb_call *call, const char *name, int flags, struct file **out)
{
    const char *part = path_of(call, host->format(call, ".%s.part", name));
    struct file *file;
    struct stat st;
    int fd;

    if (reach(call) < 0)
        return -1;
    if (mkdir(host->setting(call, "path"), 0700) < 0 && errno != EEXIST)
        return failed(call, "create", name);
    if (stat(path_of(call, name), &st) == 0)
        return host->fail(call, "\"%s\" exists already", name);
    fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);
    if (fd < 0 || fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_END) < 0)
        return failed(call, "create", part);
    file = calloc(1, sizeof *file);
    file->name = strdup(path_of(call, name));
    file->part = strdup(part);
    file->fd = fd;
    file->size = file->size_at_open = st.st_size;
    *out = file;
    return 0;
}

static int slow_create(struct ddb_call *call, const char *name, void **out)
{
    struct file *file;

    if (begin(call, name, O_EXCL, &file) < 0)
        return -1;
    if (is_snapshot(name))
        record(call, "create");
    *out = file;
    return 0;
}

static int slow_resume(struct ddb_call *call, const char *name, void **out, int64_t *size)
{
    struct file *file;

    if (begin(call, name, 0, &file) < 0)
        return -1;
    record(call, host->format(call, "resume %lld", (long long)file->size));
    *out = file;
    *size = file->size;
    return 0;
}

static int slow_suspend(struct ddb_call *call, void *self)
{
    record(call, "suspend");
    release(self);
    return 0;
}

/* What was on its way when the connection broke has not arrived. */
static int break_off(struct ddb_call *call, struct file *file)
{
    off_t kept = file->size - (file->size - file->size_at_open) / 4;

    file->broken = 1;
    if (ftruncate(file->fd, kept) < 0)
        return failed(call, "cut", file->part);
    return host->fail(call, "the connection was lost");
}

static int slow_write(struct ddb_call *call, void *self, const void *data, size_t n)
{
    struct file *file = self;
    const char *at = data;

    while (n > 0) {
        size_t piece = n < 8192 ? n : 8192;
        long long rate = control(call, "rate"), cut = control(call, "cut");
        long long full = control(call, "full");

        if (file->broken || control(call, "down") >= 0)
            return break_off(call, file);
        if (host->cancelled(call))
            return host->fail(call, "stopped on request");
        if (full >= 0)
            return host->fail(call, "no space is left"), full == 1 ? DDB_NO_ROOM : -1;
        if (rate > 0) {
            struct timespec pause = {.tv_nsec = (long)(piece * 1000000000 / 1024 / (size_t)rate)};

            nanosleep(&pause, NULL);
        }
        if (write(file->fd, at, piece) != (ssize_t)piece)
            return failed(call, "write", file->part);
        at += piece;
        n -= piece;
        file->size += (int64_t)piece;
        if (cut >= 0 && file->size >= cut) {
            clear(call, "cut");
            return break_off(call, file);
        }
    }
    return 0;
}

static void damage(struct ddb_call *call, const struct file *file)
{
    long long place;
    char byte;

    if (!is_snapshot(file->name) || !read_control(call, "damage", &place))
        return;
    clear(call, "damage");
    if (place < 0)
        place += file->size;
    if (pread(file->fd, &byte, 1, place) != 1)
        abort();
    byte ^= 1;
    if (pwrite(file->fd, &byte, 1, place) != 1)
        abort();
}

static int slow_commit(struct ddb_call *call, void *self)
{
    struct file *file = self;
    int rc;

    if (file->broken || reach(call) < 0) {
        release(file);
        return host->fail(call, "the connection was lost");
    }
    damage(call, file);
    rc = fsync(file->fd) == 0 && rename(file->part, file->name) == 0
             ? 0
             : failed(call, "rename", file->part);
    if (rc == 0 && control(call, "lost") >= 0) {
        clear(call, "lost");
        rc = host->fail(call, "the connection was lost");
    }
    release(file);
    return rc;
}

static int slow_abort(struct ddb_call *call, void *self)
{
    struct file *file = self;
    int rc = reach(call);

    if (rc == 0 && unlink(file->part) < 0)
        rc = failed(call, "remove", file->part);
    if (rc == 0)
        record(call, "abort");
    release(file);
    return rc;
}

static int slow_open(struct ddb_call *call, const char *name, void **out, int64_t *size)
{
    struct file *file;
    struct stat st;
    int fd;

    if (reach(call) < 0)
        return -1;
    fd = open(path_of(call, name), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return failed(call, "open", name);
    file = calloc(1, sizeof *file);
    file->fd = fd;
    *size = st.st_size;
    *out = file;
    return 0;
}

static ssize_t slow_read(struct ddb_call *call, void *self, int64_t offset, void *data, size_t cap)
{
    struct file *file = self;
    long long cut = control(call, "cut");

    if (reach(call) < 0)
        return -1;
    if (cut >= 0 && offset + (int64_t)cap >= cut) {
        clear(call, "cut");
        file->broken = 1;
    }
    if (file->broken)
        return host->fail(call, "the connection was lost");
    return pread(file->fd, data, cap, offset);
}

static int slow_close(struct ddb_call *call, void *self)
{
    (void)call;
    release(self);
    return 0;
}

static int slow_list(struct ddb_call *call,
                     int (*each)(void *arg, const struct ddb_stored *stored), void *arg)
{
    struct dirent **entries = NULL;
    int n, stop = 0;

    if (reach(call) < 0)
        return -1;
    n = scandir(host->setting(call, "path"), &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        struct stat st;

        if (!stop && stat(path_of(call, name), &st) == 0 && S_ISREG(st.st_mode))
            stop = each(arg, &(struct ddb_stored){.size = sizeof(struct ddb_stored),
                                                  .name = name,
                                                  .size_bytes = st.st_size,
                                                  .modified = st.st_mtime,
                                                  .partial = name[0] == '.'});
        free(entries[i]);
    }
    free(entries);
    return 0;
}

static int slow_remove(struct ddb_call *call, const char *name)
{
    if (reach(call) < 0)
        return -1;
    return unlink(path_of(call, name)) < 0 && errno != ENOENT ? failed(call, "remove", name) : 0;
}

static int64_t slow_free_bytes(struct ddb_call *call)
{
    return reach(call) < 0 ? -1 : INT64_MAX;
}

static const char *slow_locate(struct ddb_call *call, const char *name)
{
    return host->format(call, "slow:%s", name);
}

static int slow_load(const struct ddb_host *services)
{
    host = services;
    return 0;
}

static const struct ddb_setting settings[] = {
    {"path", DDB_TYPE_PATH, "remote", "the folder"},
    {"control", DDB_TYPE_PATH, "control", "what is wrong with the network"},
    {NULL, 0, NULL, NULL},
};

static const struct ddb_store store = {
    .size = sizeof store,
    .create = slow_create,
    .write = slow_write,
    .commit = slow_commit,
    .abort = slow_abort,
    .open = slow_open,
    .read = slow_read,
    .close = slow_close,
    .list = slow_list,
    .remove = slow_remove,
    .free_bytes = slow_free_bytes,
    .locate = slow_locate,
    .suspend = slow_suspend,
    .resume = slow_resume,
};

static const struct ddb_plugin plugin = {
    .size = sizeof plugin,
    .abi = DDB_ABI,
    .kind = DDB_KIND_STORE,
    .name = "slowstore",
    .summary = "a folder behind a bad network",
    .settings = settings,
    .ops = &store,
    .load = slow_load,
};

const struct ddb_plugin *ddb_plugin(void)
{
    return &plugin;
}
