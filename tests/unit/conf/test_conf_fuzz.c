/* The fuzzer's corpus, each file whole, cut off at every byte, and with each byte changed. */
#include "conftest.h"

#include "../../fuzz/fuzz_conf.c"

#include "corpus.h"

static void test_corpus(void **state)
{
    (void)state;
    corpus_run("conf", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_corpus)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
