/* The manual page and the sample against the table of keys: each says what the others say. */
#include "conftest.h"

#include "conf/conf_parts.h"

/* A file of the source tree, which the runner names. */
static void read_source(const char *name, struct buf *out)
{
    const char *root = getenv("DDB_SRC");
    struct err err = ERR_INIT;
    struct arena *arena = arena_new();

    if (fs_read(fs_join(arena, root == NULL ? "." : root, name), 1 << 20, out, &err) != 0)
        fail_msg("%s", err.primary);
    arena_free(arena);
}

static const char *type_word(enum conf_kind kind)
{
    static const char *const words[] = {
        [KIND_STRING] = "text",       [KIND_BOOL] = "boolean", [KIND_INT] = "integer",
        [KIND_DURATION] = "duration", [KIND_SIZE] = "size",    [KIND_CHOICE] = "choice",
        [KIND_LIST] = "list",         [KIND_RUNGS] = "list",   [KIND_GROUP] = "group",
        [KIND_NAMED] = "group",       [KIND_MASKS] = "list",   [KIND_NAMES] = "list",
    };

    return words[kind];
}

/* The line that the manual page must have for ${key}. */
static const char *item(struct arena *arena, const struct conf_key *key)
{
    bool shown = key->fallback != NULL && *key->fallback != '\0' && key->kind != KIND_RUNGS;

    return arena_printf(arena, ".It Ic %s Pq Ar %s%s%s", key->name, type_word(key->kind),
                        shown ? " , No default Ql " : "", shown ? key->fallback : "");
}

static const struct conf_key *documented(struct arena *arena, const char *heading, const char *line)
{
    for (size_t i = 0; i < conf_keys_n; i++) {
        const struct conf_key *key = &conf_keys_table[i];
        const char *path = key->in == GROUP_ROOT ? "Top of the file" : conf_keys_path(key->in);

        if (strcmp(path, heading) == 0 && strcmp(item(arena, key), line) == 0)
            return key;
    }
    return NULL;
}

static void test_manual(void **state)
{
    struct fixture *f = *state;
    auto_buf struct buf page = {0};
    bool *seen = arena_alloc(f->arena, conf_keys_n * sizeof *seen);
    const char *heading = NULL;

    read_source("config/deploy-db.cfg.5", &page);
    for (const char *at = strstr(buf_text(&page), "\n.Sh KEYS\n") + 1; *at != '\0';) {
        size_t n = strcspn(at, "\n");
        const char *line = arena_strndup(f->arena, at, n);

        at += n + (at[n] == '\n');
        if (strncmp(line, ".Sh DATABASES", 13) == 0)
            break;
        if (strncmp(line, ".Ss ", 4) == 0)
            heading = line + 4;
        if (strncmp(line, ".It ", 4) == 0) {
            const struct conf_key *key = documented(f->arena, heading, line);

            if (key == NULL)
                fail_msg("the program does not know, in \"%s\": %s", heading, line);
            else
                seen[key - conf_keys_table] = true;
        }
    }
    for (size_t i = 0; i < conf_keys_n; i++)
        if (!seen[i])
            fail_msg("the manual page lacks, in \"%s\": %s", conf_keys_path(conf_keys_table[i].in),
                     item(f->arena, &conf_keys_table[i]));
}

/* The ranges and choices too. */
static void test_manual_values(void **state)
{
    struct fixture *f = *state;
    auto_buf struct buf page = {0};

    read_source("config/deploy-db.cfg.5", &page);
    for (size_t i = 0; i < conf_keys_n; i++) {
        const struct conf_key *key = &conf_keys_table[i];
        const char *at = strstr(buf_text(&page), item(f->arena, key));

        for (size_t j = 0; key->kind == KIND_CHOICE && key->choices[j] != NULL; j++)
            assert_non_null(strstr(at, arena_printf(f->arena, ".Ql %s\n", key->choices[j])));
        if (key->kind == KIND_INT && key->min > 0)
            assert_non_null(
                strstr(at, arena_printf(f->arena, "from %d to %d", (int)key->min, (int)key->max)));
    }
}

/* Every example of the page is a file that loads. */
static void test_manual_examples(void **state)
{
    struct fixture *f = *state;
    auto_buf struct buf page = {0};
    size_t n = 0;

    read_source("config/deploy-db.cfg.5", &page);
    for (const char *at = buf_text(&page); (at = strstr(at, ".Bd -literal -offset indent\n"));
         n++) {
        const char *end;

        at = strchr(at, '\n') + 1;
        end = strstr(at, "\n.Ed\n");
        assert_non_null(end);
        fixture_good(f, arena_strndup(f->arena, at, (size_t)(end - at + 1)));
    }
    assert_int_equal(n, 4);
}

static void test_sample(void **state)
{
    struct fixture *f = *state;
    auto_buf struct buf sample = {0};
    const struct env *env;

    read_source("config/deploy-db.cfg", &sample);
    fixture_good(f, buf_text(&sample));
    env = conf_env(f->conf, "production");
    assert_true(env->is_protected);
    assert_non_null(conf_env(f->conf, "staging"));
    /* every key of the core stands in it, some of them as comments */
    for (size_t i = 0; i < conf_keys_n; i++) {
        const struct conf_key *key = &conf_keys_table[i];

        if (key->in != GROUP_KEEP)
            basetest_has(buf_text(&sample), key->name);
    }
}

/* The sample shows the defaults: with its comments taken as settings it still loads. */
static void test_sample_comments(void **state)
{
    struct fixture *f = *state;
    auto_buf struct buf sample = {0}, text = {0};

    read_source("config/deploy-db.cfg", &sample);
    for (const char *at = buf_text(&sample); *at != '\0';) {
        size_t n = strcspn(at, "\n"), indent = strspn(at, " ");
        const char *line = arena_strndup(f->arena, at, n);
        bool setting = strncmp(line + indent, "# ", 2) == 0 && strstr(line, ";") != NULL &&
                       strstr(line, " = ") != NULL && strstr(line, "command = [\"docker") == NULL &&
                       strstr(line, "command = [\"poetry") == NULL;

        buf_addf(&text, "%s\n", setting ? line + indent + 2 : line);
        at += n + (at[n] == '\n');
    }
    assert_non_null(strstr(buf_text(&text), "\npreflight: { long"));
    assert_non_null(strstr(buf_text(&text), "\nstate_dir = "));
    fixture_good(f, buf_text(&text));
    assert_int_equal(f->conf->n_stores, 3);
    assert_int_equal(conf_env(f->conf, "production")->snapshot.jobs, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_manual), TEST(test_manual_values),   TEST(test_manual_examples),
        TEST(test_sample), TEST(test_sample_comments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
