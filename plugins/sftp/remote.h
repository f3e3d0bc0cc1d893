/*
 * remote - single operations on the server's files, each to its end. They give libssh2's code, 0 when
 * done; session_failed() makes a failure of another one.
 */
#ifndef SFTP_REMOTE_H
#define SFTP_REMOTE_H

#include "session.h"

int remote_open(struct ddb_call *call, struct session *session, const char *path,
                unsigned long flags, LIBSSH2_SFTP_HANDLE **handle);

/* remote_close(…): ${handle} is freed, whatever it gives. */
int remote_close(struct ddb_call *call, struct session *session, LIBSSH2_SFTP_HANDLE *handle);

/* remote_stat(…): of a path, no link is followed at its end; remote_fstat(…): of an open file. */
int remote_stat(struct ddb_call *call, struct session *session, const char *path,
                LIBSSH2_SFTP_ATTRIBUTES *attributes);
int remote_fstat(struct ddb_call *call, struct session *session, LIBSSH2_SFTP_HANDLE *handle,
                 LIBSSH2_SFTP_ATTRIBUTES *attributes);

int remote_unlink(struct ddb_call *call, struct session *session, const char *path);

/* remote_rename(…): never over an existing file: SFTP version 3 refuses that. */
int remote_rename(struct ddb_call *call, struct session *session, const char *from, const char *to);

/* remote_missing(session, code): whether a step says that there is no such file. */
bool remote_missing(const struct session *session, int code);

/* remote_free(call, session, path, bytes): room for us in the file system of ${path}; INT64_MAX when
 * the server does not tell. */
int remote_free(struct ddb_call *call, struct session *session, const char *path, int64_t *bytes);

/* remote_make(call, session): the store's folder and its missing parents, mode 0700. -1 with fail(). */
int remote_make(struct ddb_call *call, struct session *session);

#endif
