/* writing - see writing.h. */
#include "writing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "remote.h"
#include "window.h"

/* How long the server may take to write its cache to the disk: the timeout, and a second for each. */
enum { SYNC_BYTES_A_SECOND = 4 * 1024 * 1024, SYNC_MOST_MS = 3600 * 1000 };

struct file {
    struct site site;
    struct session session;
    LIBSSH2_SFTP_HANDLE *handle;
    struct window window;
    const char *name, *path, *part; /* live as long as the call's memory */
    int64_t offset;                 /* where the window began */
};

/* --- beginning and end ---------------------------------------------------------------------------- */

static void release(struct ddb_call *call, struct file *file)
{
    remote_close(call, &file->session, file->handle);
    session_close(&file->session);
    window_close(&file->window);
    free(file);
}

/* A file with its connection; NULL with fail(). */
static struct file *connect_file(struct ddb_call *call, const char *name)
{
    struct file *file;

    if (sftp_check_name(call, name) < 0)
        return NULL;
    file = calloc(1, sizeof *file);
    if (file == NULL || window_open(&file->window) < 0) {
        sftp_host->fail(call, "could not create \"%s\": %s", name, strerror(errno));
        free(file);
        return NULL;
    }
    file->session = (struct session)SESSION_NONE;
    if (site_read(call, &file->site) < 0 ||
        session_open(call, &file->site, &file->session) < 0) {
        window_close(&file->window);
        free(file);
        return NULL;
    }
    file->name = sftp_host->format(call, "%s", name);
    file->path = site_join(call, &file->site, name);
    file->part = site_join(call, &file->site, sftp_host->format(call, ".%s.part", name));
    return file;
}

static int exists(struct ddb_call *call, const struct file *file)
{
    return sftp_host->fail(call, "\"%s\" exists already in \"%s\"", file->name, file->site.url);
}

/* The final name must be free. */
static int check_free(struct ddb_call *call, struct file *file)
{
    LIBSSH2_SFTP_ATTRIBUTES attributes;
    int code = remote_stat(call, &file->session, file->path, &attributes);

    if (code == 0)
        return exists(call, file);
    if (!remote_missing(&file->session, code))
        return session_failed(call, &file->session, code, "look for", file->path);
    return 0;
}

/* A new ".NAME.part". */
static int create_part(struct ddb_call *call, struct file *file)
{
    LIBSSH2_SFTP_ATTRIBUTES attributes;
    int code;

    if (remote_make(call, &file->session) < 0)
        return -1;
    code = remote_open(call, &file->session, file->part,
                       LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_EXCL, &file->handle);
    if (code < 0 && !file->session.is_lost &&
        remote_stat(call, &file->session, file->part, &attributes) == 0) {
        sftp_host->fail(call, "an unfinished \"%s\" is already in \"%s\"", file->part,
                        file->site.url);
        return sftp_host->hint(call, "Another run may be writing it; if none is, remove it.");
    }
    return code < 0 ? session_failed(call, &file->session, code, "create", file->part) : 0;
}

int writing_create(struct ddb_call *call, const char *name, void **out)
{
    struct file *file = connect_file(call, name);

    if (file == NULL)
        return -1;
    if (check_free(call, file) < 0 || create_part(call, file) < 0) {
        release(call, file);
        return -1;
    }
    *out = file;
    return 0;
}

