/*
 * Real Alembic on a real database: upgrade, downgrade, lock timeouts, models, identity. Needs the
 * private cluster of DDB_TEST_CONNINFO. time-limit: 400
 */
#include "basetest.h"

#include "fakehost.c"
#include "pgtest.h"

static struct ddb_call *call;
static const struct ddb_engine *engine;
static char *dir;
static char db[64];
static struct buf seen;

static int setup(void **state)
{
    pgtest_create(db, "alembic");
    dir = basetest_dir();
    call = *state = fakehost_open(ddb_plugin());
    engine = ddb_plugin()->ops;
    buf_reset(&seen);
    return 0;
}

static int teardown(void **state)
{
    fakehost_close(*state);
    basetest_dir_remove(dir);
    pgtest_drop(db);
    return 0;
}

static void contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void set_url(const char *dialect, const char *user)
{
    PGconn *conn = pgtest_connect(db);

    fakehost_fact(call, "url",
                  arena_printf(call->arena, "%s://%s@/%s?host=%s&port=%s", dialect,
                               user != NULL ? user : PQuser(conn), db, PQhost(conn), PQport(conn)));
    PQfinish(conn);
}

static void use_project(const char *name)
{
    static const char *const debian[] = {"/usr/bin/alembic", NULL};
    const char *source = getenv("DDB_SRC");
    const char *path = arena_printf(call->arena, "%s/tests/unit/plugins/alembic/projects/%s",
                                    source != NULL ? source : ".", name);
    const char *const copy[] = {"cp", "-r", path, dir, NULL};
    struct proc proc = {.argv = copy};
    struct proc_result result;
    struct err err = ERR_INIT;

    assert_int_equal(proc_run(&proc, &result, &err), 0);
    assert_int_equal(result.status, 0);
    fakehost_setting(call, "directory", arena_printf(call->arena, "%s/%s", dir, name));
    fakehost_setting_list(call, "command", debian);
    set_url("postgresql", NULL);
}

static void ok(int rc)
{
    if (rc != 0)
        fail_msg("%s\n%s\n%s", call->err.primary, call->err.detail, call->errors);
}

/* --- migrations --------------------------------------------------------------------------------*/

static void up_and_down(void **state)
{
    (void)state;
    use_project("shop");
    ok(engine->upgrade(call, "1a2b3c4d0002"));
    assert_int_equal(call->progress_done, 2);
    assert_string_equal(pgtest_value(db, "SELECT version_num FROM alembic_version"),
                        "1a2b3c4d0002");
    ok(engine->upgrade(call, "heads"));
    contains(call->log.data, "info: running upgrade 1a2b3c4d0002 -> 1a2b3c4d0003, index the");
    assert_string_equal(pgtest_value(db, "SELECT string_agg(version_num, ',' ORDER BY 1) FROM "
                                         "alembic_version"),
                        "1a2b3c4d0003,9f8e7d6c0001");
    ok(engine->upgrade(call, "heads")); /* nothing to do */
    ok(engine->downgrade(call, "1a2b3c4d0001"));
    assert_string_equal(pgtest_value(db, "SELECT version_num FROM alembic_version"),
                        "1a2b3c4d0001");
    ok(engine->downgrade(call, "base"));
    assert_string_equal(pgtest_value(db, "SELECT to_regclass('companies')"), "");
    assert_int_equal(engine->upgrade(call, "beef"), -1);
    contains(call->err.primary, "Can't locate revision identified by 'beef'");
}

static void lock_timeout(void **state)
{
    PGconn *holder = pgtest_connect(db);

    (void)state;
    use_project("broken");
    fakehost_fact(call, "lock_timeout_ms", "300");
    pgtest_run(holder, "CREATE TABLE busy (id int)");
    pgtest_run(holder, "BEGIN");
    pgtest_run(holder, "LOCK TABLE busy");
    assert_int_equal(engine->upgrade(call, "heads"), -1);
    PQfinish(holder);
    assert_string_equal(call->err.primary,
                        "\"/usr/bin/alembic upgrade heads\" failed: sqlalchemy.exc.OperationalError: "
                        "(psycopg2.errors.LockNotAvailable) canceling statement due to lock "
                        "timeout");
    contains(call->err.detail, "cause: lock timeout\n");
    contains(call->err.detail, "[SQL: ALTER TABLE busy ADD COLUMN more int]");
    assert_string_equal(pgtest_value(db, "SELECT to_regclass('alembic_version')"), "");
    fakehost_clear(call);

    ok(engine->upgrade(call, "heads"));
    assert_int_equal(engine->downgrade(call, "base"), -1);
    contains(call->err.primary, "failed: NotImplementedError: no way back");
    assert_null(strstr(call->err.detail, "cause:"));
}

