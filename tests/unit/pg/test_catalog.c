/* catalog: every kind of object, a real dump and restore, what is left out, the text form. */
#include "basetest.h"
#include "pgtest.h"

#include "base/clock.h"
#include "base/proc.h"
#include "pg/catalog.h"
#include "pg/catalog_text.h"
#include "pg/drift.h"

static struct arena *arena;
static char database[64];

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    pgtest_create(database, "catalog");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pgtest_drop(database);
    arena_free(arena);
    return 0;
}

static struct catalog read_as(const char *name, const char *user, const char *schema,
                              const char *table)
{
    struct db *db = pgtest_open(pgtest_target(arena, name, user), DB_READ);
    struct catalog catalog = {0};
    struct err err = ERR_INIT;

    if (catalog_read(db, arena, schema, table, &catalog, &err) < 0)
        fail_msg("%s\n%s", err.primary, err.detail);
    db_close(db);
    return catalog;
}

static struct catalog read_catalog(const char *name)
{
    return read_as(name, NULL, NULL, "alembic_version");
}

static const char *find(const struct catalog *catalog, const char *object, const char *aspect)
{
    for (size_t i = 0; i < catalog->n; i++)
        if (strcmp(catalog->facts[i].object, object) == 0 &&
            strcmp(catalog->facts[i].aspect, aspect) == 0)
            return catalog->facts[i].value;
    return NULL;
}

static void expect_fact(const struct catalog *catalog, const char *object, const char *aspect,
                        const char *value)
{
    const char *found = find(catalog, object, aspect);

    if (found == NULL || strcmp(found, value) != 0)
        fail_msg("%s, %s: \"%s\" instead of \"%s\"", object, aspect, found, value);
}

static void expect_no_object(const struct catalog *catalog, const char *part)
{
    for (size_t i = 0; i < catalog->n; i++)
        if (strstr(catalog->facts[i].object, part) != NULL)
            fail_msg("%s should not be there", catalog->facts[i].object);
}

static void expect_same(const struct catalog *a, const struct catalog *b)
{
    auto_buf struct buf out = {0};
    struct drift *list;
    size_t n;

    drift_compare(arena, a, b, NULL, &list, &n);
    for (size_t i = 0; i < n; i++)
        buf_addf(&out, "%s\n  - %s\n  + %s\n", drift_sentence(arena, &list[i]), list[i].expected,
                 list[i].actual);
    if (n > 0)
        fail_msg("%s", buf_text(&out));
    assert_string_equal(a->fingerprint, b->fingerprint);
}

static void make_roles(void)
{
    pgtest_sql(NULL, "SET client_min_messages = error; "
                     "DO $$ BEGIN CREATE ROLE reader; EXCEPTION WHEN duplicate_object THEN END $$; "
                     "DO $$ BEGIN CREATE ROLE \"odd \"\"Role\"\" 'x'\"; "
                     "EXCEPTION WHEN duplicate_object THEN END $$");
}

static void run_file(const char *name, const char *file)
{
    const char *root = getenv("DDB_SRC");
    auto_buf struct buf sql = {0};
    struct err err = ERR_INIT;
    const char *path = arena_printf(arena, "%s/tests/unit/pg/%s", root != NULL ? root : ".", file);

    if (fs_read(path, 1 << 20, &sql, &err) < 0)
        fail_msg("%s", err.primary);
    pgtest_sql(name, "SET client_min_messages = error; %s", buf_text(&sql));
}

static void run_tool(const char *const *argv)
{
    struct proc proc = {.argv = argv, .timeout_ms = 120 * 1000};
    struct proc_result result = {0};
    struct err err = ERR_INIT;

    if (proc_run(&proc, &result, &err) < 0)
        fail_msg("%s", err.primary);
    if (result.status != 0)
        fail_msg("%s: %s", argv[0], result.errors);
}

static void dump_and_restore(const char *from, const char *to)
{
    char *dir = basetest_dir();
    const char *file = arena_printf(arena, "%s/dump", dir);

    run_tool((const char *[]){"pg_dump", "-Fc", "-f", file, "-d",
                              pgtest_conninfo_for(arena, from, NULL), NULL});
    run_tool((const char *[]){"pg_restore", "--exit-on-error", "-d",
                              pgtest_conninfo_for(arena, to, NULL), file, NULL});
    basetest_dir_remove(dir);
}

