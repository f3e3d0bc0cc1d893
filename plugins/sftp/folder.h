/* folder - the store's folder: what is in it, and how much room there is. The callbacks of struct
 * ddb_store. */
#ifndef SFTP_FOLDER_H
#define SFTP_FOLDER_H

#include "sftp.h"

/* folder_sorted(stored, n, each, arg): hand them out by name, a partial file where the finished one
 * would stand. */
void folder_sorted(struct ddb_stored *stored, size_t n,
                   int (*each)(void *arg, const struct ddb_stored *stored), void *arg);

int folder_list(struct ddb_call *call, int (*each)(void *arg, const struct ddb_stored *stored),
                void *arg);
int folder_remove(struct ddb_call *call, const char *name);
int64_t folder_free_bytes(struct ddb_call *call);
const char *folder_locate(struct ddb_call *call, const char *name);

#endif
