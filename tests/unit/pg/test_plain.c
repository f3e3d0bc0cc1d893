/* plain: what is refused before anything is run, what is passed over, and that data stay data. */
#include "basetest.h"
#include "pgtest.h"

#include "pg/copy_in.h"
#include "pg/plain.h"

static struct arena *arena;
static char database[64];

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    pgtest_create(database, "plain");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pgtest_drop(database);
    arena_free(arena);
    return 0;
}

struct text {
    const char *data;
    size_t n, at;
};

static ssize_t read_some(void *arg, void *data, size_t cap, struct err *err)
{
    struct text *text = arg;
    size_t n = text->n - text->at < 1000 ? text->n - text->at : 1000;

    (void)err;
    n = n < cap ? n : cap;
    memcpy(data, text->data + text->at, n);
    text->at += n;
    return (ssize_t)n;
}

static int check(const char *sql, size_t n, struct plain_about *about, struct err *err)
{
    struct text text = {.data = sql, .n = n};
    const struct plain_in in = {.read = read_some, .arg = &text};

    return plain_check(&in, about, err);
}

static void take_note(void *arg, const char *text)
{
    buf_addf(arg, "%s\n", text);
}

static int load(const char *sql, struct buf *notes, struct err *err)
{
    struct text text = {.data = sql, .n = strlen(sql)};
    const struct plain_in in = {.read = read_some, .arg = &text};
    struct db *db = NULL;
    int rc = copy_in_open(pgtest_target(arena, database, NULL), NULL, &db, err);

    assert_int_equal(rc, 0);
    rc = plain_load(db, &in, take_note, notes, err);

    db_close(db);
    return rc;
}

