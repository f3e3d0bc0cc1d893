/*
 * bundle_read - what bundle_verify needs to know of a stream. Inside the floor only.
 */
#ifndef BUNDLE_BUNDLE_READ_H
#define BUNDLE_BUNDLE_READ_H

#include "bundle/bundle.h"

/* bundle_read_at(bundle, first): the stream of the compressed member whose first stored member is
 * ${first}. */
struct bundle_stream *bundle_read_at(const struct bundle *bundle, size_t first);

/* bundle_read_taken(stream): stored bytes read so far. */
int64_t bundle_read_taken(const struct bundle_stream *stream);

#endif
