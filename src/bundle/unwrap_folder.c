/* unwrap_folder - see unwrap.h. */
#include "bundle/unwrap.h"

#include <string.h>

#include "base/fs.h"

enum { CHUNK = 256 * 1024, END = 3 };

/* 3350.dat, 3350.dat.gz: the rows of a table. */
static bool is_table(const char *name)
{
    size_t digits = strspn(name, "0123456789");

    return digits > 0 && strncmp(name + digits, ".dat", 4) == 0;
}

struct folder {
    unwrap_tick *tick;
    void *arg;
    int64_t done, total;
    char data[CHUNK];
};

static int read_file(struct folder *folder, const char *path, bool rows, struct err *err)
{
    struct unwrap *unwrap = NULL;
    char end[END] = "";
    ssize_t n = -1;

    if (unwrap_open(path, &unwrap, err) != 0)
        return -1;
    while ((n = unwrap_read(unwrap, folder->data, CHUNK, err)) > 0) {
        size_t keep = n < END ? END - (size_t)n : 0;

        memmove(end, end + END - keep, keep);
        memcpy(end + keep, folder->data + n - (END - keep), END - keep);
        if (folder->tick != NULL &&
            folder->tick(folder->arg, folder->done + unwrap_taken(unwrap), folder->total) != 0) {
            n = err_set(err, ERR_PREPARE, "\"%s\": cancelled", path);
            break;
        }
    }
    folder->done += unwrap_taken(unwrap);
    unwrap_close(unwrap);
    if (n == 0 && rows && memcmp(end, "\n\n\n", END) != 0)
        return err_set(err, ERR_PREPARE, "\"%s\" is cut off: the end of its rows is missing", path);
    return n == 0 ? 0 : -1;
}

int unwrap_folder(const char *path, unwrap_tick *tick, void *arg, struct err *err)
{
    auto_strvec struct strvec names = {0};
    struct arena *arena = arena_new();
    struct folder *folder = mem_alloc(sizeof *folder);
    int rc = fs_list(path, &names, err);

    folder->tick = tick;
    folder->arg = arg;
    for (size_t i = 0; i < names.n && rc == 0; i++)
        if (is_table(names.v[i]))
            rc = read_file(folder, fs_join(arena, path, names.v[i]), true, err);
    mem_free(folder);
    arena_free(arena);
    return rc;
}
