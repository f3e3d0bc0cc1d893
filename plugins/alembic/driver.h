/*
 * driver - embed/driver.py, run by the project's Python: what only Alembic itself can answer.
 * Changes: nothing.
 */
#ifndef ALEMBIC_DRIVER_H
#define ALEMBIC_DRIVER_H

#include <jansson.h>

#include "alembic.h"

/* driver_ask(call, params, what, key, answers): run it with ${params} (taken over), of which "mode"
 * is the caller's. ${answers} gets an array of the objects that it returned under ${key}, for the
 * caller to json_decref. A failure begins with ${what}: "could not list the revisions". */
int driver_ask(struct ddb_call *call, json_t *params, const char *what, const char *key,
               json_t **answers);

/* driver_text(object, key): a string of an answer; "" when it is not there. */
const char *driver_text(const json_t *object, const char *key);

#endif
