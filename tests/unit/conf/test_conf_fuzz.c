/* The fuzzer's corpus, each file whole, cut off at every byte, and with each byte changed. */
#include "conftest.h"

#include "../../fuzz/fuzz_conf.c"

static const char *corpus(struct fixture *f)
{
    const char *root = getenv("DDB_SRC");

    return fs_join(f->arena, root == NULL ? "." : root, "tests/fuzz/corpus/conf");
}

static void test_corpus(void **state)
{
    struct fixture *f = *state;
    struct err err = ERR_INIT;
    auto_strvec struct strvec names = {0};

    assert_int_equal(fs_list(corpus(f), &names, &err), 0);
    assert_true(names.n >= 8);
    for (size_t i = 0; i < names.n; i++) {
        auto_buf struct buf text = {0};

        assert_int_equal(fs_read(fs_join(f->arena, corpus(f), names.v[i]), 1 << 20, &text, &err),
                         0);
        for (size_t n = 0; n <= text.len; n++)
            LLVMFuzzerTestOneInput((const uint8_t *)text.data, n);
        for (size_t n = 0; n < text.len; n++) {
            char kept = text.data[n];

            text.data[n] = (char)(kept ^ (n % 2 ? 0x01 : 0x40));
            LLVMFuzzerTestOneInput((const uint8_t *)text.data, text.len);
            text.data[n] = kept;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_corpus)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
