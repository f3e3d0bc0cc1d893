/*
 * pgdump - a snapshot: pg_dump's custom format, read and written as a stream.
 *
 * pg_dump must be at least as new as the server, to the minor release: an older one may miss what a
 * security release added to the catalog. Of the programs that are found, one of the server's own
 * major release is preferred. The schema deploy_db comes along: a restored database still
 * knows of its runs, and of the one that was under way.
 */
#include <string.h>

#include "pgdump.h"

/* pg_dump waits for its locks this long, longer than a session that changes the database: waiting
 * for ACCESS SHARE stops nobody. */
enum { LOCK_WAIT_MS = 60000 };

const struct ddb_host *host;

/* --- before ------------------------------------------------------------------------------------ */

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
    if (tools_find(call, name, server, tool) < 0)
        return -1;
    if (tool->version[0] == '\0') {
        host->fail(call, "program \"%s\" was not found or does not tell its version", tool->path);
        return install_hint(call, name, server);
    }
    if (tools_suitability(tool, server) == 1) {
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
    if (tools_is_unknown_to(&load, server_version)) {
        host->fail(call, "\"%s\" is version %s and sends settings that a server %d.%d does not know: "
                         "nothing could be restored with it",
                   load.path, load.version, server_version / 10000, server_version % 10000);
        return install_hint(call, "pg_restore", server_version);
    }
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

    if (tools_server(call, NULL, &server) < 0 || tools_find(call, "pg_dump", server, &tool) < 0)
        return NULL;
    return host->format(call, "pg_dump %s", tool.version[0] != '\0' ? tool.version : "unknown");
}

/* --- taking ------------------------------------------------------------------------------------ */

struct take {
    struct ddb_call *call;
    const struct ddb_sink *sink;
    struct stream *stream;
    int64_t bytes;
};

static int take_output(void *arg, const void *data, size_t n)
{
    struct take *take = arg;

    if (take->sink->write(take->sink->self, data, n) != 0 ||
        stream_take(take->stream, data, n) != 0)
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
    const int64_t lock_timeout = tools_fact(call, "lock_timeout_ms");
    const char **argv;
    size_t n = 0, patterns = 0;

    while (excluded != NULL && excluded[patterns] != NULL)
        patterns++;
    argv = host->alloc(call, (patterns + 9) * sizeof *argv);
    argv[n++] = path;
    argv[n++] = "--format=custom";
    argv[n++] = "--compress=0";
    argv[n++] = "--no-password";
    argv[n++] = "-d";
    argv[n++] = load_conninfo(call, NULL);
    argv[n++] =
        host->format(call, "--lock-wait-timeout=%lld",
                     (long long)(lock_timeout > LOCK_WAIT_MS ? lock_timeout : LOCK_WAIT_MS));
    if (snapshot != NULL)
        argv[n++] = host->format(call, "--snapshot=%s", snapshot);
    for (size_t i = 0; i < patterns; i++)
        argv[n++] = host->format(call, "--exclude-table-data=%s", excluded[i]);
    return argv;
}

/* As the host's sessions, the dump prints times in UTC: their rows are compared. */
static const char *const *dump_env(struct ddb_call *call)
{
    const char *const *database = host->database_env(call, NULL);
    const char **env;
    size_t n = 0;

    while (database[n] != NULL)
        n++;
    env = host->alloc(call, (n + 2) * sizeof *env);
    memcpy(env, database, n * sizeof *env);
    env[n] = "PGTZ=UTC";
    env[n + 1] = NULL;
    return env;
}

static int run_dump(struct ddb_call *call, const char *path, struct take *take)
{
    const struct ddb_child child = {
        .size = sizeof child,
        .argv = dump_argv(call, path),
        .env = dump_env(call),
        .tool = "pg_dump",
        .timeout_ms = tools_fact(call, "timeout_ms"),
        .output = take_output,
        .arg = take,
    };
    int status;

    if (host->run(call, &child, &status) < 0)
        return -1;
    if (status != 0)
        return tools_failed(call, "pg_dump", status);
    return take->bytes > 0 ? 0 : host->fail(call, "pg_dump wrote nothing");
}

static int pgdump_take(struct ddb_call *call, const struct ddb_sink *sink)
{
    struct take take = {.call = call, .sink = sink, .stream = stream_new(call, sink)};
    struct tool tool;
    int server;

    if (tools_server(call, NULL, &server) < 0 || tools_find(call, "pg_dump", server, &tool) < 0 ||
        sink->begin(sink->self, PGDUMP_MEMBER) != 0 || run_dump(call, tool.path, &take) < 0)
        return -1;
    return sink->end(sink->self) != 0 ? -1 : 0;
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
    .verify = load_verify,
    .restore = load_restore,
    .version = pgdump_version,
    .restore_section = load_section,
    .table_rows = rows_of_table,
    .restore_archive = foreign_restore,
    .archive_sql = foreign_sql,
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
