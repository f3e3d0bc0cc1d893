/* split_stream: whatever the buffer's size, the same cut as that of a whole text. */
#include "basetest.h"

#include <stdbool.h>

static size_t first_bytes;
#define SPLIT_STREAM_FIRST first_bytes

#include "pg/split_stream.c"

#include "pg/split.h"

struct text {
    const char *data;
    size_t n, at, step;
};

static ssize_t read_some(void *arg, void *data, size_t cap, struct err *err)
{
    struct text *text = arg;
    size_t n = text->n - text->at < text->step ? text->n - text->at : text->step;

    (void)err;
    n = n < cap ? n : cap;
    memcpy(data, text->data + text->at, n);
    text->at += n;
    return (ssize_t)n;
}

static char *stream_cut(const char *text, size_t first, struct buf *out)
{
    struct text in = {.data = text, .n = strlen(text), .step = 1 + first % 7};
    struct split_stream *stream;
    struct split_piece piece;
    struct err err = ERR_INIT;
    bool in_data = false;
    int rc;

    first_bytes = first;
    stream = split_stream_new(read_some, NULL, &in);
    while ((rc = split_stream_next(stream, &piece, &err)) > 0) {
        assert_int_equal(piece.is_data, in_data);
        if (piece.is_data) {
            buf_add(out, piece.text, piece.n);
            in_data = !piece.ends_data;
            if (piece.ends_data)
                buf_adds(out, "}");
            continue;
        }
        assert_int_equal(strlen(piece.text), piece.n);
        assert_memory_equal(piece.text, text + piece.offset, piece.n);
        in_data = (piece.flags & SPLIT_COPY_IN) != 0;
        buf_addf(out, "|%zu %s%s%s", piece.line, piece.flags & SPLIT_META ? "M " : "", piece.text,
                 in_data ? "{" : "");
    }
    if (rc < 0)
        buf_addf(out, "! %s", err.primary);
    split_stream_free(stream);
    return out->data;
}

static const struct {
    const char *text, *wanted;
} cases[] = {
    {"", ""},
    {"-- only this\n\n", ""},
    {"SELECT 1;", "|1 SELECT 1"},
    {"SELECT 1;\nSELECT ';' ;\n", "|1 SELECT 1|2 SELECT ';'"},
    {"\xef\xbb\xbfSELECT 1;", "|1 SELECT 1"},
    {"SELECT $x$ ; $y$ ; $x$;SELECT E'\\';' ;", "|1 SELECT $x$ ; $y$ ; $x$|1 SELECT E'\\';'"},
    {"COPY t (a) FROM stdin;\n1\n2;'\n\\N\n\\.\n\nSELECT 2;\n",
     "|1 COPY t (a) FROM stdin{1\n2;'\n\\N\n}|7 SELECT 2"},
    {"COPY t FROM stdin;\n\\.\nSELECT 2;\n", "|1 COPY t FROM stdin{}|3 SELECT 2"},
    {"COPY t FROM stdin;\r\n1\r\n\\.\r\nSELECT 2;\r\n", "|1 COPY t FROM stdin{1\r\n}|4 SELECT 2"},
    {"COPY t FROM stdin;\n\\\\.\n\\.x\n \\.\nx\\.\n\\.", "|1 COPY t FROM stdin{\\\\.\n\\.x\n \\.\nx\\.\n}"},
    {"\\restrict abc\nSELECT 1;\n\\unrestrict abc\n",
     "|1 M \\restrict abc|2 SELECT 1|3 M \\unrestrict abc"},
    {"SELECT 1\n\\gexec\nSELECT 2;", "|1 SELECT 1|2 M \\gexec|3 SELECT 2"},
    {"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;\nSELECT 3;",
     "|1 CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END|2 SELECT 3"},
    {"SELECT 1;\nSELECT 'x", "|1 SELECT 1! the quote that begins in line 2 does not end"},
    {"SELECT 1;\nSELECT 2", "|1 SELECT 1! the statement that begins in line 2 does not end"},
    {"SELECT /* 1;", "! the block comment that begins in line 1 does not end"},
    {"\nCOPY t FROM stdin;\n1\n2\n",
     "|2 COPY t FROM stdin{1\n2\n! the COPY data that begins in line 3 does not end"},
    {"COPY t FROM stdin;", "! COPY in line 1 is without its data"},
    {"COPY t FROM stdin \\g\n1\n", "! COPY in line 1 is without its data"},
};

