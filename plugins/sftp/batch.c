/* batch - see batch.h. */
#include "batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "batch_folder.h"
#include "folder.h"
#include "spool.h"

enum { ATTEMPTS = 4 }; /* to send a file; what has arrived is not sent again */

struct file {
    struct site site;
    struct spool spool;
    int64_t size_bytes;
    const char *name, *part; /* live as long as the call's memory */
};

/* --- the private file ---------------------------------------------------------------------------------- */

static void release(struct ddb_call *call, struct file *file)
{
    spool_close(call, &file->spool);
    free(file);
}

static struct file *new_file(struct ddb_call *call, const char *name)
{
    struct file *file;

    if (sftp_check_name(call, name) < 0)
        return NULL;
    file = calloc(1, sizeof *file);
    if (file == NULL) {
        spool_failed(call, "write", name);
        return NULL;
    }
    if (site_read(call, &file->site) < 0 || spool_open(call, file->site.spool, &file->spool) < 0) {
        free(file);
        return NULL;
    }
    file->name = sftp_host->format(call, "%s", name);
    file->part = sftp_host->format(call, ".%s.part", name);
    return file;
}

/* --- writing --------------------------------------------------------------------------------------------- */

/* An empty ".NAME.part" shows at once whether the folder can be written. */
static int begin(struct ddb_call *call, struct file *file)
{
    struct batch batch = batch_folder_for(call, &file->site, file->spool.dir);
    int rc = batch_run(&batch, 0,
                       sftp_host->format(call, "%sput " BATCH_DATA " %s\n", batch_folder_enter(call, &file->site),
                                         batch_file(call, file->part)));

    if (rc == 0 && batch_missing(&batch))
        rc = batch_run(&batch, 0,
                       sftp_host->format(call, "%s%sput " BATCH_DATA " %s\n",
                                         batch_folder_make(call, &file->site), batch_folder_enter(call, &file->site),
                                         batch_file(call, file->part)));
    if (rc == 0 && batch.status != 0)
        rc = batch_failed(&batch, "create", file->part);
    batch_release(&batch);
    return rc;
}

static int begin_file(struct ddb_call *call, const char *name, bool may_go_on, void **out)
{
    struct file *file = new_file(call, name);
    struct ddb_stored *stored;
    size_t n;
    int rc;

    if (file == NULL)
        return -1;
    rc = batch_folder_read(call, &file->site, &stored, &n);
    if (rc == 0 && batch_folder_find(stored, n, name) != NULL) {
        rc = sftp_host->fail(call, "\"%s\" exists already in \"%s\"", name, file->site.url);
    } else if (rc == 0 && !may_go_on && batch_folder_find(stored, n, file->part) != NULL) {
        sftp_host->fail(call, "an unfinished \"%s\" is already in \"%s\"", file->part,
                        file->site.url);
        rc = sftp_host->hint(call, "Another run may be writing it; if none is, remove it.");
    }
    if (rc < 0 || begin(call, file) < 0) {
        release(call, file);
        return -1;
    }
    *out = file;
    return 0;
}

static int batch_create(struct ddb_call *call, const char *name, void **out)
{
    return begin_file(call, name, false, out);
}

/* Nothing is sent before commit: there is nothing to go on with. */
static int batch_resume(struct ddb_call *call, const char *name, void **out, int64_t *size_bytes)
{
    *size_bytes = 0;
    return begin_file(call, name, true, out);
}

static int batch_suspend(struct ddb_call *call, void *self)
{
    release(call, self);
    return 0;
}