int writing_resume(struct ddb_call *call, const char *name, void **out, int64_t *size_bytes)
{
    struct file *file = connect_file(call, name);
    LIBSSH2_SFTP_ATTRIBUTES attributes = {0};
    int code, rc;

    if (file == NULL)
        return -1;
    rc = check_free(call, file);
    if (rc == 0) {
        code = remote_open(call, &file->session, file->part, LIBSSH2_FXF_WRITE, &file->handle);
        if (remote_missing(&file->session, code))
            rc = create_part(call, file);
        else if (code < 0 ||
                 (code = remote_fstat(call, &file->session, file->handle, &attributes)) < 0)
            rc = session_failed(call, &file->session, code, "go on with", file->part);
        else if ((attributes.flags & LIBSSH2_SFTP_ATTR_SIZE) != 0 &&
                 attributes.filesize > WINDOW_BYTES)
            file->offset = (int64_t)attributes.filesize - WINDOW_BYTES;
    }
    if (rc < 0) {
        release(call, file);
        return -1;
    }
    libssh2_sftp_seek64(file->handle, (libssh2_uint64_t)file->offset);
    *size_bytes = file->offset;
    *out = file;
    return 0;
}

int writing_suspend(struct ddb_call *call, void *self)
{
    struct file *file = self;

    file->session.is_closing = true;
    release(call, file);
    return 0;
}

/* --- writing ---------------------------------------------------------------------------------------- */

/* The server has refused to write. SFTP's version 3 has no word for a full disk: the free space tells.
 * What is not acknowledged is still to be written. */
static int refused(struct ddb_call *call, struct file *file, int code)
{
    const int64_t needed = file->window.n > 0 ? (int64_t)file->window.n : 1;
    const bool says_full = session_status(&file->session, code) != LIBSSH2_FX_FAILURE;
    const char *reason = session_reason(call, &file->session, code); /* before anything else is asked */
    int64_t left = INT64_MAX;

    if (remote_free(call, &file->session, file->site.path, &left) == 0 && left < needed)
        return site_no_room(call, &file->site, left, needed);
    sftp_host->fail(call, "could not write \"%s\" on %s: %s", file->part, site_name(call, &file->site),
                    reason);
    if (left == INT64_MAX)
        sftp_host->hint(call, "The server does not tell its free space: look whether its disk is full.");
    else
        sftp_host->hint(call, "%lld MiB are free there: look for an exhausted quota, and into the "
                              "server's log.", (long long)(left >> 20));
    return says_full ? DDB_NO_ROOM : -1;
}

static int write_failed(struct ddb_call *call, struct file *file, int code)
{
    const unsigned long status = session_status(&file->session, code);
    const bool may_be_full = status == LIBSSH2_FX_FAILURE || status == LIBSSH2_FX_QUOTA_EXCEEDED ||
                             status == LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM;
    int rc = may_be_full ? refused(call, file, code)
                         : session_failed(call, &file->session, code, "write", file->part);

    sftp_host->detail(call, "%lld MiB of it had arrived.",
                      (long long)((file->offset + file->window.acked) >> 20));
    return rc;
}

int writing_write(struct ddb_call *call, void *self, const void *data, size_t n)
{
    struct file *file = self;
    int code = window_put(call, &file->session, file->handle, &file->window, data, n);

    return code < 0 ? write_failed(call, file, code) : 0;
}

/* --- commit ------------------------------------------------------------------------------------------ */

static int sync_file(struct ddb_call *call, struct file *file)
{
    struct session *session = &file->session;
    int64_t more = file->window.acked / SYNC_BYTES_A_SECOND * 1000;
    int code;

    session_begin(session);
    session->deadline_ms += more < SYNC_MOST_MS ? more : SYNC_MOST_MS;
    while ((code = libssh2_sftp_fsync(file->handle)) == LIBSSH2_ERROR_EAGAIN &&
           (code = session_wait(call, session)) == 0)
        ;
    session_ended(session, code);
    if (session_unsupported(session, code)) {
        sftp_host->log(call, DDB_LEVEL_WARNING,
                       "%s does not offer fsync@openssh.com: \"%s\" may not survive a power loss "
                       "there within the next seconds", site_name(call, &file->site), file->name);
        return 0;
    }
    return code;
}

/* Everything is there: acknowledged, on the disk, of the right size, closed without an error. 0, -1 or
 * DDB_NO_ROOM. */
