/*
 * knownhosts - the lines of known_hosts files that name a host. Names, hashed or not, are compared by
 * libssh2, one line at a time, so that each answer belongs to a line; the format is that of sshd(8).
 */
#ifndef SFTP_KNOWNHOSTS_H
#define SFTP_KNOWNHOSTS_H

#include <libssh2.h>
#include <stdbool.h>

#include "site.h"

struct known {
    const char *file;
    size_t line;      /* from 1 */
    bool is_revoked;  /* "@revoked": of whichever host */
    bool has_port;    /* it names the host with the port that we use */
    const char *type; /* "ssh-ed25519" */
    const char *key;  /* base64 */
};

struct knownhosts {
    struct known *lines;
    size_t n, cap;
    const char *files[3]; /* where they were looked for, NULL at the end; the first is ours to extend */
};

/* knownhosts_read(call, site, ssh, hosts): the lines for the site's host and all revoked keys. A
 * missing file is an empty one; -1 with fail() for one that cannot be read. Changes: nothing. */
int knownhosts_read(struct ddb_call *call, const struct site *site, LIBSSH2_SESSION *ssh,
                    struct knownhosts *hosts);

/* knownhosts_name(call, site): "host", or "[host]:port" for another port than 22. */
const char *knownhosts_name(struct ddb_call *call, const struct site *site);

/* knownhosts_add(call, hosts, name, type, key): append a line to the first file, and make it durable; a
 * line is there whole or not at all. Changes: that file. */
int knownhosts_add(struct ddb_call *call, const struct knownhosts *hosts, const char *name,
                   const char *type, const char *key);

#endif
