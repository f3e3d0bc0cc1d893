/* unwrap - see unwrap.h. Here: what a file is, and its bytes. */
#include "bundle/unwrap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "bundle/age_header.h"
#include "bundle/unwrap_impl.h"

/* LOOK: so much is looked at to say what a file is. TAR_*: the owner that pg_dump writes into the
 * headers of its tar format (source: tarCreateHeader, src/port/tar.c). */
enum { LOOK = 64 * 1024, BLOCK = 64 * 1024, TAR_UID = 04000, TAR_GID = 02000 };

/* --- libarchive -----------------------------------------------------------------------------------*/

int unwrap_broken(const struct unwrap *unwrap, struct err *err)
{
    const char *why = archive_lib.error_string(unwrap->archive);

    err_set(err, ERR_PREPARE, "\"%s\" is cut off or damaged", unwrap->path);
    return err_detail(err, "%s, behind byte %lld of %lld", why != NULL ? why : "it cannot be read",
                      (long long)unwrap_taken(unwrap), (long long)unwrap->size_bytes);
}

int unwrap_check_end(const struct unwrap *unwrap, struct err *err)
{
    int64_t left = unwrap->size_bytes - unwrap_taken(unwrap);

    if (left == 0)
        return 0;
    err_set(err, ERR_PREPARE, "\"%s\" has %lld bytes behind its end", unwrap->path,
            (long long)left);
    return err_hint(err, "Something was appended to the file, or part of it was overwritten: get "
                         "it again from where it came.");
}

static int add_filters(struct archive *archive)
{
    int (*const filters[])(struct archive *) = {
        archive_lib.read_support_filter_gzip, archive_lib.read_support_filter_bzip2,
        archive_lib.read_support_filter_xz,   archive_lib.read_support_filter_lzma,
        archive_lib.read_support_filter_lz4,  archive_lib.read_support_filter_zstd,
    };

    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        if (filters[i](archive) != ARCHIVE_OK)
            return -1;
    return 0;
}

static int open_file(struct unwrap *unwrap, struct err *err)
{
    struct stat status;

    unwrap->fd = open(unwrap->path, O_RDONLY | O_CLOEXEC);
    if (unwrap->fd < 0 || fstat(unwrap->fd, &status) != 0)
        return err_sys(err, ERR_PREPARE, errno, "could not open \"%s\"", unwrap->path);
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_PREPARE, "\"%s\" is neither a file nor a folder", unwrap->path);
    if (status.st_size == 0)
        return err_set(err, ERR_PREPARE, "\"%s\" is empty", unwrap->path);
    unwrap->size_bytes = status.st_size;
    return 0;
}

int unwrap_begin(const char *path, enum unwrap_layout layout, struct unwrap **out,
                 struct err *err)
{
    struct unwrap *unwrap;
    int rc;

    if (archive_lib_load(err) != 0)
        return -1;
    unwrap = mem_alloc(sizeof *unwrap);
    unwrap->path = path;
    rc = open_file(unwrap, err);
    unwrap->archive = archive_lib.read_new();
    if (rc == 0 && (add_filters(unwrap->archive) != 0 ||
                    (layout == UNWRAP_RAW ? archive_lib.read_support_format_raw(unwrap->archive)
                                          : archive_lib.read_support_format_tar(unwrap->archive)) !=
                        ARCHIVE_OK))
        rc = err_set(err, ERR_INTERNAL, "libarchive: %s", archive_lib.error_string(unwrap->archive));
    if (rc == 0 && archive_lib.read_open_fd(unwrap->archive, unwrap->fd, BLOCK) != ARCHIVE_OK)
        rc = unwrap_broken(unwrap, err);
    if (rc != 0) {
        unwrap_close(unwrap);
        return -1;
    }
    *out = unwrap;
    return 0;
}

/* --- the bytes ------------------------------------------------------------------------------------*/

int unwrap_open(const char *path, struct unwrap **out, struct err *err)
{
    struct archive_entry *entry;
    struct unwrap *unwrap;
    int status;

    if (unwrap_begin(path, UNWRAP_RAW, &unwrap, err) != 0)
        return -1;
    status = archive_lib.read_next_header(unwrap->archive, &entry);
    if (status == ARCHIVE_EOF)
        err_set(err, ERR_PREPARE, "\"%s\" is compressed, and empty", path);
    else if (status != ARCHIVE_OK)
        unwrap_broken(unwrap, err);
    if (status != ARCHIVE_OK) {
        unwrap_close(unwrap);
        return -1;
    }
    *out = unwrap;
    return 0;
}

