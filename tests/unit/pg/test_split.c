/* split: texts cut into statements, and their comments. */
#include "basetest.h"

#include <stdbool.h>
#include <time.h>

#include "pg/parse.h"
#include "pg/split.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Each statement as "LINE FLAGS text" (flags as letters), data as "{data}". */
static int show(void *arg, const struct split_statement *s)
{
    static const char letters[] = "TCMIL";
    struct buf *out = arg;

    buf_addf(out, "%s%zu", out->len > 0 ? "|" : "", s->line);
    for (size_t i = 0; i < strlen(letters); i++)
        if (s->flags & (uint64_t)1 << i)
            buf_addc(out, letters[i]);
    buf_addf(out, " %.*s", (int)s->n, s->text);
    assert_int_equal(s->data != NULL, (s->flags & SPLIT_COPY_IN) != 0);
    if (s->data != NULL)
        buf_addf(out, "{%.*s}", (int)s->data_n, s->data);
    return 0;
}

static int show_comment(void *arg, const struct split_comment *c)
{
    struct buf *out = arg;

    buf_addf(out, "%s%zu/%zu %.*s", out->len > 0 ? "|" : "", c->line, c->depth, (int)c->n, c->text);
    return 0;
}

/* ${text} exactly as long, on the heap, so that a step beyond it is seen. */
static char *exact(const char *text, size_t n)
{
    char *copy = malloc(n > 0 ? n : 1);

    assert_non_null(copy);
    memcpy(copy, text, n);
    return copy;
}

static void check_cut(const char *text, const char *wanted)
{
    auto_buf struct buf out = {0};
    struct err err = ERR_INIT;
    char *copy = exact(text, strlen(text));

    if (split_statements(copy, strlen(text), show, &out, &err) != 0)
        buf_addf(&out, "! %s", err.primary);
    free(copy);
    if (strcmp(buf_text(&out), wanted) != 0)
        print_error("%s\n", text);
    assert_string_equal(buf_text(&out), wanted);
}

static void check_comments(const char *text, const char *wanted)
{
    auto_buf struct buf out = {0};
    struct err err = ERR_INIT;
    char *copy = exact(text, strlen(text));

    if (split_comments(copy, strlen(text), show_comment, &out, &err) != 0)
        buf_addf(&out, "! %s", err.primary);
    free(copy);
    if (strcmp(buf_text(&out), wanted) != 0)
        print_error("%s\n", text);
    assert_string_equal(buf_text(&out), wanted);
}

struct row {
    const char *text, *wanted;
};

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_cut(rows[i].text, rows[i].wanted);
}

