/* attach - see pgdump.h: whether several sessions may make indexes and constraints. */
#include <stdio.h>
#include <string.h>

#include "pgdump.h"

/* The lines of a list as they come in pieces: whether one is about an index of a partition that is
 * attached to its parent's. */
struct attaching {
    char tail[64]; /* of the piece before */
    bool found;
};

static int look_for_attach(void *arg, const void *data, size_t n)
{
    static const char entry[] = " INDEX ATTACH ";
    struct attaching *attaching = arg;
    char seam[2 * sizeof attaching->tail] = "";
    const size_t begin = n < sizeof attaching->tail - 1 ? n : sizeof attaching->tail - 1;

    snprintf(seam, sizeof seam, "%s%.*s", attaching->tail, (int)begin, (const char *)data);
    attaching->found = attaching->found || strstr(seam, entry) != NULL ||
                       memmem(data, n, entry, sizeof entry - 1) != NULL;
    snprintf(attaching->tail, sizeof attaching->tail, "%.*s", (int)begin,
             (const char *)data + n - begin);
    return 0;
}

int attach_look(struct ddb_call *call, const struct tool *tool, int fd, bool *found)
{
    struct attaching attaching = {.found = false};

    if (load_list(call, tool, fd, look_for_attach, &attaching) < 0)
        return -1;
    *found = attaching.found;
    return 0;
}
