/* test_import_random - files put together by chance: no reader stumbles, and what it takes stands
 * in the line that it came from. */
#include "importtest.h"

static uint64_t seed;

static size_t chance(size_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % n;
}

static const char *const lines[] = {
    "-- +goose Up\n",
    "-- +goose Down\n",
    "-- +goose StatementBegin\n",
    "-- +goose StatementEnd\n",
    "--+goose NO TRANSACTION\r\n",
    "-- migrate:up\n",
    "-- migrate:up transaction:false\n",
    "--migrate:down \n",
    "SELECT 1;\n",
    "SELECT 2 -- two;\n",
    "SELECT 3;\r\n",
    "-- a comment\n",
    "  \n",
    "\n",
    ";\n",
    "${a}\n",
    "executeInTransaction=false\n",
    "\xc3\xbc\n",
    "-",
    "--",
    "+goose",
};

static const char *const names[] = {
    "1_a.sql",        "2_b.sql",    "3_c.go",      "4_d.up.sql",        "4_d.down.sql", "V1__a.sql",
    "V1__a.sql.conf", "U1__a.sql",  "V1.0__b.sql", "R__v.sql",          "V.sql",        "V1_.sql",
    "V1__.sql",       "afterX.sql", "7.sql",       "00000000000_z.sql", "V__.sql",      "U2.conf",
};

enum { N_LINES = sizeof lines / sizeof *lines, N_NAMES = sizeof names / sizeof *names };

static const char *made(enum import_tool tool)
{
    auto_buf struct buf text = {0};

    if (chance(4) > 0)
        buf_adds(&text, lines[tool == IMPORT_GOOSE ? 0 : 5]);
    for (size_t n = chance(7); n > 0; n--)
        buf_adds(&text, lines[chance(N_LINES)]);
    return arena_strdup(arena, buf_text(&text));
}

/* Line ${i} of ${text}, from 1, without its end; NULL behind the last one. */
static const char *line_of(const char *text, size_t i)
{
    while (--i > 0) {
        text += strcspn(text, "\n");
        if (*text == '\0')
            return NULL;
        text++;
    }
    return arena_strndup(arena, text, strcspn(text, "\n"));
}

/* Each line is the file's, or stands in a marker's place. */
static void check(const struct import_section *section, const char *const *texts)
{
    const char *source = NULL, *got, *from;

    if (section->text == NULL)
        return;
    for (size_t i = 0; i < N_NAMES; i++)
        if (strcmp(names[i], section->path) == 0)
            source = texts[i];
    assert_non_null(source);
    for (size_t i = 1; (got = line_of(section->text, i)) != NULL; i++) {
        from = line_of(source, section->line + i - 1);
        if (from == NULL)
            assert_string_equal(got, "");
        else if (strcmp(got, from) != 0) {
            assert_true(got[0] == '\0' || strcmp(got, ";") == 0);
            assert_int_equal(strncmp(from, "--", 2), 0);
        }
    }
}

static size_t sections[IMPORT_TOOLS]; /* that were checked */

static void one_history(enum import_tool tool)
{
    const char *texts[N_NAMES] = {NULL};
    struct errs problems = {0};
    struct import_history *read;

    arena = arena_new();
    read = import_start(arena, tool);
    for (size_t i = 0; i < N_NAMES; i++)
        if (import_takes(tool, names[i]) && chance(9) == 0) {
            texts[i] = made(tool);
            import_add(read, names[i], texts[i], strlen(texts[i]), &problems);
        }
    if (import_finish(read, &problems) == 0)
        for (size_t i = 0; i < read->n; i++) {
            assert_true(i == 0 || strcmp(read->items[i - 1].id, read->items[i].id) != 0);
            sections[tool] += read->items[i].upgrade.text != NULL;
            check(&read->items[i].upgrade, texts);
            check(&read->items[i].downgrade, texts);
        }
    for (size_t i = 0; i < problems.n; i++)
        assert_int_equal(problems.items[i].code, ERR_REFUSED);
    errs_release(&problems);
    arena_free(arena);
}

static void by_chance(void **state)
{
    (void)state;
    for (seed = 1; seed < 20000; seed++) {
        uint64_t kept = seed;

        for (int tool = IMPORT_DBMATE; tool <= IMPORT_FLYWAY; tool++)
            one_history((enum import_tool)tool);
        seed = kept;
    }
    for (int tool = IMPORT_DBMATE; tool <= IMPORT_FLYWAY; tool++) {
        print_message("%s: %zu sections\n", import_name((enum import_tool)tool), sections[tool]);
        assert_true(sections[tool] > 50);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_chance)};

    (void)history;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
