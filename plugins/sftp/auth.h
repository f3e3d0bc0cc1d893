/*
 * auth - who we are: the key of the setting identity, else the keys of ssh-agent, else the usual
 * ~/.ssh/id_ed25519 and id_ecdsa.
 */
#ifndef SFTP_AUTH_H
#define SFTP_AUTH_H

#include "session.h"

/* auth_login(call, session): log in. -1 with fail(), which says what libssh2 cannot do and what can
 * be done instead. Changes: nothing. */
int auth_login(struct ddb_call *call, struct session *session);

#endif
