/* version - see version.h. */
#include "version.h"

#include <stdlib.h>
#include <string.h>

static const char find_sql[] =
    "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.oid = pg_catalog.to_regclass(pg_catalog.concat("
    "pg_catalog.quote_ident($1) || '.', pg_catalog.quote_ident($2)))";

void version_init(struct ddb_call *call, struct version *version)
{
    const char *table = sql_host->fact(call, "version_table");

    *version = (struct version){
        .schema = sql_host->fact(call, "version_table_schema"),
        .table = table != NULL ? table : "alembic_version",
    };
}

/* --- text --------------------------------------------------------------------------------------*/

static const char *doubled(struct ddb_call *call, const char *text, char quote)
{
    char *out = sql_host->alloc(call, 2 * strlen(text) + 3);
    char *to = out;

    *to++ = quote;
    for (; *text != '\0'; text++) {
        if (*text == quote)
            *to++ = quote;
        *to++ = *text;
    }
    *to = quote;
    return out;
}

/* Quoted where it must be, as Alembic writes names. */
static const char *name(struct ddb_call *call, const char *text)
{
    if (*text != '\0' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text) &&
        (*text < '0' || *text > '9'))
        return text;
    return doubled(call, text, '"');
}

static const char *qualified(struct ddb_call *call, const struct version *version)
{
    if (version->schema == NULL)
        return name(call, version->table);
    return sql_host->format(call, "%s.%s", name(call, version->schema), name(call, version->table));
}

const char *version_create_sql(struct ddb_call *call, const struct version *version)
{
    return sql_host->format(call,
                            "CREATE TABLE %s (\n    version_num VARCHAR(32) NOT NULL, \n"
                            "    CONSTRAINT %s PRIMARY KEY (version_num)\n)",
                            qualified(call, version),
                            name(call, sql_host->format(call, "%s_pkc", version->table)));
}

const char *version_change_sql(struct ddb_call *call, const struct version *version,
                               const struct ddb_row_change *change)
{
    const char *table = qualified(call, version);

    switch (change->kind) {
    case DDB_ROW_INSERT:
        return sql_host->format(call,
                                "INSERT INTO %s (version_num) VALUES (%s) RETURNING %s.version_num",
                                table, doubled(call, change->to, '\''), table);
    case DDB_ROW_DELETE:
        return sql_host->format(call, "DELETE FROM %s WHERE %s.version_num = %s", table, table,
                                doubled(call, change->from, '\''));
    default:
        return sql_host->format(call, "UPDATE %s SET version_num=%s WHERE %s.version_num = %s",
                                table, doubled(call, change->to, '\''), table,
                                doubled(call, change->from, '\''));
    }
}

/* --- the table ---------------------------------------------------------------------------------*/

static int find(struct session *session, struct version *version)
{
    const char *const values[] = {version->schema, version->table};
    PGresult *res =
        session_query(session, "could not look for the version table", find_sql, 2, values);

    if (res != NULL && PQntuples(res) > 0)
        version->name = sql_host->format(session->call, "%s", PQgetvalue(res, 0, 0));
    PQclear(res);
    return res != NULL ? 0 : -1;
}

int version_lock(struct session *session, struct version *version)
{
    struct ddb_call *call = session->call;

    if (version->name == NULL && find(session, version) < 0)
        return -1;
    if (version->name == NULL &&
        (session_exec(session,
                      sql_host->format(call, "could not create the version table \"%s\"",
                                       version->table),
                      version_create_sql(call, version)) < 0 ||
         find(session, version) < 0))
        return -1;
    if (version->name == NULL)
        return sql_host->fail(call, "the version table \"%s\" is not on the search path",
                              version->table);
    return session_exec(
        session, sql_host->format(call, "could not lock the version table %s", version->name),
        sql_host->format(call, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE", version->name));
}

/* --- its rows ----------------------------------------------------------------------------------*/

struct session_item version_item(struct ddb_call *call, const struct version *version,
                                 const struct ddb_row_change *change)
{
    switch (change->kind) {
    case DDB_ROW_INSERT:
        return (struct session_item){
            .sql = sql_host->format(call, "INSERT INTO %s (version_num) VALUES ($1)",
                                    version->name),
            .n = 1,
            .values = {change->to},
        };
    case DDB_ROW_DELETE:
        return (struct session_item){
            .sql = sql_host->format(call, "DELETE FROM %s WHERE version_num = $1", version->name),
            .n = 1,
            .values = {change->from},
        };
    default:
        return (struct session_item){
            .sql = sql_host->format(call, "UPDATE %s SET version_num = $2 WHERE version_num = $1",
                                    version->name),
            .name = "deploy_db_version",
            .n = 2,
            .values = {change->from, change->to},
        };
    }
}

static int fail_rows(struct session *session, const struct version *version, const char *id,
                     const char *row, long rows, const char *expected)
{
    sql_host->fail(
        session->call,
        "revision %s: table %s has %ld rows \"%s\" and should have %s: somebody else has "
        "migrated meanwhile",
        id, version->name, rows, row, expected);
    return sql_host->hint(session->call, "Look at who migrates this database besides deploy-db, "
                                         "then start again.");
}

int version_check(struct session *session, const struct version *version, const char *id,
                  const struct ddb_row_change *change, const struct session_item *item)
{
    const char *row = change->kind == DDB_ROW_INSERT ? change->to : change->from;

    return item->rows == 1 ? 0 : fail_rows(session, version, id, row, item->rows, "one");
}

int version_expect(struct session *session, const struct version *version,
                   const struct ddb_step *step)
{
    const char *sql = sql_host->format(
        session->call, "SELECT pg_catalog.count(*) FROM %s WHERE version_num = $1", version->name);

    for (const struct ddb_row_change *const *at = step->changes; *at != NULL; at++) {
        bool is_new = (*at)->kind == DDB_ROW_INSERT;
        const char *row = is_new ? (*at)->to : (*at)->from;
        PGresult *res = session_query(session, "could not read the version table", sql, 1, &row);
        long rows;

        if (res == NULL)
            return -1;
        rows = strtol(PQgetvalue(res, 0, 0), NULL, 10);
        PQclear(res);
        if (rows != !is_new)
            return fail_rows(session, version, step->id, row, rows, is_new ? "none" : "one");
    }
    return 0;
}
