/* Tests of db: what a connection string means, connecting, statements, and everything that fails.
 */
#include "basetest.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/log.h"
#include "pgtest.h"

static char base[64]; /* the scratch database */
static struct arena *arena;
static struct db_target *here;

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    pgtest_create(base, "db");
    here = pgtest_target(arena, base, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pgtest_drop(base);
    arena_free(arena);
    return 0;
}

static struct db_target *parse(const char *conninfo, const char *scheme)
{
    struct db_target *target = NULL;
    struct err err = ERR_INIT;

    if (db_target_new(arena, conninfo, scheme, &target, &err) < 0)
        fail_msg("%s: %s", err.primary, err.detail);
    return target;
}

/* The entry of ${name}: its value, "" when it is removed; fails when it is not there. */
static const char *env_of(const struct db_target *target, const char *database, const char *name)
{
    const char *const *env = db_target_env(target, arena, database);
    size_t len = strlen(name);

    for (; *env != NULL; env++)
        if (strncmp(*env, name, len) == 0 && ((*env)[len] == '=' || (*env)[len] == '\0'))
            return (*env)[len] == '=' ? *env + len + 1 : "";
    fail_msg("nothing is said about %s", name);
    return NULL;
}

/* --- targets ---------------------------------------------------------------------------------- */

static void test_target_forms(void **state)
{
    struct db_target *target = parse("host=db1 dbname=shop user=deploy", NULL);

    (void)state;
    assert_string_equal(db_target_name(target), "shop");
    assert_string_equal(db_target_display(target), "shop on db1:5432 as deploy");
    assert_string_equal(db_target_url(target), "postgresql://deploy@db1:5432/shop");

    target = parse("postgresql://deploy:p%40ss@db1:5433/shop%20x?sslmode=require", "postgres");
    assert_string_equal(db_target_display(target), "shop x on db1:5433 as deploy");
    assert_string_equal(db_target_url(target),
                        "postgresql://deploy:p%40ss@db1:5433/shop x?sslmode=require");
    assert_string_equal(db_target_shown_url(target),
                        "postgresql://deploy:***@db1:5433/shop x?sslmode=require");
    assert_string_equal(env_of(target, NULL, "PGPASSWORD"), "p@ss");
    assert_string_equal(env_of(target, NULL, "PGSSLMODE"), "require");
    assert_string_equal(env_of(target, NULL, "PGPORT"), "5433");

    target = parse("host=db1 dbname=shop user=u sslpassword=secret", NULL);
    assert_non_null(strstr(db_target_url(target), "sslpassword=secret"));
    assert_string_equal(db_target_shown_url(target),
                        "postgresql://u@db1:5432/shop?sslpassword=***");

    target = parse("host=db1 user=deploy", NULL); /* libpq takes the user's name */
    assert_string_equal(db_target_name(target), "deploy");

    target = parse("host='' dbname='it\\'s'", NULL);
    assert_string_equal(db_target_name(target), "it's");
    assert_true(env_of(target, NULL, "PGHOST")[0] == '/'); /* libpq's own socket directory */
}

static void test_target_parameters_survive(void **state)
{
    struct db_target *target =
        parse("host=db1,db2 port=1,2 dbname=shop user=u channel_binding=require "
              "target_session_attrs=read-write connect_timeout=3 "
              "options='-c geqo=off' application_name=mine",
              "postgresql+psycopg2");
    const char *url = db_target_url(target);

    (void)state;
    assert_string_equal(env_of(target, NULL, "PGCHANNELBINDING"), "require");
    assert_string_equal(env_of(target, NULL, "PGTARGETSESSIONATTRS"), "read-write");
    assert_string_equal(env_of(target, NULL, "PGCONNECT_TIMEOUT"), "3");
    assert_string_equal(env_of(target, NULL, "PGOPTIONS"), "-c geqo=off");
    assert_string_equal(env_of(target, NULL, "PGHOST"), "db1,db2");
    assert_string_equal(env_of(target, NULL, "PGPORT"), "1,2");
    basetest_has(url, "postgresql+psycopg2://u@/shop?host=db1%2Cdb2&port=1%2C2&");
    basetest_has(url, "&channel_binding=require");
    basetest_has(url, "&target_session_attrs=read-write");
    assert_null(strstr(url, "options="));
}

