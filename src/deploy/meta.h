/*
 * meta - meta.json of a snapshot: which database, which revisions, which server, and what a new
 * database must be given besides the dump.
 */
#ifndef DEPLOY_META_H
#define DEPLOY_META_H

#include "base/buf.h"
#include "deploy/services.h"
#include "pg/dbprops.h"

struct meta {
    const char *project, *environment, *run, *database, *created;
    const char *server_version, *tool; /* "15.20", "pg_dump 15.20" */
    const char *snapshot_plugin;
    char **rows;                       /* version rows, sorted; NULL-terminated */
    const char *fingerprint;           /* of the catalog, as the snapshot sees it */
    struct dbprops props;
};

/* meta_format(meta, out, err) and meta_parse(arena, text, meta, err): ERR_PREPARE. */
int meta_format(const struct meta *meta, struct buf *out, struct err *err) CHECK;
int meta_parse(struct arena *arena, const char *text, struct meta *meta, struct err *err) CHECK;

/* meta_major(meta): the major release of the server that the snapshot was taken of; 0: it is not told. */
int meta_major(const struct meta *meta);

#endif
