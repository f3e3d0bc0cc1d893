/* cmd_import - another tool's migrations as files of the sql engine, and what to stamp. */
#include "cmd/cmd.h"

#include <string.h>

#include "base/fs.h"
#include "base/log.h"
#include "deploy/convert.h"
#include "deploy/engine.h"
#include "deploy/phases.h"
#include "import/standing.h"
#include "pg/foreign.h"
#include "pg/versions.h"

/* What the command line asks for. */
struct request {
    enum import_tool tool;
    const char *directory; /* NULL for alembic */
    const char *into;
    const char *env; /* NULL: none is named */
};

/* What came of it, for the result. */
struct outcome {
    struct convert convert;
    struct import_history *history; /* NULL for alembic */
    struct strvec paths;            /* empty: the folder had it all already */
    struct errs reasons;            /* why nothing can be stamped */
    const char *id;                 /* to stamp; NULL: nothing */
    const char *rows;               /* alembic: what the version table holds */
};

/* --- the command line ------------------------------------------------------------------------- */

static int choose_tool(const struct cmd_context *context, enum import_tool *tool, struct err *err)
{
    if (context->n_args > 0 && import_tool(context->args[0], tool) == 0)
        return 0;
    if (context->n_args == 0)
        err_set(err, ERR_USAGE, "no tool is named");
    else
        err_set(err, ERR_USAGE, "there is nothing to import from \"%s\"", context->args[0]);
    return err_hint(err, "The tools are dbmate, goose, golang-migrate, flyway and alembic.");
}

static const char *without_slashes(struct arena *arena, const char *path)
{
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        n--;
    return arena_strndup(arena, path, n);
}

/* TOOL [DIRECTORY] [ENV]: a single word behind the tool is the one that it can be. */
static int read_request(const struct cmd_context *context, struct request *request, struct err *err)
{
    static const char *const usual[IMPORT_TOOLS] = {
        [IMPORT_DBMATE] = "db/migrations",
        [IMPORT_GOOSE] = "migrations",
        [IMPORT_GOLANG] = "migrations",
        [IMPORT_FLYWAY] = "sql",
    };
    const char *const *rest = context->args + 1;
    int n = context->n_args - 1;
    const char *into = context->options->value[OPT_INTO];

    if (choose_tool(context, &request->tool, err) != 0)
        return -1;
    request->into = without_slashes(context->arena, into != NULL ? into : "versions");
    request->directory = usual[request->tool];
    if (request->tool == IMPORT_ALEMBIC && n > 1)
        return err_set(err, ERR_USAGE,
                       "an Alembic project's folder is in the configuration; \"%s\" is "
                       "not needed",
                       rest[0]);
    if (n == 2 || (n == 1 && request->tool != IMPORT_ALEMBIC && fs_is_dir(rest[0])))
        request->directory = *rest++, n--;
    if (n == 1)
        request->env = *rest;
    return 0;
}

/* The configuration and what it names; needed for alembic and for an environment only. */
static int open_project(struct cmd_context *context, const struct request *request, struct err *err)
{
    const char *path = conf_find(context->arena, context->options->value[OPT_CONFIG]);
    struct conf *conf = NULL;
    struct errs errs = {0};
    int rc;

    if (request->env == NULL && request->tool != IMPORT_ALEMBIC)
        return 0;
    if (path == NULL) {
        err_set(err, ERR_CONFIG, "no configuration file was found%s%s%s",
                request->env == NULL ? "" : ", and no directory \"",
                request->env == NULL ? "" : request->env, request->env == NULL ? "" : "\"");
        return err_hint(err, "`deploy-db init` writes one; --config names another place.");
    }
    rc = conf_load(context->arena, path, &conf, &errs);
    if (rc == 0 && request->env != NULL && (context->env = conf_env(conf, request->env)) == NULL) {
        err_set(err, ERR_USAGE, "there is no directory and no environment \"%s\"", request->env);
        return -1;
    }
    context->conf = conf;
    if (rc == 0)
        rc = services_open(context->arena, conf, context->env, &context->services, &errs);
    if (rc == 0 && request->tool == IMPORT_ALEMBIC && strcmp(conf->engine.plugin, "alembic") != 0) {
        err_set(err, ERR_CONFIG, "the engine of \"%s\" is \"%s\", not \"alembic\"", conf->path,
                conf->engine.plugin);
        return -1;
    }
    if (errs.n > 0)
        cmd_fail(&errs, err);
    errs_release(&errs);
    return rc;
}

