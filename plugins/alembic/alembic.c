/*
 * alembic - the plugin's table, its settings and its callbacks. See alembic.h for the other files.
 */
#include "alembic.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic.h"
#include "command.h"
#include "driver.h"
#include "listing.h"
#include "project.h"
#include "python.h"
#include "write.h"

const struct ddb_host *alembic_host;

static int load(const struct ddb_host *host)
{
    alembic_host = host;
    return 0;
}

/* --- commands ----------------------------------------------------------------------------------*/

static int upgrade(struct ddb_call *call, const char *target)
{
    return command_run(call, "upgrade", target);
}

static bool is_replaced(struct ddb_call *call, const char *action)
{
    const char *const *command = alembic_host->settings(call, action);

    return command != NULL && command[0] != NULL;
}

/* A project that upgrades in its own way has no known way down unless it names one. */
static int can_downgrade(struct ddb_call *call)
{
    const char *const *command = alembic_host->settings(call, "downgrade");

    if (!is_replaced(call, "downgrade"))
        return is_replaced(call, "upgrade") ? DDB_CAN_NONE : DDB_CAN_FULLY;
    for (; *command != NULL; command++)
        if (strstr(*command, "{revision}") != NULL)
            return DDB_CAN_FULLY;
    return DDB_CAN_PARTLY; /* to a revision of the command's own choice */
}

static int downgrade(struct ddb_call *call, const char *target)
{
    if (can_downgrade(call) == DDB_CAN_NONE) {
        alembic_host->fail(call, "the engine has a replacement for \"upgrade\" but none for "
                                 "\"downgrade\"");
        return alembic_host->hint(call, "Set the engine's setting \"downgrade\".");
    }
    return command_run(call, "downgrade", target);
}

/* --- one transaction ---------------------------------------------------------------------------*/

/* The revisions that are asked about, and whether a file of theirs raised a doubt. */
struct doubting {
    struct ddb_call *call;
    const char *const *ids;
    size_t seen;
    const char *doubt; /* the file; NULL: none */
};

static bool is_atomic_file(const char *path, bool (*judge)(const char *text, size_t n))
{
    char *text;
    size_t n;
    bool yes;

    if (project_read(path, PROJECT_MAX_FILE, &text, &n) != 0)
        return false;
    yes = judge(text, n);
    free(text);
    return yes;
}

static int doubt_revision(void *arg, const struct ddb_revision *revision)
{
    struct doubting *doubting = arg;

    for (const char *const *id = doubting->ids; *id != NULL; id++) {
        if (strcmp(*id, revision->id) != 0)
            continue;
        doubting->seen++;
        if (!is_atomic_file(revision->path, atomic_text))
            doubting->doubt = alembic_host->format(doubting->call, "%s", revision->path);
    }
    return doubting->doubt != NULL;
}

static int can_transaction(struct ddb_call *call, const char *const *ids)
{
    struct doubting doubting = {.call = call, .ids = ids};
    struct project project;
    struct locations locations;
    const char *env;
    size_t n = 0;

    project_open(call, &project);
    if (is_replaced(call, "upgrade"))
        return DDB_CAN_PARTLY;
    if (project_locations(call, &project, &locations) != 0)
        return -1;
    if (locations.script == NULL)
        return DDB_CAN_PARTLY;
    env = alembic_host->format(call, "%s/env.py", locations.script);
    if (!is_atomic_file(locations.config, atomic_config))
        doubting.doubt = locations.config;
    else if (!is_atomic_file(env, atomic_environment))
        doubting.doubt = env;
    else if (listing_revisions(call, doubt_revision, &doubting) != 0)
        return -1;
    while (ids[n] != NULL)
        n++;
    if (doubting.doubt == NULL && doubting.seen == n)
        return DDB_CAN_FULLY;
    alembic_host->log(call, DDB_LEVEL_DETAIL, "the run may be more than one transaction: see \"%s\"",
                      doubting.doubt != NULL ? doubting.doubt : locations.script);
    return DDB_CAN_PARTLY;
}

