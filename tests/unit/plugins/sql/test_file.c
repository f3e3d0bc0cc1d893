/* file: revision files of plain SQL, and what is wrong with them. */
#include "filetest.h"

static const char whole[] =
    "-- add users\n"
    "-- and their teams\n"
    "--\n"
    "--   - indented\n"
    "--\n"
    "-- Revision ID: 1f0a6c3b9d21\n"
    "-- Revises: 9f8e7d6c0001, 1a2b3c4d0002\n"
    "-- Create Date: 2026-01-31 13:45:10\n"
    "-- Branch Labels: shop\n"
    "-- Depends On: billing,other\n"
    "\n"
    "-- upgrade\n"
    "CREATE TABLE users (id bigint PRIMARY KEY);\n"
    "\n"
    "-- downgrade\n"
    "-- no transaction\n"
    "DROP TABLE users;\n";

static int parse(struct filetest *f, const char *text, size_t n, struct file *file)
{
    char *copy = malloc(n > 0 ? n : 1); /* exactly as long, so that a step beyond it is seen */
    int rc;

    assert_non_null(copy);
    memcpy(copy, text, n);
    rc = file_parse(f->call, "/p/a.sql", copy, n, file);
    for (struct file_section *s = &file->upgrade; rc == 0; s = &file->downgrade) {
        if (s->text != NULL)
            s->text = arena_strndup(f->call->arena, s->text, s->n);
        if (s == &file->downgrade)
            break;
    }
    free(copy);
    return rc;
}

#define PARSE(f, text, file) parse(f, text, strlen(text), file)

static void refused(struct filetest *f, const char *text, const char *primary, const char *hint)
{
    struct file file;

    if (PARSE(f, text, &file) == 0)
        print_error("accepted: %s\n", text);
    assert_int_equal(PARSE(f, text, &file), -1);
    filetest_failed(f, primary, hint);
}

static void check_fields(struct filetest *f, const struct file *file)
{
    assert_string_equal(file->id, "1f0a6c3b9d21");
    assert_string_equal(file->create_date, "2026-01-31 13:45:10");
    assert_string_equal(filetest_joined(f, file->down), "9f8e7d6c0001|1a2b3c4d0002|");
    assert_string_equal(filetest_joined(f, file->labels), "shop|");
    assert_string_equal(filetest_joined(f, file->depends_on), "billing|other|");
    assert_string_equal(file->doc, "add users\nand their teams\n\n  - indented\n\n"
                                   "Revision ID: 1f0a6c3b9d21\n"
                                   "Revises: 9f8e7d6c0001, 1a2b3c4d0002\n"
                                   "Create Date: 2026-01-31 13:45:10\n"
                                   "Branch Labels: shop\nDepends On: billing,other");
}

static void test_whole(void **state)
{
    struct filetest *f = *state;
    const char *path = filetest_put(f, "a.sql", whole);
    struct file file;

    assert_int_equal(file_read(f->call, path, &file), 0);
    assert_ptr_equal(file.path, path);
    check_fields(f, &file);
    assert_int_equal(file.upgrade.n, strlen("CREATE TABLE users (id bigint PRIMARY KEY);\n\n"));
    assert_memory_equal(file.upgrade.text, "CREATE TABLE", 12);
    assert_int_equal(file.upgrade.line, 13);
    assert_false(file.upgrade.no_transaction);
    assert_int_equal(file.downgrade.n, strlen("-- no transaction\nDROP TABLE users;\n"));
    assert_int_equal(file.downgrade.line, 16);
    assert_true(file.downgrade.no_transaction);
    assert_int_equal(strlen(file.sha256), 64);
    assert_int_equal(file_header(f->call, path, &file), 0);
    check_fields(f, &file);
    assert_null(file.upgrade.text);
}

static void test_sha256(void **state)
{
    struct filetest *f = *state;
    struct file file;

    assert_int_equal(PARSE(f, "-- Revision ID: a\n-- upgrade\n", &file), 0);
    /* printf -- '-- Revision ID: a\n-- upgrade\n' | sha256sum */
    assert_string_equal(file.sha256,
                        "47d7243e0bf50bbf4d9f343407e0311fc8693771e2fc562c756b00f18d369efc");
}