static void test_target_url_drivers(void **state)
{
    static const char conninfo[] = "host=/run/pg dbname=shop user='a b' password='p:/?#w' "
                                   "sslmode=require port=5433";

    (void)state;
    assert_string_equal(
        db_target_url(parse(conninfo, "postgresql+psycopg2")),
        "postgresql+psycopg2://a%20b:p%3A%2F%3F%23w@/shop?host=%2Frun%2Fpg&port=5433"
        "&sslmode=require");
    assert_string_equal(db_target_url(parse(conninfo, "postgresql+asyncpg")),
                        "postgresql+asyncpg://a%20b:p%3A%2F%3F%23w@/shop?host=%2Frun%2Fpg&port=5433"
                        "&ssl=require");
    assert_string_equal(
        db_target_url(parse("host=::1 dbname=shop user=u sslmode=require", "postgresql+pg8000")),
        "postgresql+pg8000://u@[::1]:5432/shop");
}

/* SQLAlchemy does not decode the name of the database. */
static void test_target_url_odd_names(void **state)
{
    static const char conninfo[] = "host=db1 user=u dbname='sh op\\'s \"\xc3\xbc\" 5%'";

    (void)state;
    assert_string_equal(db_target_url(parse(conninfo, "postgresql+psycopg2")),
                        "postgresql+psycopg2://u@db1:5432/sh op's \"\xc3\xbc\" 5%");
}

static void write_file(const char *path, const char *text)
{
    struct err err = ERR_INIT;

    assert_int_equal(fs_write(path, text, strlen(text), 0600, &err), 0);
}

static void test_target_service_and_files(void **state)
{
    char *dir = basetest_dir();
    const char *service = fs_join(arena, dir, "pg_service.conf");
    const char *pass = fs_join(arena, dir, "pgpass");
    struct db_target *target;

    (void)state;
    write_file(service, "[prod]\nhost=db9\nport=6000\ndbname=shop\nuser=deploy\nsslmode=require\n");
    write_file(pass, "db9:6000:shop:deploy:from-the-file\n");
    basetest_env(arena_printf(arena, "PGSERVICEFILE=%s", service));
    basetest_env(arena_printf(arena, "PGPASSFILE=%s", pass));
    target = parse("service=prod", NULL);
    assert_string_equal(db_target_display(target), "shop on db9:6000 as deploy");
    assert_string_equal(env_of(target, NULL, "PGSERVICE"), "");
    assert_string_equal(env_of(target, NULL, "PGSERVICEFILE"), "");
    assert_string_equal(env_of(target, NULL, "PGSSLMODE"), "require");
    /* The file names one database only, but the role has one password. */
    assert_string_equal(env_of(target, "postgres", "PGPASSWORD"), "from-the-file");
    assert_string_equal(env_of(target, "postgres", "PGDATABASE"), "postgres");
    assert_string_equal(env_of(target, NULL, "PGDATABASE"), "shop");

    target = parse("service=prod dbname=other", NULL);
    assert_string_equal(db_target_name(target), "other");
    basetest_env("PGSERVICE=prod");
    basetest_env("PGPASSWORD=from-the-environment");
    target = parse("", NULL);
    assert_string_equal(db_target_display(target), "shop on db9:6000 as deploy");
    assert_string_equal(env_of(target, NULL, "PGPASSWORD"), "from-the-environment");
    basetest_env_reset();
    basetest_dir_remove(dir);
}

