/* copy_binary: what it makes of COPY's lines is, for the server, the rows that it printed. */
#include "basetest.h"
#include "pgtest.h"

#include "pg/copy.h"
#include "pg/copy_binary.h"
#include "pg/copy_in.h"

static struct arena *arena;
static char database[64];

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    pgtest_create(database, "copy_binary");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pgtest_drop(database);
    arena_free(arena);
    return 0;
}

/* --- values ------------------------------------------------------------------------------------------ */

/* The bytes in hexadecimal digits, NULL: refused. */
static const char *value(unsigned oid, const char *text)
{
    const size_t n = strlen(text);
    char *to = arena_alloc(arena, n + BINARY_VALUE_MORE);
    ptrdiff_t size = binary_value_of(oid)(text, n, to);
    char *digits;

    if (size < 0)
        return NULL;
    assert_true((size_t)size <= n + BINARY_VALUE_MORE);
    digits = arena_alloc(arena, (size_t)size * 2 + 1);
    for (ptrdiff_t i = 0; i < size; i++)
        snprintf(digits + 2 * i, 3, "%02x", (unsigned char)to[i]);
    return digits;
}

/* From "SELECT encode(TYPE_send('…'), 'hex')". */
static void test_known_values(void **state)
{
    (void)state;
    assert_string_equal(value(23, "-2"), "fffffffe");
    assert_string_equal(value(20, "-9223372036854775808"), "8000000000000000");
    assert_string_equal(value(2950, "0011aabb-ccdd-eeff-0123-456789abcdef"),
                        "0011aabbccddeeff0123456789abcdef");
    assert_string_equal(value(1082, "2000-01-01"), "00000000");
    assert_string_equal(value(1082, "1999-12-31"), "ffffffff");
    assert_string_equal(value(1184, "2024-02-29 12:00:00.5+05:30"), "0002b57e2853ab20");
    assert_string_equal(value(1184, "0044-03-15 12:00:00-00:01:15 BC"), "ff1af9e8ffbf38c0");
    assert_string_equal(value(1083, "24:00:00"), "000000141dd76000");
    assert_string_equal(value(1700, "-1234567.089"), "0003000140000003007b11d7037a");
    assert_string_equal(value(1700, "-Infinity"), "00000000f0000000");
    assert_string_equal(value(17, "\\x00ff"), "00ff");
    assert_string_equal(value(17, "\\x"), "");
    assert_string_equal(value(3802, "{}"), "017b7d");
    assert_string_equal(value(700, "1.5e-30"), "0df36390");
    assert_string_equal(value(701, "-0"), "8000000000000000");
    assert_null(binary_value_of(1186)); /* interval */
}