static void test_forms(void **state)
{
    struct filetest *f = *state;
    struct file file;

    /* CRLF, a byte order mark, any case, blanks, no blank behind the dashes. */
    assert_int_equal(PARSE(f, "\xef\xbb\xbf-- x\r\n  --  revision id :  a1 \r\n--\r\n-- UPGRADE\r\n"
                           "COPY t FROM stdin;\r\n1\r\n\\.\r\n --Downgrade \r\nDROP TABLE t\r\n",
                           &file), 0);
    assert_string_equal(file.id, "a1");
    assert_string_equal(file.doc, "x\n revision id :  a1");
    assert_string_equal(file.upgrade.text, "COPY t FROM stdin;\r\n1\r\n\\.\r\n");
    assert_int_equal(file.upgrade.line, 5);
    assert_string_equal(file.downgrade.text, "DROP TABLE t\r\n");
    assert_string_equal(filetest_joined(f, file.down), "");
    assert_string_equal(file.create_date, "");

    /* The first section may be the downgrade; a section may be missing, or at the very end. */
    assert_int_equal(PARSE(f, "-- Revision ID: a\n-- downgrade\nSELECT 1\n-- upgrade", &file), 0);
    assert_string_equal(file.upgrade.text, "");
    assert_string_equal(file.downgrade.text, "SELECT 1\n");
    assert_int_equal(PARSE(f, "-- Revision ID: a\n-- downgrade\n", &file), 0);
    assert_null(file.upgrade.text);

    /* Comments of both kinds may stand before the first marker. */
    assert_int_equal(PARSE(f, "-- Revision ID: a\n-- Revises: ,b,\n\n-- why\n/* ; -- upgrade\n */\n"
                           "-- no transaction\n-- upgrade\nSELECT 1;", &file), 0);
    assert_string_equal(file.doc, "Revision ID: a\nRevises: ,b,\n\nwhy");
    assert_string_equal(filetest_joined(f, file.down), "b|");
    assert_string_equal(file.upgrade.text, "SELECT 1;");
    assert_int_equal(file.upgrade.line, 9);
    assert_true(file.upgrade.no_transaction && file.downgrade.no_transaction);
    assert_int_equal(PARSE(f, "-- no transaction\n-- Revision ID: a\n-- upgrade\n", &file), 0);
    assert_true(file.upgrade.no_transaction && file.downgrade.no_transaction);

    /* A message may look like a marker; what looks like a field of another name is text. */
    assert_int_equal(PARSE(f, "-- upgrade\n-- Author: me\n-- Revision ID: a\n-- upgrade\n", &file),
                     0);
    assert_string_equal(file.doc, "upgrade\nAuthor: me\nRevision ID: a");
    assert_int_equal(file.upgrade.line, 5);
}

