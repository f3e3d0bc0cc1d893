/* inspect - see inspect.h. */
#include "inspect.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "paths.h"
#include "progress.h"
#include "words.h"

struct findings {
    struct ddb_call *call;
    struct session session;
    struct paths paths;
    int (*each)(void *arg, const struct ddb_finding *finding);
    void *arg;
};

/* --- edited ------------------------------------------------------------------------------------*/

/* A file that is gone is no finding: its revision is unknown, and that is said elsewhere. */
static int look_at_file(struct findings *findings, const PGresult *res, int row)
{
    struct ddb_call *call = findings->call;
    const char *id = PQgetvalue(res, row, 0);
    const char *path = paths_find(&findings->paths, id);
    char sha256[DIGEST_SIZE];
    struct ddb_finding finding = {.size = sizeof finding, .kind = "edited", .revision = id};

    if (path == NULL)
        return 0;
    if (digest_file(call, path, sha256) < 0)
        return -1;
    if (strcmp(sha256, PQgetvalue(res, row, 1)) == 0)
        return 0;
    finding.text = sql_host->format(
        call, "revision %s: \"%s\" is not what was applied on %s%s%s", id, path,
        PQgetvalue(res, row, 2), PQgetisnull(res, row, 3) ? "" : " by run ",
        PQgetvalue(res, row, 3));
    finding.hint =
        "Restore the file from version control, and write a new migration for the change.";
    return findings->each(findings->arg, &finding);
}

/* ${each} stops it by what is not 0. */
static int look_for_edited(struct findings *findings)
{
    bool exists;
    PGresult *res;
    int rc = 0;

    if (progress_has(&findings->session, "applied_file", &exists) < 0)
        return -1;
    if (!exists)
        return 0;
    res =
        session_query(&findings->session, "could not read the checksums of applied files",
                      "SELECT revision, sha256, pg_catalog.to_char(applied_at AT TIME ZONE 'UTC', "
                      "'YYYY-MM-DD HH24:MI:SS \"UTC\"'), run FROM deploy_db.applied_file "
                      "ORDER BY applied_at, revision",
                      0, NULL);
    if (res == NULL)
        return -1;
    for (int i = 0; i < PQntuples(res) && rc == 0; i++)
        rc = look_at_file(findings, res, i);
    PQclear(res);
    return rc;
}

/* --- half applied ------------------------------------------------------------------------------*/

static int look_at_half(struct findings *findings, const struct progress_half *half)
{
    struct ddb_call *call = findings->call;
    const char *path = paths_find(&findings->paths, half->revision);
    const char *of = " of a file that is missing";
    const char *what = half->is_downgrade ? "downgrade" : "upgrade";
    char sha256[DIGEST_SIZE];
    struct script script;
    struct ddb_finding finding = {
        .size = sizeof finding, .kind = "stuck", .revision = half->revision};

    if (path != NULL) {
        if (digest_file(call, path, sha256) < 0)
            return -1;
        of = " of a file that has changed since";
    }
    if (path != NULL && strcmp(sha256, half->sha256) == 0) {
        if (script_read(call, half->revision, path, half->is_downgrade, &script) < 0)
            return -1;
        of = sql_host->format(call, " of %zu", script.n);
        finding.kind = "half-applied";
    }
    finding.text =
        half->is_running
            ? sql_host->format(call, "revision %s is half applied: its %s was cut off in statement "
                                     "%zu%s",
                               half->revision, what, half->done + 1, of)
            : sql_host->format(call, "revision %s is half applied: its %s stopped behind statement "
                                     "%zu%s",
                               half->revision, what, half->done, of);
    finding.hint = strcmp(finding.kind, "stuck") == 0
                       ? "Restore the file from version control as it was, then go on."
                   : half->is_downgrade ? "Downgrade again to finish it, or run `deploy-db recover`."
                                      : "Upgrade again to finish it, or run `deploy-db recover`.";
    return findings->each(findings->arg, &finding);
}

static int look_for_halves(struct findings *findings)
{
    struct progress_half *halves;
    size_t n;
    int rc = progress_halves(&findings->session, &halves, &n);

    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = look_at_half(findings, &halves[i]);
    return rc;
}

int inspect_applied(struct ddb_call *call,
                    int (*each)(void *arg, const struct ddb_finding *finding), void *arg)
{
    struct findings findings = {.call = call, .each = each, .arg = arg};
    int rc = paths_read(call, &findings.paths);

    if (rc != 0)
        return -1;
    rc = session_open(call, &findings.session, true);
    if (rc == 0)
        rc = look_for_halves(&findings);
    if (rc == 0)
        rc = look_for_edited(&findings);
    session_close(&findings.session);
    return rc < 0 ? -1 : 0;
}

/* --- transactions ------------------------------------------------------------------------------*/

/* The word of ${sql} whose effect no rollback takes back: a sequence's value, what another session or
 * program commits. NULL: there is none. The bodies of functions and blocks count. */
static const char *lasting_word(const char *sql)
{
    static const struct {
        const char *word, *next; /* one of these bytes stands behind it */
    } lasting[] = {{"setval", "("}, {"dblink", "("}, {"dblink_exec", "("},
                   {"dblink_send_query", "("}, {"program", "'$eE"}};

    for (const char *at = sql, *end; *at != '\0'; at = end > at ? end : at + 1) {
        end = *at == '"' ? at : words_name_end(at);
        for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++) {
            const char *behind = at;

            if (!words_take(&behind, lasting[i].word))
                continue;
            behind = *behind == '"' ? words_skip(behind + 1) : behind;
            if (*behind != '\0' && strchr(lasting[i].next, *behind) != NULL &&
                (!isalpha((unsigned char)*behind) || behind[1] == '\''))
                return lasting[i].word;
        }
    }
    return NULL;
}

/* Whether a rollback takes back all that revision ${id} does: 1, 0, or -1. */
static int is_undone(struct ddb_call *call, const char *id, const char *path, bool is_downgrade)
{
    struct script script;
    const char *word = NULL;

    if (script_read(call, id, path, is_downgrade, &script) < 0)
        return -1;
    for (size_t i = 0; i < script.n && word == NULL; i++)
        word = lasting_word(script.v[i].text);
    if (script.no_transaction)
        sql_host->log(call, DDB_LEVEL_DETAIL, "the run is more than one transaction: see \"%s\"",
                      path);
    else if (word != NULL)
        sql_host->log(call, DDB_LEVEL_DETAIL, "no rollback takes back what \"%s\" does: see \"%s\"",
                      word, path);
    return !script.no_transaction && word == NULL;
}

int inspect_transactions(struct ddb_call *call, const char *const *ids)
{
    const char *direction = sql_host->fact(call, "direction");
    bool is_downgrade = direction != NULL && strcmp(direction, "downgrade") == 0;
    struct paths paths;

    if (paths_read(call, &paths) != 0)
        return -1;
    for (; *ids != NULL; ids++) {
        const char *path = paths_find(&paths, *ids);
        int rc = path == NULL ? 0 : is_undone(call, *ids, path, is_downgrade);

        if (rc <= 0)
            return rc < 0 ? -1 : DDB_CAN_PARTLY;
    }
    return DDB_CAN_FULLY;
}