static void statement_error(void **state)
{
    (void)state;
    use_project("broken"); /* the table is not there */
    assert_int_equal(engine->upgrade(call, "heads"), -1);
    contains(call->err.primary,
             "(psycopg2.errors.UndefinedTable) relation \"busy\" does not exist");
    fakehost_clear(call);
    fakehost_fact(call, "url", "postgresql://nobody:geheim@127.0.0.1:1/x");
    assert_int_equal(engine->upgrade(call, "heads"), -1);
    contains(call->err.primary, "Connection refused");
    assert_null(strstr(call->err.primary, "geheim"));
}

/* --- models ------------------------------------------------------------------------------------*/

/* "aspect object: text\n" */
static int each(void *arg, const struct ddb_difference *difference)
{
    (void)arg;
    buf_addf(&seen, "%s %s: %s\n", difference->aspect, difference->object, difference->text);
    return 0;
}

static const char *differences(int compare_type, int compare_server_default)
{
    buf_reset(&seen);
    ok(engine->models(call, compare_type, compare_server_default, each, NULL));
    return buf_text(&seen);
}

#define AUDIT "other public.audit: table audit is in the database, not in the models\n"
#define INDEX                                                                                      \
    "other public.users.ix_users_email: index ix_users_email on users(email) is in the models, "   \
    "not in the database\n"
#define TYPE                                                                                       \
    "type public.users.email: column users.email: type is VARCHAR(255) in the database, "          \
    "VARCHAR(320) in the models\n"
#define DEFAULT                                                                                    \
    "default public.users.state: column users.state: default is 'old'::character varying in the "  \
    "database, 'new' in the models\n"

/* What counts is what is asked for, not what env.py passes. */
static void strictness(void **state)
{
    (void)state;
    use_project("shop");
    ok(engine->upgrade(call, "heads"));
    /* Alembic of some versions sees expression indexes, which are not the subject here. */
    pgtest_sql(db, "DROP INDEX ix_users_email_lower; CREATE SCHEMA deploy_db; "
                   "CREATE TABLE deploy_db.run (id int)");
    fakehost_fact(call, "environment", "production");
    assert_string_equal(differences(0, 0), AUDIT INDEX);
    assert_string_equal(differences(1, 0), AUDIT TYPE INDEX);
    fakehost_fact(call, "environment", "staging");
    assert_string_equal(differences(0, 1), AUDIT DEFAULT INDEX);
    assert_string_equal(differences(1, 1), AUDIT TYPE DEFAULT INDEX);
    pgtest_sql(db, "ALTER TABLE users ALTER COLUMN email TYPE varchar(320), "
                   "ALTER COLUMN state SET DEFAULT 'new'; DROP TABLE audit; "
                   "CREATE UNIQUE INDEX ix_users_email ON users (email)");
    assert_string_equal(differences(1, 1), "");
}

static void all_kinds(void **state)
{
    (void)state;
    use_project("shop");
    ok(engine->upgrade(call, "heads"));
    pgtest_sql(db, "DROP TABLE audit; DROP INDEX ix_users_email_lower; "
                   "ALTER TABLE users DROP CONSTRAINT users_company_id_fkey; "
                   "ALTER TABLE users ADD CONSTRAINT one UNIQUE (state), ADD COLUMN extra int; "
                   "ALTER TABLE companies ALTER COLUMN name DROP NOT NULL; "
                   "COMMENT ON COLUMN users.email IS 'the\n address'");
    differences(0, 0);
    contains(buf_text(&seen), "other public.users.extra: column users.extra is in the database, not "
                              "in the models\n");
    contains(buf_text(&seen), "unique constraint one on users(state) is in the database, not in the "
                              "models\n");
    contains(buf_text(&seen), "foreign key constraint on users(company_id) to companies.id is in "
                              "the models, not in the database\n");
    contains(buf_text(&seen), "column companies.name: accepts NULL in the database, NOT NULL in the "
                              "models\n");
    contains(buf_text(&seen), "column users.email: comment is \"the\\n address\" in the database, "
                              "absent in the models\n");
}

