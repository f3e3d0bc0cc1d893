/* bundle_tar - see bundle_tar.h. */
#include "bundle/bundle_tar.h"

#include <time.h>

#include "base/clock.h"
#include "bundle/archive_lib.h"

struct bundle_tar {
    struct bundle_out out;
    struct archive *archive;
    time_t now;
    int64_t offset;  /* bytes handed to out so far */
    struct err *err; /* of the call that libarchive works for */
    bool broken;     /* a failure left the file unusable */
};

/* libarchive is not told of a failure, because it would not free all of itself then: what follows is
 * thrown away, and each call looks at `broken`. */
static ssize_t write_out(struct archive *archive, void *arg, const void *data, size_t n)
{
    struct bundle_tar *tar = arg;

    (void)archive;
    if (!tar->broken && tar->out.write(tar->out.arg, data, n, tar->err) < 0)
        tar->broken = true;
    if (!tar->broken)
        tar->offset += (int64_t)n;
    return (ssize_t)n;
}

/* ustar, which every tar reads; bytes go out as they are made, so that offsets are exact. */
int bundle_tar_open(const struct bundle_out *out, struct bundle_tar **tar, struct err *err)
{
    struct bundle_tar *fresh;

    if (archive_lib_load(err) != 0)
        return -1;
    fresh = mem_alloc(sizeof *fresh);
    fresh->out = *out;
    fresh->now = clock_now();
    fresh->err = err;
    fresh->archive = archive_lib.write_new();
    if (fresh->archive == NULL ||
        archive_lib.write_set_format_pax_restricted(fresh->archive) != ARCHIVE_OK ||
        archive_lib.write_set_bytes_per_block(fresh->archive, 0) != ARCHIVE_OK ||
        archive_lib.write_set_bytes_in_last_block(fresh->archive, 1) != ARCHIVE_OK ||
        archive_lib.write_open(fresh->archive, fresh, NULL, write_out, NULL) != ARCHIVE_OK) {
        bundle_tar_free(fresh);
        return err_set(err, ERR_INTERNAL, "could not start a tar file: out of memory");
    }
    *tar = fresh;
    return 0;
}

static int failed(struct bundle_tar *tar, const char *name, struct err *err)
{
    tar->broken = true;
    if (err->code != ERR_NONE)
        return err_wrap(err, "could not write member \"%s\" of the snapshot", name);
    return err_set(err, ERR_PREPARE, "could not write member \"%s\" of the snapshot: %s", name,
                   archive_lib.error_string(tar->archive));
}

static int write_entry(struct bundle_tar *tar, struct archive_entry *entry, const void *data,
                       size_t n, int64_t *offset)
{
    if (archive_lib.write_header(tar->archive, entry) != ARCHIVE_OK)
        return -1;
    *offset = tar->offset;
    if (n > 0 && archive_lib.write_data(tar->archive, data, n) != (ssize_t)n)
        return -1;
    return archive_lib.write_finish_entry(tar->archive) == ARCHIVE_OK && !tar->broken ? 0 : -1;
}

int bundle_tar_add(struct bundle_tar *tar, const char *name, const void *data, size_t n,
                   mode_t mode, int64_t *offset, struct err *err)
{
    struct archive_entry *entry;
    int rc;

    if (tar->broken)
        return err_set(err, ERR_PREPARE,
                       "could not write member \"%s\" of the snapshot: an earlier write failed",
                       name);
    entry = archive_lib.entry_new();
    if (entry == NULL)
        return err_set(err, ERR_INTERNAL, "out of memory");
    archive_lib.entry_set_pathname(entry, name);
    archive_lib.entry_set_filetype(entry, AE_IFREG);
    archive_lib.entry_set_perm(entry, mode);
    archive_lib.entry_set_uid(entry, 0);
    archive_lib.entry_set_gid(entry, 0);
    archive_lib.entry_set_mtime(entry, tar->now, 0);
    archive_lib.entry_set_size(entry, (la_int64_t)n);
    tar->err = err;
    *offset = 0;
    rc = write_entry(tar, entry, data, n, offset);
    archive_lib.entry_free(entry);
    return rc < 0 ? failed(tar, name, err) : 0;
}

int bundle_tar_close(struct bundle_tar *tar, struct err *err)
{
    tar->err = err;
    if (archive_lib.write_close(tar->archive) != ARCHIVE_OK || tar->broken)
        return failed(tar, "(end)", err);
    return 0;
}

int64_t bundle_tar_bytes(const struct bundle_tar *tar)
{
    return tar->offset;
}

void bundle_tar_free(struct bundle_tar *tar)
{
    if (tar == NULL)
        return;
    tar->broken = true; /* no trailer */
    archive_lib.write_free(tar->archive);
    mem_free(tar);
}
