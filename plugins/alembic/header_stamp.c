/* header_stamp - see header_stamp.h: by statx(2), which tells a network's file system to look anew. */
#include "header_stamp.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#define SECOND  ((int64_t)1000000000)
#define SETTLED (3 * SECOND) /* the coarsest times that file systems keep are of two seconds */

static int64_t nanoseconds(struct statx_timestamp time)
{
    return time.tv_sec * SECOND + time.tv_nsec;
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

void header_stamp_of(int fd, const char *name, struct header_stamp *stamp)
{
    struct statx st;
    int flags = AT_STATX_FORCE_SYNC | (*name == '\0' ? AT_EMPTY_PATH : 0);

    memset(stamp, 0, sizeof *stamp);
    stamp->looked = now();
    if (statx(fd, name, flags, STATX_BASIC_STATS, &st) != 0 || !S_ISREG(st.stx_mode) ||
        (st.stx_mask & STATX_BASIC_STATS) != STATX_BASIC_STATS)
        return;
    stamp->device = makedev(st.stx_dev_major, st.stx_dev_minor);
    stamp->inode = st.stx_ino;
    stamp->size = st.stx_size;
    stamp->changed = nanoseconds(st.stx_mtime);
    stamp->inode_changed = nanoseconds(st.stx_ctime);
}

bool header_stamp_is_known(const struct header_stamp *stamp)
{
    return stamp->inode != 0 || stamp->device != 0;
}

bool header_stamp_is_same(const struct header_stamp *a, const struct header_stamp *b)
{
    return header_stamp_is_known(a) && a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed == b->changed && a->inode_changed == b->inode_changed;
}

bool header_stamp_is_settled(const struct header_stamp *stamp)
{
    int64_t last =
        stamp->changed > stamp->inode_changed ? stamp->changed : stamp->inode_changed;

    return header_stamp_is_known(stamp) && last + SETTLED <= stamp->looked;
}
