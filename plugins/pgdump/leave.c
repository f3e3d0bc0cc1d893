/* leave - see pgdump.h: the dump's list of entries without the rows of some tables. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pgdump.h"

int leave_take(void *arg, const void *data, size_t n)
{
    struct entries *list = arg;

    if (list->len + n + 1 > list->cap) {
        char *grown;

        list->cap = 2 * (list->len + n + 1) + 65536;
        grown = host->alloc(list->call, list->cap);
        if (list->len > 0)
            memcpy(grown, list->data, list->len);
        list->data = grown;
    }
    memcpy(list->data + list->len, data, n);
    list->len += n;
    list->data[list->len] = '\0';
    return 0;
}

static int read_list(struct ddb_call *call, const struct ddb_source *source,
                     struct entries *list)
{
    const char *argv[] = {NULL, "--list", NULL};
    struct tool tool;
    int fd, rc;

    if (tools_find(call, "pg_restore", 0, &tool) < 0 || load_head(call, source, &tool, &fd) < 0)
        return -1;
    if (fd < 0)
        return load_run(call, source, argv, NULL, leave_take, list);
    rc = load_list(call, &tool, fd, leave_take, list);
    close(fd);
    return rc;
}

/* "3325; 0 16386 TABLE DATA public orders postgres" becomes a comment. A name with a blank in it may be
 * read in two ways: then neither is guessed. */
static int leave(struct entries *list, const char *schema, const char *name)
{
    const char *wanted = host->format(list->call, " TABLE DATA %s %s ",
                                      load_shown(list->call, schema),
                                      load_shown(list->call, name));
    size_t found = 0;

    for (char *at = list->data; *at != '\0';) {
        size_t n = strcspn(at, "\n");
        char *data = memmem(at, n, " TABLE DATA ", strlen(" TABLE DATA "));

        if (*at >= '0' && *at <= '9' && data != NULL && strlen(wanted) <= (size_t)(at + n - data) &&
            strncmp(data, wanted, strlen(wanted)) == 0) {
            *at = ';';
            found++;
        }
        at += n + (at[n] == '\n');
    }
    if (found == 1)
        return 0;
    return host->fail(list->call,
                      found == 0 ? "the dump has no rows of table \"%s.%s\""
                                 : "the dump has two tables that may be \"%s.%s\"",
                      schema, name);
}

int leave_list(struct ddb_call *call, const struct ddb_source *source, const char *const *tables,
               int *fd)
{
    struct entries list = {.call = call};

    *fd = -1;
    if (read_list(call, source, &list) < 0)
        return -1;
    for (; list.data != NULL && tables[0] != NULL && tables[1] != NULL; tables += 2)
        if (leave(&list, tables[0], tables[1]) < 0)
            return -1;
    if (tables[0] != NULL)
        return host->fail(call, "the dump has no list of entries");
    *fd = memfd_create("list", MFD_CLOEXEC);
    if (*fd < 0)
        return host->fail(call, "could not keep the list of entries in memory: %s",
                          strerror(errno));
    if (load_write(call, *fd, list.data, list.len) == 0)
        return 0;
    close(*fd);
    return -1;
}
