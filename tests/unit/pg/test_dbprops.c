/* dbprops: a copy has the same properties; roles that are missing, and only they, are made. */
#include "basetest.h"
#include "pgtest.h"

#include "base/proc.h"
#include "pg/dbprops.h"
#include "pg/swap.h"

static struct arena *arena;
static char source[64];
static char copy[80];

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    pgtest_create(source, "dbprops");
    snprintf(copy, sizeof copy, "%s copy \"2\"", source);
    pgtest_sql(NULL, "SET client_min_messages = error; DROP ROLE IF EXISTS \"Own er\", prop_user; "
                     "CREATE ROLE \"Own er\"; CREATE ROLE prop_user");
    return 0;
}

static void drop_copy(void)
{
    struct db *admin = pgtest_open(pgtest_target(arena, NULL, NULL), DB_WRITE);
    struct err err = ERR_INIT;

    if (swap_drop(admin, copy, &err) < 0)
        fail_msg("%s", err.primary);
    db_close(admin);
}

static int tear_down(void **state)
{
    (void)state;
    drop_copy();
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" IS_TEMPLATE false", source);
    pgtest_drop(source);
    pgtest_sql(NULL, "DROP ROLE \"Own er\", prop_user");
    arena_free(arena);
    return 0;
}

static struct dbprops read_props(void)
{
    struct db *db = pgtest_open(pgtest_target(arena, source, NULL), DB_READ);
    struct dbprops props;
    struct err err = ERR_INIT;

    if (dbprops_read(db, arena, &props, &err) < 0)
        fail_msg("%s\n%s", err.primary, err.detail);
    db_close(db);
    return props;
}

static void make_copy(const struct dbprops *props)
{
    struct db *admin = pgtest_open(pgtest_target(arena, NULL, NULL), DB_WRITE);
    struct err err = ERR_INIT;

    if (swap_create(admin, copy, props, &err) < 0 || swap_properties(admin, copy, props, &err) < 0)
        fail_msg("%s\n%s", err.primary, err.detail);
    db_close(admin);
}

/* All that pg_database, pg_db_role_setting and the comments know of a database but its name. */
static const char *rows_of(const char *name)
{
    PGconn *conn = pgtest_connect(NULL);
    const char *values[] = {name};
    const char *text;
    PGresult *res = PQexecParams(
        conn,
        "SELECT jsonb_pretty((to_jsonb(d) - 'oid' - 'datname' - 'datfrozenxid' - 'datminmxid') || "
        "jsonb_build_object('comment', shobj_description(d.oid, 'pg_database'), 'settings', "
        "(SELECT jsonb_agg(jsonb_build_object('role', s.setrole::regrole, 'set', s.setconfig) "
        "ORDER BY s.setrole) FROM pg_db_role_setting s WHERE s.setdatabase = d.oid))) "
        "FROM pg_database d WHERE datname = $1",
        1, NULL, values, NULL, NULL, 0);

    if (PQresultStatus(res) != PGRES_TUPLES_OK || PQntuples(res) != 1)
        fail_msg("%s: %s", name, PQresultErrorMessage(res));
    text = arena_strdup(arena, PQgetvalue(res, 0, 0));
    PQclear(res);
    PQfinish(conn);
    return text;
}

static void decorate(void)
{
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" OWNER TO \"Own er\"", source);
    pgtest_sql(NULL, "REVOKE ALL ON DATABASE \"%s\" FROM PUBLIC", source);
    pgtest_sql(NULL, "GRANT CONNECT, CREATE ON DATABASE \"%s\" TO prop_user WITH GRANT OPTION",
               source);
    pgtest_sql(NULL, "GRANT TEMPORARY ON DATABASE \"%s\" TO prop_user", source);
    pgtest_sql(NULL, "GRANT TEMPORARY ON DATABASE \"%s\" TO PUBLIC", source);
    pgtest_sql(NULL, "REVOKE CREATE ON DATABASE \"%s\" FROM \"Own er\"", source);
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" CONNECTION LIMIT 17", source);
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" IS_TEMPLATE true", source);
    pgtest_sql(NULL, "COMMENT ON DATABASE \"%s\" IS E'it''s \\\\ a\\ncomment :db %%s'", source);
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" SET search_path = \"$user\", public, \"A \"\"b, c\", ''",
               source);
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" SET work_mem = '5MB'", source);
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" SET \"my.Setting\" = E'x = ''1''\\n\\\\y, \"z\"'", source);
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" SET TimeZone = 'Europe/Berlin'", source);
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" SET temp_tablespaces = ''", source);
    pgtest_sql(NULL, "ALTER ROLE prop_user IN DATABASE \"%s\" SET search_path = a, b", source);
    pgtest_sql(NULL, "ALTER ROLE \"Own er\" IN DATABASE \"%s\" SET DateStyle = 'German, DMY'", source);
}

