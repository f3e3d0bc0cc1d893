/*
 * Tests of the snapshot plugin "pgdump", by sections and by table: dumps of the cluster of
 * DDB_TEST_CONNINFO, as pg_dump writes them into a pipe.
 */
#include "basetest.h"

#include <sys/stat.h>

#include "fakehost.c"

static char *dir;
static struct ddb_call *call;
static const struct ddb_snapshot *snapshot;
static char host_env[300], port_env[32], user_env[80]; /* how libpq's programs reach it */

/* --- a dump in memory -------------------------------------------------------------------------- */

struct member {
    struct buf bytes;
    size_t at, fail_after, read; /* reads behind fail_after fail; 0: none */
    int opened, closed;
};

static int member_begin(void *self, const char *name)
{
    (void)self;
    assert_string_equal(name, "main.dump");
    return 0;
}

static int member_write(void *self, const void *data, size_t n)
{
    buf_add(&((struct member *)self)->bytes, data, n);
    return 0;
}

static int member_end(void *self)
{
    (void)self;
    return 0;
}

static int member_open(void *self, const char *name)
{
    struct member *member = self;

    assert_string_equal(name, "main.dump");
    member->at = 0;
    member->opened++;
    return 0;
}

static ssize_t member_read(void *self, void *data, size_t cap)
{
    struct member *member = self;
    size_t n = member->bytes.len - member->at;

    if (member->fail_after > 0 && member->at >= member->fail_after)
        return fake_fail(call, "member is damaged");
    n = n < cap ? n : cap;
    memcpy(data, member->bytes.data + member->at, n);
    member->at += n;
    member->read += n;
    return (ssize_t)n;
}

static int member_close(void *self)
{
    ((struct member *)self)->closed++;
    return 0;
}

static struct ddb_source source_of(struct member *member)
{
    return (struct ddb_source){sizeof(struct ddb_source), member_open, member_read, member_close,
                               member};
}

/* --- the cluster ------------------------------------------------------------------------------- */

/* What ${argv} prints in ${database}; the caller frees it. */
static char *output(const char *database, const char *const *argv)
{
    const char *name = arena_printf(call->arena, "PGDATABASE=%s", database);
    struct proc proc = {
        .argv = argv,
        .env = (const char *const[]){name, host_env, port_env, user_env, NULL},
    };
    struct buf out = {0};
    struct err err = ERR_INIT;

    if (proc_output(&proc, &out, &err) < 0)
        fail_msg("%s: %s\n%s", argv[0], err.primary, err.detail);
    buf_addc(&out, '\0');
    return out.data;
}

static void psql(const char *database, const char *sql)
{
    mem_free(output(database, (const char *const[]){"psql", "-Xqv", "ON_ERROR_STOP=1", "-c", sql,
                                                    NULL}));
}

static int fresh(void **state)
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
    dir = basetest_dir();
    call = fakehost_open(ddb_plugin());
    snapshot = call->plugin->ops;
    strvec_push(&call->env, "PGDATABASE=sections_source");
    strvec_push(&call->env, host_env);
    strvec_push(&call->env, port_env);
    strvec_push(&call->env, user_env);
    psql("postgres", "CREATE DATABASE sections_source TEMPLATE template0");
    psql("postgres", "CREATE DATABASE sections_target TEMPLATE template0");
    return 0;
}

static int clean(void **state)
{
    (void)state;
    psql("postgres", "DROP DATABASE sections_source WITH (FORCE)");
    psql("postgres", "DROP DATABASE sections_target WITH (FORCE)");
    fakehost_close(call);
    basetest_dir_remove(dir);
    return 0;
}

static void take(struct member *member)
{
    struct ddb_sink sink = {.size = sizeof sink,
                            .begin = member_begin,
                            .write = member_write,
                            .end = member_end,
                            .self = member};

    if (snapshot->take(call, &sink) < 0)
        fail_msg("%s\n%s", call->err.primary, call->err.detail);
}

static void section(struct member *member, const char *name)
{
    struct ddb_source source = source_of(member);

    if (snapshot->restore_section(call, &source, "sections_target", name) < 0)
        fail_msg("%s: %s\n%s", name, call->err.primary, call->err.detail);
    assert_int_equal(member->opened, member->closed);
}

/* Everything that pg_dump writes of both databases is the same. */
static void expect_equal_databases(void)
{
    static const char *const dump[] = {"pg_dump", "--restrict-key=x", NULL};
    char *source = output("sections_source", dump), *target = output("sections_target", dump);

    if (strcmp(source, target) != 0)
        fail_msg("the target differs from the source:\n%s\n--- target\n%s", source, target);
    mem_free(source);
    mem_free(target);
}

/* --- sections ---------------------------------------------------------------------------------- */

