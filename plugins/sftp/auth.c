/* auth - see auth.h. */
#include "auth.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "keyfile.h"

enum { AGENT_KEYS_MOST = 5, SINCE_RSA_SHA2 = 0x010b00 };

struct login {
    struct ddb_call *call;
    struct session *session;
    const char *user;
    const char *tried; /* what the server has refused, for the message */
};

/* --- what libssh2 cannot use --------------------------------------------------------------------- */

/* Why a key of this type is of no use; NULL when it is. */
static const char *useless(const char *type)
{
    const bool has_rsa_sha2 = libssh2_version(SINCE_RSA_SHA2) != NULL;

    if (strcmp(type, "ssh-rsa") == 0)
        return has_rsa_sha2 ? NULL : "an RSA key, which this libssh2 signs with SHA-1 only, and "
                                     "servers refuse that";
    if (strcmp(type, "ssh-dss") == 0)
        return "a DSA key, which servers refuse";
    if (strncmp(type, "sk-", 3) == 0)
        return "a hardware security key, which libssh2 cannot use";
    if (strstr(type, "-cert-") != NULL)
        return "a certificate, which libssh2 cannot use";
    return NULL;
}

static int hint_other_key(struct ddb_call *call)
{
    return sftp_host->hint(call, "Use an ed25519 key (ssh-keygen -t ed25519), or transport = \"ssh\", "
                                 "which can do what the system's ssh can.");
}

static void note_tried(struct login *login, const char *what)
{
    login->tried = login->tried == NULL
                       ? sftp_host->format(login->call, "%s", what)
                       : sftp_host->format(login->call, "%s, %s", login->tried, what);
}

/* --- a key in a file ------------------------------------------------------------------------------- */

enum answer { FAILED = -1, ACCEPTED = 0, REFUSED = 1 };

/* The server's answer to a key; FAILED with fail() when the connection is lost. */
static enum answer answer_of(struct login *login, int code, const char *what)
{
    if (code == 0)
        return ACCEPTED;
    if (login->session->is_lost) {
        sftp_host->fail(login->call, "could not log in to %s with %s: %s",
                        site_name(login->call, login->session->site), what,
                        session_reason(login->call, login->session, code));
        return FAILED;
    }
    note_tried(login, what);
    return REFUSED;
}

static enum answer try_file(struct login *login, const char *path)
{
    struct session *session = login->session;
    char secret[SITE_SECRET_MOST];
    int code;

    if (site_secret(login->call, session->site, secret) < 0)
        return FAILED;
    SESSION_STEP(login->call, session, code,
                 libssh2_userauth_publickey_fromfile_ex(session->ssh, login->user,
                                                        (unsigned)strlen(login->user), NULL, path,
                                                        secret));
    explicit_bzero(secret, sizeof secret);
    if (code == LIBSSH2_ERROR_FILE || code == LIBSSH2_ERROR_KEYFILE_AUTH_FAILED) {
        sftp_host->fail(login->call, "could not use the key \"%s\": %s", path,
                        session_reason(login->call, session, code));
        sftp_host->hint(login->call, "Look whether the passphrase is right (ssh-keygen -y -f "
                                     "'%s'): passphrase = \"env:NAME\" or \"file:PATH\".", path);
        return FAILED;
    }
    return answer_of(login, code, sftp_host->format(login->call, "\"%s\"", path));
}

/* --- keys of an agent ------------------------------------------------------------------------------ */

/* libssh2 waits for an agent without an end: whether one answers is asked before, in the same way
 * (a request for its identities, draft-miller-ssh-agent). */
static bool agent_answers(int64_t timeout_ms)
{
    static const unsigned char request[] = {0, 0, 0, 1, 11};
    const char *path = getenv("SSH_AUTH_SOCK");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct pollfd ready = {.events = POLLIN};
    bool answers;

    if (path == NULL || path[0] == '\0' || strlen(path) >= sizeof address.sun_path)
        return false;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    ready.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (ready.fd < 0)
        return false;
    answers = connect(ready.fd, (struct sockaddr *)&address, sizeof address) == 0 &&
              send(ready.fd, request, sizeof request, MSG_NOSIGNAL) == (ssize_t)sizeof request &&
              poll(&ready, 1, timeout_ms > 5000 ? 5000 : (int)timeout_ms) == 1 &&
              (ready.revents & POLLIN) != 0;
    close(ready.fd);
    return answers;
}

/* The type that a public key begins with. */
static const char *blob_type(struct ddb_call *call, const struct libssh2_agent_publickey *key)
{
    size_t n = key->blob_len < 4 ? 0 : (size_t)key->blob[2] << 8 | key->blob[3];

    return n == 0 || n > key->blob_len - 4
               ? ""
               : sftp_host->format(call, "%.*s", (int)n, (const char *)key->blob + 4);
}

static enum answer try_agent_keys(struct login *login, LIBSSH2_AGENT *agent,
                                  const struct keyfile *only)
{
    struct libssh2_agent_publickey *key = NULL, *before = NULL;

    for (int n = 0; n < AGENT_KEYS_MOST && libssh2_agent_get_identity(agent, &key, before) == 0;
         before = key) {
        const char *what = sftp_host->format(login->call, "the agent's \"%s\"", key->comment);
        enum answer answer;
        int code;

        if (only != NULL &&
            (key->blob_len != only->n_blob || memcmp(key->blob, only->blob, only->n_blob) != 0))
            continue;
        if (useless(blob_type(login->call, key)) != NULL) {
            note_tried(login, sftp_host->format(login->call, "%s (%s)", what,
                                                useless(blob_type(login->call, key))));
            continue;
        }
        SESSION_STEP(login->call, login->session, code,
                     libssh2_agent_userauth(agent, login->user, key));
        answer = answer_of(login, code, what);
        if (answer != REFUSED)
            return answer;
        n++;
    }
    return REFUSED;
}