static void test_refused(void **state)
{
    static const struct {
        unsigned oid;
        const char *texts[24];
    } refused[] = {
        {16, {"", "true", "T", "0"}},
        {17, {"", "\\", "\\x0", "\\x0g", "\\xAB", "abc", "\\\\x00"}},
        {20, {"", "-", "+1", "1 ", " 1", "9223372036854775808", "-9223372036854775809", "1e3", "12345678901234567890"}},
        {21, {"32768", "-32769", ""}},
        {23, {"2147483648", "-2147483649", "0x1", "1_000"}},
        {26, {"-1", "4294967296"}},
        {700, {"", "1,5", "nan", "inf", "0x1p3", "1e", "1.5.2", "-", "1e39", "-1e39", "1e-60"}},
        {701, {"", " 1", "1 ", "infinity", "NaN(1)", "--1", "e", "1e309", "-1e309", "1e-400"}},
        {1082, {"", "24-01-01", "2024-1-01", "2024-13-01", "2024-00-01", "2024-02-30", "2023-02-29", "2024-04-31",
                "2024-01-00", "0000-01-01", "2024-01-01 AD", "01.02.2024", "2024-01-01 12:00:00", " BC",
                "99999999-01-01", "2024-01-01 BC BC", "5881610-07-11", "5881610-07-12", "9999999-12-31", "5877612-06-22 BC",
                "9999999-01-01 BC"}},
        {1083, {"", "24:00:00.000001", "23:60:00", "23:59:60", "1:00:00", "10:00", "10:00:00.", "10:00:00.1234567",
                "10:00:00+00"}},
        {1114, {"", "2024-01-01", "2024-01-01T00:00:00", "2024-01-01 00:00:00+00", "now", "2024-01-01 00:00:00 CET",
                "294277-01-09 04:00:54.775807", "294277-01-09 04:00:54.775808", "290279-12-22 19:59:05.224192 BC"}},
        {1184, {"", "2024-01-01 00:00:00", "2024-01-01 00:00:00+1", "2024-01-01 00:00:00+01:", "2024-01-01 00:00:00 UTC",
                "2024-01-01 00:00:00+01:00:00:00", "9999999-01-01 00:00:00+00"}},
        {1700, {"", "-", ".5", "5.", "1e5", "1.2.3", "+1", " 1", "1 ", "infinity", "nan", "-NaN", "--1"}},
        {2950, {"", "0011aabbccddeeff0123456789abcdef", "0011AABB-ccdd-eeff-0123-456789abcdef",
                "0011aabb-ccdd-eeff-0123-456789abcdeg", "0011aabb-ccdd-eeff-01234456789abcdef",
                "{0011aabb-ccdd-eeff-0123-456789abcdef}"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        for (size_t k = 0; k < 24 && refused[i].texts[k] != NULL; k++)
            if (value(refused[i].oid, refused[i].texts[k]) != NULL)
                fail_msg("type %u takes \"%s\"", refused[i].oid, refused[i].texts[k]);
}

/* --- lines ------------------------------------------------------------------------------------------- */

static binary_value *const two_texts[] = {binary_value_text, binary_value_text};

/* All of ${text} in pieces of ${step} bytes; the caller releases it. False: it was refused. */
static bool convert(const struct copy_binary *columns, const char *text, size_t n, size_t step, struct buf *out)
{
    struct copy_binary binary = *columns;
    bool taken = true;

    for (size_t at = 0; at < n && taken; at += step)
        taken = copy_binary_feed(&binary, text + at, n - at < step ? n - at : step, out);
    taken = taken && copy_binary_end(&binary, out);
    copy_binary_release(&binary);
    return taken;
}

static void test_lines_are_cut_anywhere(void **state)
{
    static const char text[] = "a\\tb\t\\\\N\n\\N\t\n\\b\\f\\n\\r\\v\\\\\t\xc3\xa4\n";
    static const char wanted[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"
                                 "\0\2\0\0\0\3a\tb\0\0\0\2\\N"
                                 "\0\2\377\377\377\377\0\0\0\0"
                                 "\0\2\0\0\0\6\b\f\n\r\v\\\0\0\0\2\xc3\xa4"
                                 "\377\377";
    const struct copy_binary columns = {.values = two_texts, .n = 2};

    (void)state;
    for (size_t step = 1; step <= sizeof text; step++) {
        auto_buf struct buf out = {0};

        assert_true(convert(&columns, text, sizeof text - 1, step, &out));
        assert_int_equal(out.len, sizeof wanted - 1);
        assert_memory_equal(out.data, wanted, out.len);
    }
}

static void test_lines_that_are_none(void **state)
{
    static const char *const texts[] = {"a\n", "a\tb\tc\n", "a\tb", "\n", "a\t\\x41\n", "a\tb\\\n", "a\t\\101\n", "\\.\n", "a\t\\N\\N\n"};
    const struct copy_binary columns = {.values = two_texts, .n = 2};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        auto_buf struct buf out = {0};

        if (convert(&columns, texts[i], strlen(texts[i]), 100, &out))
            fail_msg("taken: %s", texts[i]);
    }
}

/* --- against the server -------------------------------------------------------------------------------- */

static int keep(void *arg, const char *line, size_t n, struct err *err)
{
    (void)err;
    buf_add(arg, line, n);
    return 0;
}

static struct copy_binary columns_of(struct db *db, const char *quoted, const char *columns)
{
    struct copy_binary binary = {0};
    struct err err = ERR_INIT;

    if (copy_binary_columns(db, arena, quoted, columns, &binary, &err) < 0)
        fail_msg("%s", err.primary);
    return binary;
}

/* What a snapshot reads of public.t, into public.again by way of the binary format. */
static void load_again(const char *columns)
{
    const char *into = arena_printf(arena, "public.again %s", columns);
    struct db *from = NULL, *to = NULL;
    auto_buf struct buf text = {0}, out = {0};
    const struct copy_sink sink = {.row = keep, .arg = &text};
    struct copy_binary binary;
    struct err err = ERR_INIT;
    int64_t rows;

    if (copy_open(pgtest_target(arena, database, NULL), NULL, NULL, &from, &err) < 0 ||
        copy_rows(from, arena_printf(arena, "public.t %s", columns), &sink, &err) < 0 ||
        copy_in_open(pgtest_target(arena, database, NULL), database, &to, &err) < 0)
        fail_msg("%s", err.primary);
    binary = columns_of(to, "public.again", columns);
    assert_non_null(binary.values);
    assert_true(convert(&binary, buf_text(&text), text.len, 4093, &out));
    if (copy_in_begin_binary(to, into, &err) < 0 ||
        copy_in_write(to, out.data, out.len, NULL, NULL, &err) < 0 ||
        copy_in_end(to, into, &rows, &err) < 0)
        fail_msg("%s\n%s", err.primary, err.detail);
    db_close(from);
    db_close(to);
}

static void expect_same_rows(void)
{
    assert_string_equal(
        pgtest_value(database,
                     "SELECT count(*) > 0 AND count(*) = (SELECT count(*) FROM again) AND NOT EXISTS "
                     "(SELECT one::text FROM t AS one EXCEPT ALL SELECT other::text FROM again AS other) FROM t"),
        "t");
}

/* Every type, its ends, and a thousand rows of random values; times in a zone whose offsets had seconds. */
static void test_rows_are_the_same(void **state)
{
    (void)state;
    pgtest_sql(NULL,
               "ALTER DATABASE \"%s\" SET timezone = 'America/New_York'; ALTER DATABASE \"%s\" SET datestyle = german; "
               "ALTER DATABASE \"%s\" SET bytea_output = escape; ALTER DATABASE \"%s\" SET extra_float_digits = 0",
               database, database, database, database);
    pgtest_sql(database, "%s",
               "CREATE TYPE mood AS ENUM ('sad', E'it''s\\t\\\\ok'); CREATE DOMAIN share AS numeric(6, 3) CHECK (VALUE < 200); "
               "CREATE TABLE t (b bool, y bytea, i8 int8, i2 int2, i4 int4, t text, o oid, j json, f4 float4, f8 float8, "
               "c char(5), v varchar(40), d date, ti time, ts timestamp, tz timestamptz(3), n numeric, u uuid, jb jsonb, "
               "m mood, s share, none int); "
               "CREATE TABLE again (LIKE t)");
    pgtest_sql(database, "%s",
               "INSERT INTO t VALUES (true, '', -9223372036854775808, -32768, -2147483648, '', 0, 'null', '-Infinity', "
               "'-Infinity', '', '', '-infinity', '00:00', '-infinity', '-infinity', 'NaN', "
               "'00000000-0000-0000-0000-000000000000', 'null', 'sad', 0); "
               "INSERT INTO t VALUES (false, '\\x00090a0d5c', 9223372036854775807, 32767, 2147483647, E'\\\\N\\t\\n\\r\\\\.\\b\\f\\v', 4294967295, "
               "E'{\"a\" :\\n [1]}', 'Infinity', 'Infinity', 'ab', E'\\\\', 'infinity', '24:00', 'infinity', 'infinity', "
               "('1' || repeat('0', 131071))::numeric, 'ffffffff-ffff-ffff-ffff-ffffffffffff', '{\"\\\\u00e4\": \"\\\\\\\\\"}', "
               "E'it''s\\t\\\\ok', 99.5); "
               "INSERT INTO t VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'NaN', 'NaN', NULL, NULL, '4714-11-24 BC', '23:59:59.999999', "
               "'4714-11-24 00:00:00 BC', '4714-11-24 00:00:00+00 BC', ('0.' || repeat('0', 16380) || '123')::numeric, NULL, "
               "NULL, NULL, NULL); "
               "INSERT INTO t VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '-0', '-0', NULL, NULL, '5874897-12-31', '00:00:00.000001', "
               "'294276-12-31 23:59:59.999999', '294276-12-31 23:59:59+00', '-0.00', NULL, NULL, NULL, -199.999); "
               "INSERT INTO t VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1.17549435e-38, 5e-324, NULL, NULL, '0001-12-31 BC', NULL, "
               "'0001-02-29 00:00 BC', '1800-01-01 00:00:00+00', 10000, NULL, NULL, NULL, NULL); "
               "INSERT INTO t VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3.4028235e38, 1.7976931348623157e308, NULL, NULL, '0001-01-01', "
               "NULL, '2000-02-29 23:59:59', '2024-11-03 01:30:00-05', 0.0001, NULL, NULL, NULL, NULL)");
    pgtest_sql(database, "%s",
               "SELECT setseed(0.25); INSERT INTO t SELECT random() < 0.5, sha256(n::text::bytea), "
               "((random() - 0.5) * 1.8e19)::numeric(20)::int8, n - 500, (random() - 0.5) * 4e9, "
               "translate(md5(n::text), '0123', E'\\t\\n\\\\' || 'ä'), n, ('[' || n || ']')::json, "
               "(random() - 0.5) * 10::float8 ^ (n % 60 - 30), (random() - 0.5) * 10::float8 ^ (n % 600 - 300), "
               "left(md5(n::text), n % 6), repeat('é', n % 41), date '2000-01-01' + ((random() - 0.3) * 3e6)::int, "
               "time '00:00' + random() * interval '1 day', timestamp '2000-01-01' + (random() - 0.3) * interval '7000 years', "
               "timestamptz '1900-01-01' + (random() - 0.7) * interval '900 years', "
               "(random() * 10000)::numeric(38, 19) * (10::numeric ^ (n % 30 - 15))::numeric(40, 16), md5(n::text)::uuid, "
               "jsonb_build_object('n', n, 't', repeat(E'\\\\\"', n % 5)), CASE WHEN n % 2 = 0 THEN 'sad' END::mood, "
               "random() * 100 FROM generate_series(1, 1000) n");
    load_again("(b, y, i8, i2, i4, t, o, j, f4, f8, c, v, d, ti, ts, tz, n, u, jb, m, s, \"none\")");
    expect_same_rows();
}

/* Another order of columns, and a part of them; an encoding in which a text is other bytes. */
static void test_columns(void **state)
{
    struct db *db = pgtest_open(pgtest_target(arena, database, NULL), DB_WRITE);

    (void)state;
    pgtest_sql(database, "CREATE TABLE t (a int, \"b, (\" text, i interval, l int[], d int); CREATE TABLE none (); "
                         "CREATE DOMAIN list AS int[]; CREATE TABLE lists (l list); "
                         "CREATE TABLE again (gone int, a int, \"b, (\" text); ALTER TABLE again DROP gone; "
                         "INSERT INTO t SELECT n, 'x' || n FROM generate_series(1, 9) n");
    assert_null(columns_of(db, "public.t", "(a, i)").values);
    assert_null(columns_of(db, "public.t", "(l)").values);
    assert_null(columns_of(db, "public.lists", "(l)").values);
    assert_null(columns_of(db, "public.none", "()").values);
    assert_int_equal(columns_of(db, "public.t", "(a, d, \"b, (\")").n, 3);
    db_close(db);
    load_again("(\"b, (\", a)");
    assert_string_equal(pgtest_value(database, "SELECT string_agg(a || \"b, (\", ' ' ORDER BY a) FROM again"),
                        "1x1 2x2 3x3 4x4 5x5 6x6 7x7 8x8 9x9");
}

static void test_other_encodings(void **state)
{
    char latin[80];

    (void)state;
    snprintf(latin, sizeof latin, "%s_latin", database);
    pgtest_sql(NULL, "CREATE DATABASE \"%s\" TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'", latin);
    pgtest_drop(database);
    pgtest_sql(NULL, "ALTER DATABASE \"%s\" RENAME TO \"%s\"", latin, database);
    pgtest_sql(database, "%s", "CREATE TABLE t (x text); CREATE TABLE again (LIKE t); "
                               "INSERT INTO t SELECT chr(n) FROM generate_series(1, 255) n");
    load_again("(x)");
    expect_same_rows();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_known_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lines_are_cut_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lines_that_are_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rows_are_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_columns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_encodings, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