static const char everything[] =
    "CREATE TABLE owner (id serial PRIMARY KEY, name text UNIQUE CHECK (name <> ''));"
    "CREATE TABLE child (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
    "  owner int REFERENCES owner, twice int GENERATED ALWAYS AS (owner * 2) STORED);"
    "INSERT INTO owner (name) SELECT 'o' || n FROM generate_series(1, 500) n;"
    "INSERT INTO child (owner) SELECT 1 + n % 500 FROM generate_series(1, 5000) n;"
    "SELECT setval('owner_id_seq', 4711);"
    "CREATE MATERIALIZED VIEW counted AS SELECT owner, count(*) FROM child GROUP BY owner;"
    "CREATE UNIQUE INDEX ON counted (owner); CREATE INDEX ON child (owner, twice);"
    "CREATE TABLE part (k int) PARTITION BY LIST (k);"
    "CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);"
    "CREATE TABLE part_d PARTITION OF part DEFAULT; INSERT INTO part VALUES (1), (2);"
    "CREATE INDEX ON part (k); CREATE TABLE empty ();"
    "SELECT lo_from_bytea(4711, 'large'); COMMENT ON LARGE OBJECT 4711 IS 'one';"
    "GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC;"
    "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS "
    "  'BEGIN RAISE EXCEPTION ''triggers come after the rows''; END';"
    "CREATE TRIGGER noted BEFORE INSERT ON owner FOR EACH ROW EXECUTE FUNCTION noted();"
    "CREATE EVENT TRIGGER watch ON sql_drop EXECUTE FUNCTION event();";

static void prepare_everything(void)
{
    psql("sections_source", "CREATE FUNCTION event() RETURNS event_trigger LANGUAGE plpgsql AS "
                            "'BEGIN PERFORM 1; END'");
    psql("sections_source", everything);
}

static void sections_make_the_whole(void **state)
{
    struct member member = {0};

    (void)state;
    prepare_everything();
    take(&member);
    fakehost_fact(call, "jobs", "3");
    section(&member, "pre-data");
    section(&member, "data");
    section(&member, "post-data");
    expect_equal_databases();
    buf_release(&member.bytes);
}

/* More of the dump is read until its table of contents is whole, and no more than that. */
static void a_long_table_of_contents(void **state)
{
    struct member member = {0};

    (void)state;
    prepare_everything();
    psql("sections_source",
         "DO $$ BEGIN EXECUTE format('CREATE FUNCTION long() RETURNS text LANGUAGE sql AS %L', "
         "'SELECT ' || quote_literal(repeat('x', 6000000))); END $$");
    psql("sections_source", "CREATE TABLE wide AS SELECT repeat(md5(n::text), 1000) AS t "
                            "FROM generate_series(1, 1000) n");
    take(&member);
    section(&member, "pre-data");
    assert_in_range(member.read, 6000000, 22100000);
    section(&member, "data");
    section(&member, "post-data");
    expect_equal_databases();
    buf_release(&member.bytes);
}

/* A program that does not see our files, say in a container, gets the dump on its standard input. */
static void a_program_elsewhere(void **state)
{
    struct member member = {0};
    const char *path = arena_printf(call->arena, "%s/pg_restore", dir);
    static const char script[] =
        "#!/bin/sh\nfor arg; do case $arg in /proc/*)\n"
        "    echo 'pg_restore: error: could not open input file \"x\"' >&2; exit 1;; esac; done\n"
        "exec pg_restore \"$@\"\n";
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(fs_write(path, script, strlen(script), 0755, &err), 0);
    fakehost_setting(call, "pg_restore", path);
    fakehost_fact(call, "jobs", "3");
    prepare_everything();
    take(&member);
    section(&member, "pre-data");
    section(&member, "data");
    section(&member, "post-data");
    expect_equal_databases();
    buf_release(&member.bytes);
}

/* With several sessions, unless indexes of partitions are attached: there two may leave the parent's
 * invalid. */