static void test_target_mistakes(void **state)
{
    static const char *const wrong[] = {
        "shop",
        "hots=db1",
        "service=there_is_none",
        "host=a,b,c port=1,2 dbname=x",
        "password=my hunter2",
        "host=h password=hunter2 oops",
        "postgresql://u:hunter2%zz@h/db",
        "postgresql://u:hunter2@h:5432:/db?nonsense=1",
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct db_target *target = NULL;

        err_clear(&err);
        assert_int_equal(db_target_new(arena, wrong[i], NULL, &target, &err), -1);
        assert_int_equal(err.code, ERR_CONFIG);
        assert_null(target);
        assert_null(strstr(err.primary, "hunter2"));
        assert_null(strstr(err.detail, "hunter2"));
        if (strcmp(wrong[i], "hots=db1") == 0)
            basetest_has(err.detail, "hots");
        if (strncmp(wrong[i], "service", 7) == 0)
            basetest_has(err.detail, "there_is_none");
    }
}

static void test_target_hides_password(void **state)
{
    struct db_target *target = parse("host=db1 dbname=shop user=u password=hunter2", NULL);
    char *redacted = log_redact(db_target_url(target));

    (void)state;
    assert_null(strstr(db_target_display(target), "hunter2"));
    assert_null(strstr(redacted, "hunter2"));
    mem_free(redacted);
}

static void test_run_names_sessions(void **state)
{
    struct db *db;

    (void)state;
    db_set_run("20260131T134510Z-4f2a");
    assert_string_equal(env_of(here, NULL, "PGAPPNAME"), "deploy-db 20260131T134510Z-4f2a");
    db = pgtest_open(here, DB_READ);
    assert_string_equal(pgtest_value(base, "SELECT application_name FROM pg_stat_activity "
                                           "WHERE datname = current_database() AND "
                                           "application_name LIKE 'deploy-db%'"),
                        "deploy-db 20260131T134510Z-4f2a");
    db_close(db);
}

/* --- sessions --------------------------------------------------------------------------------- */

static const char *ask(struct db *db, const char *sql)
{
    struct db_result *result = NULL;
    struct err err = ERR_INIT;
    const char *value;

    if (db_query(db, &result, &err, sql, 0) < 0)
        fail_msg("%s: %s", sql, err.primary);
    value = arena_strdup(arena, db_value(result, 0, 0));
    db_result_free(result);
    return value;
}

static void test_session_settings(void **state)
{
    struct err err = ERR_INIT;
    struct db *db;

    (void)state;
    pgtest_sql(base, "ALTER DATABASE \"%s\" SET statement_timeout = '7s'", base);
    pgtest_sql(base, "ALTER DATABASE \"%s\" SET DateStyle = 'SQL, DMY'", base);
    pgtest_sql(base, "ALTER DATABASE \"%s\" SET search_path = 'odd'", base);
    db = pgtest_open(here, DB_READ);
    assert_string_equal(ask(db, "SHOW statement_timeout"), "0");
    assert_string_equal(ask(db, "SHOW DateStyle"), "ISO, DMY");
    assert_string_equal(ask(db, "SHOW search_path"), "odd");
    assert_string_equal(ask(db, "SHOW client_encoding"), "UTF8");
    assert_string_equal(ask(db, "SHOW default_transaction_read_only"), "on");
    assert_int_equal(db_exec(db, &err, "CREATE TABLE t ()", 0), -1);
    assert_string_equal(err.sqlstate, "25006");
    err_clear(&err);
    assert_int_equal(db_timeouts(db, 1500, 2000, &err), 0);
    assert_string_equal(ask(db, "SHOW lock_timeout"), "1500ms");
    assert_string_equal(ask(db, "SHOW statement_timeout"), "2s");
    db_close(db);
    pgtest_sql(base, "ALTER DATABASE \"%s\" RESET ALL", base);

    db = pgtest_open(here, DB_WRITE);
    assert_int_equal(db_exec(db, &err, "CREATE TABLE t (a int)", 0), 0);
    assert_int_equal(db_exec(db, &err, "DROP TABLE t", 0), 0);
    db_close(db);
}

