/* mask: lines of COPY with masked fields, known values and random ones. */
#include "basetest.h"

#include <ctype.h>
#include <stdbool.h>

#include "pg/mask.h"

static const char salt[] = "a salt of more than sixteen bytes";

#define FIELD(f, ...) ((struct mask_field){.function = (f), __VA_ARGS__})

/* One line through ${n} fields; the caller frees it. */
static char *line_of(const struct mask_field *fields, size_t n, const char *key, const char *line)
{
    const struct mask mask = {fields, n, key};
    struct err err = ERR_INIT;
    struct buf out = {0};

    assert_int_equal(mask_line(&mask, line, strlen(line), &out, &err), 0);
    assert_true(out.len > 0 && out.data[out.len - 1] == '\n');
    out.data[out.len - 1] = '\0';
    return out.data;
}

#define MASKED(field, text) line_of(&(field), 1, salt, (text))

static void test_functions(void **state)
{
    const struct mask_field fields[] = {
        FIELD(MASK_KEEP), FIELD(MASK_NULL), FIELD(MASK_CONSTANT, .constant = "x\\ty"),
        FIELD(MASK_HASH), FIELD(MASK_EMAIL), FIELD(MASK_DIGITS),
    };
    char *line = line_of(fields, 6, salt, "7\tsecret\tsecret\tsecret\tann@shop.example\t030 12-34");
    char *save, *field;

    (void)state;
    assert_string_equal(strtok_r(line, "\t", &save), "7");
    assert_string_equal(strtok_r(NULL, "\t", &save), "\\N");
    assert_string_equal(strtok_r(NULL, "\t", &save), "x\\ty");
    field = strtok_r(NULL, "\t", &save);
    assert_int_equal(strlen(field), 32);
    assert_int_equal(strspn(field, "0123456789abcdef"), 32);
    field = strtok_r(NULL, "\t", &save);
    assert_int_equal(strspn(field, "0123456789abcdef"), 16);
    assert_string_equal(field + 16, "@example.invalid");
    field = strtok_r(NULL, "\t", &save);
    assert_int_equal(strlen(field), 9);
    assert_true(field[3] == ' ' && field[6] == '-' && isdigit(field[0]) && isdigit(field[8]));
    assert_string_not_equal(field, "030 12-34");
    free(line);
}

/* HMAC-SHA-256 itself, by `printf '%s' secret | openssl dgst -sha256 -hmac SALT`. */
static void test_known_value(void **state)
{
    const struct mask_field field = FIELD(MASK_HASH);
    char *masked = MASKED(field, "secret");

    (void)state;
    assert_string_equal(masked, "4c2b2c3f3a003d3fecaf6a864864d690");
    free(masked);
}

static void test_null_and_empty(void **state)
{
    (void)state;
    for (int f = MASK_KEEP; f <= MASK_DIGITS; f++) {
        const struct mask_field field = FIELD((enum mask_function)f, .constant = "c");
        char *null = MASKED(field, "\\N"), *empty = MASKED(field, "");

        assert_string_equal(null, "\\N");
        if (f == MASK_HASH)
            assert_int_equal(strlen(empty), 32);
        free(null);
        free(empty);
    }
}

