/*
 * unwrap_impl - what unwrap.c and unwrap_members.c share. Internal to unwrap*.c.
 */
#ifndef BUNDLE_UNWRAP_IMPL_H
#define BUNDLE_UNWRAP_IMPL_H

#include "bundle/archive_lib.h"
#include "bundle/unwrap.h"

struct unwrap {
    struct archive *archive;
    const char *path; /* borrowed */
    int fd;
    int64_t size_bytes;
    bool ended;
};

enum unwrap_layout {
    UNWRAP_RAW,     /* the bytes, whatever they are */
    UNWRAP_ARCHIVE, /* the members of a tar */
};

/* unwrap_begin(path, layout, unwrap, err): the archive opened, its first header not read yet. */
int unwrap_begin(const char *path, enum unwrap_layout layout, struct unwrap **unwrap,
                 struct err *err) CHECK;

/* unwrap_broken(unwrap, err): libarchive has failed: say how. */
int unwrap_broken(const struct unwrap *unwrap, struct err *err);

/* unwrap_check_end(unwrap, err): all of the file was taken. */
int unwrap_check_end(const struct unwrap *unwrap, struct err *err) CHECK;

#endif
