/* site - see site.h. */
#include "site.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char scheme[] = "sftp://";

/* --- the URL ------------------------------------------------------------------------------------- */

static int url_failed(struct ddb_call *call, const char *why)
{
    sftp_host->fail(call, "the url of the sftp store %s", why);
    return sftp_host->hint(call, "Write url = \"sftp://user@host:port/path\"; \"/~/path\" starts at "
                                 "the user's home there.");
}

static int hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* ${n} bytes of a URL, with %XX decoded; NULL when that gives a control character. */
static const char *decoded(struct ddb_call *call, const char *text, size_t n)
{
    char *out = sftp_host->alloc(call, n + 1), *to = out;

    for (size_t i = 0; i < n; i++) {
        char c = text[i];

        if (c == '%' && i + 2 < n && isxdigit((unsigned char)text[i + 1]) &&
            isxdigit((unsigned char)text[i + 2])) {
            c = (char)(hex(text[i + 1]) << 4 | hex(text[i + 2]));
            i += 2;
        }
        if (iscntrl((unsigned char)c))
            return NULL;
        *to++ = c;
    }
    return out;
}

/* "/srv/shop" as it is; "/~/shop" is "shop", and "/~" or "/~/" is ".". */
static const char *remote_path(struct ddb_call *call, const char *text)
{
    size_t n = strlen(text);

    while (n > 1 && text[n - 1] == '/')
        n--;
    if (n == 0)
        return NULL;
    if (strncmp(text, "/~", 2) != 0 || (n > 2 && text[2] != '/'))
        return decoded(call, text, n);
    return n <= 3 ? "." : decoded(call, text + 3, n - 3);
}

/* "host", "host:port", "[address]:port" in text[0..n). */
static int read_authority(struct ddb_call *call, struct site *site, const char *text, size_t n)
{
    const char *end = text + n, *at = text, *stop;
    long port = 0;

    if (n > 0 && *at == '[') {
        at++;
        stop = memchr(at, ']', n - 1);
        if (stop == NULL)
            return url_failed(call, "has a \"[\" without its \"]\"");
    } else {
        stop = memchr(at, ':', n);
        if (stop == NULL)
            stop = end;
    }
    site->host = decoded(call, at, (size_t)(stop - at));
    if (site->host == NULL || site->host[0] == '\0' || site->host[0] == '-' ||
        strpbrk(site->host, " /@,*?!\"'`$\\") != NULL)
        return url_failed(call, "names no host");
    at = stop + (stop < end && *stop == ']');
    if (at == end)
        return 0;
    if (*at == ':')
        for (at++; at < end && isdigit((unsigned char)*at) && port <= 65535; at++)
            port = port * 10 + (*at - '0');
    if (at != end || port < 1 || port > 65535)
        return url_failed(call, "has a port that is no number from 1 to 65535");
    site->port = (int)port;
    return 0;
}

static int read_url(struct ddb_call *call, struct site *site, const char *url)
{
    const char *at, *path, *user_end;
    bool bracket;

    if (url == NULL || url[0] == '\0')
        return url_failed(call, "is not set");
    if (strncmp(url, scheme, strlen(scheme)) != 0)
        return url_failed(call, "does not begin with \"sftp://\"");
    at = url + strlen(scheme);
    path = strchr(at, '/');
    if (path == NULL)
        return url_failed(call, "has no path");
    user_end = memrchr(at, '@', (size_t)(path - at));
    if (user_end != NULL) {
        if (memchr(at, ':', (size_t)(user_end - at)) != NULL) {
            sftp_host->fail(call, "the url of the sftp store holds a password");
            return sftp_host->hint(call, "Remove it, and log in with a key: identity = "
                                         "\"~/.ssh/id_ed25519\"; or an agent.");
        }
        site->user = decoded(call, at, (size_t)(user_end - at));
        if (site->user == NULL || site->user[0] == '\0' || site->user[0] == '-' ||
            strpbrk(site->user, " \"'`$\\") != NULL)
            return url_failed(call, "has no usable user before the \"@\"");
        at = user_end + 1;
    }
    if (read_authority(call, site, at, (size_t)(path - at)) < 0)
        return -1;
    site->path = remote_path(call, path);
    if (site->path == NULL)
        return url_failed(call, "has no usable path");
    bracket = strchr(site->host, ':') != NULL;
    site->url = sftp_host->format(
        call, "sftp://%s%s%s%s%s%s%s%s", site->user != NULL ? site->user : "",
        site->user != NULL ? "@" : "", bracket ? "[" : "", site->host, bracket ? "]" : "",
        site->port != 0 ? sftp_host->format(call, ":%d", site->port) : "",
        site->path[0] == '/' ? "" : "/~/", site->path);
    return 0;
}

