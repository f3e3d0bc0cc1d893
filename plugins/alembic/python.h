/*
 * python - the Python that belongs to the project's command: the one that can import Alembic and
 * the project's env.py. Changes: nothing.
 */
#ifndef ALEMBIC_PYTHON_H
#define ALEMBIC_PYTHON_H

#include <stdbool.h>

#include "alembic.h"

/* python_argv(call): as configured, or derived from the command; NULL when it cannot be derived. */
const char *const *python_argv(struct ddb_call *call);

/* python_is_remote(call): the command runs on another machine or in a container, where other files
 * are seen than here. */
bool python_is_remote(struct ddb_call *call);

#endif
