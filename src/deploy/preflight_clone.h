/*
 * preflight_clone - the check of preflight for a snapshot that is a copy of the database on its server.
 */
#ifndef DEPLOY_PREFLIGHT_CLONE_H
#define DEPLOY_PREFLIGHT_CLONE_H

#include "deploy/preflight_migrations.h"

/* What would make the copy fail, or what it would lack: rights, prepared transactions, replication, room
 * on the disk where that can be known. Nothing where the environment makes no such copy. */
void preflight_clone(struct checking *c);

#endif
