/* remote - see remote.h. */
#include "remote.h"

#include <string.h>

int remote_open(struct ddb_call *call, struct session *session, const char *path,
                unsigned long flags, LIBSSH2_SFTP_HANDLE **handle)
{
    int code;

    *handle = NULL;
    SESSION_STEP(call, session, code,
                 (*handle = libssh2_sftp_open_ex(session->sftp, path, (unsigned)strlen(path), flags,
                                                 0600, LIBSSH2_SFTP_OPENFILE)) != NULL
                     ? 0
                     : session_errno(session));
    return code;
}

int remote_close(struct ddb_call *call, struct session *session, LIBSSH2_SFTP_HANDLE *handle)
{
    int code = session->lost_by;

    if (handle == NULL)
        return 0;
    if (!session->is_lost) {
        SESSION_STEP(call, session, code, libssh2_sftp_close_handle(handle));
        if (!session->is_lost)
            return code;
    }
    /* The memory is freed once the answer, or the end of the connection, has come. */
    session_cut(session);
    for (int i = 0; i < 100 && libssh2_sftp_close_handle(handle) == LIBSSH2_ERROR_EAGAIN; i++)
        ;
    return code;
}

int remote_stat(struct ddb_call *call, struct session *session, const char *path,
                LIBSSH2_SFTP_ATTRIBUTES *attributes)
{
    int code;

    SESSION_STEP(call, session, code,
                 libssh2_sftp_stat_ex(session->sftp, path, (unsigned)strlen(path),
                                      LIBSSH2_SFTP_LSTAT, attributes));
    return code;
}

int remote_fstat(struct ddb_call *call, struct session *session, LIBSSH2_SFTP_HANDLE *handle,
                 LIBSSH2_SFTP_ATTRIBUTES *attributes)
{
    int code;

    SESSION_STEP(call, session, code, libssh2_sftp_fstat_ex(handle, attributes, 0));
    return code;
}

int remote_unlink(struct ddb_call *call, struct session *session, const char *path)
{
    int code;

    SESSION_STEP(call, session, code,
                 libssh2_sftp_unlink_ex(session->sftp, path, (unsigned)strlen(path)));
    return code;
}

int remote_rename(struct ddb_call *call, struct session *session, const char *from, const char *to)
{
    int code;

    SESSION_STEP(call, session, code,
                 libssh2_sftp_rename_ex(session->sftp, from, (unsigned)strlen(from), to,
                                        (unsigned)strlen(to), 0));
    return code;
}

bool remote_missing(const struct session *session, int code)
{
    unsigned long status = session_status(session, code);

    return status == LIBSSH2_FX_NO_SUCH_FILE || status == LIBSSH2_FX_NO_SUCH_PATH;
}

int remote_free(struct ddb_call *call, struct session *session, const char *path, int64_t *bytes)
{
    LIBSSH2_SFTP_STATVFS fs = {0};
    int code;

    *bytes = INT64_MAX;
    SESSION_STEP(call, session, code,
                 libssh2_sftp_statvfs(session->sftp, path, strlen(path), &fs));
    if (code == 0 && fs.f_frsize > 0 && fs.f_bavail < (uint64_t)INT64_MAX / fs.f_frsize)
        *bytes = (int64_t)(fs.f_bavail * fs.f_frsize);
    return session_unsupported(session, code) ? 0 : code;
}

static int make_one(struct ddb_call *call, struct session *session, const char *path)
{
    LIBSSH2_SFTP_ATTRIBUTES attributes;
    int code, made;

    SESSION_STEP(call, session, code,
                 libssh2_sftp_stat_ex(session->sftp, path, (unsigned)strlen(path), LIBSSH2_SFTP_STAT,
                                      &attributes));
    if (!remote_missing(session, code))
        return code;
    SESSION_STEP(call, session, made,
                 libssh2_sftp_mkdir_ex(session->sftp, path, (unsigned)strlen(path), 0700));
    if (made == 0 || session->is_lost)
        return made;
    SESSION_STEP(call, session, code, /* somebody else may have made it meanwhile */
                 libssh2_sftp_stat_ex(session->sftp, path, (unsigned)strlen(path), LIBSSH2_SFTP_STAT,
                                      &attributes));
    return code == 0 ? 0 : made;
}

int remote_make(struct ddb_call *call, struct session *session)
{
    char *path = sftp_host->format(call, "%s", session->site->path);
    LIBSSH2_SFTP_ATTRIBUTES attributes;
    int code = remote_stat(call, session, path, &attributes);
    char *slash = path;

    if (code == 0)
        return 0;
    while (slash != NULL && (remote_missing(session, code) || code == 0)) {
        slash = strchr(slash + 1, '/');
        if (slash != NULL)
            *slash = '\0';
        code = make_one(call, session, path);
        if (code != 0)
            break;
        if (slash != NULL)
            *slash = '/';
    }
    return code == 0 ? 0 : session_failed(call, session, code, "create directory", path);
}
