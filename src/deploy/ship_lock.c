/* ship_lock - one writer of a file in a store at a time, among all processes of this machine (ship_parts.h). */
#include "deploy/ship_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fs.h"

/* One byte of the lock file stands for a file in a store: FNV-1a, 64 bits, less the sign and one more. */
static off_t place_of(const char *label, const char *name)
{
    uint64_t hash = 14695981039346656037u;

    for (const char *at = label; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    hash *= 1099511628211u; /* a NUL between the two */
    for (const char *at = name; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    return (off_t)(hash >> 2);
}

int ship_lock(struct services *services, const char *label, const char *name, int *fd,
              struct err *err)
{
    const char *dir = run_state_dir(services);
    const char *path = fs_join(services->arena, dir, "ship.lock");
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = place_of(label, name),
                         .l_len = 1};

    if (fs_mkdirs(dir, 0700, err) != 0)
        return err_as(err, ERR_PREPARE);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return err_sys(err, ERR_PREPARE, errno, "could not open lock file \"%s\"", path);
    /* Of the open file, not of the process: two threads exclude each other too. */
    if (fcntl(*fd, F_OFD_SETLK, &lock) == 0)
        return 0;
    if (errno == EAGAIN || errno == EACCES)
        err_set(err, ERR_BUSY, "snapshot \"%s\" is on its way into store \"%s\" already", name, label);
    else
        err_sys(err, ERR_PREPARE, errno, "could not lock \"%s\"", path);
    close(*fd);
    *fd = -1;
    return -1;
}