/* --- the other settings --------------------------------------------------------------------------- */

static const char *given(struct ddb_call *call, const char *key)
{
    const char *text = sftp_host->setting(call, key);

    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* One of two words: 0, 1, or -1 with fail(). */
static int choice(struct ddb_call *call, const char *key, const char *first, const char *second)
{
    const char *text = given(call, key);

    if (text == NULL || strcmp(text, first) == 0)
        return 0;
    if (strcmp(text, second) == 0)
        return 1;
    sftp_host->fail(call, "%s = \"%s\" of the sftp store is not known", key, text);
    return sftp_host->hint(call, "It is \"%s\" or \"%s\".", first, second);
}

static int read_fingerprint(struct ddb_call *call, struct site *site)
{
    const char *text = given(call, "fingerprint");
    size_t n = text == NULL ? 0 : strcspn(text, "=");

    if (text == NULL)
        return 0;
    if (strncmp(text, "SHA256:", 7) != 0 || n != 7 + 43) {
        sftp_host->fail(call, "fingerprint = \"%s\" of the sftp store is no SHA-256 fingerprint",
                        text);
        return sftp_host->hint(call, "\"ssh-keygen -lf FILE\" prints one: SHA256: and 43 characters.");
    }
    site->fingerprint = sftp_host->format(call, "%.*s", (int)n, text);
    return 0;
}

static int read_passphrase(struct ddb_call *call, struct site *site)
{
    site->passphrase = given(call, "passphrase");
    if (site->passphrase == NULL || strncmp(site->passphrase, "env:", 4) == 0 ||
        strncmp(site->passphrase, "file:", 5) == 0)
        return 0;
    sftp_host->fail(call, "the passphrase of the sftp store stands in the configuration itself");
    return sftp_host->hint(call, "Write passphrase = \"env:NAME\" or \"file:PATH\", the place that "
                                 "holds it.");
}

/* What the system's sftp program cannot be told. */
static int check_ssh(struct ddb_call *call, const struct site *site)
{
    const char *key = site->fingerprint != NULL  ? "fingerprint"
                      : site->passphrase != NULL ? "passphrase"
                                                 : NULL;

    if (!site->is_ssh || key == NULL)
        return 0;
    sftp_host->fail(call, "%s of the sftp store does not work with transport = \"ssh\"", key);
    return sftp_host->hint(call, "Use %s.", site->fingerprint != NULL
                                                ? "a known_hosts file with the server's key alone"
                                                : "ssh-agent for a key with a passphrase");
}

int site_read(struct ddb_call *call, struct site *site)
{
    int accept_new = choice(call, "host_key", "strict", "accept-new");
    int is_ssh = accept_new < 0 ? -1 : choice(call, "transport", "libssh2", "ssh");

    *site = (struct site){.identity = given(call, "identity"),
                          .known_hosts = given(call, "known_hosts"),
                          .spool = given(call, "spool"),
                          .accept_new = accept_new == 1,
                          .is_ssh = is_ssh == 1};
    if (is_ssh < 0 || read_url(call, site, given(call, "url")) < 0 ||
        read_fingerprint(call, site) < 0 || read_passphrase(call, site) < 0 ||
        check_ssh(call, site) < 0)
        return -1;
    site->timeout_ms = strtoll(sftp_host->setting(call, "timeout"), NULL, 10);
    site->keepalive_ms = strtoll(sftp_host->setting(call, "keepalive"), NULL, 10);
    if (site->timeout_ms > 0 && site->keepalive_ms >= 0)
        return 0;
    return sftp_host->fail(call, "timeout of the sftp store must be more than 0");
}

const char *site_user(struct ddb_call *call, const struct site *site)
{
    struct passwd entry, *found = NULL;
    char bytes[4096];

    if (site->user != NULL)
        return site->user;
    if (getpwuid_r(getuid(), &entry, bytes, sizeof bytes, &found) != 0 || found == NULL)
        return "root";
    return sftp_host->format(call, "%s", found->pw_name);
}

int site_port(const struct site *site)
{
    return site->port != 0 ? site->port : SITE_SSH_PORT;
}

const char *site_name(struct ddb_call *call, const struct site *site)
{
    if (site->port == 0)
        return site->host;
    return sftp_host->format(call, strchr(site->host, ':') != NULL ? "[%s]:%d" : "%s:%d", site->host,
                             site->port);
}

const char *site_join(struct ddb_call *call, const struct site *site, const char *name)
{
    if (strcmp(site->path, ".") == 0)
        return sftp_host->format(call, "%s", name);
    return sftp_host->format(call, "%s%s%s", site->path, strcmp(site->path, "/") == 0 ? "" : "/",
                             name);
}

/* --- the secret ------------------------------------------------------------------------------------ */

/* The first line of a file; relative paths start at the configuration. */
static int secret_file(struct ddb_call *call, const char *path, char *secret)
{
    const char *dir = sftp_host->fact(call, "config_dir"), *home = getenv("HOME");
    ssize_t n;
    int fd;

    if (strncmp(path, "~/", 2) == 0 && home != NULL)
        path = sftp_host->format(call, "%s/%s", home, path + 2);
    else if (path[0] != '/' && dir != NULL)
        path = sftp_host->format(call, "%s/%s", dir, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, secret, SITE_SECRET_MOST - 1);
    if (n < 0)
        sftp_host->fail(call, "could not read the passphrase from \"%s\": %s", path,
                        strerror(errno));
    else
        secret[n] = '\0';
    if (fd >= 0)
        close(fd);
    return n < 0 ? -1 : 0;
}

static const char *mib(struct ddb_call *call, int64_t bytes)
{
    return sftp_host->format(call, "%.1f MiB", (double)bytes / (1024 * 1024));
}

int site_no_room(struct ddb_call *call, const struct site *site, int64_t left, int64_t needed)
{
    sftp_host->fail(call, "no space left on %s:%s: %s free, at least %s needed", site_name(call, site),
                    site->path, mib(call, left), mib(call, needed));
    sftp_host->hint(call, "Free some space there, prune old snapshots, or give the store another path.");
    return DDB_NO_ROOM;
}

int site_secret(struct ddb_call *call, const struct site *site, char secret[SITE_SECRET_MOST])
{
    const char *where = site->passphrase, *value;

    secret[0] = '\0';
    if (where == NULL)
        return 0;
    if (strncmp(where, "env:", 4) == 0) {
        value = getenv(where + 4);
        if (value == NULL)
            return sftp_host->fail(call, "environment variable \"%s\", which should hold the "
                                         "passphrase, is not set", where + 4);
        snprintf(secret, SITE_SECRET_MOST, "%s", value);
    } else if (secret_file(call, where + strlen("file:"), secret) < 0) {
        return -1;
    }
    secret[strcspn(secret, "\r\n")] = '\0';
    if (secret[0] == '\0')
        return sftp_host->fail(call, "the passphrase at \"%s\" is empty", where);
    return 0;
}
