/* reading - see reading.h. */
#include "reading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "remote.h"

/* libssh2 asks for four times of what it is to read: so much is under way when a file is read from
 * one end to the other. */
enum { AHEAD_BYTES = 512 * 1024 };

struct file {
    struct site site;
    struct session session;
    LIBSSH2_SFTP_HANDLE *handle;
    const char *path;
    int64_t size_bytes;
    int64_t at;       /* where the server's bytes go on */
    int64_t start;    /* of what is in bytes[] */
    size_t n;
    char *bytes;
};

static void release(struct ddb_call *call, struct file *file)
{
    remote_close(call, &file->session, file->handle);
    session_close(&file->session);
    free(file->bytes);
    free(file);
}

/* Connect and open; -1 with fail(). */
static int open_remote(struct ddb_call *call, struct file *file)
{
    LIBSSH2_SFTP_ATTRIBUTES attributes = {0};
    int code;

    if (session_open(call, &file->site, &file->session) < 0)
        return -1;
    code = remote_stat(call, &file->session, file->path, &attributes);
    if (code == 0 && (attributes.flags & LIBSSH2_SFTP_ATTR_PERMISSIONS) != 0 &&
        !LIBSSH2_SFTP_S_ISREG(attributes.permissions))
        return sftp_host->fail(call, "\"%s\" on %s is not a plain file", file->path,
                               site_name(call, &file->site));
    if (code == 0)
        code = remote_open(call, &file->session, file->path, LIBSSH2_FXF_READ, &file->handle);
    if (code == 0)
        code = remote_fstat(call, &file->session, file->handle, &attributes);
    if (code < 0)
        return session_failed(call, &file->session, code, "open", file->path);
    file->size_bytes = (int64_t)attributes.filesize;
    file->at = 0;
    return 0;
}

int reading_open(struct ddb_call *call, const char *name, void **out, int64_t *size_bytes)
{
    struct file *file;

    if (sftp_check_name(call, name) < 0)
        return -1;
    file = calloc(1, sizeof *file);
    if (file == NULL || (file->bytes = malloc(AHEAD_BYTES)) == NULL) {
        free(file);
        return sftp_host->fail(call, "could not open \"%s\": %s", name, strerror(ENOMEM));
    }
    file->session = (struct session)SESSION_NONE;
    if (site_read(call, &file->site) < 0) {
        free(file->bytes);
        free(file);
        return -1;
    }
    file->path = site_join(call, &file->site, name);
    if (open_remote(call, file) < 0) {
        release(call, file);
        return -1;
    }
    *size_bytes = file->size_bytes;
    *out = file;
    return 0;
}

/* The next bytes from ${offset} into bytes[]: how many, or a code. Who reads on where the last piece
 * ended has more asked for than who jumps about. */
static int fetch(struct ddb_call *call, struct file *file, int64_t offset, size_t wanted)
{
    size_t cap = AHEAD_BYTES;
    int code;

    if (file->at != offset) {
        cap = wanted < AHEAD_BYTES ? wanted : AHEAD_BYTES;
        if (!file->session.is_lost)
            libssh2_sftp_seek64(file->handle, (libssh2_uint64_t)offset);
    }
    file->n = 0;
    file->start = offset;
    SESSION_STEP(call, &file->session, code, libssh2_sftp_read(file->handle, file->bytes, cap));
    if (code > 0) {
        file->n = (size_t)code;
        file->at = offset + code;
    }
    return code;
}

/* A lost connection is made again, once. */
static int fetch_again(struct ddb_call *call, struct file *file, int64_t offset, size_t wanted)
{
    const int64_t size = file->size_bytes;
    int code = fetch(call, file, offset, wanted);

    if (code >= 0)
        return code;
    if (!file->session.is_lost || code == SESSION_CANCELLED)
        return session_failed(call, &file->session, code, "read", file->path);
    sftp_host->log(call, DDB_LEVEL_WARNING, "reading \"%s\" on %s: %s; connecting again", file->path,
                   site_name(call, &file->site), session_reason(call, &file->session, code));
    remote_close(call, &file->session, file->handle);
    file->handle = NULL;
    session_close(&file->session);
    if (open_remote(call, file) < 0) {
        remote_close(call, &file->session, file->handle);
        file->handle = NULL;
        session_close(&file->session);
        return -1;
    }
    if (file->size_bytes != size)
        return sftp_host->fail(call, "\"%s\" on %s has changed while it was read", file->path,
                               site_name(call, &file->site));
    code = fetch(call, file, offset, wanted);
    return code < 0 ? session_failed(call, &file->session, code, "read", file->path) : code;
}

ssize_t reading_read(struct ddb_call *call, void *self, int64_t offset, void *data, size_t cap)
{
    struct file *file = self;
    size_t done = 0;

    while (done < cap && offset < file->size_bytes) {
        size_t skip, part;

        if (offset < file->start || offset >= file->start + (int64_t)file->n) {
            int n = fetch_again(call, file, offset, cap - done);

            if (n < 0)
                return -1;
            if (n == 0)
                break;
        }
        skip = (size_t)(offset - file->start);
        part = file->n - skip < cap - done ? file->n - skip : cap - done;
        memcpy((char *)data + done, file->bytes + skip, part);
        done += part;
        offset += (int64_t)part;
    }
    return (ssize_t)done;
}

int reading_close(struct ddb_call *call, void *self)
{
    struct file *file = self;

    file->session.is_closing = true;
    release(call, file);
    return 0;
}
