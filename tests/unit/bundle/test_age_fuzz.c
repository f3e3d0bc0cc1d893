/* The corpus of fuzz_age, also cut off and changed, without the fuzzer. */
#include "../../fuzz/fuzz_age.c"

#include "corpus.h"

static void corpus(void **state)
{
    (void)state;
    corpus_run("age", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
