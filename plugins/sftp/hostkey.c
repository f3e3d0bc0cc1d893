/* hostkey - see hostkey.h. */
#include "hostkey.h"

#include <stdio.h>
#include <string.h>

/* The kinds in the order of our liking; RSA keys have three names for the handshake. */
static const char *const kinds[] = {
    "ssh-ed25519",  "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
    "rsa-sha2-512", "rsa-sha2-256",        "ssh-rsa",
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Which of them a pinned fingerprint may be of, attempt by attempt. */
static const struct {
    int first, last;
} attempts[] = {{0, 0}, {1, 3}, {4, 6}};
enum { ATTEMPTS = sizeof attempts / sizeof *attempts };

static const char *base64(struct ddb_call *call, const unsigned char *bytes, size_t n, bool padded)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = sftp_host->alloc(call, n / 3 * 4 + 5), *at = text;

    for (size_t i = 0; i < n; i += 3) {
        size_t have = n - i < 3 ? n - i : 3;
        unsigned group = (unsigned)bytes[i] << 16;

        group |= have > 1 ? (unsigned)bytes[i + 1] << 8 : 0;
        group |= have > 2 ? bytes[i + 2] : 0u;
        for (size_t d = 0; d <= have; d++)
            *at++ = digits[group >> (18 - 6 * d) & 63];
        for (size_t d = have; padded && d < 3; d++)
            *at++ = '=';
    }
    return text;
}

/* --- before the handshake -------------------------------------------------------------------------- */

static bool is_supported(const char *const *algorithms, int n, const char *kind)
{
    for (int i = 0; i < n; i++)
        if (strcmp(algorithms[i], kind) == 0)
            return true;
    return false;
}

/* Whether a line of type ${type} stands for a key of ${kind}. */
static bool is_of(const char *type, const char *kind)
{
    return strcmp(type, kind) == 0 ||
           (strcmp(type, "ssh-rsa") == 0 && strncmp(kind, "rsa-sha2-", 9) == 0);
}

/* Lines that name the port count before lines that do not. */
static bool has_port(const struct knownhosts *hosts)
{
    for (size_t i = 0; i < hosts->n; i++)
        if (hosts->lines[i].has_port)
            return true;
    return false;
}

static bool counts(const struct knownhosts *hosts, const struct known *known)
{
    return !known->is_revoked && (known->has_port || !has_port(hosts));
}

static bool is_known(const struct knownhosts *hosts, const char *kind)
{
    for (size_t i = 0; i < hosts->n; i++)
        if (counts(hosts, &hosts->lines[i]) && is_of(hosts->lines[i].type, kind))
            return true;
    return false;
}

static const char *known_types(struct ddb_call *call, const struct knownhosts *hosts)
{
    const char *text = NULL;

    for (size_t i = 0; i < hosts->n; i++)
        if (counts(hosts, &hosts->lines[i]))
            text = text == NULL ? hosts->lines[i].type
                                : sftp_host->format(call, "%s, %s", text, hosts->lines[i].type);
    return text;
}

int hostkey_prefer(struct ddb_call *call, LIBSSH2_SESSION *ssh, struct hostkey *hostkey, int attempt)
{
    const bool pinned = hostkey->site->fingerprint != NULL;
    const char **algorithms = NULL, *types, *wanted = "";
    int n = libssh2_session_supported_algs(ssh, LIBSSH2_METHOD_HOSTKEY, &algorithms);
    int first = pinned ? attempts[attempt].first : 0;
    int last = pinned ? attempts[attempt].last : KINDS - 1;

    if (knownhosts_read(call, hostkey->site, ssh, &hostkey->hosts) < 0)
        return -1;
    types = pinned ? NULL : known_types(call, &hostkey->hosts);
    for (int i = first; i <= last; i++)
        if (is_supported(algorithms, n, kinds[i]) &&
            (types == NULL || is_known(&hostkey->hosts, kinds[i])))
            wanted = sftp_host->format(call, "%s%s%s", wanted, *wanted ? "," : "", kinds[i]);
    if (n > 0)
        libssh2_free(ssh, algorithms);
    hostkey->is_last = !pinned || attempt == ATTEMPTS - 1;
    hostkey->asked = wanted;
    if (wanted[0] == '\0') {
        sftp_host->fail(call, "the host keys that are known of %s cannot be used by libssh2 %s: %s",
                        site_name(call, hostkey->site), libssh2_version(0), types);
        return sftp_host->hint(call, "Add the server's ed25519 key (ssh-keyscan -t ed25519), or use "
                                     "transport = \"ssh\".");
    }
    if (libssh2_session_method_pref(ssh, LIBSSH2_METHOD_HOSTKEY, wanted) == 0)
        return 0;
    return sftp_host->fail(call, "libssh2 does not take the kinds of host keys \"%s\"", wanted);
}

