/*
 * Tests of the snapshot plugin "pgdump": the rows that it tells of while a dump is written are those that
 * COPY prints, however the dump is cut, and none of a dump that is not understood. Dumps come from the
 * cluster of DDB_TEST_CONNINFO.
 */
#include "basetest.h"

#include "fakehost.c"

#include "../../../../plugins/pgdump/pgdump.h"

#define SOURCE "stream_source"

static struct ddb_call *call;
static const char *env[6]; /* how libpq's programs reach the database */

static void run(const char *database, const char *const *argv, struct buf *out)
{
    struct proc proc = {.argv = argv, .env = env};
    struct err err = ERR_INIT;

    env[0] = arena_printf(call->arena, "PGDATABASE=%s", database);
    if (proc_output(&proc, out, &err) < 0)
        fail_msg("%s: %s\n%s", argv[0], err.primary, err.detail);
}

static void psql(const char *database, const char *sql)
{
    struct buf auto_buf out = {0};

    run(database, (const char *const[]){"psql", "-Xqv", "ON_ERROR_STOP=1", "-c", sql, NULL}, &out);
}

static int fresh(void **state)
{
    const char *conninfo = getenv("DDB_TEST_CONNINFO");
    char host_name[256], port[16], user[64];

    (void)state;
    if (conninfo == NULL ||
        sscanf(conninfo, "host=%255s port=%15s user=%63s", host_name, port, user) != 3)
        fail_msg("DDB_TEST_CONNINFO is not set: start a private cluster first");
    call = fakehost_open(ddb_plugin());
    env[1] = arena_printf(call->arena, "PGHOST=%s", host_name);
    env[2] = arena_printf(call->arena, "PGPORT=%s", port);
    env[3] = arena_printf(call->arena, "PGUSER=%s", user);
    env[4] = "PGTZ=UTC";
    psql("postgres", "CREATE DATABASE " SOURCE " TEMPLATE template0");
    return 0;
}

static int clean(void **state)
{
    (void)state;
    psql("postgres", "DROP DATABASE " SOURCE " WITH (FORCE)");
    fakehost_close(call);
    return 0;
}

/* --- what is told ------------------------------------------------------------------------------ */

/* Of one table after the other: "schema|name|columns\n", the rows, "end\n". */
struct told {
    struct buf text;
    size_t n;
    int fail;
};

static int rows_begin(void *self, const char *schema, const char *name, const char *columns)
{
    struct told *told = self;

    buf_addf(&told->text, "%s|%s|%s\n", schema, name, columns);
    return 0;
}

static int rows(void *self, const char *text, size_t n)
{
    struct told *told = self;

    buf_add(&told->text, text, n);
    return told->fail;
}

static int rows_end(void *self)
{
    struct told *told = self;

    buf_adds(&told->text, "end\n");
    told->n++;
    return 0;
}

/* ${n} bytes of a dump, in pieces of ${step}. */
static int tell(const struct buf *dump, size_t n, size_t step, struct told *told)
{
    const struct ddb_sink sink = {.size = sizeof sink,
                                  .self = told,
                                  .rows_begin = rows_begin,
                                  .rows = rows,
                                  .rows_end = rows_end};
    struct stream *stream = stream_new(call, &sink);
    int rc = 0;

    for (size_t at = 0; at < n && rc == 0; at += step)
        rc = stream_take(stream, dump->data + at, n - at < step ? n - at : step);
    return rc;
}

#define ODD "\"Odd \"\"name\"\" (\"\"b\"" /* with a parenthesis and a quote in it */

static const char tables[] =
    "CREATE SCHEMA \"S.\"; CREATE TABLE \"S.\"." ODD " (\"a (\"\"b\" int, \"select\" text);"
    "INSERT INTO \"S.\"." ODD " SELECT n, E'tab\\t, \\\\. and\\nline' FROM generate_series(1, 50) n;"
    "CREATE TABLE types AS SELECT n, timestamptz '2026-03-29 02:30+05:45' + n * interval '1 s' AS at, "
    "  n * interval '1 month -1 day' AS span, n / 7.0::float8 AS f, decode(md5(n::text), 'hex') AS bytes, "
    "  repeat('\303\274', 40000) AS long, NULL::text AS none FROM generate_series(1, 9) n;"
    "CREATE TABLE empty (a int, twice int GENERATED ALWAYS AS (a * 2) STORED); CREATE TABLE none ();"
    "INSERT INTO none DEFAULT VALUES; SELECT lo_from_bytea(4711, 'a large object');"
    "CREATE TABLE part (k int, v text) PARTITION BY LIST (k);"
    "CREATE TABLE part_1 (v text, k int); ALTER TABLE part ATTACH PARTITION part_1 FOR VALUES IN (1);"
    "INSERT INTO part VALUES (1, 'x'), (1, 'y'); CREATE MATERIALIZED VIEW seen AS SELECT 1";

