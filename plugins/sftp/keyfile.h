/*
 * keyfile - what a private key's file says of the key without its passphrase: the formats of
 * ssh-keygen(1), PROTOCOL.key of OpenSSH, and PEM.
 */
#ifndef SFTP_KEYFILE_H
#define SFTP_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>

enum { KEYFILE_BLOB_MOST = 2048 };

struct keyfile {
    char type[64]; /* "ssh-ed25519", "ssh-rsa", …; "" where only the passphrase would tell */
    bool is_encrypted;
    unsigned char blob[KEYFILE_BLOB_MOST]; /* the public key as SSH sends it */
    size_t n_blob;                         /* 0: not in this format */
};

/* keyfile_look(path, key): 0; -1 with errno, EINVAL when it is no private key. Changes: nothing. */
int keyfile_look(const char *path, struct keyfile *key);

#endif
