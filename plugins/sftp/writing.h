/*
 * writing - a file of the store that grows: under ".NAME.part" until all of it is on the server's
 * disk. The callbacks of struct ddb_store.
 */
#ifndef SFTP_WRITING_H
#define SFTP_WRITING_H

#include "sftp.h"

int writing_create(struct ddb_call *call, const char *name, void **file);
int writing_write(struct ddb_call *call, void *file, const void *data, size_t n);
int writing_commit(struct ddb_call *call, void *file);
int writing_abort(struct ddb_call *call, void *file);
int writing_suspend(struct ddb_call *call, void *file);

/* A connection that is cut may have lost any of the writes that were under way, and the server may
 * have done a later one without an earlier one; resume goes back behind all of them. */
int writing_resume(struct ddb_call *call, const char *name, void **file, int64_t *size_bytes);

#endif
