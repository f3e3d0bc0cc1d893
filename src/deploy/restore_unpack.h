/*
 * restore_unpack - a private folder in the state directory for the files of a dump that lie in a tar.
 */
#ifndef DEPLOY_RESTORE_UNPACK_H
#define DEPLOY_RESTORE_UNPACK_H

#include "deploy/run.h"

/* A folder that is in use is locked (flock), so that one left behind by a crash is known. */
struct restore_unpack {
    const char *path;
    int fd;
};

/* restore_unpack_open(run, unpack, err): make the empty folder RUN.unpacked and lock it.
 * restore_unpack_close: remove it with all that is in it, whatever was pressed. Changes: files. */
int restore_unpack_open(struct run *run, struct restore_unpack *unpack, struct err *err) CHECK;
void restore_unpack_close(struct restore_unpack *unpack);

/* restore_unpack_sweep(state_dir): remove the folders of runs that were killed. Changes: files. */
void restore_unpack_sweep(const char *state_dir);

#endif
