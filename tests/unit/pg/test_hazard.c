/* hazard: the verdict on each kind of statement, and on texts as engines print them. */
#include "basetest.h"

#include <stdbool.h>

#include "pg/hazard.h"
#include "pg/parse.h"

enum verdict { HARMLESS, NOTE, DESTROYS };

/* One text and the verdict on it. ${reason}: part of the first reason of that verdict. */
struct row {
    const char *sql;
    enum verdict verdict;
    const char *reason;
};

static enum verdict verdict_of(const struct hazard *list, size_t n)
{
    return n == 0 ? HARMLESS : hazard_any_destroys(list, n) ? DESTROYS : NOTE;
}

static void check_row(const struct row *row)
{
    struct arena *arena = arena_new();
    struct hazard *list = NULL;
    size_t n = 0, i = 0;

    hazard_scan(arena, row->sql, "alembic_version", &list, &n);
    if (verdict_of(list, n) != row->verdict) {
        print_error("%s\n", row->sql);
        for (size_t k = 0; k < n; k++)
            print_error("  %s: %s\n", list[k].destroys ? "destroys" : "note", list[k].reason);
    }
    assert_int_equal(verdict_of(list, n), row->verdict);
    while (i < n && list[i].destroys != (row->verdict == DESTROYS))
        i++;
    if (row->reason != NULL) {
        assert_true(i < n);
        if (strstr(list[i].reason, row->reason) == NULL)
            print_error("%s\n  reason: %s\n", row->sql, list[i].reason);
        assert_non_null(strstr(list[i].reason, row->reason));
    }
    arena_free(arena);
}

#define CHECK_ROWS(rows)                                                                           \
    for (size_t r = 0; r < sizeof(rows) / sizeof *(rows); r++)                                     \
    check_row(&(rows)[r])