static void test_facts(void **state)
{
    struct db *db = pgtest_open(here, DB_READ);
    struct err err = ERR_INIT;
    char identifier[32], oid[16], own[256], pid[16];

    (void)state;
    assert_true(db_server_version(db) >= 130000);
    assert_int_equal(strspn(db_server_version_text(db), "0123456789."),
                     strlen(db_server_version_text(db)));
    assert_string_equal(db_name(db), base);
    assert_string_equal(db_user(db), "postgres");
    snprintf(pid, sizeof pid, "%d", db_pid(db));
    assert_string_equal(ask(db, "SELECT pg_backend_pid()"), pid);
    db_own_pids(own, sizeof own);
    basetest_has(own, pid);
    assert_true(db_alive(db));
    assert_int_equal(db_identity(db, identifier, oid, &err), 0);
    assert_string_equal(pgtest_value(base, "SELECT system_identifier FROM pg_control_system()"),
                        identifier);
    assert_string_equal(
        pgtest_value(base, "SELECT oid FROM pg_database WHERE datname = current_database()"), oid);
    db_close(db);
    db_own_pids(own, sizeof own);
    assert_string_equal(own, "{}");
    db_close(NULL);
}

/* An administrator may have taken the function away. */
static void test_identity_without_rights(void **state)
{
    struct err err = ERR_INIT;
    char identifier[32], oid[16];
    struct db *db;

    (void)state;
    pgtest_sql(NULL, "CREATE ROLE test_db_nobody LOGIN");
    pgtest_sql(base, "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public");
    db = pgtest_open(pgtest_target(arena, base, "test_db_nobody"), DB_READ);
    assert_int_equal(db_identity(db, identifier, oid, &err), 0);
    assert_string_equal(identifier, "unknown");
    db_close(db);
    pgtest_sql(NULL, "DROP ROLE test_db_nobody");
}

static void test_values(void **state)
{
    struct db *db = pgtest_open(here, DB_READ);
    struct db_result *result = NULL;
    struct err err = ERR_INIT;
    static const char odd[] = "it's \"odd\" \\ $1 \n\t; -- x";

    (void)state;
    assert_int_equal(db_query(db, &result, &err,
                              "SELECT $1::text, $2::text, -9223372036854775807::int8, true, false "
                              "FROM generate_series(1, 3)",
                              2, odd, NULL),
                     0);
    assert_int_equal(db_rows(result), 3);
    assert_string_equal(db_value(result, 2, 0), odd);
    assert_null(db_value(result, 2, 1));
    assert_true(db_int(result, 0, 2) == -INT64_C(9223372036854775807));
    assert_true(db_bool(result, 0, 3));
    assert_false(db_bool(result, 0, 4));
    assert_false(db_bool(result, 0, 1)); /* NULL */
    db_result_free(result);
    db_result_free(NULL);
    assert_string_equal(ask(db, arena_printf(arena, "SELECT %s", db_literal(db, arena, odd))), odd);
    assert_string_equal(ask(db, arena_printf(arena, "SELECT 'ok' AS %s", db_quote(db, arena, odd))),
                        "ok");
    assert_string_equal(db_quote(db, arena, "a\"b"), "\"a\"\"b\"");
    assert_string_equal(db_quote(db, arena, "a\xff\"b"), "\"a\xff\"\"b\""); /* not UTF-8 */
    db_close(db);
}

/* Bytes of a SQL_ASCII database come as they are, and are no reason to fail. */
static void test_sql_ascii(void **state)
{
    const char *name = arena_printf(arena, "%s_ascii", base);
    struct db *db;

    (void)state;
    pgtest_sql(NULL, "CREATE DATABASE \"%s\" TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'",
               name);
    db = pgtest_open(pgtest_target(arena, name, NULL), DB_READ);
    assert_string_equal(ask(db, "SELECT E'\\344'"), "\xe4");
    db_close(db);
    pgtest_drop(name);
}