ssize_t unwrap_read(struct unwrap *unwrap, void *data, size_t cap, struct err *err)
{
    ssize_t n;

    if (unwrap->ended)
        return 0;
    n = archive_lib.read_data(unwrap->archive, data, cap);
    if (n < 0)
        return unwrap_broken(unwrap, err);
    unwrap->ended = n == 0;
    return n > 0 ? n : unwrap_check_end(unwrap, err);
}

int64_t unwrap_taken(const struct unwrap *unwrap)
{
    return archive_lib.filter_bytes(unwrap->archive, -1);
}

void unwrap_close(struct unwrap *unwrap)
{
    if (unwrap == NULL)
        return;
    archive_lib.read_free(unwrap->archive);
    if (unwrap->fd >= 0)
        close(unwrap->fd);
    mem_free(unwrap);
}

/* --- what it is -----------------------------------------------------------------------------------*/

const char *unwrap_kind_name(enum unwrap_kind kind)
{
    static const char *const names[] = {
        [UNWRAP_SQL] = "plain SQL",
        [UNWRAP_CUSTOM] = "custom format",
        [UNWRAP_TAR] = "tar format",
        [UNWRAP_FOLDER] = "directory format",
        [UNWRAP_PACKED] = "directory format in a tar",
        [UNWRAP_BUNDLE] = "snapshot",
    };

    return names[kind];
}

/* "gzip and zstd": what stands between the file and its content, the outermost first. */
static const char *filters_of(struct arena *arena, struct archive *archive)
{
    auto_buf struct buf names = {0};

    for (int i = archive_lib.filter_count(archive) - 1; i >= 0; i--)
        if (archive_lib.filter_code(archive, i) != ARCHIVE_FILTER_NONE)
            buf_addf(&names, "%s%s", names.len > 0 ? " and " : "", archive_lib.filter_name(archive, i));
    return arena_strdup(arena, buf_text(&names));
}

static bool begins(const char *data, size_t n, const char *with)
{
    return n >= strlen(with) && memcmp(data, with, strlen(with)) == 0;
}

/* Text that can be SQL: no control characters, and a comment, a word or a backslash comes first. */
static bool is_sql(const char *data, size_t n)
{
    size_t i = begins(data, n, "\xef\xbb\xbf") ? 3 : 0;

    for (size_t k = i; k < n; k++)
        if ((unsigned char)data[k] < ' ' && (data[k] < '\t' || data[k] > '\r'))
            return false;
    while (i < n && (data[i] == ' ' || (data[i] >= '\t' && data[i] <= '\r')))
        i++;
    return i == n || begins(data + i, n - i, "--") || begins(data + i, n - i, "/*") ||
           data[i] == '\\' || (data[i] >= 'a' && data[i] <= 'z') ||
           (data[i] >= 'A' && data[i] <= 'Z');
}

/* A tar: ours, pg_dump's own, or that of a folder. Its first file tells. */
static int look_into_tar(const char *path, enum unwrap_kind *kind, struct err *err)
{
    struct archive_entry *entry;
    struct unwrap *unwrap;
    const char *name = NULL;
    int status;

    if (unwrap_begin(path, UNWRAP_ARCHIVE, &unwrap, err) != 0)
        return -1;
    do
        status = archive_lib.read_next_header(unwrap->archive, &entry);
    while (status == ARCHIVE_OK && archive_lib.entry_filetype(entry) == AE_IFDIR);
    if (status == ARCHIVE_OK)
        name = archive_lib.entry_pathname(entry);
    if (status != ARCHIVE_OK && status != ARCHIVE_EOF)
        unwrap_broken(unwrap, err);
    else if (name != NULL && strcmp(name, "RESTORE.md") == 0)
        *kind = UNWRAP_BUNDLE;
    else if (name != NULL && strcmp(name, "toc.dat") == 0 &&
             archive_lib.entry_uid(entry) == TAR_UID && archive_lib.entry_gid(entry) == TAR_GID)
        *kind = UNWRAP_TAR;
    else
        *kind = UNWRAP_PACKED;
    unwrap_close(unwrap);
    return err->code == ERR_NONE ? 0 : -1;
}

