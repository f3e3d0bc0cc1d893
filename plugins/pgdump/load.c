/* load - see pgdump.h: a dump goes into pg_restore as a stream, never over a file on disk. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pgdump.h"

/* How much of a dump is read at first for its table of contents, and how much more each time. */
enum { HEAD_BYTES = 1024 * 1024, HEAD_GROWTH = 4, PIECE_BYTES = 256 * 1024 };

/* The dump on its way into pg_restore. */
struct feed {
    struct ddb_call *call;
    const struct ddb_source *source;
    bool broken, ended;
    int64_t bytes;
    int (*output)(void *arg, const void *data, size_t n); /* what pg_restore prints; NULL: logged */
    void *arg;
};

static ssize_t feed_input(void *arg, void *data, size_t cap)
{
    struct feed *feed = arg;
    ssize_t n = feed->ended ? 0 : feed->source->read(feed->source->self, data, cap);

    feed->broken = feed->broken || n < 0;
    feed->ended = n <= 0;
    feed->bytes += n > 0 ? n : 0;
    host->progress(feed->call, "pg_restore", feed->bytes, 0, 1);
    return n;
}

static int feed_output(void *arg, const void *data, size_t n)
{
    struct feed *feed = arg;

    return feed->output(feed->arg, data, n);
}

static int drain(struct feed *feed)
{
    char data[65536];

    while (!feed->ended)
        if (feed_input(feed, data, sizeof data) > 0 && host->cancelled(feed->call))
            return host->fail(feed->call, "cancelled");
    return feed->broken ? -1 : 0;
}

/* ${feed} NULL: nothing comes on standard input. */
static int run_restore(struct ddb_call *call, const char *const *argv, const char *database,
                       struct feed *feed)
{
    const struct ddb_child child = {
        .size = sizeof child,
        .argv = argv,
        .env = host->database_env(call, database),
        .tool = "pg_restore",
        .timeout_ms = tools_fact(call, "timeout_ms"),
        .input = feed != NULL ? feed_input : NULL,
        .output = feed != NULL && feed->output != NULL ? feed_output : NULL,
        .arg = feed,
    };
    int status;

    if (host->run(call, &child, &status) < 0 || (feed != NULL && feed->broken))
        return -1;
    return status == 0 ? 0 : tools_failed(call, "pg_restore", status);
}

int load_program(struct ddb_call *call, const char *const *argv, const char *database)
{
    return run_restore(call, argv, database, NULL);
}

static int find_restore(struct ddb_call *call, const char *database, struct tool *tool)
{
    int server = 0; /* without a database no server is asked */

    if (database != NULL && tools_server(call, database, &server) < 0)
        return -1;
    return tools_find(call, "pg_restore", server, tool);
}

int load_run(struct ddb_call *call, const struct ddb_source *source, const char **argv,
             const char *database, int (*output)(void *arg, const void *data, size_t n), void *arg)
{
    struct feed feed = {.call = call, .source = source, .output = output, .arg = arg};
    struct tool tool;
    int rc;

    if (find_restore(call, database, &tool) < 0)
        return -1;
    argv[0] = tool.path;
    if (source->open(source->self, PGDUMP_MEMBER) != 0)
        return -1;
    rc = run_restore(call, argv, database, &feed);
    if (rc == 0)
        rc = drain(&feed);
    if (source->close(source->self) != 0)
        rc = -1;
    return rc;
}

/* --- the whole dump ---------------------------------------------------------------------------- */

int load_verify(struct ddb_call *call, const struct ddb_source *source)
{
    const char *argv[] = {NULL, "--list", NULL};
    struct text listing = {.len = 0};
    const char *entries;

    if (load_run(call, source, argv, NULL, tools_keep_start, &listing) < 0)
        return -1;
    entries = strstr(listing.data, "TOC Entries: ");
    if (entries == NULL || strtol(entries + strlen("TOC Entries: "), NULL, 10) <= 0)
        return host->fail(call, "pg_restore does not find a table of contents in \"%s\"",
                          PGDUMP_MEMBER);
    return 0;
}