static void test_creating(void **state)
{
    static const struct row rows[] = {
        {"", HARMLESS, NULL},
        {" -- nothing\n/* at /* all */ */ ;;", HARMLESS, NULL},
        {"CREATE TABLE users (id serial PRIMARY KEY, name text DEFAULT now()::text)", HARMLESS, NULL},
        {"CREATE TABLE IF NOT EXISTS users (id int)", DESTROYS,
         "table \"users\" may exist already, and a downgrade would drop it with its data"},
        {"CREATE TABLE IF NOT EXISTS alembic_version (version_num varchar(32))", HARMLESS, NULL},
        {"CREATE TABLE a AS SELECT * FROM users", HARMLESS, NULL},
        {"CREATE TABLE IF NOT EXISTS a AS SELECT 1", DESTROYS, "may exist already"},
        {"CREATE TABLE a AS SELECT purge() FROM users", DESTROYS, "calls function \"purge\""},
        {"CREATE TABLE a AS EXECUTE work", DESTROYS, "prepared statement"},
        {"SELECT * INTO a FROM users", HARMLESS, NULL},
        {"CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT count(*) FROM users", HARMLESS, NULL},
        {"CREATE OR REPLACE VIEW v AS SELECT * FROM users", HARMLESS, NULL},
        {"CREATE SCHEMA app", HARMLESS, NULL},
        {"CREATE SCHEMA IF NOT EXISTS app", DESTROYS, "schema \"app\" may exist already"},
        {"CREATE SCHEMA app CREATE TABLE t (a int) CREATE SEQUENCE s", HARMLESS, NULL},
        {"CREATE SEQUENCE s START 100", HARMLESS, NULL},
        {"CREATE SEQUENCE IF NOT EXISTS s", DESTROYS, "sequence \"s\" may exist already"},
        {"CREATE TYPE mood AS ENUM ('sad', 'ok')", HARMLESS, NULL},
        {"CREATE TYPE pair AS (a int, b text)", HARMLESS, NULL},
        {"CREATE DOMAIN zip AS text CHECK (VALUE ~ '^[0-9]{5}$')", HARMLESS, NULL},
        {"CREATE EXTENSION pgcrypto", HARMLESS, NULL},
        {"CREATE EXTENSION IF NOT EXISTS pg_cron", DESTROYS, "extension \"pg_cron\" may exist"},
        {"CREATE INDEX CONCURRENTLY i ON users (name)", HARMLESS, NULL},
        {"CREATE UNIQUE INDEX i ON users (lower(name))", NOTE,
         "locks table \"users\" against writes while it builds an index"},
        {"CREATE INDEX i ON ONLY users (name)", HARMLESS, NULL},
        {"CREATE TABLE u (a int); CREATE INDEX i ON u (a)", HARMLESS, NULL},
        {"CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$ DELETE FROM users; "
         "SELECT 1 $$", HARMLESS, NULL},
        {"CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN 2 END; "
         "SELECT 3; END; DROP INDEX i", HARMLESS, NULL},
        {"CREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f()", HARMLESS, NULL},
        {"CREATE RULE r AS ON DELETE TO users DO INSTEAD (SELECT 1; SELECT 2)", HARMLESS, NULL},
        {"CREATE POLICY p ON users USING (true)", HARMLESS, NULL},
        {"CREATE STATISTICS s ON a, b FROM users", HARMLESS, NULL},
        {"CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()", DESTROYS,
         "not known to be harmless"},
        {"CREATE SUBSCRIPTION s CONNECTION 'host=a' PUBLICATION p", DESTROYS, "not known"},
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_altering(void **state)
{
    static const struct row rows[] = {
        {"ALTER TABLE users ADD COLUMN email varchar(120)", HARMLESS, NULL},
        {"ALTER TABLE users ADD COLUMN flag bool DEFAULT false NOT NULL", HARMLESS, NULL},
        {"ALTER TABLE users ADD COLUMN at timestamptz DEFAULT now()", HARMLESS, NULL},
        {"ALTER TABLE users ADD COLUMN key uuid DEFAULT gen_random_uuid()", NOTE,
         "locks table \"users\" while it writes every row again"},
        {"ALTER TABLE users ADD COLUMN n bigserial", NOTE, "writes every row again"},
        {"ALTER TABLE users ADD COLUMN n int GENERATED ALWAYS AS (a + 1) STORED", NOTE, "again"},
        {"ALTER TABLE users ADD COLUMN n int DEFAULT purge()", DESTROYS, "function \"purge\""},
        {"ALTER TABLE users ADD COLUMN n int DEFAULT nextval('old_seq')", DESTROYS, "advances"},
        {"CREATE SEQUENCE s; ALTER TABLE users ADD COLUMN n int DEFAULT nextval('s'::regclass)",
         NOTE, "again"},
        {"ALTER TABLE users ADD COLUMN IF NOT EXISTS email text", DESTROYS,
         "column \"email\" of table \"users\" may exist already"},
        {"ALTER TABLE users ADD COLUMN team int REFERENCES teams (id)", NOTE, "against writes"},
        {"ALTER TABLE users ADD COLUMN email text UNIQUE", NOTE, "while it builds an index"},
        {"ALTER TABLE app.users DROP COLUMN \"E-mail\"", DESTROYS,
         "drops column \"E-mail\" of table \"app.users\" with its data"},
        {"ALTER TABLE users ALTER COLUMN name TYPE varchar(200)", DESTROYS,
         "changes the type of column \"name\" of table \"users\""},
        {"ALTER TABLE users ALTER COLUMN name SET NOT NULL", NOTE, "while it checks every row"},
        {"ALTER TABLE users ALTER COLUMN name DROP NOT NULL", HARMLESS, NULL},
        {"ALTER TABLE users ALTER COLUMN name SET DEFAULT purge()", HARMLESS, NULL},
        {"ALTER TABLE users ALTER COLUMN name DROP DEFAULT", HARMLESS, NULL},
        {"ALTER TABLE users ALTER COLUMN id RESTART WITH 1", DESTROYS, "restarts the sequence"},
        {"ALTER TABLE users ALTER COLUMN id DROP IDENTITY", DESTROYS, "drops the sequence"},
        {"ALTER TABLE users ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY", HARMLESS, NULL},
        {"ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0)", NOTE, "while it checks every row"},
        {"ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0) NOT VALID", HARMLESS, NULL},
        {"ALTER TABLE users ADD CONSTRAINT c FOREIGN KEY (t) REFERENCES teams", NOTE,
         "locks table \"users\" against writes while it checks every row"},
        {"ALTER TABLE users ADD CONSTRAINT c UNIQUE (name)", NOTE, "while it builds an index"},
        {"ALTER TABLE users ADD PRIMARY KEY USING INDEX i", HARMLESS, NULL},
        {"ALTER TABLE users VALIDATE CONSTRAINT c", HARMLESS, NULL},
        {"ALTER TABLE users DROP CONSTRAINT c CASCADE", HARMLESS, NULL},
        {"ALTER TABLE users RENAME TO people", HARMLESS, NULL},
        {"ALTER TABLE users RENAME COLUMN a TO b", HARMLESS, NULL},
        {"ALTER INDEX i RENAME TO j", HARMLESS, NULL},
        {"ALTER DATABASE shop RENAME TO old", DESTROYS, "what other databases share"},
        {"ALTER TABLE users OWNER TO app", HARMLESS, NULL},
        {"ALTER TABLE users SET SCHEMA app", HARMLESS, NULL},
        {"ALTER TABLE users SET UNLOGGED", DESTROYS, "not known to be harmless"},
        {"ALTER TABLE logs ATTACH PARTITION logs_1 FOR VALUES IN (1)", HARMLESS, NULL},
        {"ALTER TABLE logs DETACH PARTITION logs_1", HARMLESS, NULL},
        {"ALTER TABLE users ENABLE ROW LEVEL SECURITY", HARMLESS, NULL},
        {"ALTER TYPE mood ADD VALUE IF NOT EXISTS 'happy'", DESTROYS,
         "adds the value \"happy\" to type \"mood\", which cannot be removed again"},
        {"ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", HARMLESS, NULL},
        {"ALTER TYPE app.pair DROP ATTRIBUTE a", DESTROYS, "drops column \"a\""},
        {"ALTER SEQUENCE s OWNED BY users.id", HARMLESS, NULL},
        {"ALTER SEQUENCE s RESTART", DESTROYS, "restarts sequence \"s\""},
        {"CREATE SEQUENCE s; ALTER SEQUENCE s RESTART WITH 7", HARMLESS, NULL},
        {"ALTER DOMAIN zip ADD CONSTRAINT c CHECK (VALUE <> '')", HARMLESS, NULL},
        {"ALTER EXTENSION postgis UPDATE", DESTROYS, "not known to be harmless"},
        {"ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reader", HARMLESS, NULL},
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_dropping(void **state)
{
    static const struct row rows[] = {
        {"DROP TABLE users", DESTROYS, "drops table \"users\" with its data"},
        {"DROP TABLE IF EXISTS a, b", DESTROYS, "drops table \"a\""},
        {"CREATE TABLE a (x int); DROP TABLE a CASCADE", HARMLESS, NULL},
        {"CREATE TABLE a (x int); DROP TABLE a; DROP TABLE a", DESTROYS, "drops table \"a\""},
        {"DROP INDEX CONCURRENTLY i", HARMLESS, NULL},
        {"DROP VIEW v", HARMLESS, NULL},
        {"DROP VIEW v CASCADE", DESTROYS, "drops \"v\" and everything that depends on it"},
        {"DROP MATERIALIZED VIEW v", HARMLESS, NULL},
        {"DROP FUNCTION f(int)", HARMLESS, NULL},
        {"DROP FUNCTION app.f(int) CASCADE", DESTROYS, "drops \"app.f\" and everything"},
        {"DROP TRIGGER t ON users", HARMLESS, NULL},
        {"DROP POLICY p ON users", HARMLESS, NULL},
        {"DROP SEQUENCE s", DESTROYS, "drops sequence \"s\" with its value"},
        {"DROP TYPE mood", DESTROYS, "drops \"mood\", which may hold data"},
        {"DROP SCHEMA app CASCADE", DESTROYS, "drops \"app\" and everything"},
        {"DROP EXTENSION pgcrypto", DESTROYS, "drops \"pgcrypto\", which may hold data"},
        {"DROP OWNED BY app", DESTROYS, "not known to be harmless"},
        {"DROP DATABASE shop", DESTROYS, "not known to be harmless"},
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_rows_and_session(void **state)
{
    static const struct row rows[] = {
        {"INSERT INTO users VALUES (1)", DESTROYS,
         "adds rows to table \"users\", which a downgrade may leave there"},
        {"UPDATE users SET name = upper(name), b = 1", DESTROYS,
         "overwrites column \"name\" of table \"users\""},
        {"DELETE FROM users WHERE id = 1", DESTROYS, "deletes rows of table \"users\""},
        {"TRUNCATE users", DESTROYS, "empties table \"users\""},
        {"MERGE INTO users u USING n ON u.id = n.id WHEN MATCHED THEN DELETE", DESTROYS,
         "changes rows of table \"users\""},
        {"INSERT INTO alembic_version (version_num) VALUES ('a1') RETURNING version_num", HARMLESS,
         NULL},
        {"UPDATE alembic_version SET version_num='b2' WHERE alembic_version.version_num = 'a1'",
         HARMLESS, NULL},
        {"DELETE FROM app.alembic_version WHERE version_num = 'b2'", HARMLESS, NULL},
        {"DELETE FROM alembic_version_old", DESTROYS, "deletes rows"},
        {"SELECT 1", HARMLESS, NULL},
        {"SELECT count(*), max(created AT TIME ZONE 'UTC') FROM users FOR UPDATE", HARMLESS, NULL},
        {"SELECT setval('users_id_seq', 100)", DESTROYS, "sets the value of a sequence"},
        {"SELECT pg_catalog.setval('s', 1)", DESTROYS, "sets the value of a sequence"},
        {"CREATE SEQUENCE app.s; SELECT setval('app.s', 1)", HARMLESS, NULL},
        {"SELECT app.now()", DESTROYS, "calls function \"app.now\""},
        {"SELECT set_config('search_path', '', false)", DESTROYS, "function \"set_config\""},
        {"SELECT 1 WHERE EXISTS (SELECT purge() FROM users)", DESTROYS, "purge"},
        {"WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d", DESTROYS, "deletes rows"},
        {"COPY users FROM '/tmp/x'", DESTROYS, "adds rows to table \"users\""},
        {"COPY users TO STDOUT", HARMLESS, NULL},
        {"COPY users TO '/tmp/x'", DESTROYS, "writes a file"},
        {"COPY users TO PROGRAM 'rm x'", DESTROYS, "runs a program"},
        {"COPY (DELETE FROM users RETURNING *) TO STDOUT", DESTROYS, "deletes rows"},
        {"DO $$ BEGIN PERFORM 1; END $$", DESTROYS, "runs a block of code"},
        {"CALL app.purge(1)", DESTROYS, "calls procedure \"app.purge\""},
        {"EXPLAIN ANALYZE DELETE FROM users", DESTROYS, "not known to be harmless"},
        {"EXECUTE work", DESTROYS, "not known to be harmless"},
        {"NOTIFY done", DESTROYS, "not known to be harmless"},
        {"PREPARE TRANSACTION 'x'", DESTROYS, "prepared transaction"},
        {"SET LOCAL lock_timeout = '5s'", HARMLESS, NULL},
        {"SET standard_conforming_strings = on", HARMLESS, NULL},
        {"SET standard_conforming_strings = off", DESTROYS, "how the text after it is read"},
        {"RESET ALL; SHOW search_path; SET ROLE app", HARMLESS, NULL},
        {"LOCK TABLE users IN SHARE MODE", HARMLESS, NULL},
        {"COMMENT ON TABLE users IS 'DROP TABLE users;'", HARMLESS, NULL},
        {"GRANT SELECT ON users TO reader; REVOKE ALL ON users FROM PUBLIC", HARMLESS, NULL},
        {"REFRESH MATERIALIZED VIEW v; REINDEX TABLE users; VACUUM users; ANALYZE; CLUSTER users",
         HARMLESS, NULL},
        {"SET CONSTRAINTS ALL DEFERRED", HARMLESS, NULL},
        {"\\connect other", DESTROYS, "cannot be parsed, counts as destroying"},
        {"DROP TABEL users", DESTROYS, "cannot be parsed"},
        {"SELECT 'open", DESTROYS, "cannot be parsed"},
    };

    (void)state;
    CHECK_ROWS(rows);
}

/* What the text created is its own; whatever makes that uncertain ends it. */
static void test_own_objects(void **state)
{
    static const struct row rows[] = {
        {"CREATE TABLE n (a int); INSERT INTO n SELECT id FROM users; UPDATE n SET a = 2; "
         "DELETE FROM n; TRUNCATE n; ALTER TABLE n DROP COLUMN a, ALTER b TYPE text USING b::text",
         HARMLESS, NULL},
        {"CREATE TABLE n (a int); INSERT INTO app.n VALUES (1)", DESTROYS, "app.n"},
        {"CREATE TABLE app.n (a int); INSERT INTO n VALUES (1)", DESTROYS, "\"n\""},
        {"CREATE TABLE \"N\" (a int); INSERT INTO \"N\" VALUES (1)", HARMLESS, NULL},
        {"CREATE TABLE \"N\" (a int); INSERT INTO N VALUES (1)", DESTROYS, "\"n\""},
        {"CREATE TABLE IF NOT EXISTS n (a int); DELETE FROM n", DESTROYS, "may exist already"},
        {"CREATE TABLE n (a int); TRUNCATE n CASCADE", DESTROYS, "every table that refers to it"},
        {"CREATE TABLE n (a int); ALTER TABLE n RENAME TO m; DELETE FROM m", HARMLESS, NULL},
        {"CREATE TABLE n (a int); ALTER TABLE n RENAME TO m; DELETE FROM n", DESTROYS, "\"n\""},
        {"CREATE TABLE n (a int); ALTER TABLE n SET SCHEMA s; DELETE FROM s.n", HARMLESS, NULL},
        {"CREATE TABLE n (a int); ALTER TABLE n SET SCHEMA s; DELETE FROM n", DESTROYS, "\"n\""},
        {"CREATE TABLE s.n (a int); ALTER SCHEMA s RENAME TO t; ALTER SCHEMA u RENAME TO s; "
         "DELETE FROM s.n", DESTROYS, "s.n"},
        {"CREATE TABLE n (a int); SET search_path = other; DELETE FROM n", DESTROYS, "\"n\""},
        {"CREATE TABLE s.n (a int); SET search_path = other; DELETE FROM s.n", HARMLESS, NULL},
        {"SET LOCAL search_path = a; CREATE TABLE n (a int); COMMIT; DELETE FROM n", DESTROYS,
         "\"n\""},
        {"CREATE TEMP TABLE users (a int) ON COMMIT DROP; COMMIT; DELETE FROM users", DESTROYS,
         "\"users\""},
        {"CREATE TABLE n (a int); ROLLBACK; DELETE FROM n", DESTROYS, "\"n\""},
        {"CREATE TABLE n AS SELECT 1 AS a; UPDATE n SET a = 2", HARMLESS, NULL},
        {"SELECT 1 AS a INTO n; DELETE FROM n", HARMLESS, NULL},
        {"CREATE TABLE n (a int); WITH d AS (DELETE FROM users RETURNING id) "
         "INSERT INTO n SELECT id FROM d", DESTROYS, "deletes rows of table \"users\""},
        {"CREATE TABLE n (a int); INSERT INTO n SELECT nextval('old')", DESTROYS, "advances"},
        {"CREATE TABLE n (a int DEFAULT purge()); INSERT INTO n DEFAULT VALUES", DESTROYS, "\"n\""},
        {"CREATE TABLE n (a int); CREATE TRIGGER t AFTER INSERT ON n EXECUTE FUNCTION f(); "
         "INSERT INTO n VALUES (1)", DESTROYS, "\"n\""},
        {"CREATE TABLE n PARTITION OF logs FOR VALUES IN (1); INSERT INTO n VALUES (1)", DESTROYS,
         "\"n\""},
        {"CREATE TABLE n (a int) PARTITION BY LIST (a); ALTER TABLE n ATTACH PARTITION logs "
         "FOR VALUES IN (1); DROP TABLE n", DESTROYS, "\"n\""},
        {"CREATE TABLE n (a int); ALTER TABLE logs ATTACH PARTITION n FOR VALUES IN (1); "
         "INSERT INTO n VALUES (1)", DESTROYS, "\"n\""},
        {"CREATE TABLE n (a int); ALTER TABLE logs INHERIT n; DELETE FROM n", DESTROYS, "\"n\""},
        {"CREATE TABLE n (a int PRIMARY KEY); ALTER TABLE users ADD FOREIGN KEY (a) REFERENCES n "
         "ON DELETE CASCADE NOT VALID; DELETE FROM n", DESTROYS, "\"n\""},
        {"CREATE TABLE n (a int PRIMARY KEY); ALTER TABLE users ADD FOREIGN KEY (a) REFERENCES n "
         "NOT VALID; DELETE FROM n", HARMLESS, NULL},
        {"ALTER TABLE users ADD COLUMN a int; UPDATE users SET a = id", NOTE,
         "updates rows of table \"users\": its triggers may change older columns too"},
        {"ALTER TABLE users ADD COLUMN a int; UPDATE users SET a = 1, b = 2", DESTROYS, "\"b\""},
        {"ALTER TABLE users ADD COLUMN a int; UPDATE teams SET a = 1", DESTROYS, "\"teams\""},
        {"ALTER TABLE users ADD COLUMN a int; ALTER TABLE users DROP COLUMN a", HARMLESS, NULL},
        {"ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ALTER a TYPE bigint", NOTE, "again"},
        {"ALTER TABLE users ADD COLUMN a int; ALTER TABLE users RENAME a TO z; "
         "ALTER TABLE users DROP COLUMN z", HARMLESS, NULL},
        {"ALTER TABLE users ADD COLUMN a int; ALTER TABLE users RENAME a TO z; "
         "ALTER TABLE users DROP COLUMN a", DESTROYS, "\"a\""},
        {"ALTER TABLE users ADD COLUMN a int; ALTER TABLE users RENAME TO p; "
         "ALTER TABLE p DROP COLUMN a", HARMLESS, NULL},
        {"ALTER TABLE users ADD COLUMN IF NOT EXISTS a int; UPDATE users SET a = 1", DESTROYS,
         "may exist already"},
        {"CREATE SEQUENCE s; DROP SEQUENCE s", HARMLESS, NULL},
        {"CREATE SEQUENCE s; DROP TABLE s", DESTROYS, "drops table \"s\""},
        {"CREATE TABLE n (a int); COPY n FROM PROGRAM 'cat'", DESTROYS, "runs a program"},
    };

    (void)state;
    CHECK_ROWS(rows);
}

/* Quotes, comments and blocks do not hide a statement, and none is seen where there is none. */
static void test_cutting(void **state)
{
    static const struct row rows[] = {
        {"SELECT 'a;''; DROP TABLE users'", HARMLESS, NULL},
        {"SELECT E'a\\'; DROP TABLE users; --'", HARMLESS, NULL},
        {"SELECT 'a\\'; DROP TABLE users; --'", DESTROYS, "drops table"},
        {"SELECT \"a;\"\"b\" FROM users; TRUNCATE users", DESTROYS, "empties"},
        {"SELECT $$;$$, $a$ $$ ; $a$; DROP TABLE users", DESTROYS, "drops table"},
        {"SELECT a$1$b; DROP TABLE users; SELECT a$1$b", DESTROYS, "drops table"},
        {"/* ; /* ; */ DROP TABLE users; */ SELECT 1", HARMLESS, NULL},
        {"-- ; DROP TABLE users;\nSELECT 1 -- ;\n, 2", HARMLESS, NULL},
        {"SELECT (1; DROP TABLE users", DESTROYS, "cannot be parsed"},
        {"SELECT 1 /* open; DROP TABLE users", DESTROYS, "cannot be parsed"},
        {"CREATE TABLE n (a int, b text);\nCOPY n (a, b) FROM stdin;\n1\tDROP TABLE users;\n\\.\n\n"
         "DROP INDEX i;", HARMLESS, NULL},
        {"CREATE TABLE n (a int);\r\nCOPY n FROM STDIN;\r\n1\r\n\\.\r\nDROP TABLE users;", DESTROYS,
         "drops table \"users\""},
        {"CREATE TABLE n (a int); COPY n FROM stdin; DROP TABLE users;\n\\.\n", DESTROYS,
         "drops table"},
        {"CREATE TABLE n (a int); COPY n FROM stdin;\nDROP TABLE users;\n", DESTROYS,
         "the COPY data that begins in line 2 does not end"},
        {"CREATE TABLE n (a int) -- n\rDROP TABLE users", DESTROYS, NULL},
        {"-- n\rDROP TABLE users", DESTROYS, "drops table \"users\""},
        {"CREATE TABLE n (a int); \\i rest.sql\n", DESTROYS, "cannot be parsed"},
        {"COPY users FROM stdin;\n1\n\\.\n", DESTROYS, "adds rows"},
        {"CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC; DELETE FROM users; END; "
         "DROP TABLE users", DESTROYS, NULL},
        {"SELECT '\xff'", DESTROYS, "counts as destroying"},
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_engine_output(void **state)
{
    static const char text[] =
        "BEGIN;\n\n"
        "CREATE TABLE alembic_version (\n    version_num VARCHAR(32) NOT NULL, \n"
        "    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n);\n\n"
        "-- Running upgrade  -> 1f2a\n\n"
        "CREATE TABLE orders (\n    id SERIAL NOT NULL, \n    PRIMARY KEY (id)\n);\n\n"
        "INSERT INTO orders (id) VALUES (1);\n\n"
        "INSERT INTO alembic_version (version_num) VALUES ('1f2a') RETURNING "
        "alembic_version.version_num;\n\n"
        "-- Running upgrade 1f2a -> 2b3c\n\n"
        "COMMIT;\n\n"
        "CREATE INDEX CONCURRENTLY ix_orders ON orders (id);\n\n"
        "BEGIN;\n\n"
        "ALTER TABLE users DROP COLUMN phone;\n\n"
        "UPDATE alembic_version SET version_num='2b3c' WHERE alembic_version.version_num = '1f2a';"
        "\n\nCOMMIT;\n\n";
    struct arena *arena = arena_new();
    struct hazard *list;
    size_t n;

    (void)state;
    hazard_scan(arena, text, "alembic_version", &list, &n);
    assert_int_equal(n, 2);
    assert_string_equal(list[0].statement, "COMMIT");
    assert_string_equal(
        list[0].reason,
        "commits in the middle: when a later statement fails, what came before it stays");
    assert_false(list[0].destroys);
    assert_string_equal(list[1].statement, "ALTER TABLE users DROP COLUMN phone");
    assert_string_equal(list[1].reason, "drops column \"phone\" of table \"users\" with its data");
    assert_true(list[1].destroys);
    assert_true(hazard_any_destroys(list, n));
    assert_false(hazard_any_destroys(list, 1));
    arena_free(arena);
}

static void test_version_table_with_schema(void **state)
{
    struct arena *arena = arena_new();
    struct hazard *list;
    size_t n;

    (void)state;
    hazard_scan(arena, "DELETE FROM app.versions; DELETE FROM versions; DELETE FROM old.versions",
                "app.versions", &list, &n);
    assert_int_equal(n, 1);
    assert_non_null(strstr(list[0].statement, "old.versions"));
    arena_free(arena);
}

/* The first line, at most 120 bytes, never half a character. */
static void test_statement_shown(void **state)
{
    auto_buf struct buf sql = {0};
    struct arena *arena = arena_new();
    struct hazard *list;
    size_t n;

    (void)state;
    buf_adds(&sql, "-- why\n  DROP TABLE \"");
    for (int i = 0; i < 100; i++)
        buf_adds(&sql, "ä");
    buf_adds(&sql, "\";\nDELETE\nFROM users");
    hazard_scan(arena, sql.data, "v", &list, &n);
    assert_int_equal(n, 2);
    assert_int_equal(strlen(list[0].statement), 120);
    assert_int_equal(strncmp(list[0].statement, "DROP TABLE \"ää", 16), 0);
    assert_int_equal((unsigned char)list[0].statement[119], 0xa4);
    assert_string_equal(list[1].statement, "DELETE");
    arena_free(arena);
}

/* Neither a chain that is deep for the parser nor much text may end the program. */
static void test_large(void **state)
{
    auto_buf struct buf sql = {0};
    struct arena *arena = arena_new();
    struct hazard *list;
    size_t n;

    (void)state;
    buf_adds(&sql, "SELECT 1");
    for (int i = 0; i < 32000; i++)
        buf_adds(&sql, "+1");
    buf_adds(&sql, ";SELECT 1");
    for (int i = 0; i < 500000; i++)
        buf_adds(&sql, "+1");
    buf_adds(&sql, ";CREATE TABLE n (a text);INSERT INTO n VALUES ('");
    for (int i = 0; i < 200000; i++)
        buf_adds(&sql, "data;");
    buf_adds(&sql, "')");
    hazard_scan(arena, sql.data, "v", &list, &n);
    assert_int_equal(n, 2);
    assert_non_null(strstr(list[0].reason, "too deep"));
    assert_non_null(strstr(list[1].reason, "too long"));
    arena_free(arena);
}

static void test_same_reason_once(void **state)
{
    struct arena *arena = arena_new();
    struct hazard *list;
    size_t n;

    (void)state;
    hazard_scan(arena, "SELECT purge(), purge(); SELECT purge()", "v", &list, &n);
    assert_int_equal(n, 2);
    hazard_scan(arena, "BEGIN; COMMIT; BEGIN; COMMIT; BEGIN; COMMIT", "v", &list, &n);
    assert_int_equal(n, 1);
    hazard_scan(arena, "BEGIN; SELECT 1; COMMIT; -- the end", "v", &list, &n);
    assert_int_equal(n, 0);
    arena_free(arena);
}

/* The way back of a text: what it takes back is the text's own. */
static void test_way_back(void **state)
{
    static const struct {
        const char *sql, *back;
        const char *reason; /* NULL: it destroys nothing */
    } rows[] = {
        {"CREATE TABLE a (id int)", "DROP TABLE a", NULL},
        {"CREATE TABLE a (id int)", "DELETE FROM a; DROP TABLE IF EXISTS a CASCADE", NULL},
        {"CREATE TABLE a (id int)", "DROP TABLE b", "drops table \"b\" with its data"},
        {"CREATE TABLE a (id int)", "DROP TABLE a; DELETE FROM b", "deletes rows of table \"b\""},
        {"CREATE TABLE a (id int)", "DROP TABLE a; TRUNCATE b", "empties table \"b\""},
        {"CREATE TABLE a (id int)", "DROP TABLE a; DROP TABLE a", "drops table \"a\""},
        {"CREATE TABLE a (id int)", "DROP TABLE a; SELECT f()", "calls function \"f\""},
        {"CREATE TABLE a (id int)", "no SQL", "cannot be parsed"},
        {"ALTER TABLE b RENAME TO c; CREATE TABLE b (id int)", "DROP TABLE c", "drops table \"c\""},
        {"ALTER TABLE b RENAME TO c; CREATE TABLE b (id int)", "DROP TABLE b; ALTER TABLE c RENAME TO b",
         NULL},
        {"ALTER TABLE b ADD COLUMN x int", "ALTER TABLE b DROP COLUMN x", NULL},
        {"ALTER TABLE b ADD COLUMN x int", "ALTER TABLE b DROP COLUMN y", "drops column \"y\""},
        {"ALTER TABLE b ALTER COLUMN x DROP NOT NULL",
         "UPDATE b SET x = 0 WHERE x IS NULL; ALTER TABLE b ALTER COLUMN x SET NOT NULL",
         "overwrites column \"x\""},
        /* of others too, and yet it may go */
        {"CREATE TABLE a (id int DEFAULT f()); CREATE TRIGGER t BEFORE INSERT ON a EXECUTE FUNCTION f()",
         "DROP TABLE a", NULL},
        {"CREATE TABLE a PARTITION OF b DEFAULT", "DROP TABLE a", NULL},
        {"CREATE TABLE a (id int); SELECT 1; RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL",
         "DROP TABLE a", NULL},
        {"CREATE TABLE a (id int); SET search_path = s; RESET ALL", "DROP TABLE a", "drops table \"a\""},
        {"CREATE TYPE e AS ENUM ('a'); CREATE SCHEMA s; CREATE SEQUENCE q",
         "DROP TYPE e; DROP SCHEMA s; DROP SEQUENCE q", NULL},
        {"CREATE SCHEMA s", "DROP SCHEMA s CASCADE", "and everything that depends on it"},
        {"CREATE EXTENSION x", "DROP EXTENSION x", "which may hold data"},
        {"CREATE TABLE alembic_version (v int)", "DELETE FROM alembic_version; DROP TABLE alembic_version",
         NULL},
        {"UPDATE b SET x = 1", "SELECT 1", NULL}, /* judged for itself */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *arena = arena_new();
        struct hazard *list = NULL;
        size_t n = 0, k = 0;

        hazard_scan_back(arena, rows[i].sql, rows[i].back, "alembic_version", &list, &n);
        while (k < n && !list[k].destroys)
            k++;
        if ((k < n) != (rows[i].reason != NULL) ||
            (k < n && strstr(list[k].reason, rows[i].reason) == NULL))
            fail_msg("%s | %s: %s", rows[i].sql, rows[i].back, k < n ? list[k].reason : "harmless");
        arena_free(arena);
    }
}

static void test_parse(void **state)
{
    char *tree = NULL, *message = NULL;

    (void)state;
    assert_int_equal(parse_tree("SELECT 1", &tree, &message), 0);
    assert_non_null(strstr(tree, "\"SelectStmt\""));
    assert_null(message);
    parse_free(tree);
    assert_int_equal(parse_tree("SELEKT", &tree, &message), -1);
    assert_null(tree);
    assert_string_equal(message, "syntax error at or near \"SELEKT\"");
    parse_free(message);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_creating),
        cmocka_unit_test(test_altering),
        cmocka_unit_test(test_dropping),
        cmocka_unit_test(test_rows_and_session),
        cmocka_unit_test(test_own_objects),
        cmocka_unit_test(test_cutting),
        cmocka_unit_test(test_engine_output),
        cmocka_unit_test(test_version_table_with_schema),
        cmocka_unit_test(test_statement_shown),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_same_reason_once),
        cmocka_unit_test(test_way_back),
        cmocka_unit_test(test_parse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