/* --- every kind ------------------------------------------------------------------------------- */

static void test_reads_every_kind(void **state)
{
    static const char *const kinds[] = {
        "access method", "aggregate", "attribute", "cast", "collation", "column", "composite type",
        "constraint", "conversion", "default privileges", "domain", "enum", "event trigger",
        "extension", "foreign data wrapper", "function", "index", "materialized view", "operator",
        "operator class", "operator family", "policy", "procedure", "publication", "range type",
        "rule", "schema", "sequence", "server", "statistics", "table", "text search configuration",
        "text search dictionary", "trigger", "type", "user mapping", "view",
    };
    struct catalog catalog;

    (void)state;
    make_roles();
    run_file(database, "everything.sql");
    pgtest_sql(database, "CREATE ACCESS METHOD ours TYPE TABLE HANDLER heap_tableam_handler");
    catalog = read_catalog(database);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t len = strlen(kinds[i]);
        size_t at = 0;

        while (at < catalog.n && (strncmp(catalog.facts[at].object, kinds[i], len) != 0 ||
                                  catalog.facts[at].object[len] != ' '))
            at++;
        if (at == catalog.n)
            fail_msg("there is no %s", kinds[i]);
    }
}

static void test_values(void **state)
{
    static const char odd[] = "app.\"Tab\nle \"\"ü\"\"; DROP\"";
    struct catalog got;

    (void)state;
    make_roles();
    run_file(database, "everything.sql");
    got = read_catalog(database);
    expect_fact(&got, "schema app", "grants",
                "postgres CREATE, postgres USAGE, reader USAGE*");
    expect_fact(&got, "schema app", "comment", "tab\there, backslash \\ there,\nnewline");
    expect_fact(&got, "schema \"Odd \"\"Schema\"\"\nnaïve\"", "owner", "reader");
    expect_fact(&got, "enum app.mood", "is",
                "enum ('sad', 'between', 'it''s ok', 'glücklich', 'new\nline')");
    expect_fact(&got, "enum app.mood", "grants", "postgres USAGE, reader USAGE");
    expect_fact(&got, "domain app.email", "default", "'a@b'::character varying");
    expect_fact(&got, "domain app.email", "nullable", "no");
    expect_fact(&got, "domain app.email", "collation", "pg_catalog.\"C\"");
    expect_fact(&got, "attribute app.pair.x", "type", "numeric(10,2)");
    expect_fact(&got, "table app.users", "is", "table");
    expect_fact(&got, "table app.users", "options",
                "fillfactor=70, toast.autovacuum_enabled=false");
    expect_fact(&got, "table app.users", "replica identity", "full");
    expect_fact(&got, "table app.users", "row security", "enabled, forced");
    expect_fact(&got, "column app.users.status", "type", "character varying(20)");
    expect_fact(&got, "column app.users.status", "default", "'new'::character varying");
    expect_fact(&got, "column app.users.status", "nullable", "no");
    expect_fact(&got, "column app.users.status", "position", "3");
    expect_fact(&got, "column app.users.email", "type", "app.email");
    expect_fact(&got, "column app.users.email", "grants", "reader UPDATE");
    expect_fact(&got, "column app.users.\"Select\"", "collation", "pg_catalog.\"C\"");
    expect_fact(&got, "column app.users.born", "default",
                "'2019-12-31 22:00:00+00'::timestamp with time zone");
    expect_fact(&got, "column app.users.number", "identity", "by default");
    expect_fact(&got, "column app.users.body", "storage", "external");
    expect_fact(&got, "column app.users.late", "compression", "pglz");
    basetest_has(find(&got, "column app.users.doubled", "generated"), "stored (length(");
    expect_fact(&got, "sequence app.\"Seq 1\"", "is",
                "sequence of smallint start 5 increment -2 minimum -100 maximum 100 cache 3 cycle");
    expect_fact(&got, "sequence app.users_id_seq", "owned by", "app.users.id");
    expect_fact(&got, arena_printf(arena, "table %s", odd), "is", "unlogged table");
    basetest_has(find(&got, arena_printf(arena, "constraint %s.\"not yet ✓\"", odd), "is"),
                 "NOT VALID");
    assert_non_null(find(&got, arena_printf(arena, "column %s.\"c\t2\"", odd), "type"));
    expect_fact(&got, "table app.part", "partition key", "RANGE (at)");
    expect_fact(&got, "table app.part_2", "partition of",
                "app.part FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')");
    expect_fact(&got, "table app.child", "inherits", "app.other_parent, app.parent");
    expect_fact(&got, "column app.child.own1", "position", "1");
    assert_null(find(&got, "column app.child.c", "position"));
    expect_fact(&got, "index app.users.users_pkey", "clustered", "yes");
    expect_fact(&got, "materialized view app.mat_empty", "populated", "no");
    expect_fact(&got, "trigger app.users.off", "enabled", "no");
    expect_fact(&got, "policy app.users.\"Pol 1\"", "roles", "\"odd \"\"Role\"\" 'x'\", reader");
    expect_fact(&got, "rule app.parent.\"rule \"\"r\"\"\"", "enabled", "always");
    expect_fact(&got, "publication \"pub 1\"", "tables",
                "app.part [at, id, kind, owner], app.users [id, number] "
                "where (number > 0)");
    expect_fact(&got, "column app.remote.a", "server options", "column_name 'A \"1\"'");
    expect_fact(&got, "table app.remote", "server", "\"srv 1\"");
    expect_fact(&got, "foreign data wrapper dummy", "server options", "debug 'true', secret");
    expect_fact(&got, "extension pg_trgm", "comment", "a comment of our own");
    basetest_has(find(&got, "function app.\"F'x\"(integer, text, integer[])", "is"),
                 "-- a\ttab, a \\ and $x$ quotes $x$");
    for (size_t i = 0; i < got.n; i++)
        assert_null(strstr(got.facts[i].value, "hush"));
}

