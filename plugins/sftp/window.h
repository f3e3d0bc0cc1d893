/*
 * window - the sliding window that a file is written through.
 *
 * libssh2_sftp_write() wants the bytes that are not acknowledged yet again, with the new ones behind
 * them, and gives how many at the front are acknowledged now. Offered that way, WINDOW_BYTES are under
 * way at any time, which is as much as OpenSSH's server lets a channel have; waiting for each buffer
 * would send 30 KB in a round trip.
 */
#ifndef SFTP_WINDOW_H
#define SFTP_WINDOW_H

#include "session.h"

enum { WINDOW_BYTES = 2 * 1024 * 1024 };

struct window {
    char *bytes;      /* room for two windows, so that they are moved once in a window */
    size_t start, n;  /* what is not acknowledged */
    size_t offered;   /* of it, what libssh2 has */
    int64_t acked;    /* since the window was opened */
};

/* window_open(window): 0; -1 with errno. window_close(window) frees it. */
int window_open(struct window *window);
void window_close(struct window *window);

/* window_put(call, session, handle, window, data, n): take ${n} bytes; returns when there was room for
 * them. window_flush(…): until all is acknowledged. They give 0 or the code of the failed step. */
int window_put(struct ddb_call *call, struct session *session, LIBSSH2_SFTP_HANDLE *handle,
               struct window *window, const void *data, size_t n);
int window_flush(struct ddb_call *call, struct session *session, LIBSSH2_SFTP_HANDLE *handle,
                 struct window *window);

#endif