static void sessions_of_post_data(void **state)
{
    const char *path = arena_printf(call->arena, "%s/pg_restore", dir);
    const char *script = arena_printf(
        call->arena, "#!/bin/sh\necho \"$@\" >>%s/args\nexec pg_restore \"$@\"\n", dir);
    struct member member = {0};
    struct buf args = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(fs_write(path, script, strlen(script), 0755, &err), 0);
    fakehost_setting(call, "pg_restore", path);
    fakehost_fact(call, "jobs", "3");
    for (int i = 0; i < 6; i++)
        psql("sections_source",
             arena_printf(call->arena,
                          "CREATE TABLE t%d (id int PRIMARY KEY, up int REFERENCES t%d, t text);"
                          "INSERT INTO t%d SELECT n, n, n FROM generate_series(1, 2000) n;"
                          "CREATE INDEX ON t%d (t); CREATE INDEX ON t%d (up, t)",
                          i, i > 0 ? i - 1 : 0, i, i, i));
    take(&member);
    section(&member, "pre-data");
    section(&member, "data");
    section(&member, "post-data");
    expect_equal_databases();
    if (fs_read(arena_printf(call->arena, "%s/args", dir), 1 << 20, &args, &err) < 0)
        fail_msg("%s", err.primary);
    basetest_has(buf_text(&args), "--section=post-data");
    basetest_has(buf_text(&args), "--jobs=3");
    buf_reset(&args);
    buf_reset(&member.bytes);
    assert_int_equal(unlink(arena_printf(call->arena, "%s/args", dir)), 0);
    psql("postgres", "DROP DATABASE sections_target");
    psql("postgres", "CREATE DATABASE sections_target TEMPLATE template0");
    psql("sections_source",
         "CREATE TABLE p (k int PRIMARY KEY) PARTITION BY RANGE (k);"
         "CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10);"
         "CREATE TABLE p_2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY HASH (k);"
         "CREATE TABLE p_2a PARTITION OF p_2 FOR VALUES WITH (MODULUS 1, REMAINDER 0)");
    take(&member);
    section(&member, "pre-data");
    section(&member, "data");
    section(&member, "post-data");
    expect_equal_databases();
    if (fs_read(arena_printf(call->arena, "%s/args", dir), 1 << 20, &args, &err) < 0)
        fail_msg("%s", err.primary);
    basetest_has(buf_text(&args), "--section=post-data");
    basetest_has(buf_text(&args), "--jobs=3"); /* but for what attaches indexes */
    basetest_has(buf_text(&args), "--jobs=1");
    buf_release(&args);
    buf_release(&member.bytes);
}

static void failures_end_a_section(void **state)
{
    struct member member = {0};
    struct ddb_source source = source_of(&member);

    (void)state;
    prepare_everything();
    take(&member);
    assert_int_equal(snapshot->restore_section(call, &source, "sections_target", "data"), -1);
    basetest_has(call->err.primary, "pg_restore failed with exit status 1");
    fakehost_clear(call);
    section(&member, "pre-data");
    assert_int_equal(snapshot->restore_section(call, &source, "sections_target", "pre-data"), -1);
    basetest_has(call->err.detail, "already exists");
    fakehost_clear(call);
    member.fail_after = 100;
    assert_int_equal(snapshot->restore_section(call, &source, "sections_target", "post-data"), -1);
    basetest_has(call->err.primary, "member is damaged");
    member.fail_after = member.bytes.len - 10;
    fakehost_clear(call);
    assert_int_equal(snapshot->restore_section(call, &source, "sections_target", "data"), -1);
    basetest_has(call->err.primary, "member is damaged");
    assert_int_equal(member.opened, member.closed);
    buf_release(&member.bytes);
}

/* --- the rows of one table --------------------------------------------------------------------- */

struct rows {
    struct buf text;
    size_t most;
};

static int keep_row(void *arg, const char *text, size_t n)
{
    struct rows *rows = arg;

    buf_add(&rows->text, text, n);
    return rows->most > 0 && rows->text.len > rows->most ? fake_fail(call, "enough") : 0;
}

static void expect_rows(struct member *member, const char *schema, const char *name,
                        const char *columns, const char *expected)
{
    struct ddb_source source = source_of(member);
    struct rows rows = {0};
    const char *found;

    if (snapshot->table_rows(call, &source, schema, name, &found, keep_row, &rows) < 0)
        fail_msg("%s.%s: %s\n%s", schema, name, call->err.primary, call->err.detail);
    assert_string_equal(found, columns);
    assert_string_equal(buf_text(&rows.text), expected);
    buf_release(&rows.text);
}