static const char *quoted(struct ddb_call *call, const char *value)
{
    char *escaped = host->alloc(call, 2 * strlen(value) + 1), *to = escaped;

    for (const char *at = value; *at != '\0'; *to++ = *at++)
        if (*at == '\'' || *at == '\\')
            *to++ = '\\';
    return escaped;
}

/* The environment has no variable for how a server is noticed that is gone: as in our own sessions. */
const char *load_conninfo(struct ddb_call *call, const char *database)
{
    static const char *const ours[][2] = {{"keepalives_idle", "30"},
                                          {"keepalives_interval", "10"},
                                          {"keepalives_count", "3"},
                                          {"tcp_user_timeout", "60000"}};
    static const char *const none[] = {NULL};
    const char *const *params = DDB_HAS(host, conninfo) ? host->conninfo(call, database) : none;
    const char *text =
        database == NULL ? "" : host->format(call, "dbname='%s'", quoted(call, database));

    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        const char *value = ours[i][1];

        for (const char *const *own = params; *own != NULL; own += 2)
            if (strcmp(own[0], ours[i][0]) == 0)
                value = own[1];
        text = host->format(call, "%s%s%s='%s'", text, *text == '\0' ? "" : " ", ours[i][0],
                            quoted(call, value));
    }
    return text;
}

int load_restore(struct ddb_call *call, const struct ddb_source *source, const char *database)
{
    const char *argv[] = {NULL, "--exit-on-error", "--no-password", "-d", load_conninfo(call, database),
                          NULL};

    return load_run(call, source, argv, database, NULL, NULL);
}

/* --- its head, in memory ------------------------------------------------------------------------ */

const char *load_shown(struct ddb_call *call, const char *name)
{
    char *copy = host->format(call, "%s", name);

    for (char *at = copy; *at != '\0'; at++)
        if (*at == '\n' || *at == '\r')
            *at = ' ';
    return copy;
}

const char *load_head_path(struct ddb_call *call, int fd)
{
    return host->format(call, "/proc/%ld/fd/%d", (long)getpid(), fd);
}

int load_write(struct ddb_call *call, int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t wrote = write(fd, data, n);

        if (wrote < 0 && errno != EINTR)
            return host->fail(call, "could not keep the head of the dump in memory: %s",
                              strerror(errno));
        data += wrote > 0 ? wrote : 0;
        n -= wrote > 0 ? (size_t)wrote : 0;
    }
    return 0;
}

/* ${n} bytes more of the dump into ${fd}. */
static int copy_more(struct feed *feed, int fd, size_t n)
{
    static _Thread_local char data[PIECE_BYTES];

    while (n > 0 && !feed->ended) {
        ssize_t got = feed_input(feed, data, n < sizeof data ? n : sizeof data);

        if (got < 0 || (got > 0 && load_write(feed->call, fd, data, (size_t)got) < 0))
            return -1;
        if (host->cancelled(feed->call))
            return host->fail(feed->call, "cancelled");
        n -= (size_t)got;
    }
    return 0;
}

struct asked {
    bool unseen; /* the program does not find the file at all */
};

static int drop_output(void *arg, const void *data, size_t n)
{
    (void)arg;
    (void)data;
    (void)n;
    return 0;
}

/* A program in a container, or of another user, sees no such file. */
static void look_for_unseen(void *arg, const char *line)
{
    struct asked *asked = arg;

    asked->unseen = asked->unseen || strstr(line, "could not open input file") != NULL;
}

/* The connection's variables and messages in English. */
static const char *const *english(struct ddb_call *call)
{
    const char *const *env = host->database_env(call, NULL);
    const char **copy;
    size_t n = 0;

    while (env[n] != NULL)
        n++;
    copy = host->alloc(call, (n + 2) * sizeof *copy);
    memcpy(copy, env, n * sizeof *copy);
    copy[n] = "LC_ALL=C";
    return copy;
}

/* Whether ${tool} finds a whole table of contents there. */
static int ask_list(struct ddb_call *call, const struct tool *tool, int fd, bool *whole,
                    struct asked *asked)
{
    const char *argv[] = {tool->path, "--list", load_head_path(call, fd), NULL};
    const struct ddb_child child = {
        .size = sizeof child,
        .argv = argv,
        .env = english(call),
        .tool = "pg_restore",
        .timeout_ms = tools_fact(call, "timeout_ms"),
        .output = drop_output,
        .error_line = look_for_unseen,
        .arg = asked,
    };
    int status;