static void test_copy_equals_source(void **state)
{
    struct dbprops props;

    (void)state;
    decorate();
    props = read_props();
    assert_string_equal(props.owner, "Own er");
    assert_string_equal(props.tablespace, "pg_default");
    assert_string_equal(props.encoding, "UTF8");
    make_copy(&props);
    assert_string_equal(rows_of(source), rows_of(copy));
    /* A second time changes nothing. */
    make_copy(&props);
    assert_string_equal(rows_of(source), rows_of(copy));
}

static void test_plain_database(void **state)
{
    struct dbprops props = read_props();

    (void)state;
    make_copy(&props);
    assert_int_equal(props.n, 1);
    assert_string_equal(rows_of(source), rows_of(copy));
    assert_string_equal(props.extensions[0], pgtest_value(source, "SELECT extname || ' ' || "
                                                                  "extversion FROM pg_extension"));
    assert_null(props.extensions[1]);
}

static void test_setting_without_blanks(void **state)
{
    struct dbprops props;

    (void)state;
    pgtest_sql(source,
               "DO $$ BEGIN PERFORM set_config('search_path', '\"a,b\",public,  c', false); "
               "EXECUTE format('ALTER DATABASE %%I SET search_path FROM CURRENT', "
               "current_database()); END $$");
    props = read_props();
    make_copy(&props);
    basetest_has(rows_of(copy), "search_path=\\\"a,b\\\", public, c");
}

static void recreate(const char *options)
{
    pgtest_drop(source);
    pgtest_sql(NULL, "CREATE DATABASE \"%s\" TEMPLATE template0 %s", source, options);
}

static void test_encodings_and_locales(void **state)
{
    static const char *const options[] = {
        "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
        "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'",
        "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'",
        "LOCALE_PROVIDER icu ICU_LOCALE 'de-u-kn' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'",
    };
    bool providers = strtol(pgtest_value(NULL, "SHOW server_version_num"), NULL, 10) >= 150000;

    (void)state;
    for (size_t i = 0; i < (providers ? 4 : 3); i++) {
        struct dbprops props;

        recreate(options[i]);
        props = read_props();
        make_copy(&props);
        assert_string_equal(rows_of(source), rows_of(copy));
        if (i == 3)
            basetest_has(props.icu_locale, "de-u-kn");
    }
}

static void run_psql(const char *database, const char *script, int status)
{
    char *dir = basetest_dir();
    const char *file = arena_printf(arena, "%s/script.sql", dir);
    const char *variable = arena_printf(arena, "db=%s", copy);
    const char *const argv[] = {"psql", "-X", "-q",     "-v", "ON_ERROR_STOP=1",
                                "-v",   variable, "-d", pgtest_conninfo_for(arena, database, NULL),
                                "-f",   file, NULL};
    struct proc proc = {.argv = argv, .timeout_ms = 60 * 1000};
    struct proc_result result = {0};
    struct err err = ERR_INIT;
    FILE *out = fopen(file, "w");

    assert_non_null(out);
    assert_true(fputs(script, out) >= 0);
    assert_int_equal(fclose(out), 0);
    if (proc_run(&proc, &result, &err) < 0)
        fail_msg("%s", err.primary);
    if (result.status != status)
        fail_msg("%s", result.errors);
    basetest_dir_remove(dir);
}

static void test_psql_does_the_same(void **state)
{
    struct dbprops props;
    auto_buf struct buf script = {0};
    struct err err = ERR_INIT;
    struct db *admin = pgtest_open(pgtest_target(arena, NULL, NULL), DB_WRITE);

    (void)state;
    decorate();
    props = read_props();
    assert_int_equal(swap_create(admin, copy, &props, &err), 0);
    db_close(admin);
    dbprops_psql(&props, &script);
    run_psql(NULL, buf_text(&script), 0);
    assert_string_equal(rows_of(source), rows_of(copy));
}

/* --- roles ------------------------------------------------------------------------------------ */

static const char *roles_script(void)
{
    struct db *db = pgtest_open(pgtest_target(arena, source, NULL), DB_READ);
    auto_buf struct buf out = {0};
    struct err err = ERR_INIT;

    if (dbprops_roles(db, &out, &err) < 0)
        fail_msg("%s", err.primary);
    db_close(db);
    return arena_strdup(arena, buf_text(&out));
}