/* From release 18 on NOT NULL is a constraint, of which a column tells what is not usual. */
static void test_not_null(void **state)
{
    struct catalog got;

    (void)state;
    pgtest_sql(database, "CREATE TABLE t (a int, b int NOT NULL); CREATE DOMAIN d AS int NOT NULL");
    got = read_catalog(database);
    expect_fact(&got, "column public.t.b", "nullable", "no");
    assert_null(find(&got, "column public.t.b", "not null"));
    assert_null(find(&got, "domain public.d", "not null"));
    if (strtol(pgtest_value(database, "SHOW server_version_num"), NULL, 10) < 180000)
        return;
    pgtest_sql(database,
               "CREATE TABLE n (a int CONSTRAINT \"a is\" NOT NULL NO INHERIT, b int); "
               "ALTER TABLE n ADD CONSTRAINT later NOT NULL b NOT VALID; "
               "COMMENT ON CONSTRAINT later ON n IS 'when b is mended'; "
               "ALTER TABLE t RENAME b TO c; CREATE DOMAIN e AS int CONSTRAINT never NOT NULL");
    got = read_catalog(database);
    expect_fact(&got, "column public.n.a", "not null", "\"a is\", not inherited");
    expect_fact(&got, "column public.n.b", "not null", "later, not valid");
    expect_fact(&got, "column public.n.b", "comment on not null", "when b is mended");
    expect_fact(&got, "column public.t.c", "not null", "t_b_not_null");
    expect_fact(&got, "domain public.e", "not null", "never");
}

/* --- dump and restore ------------------------------------------------------------------------- */

static void survives(const char *file)
{
    char restored[64];
    char again[64];
    struct catalog before;
    struct catalog after;

    make_roles();
    run_file(database, file);
    pgtest_create(restored, "catalog_restored");
    pgtest_create(again, "catalog_again");
    dump_and_restore(database, restored);
    before = read_catalog(database);
    after = read_catalog(restored);
    expect_same(&before, &after);
    dump_and_restore(restored, again);
    after = read_catalog(again);
    expect_same(&before, &after);
    pgtest_drop(restored);
    pgtest_drop(again);
}