static void rows_of_one_table(void **state)
{
    struct member member = {0};
    struct ddb_source source = source_of(&member);
    struct rows rows = {.most = 100000};
    const char *columns;

    (void)state;
    psql("sections_source",
         "CREATE SCHEMA a; CREATE SCHEMA \"a b\"; CREATE SCHEMA \"My \"\"app\";"
         "CREATE TABLE a.\"b c\" (id int, \"odd (\"\"x\" text, g int GENERATED ALWAYS AS (1) STORED);"
         "CREATE TABLE \"a b\".c (id int); CREATE TABLE \"My \"\"app\".\"T\nable\" (id int, t text);"
         "CREATE TABLE a.\"COPY a.z (id) FROM stdin;\" (id int); CREATE TABLE a.z (t text);"
         "CREATE TABLE a.empty (); INSERT INTO a.empty DEFAULT VALUES;"
         "CREATE TABLE a.long (t text); CREATE TABLE a.none (t text);"
         "INSERT INTO a.\"b c\" VALUES (1, E'tab\t\\\\.\nx'), (2, NULL);"
         "INSERT INTO \"a b\".c VALUES (3); INSERT INTO \"My \"\"app\".\"T\nable\" VALUES (4, '\\.');"
         "INSERT INTO a.\"COPY a.z (id) FROM stdin;\" VALUES (9);"
         "INSERT INTO a.z VALUES ('COPY a.x (id) FROM stdin;');"
         "INSERT INTO a.long SELECT repeat('y', 300000) FROM generate_series(1, 4);"
         "CREATE TYPE mood AS ENUM ('sad', 'ok');"
         "CREATE TABLE moody (m mood, k int) PARTITION BY HASH (m);"
         "CREATE TABLE moody_0 PARTITION OF moody FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
         "INSERT INTO moody VALUES ('ok', 1)");
    take(&member);
    expect_rows(&member, "a", "b c", "(id, \"odd (\"\"x\")", "1\ttab\\t\\\\.\\nx\n2\t\\N\n");
    expect_rows(&member, "a b", "c", "(id)", "3\n");
    expect_rows(&member, "My \"app", "T\nable", "(id, t)", "4\t\\\\.\n");
    expect_rows(&member, "a", "COPY a.z (id) FROM stdin;", "(id)", "9\n");
    expect_rows(&member, "a", "z", "(t)", "COPY a.x (id) FROM stdin;\n");
    expect_rows(&member, "a", "empty", "", "\n");
    expect_rows(&member, "a", "none", "(t)", "");
    expect_rows(&member, "public", "moody_0", "(m, k)", "ok\t1\n");
    assert_int_equal(snapshot->table_rows(call, &source, "a", "long", &columns, keep_row, &rows), -1);
    basetest_has(call->err.primary, "enough");
    buf_release(&rows.text);
    rows.most = 0;
    fakehost_clear(call);
    assert_int_equal(snapshot->table_rows(call, &source, "a", "long", &columns, keep_row, &rows), 0);
    assert_int_equal(rows.text.len, 4 * 300001);
    buf_release(&rows.text);
    assert_int_equal(snapshot->table_rows(call, &source, "a", "lon", &columns, keep_row, &rows), -1);
    basetest_has(call->err.primary, "has no rows of table \"a.lon\"");
    buf_release(&member.bytes);
}

/* Some tables stay empty, all else is loaded; where it is not sure which is meant, nothing is. */
static void rows_left_to_the_host(void **state)
{
    static const char *const tables[] = {"public", "people", "a b", "odd \"name", NULL};
    static const char *const nothing[] = {"public", "view", NULL};
    static const char *const either[] = {"a", "b c", NULL};
    struct member member = {0};
    struct ddb_source source = source_of(&member);
    char *counts;

    (void)state;
    psql("sections_source",
         "CREATE SCHEMA a; CREATE SCHEMA \"a b\";"
         "CREATE TABLE people (id int); INSERT INTO people SELECT generate_series(1, 5);"
         "CREATE TABLE people_more (id int); INSERT INTO people_more SELECT generate_series(1, 6);"
         "CREATE TABLE \"a b\".\"odd \"\"name\" (id int); INSERT INTO \"a b\".\"odd \"\"name\" VALUES (1);"
         "CREATE TABLE a.\"b c\" (id int); CREATE TABLE \"a b\".c (id int);"
         "INSERT INTO a.\"b c\" VALUES (1); CREATE VIEW view AS SELECT 1 AS one");
    take(&member);
    section(&member, "pre-data");
    call->exclude_rows = tables;
    section(&member, "data");
    counts = output("sections_target",
                    (const char *[]){"psql", "-X", "-A", "-t", "-c",
                                     "SELECT (SELECT count(*) FROM people), "
                                     "(SELECT count(*) FROM people_more), "
                                     "(SELECT count(*) FROM \"a b\".\"odd \"\"name\"), "
                                     "(SELECT count(*) FROM a.\"b c\")",
                                     NULL});
    assert_string_equal(counts, "0|6|0|1\n");
    mem_free(counts);
    call->exclude_rows = nothing;
    assert_int_equal(snapshot->restore_section(call, &source, "sections_target", "data"), -1);
    basetest_has(call->err.primary, "has no rows of table \"public.view\"");
    fakehost_clear(call);
    call->exclude_rows = either;
    assert_int_equal(snapshot->restore_section(call, &source, "sections_target", "data"), -1);
    basetest_has(call->err.primary, "two tables that may be \"a.b c\"");
    call->exclude_rows = NULL;
    buf_release(&member.bytes);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sections_make_the_whole),
        TEST(a_long_table_of_contents),
        TEST(a_program_elsewhere),
        TEST(sessions_of_post_data),
        TEST(failures_end_a_section),
        TEST(rows_of_one_table),
        TEST(rows_left_to_the_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
