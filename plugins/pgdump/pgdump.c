/*
 * pgdump - a snapshot: pg_dump's custom format, read and written as a stream.
 *
 * pg_dump must be at least as new as the server, to the minor release: an older one may miss what a
 * security release added to the catalog. Of the programs that are found, one of the server's own
 * major release is preferred. The schema deploy_db comes along: a restored database still
 * knows of its runs, and of the one that was under way.
 */
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin.h"

#define MEMBER "main.dump"

/* pg_dump waits for its locks this long, longer than a session that changes the database: waiting
 * for ACCESS SHARE stops nobody. */
enum { LOCK_WAIT_MS = 60000, ASK_TIMEOUT_MS = 30000, PROGRAMS_MAX = 32 };

static const struct ddb_host *host;

/* --- the programs ------------------------------------------------------------------------------ */

struct tool {
    const char *path;
    int major, minor;
    char version[64]; /* "15.4", "17beta1"; "" when it could not be asked */
};

struct programs {
    size_t n;
    const char *path[PROGRAMS_MAX];
};

struct text {
    char data[4096];
    size_t len;
};

/* The first bytes of a child's output; the rest is dropped. */
static int keep_start(void *arg, const void *data, size_t n)
{
    struct text *text = arg;
    size_t left = sizeof text->data - 1 - text->len;

    n = n < left ? n : left;
    memcpy(text->data + text->len, data, n);
    text->len += n;
    text->data[text->len] = '\0';
    return 0;
}

static int64_t fact_number(struct ddb_call *call, const char *key)
{
    const char *text = host->fact(call, key);

    return text != NULL ? strtoll(text, NULL, 10) : 0;
}

/* "pg_dump (PostgreSQL) 15.4 (Debian …)". */
static bool parse_version(const char *text, struct tool *tool)
{
    const char *at = strstr(text, "(PostgreSQL) ");
    char *end;

    if (at == NULL)
        return false;
    at += strlen("(PostgreSQL) ");
    tool->major = (int)strtol(at, &end, 10);
    tool->minor = *end == '.' ? (int)strtol(end + 1, NULL, 10) : 0;
    snprintf(tool->version, sizeof tool->version, "%.*s", (int)strcspn(at, " \n"), at);
    return end != at;
}

/* Run ${argv} and keep the start of what it prints; a failed program printed "". The connection's
 * variables are given to all, because a wrapper may choose by them which program it is. */
static int ask(struct ddb_call *call, const char *const *argv, const char *database,
               struct text *text)
{
    const struct ddb_child child = {
        .size = sizeof child,
        .argv = argv,
        .env = host->database_env(call, database),
        .timeout_ms = ASK_TIMEOUT_MS,
        .output = keep_start,
        .arg = text,
    };
    int status;

    *text = (struct text){.len = 0};
    if (host->run(call, &child, &status) < 0)
        return -1;
    if (status != 0)
        text->data[0] = '\0';
    return 0;
}

static int ask_version(struct ddb_call *call, const char *path, struct tool *tool)
{
    struct text text;

    *tool = (struct tool){.path = path};
    if (ask(call, (const char *const[]){path, "--version", NULL}, NULL, &text) < 0)
        return -1;
    if (!parse_version(text.data, tool))
        tool->version[0] = '\0';
    return 0;
}

/* 3: of the server's major release and not older; 2: of a newer one; 1: too old; 0: none. Without a
 * server all programs will do. */
static int suitability(const struct tool *tool, int server)
{
    const int major = server / 10000, minor = server % 10000;

    if (tool->version[0] == '\0')
        return 0;
    if (server == 0 || tool->major > major)
        return 2;
    return tool->major == major && tool->minor >= minor ? 3 : 1;
}

/* For a server the more suitable one, without one the newest, which reads what all others write. */
static bool is_better(const struct tool *tool, const struct tool *best, int server)
{
    const int a = suitability(tool, server), b = suitability(best, server);

    return a > b || (a == b && server == 0 && tool->major > best->major);
}

/* The programs ${name} of this machine: the one on PATH, then those where distributions put the
 * programs of each release. */