static void test_survives_dump_and_restore(void **state)
{
    (void)state;
    survives("everything.sql");
}

static void test_spellings_survive(void **state)
{
    (void)state;
    survives("spellings.sql");
}

/* Other OIDs, other automatic steps on the way, grants in another order: the same structure. */
static void test_order_does_not_matter(void **state)
{
    char other[64];
    struct catalog a;
    struct catalog b;

    (void)state;
    make_roles();
    pgtest_create(other, "catalog_other");
    pgtest_sql(database,
               "CREATE TABLE a (id int PRIMARY KEY, x text, y varchar(10) DEFAULT 'z'); "
               "CREATE TABLE b (a int REFERENCES a); CREATE INDEX i1 ON a (x); "
               "CREATE INDEX i2 ON a (y); CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS "
               "'SELECT 1'; CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1'; "
               "GRANT SELECT ON a TO reader, PUBLIC; COMMENT ON TABLE b IS 'b'");
    pgtest_sql(other,
               "CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1'; "
               "CREATE TABLE b (gone int, a int); COMMENT ON TABLE b IS 'b'; "
               "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; "
               "CREATE TABLE a (id int, gone int, x text, y varchar(10)); "
               "ALTER TABLE a DROP gone, ALTER y SET DEFAULT 'z'; CREATE INDEX i2 ON a (y); "
               "ALTER TABLE a ADD PRIMARY KEY (id); ALTER TABLE b DROP gone, "
               "ADD FOREIGN KEY (a) REFERENCES a; CREATE INDEX i1 ON a (x); "
               "GRANT SELECT ON a TO PUBLIC; GRANT SELECT ON a TO reader; "
               "GRANT ALL ON b TO postgres; REVOKE SELECT ON b FROM reader");
    a = read_catalog(database);
    b = read_catalog(other);
    expect_same(&a, &b);
    pgtest_drop(other);
}

/* --- what counts, what does not --------------------------------------------------------------- */

static void test_left_out(void **state)
{
    struct catalog before;
    struct catalog after;

    (void)state;
    make_roles();
    pgtest_sql(database,
               "CREATE TABLE t (id serial, v int); CREATE SEQUENCE s; "
               "CREATE DOMAIN d AS int CHECK (VALUE > 0)");
    before = read_catalog(database);
    pgtest_sql(database,
               "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL, "
               "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)); "
               "GRANT SELECT ON alembic_version TO reader; "
               "COMMENT ON COLUMN alembic_version.version_num IS 'x'; "
               "CREATE SCHEMA deploy_db; CREATE TABLE deploy_db.run (id text PRIMARY KEY); "
               "CREATE FUNCTION deploy_db.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
               "INSERT INTO t (v) SELECT generate_series(1, 10); ANALYZE; "
               "ALTER TABLE t ALTER v SET STATISTICS 10");
    pgtest_sql(database, "VACUUM FULL t");
    after = read_catalog(database);
    expect_same(&before, &after);
    after = read_as(database, NULL, "public", "alembic_version");
    expect_same(&before, &after);
    after = read_as(database, NULL, "elsewhere", "alembic_version");
    assert_non_null(find(&after, "table public.alembic_version", "is"));
    expect_no_object(&after, "deploy_db");
    pgtest_sql(database, "CREATE EXTENSION pg_trgm");
    after = read_catalog(database);
    expect_no_object(&after, "similarity");
    expect_no_object(&after, "gtrgm");
    expect_fact(&after, "extension pg_trgm", "schema", "public");
}

static void test_version_table_with_an_odd_name(void **state)
{
    struct catalog before = read_catalog(database);
    struct catalog after;

    (void)state;
    pgtest_sql(database, "CREATE SCHEMA \"S\"; CREATE TABLE \"S\".\"v \"\"1\"\"\" (id serial)");
    after = read_as(database, NULL, "S", "v \"1\"");
    expect_no_object(&after, "v \"\"1\"\"");
    assert_non_null(find(&after, "schema \"S\"", "is"));
    assert_int_equal(after.n, before.n + 3);
}

