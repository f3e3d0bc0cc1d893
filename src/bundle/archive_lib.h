/*
 * archive_lib - libarchive, loaded when the first archive is opened. With what it brings along (libxml2, ICU,
 * the C++ library) it would take a third of the time of a command that opens none.
 */
#ifndef BUNDLE_ARCHIVE_LIB_H
#define BUNDLE_ARCHIVE_LIB_H

#include <archive.h>
#include <archive_entry.h>

#include "base/err.h"

/* The functions that are used, without their prefix "archive_". */
#define ARCHIVE_LIB(X)                                                                             \
    X(entry_filetype) X(entry_free) X(entry_gid) X(entry_hardlink) X(entry_new)                    \
    X(entry_pathname) X(entry_set_filetype) X(entry_set_gid) X(entry_set_mtime)                    \
    X(entry_set_pathname) X(entry_set_perm) X(entry_set_size) X(entry_set_uid) X(entry_uid)        \
    X(error_string) X(filter_bytes) X(filter_code) X(filter_count) X(filter_name)                  \
    X(read_data) X(read_free) X(read_new) X(read_next_header) X(read_open_fd)                      \
    X(read_support_filter_bzip2) X(read_support_filter_gzip) X(read_support_filter_lz4)            \
    X(read_support_filter_lzma) X(read_support_filter_xz) X(read_support_filter_zstd)              \
    X(read_support_format_raw) X(read_support_format_tar) X(write_close) X(write_data)             \
    X(write_finish_entry) X(write_free) X(write_header) X(write_new) X(write_open)                 \
    X(write_set_bytes_in_last_block) X(write_set_bytes_per_block)                                  \
    X(write_set_format_pax_restricted)

struct archive_lib {
#define MEMBER(name) __typeof__(archive_##name) *name;
    ARCHIVE_LIB(MEMBER)
#undef MEMBER
};

/* archive_lib_load(err): from here on ${archive_lib} can be called. By any thread, any number of times.
 * Errors: ERR_PREPARE. Changes: nothing. */
extern struct archive_lib archive_lib;
int archive_lib_load(struct err *err) CHECK;

#endif