/* --- where the database stands ---------------------------------------------------------------- */

static int read_foreign(const struct cmd_context *context, const struct request *request,
                        struct db *db, struct outcome *outcome, struct err *err)
{
    static const enum foreign_tool tables[IMPORT_TOOLS] = {
        [IMPORT_DBMATE] = FOREIGN_DBMATE,
        [IMPORT_GOOSE] = FOREIGN_GOOSE,
        [IMPORT_GOLANG] = FOREIGN_GOLANG,
        [IMPORT_FLYWAY] = FOREIGN_FLYWAY,
    };
    struct standing_version *versions;
    struct foreign foreign;

    if (foreign_read(db, context->arena, tables[request->tool], &foreign, err) != 0)
        return -1;
    versions = arena_alloc(context->arena, (foreign.n + 1) * sizeof *versions);
    for (size_t i = 0; i < foreign.n; i++)
        versions[i] = (struct standing_version){
            .version = foreign.items[i].version,
            .failed = foreign.items[i].failed,
            .and_all_before = foreign.items[i].and_all_before,
        };
    if (standing_find(outcome->history, versions, foreign.n, &outcome->id, &outcome->reasons) != 0)
        outcome->id = NULL; /* the reasons are what there is to say */
    return 0;
}

static int read_rows(const struct cmd_context *context, struct db *db, struct outcome *outcome,
                     struct err *err)
{
    auto_strvec struct strvec rows = {0};
    auto_free char *joined = NULL;
    bool exists;

    if (versions_read(db, context->conf->version_table_schema, context->conf->version_table, &rows,
                      &exists, err) != 0)
        return -1;
    joined = strvec_join(&rows, ", ");
    outcome->rows = arena_strdup(context->arena, joined);
    return 0;
}

static int read_standing(const struct cmd_context *context, const struct request *request,
                         struct outcome *outcome, struct err *err)
{
    struct db *db = NULL;
    int rc;

    if (context->env == NULL)
        return 0;
    rc = db_open(context->services->target, NULL, DB_READ, &db, err);
    if (rc == 0)
        rc = request->tool == IMPORT_ALEMBIC ? read_rows(context, db, outcome, err)
                                             : read_foreign(context, request, db, outcome, err);
    db_close(db);
    return rc;
}

/* --- the result ------------------------------------------------------------------------------- */

static void advise(const struct request *request, const struct outcome *outcome, struct buf *out)
{
    if (request->tool == IMPORT_ALEMBIC && request->env == NULL) {
        buf_adds(out, "no stamp is needed: the identifiers are Alembic's\n");
    } else if (request->tool == IMPORT_ALEMBIC) {
        buf_addf(out, "%s: no stamp is needed: %s\n", request->env,
                 outcome->rows[0] == '\0' ? "nothing is applied" : outcome->rows);
    } else if (request->env == NULL) {
        buf_addf(out,
                 "a database that %s has migrated needs: deploy-db stamp ENV ID\n"
                 "`deploy-db import %s %s ENV` says which ID\n",
                 import_name(request->tool), import_name(request->tool), request->directory);
    } else if (outcome->reasons.n > 0) {
        buf_addf(out, "%s: there is no revision to stamp:\n", request->env);
        for (size_t i = 0; i < outcome->reasons.n; i++)
            buf_addf(out, "- %s\n", outcome->reasons.items[i].primary);
    } else if (outcome->id == NULL) {
        buf_addf(out, "%s: nothing to stamp: nothing is applied\n", request->env);
    } else {
        buf_addf(out, "deploy-db stamp %s %s\n", request->env, outcome->id);
    }
}

