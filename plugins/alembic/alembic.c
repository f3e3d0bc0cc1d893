/*
 * alembic - the plugin's table, its settings and its callbacks. See alembic.h for the other files.
 */
#include "alembic.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "atomic.h"
#include "command.h"
#include "driver.h"
#include "header.h"
#include "project.h"
#include "python.h"
#include "scan.h"

enum { MAX_FILE = 1024 * 1024 };

const struct ddb_host *alembic_host;

static int load(const struct ddb_host *host)
{
    alembic_host = host;
    return 0;
}

/* --- revisions ---------------------------------------------------------------------------------*/

/* One listing of the revisions. */
struct listing {
    struct ddb_call *call;
    int (*each)(void *arg, const struct ddb_revision *revision);
    void *arg;
    struct header header;
    json_t *told; /* by Alembic, once a file could not be read without it; NULL: not asked yet */
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static const char *const *strings(struct ddb_call *call, const json_t *array)
{
    struct list list = {0};
    const json_t *item;
    size_t i;

    json_array_foreach(array, i, item) list_push(call, &list, json_string_value(item));
    return list_vector(&list);
}

/* Hand over what Alembic said; ${path} is where the file is here, "" for nowhere. Strings live as
 * long as ${told} does. */
static int hand_told(struct listing *listing, const json_t *told, const char *path)
{
    struct ddb_revision revision = {
        .size = sizeof revision,
        .id = driver_text(told, "id"),
        .doc = driver_text(told, "doc"),
        .path = path,
        .down = strings(listing->call, json_object_get(told, "down")),
        .labels = strings(listing->call, json_object_get(told, "labels")),
        .depends_on = strings(listing->call, json_object_get(told, "depends_on")),
    };

    return listing->each(listing->arg, &revision);
}

/* All revisions from Alembic itself: the project is not readable here. */
static int list_by_driver(struct listing *listing, const char *why)
{
    struct ddb_call *call = listing->call;
    bool is_remote = python_is_remote(call);
    const json_t *told;
    size_t i;

    if (driver_ask(call, json_pack("{ss}", "mode", "revisions"),
                   "could not list the revisions with Alembic", "revision", &listing->told) != 0)
        return alembic_host->detail(call, "Alembic was asked because %s", why);
    json_array_foreach(listing->told, i, told) {
        const char *path = driver_text(told, "path");

        if (hand_told(listing, told, is_remote || access(path, R_OK) != 0 ? "" : path) != 0)
            break;
    }
    return 0;
}

/* What Alembic says about one file; in a container the folders may have other names. */
static const json_t *find_told(const struct listing *listing, const char *path)
{
    const json_t *told, *found = NULL;
    size_t i, n = 0;

    json_array_foreach(listing->told, i, told) {
        if (strcmp(driver_text(told, "path"), path) == 0)
            return told;
        if (strcmp(base_name(driver_text(told, "path")), base_name(path)) == 0) {
            found = told;
            n++;
        }
    }
    return n == 1 ? found : NULL;
}

static int hand_by_driver(struct listing *listing, const char *path, bool *stop)
{
    struct ddb_call *call = listing->call;
    const struct header *header = &listing->header;
    const char *what = alembic_host->format(
        call, "could not read %s in line %d of \"%s\", and Alembic could not either",
        header->unknown_name, header->unknown_line, path);
    const json_t *told;

    if (listing->told == NULL) {
        alembic_host->log(call, DDB_LEVEL_DETAIL, "%s in line %d of \"%s\" is not a literal: "
                          "asking Alembic", header->unknown_name, header->unknown_line, path);
        if (driver_ask(call, json_pack("{ss}", "mode", "revisions"), what, "revision",
                       &listing->told) != 0)
            return -1;
    }
    told = find_told(listing, path);
    if (told == NULL)
        return alembic_host->fail(call, "could not read %s in line %d of \"%s\", and Alembic does "
                                  "not list the file", header->unknown_name, header->unknown_line,
                                  path);
    *stop = hand_told(listing, told, path) != 0;
    return 0;
}

/* The identifier of a file that declares none: of old, a name of hexadecimal digits. NULL: none. */
static const char *id_from_name(struct ddb_call *call, const char *path)
{
    const char *name = base_name(path);
    size_t n = strspn(name, "0123456789abcdef");

    if (n == 0 || strcmp(name + n, ".py") != 0)
        return NULL;
    return alembic_host->format(call, "%.*s", (int)n, name);
}

static const char *stripped(char *text)
{
    size_t n;

    text += strspn(text, " \t\n\r\f\v");
    n = strlen(text);
    while (n > 0 && strchr(" \t\n\r\f\v", text[n - 1]) != NULL)
        text[--n] = '\0';
    return text;
}

static int hand_header(struct listing *listing, const char *path, bool *stop)
{
    struct ddb_call *call = listing->call;
    const struct header *header = &listing->header;
    const char *id = header_list(header, HEADER_REVISION)[0];
    const char *doc = header_list(header, HEADER_DOC)[0];
    struct ddb_revision revision = {
        .size = sizeof revision,
        .id = id != NULL ? id : id_from_name(call, path),
        .doc = doc != NULL ? stripped(alembic_host->format(call, "%s", doc)) : "",
        .path = path,
        .down = header_list(header, HEADER_DOWN),
        .labels = header_list(header, HEADER_LABELS),
        .depends_on = header_list(header, HEADER_DEPENDS),
    };

    if (revision.id == NULL) {
        alembic_host->fail(call, "\"%s\" declares no revision", path);
        return alembic_host->hint(call, "Move files that are no migrations out of the version "
                                        "location: Alembic refuses them too.");
    }
    *stop = listing->each(listing->arg, &revision) != 0;
    return 0;
}

static int list_file(struct listing *listing, const char *path, bool *stop)
{
    char *text;
    size_t n;
    int rc;

    if (project_read(path, MAX_FILE, &text, &n) != 0)
        return alembic_host->fail(listing->call, "could not read \"%s\": %s", path,
                                  strerror(errno));
    if (header_read(&listing->header, text, n) == 0)
        rc = hand_header(listing, path, stop);
    else
        rc = hand_by_driver(listing, path, stop);
    free(text);
    return rc;
}

static int revisions(struct ddb_call *call,
                     int (*each)(void *arg, const struct ddb_revision *revision), void *arg)
{
    struct listing listing = {.call = call, .each = each, .arg = arg};
    struct project project;
    struct locations locations;
    struct list files = {0};
    bool stop = false;
    int rc;

    project_open(call, &project);
    if (project_locations(call, &project, &locations) != 0)
        return -1;
    if (locations.unknown != NULL) {
        rc = list_by_driver(&listing, locations.unknown);
    } else {
        rc = scan_files(call, &locations, &files);
        for (size_t i = 0; rc == 0 && !stop && i < files.n; i++)
            rc = alembic_host->cancelled(call) ? alembic_host->fail(call, "cancelled")
                                               : list_file(&listing, files.v[i], &stop);
    }
    header_release(&listing.header);
    json_decref(listing.told);
    return rc;
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

static bool is_atomic_file(const char *path, bool (*judge)(const char *text))
{
    char *text;
    size_t n;
    bool yes;

    if (project_read(path, MAX_FILE, &text, &n) != 0)
        return false;
    yes = strlen(text) == n && judge(text);
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
    if (is_replaced(call, "upgrade") || project_locations(call, &project, &locations) != 0 ||
        locations.script == NULL)
        return DDB_CAN_PARTLY;
    env = alembic_host->format(call, "%s/env.py", locations.script);
    if (!is_atomic_file(env, atomic_environment))
        doubting.doubt = env;
    else if (revisions(call, doubt_revision, &doubting) != 0)
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
    .revisions = revisions,
    .upgrade = upgrade,
    .downgrade = downgrade,
    .sql = command_sql,
    .models = models,
    .identify = identify,
    .can_downgrade = can_downgrade,
    .can_models = can_models,
    .can_transaction = can_transaction,
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
