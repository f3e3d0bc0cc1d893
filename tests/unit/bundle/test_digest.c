/* Tests of bundle/digest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bundle/digest.h"

static void known_values(void **state)
{
    char hex[65];

    (void)state;
    digest_of("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_of("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void pieces_equal_the_whole(void **state)
{
    struct digest *digest = digest_new();
    char whole[65], pieces[65];

    (void)state;
    digest_of("one two three", 13, whole);
    digest_add(digest, "one ", 4);
    digest_add(digest, "", 0);
    digest_add(digest, "two three", 9);
    digest_end(digest, pieces);
    assert_string_equal(whole, pieces);
    digest_free(NULL);
    digest_free(digest_new());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(pieces_equal_the_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