static void test_snapshot(void **state)
{
    struct db *db = pgtest_open(here, DB_READ);
    struct err err = ERR_INIT;
    char id[64];

    (void)state;
    pgtest_sql(base, "CREATE TABLE seen (a int)");
    assert_int_equal(db_export_snapshot(db, id, &err), 0);
    pgtest_sql(base, "INSERT INTO seen VALUES (1)");
    assert_string_equal(ask(db, "SELECT count(*) FROM public.seen"), "0");
    pgtest_sql(base,
               "BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '%s'; "
               "SELECT 1 / (count(*) = 0)::int FROM seen; COMMIT",
               id);
    db_end_snapshot(db);
    assert_string_equal(ask(db, "SELECT count(*) FROM public.seen"), "1");
    /* a second transaction inside the first fails and is cleaned up */
    assert_int_equal(db_export_snapshot(db, id, &err), 0);
    db_end_snapshot(db);
    db_end_snapshot(db);
    db_close(db);
}

/* --- what fails ------------------------------------------------------------------------------- */

static void expect_refused(const struct db_target *target, const char *database,
                           const char *sqlstate, const char *words)
{
    struct err err = ERR_INIT;
    struct db *db = NULL;

    assert_int_equal(db_open(target, database, DB_READ, &db, &err), -1);
    assert_null(db);
    assert_int_equal(err.code, ERR_REFUSED);
    assert_string_equal(err.sqlstate, sqlstate);
    basetest_has(err.primary, words);
    assert_null(strstr(err.primary, "hunter2"));
    assert_null(strstr(err.detail, "hunter2"));
    assert_null(strstr(err.detail, "LOCATION"));
    assert_true(err.hint[0] != '\0');
}

static void test_unreachable(void **state)
{
    (void)state;
    expect_refused(parse("host=/nonexistent dbname=x user=u password=hunter2", NULL), NULL, "",
                   "could not connect to x on /nonexistent:5432 as u: No such file or directory");
    expect_refused(parse("host=127.0.0.1 port=1 dbname=x user=u", NULL), NULL, "",
                   "Connection refused");
    expect_refused(parse("host=127.0.0.1 port=1 dbname=x user=u sslmode=nonsense", NULL), NULL, "",
                   "sslmode");
}

static void test_missing_and_closed(void **state)
{
    (void)state;
    expect_refused(here, "test_there_is_none", "3D000",
                   "database \"test_there_is_none\" does not exist");
    expect_refused(here, "odd = \"name'", "3D000", "does not exist");
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" WITH ALLOW_CONNECTIONS false", base);
    expect_refused(here, NULL, "55000", "not currently accepting connections");
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" WITH ALLOW_CONNECTIONS true", base);
    pgtest_sql(NULL, "CREATE ROLE test_db_nologin NOLOGIN");
    expect_refused(pgtest_target(arena, base, "test_db_nologin"), NULL, "28000",
                   "not permitted to log in");
    pgtest_sql(NULL, "DROP ROLE test_db_nologin");
}

/* The cluster trusts everybody; this puts one role under password, or back. */
static void set_hba(const char *first_line)
{
    pgtest_sql(NULL,
               "COPY (SELECT line FROM (SELECT 0::int8 AS n, '%s' AS line UNION ALL "
               "SELECT n, replace(line, E'\\t', ' ') FROM regexp_split_to_table("
               "pg_read_file(current_setting('hba_file')), E'\\n') WITH ORDINALITY AS l (line, n) "
               "WHERE line !~ '^(#|$)' AND line !~ 'test_db_password' ORDER BY n) x) TO PROGRAM "
               "'cat > pg_hba.new && mv pg_hba.new pg_hba.conf'",
               first_line);
    pgtest_sql(NULL, "SELECT pg_reload_conf()");
    pgtest_sql(NULL, "SELECT pg_sleep(0.3)");
}

