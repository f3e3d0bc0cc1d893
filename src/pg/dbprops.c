/* dbprops - see dbprops.h. */
#include "pg/dbprops.h"

#include <string.h>

#include "pg/sql/dbprops.sql.h"
#include "pg/sql/dbprops_members.sql.h"
#include "pg/sql/dbprops_roles.sql.h"
#include "pg/sql/dbprops_statements.sql.h"

static int read_creation(struct db *db, struct arena *arena, struct dbprops *props,
                         struct err *err)
{
    auto_result struct db_result *rows = NULL;
    const char **const fields[] = {&props->encoding,   &props->collate,   &props->ctype,
                                   &props->provider,   &props->icu_locale, &props->icu_rules,
                                   &props->owner,      &props->tablespace};

    if (db_query(db, &rows, err, dbprops_sql, 0) < 0)
        return -1;
    if (db_rows(rows) != 1)
        return err_set(err, ERR_INTERNAL, "database \"%s\" is not in pg_database any more",
                       db_name(db));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        *fields[i] = arena_strdup(arena, db_value(rows, 0, (int)i));
    return 0;
}

static int read_statements(struct db *db, struct arena *arena, struct dbprops *props,
                           struct err *err)
{
    auto_result struct db_result *rows = NULL;

    if (db_query(db, &rows, err, dbprops_statements_sql, 0) < 0)
        return -1;
    props->n = (size_t)db_rows(rows);
    props->statements = arena_alloc(arena, props->n * sizeof *props->statements);
    for (size_t i = 0; i < props->n; i++) {
        props->statements[i].before = arena_strdup(arena, db_value(rows, (int)i, 0));
        props->statements[i].after = arena_strdup(arena, db_value(rows, (int)i, 1));
    }
    return 0;
}

static int read_extensions(struct db *db, struct arena *arena, struct dbprops *props,
                           struct err *err)
{
    auto_result struct db_result *rows = NULL;
    auto_strvec struct strvec list = {0};

    if (db_query(db, &rows, err,
                 "SELECT extname || ' ' || extversion FROM pg_catalog.pg_extension "
                 "ORDER BY extname COLLATE \"C\"",
                 0) < 0)
        return -1;
    for (int i = 0; i < db_rows(rows); i++)
        strvec_push(&list, db_value(rows, i, 0));
    props->extensions = (const char *const *)arena_list(arena, &list);
    return 0;
}

int dbprops_read(struct db *db, struct arena *arena, struct dbprops *props, struct err *err)
{
    struct dbprops read = {0};

    if (read_creation(db, arena, &read, err) < 0 || read_statements(db, arena, &read, err) < 0 ||
        read_extensions(db, arena, &read, err) < 0)
        return err_wrap(err, "could not read the properties of database \"%s\"", db_name(db));
    *props = read;
    return 0;
}

int dbprops_search_path(struct db *db, const struct dbprops *props, struct err *err)
{
    static const char setting[] = " SET search_path TO ";
    auto_result struct db_result *own = NULL;

    if (db_query(db, &own, err,
                 "SELECT 'ALTER ROLE ' || quote_ident(session_user) || ' IN DATABASE ', "
                 "source = 'client', source IN ('client', 'user') "
                 "FROM pg_catalog.pg_settings WHERE name = 'search_path'",
                 0) < 0)
        return -1;
    for (size_t i = 0; i < props->n; i++) {
        const struct dbprops_statement *statement = &props->statements[i];
        bool of_role = strcmp(statement->before, db_value(own, 0, 0)) == 0;
        bool of_all = strcmp(statement->before, "ALTER DATABASE ") == 0;

        if (strncmp(statement->after, setting, sizeof setting - 1) == 0 &&
            ((of_role && !db_bool(own, 0, 1)) || (of_all && !db_bool(own, 0, 2))) &&
            db_exec(db, err, statement->after, 0) < 0)
            return -1;
    }
    return 0;
}

/* The number of the role with the literal ${literal} as its name; 0 for roles of the server. */
static int role_number(const struct db_result *roles, const char *literal)
{
    for (int i = 0; i < db_rows(roles); i++)
        if (strcmp(db_value(roles, i, 0), literal) == 0)
            return i + 1;
    return 0;
}

static void add_roles(const struct db_result *roles, struct buf *out)
{
    for (int i = 0; i < db_rows(roles); i++)
        buf_addf(out,
                 "\nSELECT NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = %s) "
                 "AS new_%d \\gset\n\\if :new_%d\n%s\\endif\n",
                 db_value(roles, i, 0), i + 1, i + 1, db_value(roles, i, 1));
}

static void add_members(const struct db_result *roles, const struct db_result *members,
                        struct buf *out)
{
    for (int i = 0; i < db_rows(members); i++) {
        int group = role_number(roles, db_value(members, i, 0));
        int member = role_number(roles, db_value(members, i, 1));

        if (group > 0)
            buf_addf(out, "\nSELECT :'new_%d'::boolean OR :'new_%d'::boolean AS is_new \\gset\n",
                     group, member);
        else
            buf_addf(out, "\n\\set is_new :new_%d\n", member);
        buf_addf(out, "\\if :is_new\n%s\\endif\n", db_value(members, i, 2));
    }
}

int dbprops_roles(struct db *db, struct buf *out, struct err *err)
{
    auto_result struct db_result *roles = NULL;
    auto_result struct db_result *members = NULL;

    if (db_query(db, &roles, err, dbprops_roles_sql, 0) < 0 ||
        db_query(db, &members, err, dbprops_members_sql, 0) < 0)
        return err_wrap(err, "could not read the roles");
    buf_adds(out, "-- The roles of the server, without passwords; for psql. Those that exist\n"
                  "-- already are left as they are, and so are memberships between them.\n");
    add_roles(roles, out);
    add_members(roles, members, out);
    return 0;
}

void dbprops_psql(const struct dbprops *props, struct buf *out)
{
    for (size_t i = 0; i < props->n; i++)
        buf_addf(out, "%s:\"db\"%s;\n", props->statements[i].before, props->statements[i].after);
}