static void find_programs(struct ddb_call *call, const char *name, struct programs *programs)
{
    const char *search = getenv("PATH");
    glob_t found = {0};

    programs->n = 0;
    for (const char *at = search; at != NULL && programs->n == 0;) {
        int n = (int)strcspn(at, ":");
        const char *path = host->format(call, "%.*s%s%s", n, at, n > 0 ? "/" : "./", name);

        if (access(path, X_OK) == 0)
            programs->path[programs->n++] = path;
        at = at[n] == ':' ? at + n + 1 : NULL;
    }
    glob(host->format(call, "/usr/lib/postgresql/*/bin/%s", name), 0, NULL, &found);
    glob(host->format(call, "/usr/pgsql-*/bin/%s", name), GLOB_APPEND, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc && programs->n < PROGRAMS_MAX; i++)
        if (access(found.gl_pathv[i], X_OK) == 0)
            programs->path[programs->n++] = host->format(call, "%s", found.gl_pathv[i]);
    globfree(&found);
}

/* The version of the server of ${database} (NULL: the environment's), as libpq counts it; 0 when it
 * does not tell. */
static int ask_server(struct ddb_call *call, const char *database, int *version)
{
    const char *argv[] = {NULL, "-X", "-A", "-t", "-w", "-c", "SHOW server_version_num", NULL};
    struct programs psql;
    struct text text;

    *version = database == NULL ? (int)fact_number(call, "server_version") : 0;
    if (*version != 0)
        return 0;
    find_programs(call, "psql", &psql);
    if (psql.n == 0)
        return 0;
    argv[0] = psql.path[0];
    if (ask(call, argv, database, &text) < 0)
        return -1;
    *version = (int)strtol(text.data, NULL, 10);
    return 0;
}

/* The program ${name}: the configured one, or the best one for the server; version "": none.
 * ${server} 0: unknown. */
static int find_tool(struct ddb_call *call, const char *name, int server, struct tool *best)
{
    const char *configured = host->setting(call, name);
    struct programs programs = {.n = 1, .path = {configured}};

    *best = (struct tool){.path = configured != NULL ? configured : name};
    if (configured == NULL)
        find_programs(call, name, &programs);
    else if (strchr(configured, '/') != NULL && access(configured, X_OK) < 0)
        return 0;
    for (size_t i = 0; i < programs.n && suitability(best, server) < 3; i++) {
        struct tool tool;

        if (ask_version(call, programs.path[i], &tool) < 0)
            return -1;
        if (is_better(&tool, best, server))
            *best = tool;
    }
    return 0;
}

static int install_hint(struct ddb_call *call, const char *name, int server)
{
    return host->hint(call,
                      "Install the client programs of PostgreSQL %d.%d or a later %d.x "
                      "(postgresql-client-%d), or set \"%s\" in the snapshot's configuration.",
                      server / 10000, server % 10000, server / 10000, server / 10000, name);
}

/* Refuse a program that cannot be used with this server; warn of one that may not fit. */
static int check_tool(struct ddb_call *call, const char *name, int server, struct tool *tool)
{
    if (find_tool(call, name, server, tool) < 0)
        return -1;
    if (tool->version[0] == '\0') {
        host->fail(call, "program \"%s\" was not found or does not tell its version", tool->path);
        return install_hint(call, name, server);
    }
    if (suitability(tool, server) == 1) {
        host->fail(call, "\"%s\" is version %s, older than the server's %d.%d", tool->path,
                   tool->version, server / 10000, server % 10000);
        return install_hint(call, name, server);
    }
    if (tool->major > server / 10000)
        host->log(call, DDB_LEVEL_WARNING,
                  "\"%s\" is version %s, of a later release than the server (%d.%d): it may dump "
                  "hidden attributes of this server that no server can load; the programs of "
                  "PostgreSQL %d are safer",
                  tool->path, tool->version, server / 10000, server % 10000, server / 10000);
    return 0;
}

static int pgdump_preflight(struct ddb_call *call, int server_version)
{
    struct tool dump, load;
    int rc = check_tool(call, "pg_dump", server_version, &dump);

    if (check_tool(call, "pg_restore", server_version, &load) < 0 || rc < 0)
        return -1;
    if (load.major < dump.major) {
        host->fail(call, "\"%s\" is version %s and cannot read what \"%s\" of version %s writes",
                   load.path, load.version, dump.path, dump.version);
        return host->hint(call, "Set \"pg_dump\" and \"pg_restore\" to programs of one release.");
    }
    return 0;
}