static void test_forms_and_lengths(void **state)
{
    const struct mask_field uuid = FIELD(MASK_HASH, .form = MASK_UUID);
    const struct mask_field bytea = FIELD(MASK_HASH, .form = MASK_BYTEA);
    const struct mask_field json = FIELD(MASK_HASH, .form = MASK_JSON);
    const struct mask_field cut = FIELD(MASK_HASH, .most = 10);
    const struct mask_field mail = FIELD(MASK_EMAIL, .most = 26);
    char *text = MASKED(uuid, "8a1c3f0e-0000-4000-8000-000000000001");

    (void)state;
    assert_int_equal(strlen(text), 36);
    assert_true(text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-');
    free(text);
    text = MASKED(bytea, "\\\\x00ff");
    assert_memory_equal(text, "\\\\x", 3);
    assert_int_equal(strlen(text), 35);
    free(text);
    text = MASKED(json, "{\"a\": 1}");
    assert_true(text[0] == '"' && text[33] == '"' && text[34] == '\0');
    free(text);
    text = MASKED(cut, "x");
    assert_int_equal(strlen(text), 10);
    free(text);
    text = MASKED(mail, "x");
    assert_int_equal(strlen(text), 26);
    assert_non_null(strstr(text, "@example.invalid"));
    free(text);
}

static void test_salt_and_fold(void **state)
{
    const struct mask_field exact = FIELD(MASK_HASH), folded = FIELD(MASK_HASH, .fold = true);
    char *a = MASKED(exact, "Ann"), *b = MASKED(exact, "ann");
    char *c = MASKED(folded, "Ann"), *d = line_of(&exact, 1, "another salt of sixteen", "ann");

    (void)state;
    assert_string_not_equal(a, b);
    assert_string_equal(b, c);
    assert_string_not_equal(b, d);
    free(a);
    free(b);
    free(c);
    free(d);
}

static void test_digits_keep_escapes(void **state)
{
    const struct mask_field field = FIELD(MASK_DIGITS);
    const char *value = "1\\t22\\\\3 \xc3\xa9 0123456789012345678901234567890123456789";
    char *text = MASKED(field, value);

    (void)state;
    assert_int_equal(strlen(text), strlen(value));
    for (size_t i = 0; i < strlen(value); i++)
        assert_true(isdigit((unsigned char)value[i]) ? isdigit((unsigned char)text[i])
                                                     : text[i] == value[i]);
    free(text);
}

static void test_escape(void **state)
{
    struct buf out = {0};

    (void)state;
    mask_escape("a\tb\nc\\d\re\bf\fg\vh", &out);
    assert_string_equal(buf_text(&out), "a\\tb\\nc\\\\d\\re\\bf\\fg\\vh");
    buf_release(&out);
}

static void test_wrong_number_of_fields(void **state)
{
    const struct mask_field fields[2] = {FIELD(MASK_KEEP), FIELD(MASK_KEEP)};
    const struct mask mask = {fields, 2, NULL};
    struct buf out = {0};

    (void)state;
    buf_adds(&out, "before");
    for (int i = 0; i < 2; i++) {
        const char *line = i == 0 ? "one" : "one\ttwo\tthree";
        struct err err = ERR_INIT;

        assert_int_equal(mask_line(&mask, line, strlen(line), &out, &err), -1);
        assert_string_equal(err.primary, "a row does not have the 2 columns that its table has");
        assert_string_equal(buf_text(&out), "before");
    }
    buf_release(&out);
}

static void test_names(void **state)
{
    (void)state;
    for (int f = MASK_KEEP; f <= MASK_DIGITS; f++) {
        enum mask_function found;

        assert_true(mask_function_find(mask_function_name((enum mask_function)f), &found));
        assert_int_equal(found, f);
    }
    assert_false(mask_function_find("nul", &(enum mask_function){MASK_KEEP}));
}

/* --- streams ---------------------------------------------------------------------------------- */

static void test_stream_ends(void **state)
{
    const struct mask_field field = FIELD(MASK_KEEP);
    const struct mask mask = {&field, 1, NULL};
    struct mask_stream stream = {.mask = &mask};
    struct err err = ERR_INIT;
    struct buf out = {0};

    (void)state;
    assert_int_equal(mask_feed(&stream, "a\nb\n\\.\n\n\n", 9, &out, &err), 0);
    assert_int_equal(mask_finish(&stream, &err), 0);
    assert_string_equal(buf_text(&out), "a\nb\n");
    assert_int_equal(stream.rows, 2);
    assert_int_equal(mask_feed(&stream, "c\n", 2, &out, &err), -1);
    mask_stream_release(&stream);
    stream = (struct mask_stream){.mask = &mask};
    err_clear(&err);
    assert_int_equal(mask_feed(&stream, "a\nb", 3, &out, &err), 0);
    assert_int_equal(mask_finish(&stream, &err), -1);
    assert_string_equal(err.primary, "the last row is cut off");
    mask_stream_release(&stream);
    buf_release(&out);
}

static uint64_t seed = 20260131;
static unsigned next(unsigned below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % below;
}

/* A value as COPY writes it: any byte but NUL, escaped. */
static void random_field(struct buf *out)
{
    char raw[40];
    unsigned n = next(sizeof raw - 1);

    if (next(8) == 0) {
        buf_adds(out, "\\N");
        return;
    }
    for (unsigned i = 0; i < n; i++)
        raw[i] = (char)(next(3) == 0 ? "\t\n\\\b\r.N0x"[next(9)] : (char)(1 + next(255)));
    raw[n] = '\0';
    mask_escape(raw, out);
}

enum { ROUNDS = 40, ROWS = 60, COLUMNS = 7, FUNCTIONS = MASK_DIGITS + 1 };

static void check_row(const struct mask_field *fields, char *raw, char *masked)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        char *was = strsep(&raw, "\t"), *is = strsep(&masked, "\t");

        assert_non_null(was);
        assert_non_null(is);
        if (fields[i].function == MASK_KEEP || strcmp(was, "\\N") == 0)
            assert_string_equal(was, is);
        else if (fields[i].function == MASK_HASH)
            assert_int_equal(strlen(is), 32);
        else if (fields[i].function == MASK_NULL)
            assert_string_equal(is, "\\N");
        else if (fields[i].function == MASK_DIGITS)
            assert_int_equal(strlen(is), strlen(was));
    }
    assert_null(raw);
    assert_null(masked);
}