static void test_markers(void **state)
{
    struct filetest *f = *state;
    struct file file;

    /* Only outside of quotes, block comments, parentheses, bodies, and data. */
    assert_int_equal(PARSE(f, "-- Revision ID: a\n-- upgrade\n"
                           "DO $$\n-- downgrade\n$$; SELECT '\n-- downgrade\n', "
                           "(1\n-- downgrade\n);\n"
                           "/*\n-- downgrade\n*/ SELECT 1; -- downgrade\n"
                           "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC\n-- downgrade\n"
                           "SELECT 1; END;\n"
                           "COPY t FROM stdin;\n-- downgrade\n\\.\n"
                           "CREATE TABLE last (a int)\n-- downgrade\nDROP TABLE last;", &file), 0);
    assert_string_equal(file.downgrade.text, "DROP TABLE last;");
    assert_int_equal(file.downgrade.line, 21);

    refused(f, "-- Revision ID: a\n-- upgrade\n-- upgrade\n", "\"/p/a.sql\" line 3: the marker "
            "\"-- upgrade\" stands in line 2 already", NULL);
    refused(f, "-- Revision ID: a\n-- downgrade\nSELECT 1;\n-- upgrade\n--downgrade\n",
            "line 5: the marker \"-- downgrade\" stands in line 2 already", NULL);
    refused(f, "-- Revision ID: a\nSELECT 1;\n-- upgrade\n",
            "line 2: a statement stands before the first marker", "\"-- upgrade\"");
    refused(f, "-- Revision ID: a\n/* x */\n\nSELECT 1;\n-- upgrade\n",
            "line 4: a statement stands", NULL);
    refused(f, "-- Revision ID: a\n\nSELECT 1;\n", "\"/p/a.sql\" line 3: no marker stands behind "
            "the header", "\"-- upgrade\" and \"-- downgrade\"");
    refused(f, "-- Revision ID: a", "no marker stands behind the header", NULL);
    refused(f, "-- Revision ID: a\n-- upgrade\nSELECT 1;\n-- down\nDROP TABLE t;",
            "line 4: \"-- down\" is no marker", "\"-- downgrade\"");
    refused(f, "-- Revision ID: a\n-- upgrade\n-- Downgrade:\n",
            "\"-- Downgrade:\" is no marker", NULL);
    refused(f, "-- Revision ID: a\n-- upgrade\n-- +goose Down\n", "is no marker", NULL);
    refused(f, "-- Revision ID: a\n-- upgrade\n--[no-transaction]\n", "is no marker", NULL);
}

static void test_header_mistakes(void **state)
{
    struct filetest *f = *state;

    refused(f, "", "\"/p/a.sql\" line 1: the header has no \"Revision ID\"", "move other files");
    refused(f, "-- upgrade\nSELECT 1;\n-- downgrade\n", "the header has no \"Revision ID\"", NULL);
    refused(f, "SELECT 1;\n-- Revision ID: a\n", "the header has no \"Revision ID\"", NULL);
    refused(f, "-- x\n-- Revision ID:  \n-- upgrade\n", "line 2: \"Revision ID\" is empty", NULL);
    refused(f, "-- Revision ID: a\n-- Revises: b\n-- revises: c\n-- upgrade\n",
            "\"/p/a.sql\" line 3: field \"Revises\" stands in line 2 already", NULL);
    refused(f, "-- Revision ID: a\n-- x\ry\n-- upgrade\n", "line 2: a carriage return", NULL);
}

static void test_statements_refused(void **state)
{
    struct filetest *f = *state;
    struct file file;

    refused(f, "-- Revision ID: a\n-- upgrade\nSELECT 1;\n\\i more.sql\n",
            "\"/p/a.sql\" line 4: \"\\i more.sql\" is a command of psql", "psql's commands do not");
    refused(f, "-- Revision ID: a\n-- upgrade\n\n-- downgrade\n\nBEGIN;\nSELECT 1;\nCOMMIT;\n",
            "\"/p/a.sql\" line 6: \"BEGIN\" begins or ends a transaction", "-- no transaction");
    refused(f, "-- Revision ID: a\n-- upgrade\nROLLBACK\nAND CHAIN;\n",
            "line 3: \"ROLLBACK\" begins", NULL);
    refused(f, "-- Revision ID: a\n-- upgrade\n-- no transaction\nSAVEPOINT a;\n",
            "line 4: \"SAVEPOINT a\" begins", NULL);
    assert_int_equal(PARSE(f, "-- Revision ID: a\n-- upgrade\nSAVEPOINT a; rollback work to\na; "
                           "RELEASE a;", &file), 0);

    /* All of them. */
    assert_int_equal(PARSE(f, "-- Revision ID: a\n-- upgrade\nCOMMIT; SELECT 1;\n"
                           "-- downgrade\n\\q\n", &file), -1);
    assert_non_null(strstr(f->call->err.detail, "line 5: \"\\q\""));
    filetest_failed(f, "line 3: \"COMMIT\"", NULL);

    /* Cut between characters. */
    refused(f, "-- Revision ID: a\n-- upgrade\n"
            "\\echo ääääääääääääääääääääääääääääääääääääääääääää\n",
            "line 3: \"\\echo äääääääääääääääääääääääääää\" is a command", NULL);
}

