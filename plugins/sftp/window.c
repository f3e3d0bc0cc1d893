/* window - see window.h. */
#include "window.h"

#include <stdlib.h>
#include <string.h>

/* New bytes are offered in portions of a few packets, so that packets are full. */
enum { PORTION_BYTES = 8 * 30000 };

int window_open(struct window *window)
{
    *window = (struct window){.bytes = malloc(2 * (size_t)WINDOW_BYTES)};
    return window->bytes == NULL ? -1 : 0;
}

void window_close(struct window *window)
{
    free(window->bytes);
    window->bytes = NULL;
}

/* Offer everything once, without waiting: how much was acknowledged, LIBSSH2_ERROR_EAGAIN, or a
 * failure. */
static int push(struct session *session, LIBSSH2_SFTP_HANDLE *handle, struct window *window)
{
    ssize_t n;

    if (session->is_lost)
        return session->lost_by;
    n = libssh2_sftp_write(handle, window->bytes + window->start, window->n);
    if (n < 0 && n != LIBSSH2_ERROR_EAGAIN)
        return session_ended(session, (int)n);
    window->offered = window->n;
    if (n <= 0)
        return LIBSSH2_ERROR_EAGAIN;
    window->start += (size_t)n;
    window->n -= (size_t)n;
    window->offered -= (size_t)n;
    window->acked += n;
    return (int)n;
}

/* Push until something was acknowledged. */
static int progress(struct ddb_call *call, struct session *session, LIBSSH2_SFTP_HANDLE *handle,
                    struct window *window)
{
    int code;

    session_begin(session);
    while ((code = push(session, handle, window)) == LIBSSH2_ERROR_EAGAIN)
        if ((code = session_wait(call, session)) != 0)
            return session_ended(session, code);
    return code < 0 ? code : 0;
}

int window_put(struct ddb_call *call, struct session *session, LIBSSH2_SFTP_HANDLE *handle,
               struct window *window, const void *data, size_t n)
{
    const char *at = data;
    int code;

    do {
        size_t room = WINDOW_BYTES - window->n;
        size_t part = n < room ? n : room;

        if (window->start + window->n + part > 2 * (size_t)WINDOW_BYTES) {
            memmove(window->bytes, window->bytes + window->start, window->n);
            window->start = 0;
        }
        memcpy(window->bytes + window->start + window->n, at, part);
        window->n += part;
        at += part;
        n -= part;
        if (n > 0) {
            if ((code = progress(call, session, handle, window)) < 0)
                return code;
        } else if (window->n - window->offered >= PORTION_BYTES || part == 0) {
            while (window->n > 0 && (code = push(session, handle, window)) != LIBSSH2_ERROR_EAGAIN)
                if (code < 0)
                    return code;
        }
    } while (n > 0);
    return 0;
}

int window_flush(struct ddb_call *call, struct session *session, LIBSSH2_SFTP_HANDLE *handle,
                 struct window *window)
{
    int code = 0;

    while (code == 0 && window->n > 0)
        code = progress(call, session, handle, window);
    return code;
}
