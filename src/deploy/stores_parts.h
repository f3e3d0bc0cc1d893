/* stores_parts - what the files of stores and ship share. */
#ifndef DEPLOY_STORES_PARTS_H
#define DEPLOY_STORES_PARTS_H

#include "deploy/stores.h"

/* stores_ops(store): its callbacks. */
const struct ddb_store *stores_ops(const struct service *store);

/* stores_end(call, rc, what): turn a callback's answer into 0, or -1 with a failure that names the
 * store. Class ERR_PREPARE. */
int stores_end(struct ddb_call *call, int rc, const char *what) CHECK;

#endif
