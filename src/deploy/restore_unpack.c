/* restore_unpack - see restore_unpack.h. */
#include "deploy/restore_unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"

#define ENDING ".unpacked"

/* A folder that is ours alone, opened; -1: it is in use, or gone. */
static int lock_folder(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &status) == 0 &&
        status.st_nlink > 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int restore_unpack_open(struct run *run, struct restore_unpack *unpack, struct err *err)
{
    enum { ATTEMPTS = 10 };

    unpack->path =
        fs_join(run->arena, run->state_dir, arena_printf(run->arena, "%s" ENDING, run->id));
    unpack->fd = -1;
    if (fs_mkdirs(run->state_dir, 0700, err) != 0)
        return -1;
    /* Somebody who sweeps may be faster than the lock. */
    for (int i = 0; i < ATTEMPTS && unpack->fd < 0; i++) {
        if (mkdir(unpack->path, 0700) != 0 && errno != EEXIST)
            return err_sys(err, ERR_PREPARE, errno, "could not create directory \"%s\"",
                           unpack->path);
        unpack->fd = lock_folder(unpack->path);
    }
    return unpack->fd >= 0
               ? 0
               : err_set(err, ERR_PREPARE, "could not lock directory \"%s\"", unpack->path);
}

void restore_unpack_close(struct restore_unpack *unpack)
{
    struct err err = ERR_INIT;

    if (unpack->fd < 0)
        return;
    if (fs_remove_tree(unpack->path, &err) != 0)
        log_warning("%s", err.primary);
    close(unpack->fd);
    unpack->fd = -1;
}

void restore_unpack_sweep(const char *state_dir)
{
    auto_strvec struct strvec names = {0};
    struct arena *arena = arena_new();
    struct err err = ERR_INIT;

    if (fs_is_dir(state_dir) && fs_list(state_dir, &names, &err) != 0)
        log_detail("%s", err.primary);
    for (size_t i = 0; i < names.n; i++) {
        const size_t n = strlen(names.v[i]), ending = strlen(ENDING);
        struct restore_unpack left = {.path = fs_join(arena, state_dir, names.v[i]), .fd = -1};

        if (n <= ending || strcmp(names.v[i] + n - ending, ENDING) != 0)
            continue;
        left.fd = lock_folder(left.path);
        if (left.fd >= 0)
            log_info("removing what an interrupted restore has unpacked: %s", left.path);
        restore_unpack_close(&left);
    }
    arena_free(arena);
}