/* --- models ------------------------------------------------------------------------------------*/

static int can_models(struct ddb_call *call)
{
    return python_argv(call) != NULL ? DDB_CAN_FULLY : DDB_CAN_NONE;
}

static int models(struct ddb_call *call, int compare_type, int compare_server_default,
                  int (*each)(void *arg, const struct ddb_difference *difference), void *arg)
{
    json_t *params = json_pack("{sssbsb}", "mode", "models", "compare_type", compare_type,
                               "compare_server_default", compare_server_default);
    json_t *answers;
    const json_t *answer;
    size_t i;

    if (driver_ask(call, params, "could not compare the models with the database", "difference",
                   &answers) != 0)
        return -1;
    json_array_foreach(answers, i, answer) {
        struct ddb_difference difference = {
            .size = sizeof difference,
            .aspect = driver_text(answer, "aspect"),
            .object = driver_text(answer, "object"),
            .text = driver_text(answer, "text"),
        };

        if (each(arg, &difference) != 0)
            break;
    }
    json_decref(answers);
    return 0;
}

static int identify(struct ddb_call *call, struct ddb_identity *identity)
{
    json_t *answers;
    const json_t *answer;

    if (driver_ask(call, json_pack("{ss}", "mode", "identify"),
                   "could not ask the project which database it reaches", "identity",
                   &answers) != 0)
        return -1;
    answer = json_array_get(answers, 0);
    (void)snprintf(identity->system_identifier, sizeof identity->system_identifier, "%s",
                   driver_text(answer, "system_identifier"));
    (void)snprintf(identity->database_oid, sizeof identity->database_oid, "%s",
                   driver_text(answer, "database_oid"));
    (void)snprintf(identity->database, sizeof identity->database, "%s",
                   driver_text(answer, "database"));
    (void)snprintf(identity->user, sizeof identity->user, "%s", driver_text(answer, "user"));
    json_decref(answers);
    return 0;
}

/* --- tables ------------------------------------------------------------------------------------*/

static const struct ddb_engine engine = {
    .size = sizeof engine,
    .revisions = listing_revisions,
    .upgrade = upgrade,
    .downgrade = downgrade,
    .sql = command_sql,
    .models = models,
    .identify = identify,
    .can_downgrade = can_downgrade,
    .can_models = can_models,
    .can_transaction = can_transaction,
    .downgrade_sql = command_downgrade_sql,
    .write = write_revision,
};

static const struct ddb_setting settings[] = {
    {"directory", DDB_TYPE_PATH, ".", "the project's directory, where its commands run"},
    {"config", DDB_TYPE_STRING, "alembic.ini", "Alembic's configuration file, from there"},
    {"section", DDB_TYPE_STRING, "alembic", "the section of that file"},
    {"command", DDB_TYPE_LIST, NULL, "how the project runs Alembic; default [\"alembic\"]"},
    {"python", DDB_TYPE_LIST, NULL, "the project's Python; default: derived from the command"},
    {"upgrade", DDB_TYPE_LIST, NULL, "a whole command for upgrades; {revision} is replaced"},
    {"downgrade", DDB_TYPE_LIST, NULL, "a whole command for downgrades; {revision} is replaced"},
    {"sql", DDB_TYPE_LIST, NULL, "a whole command that prints SQL; {from} and {to} are replaced"},
    {"url_variable", DDB_TYPE_STRING, "DATABASE_URL", "the variable that gets the SQLAlchemy URL"},
    {"environment_variable", DDB_TYPE_STRING, "ENVIRONMENT",
     "the variable that gets the environment's name"},
    {NULL, DDB_TYPE_STRING, NULL, NULL},
};

static const struct ddb_plugin plugin = {
    .size = sizeof plugin,
    .abi = DDB_ABI,
    .kind = DDB_KIND_ENGINE,
    .name = "alembic",
    .summary = "runs the migrations of an Alembic project by the project's own command",
    .settings = settings,
    .ops = &engine,
    .load = load,
};

DDB_EXPORT const struct ddb_plugin *ddb_plugin(void)
{
    return &plugin;
}
