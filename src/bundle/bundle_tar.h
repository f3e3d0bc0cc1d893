/*
 * bundle_tar - the tar layer of a bundle that is written, by libarchive. Inside the floor only; one
 * thread at a time.
 */
#ifndef BUNDLE_BUNDLE_TAR_H
#define BUNDLE_BUNDLE_TAR_H

#include "bundle/bundle.h"

struct bundle_tar;

/* bundle_tar_open(out, tar, err): ${out} is copied; what its arg points to is used until
 * bundle_tar_free. */
int bundle_tar_open(const struct bundle_out *out, struct bundle_tar **tar, struct err *err) CHECK;

/* bundle_tar_add(tar, name, data, n, mode, offset, err): one member; ${offset} gets where its content
 * begins in the file. After a failure the file is unusable, and every further call fails. */
int bundle_tar_add(struct bundle_tar *tar, const char *name, const void *data, size_t n,
                   mode_t mode, int64_t *offset, struct err *err) CHECK;

/* bundle_tar_close(tar, err): the tar's end. */
int bundle_tar_close(struct bundle_tar *tar, struct err *err) CHECK;

int64_t bundle_tar_bytes(const struct bundle_tar *tar); /* handed to ${out} so far */
void bundle_tar_free(struct bundle_tar *tar);           /* writes nothing; NULL is fine */

#endif
