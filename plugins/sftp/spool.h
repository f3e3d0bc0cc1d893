/*
 * spool - a private folder of this machine for one file that is sent or fetched (transport = "ssh").
 *
 * Its file is locked as long as it is open, so that what a crash has left, perhaps a whole snapshot, is known
 * from what is in use, and goes with the next folder that is made.
 */
#ifndef SFTP_SPOOL_H
#define SFTP_SPOOL_H

#include "sftp.h"

struct spool {
    char *dir; /* NULL: none; lives as long as the call's memory */
    int fd;    /* of BATCH_DATA in it; -1: not open */
};

/* spool_open(call, parent, spool): a new folder below ${parent}, and the file in it; -1 with fail(). Those of
 * dead processes of our user are removed. Changes: files below ${parent}. */
int spool_open(struct ddb_call *call, const char *parent, struct spool *spool);

/* spool_close(call, spool): both go. */
void spool_close(struct ddb_call *call, struct spool *spool);

/* spool_failed(call, doing, path): fail() with errno. */
int spool_failed(struct ddb_call *call, const char *doing, const char *path);

#endif
