/* unwrap_members - see unwrap.h: the files of a dump's folder, out of a tar. */
#include "bundle/unwrap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "bundle/unwrap_impl.h"

/* END_BYTES: of a tar's end. RESERVE: so much room is left on the disk; it is looked at every
 * CHECK_BYTES. */
enum {
    CHUNK = 256 * 1024,
    END_BYTES = 2 * 512,
    RESERVE = 64 * 1024 * 1024,
    CHECK_BYTES = 16 * 1024 * 1024,
};

struct members {
    struct unwrap *unwrap;
    const char *into; /* NULL: they are only read */
    int dir;
    char folder[4096]; /* of the first file, in the tar */
    size_t n;
    bool has_toc;
    int64_t unchecked; /* bytes written since the room was looked at */
    unwrap_tick *tick;
    void *arg;
    char data[CHUNK];
};

static int refuse(const struct members *members, const char *name, const char *why,
                  struct err *err)
{
    return err_set(err, ERR_PREPARE, "\"%s\": member \"%s\" %s", members->unwrap->path, name, why);
}

/* The name that pg_dump gives: toc.dat, 3350.dat.gz, blobs.toc, blob_16400.dat, restore.sql. */
static bool is_plain_name(const char *name)
{
    size_t n = strlen(name);

    return n > 0 && n < 200 && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

/* "./dump/toc.dat": the folder may be any, but not above, and the same for all. */
static int split_name(struct members *members, const char *path, const char **name,
                      struct err *err)
{
    const char *slash;
    size_t folder;

    while (strncmp(path, "./", 2) == 0)
        path += 2;
    slash = strrchr(path, '/');
    *name = slash != NULL ? slash + 1 : path;
    folder = slash != NULL ? (size_t)(slash - path) : 0;
    if (path[0] == '/' || strcmp(path, "..") == 0 || strncmp(path, "../", 3) == 0 ||
        strstr(path, "/../") != NULL)
        return refuse(members, path, "leads out of its folder", err);
    if (!is_plain_name(*name) || folder >= sizeof members->folder)
        return refuse(members, path, "has a name that pg_dump does not give", err);
    if (members->n == 0)
        memcpy(members->folder, path, folder);
    if (strlen(members->folder) != folder || strncmp(members->folder, path, folder) != 0)
        return refuse(members, path, "is in another folder than the first one", err);
    return 0;
}

static int create(struct members *members, const char *name, int *fd, struct err *err)
{
    *fd = -1;
    if (members->into == NULL)
        return 0;
    *fd = openat(members->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (*fd >= 0)
        return 0;
    if (errno == EEXIST)
        return refuse(members, name, "is there twice", err);
    return err_sys(err, ERR_PREPARE, errno, "could not create \"%s/%s\"", members->into, name);
}

static int write_all(struct members *members, int fd, const char *data, size_t n, struct err *err)
{
    while (fd >= 0 && n > 0) {
        ssize_t done = write(fd, data, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_sys(err, ERR_PREPARE, errno, "could not write to \"%s\"", members->into);
        data += done;
        n -= (size_t)done;
        members->unchecked += done;
    }
    if (members->unchecked >= CHECK_BYTES) {
        int64_t room = fs_free_bytes(members->into);

        members->unchecked = 0;
        if (room >= 0 && room < RESERVE) {
            err_set(err, ERR_PREPARE, "there is no room to unpack \"%s\"", members->unwrap->path);
            return err_hint(err, "It is unpacked below the state directory, \"%s\".",
                            members->into);
        }
    }
    return 0;
}

static int copy(struct members *members, int fd, struct err *err)
{
    struct unwrap *unwrap = members->unwrap;

    for (;;) {
        ssize_t n = archive_lib.read_data(unwrap->archive, members->data, sizeof members->data);

        if (n < 0)
            return unwrap_broken(unwrap, err);
        if (n == 0)
            return 0;
        if (write_all(members, fd, members->data, (size_t)n, err) != 0)
            return -1;
        if (members->tick != NULL &&
            members->tick(members->arg, unwrap_taken(unwrap), unwrap->size_bytes) != 0)
            return err_set(err, ERR_PREPARE, "\"%s\": cancelled", unwrap->path);
    }
}

static int take(struct members *members, struct archive_entry *entry, struct err *err)
{
    const char *path = archive_lib.entry_pathname(entry), *name;
    int fd, rc;

    if (path == NULL)
        return refuse(members, "?", "has no name", err);
    if (archive_lib.entry_filetype(entry) == AE_IFDIR && archive_lib.entry_hardlink(entry) == NULL)
        return 0;
    if (archive_lib.entry_filetype(entry) != AE_IFREG || archive_lib.entry_hardlink(entry) != NULL)
        return refuse(members, path, "is a link or a special file", err);
    if (split_name(members, path, &name, err) != 0 || create(members, name, &fd, err) != 0)
        return -1;
    members->n++;
    members->has_toc = members->has_toc || strcmp(name, "toc.dat") == 0;
    rc = copy(members, fd, err);
    if (fd >= 0 && close(fd) != 0 && rc == 0)
        rc = err_sys(err, ERR_PREPARE, errno, "could not write to \"%s\"", members->into);
    return rc;
}

/* Where the zeros at the end of the stream begin; ${all} gets its length. */
static int find_zeros(const char *path, int64_t *zeros, int64_t *all, struct err *err)
{
    struct unwrap *unwrap = NULL;
    char *data = mem_alloc(CHUNK);
    ssize_t n = -1;

    *zeros = *all = 0;
    if (unwrap_open(path, &unwrap, err) == 0)
        while ((n = unwrap_read(unwrap, data, CHUNK, err)) > 0) {
            ssize_t last = n;

            while (last > 0 && data[last - 1] == '\0')
                last--;
            if (last > 0)
                *zeros = *all + last;
            *all += n;
        }
    unwrap_close(unwrap);
    mem_free(data);
    return n == 0 ? 0 : -1;
}

/* libarchive takes a tar without its end, which is two zero blocks, and leaves unread what stands behind
 * it. ${end}: so far it has read. */
static int check_rest(const char *path, int64_t end, struct err *err)
{
    int64_t zeros, all;

    if (find_zeros(path, &zeros, &all, err) != 0)
        return -1;
    if (zeros > end)
        return err_set(err, ERR_PREPARE, "\"%s\" has data behind the end of its tar", path);
    if (all - zeros >= END_BYTES)
        return 0;
    err_set(err, ERR_PREPARE, "\"%s\" is cut off or damaged", path);
    return err_detail(err, "the end of its tar is missing");
}

static int walk(struct members *members, int64_t *end, struct err *err)
{
    struct archive *archive = members->unwrap->archive;
    struct archive_entry *entry;
    int status;

    while ((status = archive_lib.read_next_header(archive, &entry)) == ARCHIVE_OK)
        if (take(members, entry, err) != 0)
            return -1;
    if (status != ARCHIVE_EOF)
        return unwrap_broken(members->unwrap, err);
    *end = archive_lib.filter_bytes(archive, 0);
    if (members->has_toc)
        return 0;
    err_set(err, ERR_PREPARE, "\"%s\" is a tar, but of no dump: it has no toc.dat",
            members->unwrap->path);
    return err_hint(err, "Known are tars of pg_dump --format=tar and of a folder of "
                         "pg_dump --format=directory.");
}

int unwrap_members(const char *path, const char *into, unwrap_tick *tick, void *arg,
                   struct err *err)
{
    struct members *members = mem_alloc(sizeof *members);
    int64_t end = 0;
    int rc;

    members->into = into;
    members->tick = tick;
    members->arg = arg;
    members->dir = -1;
    rc = unwrap_begin(path, UNWRAP_ARCHIVE, &members->unwrap, err);
    if (rc == 0 && into != NULL) {
        members->dir = open(into, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (members->dir < 0)
            rc = err_sys(err, ERR_PREPARE, errno, "could not open \"%s\"", into);
    }
    if (rc == 0)
        rc = walk(members, &end, err);
    if (members->dir >= 0)
        close(members->dir);
    unwrap_close(members->unwrap);
    mem_free(members);
    return rc == 0 ? check_rest(path, end, err) : -1;
}