static const char *pgdump_version(struct ddb_call *call)
{
    struct tool tool;
    int server;

    if (ask_server(call, NULL, &server) < 0 || find_tool(call, "pg_dump", server, &tool) < 0)
        return NULL;
    return host->format(call, "pg_dump %s", tool.version[0] != '\0' ? tool.version : "unknown");
}

/* A child failed by itself: say what it said. */
static int tool_failed(struct ddb_call *call, const char *name, int status)
{
    const char *errors = host->errors(call);

    host->fail(call, "%s failed with exit status %d", name, status);
    return errors != NULL && errors[0] != '\0' ? host->detail(call, "%s", errors) : -1;
}

/* --- taking ------------------------------------------------------------------------------------ */

struct take {
    struct ddb_call *call;
    const struct ddb_sink *sink;
    int64_t bytes;
};

static int take_output(void *arg, const void *data, size_t n)
{
    struct take *take = arg;

    if (take->sink->write(take->sink->self, data, n) != 0)
        return -1;
    take->bytes += (int64_t)n;
    host->progress(take->call, "pg_dump", take->bytes, 0, 1);
    return 0;
}

/* The arguments, with a pattern for the tables that the host copies itself. */
static const char *const *dump_argv(struct ddb_call *call, const char *path)
{
    const char *snapshot = host->fact(call, "snapshot");
    const char *const *excluded =
        DDB_HAS(host, fact_list) ? host->fact_list(call, "exclude_table_data") : NULL;
    const int64_t lock_timeout = fact_number(call, "lock_timeout_ms");
    const char **argv;
    size_t n = 0, patterns = 0;

    while (excluded != NULL && excluded[patterns] != NULL)
        patterns++;
    argv = host->alloc(call, (patterns + 7) * sizeof *argv);
    argv[n++] = path;
    argv[n++] = "--format=custom";
    argv[n++] = "--compress=0";
    argv[n++] = "--no-password";
    argv[n++] =
        host->format(call, "--lock-wait-timeout=%lld",
                     (long long)(lock_timeout > LOCK_WAIT_MS ? lock_timeout : LOCK_WAIT_MS));
    if (snapshot != NULL)
        argv[n++] = host->format(call, "--snapshot=%s", snapshot);
    for (size_t i = 0; i < patterns; i++)
        argv[n++] = host->format(call, "--exclude-table-data=%s", excluded[i]);
    return argv;
}

static int run_dump(struct ddb_call *call, const char *path, struct take *take)
{
    const struct ddb_child child = {
        .size = sizeof child,
        .argv = dump_argv(call, path),
        .env = host->database_env(call, NULL),
        .tool = "pg_dump",
        .timeout_ms = fact_number(call, "timeout_ms"),
        .output = take_output,
        .arg = take,
    };
    int status;

    if (host->run(call, &child, &status) < 0)
        return -1;
    if (status != 0)
        return tool_failed(call, "pg_dump", status);
    return take->bytes > 0 ? 0 : host->fail(call, "pg_dump wrote nothing");
}

static int pgdump_take(struct ddb_call *call, const struct ddb_sink *sink)
{
    struct take take = {.call = call, .sink = sink};
    struct tool tool;
    int server;

    if (ask_server(call, NULL, &server) < 0 || find_tool(call, "pg_dump", server, &tool) < 0 ||
        sink->begin(sink->self, MEMBER) != 0 || run_dump(call, tool.path, &take) < 0)
        return -1;
    return sink->end(sink->self) != 0 ? -1 : 0;
}

/* --- reading back ------------------------------------------------------------------------------ */