static void test_every_change_counts(void **state)
{
    static const char *const changes[] = {
        "ALTER TABLE t ALTER v TYPE bigint",
        "ALTER TABLE t ALTER v SET DEFAULT 1",
        "ALTER TABLE t ALTER v SET NOT NULL",
        "ALTER TABLE t ADD CHECK (v > 0) NOT VALID",
        "CREATE INDEX ON t (v)",
        "ALTER TABLE t OWNER TO reader",
        "GRANT SELECT ON t TO reader",
        "REVOKE SELECT ON t FROM postgres",
        "COMMENT ON COLUMN t.v IS 'x'",
        "ALTER TABLE t SET (fillfactor = 90)",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE t SET UNLOGGED",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "ALTER FUNCTION f() SECURITY DEFINER",
        "ALTER FUNCTION f() SET work_mem = '1MB'",
        "ALTER TYPE e ADD VALUE 'b' BEFORE 'a'",
        "ALTER SEQUENCE s INCREMENT 2",
        "ALTER DOMAIN d DROP CONSTRAINT d_check",
        "CREATE OR REPLACE VIEW w AS SELECT 2 AS a",
        "ALTER VIEW w SET (security_barrier)",
        "ALTER TABLE t DISABLE TRIGGER g",
        "ALTER SCHEMA public OWNER TO reader",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_pkey'::regclass",
        "DROP TABLE t CASCADE",
    };

    struct db *db;
    struct catalog before;
    struct err err = ERR_INIT;

    (void)state;
    make_roles();
    pgtest_sql(database,
               "CREATE TABLE t (id int PRIMARY KEY, v int); CREATE TYPE e AS ENUM ('a'); "
               "CREATE DOMAIN d AS int CHECK (VALUE > 0); CREATE SEQUENCE s; "
               "CREATE VIEW w AS SELECT 1 AS a; "
               "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
               "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; "
               "CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION g()");
    db = pgtest_open(pgtest_target(arena, database, NULL), DB_WRITE);
    before = read_catalog(database);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct catalog now;

        if (db_exec(db, &err, "BEGIN", 0) < 0 || db_exec(db, &err, changes[i], 0) < 0 ||
            catalog_read(db, arena, NULL, "alembic_version", &now, &err) < 0)
            fail_msg("%s: %s", changes[i], err.primary);
        if (strcmp(before.fingerprint, now.fingerprint) == 0)
            fail_msg("not noticed: %s", changes[i]);
        assert_int_equal(db_exec(db, &err, "ROLLBACK", 0), 0);
    }
    db_close(db);
    expect_same(&before, &(struct catalog[]){read_catalog(database)}[0]);
}

/* A role without any right reads the same. */
static void test_same_for_everybody(void **state)
{
    struct catalog a;
    struct catalog b;

    (void)state;
    make_roles();
    pgtest_sql(NULL, "SET client_min_messages = error; DROP ROLE IF EXISTS catalog_nobody; "
                     "CREATE ROLE catalog_nobody LOGIN");
    run_file(database, "everything.sql");
    a = read_catalog(database);
    b = read_as(database, "catalog_nobody", NULL, "alembic_version");
    expect_same(&a, &b);
    pgtest_sql(NULL, "DROP ROLE catalog_nobody");
}

/* --- transactions ----------------------------------------------------------------------------- */

static void test_inside_the_session_s_snapshot(void **state)
{
    struct db *db = pgtest_open(pgtest_target(arena, database, NULL), DB_READ);
    struct catalog before;
    struct catalog after;
    struct err err = ERR_INIT;
    auto_result struct db_result *path = NULL;
    char id[64];

    (void)state;
    assert_int_equal(db_export_snapshot(db, id, &err), 0);
    assert_int_equal(catalog_read(db, arena, NULL, "v", &before, &err), 0);
    pgtest_sql(database, "CREATE TABLE later (id int)");
    assert_int_equal(catalog_read(db, arena, NULL, "v", &after, &err), 0);
    expect_same(&before, &after);
    assert_true(db_in_transaction(db));
    assert_int_equal(db_query(db, &path, &err, "SHOW search_path", 0), 0);
    assert_string_equal(db_value(path, 0, 0), "\"$user\", public");
    db_end_snapshot(db);
    assert_int_equal(catalog_read(db, arena, NULL, "v", &after, &err), 0);
    assert_non_null(find(&after, "table public.later", "is"));
    assert_false(db_in_transaction(db));
    db_close(db);
}

