/* foreign - see pgdump.h: archives of pg_dump that no snapshot holds. */
#include <stdlib.h>
#include <string.h>

#include "pgdump.h"

/* The release from which on pg_restore reads version "1.${n}" of the archive format (source: K_VERS_* in
 * pg_backup_archiver.h). */
static int needed_major(const char *version)
{
    long minor = strncmp(version, "1.", 2) == 0 ? strtol(version + 2, NULL, 10) : 0;

    return minor <= 14 ? 0 : minor == 15 ? 16 : minor == 16 ? 17 : 19;
}

/* What can be done about a failure that many meet. */
static int explain(struct ddb_call *call)
{
    const char *errors = host->errors(call);

    if (errors != NULL && strstr(errors, "unsupported version") != NULL)
        host->hint(call, "A newer pg_dump wrote the file. Install the client programs of that "
                         "release, or set \"pg_restore\" in the snapshot's configuration.");
    else if (errors != NULL && strstr(errors, "schema \"public\" already exists") != NULL)
        host->hint(call, "The dump is of a chosen schema (pg_dump -n public). Turn it into SQL "
                         "(pg_restore -f dump.sql FILE) and restore that: a CREATE SCHEMA public is "
                         "passed over there.");
    return -1;
}

/* ${output} NULL: what it prints is logged. */
static int run(struct ddb_call *call, const char *const *argv, const char *database,
               int (*output)(void *arg, const void *data, size_t n), void *arg)
{
    const struct ddb_child child = {
        .size = sizeof child,
        .argv = argv,
        .env = host->database_env(call, database),
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

int foreign_restore(struct ddb_call *call, const struct ddb_source *source, const char *path,
                    const char *version, const char *database)
{
    const int64_t jobs = tools_fact(call, "jobs");
    const char *argv[] = {
        NULL, "--exit-on-error", "--no-password", "-d", load_conninfo(call, database),
        path != NULL ? host->format(call, "--jobs=%lld", (long long)(jobs > 0 ? jobs : 1)) : NULL,
        path, NULL};
    struct tool tool;
    int server, rc;

    if (tools_server(call, database, &server) < 0 ||
        tools_find(call, "pg_restore", server, &tool) < 0)
        return -1;
    if (tool.version[0] != '\0' && server > 0 &&
        (tool.major < needed_major(version) || tools_is_unknown_to(&tool, server)))
        return 1;
    argv[0] = tool.path;
    rc = path != NULL ? run(call, argv, database, NULL, NULL)
                      : load_run(call, source, argv, database, NULL, NULL);
    return rc < 0 ? explain(call) : 0;
}

struct script {
    int (*out)(void *arg, const char *text, size_t n);
    void *arg;
};

static int take_output(void *arg, const void *data, size_t n)
{
    struct script *script = arg;

    return script->out(script->arg, data, n);
}

int foreign_sql(struct ddb_call *call, const struct ddb_source *source, const char *path,
                int (*out)(void *arg, const char *text, size_t n), void *arg)
{
    const char *argv[] = {NULL, "-f", "-", path, NULL};
    struct script script = {.out = out, .arg = arg};
    struct tool tool;
    int rc;

    if (tools_find(call, "pg_restore", 0, &tool) < 0)
        return -1;
    argv[0] = tool.path;
    rc = path != NULL ? run(call, argv, NULL, take_output, &script)
                      : load_run(call, source, argv, NULL, take_output, &script);
    return rc < 0 ? explain(call) : 0;
}