static void test_does_not_end(void **state)
{
    struct filetest *f = *state;
    struct file file;

    assert_int_equal(PARSE(f, "-- Revision ID: a\n-- upgrade\nSELECT 'x;\n-- downgrade\n", &file),
                     -1);
    assert_non_null(strstr(f->call->err.detail, "in \"/p/a.sql\""));
    filetest_failed(f, "the quote that begins in line 3 does not end", NULL);
}

static void test_encoding(void **state)
{
    struct filetest *f = *state;
    struct file file;
    static const char nul[] = "-- Revision ID: a\n-- upgrade\n\n\0";
    static const char *const bad[] = {"\xff", "\xc3", "\xe4\xb8", "\xc0\x80", "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(f,
                arena_printf(f->call->arena, "-- Revision ID: a\n-- upgrade\nSELECT '%s", bad[i]),
                "\"/p/a.sql\" line 3: a character is not in UTF-8", "Save the file in UTF-8");
    assert_int_equal(parse(f, nul, sizeof nul - 1, &file), -1);
    filetest_failed(f, "line 4: a character is not in UTF-8", NULL);
    assert_int_equal(PARSE(f, "-- é€😀\n-- Revision ID: a\n-- upgrade\n", &file), 0);
    assert_int_equal(file_header(f->call, filetest_put(f, "x.sql", "-- Revision ID: a\n-- \xff\n"),
                                 &file), -1);
    filetest_failed(f, "x.sql\" line 2: a character is not in UTF-8", NULL);
    assert_int_equal(file_header(f->call, filetest_put(f, "y.sql", "\xff\xfe-\n"), &file), -1);
    filetest_failed(f, "y.sql\" line 1: a character is not in UTF-8", NULL);
}

/* What follows the header is not looked at; a header may be longer than one read. */
static void test_header_alone(void **state)
{
    struct filetest *f = *state;
    auto_buf struct buf text = {0};
    struct file file;

    buf_adds(&text, "-- Revision ID: a\n\n-- upgrade\n'\xff\\i");
    assert_int_equal(file_header(f->call, filetest_put(f, "a.sql", text.data), &file), 0);
    assert_string_equal(file.id, "a");
    for (size_t around = 4090; around < 4100; around++) { /* the marker across the end of a read */
        buf_reset(&text);
        while (text.len < around - 20)
            buf_adds(&text, "-- x\n");
        buf_adds(&text, "-- Revision ID: abc");
        while (text.len < around)
            buf_addc(&text, 'd');
        buf_adds(&text, "\n-- upgrade\nSELECT '");
        assert_int_equal(file_header(f->call, filetest_put(f, "b.sql", text.data), &file), 0);
        assert_int_equal(strncmp(file.id, "abc", 3), 0);
        assert_null(strstr(file.doc, "upgrade"));
    }
    buf_reset(&text);
    while (text.len < 300 * 1024)
        buf_adds(&text, "-- x\n");
    buf_adds(&text, "-- Revision ID: a\n-- upgrade\n");
    assert_int_equal(file_header(f->call, filetest_put(f, "c.sql", text.data), &file), -1);
    filetest_failed(f, "c.sql\" is longer than 256 KiB", NULL);
    assert_int_equal(file_read(f->call, filetest_path(f, "c.sql"), &file), 0);
    assert_int_equal(file_header(f->call, filetest_path(f, "none.sql"), &file), -1);
    filetest_failed(f, "none.sql\": No such file", NULL);
    assert_int_equal(file_read(f->call, filetest_path(f, "none.sql"), &file), -1);
    filetest_failed(f, "none.sql\": No such file", NULL);
    assert_int_equal(file_header(f->call, f->dir, &file), -1);
    filetest_failed(f, "Is a directory", NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_whole),
        TEST(test_sha256),
        TEST(test_forms),
        TEST(test_markers),
        TEST(test_header_mistakes),
        TEST(test_statements_refused),
        TEST(test_does_not_end),
        TEST(test_encoding),
        TEST(test_header_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
