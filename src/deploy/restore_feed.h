/*
 * restore_feed - the content of a foreign dump (restore_file.h) on its way into the fresh database: what
 * can be checked before there is one, and the loading, by a plugin or by pg/plain.
 */
#ifndef DEPLOY_RESTORE_FEED_H
#define DEPLOY_RESTORE_FEED_H

#include "deploy/restore_unpack.h"

/* restore_feed_check(run, unpack, folder, err): read run->file to its end, and a tar of a folder into
 * ${unpack}, which the caller closes. ${folder}: where the files of a directory are; else NULL. Errors:
 * ERR_PREPARE. Changes: files. */
int restore_feed_check(struct run *run, struct restore_unpack *unpack, const char **folder,
                       struct err *err) CHECK;

/* restore_feed_load(run, unpack, folder, fresh, err): load it into the empty database ${fresh}. An archive
 * that no program here can load becomes SQL in ${unpack} first. Changes: that database; files. */
int restore_feed_load(struct run *run, struct restore_unpack *unpack, const char *folder,
                      const char *fresh, struct err *err) CHECK;

#endif
