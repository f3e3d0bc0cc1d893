/*
 * Tests of the snapshot plugin "pgdump": against the cluster of DDB_TEST_CONNINFO, and with programs
 * of the test's own for versions and failures.
 */
#include "basetest.h"

#include <sys/stat.h>

#include "fakehost.c"

static char *dir;
static struct ddb_call *call;
static const struct ddb_snapshot *snapshot;
static int server; /* of the cluster */
static char host_env[300], port_env[32], user_env[80]; /* how libpq's programs reach it */

/* --- members in memory ------------------------------------------------------------------------- */

struct member {
    struct buf name, bytes;
    int begun, ended, opened, closed;
    size_t fail_after; /* writes or reads behind this many bytes fail; 0: none */
    size_t at;
};

static int member_begin(void *self, const char *name)
{
    struct member *member = self;

    buf_adds(&member->name, name);
    return member->begun++;
}

static int member_write(void *self, const void *data, size_t n)
{
    struct member *member = self;

    if (member->fail_after > 0 && member->bytes.len + n > member->fail_after)
        return fake_fail(call, "the store is full");
    buf_add(&member->bytes, data, n);
    return 0;
}

static int member_end(void *self)
{
    struct member *member = self;

    return member->ended++;
}

static int member_open(void *self, const char *name)
{
    struct member *member = self;

    assert_string_equal(name, "main.dump");
    member->at = 0;
    return member->opened++ > 1000;
}

static ssize_t member_read(void *self, void *data, size_t cap)
{
    struct member *member = self;
    size_t n = member->bytes.len - member->at;

    if (member->fail_after > 0 && member->at >= member->fail_after)
        return fake_fail(call, "member is damaged");
    n = n < cap ? n : cap;
    if (n > 0)
        memcpy(data, member->bytes.data + member->at, n);
    member->at += n;
    return (ssize_t)n;
}

static int member_close(void *self)
{
    struct member *member = self;

    member->closed++;
    return 0;
}

static struct ddb_sink sink_of(struct member *member)
{
    return (struct ddb_sink){.size = offsetof(struct ddb_sink, rows_begin), /* as of 1.2 */
                             .begin = member_begin,
                             .write = member_write,
                             .end = member_end,
                             .self = member};
}

static struct ddb_source source_of(struct member *member)
{
    return (struct ddb_source){sizeof(struct ddb_source), member_open, member_read, member_close,
                               member};
}

static void member_release(struct member *member)
{
    buf_release(&member->name);
    buf_release(&member->bytes);
}

/* --- the cluster ------------------------------------------------------------------------------- */