    if (host->run(call, &child, &status) < 0)
        return -1;
    *whole = status == 0;
    return 0;
}

static int grow_head(struct feed *feed, const struct tool *tool, int *fd)
{
    struct asked asked = {false};
    bool whole = false;

    for (size_t n = HEAD_BYTES; !whole && !feed->ended && !asked.unseen; n *= HEAD_GROWTH)
        if (copy_more(feed, *fd, n) < 0 || ask_list(feed->call, tool, *fd, &whole, &asked) < 0)
            return -1;
    if (!whole) {
        close(*fd);
        *fd = -1;
    }
    return 0;
}

int load_list(struct ddb_call *call, const struct tool *tool, int fd,
              int (*output)(void *arg, const void *data, size_t n), void *arg)
{
    const struct ddb_child child = {
        .size = sizeof child,
        .argv = (const char *[]){tool->path, "--list", load_head_path(call, fd), NULL},
        .env = host->database_env(call, NULL),
        .tool = "pg_restore",
        .timeout_ms = tools_fact(call, "timeout_ms"),
        .output = output,
        .arg = arg,
    };
    int status;

    if (host->run(call, &child, &status) < 0)
        return -1;
    return status == 0 ? 0 : tools_failed(call, "pg_restore", status);
}

int load_head(struct ddb_call *call, const struct ddb_source *source, const struct tool *tool,
              int *fd)
{
    struct feed feed = {.call = call, .source = source};
    int rc;

    *fd = memfd_create("dump", MFD_CLOEXEC);
    if (*fd < 0) {
        host->log(call, DDB_LEVEL_DETAIL, "memfd_create: %s", strerror(errno));
        return 0;
    }
    if (source->open(source->self, PGDUMP_MEMBER) != 0) {
        close(*fd);
        return -1;
    }
    rc = grow_head(&feed, tool, fd);
    if (source->close(source->self) != 0)
        rc = -1;
    if (rc < 0 && *fd >= 0)
        close(*fd);
    return rc;
}

/* --- by sections -------------------------------------------------------------------------------- */

/* A section without rows: the head of the dump is all it needs, and a file can be read by several
 * processes at once. Only indexes and constraints are work for several. */
static int section_from_head(struct ddb_call *call, const struct tool *tool, int fd,
                             const char *database, const char *section)
{
    const char *argv[] = {tool->path, "--exit-on-error", "--no-password",
                          host->format(call, "--section=%s", section), "-d",
                          load_conninfo(call, database), load_head_path(call, fd), NULL};

    if (strcmp(section, "post-data") == 0)
        return post_restore(call, tool, fd, database);
    return load_program(call, argv, database);
}

/* All rows, or all but those of some tables. */
static int load_data(struct ddb_call *call, const struct ddb_source *source, const char **argv,
                     size_t n, const char *database)
{
    const char *const *left =
        DDB_HAS(host, fact_list) ? host->fact_list(call, "exclude_rows") : NULL;
    int fd = -1, rc;

    if (left != NULL && left[0] != NULL) {
        if (leave_list(call, source, left, &fd) < 0)
            return -1;
        argv[n++] = "-L";
        argv[n++] = load_head_path(call, fd);
    }
    argv[n] = NULL;
    rc = load_run(call, source, argv, database, NULL, NULL);
    if (fd >= 0)
        close(fd);
    return rc;
}

int load_section(struct ddb_call *call, const struct ddb_source *source, const char *database,
                 const char *section)
{
    const char *argv[] = {NULL, "--exit-on-error", "--no-password",
                          host->format(call, "--section=%s", section), "-d",
                          load_conninfo(call, database), NULL, NULL, NULL};
    struct tool tool;
    int fd, rc;

    if (strcmp(section, "data") == 0)
        return load_data(call, source, argv, 6, database);
    if (find_restore(call, database, &tool) < 0 || load_head(call, source, &tool, &fd) < 0)
        return -1;
    if (fd < 0)
        return load_run(call, source, argv, database, NULL, NULL);
    rc = section_from_head(call, &tool, fd, database, section);
    close(fd);
    return rc;
}
