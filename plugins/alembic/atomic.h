/*
 * atomic - whether a run of revisions is one transaction for certain. Changes: nothing.
 */
#ifndef ALEMBIC_ATOMIC_H
#define ALEMBIC_ATOMIC_H

#include "project.h"

/* atomic_text(text): whether a file of this content neither commits nor opens a connection of its
 * own, as far as it can be read: its words are looked at, comments included, and an import of
 * anything but well-known modules counts as no. Pure. */
bool atomic_text(const char *text);

/* atomic_environment(text): the same for env.py, which may not ask for a transaction for each
 * migration either, and must begin one. Pure. */
bool atomic_environment(const char *text);

#endif