static void nothing_is_changed(void **state)
{
    (void)state;
    use_project("shop");
    differences(1, 1); /* of an empty database */
    contains(buf_text(&seen), "table users is in the models, not in the database\n");
    assert_string_equal(pgtest_value(db, "SELECT count(*) FROM pg_class WHERE relnamespace = "
                                         "'public'::regnamespace"),
                        "0");
    /* An env.py that writes by itself is refused, not obeyed. */
    strvec_push(&call->env, "SHOP_WRITES=1");
    assert_int_equal(engine->models(call, 0, 0, each, NULL), -1);
    assert_string_equal(call->err.primary,
                        "could not compare the models with the database: env.py writes to the "
                        "database before it runs the migrations");
    assert_string_equal(pgtest_value(db, "SELECT to_regnamespace('shop_audit')"), "");
}

static void broken_env(void **state)
{
    static const struct {
        const char *variable, *message;
    } rows[] = {
        {"BROKEN=import", "ModuleNotFoundError: No module named 'a_package_that_is_not_installed'"},
        {"BROKEN=exit", "env.py ended with \"DATABASE_URL is not set\""},
        {"BROKEN=sqlite", "env.py connects to sqlite, not to PostgreSQL"},
        {"BROKEN=idle", "env.py does not run the migrations"},
        {"BROKEN=url", "ArgumentError: Could not parse SQLAlchemy URL"},
        {"BROKEN=", "env.py gives Alembic no target_metadata"},
    };

    (void)state;
    use_project("broken");
    strvec_push(&call->env, "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mem_free(call->env.v[0]);
        call->env.v[0] = mem_strdup(rows[i].variable);
        assert_int_equal(engine->models(call, 0, 0, each, NULL), -1);
        contains(call->err.primary, "could not compare the models with the database: ");
        contains(call->err.primary, rows[i].message);
        assert_null(strstr(call->err.primary, "geheim"));
        fakehost_clear(call);
    }
}

/* --- identity ----------------------------------------------------------------------------------*/

static void expect_identity(const char *user, bool with_system)
{
    struct ddb_identity identity = {.size = sizeof identity};

    ok(engine->identify(call, &identity));
    assert_string_equal(identity.database, db);
    assert_string_equal(identity.user, user);
    assert_string_equal(identity.database_oid,
                        pgtest_value(db, "SELECT oid FROM pg_database WHERE datname = "
                                         "current_database()"));
    assert_string_equal(identity.system_identifier,
                        with_system ? pgtest_value(db, "SELECT system_identifier FROM "
                                                       "pg_control_system()")
                                    : "");
}

static void identity(void **state)
{
    struct ddb_identity answer = {.size = sizeof answer};
    const char *me;

    (void)state;
    use_project("shop");
    me = arena_strdup(call->arena, pgtest_value(db, "SELECT current_user"));
    expect_identity(me, true);
    assert_string_equal(pgtest_value(db, "SELECT to_regclass('alembic_version')"), "");
    strvec_push(&call->env, "SHOP_WRITES=1"); /* stopped at the write, but it had arrived */
    expect_identity(me, true);
    pgtest_sql(db, "CREATE ROLE plain_%d LOGIN; "
                   "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC",
               (int)getpid());
    set_url("postgresql", arena_printf(call->arena, "plain_%d", (int)getpid()));
    expect_identity(arena_printf(call->arena, "plain_%d", (int)getpid()), false);
    pgtest_sql(db, "DROP ROLE plain_%d", (int)getpid());
    assert_int_equal(engine->identify(call, &answer), -1);
    contains(call->err.primary, "could not ask the project which database it reaches: "
                                "OperationalError: ");
    contains(call->err.primary, "does not exist");
}

/* asyncpg knows no PGOPTIONS: the driver's own guard holds there. */
static void asynchronous(void **state)
{
    (void)state;
    use_project("asynchronous");
    set_url("postgresql+asyncpg", NULL);
    expect_identity(arena_strdup(call->arena, pgtest_value(db, "SELECT current_user")), true);
    ok(engine->upgrade(call, "heads"));
    assert_string_equal(differences(1, 1), "other public.guests.name: column guests.name is in the "
                                           "models, not in the database\n");
}

static int release(void **state)
{
    (void)state;
    buf_release(&seen);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(up_and_down, setup, teardown),
        cmocka_unit_test_setup_teardown(lock_timeout, setup, teardown),
        cmocka_unit_test_setup_teardown(statement_error, setup, teardown),
        cmocka_unit_test_setup_teardown(strictness, setup, teardown),
        cmocka_unit_test_setup_teardown(all_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(broken_env, setup, teardown),
        cmocka_unit_test_setup_teardown(identity, setup, teardown),
        cmocka_unit_test_setup_teardown(asynchronous, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, release);
}
