/* session - see session.h: steps, their deadlines and what their failures mean. The beginning of a
 * connection is in session_open.c. */
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 200, CLOSING_MS = 5000 };

int64_t session_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void session_begin(struct session *session)
{
    int64_t ms = session->site->timeout_ms;

    if (session->is_closing && ms > CLOSING_MS)
        ms = CLOSING_MS;
    session->deadline_ms = session_now() + ms;
}

/* A message that asks for an answer. Only while the socket takes it at once and nothing is half
 * sent: libssh2 cannot go on with one of these later. */
static void keep_alive(struct session *session, int directions)
{
    struct pollfd ready = {.fd = session->fd, .events = POLLOUT};
    int64_t now = session_now();
    int next;

    if (session->site->keepalive_ms == 0 || now < session->alive_ms || session->sftp == NULL ||
        (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0 || poll(&ready, 1, 0) != 1)
        return;
    libssh2_keepalive_send(session->ssh, &next);
    session->alive_ms = now + session->site->keepalive_ms;
}

int session_wait(struct ddb_call *call, struct session *session)
{
    int directions = libssh2_session_block_directions(session->ssh);
    struct pollfd ready = {.fd = session->fd};

    if ((directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0)
        ready.events |= POLLOUT;
    if ((directions & LIBSSH2_SESSION_BLOCK_INBOUND) != 0 || ready.events == 0)
        ready.events |= POLLIN;
    for (;;) {
        int64_t left = session->deadline_ms - session_now();
        int n;

        if (!session->is_closing && sftp_host->cancelled(call))
            return SESSION_CANCELLED;
        if (left <= 0)
            return SESSION_TIMED_OUT;
        keep_alive(session, directions);
        n = poll(&ready, 1, left < LOOK_MS ? (int)left : LOOK_MS);
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return LIBSSH2_ERROR_BAD_SOCKET;
    }
}

int session_ended(struct session *session, int code)
{
    switch (code) {
    case LIBSSH2_ERROR_SFTP_PROTOCOL:
        /* libssh2 says so of answers that it does not understand too: then there is no status. */
        if (session->sftp != NULL && libssh2_sftp_last_error(session->sftp) != LIBSSH2_FX_OK)
            return code;
        break;
    case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
    case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
    case LIBSSH2_ERROR_FILE:
    case LIBSSH2_ERROR_METHOD_NOT_SUPPORTED:
    case LIBSSH2_ERROR_AGENT_PROTOCOL:
    case LIBSSH2_ERROR_KEYFILE_AUTH_FAILED:
    case LIBSSH2_ERROR_BUFFER_TOO_SMALL:
        return code;
    default:
        if (code >= 0)
            return code;
        break;
    }
    session->is_lost = true;
    session->lost_by = code;
    return code;
}

int session_errno(const struct session *session)
{
    int code = libssh2_session_last_errno(session->ssh);

    return code < 0 ? code : LIBSSH2_ERROR_PROTO;
}

unsigned long session_status(const struct session *session, int code)
{
    if (code != LIBSSH2_ERROR_SFTP_PROTOCOL || session->sftp == NULL)
        return LIBSSH2_FX_OK;
    return libssh2_sftp_last_error(session->sftp);
}

bool session_unsupported(const struct session *session, int code)
{
    unsigned long status = session_status(session, code);

    return status == LIBSSH2_FX_OP_UNSUPPORTED || status == LIBSSH2_FX_PERMISSION_DENIED;
}

static const char *status_text(unsigned long status)
{
    static const char *const texts[] = {
        [LIBSSH2_FX_EOF] = "unexpected end of the file",
        [LIBSSH2_FX_NO_SUCH_FILE] = "no such file or directory",
        [LIBSSH2_FX_PERMISSION_DENIED] = "permission denied",
        [LIBSSH2_FX_FAILURE] = "the server gives no reason (failure)",
        [LIBSSH2_FX_BAD_MESSAGE] = "the server did not understand the request",
        [LIBSSH2_FX_NO_CONNECTION] = "the server has no connection",
        [LIBSSH2_FX_CONNECTION_LOST] = "the server has lost its connection",
        [LIBSSH2_FX_OP_UNSUPPORTED] = "the server does not offer this operation",
        [LIBSSH2_FX_INVALID_HANDLE] = "the server does not know the handle",
        [LIBSSH2_FX_NO_SUCH_PATH] = "no such path",
        [LIBSSH2_FX_FILE_ALREADY_EXISTS] = "the file exists already",
        [LIBSSH2_FX_WRITE_PROTECT] = "the file system is read-only",
        [LIBSSH2_FX_NO_MEDIA] = "there is no medium",
        [LIBSSH2_FX_NO_SPACE_ON_FILESYSTEM] = "no space left on the server",
        [LIBSSH2_FX_QUOTA_EXCEEDED] = "quota exceeded",
    };

    return status < sizeof texts / sizeof *texts ? texts[status] : NULL;
}

static const char *library_text(struct ddb_call *call, const struct session *session)
{
    char *text = NULL;
    int code = libssh2_session_last_error(session->ssh, &text, NULL, 0);

    if (text == NULL || text[0] == '\0')
        return sftp_host->format(call, "libssh2 gives code %d", code);
    return sftp_host->format(call, "%s (libssh2 code %d)", text, code);
}

const char *session_reason(struct ddb_call *call, const struct session *session, int code)
{
    unsigned long status = session_status(session, code);

    switch (code) {
    case SESSION_TIMED_OUT:
        return sftp_host->format(call, "the server has not answered for %g s",
                                 (double)session->site->timeout_ms / 1000);
    case SESSION_CANCELLED:
        return "it was cancelled";
    case LIBSSH2_ERROR_SOCKET_DISCONNECT:
    case LIBSSH2_ERROR_SOCKET_SEND:
    case LIBSSH2_ERROR_SOCKET_RECV:
    case LIBSSH2_ERROR_BAD_SOCKET:
    case LIBSSH2_ERROR_CHANNEL_CLOSED:
    case LIBSSH2_ERROR_CHANNEL_EOF_SENT:
        return "the connection was lost";
    default:
        break;
    }
    if (status_text(status) != NULL)
        return status_text(status);
    if (status != LIBSSH2_FX_OK)
        return sftp_host->format(call, "the server answers with status %lu", status);
    return library_text(call, session);
}

int session_hint(struct ddb_call *call, int code)
{
    if (code == SESSION_TIMED_OUT)
        sftp_host->hint(call, "Look whether the server and the network are well; \"timeout\" of the "
                              "store says how long to wait.");
    return -1;
}

int session_failed(struct ddb_call *call, const struct session *session, int code,
                   const char *doing, const char *path)
{
    const struct site *site = session->site;

    sftp_host->fail(call, "could not %s \"%s\" on %s: %s", doing, path, site_name(call, site),
                    session_reason(call, session, code));
    if (session_status(session, code) == LIBSSH2_FX_PERMISSION_DENIED)
        sftp_host->hint(call, "Give user \"%s\" there the right to do so in \"%s\".",
                        site_user(call, site), site->path);
    return session_hint(call, code);
}

/* What libssh2 says at the end it says in CLOSING_MS, and to nobody when the session is lost. */
static void say_goodbye(struct session *session)
{
    int code = 0;

    if (session->sftp != NULL)
        SESSION_STEP(NULL, session, code, libssh2_sftp_shutdown(session->sftp));
    session->sftp = NULL;
    if (!session->is_lost)
        SESSION_STEP(NULL, session, code, libssh2_session_disconnect(session->ssh, "done"));
    (void)code;
}

void session_cut(struct session *session)
{
    if (session->fd >= 0)
        shutdown(session->fd, SHUT_RDWR);
}

void session_close(struct session *session)
{
    const bool was_closing = session->is_closing;

    session->is_closing = true;
    if (session->ssh != NULL) {
        if (!session->is_lost)
            say_goodbye(session);
        /* Freeing would talk to the server: with the socket shut down it cannot wait for it. */
        session_cut(session);
        for (int i = 0; i < 100 && session->sftp != NULL; i++)
            if (libssh2_sftp_shutdown(session->sftp) != LIBSSH2_ERROR_EAGAIN)
                session->sftp = NULL;
        for (int i = 0; i < 100 && libssh2_session_free(session->ssh) == LIBSSH2_ERROR_EAGAIN; i++)
            ;
    }
    if (session->fd >= 0)
        close(session->fd);
    *session = (struct session){.fd = -1,
                                .site = session->site,
                                .is_closing = was_closing,
                                .is_lost = true,
                                .lost_by = LIBSSH2_ERROR_SOCKET_DISCONNECT};
}
