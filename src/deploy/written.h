/*
 * written - what each table got written since the state before the deployment was recorded, by the
 * server's own counters: the migrations' writes and everybody else's.
 */
#ifndef DEPLOY_WRITTEN_H
#define DEPLOY_WRITTEN_H

#include "deploy/run.h"

/* written_since(run, err): fill run->written. run->written_known is false when the counters were
 * reset in between (a crash of the server), so that nothing can be said. Rolled back writes count
 * too: none means none, some means perhaps. The version table and deploy_db are left out. */
int written_since(struct run *run, struct err *err) CHECK;

#endif
