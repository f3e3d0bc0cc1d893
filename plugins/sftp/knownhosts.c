/* knownhosts - see knownhosts.h. */
#include "knownhosts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- names ---------------------------------------------------------------------------------------- */

/* Hashes are made of the name in small letters. */
static const char *lowered(struct ddb_call *call, const char *host)
{
    char *name = sftp_host->format(call, "%s", host);

    for (char *at = name; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    return name;
}

const char *knownhosts_name(struct ddb_call *call, const struct site *site)
{
    const char *host = lowered(call, site->host);

    if (site_port(site) == SITE_SSH_PORT)
        return host;
    return sftp_host->format(call, "[%s]:%d", host, site_port(site));
}

/* Whether the line "NAMES TYPE KEY" is about ${name}: with a key that no line has, a line that names
 * the host is a mismatch for libssh2. */
static bool names(LIBSSH2_SESSION *ssh, const char *line, const char *name)
{
    LIBSSH2_KNOWNHOSTS *one = libssh2_knownhost_init(ssh);
    struct libssh2_knownhost *found;
    int answer = LIBSSH2_KNOWNHOST_CHECK_NOTFOUND;

    if (one == NULL)
        return false;
    if (libssh2_knownhost_readline(one, line, strlen(line), LIBSSH2_KNOWNHOST_FILE_OPENSSH) == 0)
        answer = libssh2_knownhost_checkp(
            one, name, -1, "?", 1, LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW,
            &found);
    libssh2_knownhost_free(one);
    return answer == LIBSSH2_KNOWNHOST_CHECK_MISMATCH || answer == LIBSSH2_KNOWNHOST_CHECK_MATCH;
}

/* --- reading --------------------------------------------------------------------------------------- */

static void add(struct ddb_call *call, struct knownhosts *hosts, struct known known)
{
    if (hosts->n == hosts->cap) {
        size_t cap = hosts->cap == 0 ? 8 : hosts->cap * 2;
        struct known *grown = sftp_host->alloc(call, cap * sizeof *grown);

        if (hosts->n > 0)
            memcpy(grown, hosts->lines, hosts->n * sizeof *grown);
        hosts->lines = grown;
        hosts->cap = cap;
    }
    hosts->lines[hosts->n++] = known;
}

/* The word that ${at} begins, copied; ${at} goes on to the next one. "" at the end. */
static const char *word(struct ddb_call *call, const char **at)
{
    size_t n = strcspn(*at, " \t");
    const char *text = sftp_host->format(call, "%.*s", (int)n, *at);

    *at += n;
    *at += strspn(*at, " \t");
    return text;
}

static void read_line(struct ddb_call *call, const struct site *site, LIBSSH2_SESSION *ssh,
                      struct knownhosts *hosts, struct known known, const char *line)
{
    const char *name = knownhosts_name(call, site), *host = lowered(call, site->host), *at;

    if (strncmp(line, "@revoked", 8) == 0 && isspace((unsigned char)line[8])) {
        known.is_revoked = true;
        line += 9 + strspn(line + 9, " \t");
    } else if (line[0] == '@') {
        sftp_host->log(call, DDB_LEVEL_DETAIL,
                       "\"%s\" line %zu is left out: libssh2 does not check certificates of hosts",
                       known.file, known.line);
        return;
    }
    at = line;
    word(call, &at);
    known.type = word(call, &at);
    known.key = word(call, &at);
    if (known.key[0] == '\0')
        return;
    known.has_port = !known.is_revoked && names(ssh, line, name);
    if (known.is_revoked || known.has_port || (strcmp(name, host) != 0 && names(ssh, line, host)))
        add(call, hosts, known);
}

static int read_file(struct ddb_call *call, const struct site *site, LIBSSH2_SESSION *ssh,
                     struct knownhosts *hosts, const char *path)
{
    FILE *stream = fopen(path, "re");
    char *line = NULL;
    size_t cap = 0;
    struct known known = {.file = path};
    int bad;

    if (stream == NULL) {
        if (errno == ENOENT || errno == ENOTDIR)
            return 0;
        return sftp_host->fail(call, "could not open \"%s\": %s", path, strerror(errno));
    }
    while (getline(&line, &cap, stream) >= 0) {
        const char *at = line + strspn(line, " \t");

        known.line++;
        line[strcspn(line, "\r\n")] = '\0';
        if (*at != '\0' && *at != '#')
            read_line(call, site, ssh, hosts, known, at);
    }
    bad = ferror(stream);
    free(line);
    fclose(stream);
    return bad ? sftp_host->fail(call, "could not read \"%s\": %s", path, strerror(EIO)) : 0;
}

static const char *home(struct ddb_call *call)
{
    struct passwd entry, *found = NULL;
    char bytes[4096];
    const char *path = getenv("HOME");

    if (path != NULL && path[0] == '/')
        return path;
    if (getpwuid_r(getuid(), &entry, bytes, sizeof bytes, &found) != 0 || found == NULL)
        return "/";
    return sftp_host->format(call, "%s", found->pw_dir);
}

int knownhosts_read(struct ddb_call *call, const struct site *site, LIBSSH2_SESSION *ssh,
                    struct knownhosts *hosts)
{
    *hosts = (struct knownhosts){.files = {site->known_hosts}};
    if (site->known_hosts == NULL) {
        hosts->files[0] = sftp_host->format(call, "%s/.ssh/known_hosts", home(call));
        hosts->files[1] = "/etc/ssh/ssh_known_hosts";
    }
    for (size_t i = 0; hosts->files[i] != NULL; i++)
        if (read_file(call, site, ssh, hosts, hosts->files[i]) < 0)
            return -1;
    return 0;
}

/* --- adding ---------------------------------------------------------------------------------------- */

/* Under the file's lock: nobody else's line is cut, and ours is written whole or taken back. */
static int append(int fd, const char *line)
{
    size_t n = strlen(line);
    struct stat st;
    char last = '\n';
    off_t end;

    if (flock(fd, LOCK_EX) < 0 || fstat(fd, &st) < 0)
        return -1;
    end = st.st_size;
    if (end > 0 && pread(fd, &last, 1, end - 1) != 1)
        return -1;
    if (last == '\n') { /* the line comes with one before it */
        line++;
        n--;
    }
    if (write(fd, line, n) == (ssize_t)n && fsync(fd) == 0)
        return 0;
    if (ftruncate(fd, end) < 0)
        return -1;
    return -1;
}

static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

    if (fd < 0)
        return -1;
    rc = fsync(fd);
    close(fd);
    return rc;
}

int knownhosts_add(struct ddb_call *call, const struct knownhosts *hosts, const char *name,
                   const char *type, const char *key)
{
    const char *path = hosts->files[0];
    const char *line = sftp_host->format(call, "\n%s %s %s\n", name, type, key);
    char *folder = sftp_host->format(call, "%s", path), *slash = strrchr(folder, '/');
    int fd, rc, errnum;

    if (slash != NULL)
        slash[slash == folder] = '\0';
    if (slash != NULL && mkdir(folder, 0700) < 0 && errno != EEXIST)
        return sftp_host->fail(call, "could not create \"%s\": %s", folder, strerror(errno));
    fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    rc = fd < 0 ? -1 : append(fd, line);
    if (rc == 0)
        rc = sync_folder(slash != NULL ? folder : ".");
    errnum = errno;
    if (fd >= 0)
        close(fd);
    if (rc == 0)
        return 0;
    return sftp_host->fail(call, "could not add the host key to \"%s\": %s", path,
                           strerror(errnum));
}
