/* The fuzzer's corpus: what it aborts on, and what must be known of these files. */
#define FUZZ_LINKED
#include "../../../fuzz/fuzz_header.c"

#include "corpus.h"

static void test_corpus(void **state)
{
    (void)state;
    corpus_run("header", 6);
}

/* A file of the corpus; ${unknown}: what it does not tell, else its revision. */
static void check(const char *name, const char *unknown, const char *revision)
{
    const char *root = getenv("DDB_SRC");
    struct arena *arena = arena_new();
    const char *path = arena_printf(arena, "%s/tests/fuzz/corpus/header/%s.py",
                                    root == NULL ? "." : root, name);
    auto_buf struct buf text = {0};
    struct err err = ERR_INIT;
    struct header header = {0};
    int rc;

    assert_int_equal(fs_read(path, 1 << 20, &text, &err), 0);
    rc = header_read(&header, text.data, text.len);
    assert_int_equal(rc, unknown == NULL ? 0 : -1);
    if (unknown != NULL)
        assert_string_equal(header.unknown_name, unknown);
    else
        assert_string_equal(header_list(&header, HEADER_REVISION)[0], revision);
    header_release(&header);
    arena_free(arena);
}

static void test_what_they_are(void **state)
{
    (void)state;
    check("typed", NULL, "1a2b3c4d0002");
    check("joined", NULL, "1a2b3c4d0003");
    check("fstring", "revision", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus),
        cmocka_unit_test(test_what_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
