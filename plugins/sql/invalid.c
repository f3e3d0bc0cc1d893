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
    PGresult *res = session_query(session, "could not look for invalid indexes", sql, n, values);
    int rc = res != NULL ? drop_all(session, res) : -1;

    PQclear(res);
    return rc;
}

int invalid_drop_new(struct session *session, const char *revision,
                     const struct statement *statement)
{
    static const char new_sql[] = INVALID_SQL
        " AND pg_catalog.format('%I.%I', n.nspname, c.relname) <> ALL (coalesce("
        "(SELECT h.invalid_before FROM deploy_db.half_applied h WHERE h.revision = $1), "
        "'{}')) AND ";
    struct invalid_target target;

    if (!invalid_target(session->call, statement->text, &target)) {
        const char *const values[] = {revision};

        return drop_found(session,
                          sql_host->format(session->call, "%sc.relname ~ '_cc(new|old)[0-9]*$'",
                                           new_sql),
                          1, values);
    }
    return drop_found(
        session,
        sql_host->format(session->call,
                         "%s(pg_catalog.to_regclass($2) IS NULL OR "
                         "i.indrelid = pg_catalog.to_regclass($2))",
                         new_sql),
        2, (const char *const[]){revision, target.table[0] != '\0' ? target.table : NULL});
}

int invalid_drop_namesake(struct session *session, const struct statement *statement)
{
    struct invalid_target target;

    if (!invalid_target(session->call, statement->text, &target) || target.index[0] == '\0' ||
        target.table[0] == '\0')
        return 0;
    return drop_found(session,
                      INVALID_SQL " AND i.indrelid = pg_catalog.to_regclass($2) AND c.relname = $1",
                      2, (const char *const[]){target.index, target.table});
}