static json_t *strings(const struct strvec *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->n; i++)
        json_array_append_new(array, json_string(list->v[i]));
    return array;
}

static void print(const struct cmd_context *context, const struct request *request,
                  const struct outcome *outcome)
{
    auto_buf struct buf text = {0};
    json_t *revisions = json_array(), *reasons = json_array();

    for (size_t i = 0; i < outcome->convert.n; i++)
        json_array_append_new(revisions, json_string(outcome->convert.revisions[i].id));
    for (size_t i = 0; i < outcome->reasons.n; i++)
        json_array_append_new(reasons, json_string(outcome->reasons.items[i].primary));
    for (size_t i = 0; i < outcome->convert.notes.n; i++)
        log_info("%s", outcome->convert.notes.v[i]);
    if (outcome->paths.n > 0)
        buf_addf(&text, "%zu migration%s of %s %s in \"%s\" now\n", outcome->paths.n,
                 outcome->paths.n == 1 ? "" : "s", import_name(request->tool),
                 outcome->paths.n == 1 ? "is" : "are", request->into);
    else
        buf_addf(&text, "the %zu migrations of %s are in \"%s\" already\n", outcome->convert.n,
                 import_name(request->tool), request->into);
    advise(request, outcome, &text);
    cmd_print(context,
              json_pack("{s:s, s:s, s:o, s:o, s:o, s:s?, s:o}", "tool", import_name(request->tool),
                        "into", request->into, "revisions", revisions, "files",
                        strings(&outcome->paths), "notes", strings(&outcome->convert.notes),
                        "stamp", outcome->id, "reasons", reasons),
              buf_text(&text));
}

/* --- the command ------------------------------------------------------------------------------ */

static int convert(const struct cmd_context *context, const struct request *request,
                   struct outcome *outcome, struct err *err)
{
    bool allow_gaps = context->options->given[OPT_ALLOW_GAPS] > 0;
    struct errs errs = {0};
    int rc;

    outcome->convert.arena = context->arena;
    if (request->tool == IMPORT_ALEMBIC) {
        rc = convert_alembic(&outcome->convert, context->services, &errs);
    } else {
        outcome->history = import_start(context->arena, request->tool);
        rc = convert_files(&outcome->convert, outcome->history, request->directory, allow_gaps,
                           &errs);
    }
    if (errs.n == 1)
        *err = errs.items[0];
    else if (errs.n > 1)
        phases_join(&errs, "the migrations cannot be imported", err);
    errs_release(&errs);
    return rc;
}

/* A folder that is not empty is in the way, unless it holds this very history: then an
 * environment's standing can be asked for again. */
static int write(const struct cmd_context *context, const struct request *request,
                 struct outcome *outcome, struct err *err)
{
    struct err in_the_way = ERR_INIT;

    if (convert_check_folder(request->into, &in_the_way) == 0)
        return convert_write(&outcome->convert, context->conf, request->into, &outcome->paths, err);
    if (request->env != NULL && convert_is_there(&outcome->convert, context->conf, request->into))
        return 0;
    *err = in_the_way;
    return -1;
}

int cmd_import(struct cmd_context *context, struct err *err)
{
    struct request request = {0};
    struct outcome outcome = {0};
    int rc = read_request(context, &request, err);

    if (rc == 0 && request.env == NULL)
        rc = convert_check_folder(request.into, err);
    if (rc == 0)
        rc = open_project(context, &request, err);
    if (rc == 0)
        rc = convert(context, &request, &outcome, err);
    if (rc == 0)
        rc = read_standing(context, &request, &outcome, err);
    if (rc == 0)
        rc = write(context, &request, &outcome, err);
    if (rc == 0)
        print(context, &request, &outcome);
    convert_release(&outcome.convert);
    strvec_release(&outcome.paths);
    errs_release(&outcome.reasons);
    return rc == 0 ? ERR_NONE : (int)err->code;
}
