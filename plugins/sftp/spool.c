/* spool - see spool.h. */
#include "spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch_run.h"

#define PREFIX "deploy-db-sftp-"

enum { ATTEMPTS = 5 };

int spool_failed(struct ddb_call *call, const char *doing, const char *path)
{
    const int errnum = errno;

    sftp_host->fail(call, "could not %s \"%s\": %s", doing, path, strerror(errnum));
    return sftp_host->hint(call, "The setting \"spool\" of the sftp store names a folder of this "
                                 "machine with room for a snapshot.");
}

/* --- what dead processes have left ---------------------------------------------------------------------- */

/* The folder must be ours and no link: anybody may make one of that name in /var/tmp. */
static void sweep_one(struct ddb_call *call, int parent, const char *name)
{
    int dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), fd = -1;
    struct stat st;

    if (dir >= 0 && fstat(dir, &st) == 0 && st.st_uid == geteuid())
        fd = openat(dir, BATCH_DATA, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && unlinkat(dir, BATCH_DATA, 0) == 0 &&
        unlinkat(parent, name, AT_REMOVEDIR) == 0)
        sftp_host->log(call, DDB_LEVEL_INFO, "removed \"%s\", which an interrupted transfer has left", name);
    if (fd >= 0)
        close(fd);
    if (dir >= 0)
        close(dir);
}

static void sweep(struct ddb_call *call, const char *parent)
{
    DIR *list = opendir(parent);

    for (const struct dirent *entry; list != NULL && (entry = readdir(list)) != NULL;)
        if (strncmp(entry->d_name, PREFIX, sizeof PREFIX - 1) == 0)
            sweep_one(call, dirfd(list), entry->d_name);
    if (list != NULL)
        closedir(list);
}

/* --- a new one ------------------------------------------------------------------------------------------ */

/* Whoever sweeps may be faster than the lock: then the file has no name any more. */
static bool is_ours(int fd)
{
    struct stat st;

    (void)flock(fd, LOCK_EX); /* where the file system has no locks, nobody sweeps */
    return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

int spool_open(struct ddb_call *call, const char *parent, struct spool *spool)
{
    sweep(call, parent);
    for (int i = 0; i < ATTEMPTS; i++) {
        *spool = (struct spool){.fd = -1};
        spool->dir = sftp_host->format(call, "%s/" PREFIX "XXXXXX", parent);
        if (mkdtemp(spool->dir) == NULL) {
            spool_failed(call, "create folder", spool->dir);
            spool->dir = NULL;
            return -1;
        }
        spool->fd = open(sftp_host->format(call, "%s/" BATCH_DATA, spool->dir),
                         O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (spool->fd < 0)
            break;
        if (is_ours(spool->fd))
            return 0;
        spool_close(call, spool);
        errno = EAGAIN;
    }
    spool_failed(call, "create", parent);
    spool_close(call, spool);
    return -1;
}

void spool_close(struct ddb_call *call, struct spool *spool)
{
    if (spool->dir != NULL) {
        unlink(sftp_host->format(call, "%s/" BATCH_DATA, spool->dir));
        rmdir(spool->dir);
    }
    if (spool->fd >= 0)
        close(spool->fd);
    *spool = (struct spool){.fd = -1};
}
