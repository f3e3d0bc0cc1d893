/*
 * site - the store's settings, checked: which server, which folder, which key.
 */
#ifndef SFTP_SITE_H
#define SFTP_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "sftp.h"

struct site {
    const char *host; /* a name or an address, without brackets */
    int port;         /* 0: not given */
    const char *user; /* NULL: not given */
    const char *path; /* of the folder; relative ones start at the user's home there, "." is that */
    const char *url;  /* as a person reads it; the place of files */
    const char *identity;
    const char *passphrase; /* where it is found: "env:NAME", "file:PATH" */
    const char *known_hosts;
    const char *fingerprint; /* "SHA256:…", without padding */
    const char *spool;
    bool accept_new;
    bool is_ssh; /* by the system's programs */
    int64_t timeout_ms, keepalive_ms;
};

enum { SITE_SSH_PORT = 22, SITE_SECRET_MOST = 4096 };

/* site_read(call, site): the settings of the call's store. Texts live as the call's memory does.
 * Changes: nothing. */
int site_read(struct ddb_call *call, struct site *site);

/* site_user(call, site), site_port(site): with what ssh takes where nothing is given. */
const char *site_user(struct ddb_call *call, const struct site *site);
int site_port(const struct site *site);

/* site_name(site): "host" or "host:port", for messages. */
const char *site_name(struct ddb_call *call, const struct site *site);

/* site_no_room(call, site, left, needed): fail() because the folder's file system has room for ${left}
 * bytes where ${needed} or more are to be written. Gives DDB_NO_ROOM. */
int site_no_room(struct ddb_call *call, const struct site *site, int64_t left, int64_t needed);

/* site_secret(call, site, secret): the passphrase into ${secret}, "" where none is configured; to be
 * wiped by the caller. */
int site_secret(struct ddb_call *call, const struct site *site, char secret[SITE_SECRET_MOST]);

/* site_join(call, site, name): the path of a file of the folder, as the server knows it. */
const char *site_join(struct ddb_call *call, const struct site *site, const char *name);

#endif