static int batch_write(struct ddb_call *call, void *self, const void *data, size_t n)
{
    struct file *file = self;
    const char *at = data;

    while (n > 0) {
        ssize_t done = write(file->spool.fd, at, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return spool_failed(call, "write", file->spool.dir);
        at += done;
        n -= (size_t)done;
        file->size_bytes += done;
    }
    return 0;
}

/* Before another attempt, a little longer each time; nonzero when we are to stop. */
static int pause_for(struct ddb_call *call, int attempt)
{
    const struct timespec nap = {.tv_nsec = 100 * 1000 * 1000};

    for (int i = 0; i < attempt * attempt * 10; i++) {
        if (sftp_host->cancelled(call))
            return -1;
        nanosleep(&nap, NULL);
    }
    return 0;
}

/* The program says "Failure" of a full disk: the free space tells. */
static int put_failed(struct ddb_call *call, const struct file *file, const struct batch *batch)
{
    int64_t has, left;

    if (batch_folder_room(call, &file->site, file->part, &has, &left) == 0 &&
        left < file->size_bytes - has)
        return site_no_room(call, &file->site, left, file->size_bytes - has);
    return batch_failed(batch, "write", file->part);
}

/* What a run of send_file() has come to: 1, all is there; 0, not yet; -1 or DDB_NO_ROOM with fail(). */
static int sent(struct ddb_call *call, const struct file *file, const struct batch *batch, bool again)
{
    const struct ddb_stored *part;
    struct ddb_stored *stored;
    size_t n;

    if (batch->status == BATCH_LOST)
        return 0;
    if (batch->status != 0)
        return put_failed(call, file, batch);
    batch_list(batch, &stored, &n);
    part = batch_folder_find(stored, n, file->part);
    if (part != NULL && part->size_bytes == file->size_bytes)
        return 1;
    if (again)
        return 0;
    return sftp_host->fail(call, "\"%s\" in \"%s\" has %lld bytes instead of %lld", file->part,
                           file->site.url, part != NULL ? (long long)part->size_bytes : -1,
                           (long long)file->size_bytes);
}

/* Send the file; a cut connection is made again, and goes on where it was cut: writes arrive in their
 * order. Where reput finds nothing to do, the last word is put's, which also synchronises. */
static int send_file(struct ddb_call *call, struct file *file, struct batch *batch)
{
    const char *part = batch_file(call, file->part);
    const char *command = "put";

    for (int attempt = 1;; attempt++) {
        const bool again = command[0] == '-';
        int answer;

        if (batch_run(batch, file->size_bytes,
                      sftp_host->format(call, "%s%s -f " BATCH_DATA " %s\nls -lan %s\n",
                                        batch_folder_enter(call, &file->site), command, part,
                                        part)) < 0)
            return -1;
        answer = sent(call, file, batch, again);
        if (answer < 0 || (answer > 0 && batch->error[0] == '\0'))
            return answer < 0 ? answer : 0;
        if (attempt == ATTEMPTS || pause_for(call, attempt) < 0)
            return batch_failed(batch, "write", file->part);
        sftp_host->log(call, DDB_LEVEL_WARNING, "sending \"%s\": %s; going on", file->name,
                       batch->error);
        command = answer > 0 || again ? "put" : "-reput";
        if (batch->status == BATCH_LOST)
            command = "-reput";
    }
}

/* "rename -l" never replaces a file. */
static int publish(struct ddb_call *call, struct file *file, struct batch *batch)
{
    struct ddb_stored *stored;
    size_t n;

    if (batch_run(batch, 0, sftp_host->format(call, "%srename -l %s %s\n", batch_folder_enter(call, &file->site),
                                              batch_file(call, file->part),
                                              batch_file(call, file->name))) < 0)
        return -1;
    if (batch->status == 0)
        return 0;
    if (batch_folder_read(call, &file->site, &stored, &n) == 0 && batch_folder_find(stored, n, file->name) != NULL) {
        if (batch->status == BATCH_LOST && batch_folder_find(stored, n, file->part) == NULL)
            return 0; /* only the answer was lost */
        return sftp_host->fail(call, "\"%s\" exists already in \"%s\"", file->name, file->site.url);
    }
    return batch_failed(batch, "give its name to", file->part);
}

static int batch_commit(struct ddb_call *call, void *self)
{
    struct file *file = self;
    struct batch batch = batch_folder_for(call, &file->site, file->spool.dir);
    int rc = send_file(call, file, &batch);

    if (rc == 0)
        rc = publish(call, file, &batch);
    if (rc < 0 && batch.status != BATCH_LOST)
        batch_folder_unlink(call, &file->site, file->part);
    batch_release(&batch);
    release(call, file);
    return rc;
}

static int batch_abort(struct ddb_call *call, void *self)
{
    struct file *file = self;
    int rc = batch_folder_unlink(call, &file->site, file->part);

    release(call, file);
    return rc;
}

/* --- reading --------------------------------------------------------------------------------------------- */

static int fetch(struct ddb_call *call, struct file *file)
{
    const char *name = batch_file(call, file->name);
    struct batch batch = batch_folder_for(call, &file->site, file->spool.dir);
    const struct ddb_stored *found;
    struct ddb_stored *stored;
    struct stat st;
    size_t n;
    int rc;

    if (batch_folder_read(call, &file->site, &stored, &n) < 0)
        return -1;
    found = batch_folder_find(stored, n, file->name);
    if (found == NULL)
        return sftp_host->fail(call, "could not open \"%s\" in \"%s\": no such plain file",
                               file->name, file->site.url);
    rc = batch_run(&batch, found->size_bytes,
                   sftp_host->format(call, "%sget %s " BATCH_DATA "\n", batch_folder_enter(call, &file->site), name));
    if (rc == 0 && batch.status != 0)
        rc = batch_failed(&batch, "fetch", file->name);
    batch_release(&batch);
    if (rc < 0)
        return -1;
    if (fstat(file->spool.fd, &st) < 0 || st.st_size != found->size_bytes)
        return sftp_host->fail(call, "\"%s\" has %lld bytes instead of %lld after it was fetched",
                               file->name, (long long)st.st_size, (long long)found->size_bytes);
    file->size_bytes = st.st_size;
    return 0;
}

static int batch_open(struct ddb_call *call, const char *name, void **out, int64_t *size_bytes)
{
    struct file *file = new_file(call, name);

    if (file == NULL)
        return -1;
    if (fetch(call, file) < 0) {
        release(call, file);
        return -1;
    }
    *size_bytes = file->size_bytes;
    *out = file;
    return 0;
}

static ssize_t batch_read(struct ddb_call *call, void *self, int64_t offset, void *data, size_t cap)
{
    struct file *file = self;
    size_t done = 0;

    while (done < cap) {
        ssize_t n = pread(file->spool.fd, (char *)data + done, cap - done, offset + (int64_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return spool_failed(call, "read", file->spool.dir);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static int batch_close(struct ddb_call *call, void *self)
{
    release(call, self);
    return 0;
}

/* --- the table ------------------------------------------------------------------------------------------- */

const struct ddb_store batch_store = {
    .size = sizeof batch_store,
    .create = batch_create,
    .write = batch_write,
    .commit = batch_commit,
    .abort = batch_abort,
    .open = batch_open,
    .read = batch_read,
    .close = batch_close,
    .list = batch_folder_list,
    .remove = batch_folder_remove,
    .free_bytes = batch_folder_free,
    .locate = folder_locate,
    .suspend = batch_suspend,
    .resume = batch_resume,
};