/* In the order of a dump, which is that of the names. */
static const struct {
    const char *schema, *name, *columns, *copy;
} expected[] = {
    {"S.", "Odd \"name\" (\"b", "(\"a (\"\"b\", \"select\")", "\"S.\"." ODD},
    {"public", "empty", "(a)", "public.empty (a)"},
    {"public", "none", "", "public.none"},
    {"public", "part_1", "(v, k)", "public.part_1 (v, k)"},
    {"public", "types", "(n, at, span, f, bytes, long, \"none\")", "public.types"},
};

/* What should be told: COPY by psql, with the end mark that pg_dump adds. */
static void add_expected(struct buf *out)
{
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const char *sql = arena_printf(call->arena, "COPY %s TO STDOUT", expected[i].copy);

        buf_addf(out, "%s|%s|%s\n", expected[i].schema, expected[i].name, expected[i].columns);
        run(SOURCE, (const char *const[]){"psql", "-Xqc", sql, NULL}, out);
        buf_adds(out, "\\.\n\n\nend\n");
    }
}

static void dump_of(struct buf *dump)
{
    psql(SOURCE, tables);
    run(SOURCE, (const char *const[]){"pg_dump", "-Fc", "-Z0", NULL}, dump);
}

/* --- tests ------------------------------------------------------------------------------------- */

static void rows_are_told_however_the_dump_is_cut(void **state)
{
    static const size_t steps[] = {1, 7, 1000, 65536, 1u << 30};
    struct buf auto_buf dump = {0}, wanted = {0};

    (void)state;
    dump_of(&dump);
    add_expected(&wanted);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct told told = {0};

        assert_int_equal(tell(&dump, dump.len, steps[i], &told), 0);
        assert_int_equal(told.n, sizeof expected / sizeof *expected);
        for (size_t at = 0; at < wanted.len; at++)
            if (at == told.text.len || told.text.data[at] != wanted.data[at])
                fail_msg("at %zu: %.200s\n--- instead of\n%.200s", at, told.text.data + at,
                         wanted.data + at);
        assert_int_equal(told.text.len, wanted.len);
        buf_release(&told.text);
    }
}

/* A table ends only where its last piece does; a failure of the host's ends it all. */
static void a_dump_that_is_cut_off(void **state)
{
    struct buf auto_buf dump = {0};
    size_t last = 0;

    (void)state;
    dump_of(&dump);
    for (size_t n = 0; n <= dump.len; n += n < 3000 || n + 3000 > dump.len ? 1 : 997) {
        struct told told = {0};

        assert_int_equal(tell(&dump, n, 1u << 30, &told), 0);
        assert_true(told.n >= last);
        last = told.n;
        buf_release(&told.text);
    }
    assert_int_equal(last, sizeof expected / sizeof *expected);
    for (int fail = 0; fail < 2; fail++) {
        struct told told = {.fail = -fail};

        assert_int_equal(tell(&dump, dump.len, 4096, &told), -fail);
        buf_release(&told.text);
    }
}

/* Whatever is wrong with it, what is told in full is text of such a table. */
static void a_dump_that_is_not_understood(void **state)
{
    struct buf auto_buf dump = {0}, latin = {0};
    struct told told = {0};

    (void)state;
    dump_of(&dump);
    dump.data[6] = 99; /* a newer format */
    assert_int_equal(tell(&dump, dump.len, 4096, &told), 0);
    dump.data[6] = 11;
    assert_int_equal(tell(&dump, dump.len, 4096, &told), 0);
    run(SOURCE, (const char *const[]){"pg_dump", "-Fc", "-Z0", "-E", "LATIN1", NULL}, &latin);
    assert_int_equal(tell(&latin, latin.len, 4096, &told), 0);
    buf_reset(&latin);
    run(SOURCE, (const char *const[]){"pg_dump", "-Fc", "-Z0", "--inserts", NULL}, &latin);
    assert_int_equal(tell(&latin, latin.len, 4096, &told), 0);
    assert_int_equal(told.text.len, 0);
    srand(1);
    for (int i = 0; i < 3000; i++) { /* must only not crash */
        struct told damaged = {0};
        const size_t at = (size_t)rand() % dump.len;
        const char was = dump.data[at];

        dump.data[at] = (char)rand();
        assert_int_equal(tell(&dump, dump.len, 4096, &damaged), 0);
        dump.data[at] = was;
        buf_release(&damaged.text);
    }
    buf_release(&told.text);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_are_told_however_the_dump_is_cut),
        TEST(a_dump_that_is_cut_off),
        TEST(a_dump_that_is_not_understood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
