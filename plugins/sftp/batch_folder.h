/*
 * batch_folder - the store's folder by the system's sftp program: scripts about it, and callbacks of
 * struct ddb_store.
 */
#ifndef SFTP_BATCH_FOLDER_H
#define SFTP_BATCH_FOLDER_H

#include "batch_run.h"

/* batch_folder_for(call, site, cwd): a batch that has not run yet. */
struct batch batch_folder_for(struct ddb_call *call, const struct site *site, const char *cwd);

/* Lines of a script. batch_folder_enter(): go to the folder. batch_folder_make(): make it and its
 * parents, as far as they are missing, with the mode that the server's umask gives. */
const char *batch_folder_enter(struct ddb_call *call, const struct site *site);
const char *batch_folder_make(struct ddb_call *call, const struct site *site);

/* batch_folder_read(call, site, stored, n): our files in it; a missing folder is empty. -1 with fail(). */
int batch_folder_read(struct ddb_call *call, const struct site *site, struct ddb_stored **stored,
                      size_t *n);

/* batch_folder_find(stored, n, name): the file ${name}, or NULL. */
const struct ddb_stored *batch_folder_find(const struct ddb_stored *stored, size_t n,
                                           const char *name);

/* batch_folder_unlink(call, site, name): remove it; a missing one is fine. -1 with fail(). */
int batch_folder_unlink(struct ddb_call *call, const struct site *site, const char *name);

int batch_folder_list(struct ddb_call *call, int (*each)(void *arg, const struct ddb_stored *stored),
                      void *arg);
int batch_folder_remove(struct ddb_call *call, const char *name);

/* batch_folder_room(call, site, name, has, left): how many bytes ${name} has, and how many there are free;
 * INT64_MAX when the server does not tell. -1 when there was no answer. */
int batch_folder_room(struct ddb_call *call, const struct site *site, const char *name, int64_t *has,
                      int64_t *left);

/* Whether we may write there is asked with a folder, which needs no file of this machine. */
int64_t batch_folder_free(struct ddb_call *call);

#endif
