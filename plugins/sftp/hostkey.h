/*
 * hostkey - whether the server is the one it should be.
 *
 * libssh2 asks for its own favourite kind of key, ssh stores another: the kinds that are known for a
 * host are therefore asked for before the handshake. A pinned fingerprint may be of any kind, so each
 * is asked for in turn, on a connection of its own.
 */
#ifndef SFTP_HOSTKEY_H
#define SFTP_HOSTKEY_H

#include "knownhosts.h"

enum hostkey_answer {
    HOSTKEY_FAILED = -1, /* with fail() */
    HOSTKEY_RIGHT = 0,
    HOSTKEY_NEXT = 1, /* connect again and call hostkey_prefer with the next attempt */
};

struct hostkey {
    const struct site *site;
    struct knownhosts hosts;
    const char *asked; /* for which kinds the server was asked */
    const char *shown; /* what it has shown so far, where a fingerprint is pinned */
    bool is_last;      /* there is no other attempt */
};

/* hostkey_prefer(call, ssh, hostkey, attempt): before the handshake; ${attempt} counts from 0. 0, or -1
 * with fail(). */
int hostkey_prefer(struct ddb_call *call, LIBSSH2_SESSION *ssh, struct hostkey *hostkey,
                   int attempt);

/* hostkey_check(call, ssh, hostkey): after the handshake. Changes: with host_key = "accept-new", the
 * known_hosts file. */
enum hostkey_answer hostkey_check(struct ddb_call *call, LIBSSH2_SESSION *ssh,
                                  struct hostkey *hostkey);

/* hostkey_none(call, hostkey): the server has no key of the kinds asked for. */
enum hostkey_answer hostkey_none(struct ddb_call *call, struct hostkey *hostkey);

#endif