static void test_plain(void **state)
{
    static const struct row rows[] = {
        {"", ""},
        {";;", ""},
        {"\n ; ;\n;", ""},
        {"-- nothing\n/* at /* all */ */ ;; -- more", ""},
        {"SELECT 1", "1 SELECT 1"},
        {"SELECT 1;", "1 SELECT 1"},
        {"\n\nSELECT 1 ;;\n SELECT\n2; -- the end\n", "3 SELECT 1|4 SELECT\n2"},
        {"SELECT 1 -- no semicolon\n/* follows */", "1 SELECT 1"},
        {"SELECT 1;\r\nSELECT 2;\r\n-- x\r\nSELECT 3\r\n", "1 SELECT 1|2 SELECT 2|4 SELECT 3"},
        {"-- x\rSELECT 1; SELECT 2", "1 SELECT 1|1 SELECT 2"},
        {"/* a\nb */ SELECT /* ; */ 1; (SELECT 2)", "2 SELECT /* ; */ 1|2 (SELECT 2)"},
        {"/* /* ; */ ; */ SELECT 1", "1 SELECT 1"},
        {"SELECT 1 -- ; '\n+ 1; VALUES (1)", "1 SELECT 1 -- ; '\n+ 1|2 VALUES (1)"},
        {"SELECT 2*/* ; */3, 4--;\n; SELECT 5", "1 SELECT 2*/* ; */3, 4|2 SELECT 5"},
        {"SELECT 'ä', \"ö\" FROM ü; SELECT ß", "1 SELECT 'ä', \"ö\" FROM ü|1 SELECT ß"},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_quotes(void **state)
{
    static const struct row rows[] = {
        {"SELECT ';--', ';/*'; SELECT 2", "1 SELECT ';--', ';/*'|1 SELECT 2"},
        {"SELECT 'it''s;'; SELECT \"a;\"\"b;\"", "1 SELECT 'it''s;'|1 SELECT \"a;\"\"b;\""},
        {"SELECT '\\'; SELECT 2", "1 SELECT '\\'|1 SELECT 2"},
        {"SELECT E'\\';', e'\\\\'; SELECT 2", "1 SELECT E'\\';', e'\\\\'|1 SELECT 2"},
        {"SELECT E'a'\n  '\\';'; SELECT 2", "1 SELECT E'a'\n  '\\';'|2 SELECT 2"},
        /* As the server reads it; libpg_query knows no comment there. */
        {"SELECT E'a' -- x\n -- y\n'\\';'; SELECT 2",
         "1L SELECT E'a' -- x\n -- y\n'\\';'|3 SELECT 2"},
        {"SELECT E'a''\\';'; SELECT 2", "1 SELECT E'a''\\';'|1 SELECT 2"},
        {"SELECT N'\\', B'1', X'f', U&'\\0041;'; SELECT U&\"\\0041;\"",
         "1 SELECT N'\\', B'1', X'f', U&'\\0041;'|1 SELECT U&\"\\0041;\""},
        {"SELECT name'\\'; SELECT 2", "1 SELECT name'\\'|1 SELECT 2"},
        {"DO $$ BEGIN; -- it's\nEND; $$; SELECT 2", "1 DO $$ BEGIN; -- it's\nEND; $$|2 SELECT 2"},
        {"DO $a$ x; $b$ y; $$ z; $$ $b$ $A$ $a$; SELECT 2",
         "1 DO $a$ x; $b$ y; $$ z; $$ $b$ $A$ $a$|1 SELECT 2"},
        {"DO $$ $a$ $$; SELECT $$$a;$$; SELECT $x$ $$x$; SELECT 4",
         "1 DO $$ $a$ $$|1 SELECT $$$a;$$|1 SELECT $x$ $$x$|1 SELECT 4"},
        {"SELECT a$b$ FROM c$b$; SELECT 2", "1 SELECT a$b$ FROM c$b$|1 SELECT 2"},
        {"SELECT $1; SELECT $2", "1 SELECT $1|1 SELECT $2"},
        {"SELECT $ä$;$ä$; SELECT 2", "1 SELECT $ä$;$ä$|1 SELECT 2"},
        {"SELECT (1; 2); SELECT 3", "1L SELECT (1; 2)|1 SELECT 3"},
        {"SELECT 1); SELECT 2", "1L SELECT 1)|1 SELECT 2"},
        {"CREATE RULE r AS ON DELETE TO t DO INSTEAD (SELECT 1; SELECT 2); SELECT 3",
         "1 CREATE RULE r AS ON DELETE TO t DO INSTEAD (SELECT 1; SELECT 2)|1 SELECT 3"},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

#define ATOMIC "CREATE FUNCTION f(a int) RETURNS int\nBEGIN ATOMIC\n"

static void test_bodies(void **state)
{
    static const struct row rows[] = {
        {ATOMIC " SELECT 1; SELECT 2; END; SELECT 3",
         "1 " ATOMIC " SELECT 1; SELECT 2; END|3 SELECT 3"},
        {"CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); END; SELECT 1",
         "1 CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); END|1 SELECT 1"},
        {ATOMIC "SELECT CASE WHEN a > 1 THEN CASE a WHEN 2 THEN 3 END ELSE 4 END; END; "
         "DROP TABLE x",
         "1 " ATOMIC
         "SELECT CASE WHEN a > 1 THEN CASE a WHEN 2 THEN 3 END ELSE 4 END; END|3 DROP TABLE x"},
        {ATOMIC "SELECT 1 AS end; SELECT t.end FROM t; SELECT 2 AS case; END; SELECT 3",
         "1 " ATOMIC "SELECT 1 AS end; SELECT t.end FROM t; SELECT 2 AS case; END|3 SELECT 3"},
        /* By the lexical reading alone, because the parser does not know the last statement. */
        {ATOMIC "SELECT 1 AS end; SELECT t.end FROM t; SELECT 2 AS case; END; "
         "ALTER TABLE t ADD NOT NULL a",
         "1 " ATOMIC "SELECT 1 AS end; SELECT t.end FROM t; SELECT 2 AS case; END|"
         "3L ALTER TABLE t ADD NOT NULL a"},
        /* The lexical reading goes wrong at the label, the parser does not. */
        {ATOMIC "SELECT 1 end; SELECT 2; END; SELECT 3",
         "1 " ATOMIC "SELECT 1 end; SELECT 2; END|3 SELECT 3"},
        {"SELECT 0;\n" ATOMIC "SELECT 1 end; SELECT 2; END; COPY t FROM stdin;\n1\n\\.\nSELECT 3",
         "1 SELECT 0|2 " ATOMIC "SELECT 1 end; SELECT 2; END|4C COPY t FROM stdin{1\n}|7 SELECT 3"},
        {"CREATE TABLE atomic (begin int, \"end\" int); BEGIN; END; SELECT 1",
         "1 CREATE TABLE atomic (begin int, \"end\" int)|1T BEGIN|1T END|1 SELECT 1"},
        {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'BEGIN ATOMIC'; SELECT 1",
         "1 CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'BEGIN ATOMIC'|1 SELECT 1"},
        {"CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1; SELECT 1",
         "1 CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1|1 SELECT 1"},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_copy(void **state)
{
    static const struct row rows[] = {
        {"COPY t FROM STDIN;\n1;2\t'\n-- x\n$$\n\\.\nSELECT 1;",
         "1C COPY t FROM STDIN{1;2\t'\n-- x\n$$\n}|6 SELECT 1"},
        {"COPY t (a, \"b\") FROM stdin WITH (FORMAT csv, DELIMITER ';');\r\n1;2\r\n\\.\r\n"
         "SELECT 1;\r\n",
         "1C COPY t (a, \"b\") FROM stdin WITH (FORMAT csv, DELIMITER ';'){1;2\r\n}|4 SELECT 1"},
        {"COPY t FROM stdin; -- rows\n1\n\\.", "1C COPY t FROM stdin{1\n}"},
        {"COPY t FROM stdin;\n\\.\nSELECT 1", "1C COPY t FROM stdin{}|3 SELECT 1"},
        {"COPY t FROM stdin;\n\\N\n\\.x\n\\\\.\n\\.\n", "1C COPY t FROM stdin{\\N\n\\.x\n\\\\.\n}"},
        {"COPY t FROM stdin", "1C COPY t FROM stdin{}"},
        {"\xef\xbb\xbf" "COPY t FROM stdin;\n;\n\\.\n", "1C COPY t FROM stdin{;\n}"},
        {"COPY t FROM stdin;\n\n-- the end\n/* of it */\n", "1C COPY t FROM stdin{}"},
        {"COPY a FROM stdin;\n1\n\\.\nCOPY b FROM stdin;\n2\n\\.\n",
         "1C COPY a FROM stdin{1\n}|4C COPY b FROM stdin{2\n}"},
        {"COPY t FROM '/stdin'; COPY (SELECT 1) TO stdout; COPY t FROM PROGRAM 'stdin'; SELECT 1",
         "1 COPY t FROM '/stdin'|1 COPY (SELECT 1) TO stdout|1 COPY t FROM PROGRAM 'stdin'|"
         "1 SELECT 1"},
        {"SELECT 1 FROM stdin;\nSELECT 2", "1 SELECT 1 FROM stdin|2 SELECT 2"},
        {"COPY (SELECT * FROM stdin) TO stdout;\nSELECT 2",
         "1 COPY (SELECT * FROM stdin) TO stdout|2 SELECT 2"},
        {"COPY t FROM stdin; SELECT 2;\n", "1C COPY t FROM stdin{}|1 SELECT 2"},
        {"COPY t FROM stdin WITH (ON_ERROR ignore, REJECT_LIMIT 3 oops);\nx\n\\.\n",
         "1CL COPY t FROM stdin WITH (ON_ERROR ignore, REJECT_LIMIT 3 oops){x\n}"},
        {"SELECT 1;\nCOPY t FROM stdin;\n1\n",
         "! the COPY data that begins in line 3 does not end"},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_meta(void **state)
{
    static const struct row rows[] = {
        {"\\i more.sql; it's\nSELECT 1;", "1M \\i more.sql; it's|2 SELECT 1"},
        {"SELECT 1;\r\n\\set a 'b\r\nSELECT 2", "1 SELECT 1|2M \\set a 'b|3 SELECT 2"},
        {"SELECT 1 \\g\nSELECT 2", "1 SELECT 1|1M \\g|2 SELECT 2"},
        {"SELECT (1 \\gexec\nSELECT 2", "1L SELECT (1|1M \\gexec|2 SELECT 2"},
        {"\\copy t from 'x'", "1M \\copy t from 'x'"},
        {"\\", "1M \\"},
        {"SELECT '\\i', E'\\'\\i', $$\\i$$ -- \\i\n/* \\i */",
         "1 SELECT '\\i', E'\\'\\i', $$\\i$$"},
        {"\\.\nSELECT 1", "1M \\.|2 SELECT 1"},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_flags(void **state)
{
    static const struct row rows[] = {
        {"BEGIN; START TRANSACTION; COMMIT; END; ROLLBACK; ABORT",
         "1T BEGIN|1T START TRANSACTION|1T COMMIT|1T END|1T ROLLBACK|1T ABORT"},
        {"SAVEPOINT a; RELEASE a; ROLLBACK TO a; PREPARE TRANSACTION 'x'; COMMIT PREPARED 'x'",
         "1T SAVEPOINT a|1T RELEASE a|1T ROLLBACK TO a|1T PREPARE TRANSACTION 'x'|"
         "1T COMMIT PREPARED 'x'"},
        {"begin work; /* x */ Commit and chain; PREPARE p AS SELECT 1; \"begin\"",
         "1T begin work|1T Commit and chain|1 PREPARE p AS SELECT 1|1L \"begin\""},
        {"CREATE INDEX CONCURRENTLY i ON t (a); create unique index /* */ concurrently on t (a)",
         "1I CREATE INDEX CONCURRENTLY i ON t (a)|"
         "1I create unique index /* */ concurrently on t (a)"},
        {"CREATE INDEX i ON t (concurrently_built); CREATE INDEX \"concurrently\" ON t (a)",
         "1 CREATE INDEX i ON t (concurrently_built)|1 CREATE INDEX \"concurrently\" ON t (a)"},
        {"REINDEX INDEX CONCURRENTLY i; REINDEX (VERBOSE) TABLE CONCURRENTLY t",
         "1I REINDEX INDEX CONCURRENTLY i|1I REINDEX (VERBOSE) TABLE CONCURRENTLY t"},
        {"REINDEX (CONCURRENTLY) TABLE t; REINDEX (CONCURRENTLY false, VERBOSE) TABLE t",
         "1I REINDEX (CONCURRENTLY) TABLE t|1 REINDEX (CONCURRENTLY false, VERBOSE) TABLE t"},
        {"REINDEX TABLE t; DROP INDEX CONCURRENTLY i",
         "1 REINDEX TABLE t|1 DROP INDEX CONCURRENTLY i"},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

/* What PostgreSQL 15's parser does not know, between what it knows. */
static void test_newer_syntax(void **state)
{
    static const char *const newer[] = {
        "MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING t.id",
        "SELECT * FROM JSON_TABLE('[1;]', '$[*]' COLUMNS (id int PATH '$')) AS j",
        "CREATE TABLE v (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL)",
        "ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID",
        "ALTER TABLE t ALTER COLUMN g SET EXPRESSION AS (a + 1)",
        "CREATE TABLE w (id int, valid daterange, PRIMARY KEY (id, valid WITHOUT OVERLAPS))",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(newer); i++) {
        char text[512], wanted[512];

        snprintf(text, sizeof text, "SELECT ';';\n%s;\nSELECT 2;", newer[i]);
        snprintf(wanted, sizeof wanted, "1 SELECT ';'|2L %s|3 SELECT 2", newer[i]);
        check_cut(text, wanted);
    }
}

static void test_does_not_end(void **state)
{
    static const struct row rows[] = {
        {"SELECT 1;\n\nSELECT 'a\nb;", "! the quote that begins in line 3 does not end"},
        {"SELECT \"a\n;", "! the quote that begins in line 1 does not end"},
        {"\nSELECT E'a\\'", "! the quote that begins in line 2 does not end"},
        {"SELECT '", "! the quote that begins in line 1 does not end"},
        {"SELECT E'\\", "! the quote that begins in line 1 does not end"},
        {"DO $a$\n$$ $A$ $a", "! the dollar quote that begins in line 1 does not end"},
        {"SELECT 1; /* a\n/* b */\n", "! the block comment that begins in line 1 does not end"},
        {"COPY t FROM stdin;\r\n1\r\n\\.x", "! the COPY data that begins in line 2 does not end"},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
    check_comments("\nSELECT '", "! the quote that begins in line 2 does not end");
    check_comments("-- a\n/*", "1/0 -- a! the block comment that begins in line 2 does not end");
}

/* NUL and bytes that are no UTF-8 are no reason to stop, nor for another statement to be LEXED. */
static void test_any_bytes(void **state)
{
    static const char text[] = "SELECT 1;SELECT '\xff';SELECT \0 2;\xe4\xb8;SELECT 3";
    auto_buf struct buf out = {0};
    struct err err = ERR_INIT;
    char *copy = exact(text, sizeof text - 1);

    (void)state;
    assert_int_equal(split_statements(copy, sizeof text - 1, show, &out, &err), 0);
    assert_non_null(strstr(buf_text(&out), "1 SELECT 1|1L SELECT '\xff'|1L SELECT "));
    assert_string_equal(buf_text(&out) + out.len - strlen("|1L \xe4\xb8|1 SELECT 3"),
                        "|1L \xe4\xb8|1 SELECT 3");
    free(copy);
}

static void test_comments(void **state)
{
    static const struct row rows[] = {
        {"", ""},
        {"-- a", "1/0 -- a"},
        {"\xef\xbb\xbf-- a\n-- b", "1/0 -- a|2/0 -- b"},
        {"-- a\r\n\t --b \n--\n", "1/0 -- a|2/0 --b |3/0 --"},
        {"SELECT 1; -- no\n-- yes\nSELECT 2 -- no\n-- inside\n;", "2/0 -- yes|4/0 -- inside"},
        {"CREATE TABLE t (\n-- in\n a int, b numeric(\n-- deep\n1));\n-- out",
         "2/1 -- in|4/2 -- deep|6/0 -- out"},
        {"SELECT '\n-- q\n', \"\n-- i\n\", $$\n-- d\n$$ /*\n-- c\n*/ -- not alone\n"
         ";-- nor this\n", ""},
        {"COPY t FROM stdin;\n-- row\n\\.\n-- after", "4/0 -- after"},
        {ATOMIC "-- in\nSELECT 1;\n-- in\nEND;\n-- out", "3/1 -- in|5/1 -- in|7/0 -- out"},
        {"\\echo\n-- a\n\\echo -- b\n", "2/0 -- a"},
        {"/* x */ -- no\n -- yes", "2/0 -- yes"},
        {"SELECT E'a'\n-- within a string\n'b'", ""},
        {"-- a\r-- b\r\n-- c", "1/0 -- a|2/0 -- c"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_comments(rows[i].text, rows[i].wanted);
}

static int stop_at_two(void *arg, const struct split_statement *s)
{
    (void)s;
    return ++*(int *)arg == 2 ? 7 : 0;
}

static int stop_at_comment(void *arg, const struct split_comment *c)
{
    (void)c;
    return ++*(int *)arg == 2 ? -5 : 0;
}

static void test_stopped(void **state)
{
    const char *text = "SELECT 1; SELECT 2; SELECT 3";
    const char *comments = "-- 1\n-- 2\n-- 3\n'";
    struct err err = ERR_INIT;
    int calls = 0;

    (void)state;
    assert_int_equal(split_statements(text, strlen(text), stop_at_two, &calls, &err), 7);
    assert_int_equal(calls, 2);
    calls = 0;
    assert_int_equal(split_comments(comments, strlen(comments), stop_at_comment, &calls, &err), -5);
    assert_int_equal(calls, 2);
    assert_int_equal(err.code, ERR_NONE);
}

struct tally {
    size_t n, lexed, code;
};

static int count(void *arg, const struct split_statement *s)
{
    struct tally *tally = arg;

    tally->n++;
    tally->lexed += (s->flags & SPLIT_LEXED) != 0;
    tally->code += s->code;
    return 0;
}

static struct tally tally_of(const struct buf *sql)
{
    struct tally tally = {0};
    struct err err = ERR_INIT;

    assert_int_equal(split_statements(sql->data, sql->len, count, &tally, &err), 0);
    return tally;
}

/* What is deep or long must not end the program; what stands beside it is parsed all the same. */
static void test_large(void **state)
{
    static const char *const chains[] = {"+1", "(", "NOT ", "- ", "CASE WHEN ", "[", "a.", "::int",
                                         " UNION SELECT 1", " OR 1"};
    struct tally tally;

    (void)state;
    for (size_t c = 0; c < COUNT(chains); c++)
        for (size_t max = SPLIT_CODE_MAX - 100; max <= 1 << 21; max *= 32) {
            auto_buf struct buf sql = {0};

            buf_adds(&sql, "SELECT 1; SELECT 1 ");
            while (sql.len < max)
                buf_adds(&sql, chains[c]);
            tally = tally_of(&sql);
            assert_in_range(tally.n, 2, 3);
            assert_true(tally.lexed < 2);
            assert_true(tally.code < sql.len && tally.code > sql.len - 10);
        }
    auto_buf struct buf sql = {0};

    for (int i = 0; i < 300; i++)
        buf_addf(&sql, "INSERT INTO t VALUES ('%0*d;');\n", 20000, i);
    tally = tally_of(&sql); /* 6 MB, several stretches */
    assert_int_equal(tally.n, 300);
    assert_int_equal(tally.lexed, 0);
    assert_true(tally.code < 300 * 40);
}

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void test_speed(void **state)
{
    auto_buf struct buf sql = {0};
    int64_t start, good, bad;

    (void)state;
    for (int i = 0; i < 5000; i++)
        buf_addf(&sql, "ALTER TABLE app.orders ADD COLUMN c%d text DEFAULT 'x' NOT NULL;\n", i);
    start = now_us();
    assert_int_equal(tally_of(&sql).n, 5000);
    good = now_us() - start;
    buf_adds(&sql, "ALTER TABLE t ADD CONSTRAINT n NOT NULL a;\n");
    start = now_us();
    assert_int_equal(tally_of(&sql).lexed, 1);
    bad = now_us() - start;
    print_message("5,000 statements: %.1f ms; with one that is unknown: %.1f ms\n",
                  (double)good / 1000, (double)bad / 1000);
    assert_true(good < 1000000 && bad < 1000000); /* sanitizers and valgrind are slow */
}

static void test_parse_split(void **state)
{
    struct parse_cut *cuts = NULL;
    size_t n = 0;

    (void)state;
    assert_int_equal(parse_split("SELECT 1; SELECT 22 ;X", 21, &cuts, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(cuts[0].start, 0);
    assert_int_equal(cuts[0].n, 8);
    assert_true(cuts[1].start >= 9 && cuts[1].start + cuts[1].n >= 19);
    mem_free(cuts);
    assert_int_equal(parse_split("SELEKT", 6, &cuts, &n), -1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_meta),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_newer_syntax),
        cmocka_unit_test(test_does_not_end),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_comments),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_speed),
        cmocka_unit_test(test_parse_split),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