static void test_refused(void **state)
{
    static const struct {
        const char *sql, *expected;
    } cases[] = {
        {"SELECT 1;\n\\! touch /tmp/x\n", "line 2: the file holds a command of psql"},
        {"SELECT 1 \\gexec\n", "line 1: the file holds a command of psql"},
        {"\\i other.sql\n", "a command of psql"},
        {"\\copy t from 'x'\n", "a command of psql"},
        {"\\set x `id`\n", "a command of psql"},
        {"\\restricted x\n", "a command of psql"},
        {"\\connect shop\n", "goes to a database of its own choice"},
        {"\\c shop\n", "goes to a database of its own choice"},
        {"CREATE DATABASE x;", "about the server or another database"},
        {"/* a */ create /* b */ database x;", "about the server or another database"},
        {"DROP DATABASE x;", "about the server"},
        {"ALTER DATABASE x SET a = b;", "about the server"},
        {"CREATE ROLE x PASSWORD 'secret';", "about the server"},
        {"ALTER USER x SUPERUSER;", "about the server"},
        {"DROP TABLESPACE x;", "about the server"},
        {"ALTER SYSTEM SET archive_command = 'id';", "about the server"},
        {"GRANT a TO b;", "about the server"},
        {"GRANT CONNECT ON DATABASE x TO b;", "about the server"},
        {"DROP OWNED BY x;", "about the server"},
        {"COPY t FROM PROGRAM 'id';", "reads or writes a file or a program"},
        {"COPY t FROM '/etc/passwd';", "reads or writes a file or a program"},
        {"COPY (SELECT 1) TO PROGRAM 'id';", "reads or writes a file or a program"},
        {"COPY t TO STDOUT;", "reads or writes a file or a program"},
        {"LOAD 'x';", "begins like no statement"},
        {"hello world;", "begins like no statement"},
        {"1;", "begins like no statement"},
        {"SET standard_conforming_strings = off;", "written for standard_conforming_strings"},
        {"-- PostgreSQL database cluster dump\nSELECT 1;", "pg_dumpall wrote the file"},
        {"-- PostgreSQL database dump\nSELECT 1;", "cut off: its last line is missing"},
        {"-- PostgreSQL database dump\nSELECT 1;\n-- PostgreSQL database dump complete\nSELECT 2;",
         "goes on behind the end of the dump"},
        {"-- PostgreSQL database dump\n\\restrict abc\nSELECT 1;\n"
         "-- PostgreSQL database dump complete\n\\unrestrict ab", "its last line is missing"},
        {"COPY t FROM stdin;\n1\n", "does not end"},
        {"SELECT 'x;", "does not end"},
        {"SELECT 1", "does not end"},
        {"-- nothing\n", "there is no statement"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct plain_about about;
        struct err err = ERR_INIT;

        if (check(cases[i].sql, strlen(cases[i].sql), &about, &err) == 0)
            fail_msg("%s was not refused", cases[i].sql);
        basetest_has(err.primary, cases[i].expected);
        assert_int_equal(err.code, ERR_PREPARE);
        assert_null(strstr(err.detail, "secret"));
    }
    {
        struct plain_about about;
        struct err err = ERR_INIT;

        assert_int_equal(check("SELECT 1\0; DROP", 15, &about, &err), -1);
    }
}

static void test_taken(void **state)
{
    static const char dump[] =
        "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\n"
        "-- Dumped from database version 15.20 (Debian 15.20-0)\n"
        "-- Dumped by pg_dump version 17.2\n\n"
        "SET some_new_setting = 0;\nSET client_encoding = 'UTF8';\n"
        "SET standard_conforming_strings = on;\nSELECT pg_catalog.set_config('search_path', '', false);\n"
        "CREATE SCHEMA public;\nCOMMENT ON DATABASE other IS 'no';\n"
        "CREATE TABLE public.t (a int, b text);\n"
        "COPY public.t (a, b) FROM stdin;\n1\t\\\\! touch x\n2\t; DROP TABLE t;\n\\.\n\n"
        "CREATE USER MAPPING FOR postgres SERVER s;\n"
        "GRANT SELECT ON TABLE public.t TO PUBLIC;\n"
        "--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n";
    auto_buf struct buf text = {0}, notes = {0};
    struct plain_about about;
    struct err err = ERR_INIT;

    (void)state;
    if (check(dump, strlen(dump), &about, &err) != 0)
        fail_msg("%s", err.primary);
    assert_true(about.is_dump);
    assert_string_equal(about.server, "15.20");
    assert_string_equal(about.pg_dump, "17.2");
    buf_adds(&text, dump);
    memmove(strstr(text.data, "CREATE USER MAPPING"), strstr(text.data, "GRANT SELECT"),
            strlen(strstr(text.data, "GRANT SELECT")) + 1);
    if (load(text.data, &notes, &err) != 0)
        fail_msg("%s", err.primary);
    basetest_has(buf_text(&notes), "line 10 is passed over, this server has no such setting: SET "
                                   "some_new_setting");
    basetest_has(buf_text(&notes), "line 14 is passed over, a new database has that schema");
    basetest_has(buf_text(&notes), "line 15 is passed over, it is about a database by its name");
    assert_string_equal(
        pgtest_value(database, "SELECT string_agg(a || b, '|' ORDER BY a) FROM public.t"),
        "1\\! touch x|2; DROP TABLE t;");
}

/* A COPY that fails does not turn its data into statements. */
static void test_failing_copy(void **state)
{
    auto_buf struct buf notes = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(load("CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\nx\n"
                          "CREATE TABLE taken ();\n\\.\nCREATE TABLE later ();\n",
                          &notes, &err),
                     -1);
    basetest_has(err.primary, "line 2: database");
    basetest_has(err.primary, "invalid input syntax for type integer");
    basetest_has(err.detail, "line 2");
    assert_string_equal(pgtest_value(database, "SELECT count(*) FROM pg_class WHERE relname IN "
                                               "('taken', 'later')"),
                        "0");
    err_clear(&err);
    assert_int_equal(load("COPY missing FROM stdin;\nCREATE TABLE taken ();\n\\.\n", &notes, &err),
                     -1);
    basetest_has(err.primary, "does not exist");
    err_clear(&err);
    assert_int_equal(load("BEGIN;\nCREATE TABLE u ();\n", &notes, &err), -1);
    basetest_has(err.primary, "within a transaction");
    err_clear(&err);
    assert_int_equal(load("SELECT 1;\nSELECT wrong;\n", &notes, &err), -1);
    basetest_has(err.primary, "line 2: ");
    assert_string_equal(pgtest_value(database, "SELECT count(*) FROM pg_class WHERE relname IN "
                                               "('taken', 'later', 'u')"),
                        "0");
}

static void test_large(void **state)
{
    auto_buf struct buf text = {0}, notes = {0};
    struct err err = ERR_INIT;

    (void)state;
    buf_adds(&text, "CREATE TABLE t (a int, b text);\nCOPY t FROM stdin;\n");
    for (int i = 0; i < 200000; i++)
        buf_addf(&text, "%d\tsome text that is there to fill the row with %d\n", i, i * 7);
    buf_adds(&text, "\\.\n");
    if (load(text.data, &notes, &err) != 0)
        fail_msg("%s", err.primary);
    assert_string_equal(pgtest_value(database, "SELECT count(*) || '/' || sum(a) FROM t"),
                        "200000/19999900000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failing_copy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