static int unknown(const char *path, const char *data, size_t n, struct err *err)
{
    err_set(err, ERR_PREPARE, "\"%s\" is no dump of PostgreSQL", path);
    if (begins(data, n, "-----BEGIN AGE ENCRYPTED FILE"))
        return err_hint(err, "It is encrypted: decrypt it first, with age -d.");
    if (begins(data, n, "PK\3\4"))
        return err_hint(err, "It is a zip archive: unpack it first.");
    return err_hint(err, "Known are pg_dump's formats plain, custom, tar and directory, each as it "
                         "is or compressed with gzip, bzip2, xz, lz4 or zstd, and snapshots.");
}

static int look_at(const char *path, const char *data, size_t n, enum unwrap_kind *kind,
                   struct err *err)
{
    enum { TAR_MAGIC = 257, FORMAT = 10, FORMAT_CUSTOM = 1 };

    if (begins(data, n, "PGDMP")) {
        if (n <= FORMAT || data[FORMAT] == FORMAT_CUSTOM) {
            *kind = UNWRAP_CUSTOM;
            return 0;
        }
        err_set(err, ERR_PREPARE, "\"%s\" is a table of contents without its data", path);
        return err_hint(err, "Name the folder that it is in.");
    }
    if (n > TAR_MAGIC && begins(data + TAR_MAGIC, n - TAR_MAGIC, "ustar"))
        return look_into_tar(path, kind, err);
    if (begins(data, n, AGE_VERSION_LINE)) { /* what else it might be shows when it is opened */
        *kind = UNWRAP_BUNDLE;
        return 0;
    }
    if (!is_sql(data, n))
        return unknown(path, data, n, err);
    *kind = UNWRAP_SQL;
    return 0;
}

static int look_at_folder(struct arena *arena, const char *path, struct unwrap_about *about,
                          struct err *err)
{
    if (!fs_exists(fs_join(arena, path, "toc.dat"))) {
        err_set(err, ERR_PREPARE, "folder \"%s\" is no dump: it has no toc.dat", path);
        return err_hint(err, "pg_dump --format=directory writes such folders.");
    }
    *about = (struct unwrap_about){.kind = UNWRAP_FOLDER, .compression = ""};
    return 0;
}

int unwrap_look(struct arena *arena, const char *path, struct unwrap_about *about,
                struct err *err)
{
    char *data;
    struct unwrap *unwrap;
    size_t n = 0;
    ssize_t got = 0;
    int rc = 0;

    if (fs_is_dir(path))
        return look_at_folder(arena, path, about, err);
    if (unwrap_open(path, &unwrap, err) != 0)
        return -1;
    data = mem_alloc(LOOK);
    while (n < LOOK && (got = unwrap_read(unwrap, data + n, LOOK - n, err)) > 0)
        n += (size_t)got;
    *about = (struct unwrap_about){.compression = filters_of(arena, unwrap->archive),
                                   .size_bytes = unwrap->size_bytes};
    if (got < 0)
        rc = -1;
    else
        rc = look_at(path, data, n, &about->kind, err);
    unwrap_close(unwrap);
    mem_free(data);
    return rc;
}

int unwrap_version(struct arena *arena, const char *path, enum unwrap_kind kind,
                   const char **version, struct err *err)
{
    enum { TAR_HEADER = 512, MAJOR = 5, MINOR = 6, HEAD = TAR_HEADER + MINOR + 1 };
    const bool in_folder = kind == UNWRAP_FOLDER || kind == UNWRAP_PACKED;
    struct unwrap *unwrap = NULL;
    char data[HEAD];
    const char *toc = data + (kind == UNWRAP_TAR ? TAR_HEADER : 0);
    size_t n = 0;
    ssize_t got = 1;

    if (unwrap_open(in_folder ? fs_join(arena, path, "toc.dat") : path, &unwrap, err) != 0)
        return -1;
    while (n < sizeof data && (got = unwrap_read(unwrap, data + n, sizeof data - n, err)) > 0)
        n += (size_t)got;
    unwrap_close(unwrap);
    if (got < 0)
        return -1;
    if (n < (size_t)(toc - data) + MINOR + 1 || !begins(toc, MAJOR, "PGDMP"))
        return err_set(err, ERR_PREPARE, "\"%s\" has no table of contents", path);
    *version = arena_printf(arena, "%d.%d", toc[MAJOR], toc[MINOR]);
    return 0;
}
