/* session_open - the beginning of a connection (session.h): TCP, the server's key, our key, SFTP. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth.h"
#include "hostkey.h"

enum { LOOK_MS = 200 };

/* --- TCP ------------------------------------------------------------------------------------------ */

/* Wait for a connection that was begun: 0, or the reason. */
static const char *connected(struct ddb_call *call, struct session *session)
{
    struct pollfd ready = {.fd = session->fd, .events = POLLOUT};
    socklen_t n = sizeof(int);
    int errnum = 0;

    for (;;) {
        int64_t left = session->deadline_ms - session_now();
        int rc;

        if (!session->is_closing && sftp_host->cancelled(call))
            return "it was cancelled";
        if (left <= 0)
            return sftp_host->format(call, "no answer within %g s",
                                     (double)session->site->timeout_ms / 1000);
        rc = poll(&ready, 1, left < LOOK_MS ? (int)left : LOOK_MS);
        if (rc < 0 && errno != EINTR)
            return strerror(errno);
        if (rc <= 0)
            continue;
        if (getsockopt(session->fd, SOL_SOCKET, SO_ERROR, &errnum, &n) < 0)
            errnum = errno;
        return errnum == 0 ? NULL : strerror(errnum);
    }
}

/* The kernel looks after an idle connection, and gives up one whose data nobody acknowledges. */
static void set_options(const struct session *session)
{
    const int on = 1, probes = 3;
    int idle = (int)(session->site->keepalive_ms / 1000);
    unsigned user_timeout = (unsigned)session->site->timeout_ms;

    (void)setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(session->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout,
                     sizeof user_timeout);
    if (idle < 1)
        return;
    (void)setsockopt(session->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(session->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(session->fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle, sizeof idle);
    (void)setsockopt(session->fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

static const char *connect_to(struct ddb_call *call, struct session *session,
                              const struct addrinfo *address)
{
    const char *why = NULL;

    session->fd = socket(address->ai_family,
                         address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->ai_protocol);
    if (session->fd < 0)
        return strerror(errno);
    session_begin(session);
    if (connect(session->fd, address->ai_addr, address->ai_addrlen) < 0)
        why = errno == EINPROGRESS ? connected(call, session) : strerror(errno);
    if (why == NULL) {
        set_options(session);
        return NULL;
    }
    close(session->fd);
    session->fd = -1;
    return why;
}

static int open_socket(struct ddb_call *call, struct session *session)
{
    const struct site *site = session->site;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *list = NULL;
    const char *why = "it has no address";
    char port[16];
    int code;

    snprintf(port, sizeof port, "%d", site_port(site));
    code = getaddrinfo(site->host, port, &hints, &list);
    if (code == EAI_ADDRFAMILY || code == EAI_NONAME) { /* only loopback is configured here */
        hints.ai_flags = 0;
        code = getaddrinfo(site->host, port, &hints, &list);
    }
    if (code != 0) {
        sftp_host->fail(call, "could not find the address of \"%s\": %s", site->host,
                        gai_strerror(code));
        return sftp_host->hint(call, "Names from ~/.ssh/config are known to transport = \"ssh\" only.");
    }
    for (const struct addrinfo *at = list; at != NULL && why != NULL; at = at->ai_next)
        why = connect_to(call, session, at);
    freeaddrinfo(list);
    if (why == NULL)
        return 0;
    sftp_host->fail(call, "could not connect to %s port %d: %s", site->host, site_port(site), why);
    return sftp_host->hint(call, "Look whether the SSH server runs and a firewall lets us through; "
                                 "jump hosts need transport = \"ssh\".");
}

/* --- SSH ------------------------------------------------------------------------------------------- */

static int handshake_failed(struct ddb_call *call, const struct session *session, int code)
{
    sftp_host->fail(call, "could not begin an SSH session with %s: %s",
                    site_name(call, session->site), session_reason(call, session, code));
    if (code == LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE)
        sftp_host->hint(call, "The server may want what libssh2 %s does not have; transport = \"ssh\" "
                              "has what the system's ssh has.", libssh2_version(0));
    return session_hint(call, code);
}

/* One attempt: a socket, the handshake, the server's key. */
static enum hostkey_answer meet(struct ddb_call *call, struct session *session,
                                struct hostkey *hostkey, int attempt)
{
    int code;

    if (open_socket(call, session) < 0)
        return HOSTKEY_FAILED;
    session->ssh = libssh2_session_init();
    if (session->ssh == NULL) {
        sftp_host->fail(call, "could not begin an SSH session: out of memory");
        return HOSTKEY_FAILED;
    }
    libssh2_session_set_blocking(session->ssh, 0);
    if (hostkey_prefer(call, session->ssh, hostkey, attempt) < 0)
        return HOSTKEY_FAILED;
    SESSION_STEP(call, session, code, libssh2_session_handshake(session->ssh, session->fd));
    if (code == LIBSSH2_ERROR_KEX_FAILURE || code == LIBSSH2_ERROR_METHOD_NONE)
        return hostkey_none(call, hostkey);
    if (code < 0) {
        handshake_failed(call, session, code);
        return HOSTKEY_FAILED;
    }
    return hostkey_check(call, session->ssh, hostkey);
}

static int begin_sftp(struct ddb_call *call, struct session *session)
{
    int code;

    SESSION_STEP(call, session, code,
                 (session->sftp = libssh2_sftp_init(session->ssh)) != NULL
                     ? 0
                     : session_errno(session));
    if (code == 0) {
        libssh2_keepalive_config(session->ssh, 1, (unsigned)(session->site->keepalive_ms / 1000));
        session->alive_ms = session_now() + session->site->keepalive_ms;
        return 0;
    }
    sftp_host->fail(call, "could not begin SFTP with %s: %s", site_name(call, session->site),
                    session_reason(call, session, code));
    return sftp_host->hint(call, "Look whether the server offers SFTP (Subsystem sftp in its "
                                 "sshd_config).");
}

int session_open(struct ddb_call *call, const struct site *site, struct session *session)
{
    struct hostkey hostkey = {.site = site};
    enum hostkey_answer answer = HOSTKEY_NEXT;

    session->site = site;
    for (int attempt = 0; answer == HOSTKEY_NEXT; attempt++) {
        session_close(session);
        session->is_lost = false;
        answer = meet(call, session, &hostkey, attempt);
    }
    if (answer == HOSTKEY_RIGHT && auth_login(call, session) == 0 && begin_sftp(call, session) == 0)
        return 0;
    session_close(session);
    return -1;
}