static int complete(struct ddb_call *call, struct file *file)
{
    LIBSSH2_SFTP_ATTRIBUTES attributes = {0};
    LIBSSH2_SFTP_HANDLE *handle = file->handle;
    int64_t expected;
    int code = window_flush(call, &file->session, handle, &file->window);

    expected = file->offset + file->window.acked;
    if (code == 0)
        code = sync_file(call, file);
    if (code == 0)
        code = remote_fstat(call, &file->session, handle, &attributes);
    if (code < 0)
        return write_failed(call, file, code);
    if ((attributes.flags & LIBSSH2_SFTP_ATTR_SIZE) == 0 ||
        (int64_t)attributes.filesize != expected)
        return sftp_host->fail(call, "\"%s\" on %s has %lld bytes instead of %lld", file->part,
                               site_name(call, &file->site), (long long)attributes.filesize,
                               (long long)expected);
    file->handle = NULL;
    code = remote_close(call, &file->session, handle);
    return code < 0 ? write_failed(call, file, code) : 0;
}

/* The answer to the renaming is lost with the connection: a new one tells what became of it. */
static bool was_renamed(struct ddb_call *call, struct file *file)
{
    LIBSSH2_SFTP_ATTRIBUTES attributes = {0}, part;
    int64_t size = file->offset + file->window.acked;

    session_close(&file->session);
    return session_open(call, &file->site, &file->session) == 0 &&
           remote_stat(call, &file->session, file->path, &attributes) == 0 &&
           (int64_t)attributes.filesize == size &&
           remote_missing(&file->session, remote_stat(call, &file->session, file->part, &part));
}

static int publish(struct ddb_call *call, struct file *file)
{
    int code = remote_rename(call, &file->session, file->part, file->path);
    LIBSSH2_SFTP_ATTRIBUTES attributes;
    const char *reason;

    if (code == 0)
        return 0;
    if (file->session.is_lost) {
        reason = session_reason(call, &file->session, code);
        if (code != SESSION_CANCELLED && was_renamed(call, file))
            return 0;
        return sftp_host->fail(call, "could not give its name to \"%s\" on %s: %s", file->part,
                               site_name(call, &file->site), reason);
    }
    if (session_status(&file->session, code) == LIBSSH2_FX_FAILURE &&
        remote_stat(call, &file->session, file->path, &attributes) == 0)
        return exists(call, file);
    return session_failed(call, &file->session, code, "give its name to", file->part);
}

/* 0, or the code of what has failed. */
static int remove_part(struct ddb_call *call, struct file *file)
{
    int code;

    remote_close(call, &file->session, file->handle);
    file->handle = NULL;
    code = remote_unlink(call, &file->session, file->part);
    return remote_missing(&file->session, code) ? 0 : code;
}

/* Remove what is unfinished, whether or not we are to stop. A session that has come to its end is
 * opened again, unless the server does not answer any more. */
static int discard(struct ddb_call *call, struct file *file)
{
    const bool was_silent = file->session.is_lost && file->session.lost_by == SESSION_TIMED_OUT;
    int code;

    file->session.is_closing = true;
    code = remove_part(call, file);
    if (file->session.is_lost && code != SESSION_TIMED_OUT && !was_silent) {
        session_close(&file->session);
        if (session_open(call, &file->site, &file->session) < 0)
            return -1;
        code = remove_part(call, file);
    }
    return code == 0 ? 0 : session_failed(call, &file->session, code, "remove", file->part);
}

int writing_commit(struct ddb_call *call, void *self)
{
    struct file *file = self;
    int rc = complete(call, file);

    if (rc == 0)
        rc = publish(call, file);
    /* What a lost connection leaves is there for resume(). */
    if (rc < 0 && (!file->session.is_lost || file->session.lost_by == SESSION_CANCELLED))
        discard(call, file);
    release(call, file);
    return rc;
}

int writing_abort(struct ddb_call *call, void *self)
{
    struct file *file = self;
    int rc = discard(call, file);

    release(call, file);
    return rc;
}