struct feed {
    struct ddb_call *call;
    const struct ddb_source *source;
    bool broken, ended;
    int64_t bytes;
    struct text listing;
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

static int feed_listing(void *arg, const void *data, size_t n)
{
    struct feed *feed = arg;

    return keep_start(&feed->listing, data, n);
}

/* What a reader that stopped early did not ask for is still read, so that all of it is proven. */
static int drain(struct feed *feed)
{
    char data[65536];

    while (!feed->ended)
        if (feed_input(feed, data, sizeof data) > 0 && host->cancelled(feed->call))
            return host->fail(feed->call, "cancelled");
    return feed->broken ? -1 : 0;
}

static int run_restore(struct ddb_call *call, const char *const *argv, const char *database,
                       bool list, struct feed *feed)
{
    const struct ddb_child child = {
        .size = sizeof child,
        .argv = argv,
        .env = host->database_env(call, database),
        .tool = "pg_restore",
        .timeout_ms = fact_number(call, "timeout_ms"),
        .input = feed_input,
        .output = list ? feed_listing : NULL,
        .arg = feed,
    };
    int status;

    if (host->run(call, &child, &status) < 0 || feed->broken)
        return -1;
    return status == 0 ? 0 : tool_failed(call, "pg_restore", status);
}

/* ${argv}[0] becomes the path of pg_restore. */
static int load(struct ddb_call *call, const struct ddb_source *source, const char **argv,
                const char *database, struct feed *feed)
{
    struct tool tool;
    int rc, server = 0; /* without a database no server is asked */

    if ((database != NULL && ask_server(call, database, &server) < 0) ||
        find_tool(call, "pg_restore", server, &tool) < 0)
        return -1;
    *feed = (struct feed){.call = call, .source = source};
    argv[0] = tool.path;
    if (source->open(source->self, MEMBER) != 0)
        return -1;
    rc = run_restore(call, argv, database, database == NULL, feed);
    if (rc == 0)
        rc = drain(feed);
    if (source->close(source->self) != 0)
        rc = -1;
    return rc;
}

static int pgdump_verify(struct ddb_call *call, const struct ddb_source *source)
{
    const char *argv[] = {NULL, "--list", NULL};
    const char *entries;
    struct feed feed;

    if (load(call, source, argv, NULL, &feed) < 0)
        return -1;
    entries = strstr(feed.listing.data, "TOC Entries: ");
    if (entries == NULL || strtol(entries + strlen("TOC Entries: "), NULL, 10) <= 0)
        return host->fail(call, "pg_restore does not find a table of contents in \"%s\"", MEMBER);
    return 0;
}

/* A connection string that only names the database: its name must not be read as anything else. */
static const char *conninfo(struct ddb_call *call, const char *database)
{
    char *escaped = host->alloc(call, 2 * strlen(database) + 1), *to = escaped;

    for (const char *at = database; *at != '\0'; *to++ = *at++)
        if (*at == '\'' || *at == '\\')
            *to++ = '\\';
    return host->format(call, "dbname='%s'", escaped);
}

static int pgdump_restore(struct ddb_call *call, const struct ddb_source *source,
                          const char *database)
{
    const char *argv[] = {NULL, "--exit-on-error", "--no-password", "-d", conninfo(call, database),
                          NULL};
    struct feed feed;

    return load(call, source, argv, database, &feed);
}

/* --- the table --------------------------------------------------------------------------------- */

static int pgdump_load(const struct ddb_host *services)
{
    host = services;
    return 0;
}

static const struct ddb_setting settings[] = {
    {"pg_dump", DDB_TYPE_STRING, NULL, "the pg_dump program; default: found by the server's version"},
    {"pg_restore", DDB_TYPE_STRING, NULL, "the pg_restore program; default: as for pg_dump"},
    {NULL, 0, NULL, NULL},
};

static const struct ddb_snapshot snapshot = {
    .size = sizeof snapshot,
    .preflight = pgdump_preflight,
    .take = pgdump_take,
    .verify = pgdump_verify,
    .restore = pgdump_restore,
    .version = pgdump_version,
};

static const struct ddb_plugin plugin = {
    .size = sizeof plugin,
    .abi = DDB_ABI,
    .kind = DDB_KIND_SNAPSHOT,
    .name = "pgdump",
    .summary = "takes snapshots with pg_dump and loads them with pg_restore",
    .settings = settings,
    .ops = &snapshot,
    .load = pgdump_load,
};

const struct ddb_plugin *ddb_plugin(void)
{
    return &plugin;
}
