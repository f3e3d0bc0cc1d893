/* The fuzzer's corpus: what it aborts on, and what it must find in these files. */
#define FUZZ_LINKED
#include "../../../fuzz/fuzz_sqlfile.c"

#include "corpus.h"

static void test_corpus(void **state)
{
    (void)state;
    corpus_run("sqlfile", 16);
}

/* How many statements a file of the corpus has, how many of them LEXED; -1: it does not end. */
static int tally(void *arg, const struct split_statement *s)
{
    size_t *n = arg;

    n[0]++;
    n[1] += (s->flags & SPLIT_LEXED) != 0;
    return 0;
}

static void check(const char *name, int rc, size_t statements, size_t lexed, bool is_revision)
{
    const char *root = getenv("DDB_SRC");
    struct ddb_call *call = fakehost_open(ddb_plugin());
    const char *path = arena_printf(call->arena, "%s/tests/fuzz/corpus/sqlfile/%s.sql",
                                    root == NULL ? "." : root, name);
    auto_buf struct buf text = {0};
    struct file file;
    size_t n[2] = {0};

    assert_int_equal(fs_read(path, 1 << 20, &text, &call->err), 0);
    if (split_statements(text.data, text.len, tally, n, &call->err) != rc || n[0] != statements ||
        n[1] != lexed)
        print_error("%s: %zu statements, %zu lexed\n", name, n[0], n[1]);
    assert_int_equal(n[0], statements);
    assert_int_equal(n[1], lexed);
    fakehost_clear(call);
    assert_int_equal(file_read(call, path, &file), is_revision ? 0 : -1);
    fakehost_close(call);
}

static void test_what_they_are(void **state)
{
    (void)state;
    check("whole", 0, 2, 0, true);
    check("crlf", 0, 2, 0, true);
    check("atomic", 0, 3, 0, true);
    check("end", 0, 4, 0, true);
    check("quotes", 0, 4, 1, false);
    check("comments", 0, 2, 0, false);
    check("copy", 0, 3, 0, false);
    check("meta", 0, 7, 1, false);
    check("newer", 0, 3, 2, false);
    check("flags", 0, 5, 0, false);
    check("mistakes", 0, 3, 1, false);
    check("bytes", 0, 5, 3, false);
    check("returns", 0, 1, 0, false);
    check("quote-open", -1, 0, 0, false);
    check("comment-open", -1, 0, 0, false);
    check("copy-open", -1, 0, 0, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus),
        cmocka_unit_test(test_what_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