static const char *role_rows(void)
{
    return arena_strdup(
        arena,
        pgtest_value(NULL,
                     "SELECT string_agg((to_jsonb(r) - 'oid' || jsonb_build_object('comment', "
                     "shobj_description(r.oid, 'pg_authid'), 'of', (SELECT "
                     "jsonb_agg(jsonb_build_array(m.roleid::regrole, m.admin_option) ORDER BY "
                     "m.roleid::regrole::text) FROM pg_auth_members m WHERE m.member = r.oid)))"
                     "::text, E'\\n' ORDER BY rolname) FROM pg_roles r "
                     "WHERE rolname LIKE 'dbprops%'"));
}

static void drop_roles(void)
{
    pgtest_sql(NULL, "SET client_min_messages = error; "
                     "DROP ROLE IF EXISTS dbprops_a, \"dbprops \"\"B\"\" 'x'\n:y\\z\", dbprops_c");
}

static void make_roles(void)
{
    drop_roles();
    pgtest_sql(NULL,
               "CREATE ROLE dbprops_a CREATEDB LOGIN PASSWORD 'hush hush' CONNECTION LIMIT 3 "
               "VALID UNTIL '2031-05-06 07:08:09+02'; "
               "CREATE ROLE \"dbprops \"\"B\"\" 'x'\n:y\\z\" NOINHERIT CREATEROLE REPLICATION "
               "BYPASSRLS SUPERUSER; CREATE ROLE dbprops_c; "
               "GRANT dbprops_c TO dbprops_a WITH ADMIN OPTION; "
               "GRANT dbprops_a, pg_monitor TO \"dbprops \"\"B\"\" 'x'\n:y\\z\"; "
               "ALTER ROLE dbprops_a SET search_path = \"$user\", \"x y\"; "
               "ALTER ROLE dbprops_a SET work_mem = '3MB'; "
               "COMMENT ON ROLE dbprops_a IS 'it''s a :role'");
}

static void test_roles_are_made_again(void **state)
{
    const char *before;
    const char *script;

    (void)state;
    make_roles();
    before = role_rows();
    script = roles_script();
    assert_null(strstr(script, "hush"));
    assert_null(strstr(script, "PASSWORD"));
    assert_null(strstr(script, "SCRAM"));
    assert_null(strstr(script, "CREATE ROLE pg_"));
    drop_roles();
    run_psql(NULL, script, 0);
    assert_string_equal(before, role_rows());
    run_psql(NULL, script, 0);
    assert_string_equal(before, role_rows());
    drop_roles();
}

static void test_existing_roles_stay(void **state)
{
    const char *script;

    (void)state;
    make_roles();
    script = roles_script();
    pgtest_sql(NULL, "REVOKE dbprops_c FROM dbprops_a; ALTER ROLE dbprops_a NOCREATEDB; "
                     "ALTER ROLE dbprops_a RESET ALL; DROP ROLE \"dbprops \"\"B\"\" 'x'\n:y\\z\"");
    run_psql(NULL, script, 0);
    /* The missing one is back with its memberships; the others are as they were. */
    basetest_has(role_rows(), "[[\"dbprops_a\", false], [\"pg_monitor\", false]]");
    assert_string_equal(
        pgtest_value(NULL, "SELECT concat(rolcreatedb, rolconfig, (SELECT count(*) FROM "
                           "pg_auth_members WHERE member = r.oid)) FROM pg_roles r "
                           "WHERE rolname = 'dbprops_a'"),
        "f0");
    drop_roles();
}

static void test_lost_session(void **state)
{
    struct db *db = pgtest_open(pgtest_target(arena, source, NULL), DB_READ);
    struct dbprops props;
    auto_buf struct buf out = {0};
    struct err err = ERR_INIT;

    (void)state;
    pgtest_sql(NULL, "SELECT pg_terminate_backend(%d, 5000)", db_pid(db));
    assert_int_equal(dbprops_read(db, arena, &props, &err), -1);
    basetest_has(err.primary, "could not read the properties of database");
    err_clear(&err);
    assert_int_equal(dbprops_roles(db, &out, &err), -1);
    basetest_has(err.primary, "could not read the roles");
    db_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_copy_equals_source),
        TEST(test_plain_database),
        TEST(test_setting_without_blanks),
        TEST(test_encodings_and_locales),
        TEST(test_psql_does_the_same),
        TEST(test_roles_are_made_again),
        TEST(test_existing_roles_stay),
        TEST(test_lost_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