/* What psql prints for ${sql} in ${database}; kept until the next call. */
static const char *psql(const char *database, const char *sql)
{
    static struct buf out;
    const char *name = arena_printf(call->arena, "PGDATABASE=%s", database);
    struct proc proc = {
        .argv = (const char *const[]){"psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql, NULL},
        .env = (const char *const[]){name, host_env, port_env, user_env, NULL},
    };
    struct err err = ERR_INIT;

    buf_release(&out);
    if (sql == NULL)
        return NULL;
    if (proc_output(&proc, &out, &err) < 0)
        fail_msg("%s: %s\n%s", sql, err.primary, err.detail);
    return buf_text(&out);
}

static int setup(void **state)
{
    const char *conninfo = getenv("DDB_TEST_CONNINFO");
    char host_name[256], port[16], user[64];

    (void)state;
    if (conninfo == NULL ||
        sscanf(conninfo, "host=%255s port=%15s user=%63s", host_name, port, user) != 3)
        fail_msg("DDB_TEST_CONNINFO is not set: start a private cluster first");
    snprintf(host_env, sizeof host_env, "PGHOST=%s", host_name);
    snprintf(port_env, sizeof port_env, "PGPORT=%s", port);
    snprintf(user_env, sizeof user_env, "PGUSER=%s", user);
    call = fakehost_open(ddb_plugin());
    server = (int)strtol(psql("postgres", "SHOW server_version_num"), NULL, 10);
    psql("postgres", "CREATE DATABASE pgdump_source TEMPLATE template0");
    psql("pgdump_source",
         "CREATE TABLE orders (id int PRIMARY KEY, note text);"
         "INSERT INTO orders SELECT i, repeat(md5(i::text), 20) FROM generate_series(1, 3000) i;"
         "CREATE SCHEMA deploy_db; CREATE TABLE deploy_db.run (id int);"
         "SELECT lo_from_bytea(4711, 'large object')");
    fakehost_close(call);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    call = fakehost_open(ddb_plugin());
    psql("postgres", "DROP DATABASE pgdump_source");
    psql(NULL, NULL);
    fakehost_close(call);
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    dir = basetest_dir();
    call = fakehost_open(ddb_plugin());
    snapshot = call->plugin->ops;
    strvec_push(&call->env, "PGDATABASE=pgdump_source");
    strvec_push(&call->env, host_env);
    strvec_push(&call->env, port_env);
    strvec_push(&call->env, user_env);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    basetest_env_reset();
    fakehost_close(call);
    basetest_dir_remove(dir);
    return 0;
}

/* A program ${name} in the test's directory. */
static const char *program(const char *name, const char *script)
{
    const char *path = arena_printf(call->arena, "%s/%s", dir, name);
    const char *text = arena_printf(call->arena, "#!/bin/sh\n%s\n", script);
    struct err err = ERR_INIT;

    assert_int_equal(fs_write(path, text, strlen(text), 0755, &err), 0);
    return path;
}

/* A program that only tells its version. */
static const char *versioned(const char *name, const char *version)
{
    return program(name, arena_printf(call->arena, "echo '%s (PostgreSQL) %s (Debian x)'", name,
                                      version));
}

static void expect_failure(int rc, const char *part)
{
    assert_int_equal(rc, -1);
    basetest_has(call->err.primary, part);
}

static void take(struct member *member)
{
    struct ddb_sink sink = sink_of(member);

    if (snapshot->take(call, &sink) < 0)
        fail_msg("%s\n%s", call->err.primary, call->err.detail);
}

/* --- a real database --------------------------------------------------------------------------- */

static void round_trip(void **state)
{
    static const char odd[] = "we=ird 'na\\me\" host=x";
    static const char sums[] = "SELECT count(*) || ' ' || sum(id) || ' ' || md5(string_agg(note, "
                               "',' ORDER BY id)) FROM orders";
    struct member member = {0};
    struct ddb_source source = source_of(&member);
    char *before;

    (void)state;
    take(&member);
    assert_string_equal(buf_text(&member.name), "main.dump");
    assert_int_equal(member.begun, 1);
    assert_int_equal(member.ended, 1);
    assert_memory_equal(member.bytes.data, "PGDMP", 5);
    assert_true(member.bytes.len > 3000 * 640); /* not compressed */
    assert_int_equal(call->progress_done, member.bytes.len);

    assert_int_equal(snapshot->verify(call, &source), 0);
    assert_int_equal(member.at, member.bytes.len); /* read to the end */
    assert_int_equal(member.closed, 1);

    psql("postgres", "CREATE DATABASE \"we=ird 'na\\me\"\" host=x\" TEMPLATE template0");
    if (snapshot->restore(call, &source, odd) < 0)
        fail_msg("%s\n%s", call->err.primary, call->err.detail);
    assert_int_equal(member.closed, 2);
    before = mem_strdup(psql("pgdump_source", sums));
    assert_string_equal(psql(odd, sums), before);
    assert_string_equal(psql(odd, "SELECT convert_from(lo_get(4711), 'UTF8')"), "large object\n");
    assert_string_equal(psql(odd, "SELECT count(*) FROM pg_namespace WHERE nspname = 'deploy_db'"),
                        "1\n");
    assert_string_equal(psql(odd, "SELECT count(*) FROM pg_index WHERE indrelid = 'orders'::regclass"),
                        "1\n");
    mem_free(before);

    /* Once more into the same database: the first statement that fails ends it. */
    expect_failure(snapshot->restore(call, &source, odd), "pg_restore failed with exit status 1");
    basetest_has(call->err.detail, "already exists");
    psql("postgres", "DROP DATABASE \"we=ird 'na\\me\"\" host=x\"");
    fakehost_clear(call);
    expect_failure(snapshot->restore(call, &source, odd), "pg_restore failed");
    member_release(&member);
}

static void the_version_is_told(void **state)
{
    (void)state;
    assert_string_equal(snapshot->version(call),
                        arena_printf(call->arena, "pg_dump %d.%d", server / 10000, server % 10000));
    fakehost_setting(call, "pg_dump", versioned("pg_dump", "99.1"));
    assert_string_equal(snapshot->version(call), "pg_dump 99.1");
}

static void an_unreachable_server_fails(void **state)
{
    struct member member = {0};
    struct ddb_sink sink = sink_of(&member);

    (void)state;
    strvec_push(&call->env, "PGHOST=/nowhere");
    expect_failure(snapshot->take(call, &sink), "pg_dump failed with exit status 1");
    basetest_has(call->err.detail, "/nowhere");
    assert_int_equal(member.ended, 0);
    member_release(&member);
}

/* --- versions ---------------------------------------------------------------------------------- */

static void versions_are_compared(void **state)
{
    static const struct {
        int server;
        const char *dump, *restore, *failure, *warning;
    } cases[] = {
        {150020, "15.20", "15.20", NULL, NULL},
        {150020, "15.21", "15.20", NULL, NULL},
        {150020, "15.19", "15.20", "is version 15.19, older than the server's 15.20", NULL},
        {150020, "15.20", "15.3", "is version 15.3, older than the server's 15.20", NULL},
        {150020, "14.99", "15.20", "is version 14.99, older than", NULL},
        {150020, "16.6", "16.6", NULL, "of a later release than the server (15.20)"},
        {170002, "18.6", "18.6", NULL, "of a later release than the server (17.2)"},
        {150020, "18.6", "18.6", "sends settings that a server 15.20 does not know", "of a later release"},
        {150020, "18.6", "15.20", "cannot read what", "of a later release"},
        {150020, "15.20", "16.6", NULL, "of a later release"},
        {160014, "16.14", "17.0", "is version 17.0 and sends settings", "of a later release"},
        {180000, "18beta1", "18rc1", NULL, NULL},
        {180001, "18devel", "18.1", "is version 18devel, older than the server's 18.1", NULL},
        {150020, "x", "15.20", "does not tell its version", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int rc;

        fakehost_clear(call);
        fakehost_setting(call, "pg_dump", versioned("pg_dump", cases[i].dump));
        fakehost_setting(call, "pg_restore", versioned("pg_restore", cases[i].restore));
        rc = snapshot->preflight(call, cases[i].server);
        if (rc != (cases[i].failure != NULL ? -1 : 0))
            fail_msg("case %zu: %d %s", i, rc, call->err.primary);
        if (cases[i].failure != NULL) {
            basetest_has(call->err.primary, cases[i].failure);
            assert_string_not_equal(call->err.hint, "");
        }
        if (cases[i].warning != NULL)
            basetest_has(buf_text(&call->log), cases[i].warning);
        else
            assert_string_equal(buf_text(&call->log), "");
    }
}

static void both_programs_are_reported(void **state)
{
    (void)state;
    fakehost_setting(call, "pg_dump", "/nowhere/pg_dump");
    fakehost_setting(call, "pg_restore", program("pg_restore", "echo wrong >&2; exit 3"));
    expect_failure(snapshot->preflight(call, 150020), "program \"/nowhere/pg_dump\" was not found");
    basetest_has(call->err.detail, "/pg_restore\" was not found or does not tell its version");
    basetest_has(call->err.hint, "postgresql-client-15");
}

/* PATH has an old program: the one of the server's release is used, wherever it is installed. */
static void a_better_program_is_found(void **state)
{
    struct member member = {0};

    (void)state;
    assert_int_equal(snapshot->preflight(call, server), 0);
    versioned("pg_dump", "9.6.24");
    versioned("pg_restore", "99.1");
    basetest_env(arena_printf(call->arena, "PATH=%s:%s", dir, getenv("PATH")));
    assert_int_equal(snapshot->preflight(call, server), 0);
    assert_string_equal(buf_text(&call->log), "");
    take(&member);
    assert_memory_equal(member.bytes.data, "PGDMP", 5);
    member_release(&member);

    /* PATH has none at all. */
    basetest_env("PATH=/nowhere:");
    assert_int_equal(snapshot->preflight(call, server), 0);
    basetest_env_reset();

    /* No release fits: the refusal names what is on PATH. */
    expect_failure(snapshot->preflight(call, 980003), "pg_dump");
    basetest_has(call->err.hint, "postgresql-client-98");

    fakehost_clear(call); /* a configured program is not replaced by a better one */
    fakehost_setting(call, "pg_dump", versioned("pg_dump", "9.6.24"));
    expect_failure(snapshot->preflight(call, server), "is version 9.6.24, older than");
}

/* --- how pg_dump is called, and its failures --------------------------------------------------- */

static void arguments(void **state)
{
    static const char script[] =
        "[ \"$1\" != --version ] || { echo 'pg_dump (PostgreSQL) 99.0'; exit; }; echo \"$@\"; "
        "echo $PGDATABASE $PGPASSWORD";
    struct member member = {0};

    (void)state;
    strvec_push(&call->env, "PGPASSWORD=secret");
    fakehost_fact(call, "snapshot", "00000003-0000001B-1");
    fakehost_fact(call, "lock_timeout_ms", "5000");
    fakehost_setting(call, "pg_dump", program("pg_dump", script));
    take(&member);
    assert_string_equal(buf_text(&member.bytes),
                        "--format=custom --compress=0 --no-password "
                        "-d keepalives_idle='30' keepalives_interval='10' keepalives_count='3' "
                        "tcp_user_timeout='60000' "
                        "--lock-wait-timeout=60000 --snapshot=00000003-0000001B-1\n"
                        "pgdump_source secret\n");
    buf_reset(&member.bytes);
    member.begun = member.ended = 0;
    fakehost_fact(call, "snapshot", NULL);
    fakehost_fact(call, "lock_timeout_ms", "90000");
    take(&member);
    basetest_has(buf_text(&member.bytes), "--lock-wait-timeout=90000\n");
    member_release(&member);
}

static void a_failing_dump(void **state)
{
    struct member member = {0};
    struct ddb_sink sink = sink_of(&member);

    (void)state;
    fakehost_setting(call, "pg_dump",
                     program("pg_dump", "[ \"$1\" != --version ] || exit; echo PGDMP...; "
                                        "echo 'pg_dump: error: connection lost' >&2; exit 1"));
    expect_failure(snapshot->take(call, &sink), "pg_dump failed with exit status 1");
    basetest_has(call->err.detail, "pg_dump: error: connection lost");
    assert_int_equal(member.ended, 0);

    fakehost_clear(call);
    member.begun = 0;
    fakehost_setting(call, "pg_dump", program("pg_dump", "exit 0"));
    expect_failure(snapshot->take(call, &sink), "pg_dump wrote nothing");

    fakehost_clear(call); /* begun is 1 again: the sink refuses */
    assert_int_equal(snapshot->take(call, &sink), -1);
    member_release(&member);
}

static void a_failing_sink(void **state)
{
    struct member member = {.fail_after = 100000};
    struct ddb_sink sink = sink_of(&member);

    (void)state;
    expect_failure(snapshot->take(call, &sink), "the store is full");
    assert_int_equal(member.ended, 0);
    member_release(&member);
}

/* --- reading back ------------------------------------------------------------------------------ */

static void damaged_dumps_are_refused(void **state)
{
    struct member member = {0};
    struct ddb_source source = source_of(&member);

    (void)state;
    expect_failure(snapshot->verify(call, &source), "pg_restore failed with exit status 1");
    fakehost_clear(call);
    buf_adds(&member.bytes, "no archive at all");
    expect_failure(snapshot->verify(call, &source), "pg_restore failed with exit status 1");
    buf_reset(&member.bytes);
    fakehost_clear(call);
    take(&member);
    memset(member.bytes.data + 12, 'x', 200);
    expect_failure(snapshot->verify(call, &source), "pg_restore");
    member_release(&member);
}

/* pg_restore has long seen enough when the damage comes. */
static void damage_at_the_end_is_noticed(void **state)
{
    struct member member = {0};
    struct ddb_source source = source_of(&member);

    (void)state;
    take(&member);
    member.fail_after = member.bytes.len - 10;
    expect_failure(snapshot->verify(call, &source), "member is damaged");
    assert_int_equal(member.closed, 1);
    psql("postgres", "CREATE DATABASE pgdump_target TEMPLATE template0");
    fakehost_clear(call);
    expect_failure(snapshot->restore(call, &source, "pgdump_target"), "member is damaged");
    psql("postgres", "DROP DATABASE pgdump_target");
    member_release(&member);
}

static void an_empty_listing_is_refused(void **state)
{
    struct member member = {0};
    struct ddb_source source = source_of(&member);

    (void)state;
    buf_adds(&member.bytes, "whatever");
    fakehost_setting(call, "pg_restore", program("pg_restore", "exit 0"));
    expect_failure(snapshot->verify(call, &source), "does not find a table of contents");
    fakehost_clear(call);
    fakehost_setting(call, "pg_restore", program("pg_restore", "echo ';     TOC Entries: 0'"));
    expect_failure(snapshot->verify(call, &source), "does not find a table of contents");
    member_release(&member);
}

static void a_cancel_ends_the_reading(void **state)
{
    struct member member = {0};
    struct ddb_source source = source_of(&member);

    (void)state;
    take(&member);
    call->cancelled = true;
    assert_int_equal(snapshot->verify(call, &source), -1);
    assert_int_not_equal(call->err.code, ERR_NONE);
    assert_true(member.at < member.bytes.len);
    member_release(&member);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(round_trip),
        TEST(the_version_is_told),
        TEST(an_unreachable_server_fails),
        TEST(versions_are_compared),
        TEST(both_programs_are_reported),
        TEST(a_better_program_is_found),
        TEST(arguments),
        TEST(a_failing_dump),
        TEST(a_failing_sink),
        TEST(damaged_dumps_are_refused),
        TEST(damage_at_the_end_is_noticed),
        TEST(an_empty_listing_is_refused),
        TEST(a_cancel_ends_the_reading),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
