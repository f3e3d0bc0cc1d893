/*
 * template - a snapshot: a second database on the same server, made by CREATE DATABASE … TEMPLATE.
 *
 * The server copies blocks, not rows: nothing is read through a client, nothing is compressed, and the
 * way back is a rename. Nobody may be connected to the source meanwhile, which the host sees to.
 */
#include "template.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* From 15 on the server knows two ways. WAL_LOG writes every block to the write-ahead log as well, and
 * FILE_COPY has the server write out all that is dirty, of all databases, before and after; below this
 * size the first is faster. */
enum { SERVER_15 = 150000 };
static const int64_t SMALL_BYTES = 32 * 1024 * 1024;

const struct ddb_host *template_host;

/* --- how it is copied -------------------------------------------------------------------------- */

static bool is_any(const char *text, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, text) == 0)
            return true;
    return false;
}

static int template_preflight(struct ddb_call *call, int server_version)
{
    static const char *const known[] = {"auto", "wal_log", "file_copy", NULL};
    const char *strategy = template_host->setting(call, "strategy");

    if (!is_any(strategy, known)) {
        template_host->fail(call, "snapshot.strategy cannot be \"%s\"", strategy);
        return template_host->hint(call, "It is \"auto\", \"wal_log\" or \"file_copy\".");
    }
    if (server_version >= SERVER_15 || strcmp(strategy, "wal_log") != 0)
        return 0;
    template_host->fail(call, "a server of release %d cannot copy a database by \"wal_log\"",
                        server_version / 10000);
    return template_host->hint(call, "Set snapshot.strategy to \"auto\": before release 15 there is "
                                     "only \"file_copy\".");
}

/* The strategy, or NULL where the server has no choice; "" after fail(). */
static const char *choose(struct ddb_call *call, PGconn *conn, const char *source)
{
    const char *strategy = template_host->setting(call, "strategy");
    PGresult *result = NULL;
    char *literal;

    if (PQserverVersion(conn) < SERVER_15)
        return NULL;
    if (strcmp(strategy, "auto") != 0)
        return strategy;
    literal = PQescapeLiteral(conn, source, strlen(source));
    if (literal != NULL)
        result = session_run(call, conn,
                             template_host->format(
                                 call, "SELECT pg_catalog.pg_database_size(%s::pg_catalog.name)", literal),
                             0);
    PQfreemem(literal);
    if (result == NULL)
        return "";
    strategy = strtoll(PQgetvalue(result, 0, 0), NULL, 10) < SMALL_BYTES ? "wal_log" : "file_copy";
    PQclear(result);
    return strategy;
}

static int64_t limit_ms(struct ddb_call *call)
{
    return strtoll(template_host->setting(call, "max_disconnect"), NULL, 10);
}

static int create(struct ddb_call *call, PGconn *conn, const char *source, const char *database)
{
    const char *strategy = choose(call, conn, source);
    char *from = PQescapeIdentifier(conn, source, strlen(source));
    char *to = PQescapeIdentifier(conn, database, strlen(database));
    PGresult *result = NULL;

    if (strategy != NULL && strategy[0] == '\0') {
        /* recorded */
    } else if (from == NULL || to == NULL) {
        template_host->fail(call, "\"%s\" cannot be the name of a database", source);
    } else {
        if (strategy != NULL)
            template_host->log(call, DDB_LEVEL_DETAIL, "copying by %s", strategy);
        result = session_run(
            call, conn,
            template_host->format(call, "CREATE DATABASE %s TEMPLATE %s ALLOW_CONNECTIONS false%s%s", to,
                                  from, strategy != NULL ? " STRATEGY " : "",
                                  strategy != NULL ? strategy : ""),
            limit_ms(call));
    }
    PQfreemem(from);
    PQfreemem(to);
    PQclear(result);
    return result != NULL ? 0 : -1;
}

static int template_clone(struct ddb_call *call, const char *source, const char *database,
                          const char *maintenance)
{
    PGconn *conn = session_open(call, maintenance);
    int rc = conn == NULL ? -1 : create(call, conn, source, database);

    PQfinish(conn);
    return rc;
}

/* --- the table --------------------------------------------------------------------------------- */

static int template_load(const struct ddb_host *services)
{
    template_host = services;
    return 0;
}

static const struct ddb_setting settings[] = {
    {"strategy", DDB_TYPE_STRING, "auto", "how a server of 15 and later copies: auto, wal_log, file_copy"},
    {"max_disconnect", DDB_TYPE_DURATION, "0", "how long the copy may keep everybody out; 0: no limit"},
    {NULL, 0, NULL, NULL},
};

static const struct ddb_snapshot snapshot = {
    .size = sizeof snapshot,
    .preflight = template_preflight,
    .clone = template_clone,
};

static const struct ddb_plugin plugin = {
    .size = sizeof plugin,
    .abi = DDB_ABI,
    .kind = DDB_KIND_SNAPSHOT,
    .name = "template",
    .summary = "copies the database beside itself on its server, for a way back that is a rename",
    .settings = settings,
    .ops = &snapshot,
    .load = template_load,
};

const struct ddb_plugin *ddb_plugin(void)
{
    return &plugin;
}
