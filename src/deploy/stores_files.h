/*
 * stores_files - small files in one store, and what is there besides snapshots.
 */
#ifndef DEPLOY_STORES_FILES_H
#define DEPLOY_STORES_FILES_H

#include "base/buf.h"
#include "deploy/stores.h"

/* stores_list_all(services, store, list, n, err): every file of this environment in ${store}: its
 * snapshots and the evidence beside them, finished or not, in name order. */
int stores_list_all(struct services *services, const struct service *store,
                    struct snapshot_file **list, size_t *n, struct err *err) CHECK;

/* stores_put(services, store, name, data, n, err): a new file, whole and durable or not at all; an
 * existing one is a failure. stores_get appends the whole file to ${out}; one of more than ${max}
 * bytes is a failure. stores_remove: a missing file is fine. stores_remove_unused: of the failures, one
 * sets ${in_use}: somebody has the file open. All: ERR_PREPARE. Changes: files. */
int stores_put(struct services *services, const struct service *store, const char *name,
               const void *data, size_t n, struct err *err) CHECK;
int stores_get(struct services *services, const struct service *store, const char *name, size_t max,
               struct buf *out, struct err *err) CHECK;
int stores_remove(struct services *services, const struct service *store, const char *name,
                  struct err *err) CHECK;
int stores_remove_unused(struct services *services, const struct service *store, const char *name,
                         bool *in_use, struct err *err) CHECK;

#endif