static void test_password(void **state)
{
    const char *conninfo = pgtest_conninfo_for(arena, base, "test_db_password");
    struct db *db;

    (void)state;
    pgtest_sql(NULL, "CREATE ROLE test_db_password LOGIN PASSWORD 'right'");
    set_hba("local all test_db_password scram-sha-256");
    expect_refused(parse(arena_printf(arena, "%s password=hunter2", conninfo), NULL), NULL, "28P01",
                   "password authentication failed for user \"test_db_password\"");
    expect_refused(parse(arena_printf(arena, "%s passfile=/nonexistent", conninfo), NULL), NULL, "",
                   "no password supplied");
    db = pgtest_open(parse(arena_printf(arena, "%s password=right", conninfo), NULL), DB_READ);
    db_close(db);
    set_hba("# test_db_password");
    pgtest_sql(NULL, "DROP ROLE test_db_password");
}

/* A server that takes the connection and says nothing. */
static void test_silent_server(void **state)
{
    char *dir = basetest_dir();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int64_t begun = clock_mono_ms();

    (void)state;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", dir);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 4), 0);
    expect_refused(
        parse(arena_printf(arena, "host=%s dbname=x user=u connect_timeout=2", dir), NULL), NULL,
        "", "no answer within 2 s");
    assert_true(clock_mono_ms() - begun < 4000);
    close(fd);
    basetest_dir_remove(dir);
}

static void test_statement_errors(void **state)
{
    struct db *db = pgtest_open(here, DB_WRITE);
    struct db_result *result = NULL;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(db_query(db, &result, &err, "SELECT 1 / $1::int", 1, "0"), -1);
    assert_null(result);
    assert_int_equal(err.code, ERR_INTERNAL);
    assert_string_equal(err.sqlstate, "22012");
    basetest_has(err.primary, "division by zero");
    basetest_has(err.primary, base);
    basetest_has(err.detail, "SELECT 1 / $1::int");
    /* the first failure stays the first */
    assert_int_equal(db_exec(db, &err, "nonsense", 0), -1);
    assert_string_equal(err.sqlstate, "22012");
    basetest_has(err.detail, "nonsense");
    err_clear(&err);
    assert_int_equal(db_exec(db, &err, "COPY (SELECT 1) TO STDOUT", 0), -1);
    basetest_has(err.primary, "PGRES_COPY_OUT");
    db_close(db);

    db = pgtest_open(here, DB_WRITE);
    err_clear(&err);
    assert_int_equal(db_exec(db, &err,
                             "DO $$ BEGIN RAISE EXCEPTION 'first' USING "
                             "DETAIL = 'why', HINT = 'how'; END $$",
                             0),
                     -1);
    basetest_has(err.detail, "why");
    basetest_has(err.detail, "how");
    assert_true(db_alive(db));
    err_clear(&err);
    assert_int_equal(db_exec(db, &err, "BEGIN", 0), 0);
    assert_int_equal(db_exec(db, &err, "nonsense", 0), -1);
    assert_true(db_alive(db)); /* in a failed transaction */
    db_quietly(db, "ROLLBACK");
    db_quietly(db, "nonsense");
    db_close(db);
}

static void test_notice_is_logged(void **state)
{
    struct db *db = pgtest_open(here, DB_WRITE);
    struct err err = ERR_INIT;
    auto_buf struct buf out = {0};

    (void)state;
    basetest_capture();
    log_setup(LOG_DETAIL, 0);
    assert_int_equal(db_exec(db, &err, "DO $$ BEGIN RAISE NOTICE 'look here'; END $$", 0), 0);
    log_setup(LOG_ERROR, 0);
    basetest_captured(&out);
    basetest_has(buf_text(&out), "look here");
    db_close(db);
}

