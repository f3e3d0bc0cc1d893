/* folder - see folder.h. */
#include "folder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "remote.h"

enum { NAME_MOST = 1024 };

struct listing {
    struct ddb_stored *stored;
    size_t n, cap;
};

static int by_name(const void *left, const void *right)
{
    const struct ddb_stored *a = left, *b = right;

    return strcmp(a->name + a->partial, b->name + b->partial);
}

void folder_sorted(struct ddb_stored *stored, size_t n,
                   int (*each)(void *arg, const struct ddb_stored *stored), void *arg)
{
    if (n > 0)
        qsort(stored, n, sizeof *stored, by_name);
    for (size_t i = 0; i < n; i++)
        if (each(arg, &stored[i]) != 0)
            return;
}

static void add(struct ddb_call *call, struct listing *listing, const char *name,
                const LIBSSH2_SFTP_ATTRIBUTES *attributes)
{
    if (!LIBSSH2_SFTP_S_ISREG(attributes->permissions))
        return;
    if (listing->n == listing->cap) {
        size_t cap = listing->cap == 0 ? 32 : listing->cap * 2;
        struct ddb_stored *grown = sftp_host->alloc(call, cap * sizeof *grown);

        if (listing->n > 0)
            memcpy(grown, listing->stored, listing->n * sizeof *grown);
        listing->stored = grown;
        listing->cap = cap;
    }
    listing->stored[listing->n++] = (struct ddb_stored){
        .size = sizeof(struct ddb_stored),
        .name = sftp_host->format(call, "%s", name),
        .size_bytes = (int64_t)attributes->filesize,
        .modified = (int64_t)attributes->mtime,
        .partial = name[0] == '.',
    };
}

/* All entries that are ours; 0, or a code. */
static int read_entries(struct ddb_call *call, struct session *session,
                        LIBSSH2_SFTP_HANDLE *handle, struct listing *listing)
{
    const unsigned long needed = LIBSSH2_SFTP_ATTR_SIZE | LIBSSH2_SFTP_ATTR_PERMISSIONS;

    for (;;) {
        LIBSSH2_SFTP_ATTRIBUTES attributes = {0};
        char name[NAME_MOST];
        int code;

        SESSION_STEP(call, session, code,
                     libssh2_sftp_readdir_ex(handle, name, sizeof name - 1, NULL, 0, &attributes));
        if (code <= 0)
            return code;
        name[code] = '\0';
        if (!sftp_is_name(name) && !sftp_is_part(name))
            continue;
        if ((attributes.flags & needed) != needed) {
            code = remote_stat(call, session, site_join(call, session->site, name), &attributes);
            if (session->is_lost)
                return code;
        }
        add(call, listing, name, &attributes);
    }
}

int folder_list(struct ddb_call *call, int (*each)(void *arg, const struct ddb_stored *stored),
                void *arg)
{
    struct site site;
    struct session session = SESSION_NONE;
    struct listing listing = {0};
    LIBSSH2_SFTP_HANDLE *handle = NULL;
    int code, rc = 0;

    if (site_read(call, &site) < 0 || session_open(call, &site, &session) < 0)
        return -1;
    SESSION_STEP(call, &session, code,
                 (handle = libssh2_sftp_open_ex(session.sftp, site.path,
                                                (unsigned)strlen(site.path), 0, 0,
                                                LIBSSH2_SFTP_OPENDIR)) != NULL
                     ? 0
                     : session_errno(&session));
    if (code == 0)
        code = read_entries(call, &session, handle, &listing);
    else if (remote_missing(&session, code))
        code = 0;
    if (code < 0)
        rc = session_failed(call, &session, code, "list directory", site.path);
    remote_close(call, &session, handle);
    session_close(&session);
    if (rc == 0)
        folder_sorted(listing.stored, listing.n, each, arg);
    return rc;
}

int folder_remove(struct ddb_call *call, const char *name)
{
    struct site site;
    struct session session = SESSION_NONE;
    const char *path;
    int code, rc = 0;

    if (!sftp_is_part(name) && sftp_check_name(call, name) < 0)
        return -1;
    if (site_read(call, &site) < 0 || session_open(call, &site, &session) < 0)
        return -1;
    path = site_join(call, &site, name);
    code = remote_unlink(call, &session, path);
    if (code < 0 && !remote_missing(&session, code))
        rc = session_failed(call, &session, code, "remove", path);
    session_close(&session);
    return rc;
}

/* Whether a file can be written in ${path}: asked by doing it. */
static int probe(struct ddb_call *call, struct session *session, const char *path)
{
    const char *file = sftp_host->format(call, "%s%s.deploy-db-probe-%ld", path,
                                         strcmp(path, "/") == 0 ? "" : "/", (long)getpid());
    LIBSSH2_SFTP_HANDLE *handle;
    int code = remote_open(call, session, file,
                           LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_TRUNC, &handle);

    if (code < 0)
        return code;
    code = remote_close(call, session, handle);
    if (!session->is_lost)
        code = remote_unlink(call, session, file);
    return code;
}

/* The folder, or the nearest one above it that exists, in which it will be made. */
static const char *nearest(struct ddb_call *call, struct session *session)
{
    char *path = sftp_host->format(call, "%s", session->site->path);
    LIBSSH2_SFTP_ATTRIBUTES attributes;

    while (remote_missing(session, remote_stat(call, session, path, &attributes))) {
        char *slash = strrchr(path, '/');

        if (slash == NULL)
            return ".";
        if (slash[1] == '\0')
            break;
        slash[slash == path] = '\0';
    }
    return path;
}

int64_t folder_free_bytes(struct ddb_call *call)
{
    struct site site;
    struct session session = SESSION_NONE;
    const char *path;
    int64_t bytes = -1;
    int code;

    if (site_read(call, &site) < 0 || session_open(call, &site, &session) < 0)
        return -1;
    path = nearest(call, &session);
    code = probe(call, &session, path);
    if (code == 0)
        code = remote_free(call, &session, path, &bytes);
    if (code < 0) {
        sftp_host->fail(call, "directory \"%s\" on %s cannot be written: %s", path,
                        site_name(call, &site), session_reason(call, &session, code));
        sftp_host->hint(call, "Give user \"%s\" write access to it, or set the path in the store's url.",
                        site_user(call, &site));
        bytes = -1;
    }
    session_close(&session);
    return bytes;
}

const char *folder_locate(struct ddb_call *call, const char *name)
{
    struct site site;

    if (site_read(call, &site) < 0)
        return NULL;
    return sftp_host->format(call, "%s/%s", site.url, name);
}