static void test_settings_do_not_matter(void **state)
{
    struct catalog a;
    struct catalog b;

    (void)state;
    make_roles();
    run_file(database, "everything.sql");
    a = read_catalog(database);
    pgtest_sql(NULL,
               "ALTER DATABASE \"%s\" SET search_path = app, public; "
               "ALTER DATABASE \"%s\" SET TimeZone = 'Asia/Tokyo'; "
               "ALTER DATABASE \"%s\" SET DateStyle = 'German'; "
               "ALTER DATABASE \"%s\" SET IntervalStyle = 'iso_8601'; "
               "ALTER DATABASE \"%s\" SET extra_float_digits = -10; "
               "ALTER DATABASE \"%s\" SET quote_all_identifiers = on; "
               "ALTER DATABASE \"%s\" SET default_transaction_isolation = 'serializable'; "
               "ALTER DATABASE \"%s\" SET standard_conforming_strings = off",
               database, database, database, database, database, database, database, database);
    b = read_catalog(database);
    expect_same(&a, &b);
}

static void test_lost_session(void **state)
{
    struct db *db = pgtest_open(pgtest_target(arena, database, NULL), DB_READ);
    struct catalog catalog;
    struct err err = ERR_INIT;

    (void)state;
    pgtest_sql(NULL, "SELECT pg_terminate_backend(%d, 5000)", db_pid(db));
    assert_int_equal(catalog_read(db, arena, NULL, "v", &catalog, &err), -1);
    basetest_has(err.primary, "could not read the catalog of database");
    db_close(db);
}

/* --- the text form ---------------------------------------------------------------------------- */

static void test_format_and_parse(void **state)
{
    struct catalog before;
    struct catalog after;
    auto_buf struct buf text = {0};
    auto_buf struct buf again = {0};
    struct err err = ERR_INIT;

    (void)state;
    make_roles();
    run_file(database, "everything.sql");
    before = read_catalog(database);
    catalog_format(&before, &text);
    assert_int_equal(catalog_parse(arena, buf_text(&text), &after, &err), 0);
    expect_same(&before, &after);
    catalog_format(&after, &again);
    assert_string_equal(buf_text(&text), buf_text(&again));
}

static void test_parse_refuses(void **state)
{
    struct catalog catalog = read_catalog(database);
    struct catalog empty = {0};
    auto_buf struct buf text = {0};
    struct err err = ERR_INIT;

    (void)state;
    catalog_format(&catalog, &text);
    for (size_t i = 0; i < text.len; i++) {
        char kept = text.data[i];

        text.data[i] = kept == 'x' ? 'y' : 'x';
        err_clear(&err);
        assert_int_equal(catalog_parse(arena, buf_text(&text), &empty, &err), -1);
        text.data[i] = '\0';
        assert_int_equal(catalog_parse(arena, buf_text(&text), &empty, &err), -1);
        text.data[i] = kept;
    }
    assert_int_equal(empty.n, 0);
    buf_adds(&text, "a\tb\tc\n");
    err_clear(&err);
    assert_int_equal(catalog_parse(arena, buf_text(&text), &empty, &err), -1);
    basetest_has(err.primary, "does not match its fingerprint");
    err_clear(&err);
    assert_int_equal(catalog_parse(arena, "deploy-db catalog 2 x\n", &empty, &err), -1);
    basetest_has(err.primary, "not a catalog");
}

static void expect_normal(const char *text, const char *normal)
{
    assert_string_equal(catalog_text_normal(arena, text), normal);
}