/* In ${ms} milliseconds a child process does something, while we wait for the server. */
static pid_t later(int ms, void (*act)(int arg), int arg)
{
    pid_t pid = fork();

    if (pid == 0) {
        clock_sleep_ms(ms);
        act(arg);
        _exit(0);
    }
    return pid;
}

static void terminate_backend(int pid)
{
    PGconn *conn = PQconnectdb(pgtest_conninfo());
    char sql[64];

    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d)", pid);
    PQclear(PQexec(conn, sql));
    PQfinish(conn);
}

static void test_terminated(void **state)
{
    struct db *db = pgtest_open(here, DB_READ);
    struct err err = ERR_INIT;
    pid_t child = later(300, terminate_backend, db_pid(db));

    (void)state;
    assert_int_equal(db_exec(db, &err, "SELECT pg_sleep(30)", 0), -1);
    assert_string_equal(err.sqlstate, "57P01");
    waitpid(child, NULL, 0);
    err_clear(&err);
    assert_int_equal(db_exec(db, &err, "SELECT 1", 0), -1);
    basetest_has(err.primary, "lost the connection");
    assert_string_equal(err.sqlstate, "08006");
    assert_false(db_alive(db));
    db_end_snapshot(db);
    db_close(db);

    /* ended while nobody looked */
    db = pgtest_open(here, DB_READ);
    terminate_backend(db_pid(db));
    clock_sleep_ms(300);
    assert_false(db_alive(db));
    db_close(db);
}

static void interrupt(int pid)
{
    kill(pid, SIGINT);
}

/* In a process of its own, because a cancel request stays. Gives 0, or the line that failed. */
static int cancelled_run(void)
{
    struct err err = ERR_INIT;
    struct db *db = NULL;
    struct db *other = NULL;
    int64_t begun = clock_mono_ms();
    pid_t child;

    if (db_open(here, NULL, DB_READ, &db, &err) < 0)
        return __LINE__;
    cancel_install();
    child = later(300, interrupt, getpid());
    if (db_exec(db, &err, "SELECT pg_sleep(30)", 0) != -1 || strcmp(err.sqlstate, "57014") != 0)
        return __LINE__;
    if (clock_mono_ms() - begun > 5000)
        return __LINE__;
    waitpid(child, NULL, 0);
    err_clear(&err);
    if (db_exec(db, &err, "SELECT 1", 0) != -1 || strcmp(err.sqlstate, "57014") != 0)
        return __LINE__;
    err_clear(&err);
    if (db_open(here, NULL, DB_READ, &other, &err) != -1 ||
        strstr(err.primary, "cancelled") == NULL)
        return __LINE__;
    cancel_mask(true);
    err_clear(&err);
    if (db_exec(db, &err, "SELECT pg_sleep(0.5)", 0) != 0)
        return __LINE__;
    cancel_mask(false);
    if (!db_alive(db))
        return __LINE__;
    db_close(db);
    return 0;
}

static void test_cancel(void **state)
{
    pid_t pid;
    int status;

    (void)state;
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        int line = cancelled_run();

        if (line != 0)
            fprintf(stderr, "line %d failed\n", line);
        _exit(line != 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target_forms),
        cmocka_unit_test(test_target_parameters_survive),
        cmocka_unit_test(test_target_url_drivers),
        cmocka_unit_test(test_target_url_odd_names),
        cmocka_unit_test(test_target_service_and_files),
        cmocka_unit_test(test_target_mistakes),
        cmocka_unit_test(test_target_hides_password),
        cmocka_unit_test(test_run_names_sessions),
        cmocka_unit_test(test_session_settings),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_identity_without_rights),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_sql_ascii),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_missing_and_closed),
        cmocka_unit_test(test_password),
        cmocka_unit_test(test_silent_server),
        cmocka_unit_test(test_statement_errors),
        cmocka_unit_test(test_notice_is_logged),
        cmocka_unit_test(test_terminated),
        cmocka_unit_test(test_cancel),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
