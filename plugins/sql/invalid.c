/* invalid - see invalid.h. */
#include "invalid.h"

#include "words.h"

/* --- what CREATE INDEX says --------------------------------------------------------------------*/

/* A name with its schema, as written, but for blanks and comments in it. */
static const char *take_table(struct ddb_call *call, const char *at)
{
    const char *table = "";

    for (;;) {
        const char *end = words_name_end(at);

        table = sql_host->format(call, "%s%.*s", table, (int)(end - at), at);
        at = words_skip(end);
        if (*at != '.')
            return table;
        table = sql_host->format(call, "%s.", table);
        at = words_skip(at + 1);
    }
}

bool invalid_target(struct ddb_call *call, const char *sql, struct invalid_target *target)
{
    const char *at = words_skip(sql);

    *target = (struct invalid_target){"", ""};
    if (!words_take(&at, "create"))
        return false;
    words_take(&at, "unique");
    if (!words_take(&at, "index"))
        return false;
    words_take(&at, "concurrently");
    if (words_take(&at, "if") && words_take(&at, "not"))
        words_take(&at, "exists");
    if (!words_take(&at, "on")) { /* a reserved word: no name */
        const char *end = words_name_end(at);

        target->index = words_unquoted(call, at, end);
        at = words_skip(end);
        if (!words_take(&at, "on"))
            return true;
    }
    words_take(&at, "only");
    target->table = take_table(call, at);
    return true;
}

/* --- dropping ----------------------------------------------------------------------------------*/

static int drop_all(struct session *session, const PGresult *res)
{
    for (int i = 0; i < PQntuples(res); i++) {
        const char *name = sql_host->format(session->call, "%s", PQgetvalue(res, i, 0));

        sql_host->log(session->call, DDB_LEVEL_INFO,
                      "dropping the invalid index %s, which an unfinished statement has left",
                      name);
        if (session_exec(session,
                         sql_host->format(session->call, "could not drop the invalid index %s",
                                          name),
                         sql_host->format(session->call, "DROP INDEX CONCURRENTLY IF EXISTS %s",
                                          name)) < 0)
            return -1;
    }
    return 0;
}

static int drop_found(struct session *session, const char *sql, int n, const char *const *values)
{
    static const char what[] = "could not look for invalid indexes";
    PGresult *res = NULL;
    int rc = session_exec(session, what, SESSION_BEGIN_OWN);

    if (rc == 0)
        res = session_query(session, what, sql, n, values);
    rc = res != NULL ? session_exec(session, what, "COMMIT") : -1;
    if (rc == 0)
        rc = drop_all(session, res);
    PQclear(res);
    return rc;
}

/* An index that somebody builds just now is theirs: their session is in the view, without the
 * table where this role may not look. */
#define NOT_BUILT                                                                                  \
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.datname = "   \
    "pg_catalog.current_database() AND coalesce(p.relid = i.indrelid, true))"

/* The name that it gives, or the server where it gives none, on its table; of REINDEX the server's
 * own names. */
int invalid_drop_new(struct session *session, const char *revision,
                     const struct statement *statement)
{
    static const char new_sql[] = INVALID_SQL NOT_BUILT
        " AND pg_catalog.format('%I.%I', n.nspname, c.relname) <> ALL (coalesce("
        "(SELECT h.invalid_before FROM deploy_db.half_applied h WHERE h.revision = $1), "
        "'{}')) AND CASE WHEN $2::pg_catalog.text IS NULL THEN c.relname ~ '_cc(new|old)[0-9]*$' "
        "WHEN $3 = '' THEN c.relname ~ '_idx[0-9]*$' ELSE c.relname = $3::pg_catalog.name END "
        "AND coalesce(i.indrelid = pg_catalog.to_regclass(nullif($2, '')), true)";
    struct invalid_target target;
    const char *values[] = {revision, NULL, NULL};

    if (invalid_target(session->call, statement->text, &target)) {
        values[1] = target.table;
        values[2] = target.index;
    }
    return drop_found(session, new_sql, 3, values);
}

int invalid_drop_namesake(struct session *session, const struct statement *statement)
{
    struct invalid_target target;

    if (!invalid_target(session->call, statement->text, &target) || target.index[0] == '\0' ||
        target.table[0] == '\0')
        return 0;
    return drop_found(session,
                      INVALID_SQL NOT_BUILT
                      " AND i.indrelid = pg_catalog.to_regclass($2) AND c.relname = $1",
                      2, (const char *const[]){target.index, target.table});
}