static void test_every_buffer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t first = 3; first < 80; first++) {
            auto_buf struct buf out = {0};

            stream_cut(cases[i].text, first, &out);
            if (strcmp(buf_text(&out), cases[i].wanted) != 0)
                print_error("case %zu, buffer of %zu:\n%s\n", i, first, cases[i].text);
            assert_string_equal(buf_text(&out), cases[i].wanted);
        }
}

static int show(void *arg, const struct split_statement *s)
{
    struct buf *out = arg;

    buf_addf(out, "|%zu %s%.*s", s->line, s->flags & SPLIT_META ? "M " : "", (int)s->n, s->text);
    if (s->flags & SPLIT_COPY_IN)
        buf_addf(out, "{%.*s}", (int)s->data_n, s->data);
    return 0;
}

/* Random texts of pieces that matter: the reading of a stream is the lexical one of the whole. */
static void test_random(void **state)
{
    static const char *const bits[] = {"SELECT 1",  ";",    "\n",  "'",    "$$",  "--c\n", "/*",
                                       "*/",        "\"",   "(",   ")",    "\\x\n", "; \n",  " a ",
                                       "COPY t FROM stdin;\n1\t2\n\\.\n", "E'\\'", "''"};
    unsigned random = 7;
    size_t compared = 0;

    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        auto_buf struct buf text = {0}, whole = {0}, streamed = {0};
        struct err err = ERR_INIT;

        for (size_t n = round % 12; n > 0; n--) {
            random = random * 1103515245u + 12345u;
            buf_adds(&text, bits[(random >> 16) % (sizeof bits / sizeof *bits)]);
        }
        buf_adds(&text, "\n;");
        if (split_statements(buf_text(&text), text.len, show, &whole, &err) != 0)
            continue;
        stream_cut(buf_text(&text), 3 + round % 50, &streamed);
        if (strstr(buf_text(&streamed), "! COPY in line") != NULL ||
            strstr(buf_text(&streamed), "! the statement that") != NULL)
            continue; /* without data or a semicolon it is an error here */
        if (strcmp(buf_text(&whole), buf_text(&streamed)) != 0)
            print_error("%s\n", buf_text(&text));
        assert_string_equal(buf_text(&streamed), buf_text(&whole));
        compared++;
    }
    assert_true(compared > 5000);
}

static void test_long(void **state)
{
    auto_buf struct buf text = {0};
    struct text in = {.step = 100000};
    struct split_stream *stream;
    struct split_piece piece;
    struct err err = ERR_INIT;
    int64_t bytes = 0, statements = 0;

    (void)state;
    buf_adds(&text, "COPY t FROM stdin;\n");
    for (size_t i = 0; i < 400000; i++)
        buf_adds(&text, "some row of the table\t\\\\.\n");
    buf_adds(&text, "\\.\nSELECT '");
    for (size_t i = 0; i < 400000; i++)
        buf_adds(&text, "one long string ");
    buf_adds(&text, "';\n");
    in.data = buf_text(&text);
    in.n = text.len;
    first_bytes = 65536;
    stream = split_stream_new(read_some, NULL, &in);
    while (split_stream_next(stream, &piece, &err) > 0) {
        if (piece.is_data)
            bytes += (int64_t)piece.n;
        else
            statements++;
        if (piece.is_data)
            assert_true(piece.n <= 65536);
    }
    assert_int_equal(err.code, ERR_NONE);
    assert_int_equal(statements, 2);
    assert_int_equal(bytes, 400000 * 26);
    split_stream_free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_buffer),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