/* Whatever the pieces, the lines are the same; they stay well-formed, and kept fields stay. */
static void test_random(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct mask_field fields[COLUMNS];
        const struct mask mask = {fields, COLUMNS, salt};
        struct mask_stream whole = {.mask = &mask}, pieces = {.mask = &mask};
        struct buf raw = {0}, once = {0}, often = {0};
        struct err err = ERR_INIT;
        char *was, *is;

        for (int i = 0; i < COLUMNS; i++)
            fields[i] = FIELD((enum mask_function)next(FUNCTIONS), .constant = "\\\\N");
        for (int row = 0; row < ROWS; row++)
            for (int i = 0; i < COLUMNS; i++) {
                random_field(&raw);
                buf_addc(&raw, i + 1 < COLUMNS ? '\t' : '\n');
            }
        assert_int_equal(mask_feed(&whole, raw.data, raw.len, &once, &err), 0);
        for (size_t at = 0; at < raw.len;) {
            size_t n = 1 + next(100);

            n = n < raw.len - at ? n : raw.len - at;
            assert_int_equal(mask_feed(&pieces, raw.data + at, n, &often, &err), 0);
            at += n;
        }
        assert_int_equal(mask_finish(&whole, &err), 0);
        assert_int_equal(mask_finish(&pieces, &err), 0);
        assert_int_equal(whole.rows, ROWS);
        assert_string_equal(buf_text(&once), buf_text(&often));
        was = raw.data;
        is = once.data;
        for (int row = 0; row < ROWS; row++)
            check_row(fields, strsep(&was, "\n"), strsep(&is, "\n"));
        assert_string_equal(was, "");
        assert_string_equal(is, "");
        mask_stream_release(&whole);
        mask_stream_release(&pieces);
        buf_release(&raw);
        buf_release(&once);
        buf_release(&often);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions),         cmocka_unit_test(test_known_value),
        cmocka_unit_test(test_null_and_empty),    cmocka_unit_test(test_forms_and_lengths),
        cmocka_unit_test(test_salt_and_fold),     cmocka_unit_test(test_digits_keep_escapes),
        cmocka_unit_test(test_escape),            cmocka_unit_test(test_wrong_number_of_fields),
        cmocka_unit_test(test_names),             cmocka_unit_test(test_stream_ends),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
