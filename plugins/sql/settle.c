/* settle - see settle.h. */
#include "settle.h"

#include "bare.h"
#include "invalid.h"
#include "made.h"
#include "paths.h"
#include "progress.h"

/* undefined_table, _object, _column, _function, _database; invalid_schema_name */
static const char *const never_made[] = {"42P01", "42704", "42703", "42883",
                                         "3D000", "3F000", NULL};

/* duplicate_table, _object, _column, _function, _database, _schema, _alias */
static const char *const never_removed[] = {"42P07", "42710", "42701", "42723",
                                            "42P04", "42P06", "42712", NULL};

static int undo_statement(struct session *session, const struct script *undo, size_t i,
                          const char *const *passed_over)
{
    const struct statement *statement = &undo->v[i];
    const struct session_place place = script_place(session->call, undo, i);
    PGresult *res;
    int rc;

    if ((statement->flags & DDB_STATEMENT_CONCURRENTLY) &&
        invalid_drop_namesake(session, statement) < 0)
        return -1;
    rc = bare_try(session, statement, NULL, &res);
    if (rc > 0 && bare_is_outside(res)) {
        PQclear(res);
        rc = session_try(session, statement->text, 0, NULL, &res);
    }
    if (rc > 0 && session_is_one_of(res, passed_over)) {
        sql_host->log(session->call, DDB_LEVEL_INFO, "passed over: %s: %s", place.what,
                      session_says(res));
        rc = 0;
    }
    if (rc > 0)
        rc = session_fail(session, &place, res);
    PQclear(res);
    return rc;
}

/* What ${done} has not made. A statement that was cut off may have made it: an index is looked at,
 * anything else is left alone. */
static void find_unmade(const struct progress_half *half, const struct script *done,
                        struct made *unmade)
{
    size_t first = half->done;

    if (half->is_running && first < done->n &&
        (done->v[first].flags & DDB_STATEMENT_CONCURRENTLY))
        first++;
    for (size_t i = first; i < done->n; i++)
        made_add(unmade, done->v[i].text);
}

/* Rows that the other direction has not changed yet would be changed for nothing, others twice when
 * this is cut off and begun again, and no comparison of catalogs would show it. */
static int check_undo(struct session *session, const struct script *undo)
{
    for (size_t i = 0; i < undo->n; i++) {
        if (!made_is_data(&undo->v[i]))
            continue;
        sql_host->fail(session->call,
                       "revision %s is half applied, and statement %zu in \"%s\" line %zu, which "
                       "would be a part of undoing it, may change data",
                       undo->id, i + 1, undo->path, undo->v[i].line);
        return -1;
    }
    return 0;
}

static int undo_all(struct session *session, const struct progress_half *half,
                    const struct script *done, const struct script *undo)
{
    struct made unmade = {.call = session->call};

    if (check_undo(session, undo) < 0)
        return -1;
    find_unmade(half, done, &unmade);
    for (size_t i = 0; i < undo->n; i++) {
        if (!half->is_downgrade && made_has(&unmade, undo->v[i].text)) {
            sql_host->log(session->call, DDB_LEVEL_INFO,
                          "passed over: revision %s: statement %zu in \"%s\" line %zu: what it "
                          "removes was not made",
                          undo->id, i + 1, undo->path, undo->v[i].line);
            continue;
        }
        if (undo_statement(session, undo, i, half->is_downgrade ? never_removed : never_made) < 0)
            return -1;
    }
    return 0;
}

static int undo(struct session *session, const struct progress_half *half,
                const struct script *done)
{
    const char *name = half->is_downgrade ? "upgrade" : "downgrade";
    const struct file_section *section;
    struct script undo;

    if (script_read(session->call, half->revision, done->path, !half->is_downgrade, &undo) < 0)
        return -1;
    section = half->is_downgrade ? &undo.file.upgrade : &undo.file.downgrade;
    if (section->text == NULL)
        return sql_host->fail(session->call,
                              "revision %s is half applied, and \"%s\" has no section \"-- %s\" "
                              "that would undo it",
                              half->revision, done->path, name);
    return undo_all(session, half, done, &undo);
}

static int settle_one(struct session *session, const struct paths *paths,
                      const struct progress_half *half)
{
    struct ddb_call *call = session->call;
    const char *path = paths_find(paths, half->revision);
    struct script done;

    session->subject = sql_host->format(call, "revision %s", half->revision);
    if (path == NULL)
        return sql_host->fail(call, "revision %s is half applied, and its file is missing",
                              half->revision);
    if (script_read(call, half->revision, path, half->is_downgrade, &done) < 0 ||
        progress_fits(session, half, &done) < 0)
        return -1;
    sql_host->log(call, DDB_LEVEL_INFO, "revision %s: undoing %zu of %zu statements of its %s",
                  half->revision, half->done + half->is_running, done.n,
                  half->is_downgrade ? "downgrade" : "upgrade");
    if (half->is_running && half->done < done.n &&
        (done.v[half->done].flags & DDB_STATEMENT_CONCURRENTLY) &&
        invalid_drop_new(session, half->revision, &done.v[half->done]) < 0)
        return -1;
    if ((half->done > 0 || half->is_running) && undo(session, half, &done) < 0)
        return -1;
    return progress_forget(session, half->revision);
}

static int undo_halves(struct session *session)
{
    struct progress_half *halves;
    struct paths paths;
    size_t n;
    int rc = progress_halves(session, &halves, &n);

    if (rc == 0 && n > 0)
        rc = paths_read(session->call, &paths);
    for (size_t i = 0; rc == 0 && i < n; i++) /* the one that was begun last comes first */
        rc = settle_one(session, &paths, &halves[n - 1 - i]);
    return rc;
}

int settle_all(struct ddb_call *call)
{
    struct session session;
    int rc = session_open(call, &session, false);

    if (rc == 0)
        rc = sql_host->fact(call, "as_before") != NULL ? progress_forget_run(&session)
                                                       : undo_halves(&session);
    session_close(&session);
    return rc;
}