static void test_two_spellings_become_one(void **state)
{
    (void)state;
    expect_normal("CHECK (((a)::text = ANY ((ARRAY['x'::character varying, 'y, ]'::character "
                  "varying])::text[])))",
                  "CHECK (((a)::text = ANY (ARRAY[('x'::character varying)::text, ('y, "
                  "]'::character varying)::text])))");
    expect_normal("(ARRAY[f(a, b), b[1]])::app.\"T []\"[] AND (ARRAY['it''s'::t])::numeric(3,1)[]",
                  "ARRAY[(f(a, b))::app.\"T []\", (b[1])::app.\"T []\"] AND "
                  "ARRAY[('it''s'::t)::numeric(3,1)]");
    expect_normal("(ARRAY[E'a\\\\'::x, E'\\'', ']'])::y[]",
                  "ARRAY[(E'a\\\\'::x)::y, (E'\\'')::y, (']')::y]");
    expect_normal("CHECK ((((x >= 1) AND (x <= 2)) AND (y > 0)))",
                  "CHECK (((x >= 1) AND (x <= 2) AND (y > 0)))");
    expect_normal("((((a OR b) OR c) OR d) AND (e AND f))", "((a OR b OR c OR d) AND (e AND f))");
    expect_normal("(((a AND b) OR c) AND d)", "(((a AND b) OR c) AND d)");
    expect_normal("((a = ' AND ') AND b)", "((a = ' AND ') AND b)");
    expect_normal("((a AND ')') AND b)", "(a AND ')' AND b)");
    expect_normal("((a AND b", "((a AND b");
    expect_normal("((a AND b]) AND c)", "((a AND b]) AND c)");
    expect_normal("(((ARRAY['a'::v])::t[] AND b) AND c)", "(ARRAY[('a'::v)::t] AND b AND c)");
    expect_normal("'(ARRAY[1])::text[]'::text", "'(ARRAY[1])::text[]'::text");
    expect_normal("\"(ARRAY[1])::text[]\"", "\"(ARRAY[1])::text[]\"");
    expect_normal("(ARRAY[1])::text", "(ARRAY[1])::text");
    expect_normal("(ARRAY[ARRAY[1]])::text[]", "(ARRAY[ARRAY[1]])::text[]");
    expect_normal("(ARRAY[1", "(ARRAY[1");
    expect_normal("(ARRAY[", "(ARRAY[");
    expect_normal("(ARRAY['", "(ARRAY['");
    expect_normal("(ARRAY[1])::", "(ARRAY[1])::");
    expect_normal("(ARRAY[a) b]", "(ARRAY[a) b]");
    expect_normal("", "");
}

/* --- size ------------------------------------------------------------------------------------- */

static void test_2000_tables(void **state)
{
    struct catalog catalog;
    int64_t begun;
    int64_t ms;

    (void)state;
    for (int from = 1; from < 2000; from += 500)
        pgtest_sql(database,
                   "DO $$ BEGIN FOR i IN %d..%d LOOP EXECUTE format('CREATE TABLE t%%s ("
                   "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text NOT NULL, "
                   "b varchar(20) DEFAULT ''x'' CHECK (b IN (''x'', ''y'')), c numeric(10,2), "
                   "d timestamptz DEFAULT now(), e jsonb, f int, g int)', i); "
                   "EXECUTE format('CREATE INDEX ON t%%s (f) WHERE g > 0', i); "
                   "END LOOP; END $$", from, from + 499);
    begun = clock_mono_ms();
    catalog = read_catalog(database);
    ms = clock_mono_ms() - begun;
    print_message("  2,000 tables: %zu facts in %lld ms\n", catalog.n, (long long)ms);
    assert_true(catalog.n > 2000 * 20);
    assert_in_range(ms, 0, 20000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reads_every_kind),
        TEST(test_values),
        TEST(test_not_null),
        TEST(test_survives_dump_and_restore),
        TEST(test_spellings_survive),
        TEST(test_order_does_not_matter),
        TEST(test_left_out),
        TEST(test_version_table_with_an_odd_name),
        TEST(test_every_change_counts),
        TEST(test_same_for_everybody),
        TEST(test_inside_the_session_s_snapshot),
        TEST(test_settings_do_not_matter),
        TEST(test_lost_session),
        TEST(test_format_and_parse),
        TEST(test_parse_refuses),
        TEST(test_two_spellings_become_one),
        TEST(test_2000_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
