/*
 * membundle - bundles in memory, for the tests of this floor.
 */
#ifndef UNIT_BUNDLE_MEMBUNDLE_H
#define UNIT_BUNDLE_MEMBUNDLE_H

#include <string.h>

#include "bundle/bundle.h"

/* fail_after: bytes that may be written before the output fails; 0: no limit. */
struct memfile {
    struct buf bytes;
    size_t fail_after;
};

static inline int memfile_write(void *arg, const void *data, size_t n, struct err *err)
{
    struct memfile *file = arg;

    if (file->fail_after > 0 && file->bytes.len + n > file->fail_after)
        return err_set(err, ERR_PREPARE, "the store is full");
    buf_add(&file->bytes, data, n);
    return 0;
}

/* Short reads on purpose. */
static inline ssize_t memfile_read(void *arg, int64_t offset, void *data, size_t cap, struct err *err)
{
    struct memfile *file = arg;
    size_t n;

    (void)err;
    if (offset < 0 || (size_t)offset >= file->bytes.len)
        return 0;
    n = file->bytes.len - (size_t)offset;
    n = n > cap ? cap : n;
    n = n > 4099 ? 4099 : n;
    memcpy(data, file->bytes.data + offset, n);
    return (ssize_t)n;
}

static inline struct bundle_out memfile_out(struct memfile *file)
{
    return (struct bundle_out){memfile_write, file};
}

static inline struct bundle_in memfile_in(struct memfile *file)
{
    return (struct bundle_in){memfile_read, (int64_t)file->bytes.len, file};
}

/* Bytes that do not compress, the same each time. */
static inline void memfile_noise(unsigned char *data, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (unsigned char)(seed >> 24);
    }
}

#endif
