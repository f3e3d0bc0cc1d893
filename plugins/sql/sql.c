/*
 * sql - the plugin's table, its settings and its callbacks. See sql.h for the other files.
 */
#include "sql.h"

#include "folder.h"
#include "inspect.h"
#include "run.h"
#include "settle.h"
#include "text.h"
#include "write.h"

const struct ddb_host *sql_host;

static int load(const struct ddb_host *host)
{
    sql_host = host;
    return 0;
}

/* Which file lacks a section is said when the steps are known. */
static int can_downgrade(struct ddb_call *call)
{
    (void)call;
    return DDB_CAN_FULLY;
}

static const struct ddb_engine engine = {
    .size = sizeof engine,
    .revisions = folder_revisions,
    .can_downgrade = can_downgrade,
    .can_transaction = inspect_transactions,
    .steps = run_steps,
    .steps_sql = text_steps,
    .write = write_revision,
    .inspect = inspect_applied,
    .settle = settle_all,
};

static const struct ddb_setting settings[] = {
    {"directory", DDB_TYPE_PATH, ".", "the project's directory"},
    {"version_locations", DDB_TYPE_LIST, NULL,
     "folders with revision files, from there; default [\"versions\"]"},
    {"recursive", DDB_TYPE_BOOL, "false", "look into their folders too"},
    {"transaction", DDB_TYPE_STRING, "run", "one transaction for each \"run\" or \"migration\""},
    {"file_template", DDB_TYPE_STRING, "%(rev)s_%(slug)s", "the name of a new file"},
    {"truncate_slug_length", DDB_TYPE_INT, "40", "how long the message may be in it"},
    {NULL, DDB_TYPE_STRING, NULL, NULL},
};

static const struct ddb_plugin plugin = {
    .size = sizeof plugin,
    .abi = DDB_ABI,
    .kind = DDB_KIND_ENGINE,
    .name = "sql",
    .summary = "runs migrations that are plain SQL files",
    .settings = settings,
    .ops = &engine,
    .load = load,
};

DDB_EXPORT const struct ddb_plugin *ddb_plugin(void)
{
    return &plugin;
}
