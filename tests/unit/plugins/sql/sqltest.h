/*
 * sqltest - what the tests of the engine "sql" share: a project in a private directory, a
 * database of its own in the cluster of DDB_TEST_CONNINFO, steps between them.
 */
#ifndef SQLTEST_H
#define SQLTEST_H

#include "basetest.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "fakehost.c"
#include "pgtest.h"

#define SQLTEST __attribute__((unused)) static

enum { SQLTEST_STEPS = 400 };

static struct ddb_call *call;
static const struct ddb_engine *engine;
static char *dir;
static char database[64];

static struct ddb_step steps_data[SQLTEST_STEPS];
static const struct ddb_step *steps[SQLTEST_STEPS + 1];
static size_t n_steps;

/* --- project and database ----------------------------------------------------------------------*/

SQLTEST int sqltest_setup(void **state)
{
    (void)state;
    dir = basetest_dir();
    call = fakehost_open(ddb_plugin());
    engine = ddb_plugin()->ops;
    pgtest_create(database, "sql");
    call->conninfo = arena_printf(call->arena, "%s dbname=%s", pgtest_conninfo(), database);
    fakehost_setting(call, "directory", dir);
    fakehost_fact(call, "version_table", "alembic_version");
    fakehost_fact(call, "run", "20260131T134510Z-test");
    assert_int_equal(mkdir(arena_printf(call->arena, "%s/versions", dir), 0755), 0);
    n_steps = 0;
    steps[0] = NULL;
    return 0;
}

SQLTEST int sqltest_teardown(void **state)
{
    (void)state;
    fakehost_close(call);
    pgtest_drop(database);
    basetest_dir_remove(dir);
    return 0;
}

SQLTEST const char *path_of(const char *id)
{
    return arena_printf(call->arena, "%s/versions/%s_test.sql", dir, id);
}

/* A revision file; ${body} begins with "-- upgrade\n", which is line 6. */
SQLTEST void put(const char *id, const char *down, const char *body)
{
    const char *revises =
        *down != '\0' ? arena_printf(call->arena, "-- Revises: %s\n", down) : "--\n";
    const char *text = arena_printf(call->arena, "-- add %s\n--\n-- Revision ID: %s\n%s\n%s", id,
                                    id, revises, body);
    struct err err = ERR_INIT;

    assert_int_equal(fs_write(path_of(id), text, strlen(text), 0644, &err), 0);
}

#define sql(...) pgtest_sql(database, __VA_ARGS__)
#define value_of(text) pgtest_value(database, text)
#define gives(text, expected) assert_string_equal(value_of(text), expected)

SQLTEST const char *versions(void)
{
    return value_of("SELECT coalesce(string_agg(version_num, ' ' ORDER BY version_num), '(none)') "
                 "FROM alembic_version");
}

/* The names of the tables and indexes that the application has. */
SQLTEST const char *catalog(void)
{
    return value_of(
        "SELECT coalesce(string_agg(relname, ' ' ORDER BY relname COLLATE \"C\"), '') "
        "FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname !~ '^alembic'");
}

/* "a1:2 b2:1r": what is half applied; "r": a statement was running. */
SQLTEST const char *halves(void)
{
    return value_of("SELECT coalesce(string_agg(revision || ':' || statement || "
                 "CASE WHEN running THEN 'r' ELSE '' END, ' ' ORDER BY revision), '') "
                 "FROM deploy_db.half_applied");
}

SQLTEST const char *applied(void)
{
    return value_of("SELECT coalesce(string_agg(revision, ' ' ORDER BY revision), '') "
                 "FROM deploy_db.applied_file WHERE sha256 ~ '^[0-9a-f]{64}$' "
                 "AND run = '20260131T134510Z-test'");
}

/* --- steps -------------------------------------------------------------------------------------*/

/* add_step("a1", false, "upgrade  -> a1", "+a1"): with the changes of the rows as words, "+to",
 * "-from" and "from>to". */
SQLTEST void add_step(const char *id, bool is_downgrade, const char *text, const char *changes)
{
    const struct ddb_row_change **list = arena_alloc(call->arena, 10 * sizeof *list);
    size_t n = 0;

    for (const char *at = changes; *at != '\0'; at += strspn(at, " ")) {
        struct ddb_row_change *change = arena_alloc(call->arena, sizeof *change);
        char *word = arena_printf(call->arena, "%.*s", (int)strcspn(at, " "), at);
        char *arrow = strchr(word, '>');

        change->size = sizeof *change;
        change->kind = *word == '+'   ? DDB_ROW_INSERT
                       : *word == '-' ? DDB_ROW_DELETE
                                      : DDB_ROW_UPDATE;
        if (arrow != NULL)
            *arrow = '\0';
        change->from = *word == '+' ? NULL : *word == '-' ? word + 1 : word;
        change->to = *word == '+' ? word + 1 : arrow != NULL ? arrow + 1 : NULL;
        list[n++] = change;
        at += strcspn(at, " ");
    }
    list[n] = NULL;
    steps_data[n_steps] =
        (struct ddb_step){sizeof *steps_data, id, is_downgrade, text, path_of(id), list};
    steps[n_steps] = &steps_data[n_steps];
    steps[++n_steps] = NULL;
}

SQLTEST void up(const char *id, const char *changes)
{
    add_step(id, false, arena_printf(call->arena, "upgrade x -> %s, add %s", id, id), changes);
}

SQLTEST void down(const char *id, const char *changes)
{
    add_step(id, true, arena_printf(call->arena, "downgrade %s -> x, add %s", id, id), changes);
}

SQLTEST void forget_steps(void)
{
    n_steps = 0;
    steps[0] = NULL;
    fakehost_clear(call);
}

SQLTEST void succeeds(int rc)
{
    if (rc != 0)
        fail_msg("%s\n%s\n%s", call->err.primary, call->err.detail, buf_text(&call->log));
    assert_int_equal(call->err.code, ERR_NONE);
}

SQLTEST void run_ok(void)
{
    succeeds(engine->steps(call, steps));
}

/* They fail, and the sentence is this one. */
SQLTEST void run_fails(const char *sentence)
{
    assert_int_equal(engine->steps(call, steps), -1);
    assert_string_equal(call->err.primary, sentence);
}

SQLTEST void log_has(const char *part)
{
    basetest_has(buf_text(&call->log), part);
}

/* --- processes ---------------------------------------------------------------------------------*/

SQLTEST void wait_until(const char *query)
{
    static const struct timespec tick = {.tv_nsec = 10 * 1000 * 1000};

    for (int i = 0; i < 2000 && strcmp(value_of(query), "t") != 0; i++)
        nanosleep(&tick, NULL);
    gives(query, "t");
}

/* Run the steps in a child until ${query} gives "t", then kill -9 it, and end its session, which a
 * statement that is under way would keep for a while. */
SQLTEST void run_and_kill(const char *query)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)engine->steps(call, steps);
        _exit(0);
    }
    wait_until(query);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'deploy-db fake'");
    wait_until("SELECT NOT EXISTS (SELECT FROM pg_stat_activity "
               "WHERE application_name = 'deploy-db fake')");
}

#define SQLTEST_SLEEPS "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')"

#define TEST(name) cmocka_unit_test_setup_teardown(name, sqltest_setup, sqltest_teardown)

#endif
