/*
 * batch - the store by the system's sftp program (transport = "ssh"): the callbacks of struct
 * ddb_store. What is written goes to a private file of this machine and is sent by commit; what is
 * opened is fetched as a whole first.
 */
#ifndef SFTP_BATCH_H
#define SFTP_BATCH_H

#include "sftp.h"

extern const struct ddb_store batch_store;

#endif