/* ${only}: this key alone, of which the agent has the secret half; NULL: any. */
static enum answer try_agent(struct login *login, const struct keyfile *only)
{
    LIBSSH2_AGENT *agent;
    enum answer answer = REFUSED;

    if (!agent_answers(login->session->site->timeout_ms))
        return REFUSED;
    agent = libssh2_agent_init(login->session->ssh);
    if (agent == NULL)
        return REFUSED;
    if (libssh2_agent_connect(agent) == 0) {
        if (libssh2_agent_list_identities(agent) == 0)
            answer = try_agent_keys(login, agent, only);
        libssh2_agent_disconnect(agent);
    }
    libssh2_agent_free(agent);
    return answer;
}

/* --- the order ------------------------------------------------------------------------------------ */

static enum answer try_identity(struct login *login, const char *path)
{
    const char *why;
    struct keyfile key;

    if (keyfile_look(path, &key) < 0) {
        sftp_host->fail(login->call, "could not read the key \"%s\": %s", path,
                        errno == EINVAL ? "it is no private key" : strerror(errno));
        if (errno == EINVAL)
            sftp_host->hint(login->call, "identity is the private key's file, not the one with "
                                         "\".pub\".");
        return FAILED;
    }
    why = useless(key.type);
    if (why != NULL) {
        sftp_host->fail(login->call, "the key \"%s\" is %s", path, why);
        hint_other_key(login->call);
        return FAILED;
    }
    if (!key.is_encrypted || login->session->site->passphrase != NULL)
        return try_file(login, path);
    if (key.n_blob > 0) {
        enum answer answer = try_agent(login, &key);

        if (answer != REFUSED || login->tried != NULL)
            return answer;
    }
    sftp_host->fail(login->call, "the key \"%s\" has a passphrase, and no agent has the key", path);
    sftp_host->hint(login->call, "Set passphrase = \"env:NAME\" or \"file:PATH\", or add the key to "
                                 "ssh-agent (ssh-add '%s').", path);
    return FAILED;
}

static enum answer try_usual(struct login *login)
{
    static const char *const files[] = {"id_ed25519", "id_ecdsa"};
    enum answer answer = try_agent(login, NULL);
    const char *home = getenv("HOME");

    for (size_t i = 0; answer == REFUSED && home != NULL && i < 2; i++) {
        const char *path = sftp_host->format(login->call, "%s/.ssh/%s", home, files[i]);
        struct keyfile key;

        if (keyfile_look(path, &key) < 0)
            continue;
        if (key.is_encrypted && login->session->site->passphrase == NULL)
            note_tried(login, sftp_host->format(login->call, "\"%s\" (has a passphrase)", path));
        else
            answer = try_file(login, path);
    }
    return answer;
}

static int refused(struct login *login)
{
    struct ddb_call *call = login->call;
    const struct site *site = login->session->site;

    sftp_host->fail(call, "%s does not accept our key for user \"%s\"", site_name(call, site),
                    login->user);
    sftp_host->detail(call, "Tried: %s.", login->tried != NULL
                                              ? login->tried
                                              : "nothing, as there is no key and no agent");
    return sftp_host->hint(call, "Add the public key to ~/.ssh/authorized_keys there, or name another "
                                 "key with identity; certificates, RSA and hardware keys need "
                                 "transport = \"ssh\".");
}

/* The methods that the server offers; asking is itself an attempt, which may succeed. */
static int offered(struct login *login, const char **methods)
{
    struct session *session = login->session;
    char *list = NULL;
    int code;

    SESSION_STEP(login->call, session, code,
                 (list = libssh2_userauth_list(session->ssh, login->user,
                                               (unsigned)strlen(login->user))) != NULL ||
                         libssh2_userauth_authenticated(session->ssh)
                     ? 0
                     : session_errno(session));
    if (code < 0)
        return sftp_host->fail(login->call, "could not log in to %s as \"%s\": %s",
                               site_name(login->call, session->site), login->user,
                               session_reason(login->call, session, code));
    *methods = list;
    return 0;
}

int auth_login(struct ddb_call *call, struct session *session)
{
    struct login login = {.call = call, .session = session};
    const struct site *site = session->site;
    const char *methods = NULL;
    enum answer answer;

    login.user = site_user(call, site);
    if (offered(&login, &methods) < 0)
        return -1;
    if (libssh2_userauth_authenticated(session->ssh))
        return 0;
    if (methods != NULL && strstr(methods, "publickey") == NULL) {
        sftp_host->fail(call, "%s takes no keys of user \"%s\", only: %s", site_name(call, site),
                        login.user, methods);
        return sftp_host->hint(call, "Let the server accept public keys, or use transport = \"ssh\".");
    }
    answer = site->identity != NULL ? try_identity(&login, site->identity) : try_usual(&login);
    if (answer == REFUSED)
        return refused(&login);
    return answer == ACCEPTED ? 0 : -1;
}
