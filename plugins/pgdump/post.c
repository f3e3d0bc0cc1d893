/*
 * post - see pgdump.h: indexes, constraints and triggers, by several sessions.
 *
 * pg_restore keeps two entries apart only when both name the same table. With partitioned tables that is
 * not enough: ALTER INDEX … ATTACH PARTITION waits for the index of a partition that the check of a foreign
 * key reads, which waits for the next one, and the server ends one of both with "deadlock detected". So
 * the three kinds of work are done one after the other, each with as many sessions as it may have.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pgdump.h"

enum pass { PASS_MOST, PASS_ATTACH, PASS_FOREIGN_KEYS, PASS_EVENT_TRIGGERS, PASSES };

/* What "3325; 1259 16386 INDEX ATTACH public orders_id_idx postgres" is done in. Comments on constraints
 * come last: the constraint may be a foreign key. */
static enum pass pass_of(const char *line)
{
    static const struct {
        const char *kind;
        enum pass pass;
    } kinds[] = {{"INDEX ATTACH ", PASS_ATTACH},
                 {"FK CONSTRAINT ", PASS_FOREIGN_KEYS},
                 {"EVENT TRIGGER ", PASS_EVENT_TRIGGERS},
                 {"COMMENT - EVENT TRIGGER ", PASS_EVENT_TRIGGERS}};
    const char *at = line;

    /* its number, two numbers of the catalog, its kind */
    for (int field = 0; field < 3; field++) {
        at += strspn(at, "0123456789;");
        at += strspn(at, " ");
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(at, kinds[i].kind, strlen(kinds[i].kind)) == 0)
            return kinds[i].pass;
    if (strncmp(at, "COMMENT ", strlen("COMMENT ")) == 0 &&
        memmem(at, strcspn(at, "\n"), " CONSTRAINT ", strlen(" CONSTRAINT ")) != NULL)
        return PASS_FOREIGN_KEYS;
    return PASS_MOST;
}

/* The entries of ${pass}, each on its line, as a file in memory. */
static int list_of(struct ddb_call *call, const struct entries *list, enum pass pass,
                   int *fd, size_t *entries)
{
    const char *at = list->data;
    int rc = 0;

    *entries = 0;
    *fd = memfd_create("list", MFD_CLOEXEC);
    if (*fd < 0)
        return host->fail(call, "could not keep the list of entries in memory: %s",
                          strerror(errno));
    while (rc == 0 && *at != '\0') {
        size_t n = strcspn(at, "\n");

        n += at[n] == '\n';
        if (*at >= '0' && *at <= '9' && pass_of(at) == pass) {
            rc = load_write(call, *fd, at, n);
            ++*entries;
        }
        at += n;
    }
    if (rc < 0)
        close(*fd);
    return rc;
}

static int run_pass(struct ddb_call *call, const struct tool *tool, int head, const char *database,
                    const struct entries *list, enum pass pass)
{
    const bool alone = pass == PASS_ATTACH || pass == PASS_EVENT_TRIGGERS;
    const int64_t jobs = alone ? 1 : tools_fact(call, "jobs");
    const char *argv[] = {tool->path, "--exit-on-error", "--no-password", "--section=post-data", "-d",
                          load_conninfo(call, database),
                          host->format(call, "--jobs=%lld", (long long)jobs), "-L", NULL,
                          load_head_path(call, head), NULL};
    size_t entries;
    int fd, rc = 0;

    if (list_of(call, list, pass, &fd, &entries) < 0)
        return -1;
    argv[8] = load_head_path(call, fd);
    if (entries > 0)
        rc = load_program(call, argv, database);
    close(fd);
    return rc;
}

int post_restore(struct ddb_call *call, const struct tool *tool, int head, const char *database)
{
    const char *argv[] = {tool->path, "--exit-on-error", "--no-password", "--section=post-data", "-d",
                          load_conninfo(call, database), load_head_path(call, head), NULL, NULL};
    const int64_t jobs = tools_fact(call, "jobs");
    struct entries list = {.call = call};

    if (jobs > 1 && load_list(call, tool, head, leave_take, &list) < 0)
        return -1;
    if (jobs > 1)
        argv[7] = host->format(call, "--jobs=%lld", (long long)jobs);
    if (list.data == NULL || (strstr(list.data, " INDEX ATTACH ") == NULL &&
                              strstr(list.data, " EVENT TRIGGER ") == NULL))
        return load_program(call, argv, database);
    for (int pass = 0; pass < PASSES; pass++)
        if (run_pass(call, tool, head, database, &list, (enum pass)pass) < 0)
            return -1;
    return 0;
}