static enum hostkey_answer not_pinned(struct ddb_call *call, const struct hostkey *hostkey)
{
    sftp_host->fail(call, "%s has another host key than the pinned one",
                    site_name(call, hostkey->site));
    sftp_host->detail(call, "It shows %s; fingerprint = \"%s\".", hostkey->shown,
                      hostkey->site->fingerprint);
    sftp_host->hint(call, "Somebody may stand between. Ask the server's administrator which "
                          "fingerprint is right before you change the setting.");
    return HOSTKEY_FAILED;
}

enum hostkey_answer hostkey_none(struct ddb_call *call, struct hostkey *hostkey)
{
    const char *types = known_types(call, &hostkey->hosts);

    if (!hostkey->is_last)
        return HOSTKEY_NEXT;
    if (hostkey->shown != NULL)
        return not_pinned(call, hostkey);
    sftp_host->fail(call, "%s and libssh2 %s have no algorithms in common",
                    site_name(call, hostkey->site), libssh2_version(0));
    sftp_host->detail(call, "It was asked for host keys of these kinds: %s%s.", hostkey->asked,
                      types != NULL ? ", which known_hosts has" : "");
    sftp_host->hint(call, "Use transport = \"ssh\", whose algorithms are those of the system's ssh; or "
                          "look whether the server still has such a key (ssh-keyscan).");
    return HOSTKEY_FAILED;
}

/* --- after it --------------------------------------------------------------------------------------- */

struct shown {
    const char *type, *key, *fingerprint, *name;
};

static enum hostkey_answer check_pin(struct ddb_call *call, struct hostkey *hostkey,
                                     const struct shown *shown)
{
    const struct site *site = hostkey->site;

    if (strcmp(site->fingerprint, shown->fingerprint) == 0)
        return HOSTKEY_RIGHT;
    hostkey->shown = sftp_host->format(call, "%s%s%s %s", hostkey->shown != NULL ? hostkey->shown : "",
                                       hostkey->shown != NULL ? ", " : "", shown->type,
                                       shown->fingerprint);
    return hostkey->is_last ? not_pinned(call, hostkey) : HOSTKEY_NEXT;
}

static enum hostkey_answer changed(struct ddb_call *call, const struct hostkey *hostkey,
                                   const struct shown *shown, const struct known *known)
{
    sftp_host->fail(call, "the host key of %s has changed: \"%s\" line %zu has another one",
                    site_name(call, hostkey->site), known->file, known->line);
    sftp_host->detail(call, "It shows %s %s.", shown->type, shown->fingerprint);
    sftp_host->hint(call, "Somebody may stand between, or the server was set up anew. Ask its "
                          "administrator; if the fingerprint is right: ssh-keygen -R '%s' -f '%s', "
                          "then add the new key.", shown->name, known->file);
    return HOSTKEY_FAILED;
}

