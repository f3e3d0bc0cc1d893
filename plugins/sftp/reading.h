/*
 * reading - a file of the store that is read at any place: the callbacks of struct ddb_store. Files do
 * not change, so that a connection that was lost is made again once for each piece.
 */
#ifndef SFTP_READING_H
#define SFTP_READING_H

#include "sftp.h"

int reading_open(struct ddb_call *call, const char *name, void **file, int64_t *size_bytes);
ssize_t reading_read(struct ddb_call *call, void *file, int64_t offset, void *data, size_t cap);
int reading_close(struct ddb_call *call, void *file);

#endif
