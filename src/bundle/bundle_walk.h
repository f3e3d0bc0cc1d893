/*
 * bundle_walk - the tar layer of reading: which members a file has, and exact reads. Inside the
 * floor only. It understands the plain ustar that bundle_create writes and refuses everything else,
 * so that no byte outside the members' content goes unchecked. Changes: nothing.
 */
#ifndef BUNDLE_BUNDLE_WALK_H
#define BUNDLE_BUNDLE_WALK_H

#include "bundle/bundle.h"

/* bundle_walk(in, arena, members, n, err): name, offset and size of every member, in order; hash
 * and raw size are left empty. Every member lies inside the file; nothing but zeros stands between
 * members, and nothing behind the end of the tar. */
int bundle_walk(const struct bundle_in *in, struct arena *arena, struct bundle_member **members,
                size_t *n, struct err *err) CHECK;

/* bundle_walk_read(in, offset, data, n, name, err): exactly ${n} bytes; ${name} is the member that
 * an error names. */
int bundle_walk_read(const struct bundle_in *in, int64_t offset, void *data, size_t n,
                     const char *name, struct err *err) CHECK;

#endif
