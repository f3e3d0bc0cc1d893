/*
 * sftp - a store: snapshots in a folder of another machine, over SSH.
 *
 *   sftp      the plugin's table
 *   site      what the configuration says: where, as whom, with which key
 *   session   one connection: its beginning, its end, waiting with a deadline
 *   hostkey   whether the server is the one it should be; knownhosts reads and extends the files
 *   auth      who we are; keyfile looks at a key before libssh2 does
 *   window    the sliding window that a file is written through
 *   remote    single operations on the server's files
 *   writing, reading, folder    the callbacks of the store over libssh2
 *   batch     the same store by the system's sftp program (transport = "ssh"): batch_run calls it,
 *             batch_folder asks it about the folder
 *
 * Every open file has a connection of its own, so that each may belong to another thread.
 */
#ifndef SFTP_SFTP_H
#define SFTP_SFTP_H

#include "plugin.h"

extern const struct ddb_host *sftp_host;

/* sftp_is_name(name): whether it may be the name of a finished file: no slash, no leading dot.
 * sftp_is_part(name): ".NAME.part", an unfinished one. */
int sftp_is_name(const char *name);
int sftp_is_part(const char *name);

/* sftp_check_name(call, name): 0, or -1 with fail(). */
int sftp_check_name(struct ddb_call *call, const char *name);

#endif