static enum hostkey_answer unknown(struct ddb_call *call, const struct hostkey *hostkey,
                                   const struct shown *shown)
{
    const struct site *site = hostkey->site;
    const char *file = hostkey->hosts.files[0];

    if (site->accept_new) {
        if (knownhosts_add(call, &hostkey->hosts, shown->name, shown->type, shown->key) < 0)
            return HOSTKEY_FAILED;
        sftp_host->log(call, DDB_LEVEL_WARNING,
                       "the host key of %s is new and was added to \"%s\": %s %s",
                       site_name(call, site), file, shown->type, shown->fingerprint);
        return HOSTKEY_RIGHT;
    }
    sftp_host->fail(call, "the host key of %s is not known", site_name(call, site));
    sftp_host->detail(call, "It shows %s %s; \"%s\" has no key of \"%s\".", shown->type,
                      shown->fingerprint, file, shown->name);
    sftp_host->hint(call, "If its administrator confirms the fingerprint: ssh-keyscan -p %d -t %s %s "
                          ">>'%s'; or set fingerprint = \"%s\".", site_port(site),
                    strncmp(shown->type, "ecdsa", 5) == 0     ? "ecdsa"
                    : strcmp(shown->type, "ssh-rsa") == 0 ? "rsa"
                                                          : "ed25519",
                    site->host, file, shown->fingerprint);
    return HOSTKEY_FAILED;
}

static enum hostkey_answer check_files(struct ddb_call *call, const struct hostkey *hostkey,
                                       const struct shown *shown)
{
    const struct knownhosts *hosts = &hostkey->hosts;
    const struct known *other = NULL;

    for (size_t i = 0; i < hosts->n; i++) {
        const struct known *known = &hosts->lines[i];

        if (!counts(hosts, known))
            continue;
        if (strcmp(known->key, shown->key) == 0)
            return HOSTKEY_RIGHT;
        if (known->has_port && (other == NULL || strcmp(known->type, shown->type) == 0))
            other = known;
    }
    /* A key under the plain name says nothing of another port, unless it is the same. */
    return other != NULL ? changed(call, hostkey, shown, other) : unknown(call, hostkey, shown);
}

/* The kind's name, which the key begins with. */
static const char *type_of(struct ddb_call *call, const unsigned char *key, size_t n)
{
    size_t len = n < 4 ? 0 : (size_t)key[2] << 8 | key[3];

    if (n < 4 || key[0] != 0 || key[1] != 0 || len > n - 4)
        return "of an unknown kind";
    return sftp_host->format(call, "%.*s", (int)len, (const char *)key + 4);
}

enum hostkey_answer hostkey_check(struct ddb_call *call, LIBSSH2_SESSION *ssh,
                                  struct hostkey *hostkey)
{
    size_t n = 0;
    int type = 0;
    const char *key = libssh2_session_hostkey(ssh, &n, &type);
    const char *hash = libssh2_hostkey_hash(ssh, LIBSSH2_HOSTKEY_HASH_SHA256);
    struct shown shown;

    if (key == NULL || hash == NULL) {
        sftp_host->fail(call, "%s has shown no host key", site_name(call, hostkey->site));
        return HOSTKEY_FAILED;
    }
    shown = (struct shown){
        .type = type_of(call, (const unsigned char *)key, n),
        .key = base64(call, (const unsigned char *)key, n, true),
        .fingerprint = sftp_host->format(call, "SHA256:%s",
                                         base64(call, (const unsigned char *)hash, 32, false)),
        .name = knownhosts_name(call, hostkey->site),
    };
    for (size_t i = 0; i < hostkey->hosts.n; i++) {
        const struct known *known = &hostkey->hosts.lines[i];

        if (known->is_revoked && strcmp(known->key, shown.key) == 0) {
            sftp_host->fail(call, "the host key of %s is revoked: \"%s\" line %zu",
                            site_name(call, hostkey->site), known->file, known->line);
            sftp_host->hint(call, "Do not go on: ask the server's administrator.");
            return HOSTKEY_FAILED;
        }
    }
    return hostkey->site->fingerprint != NULL ? check_pin(call, hostkey, &shown)
                                              : check_files(call, hostkey, &shown);
}
