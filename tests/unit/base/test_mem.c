/* test_mem - memory by lifetime. */
#include "basetest.h"

#include <signal.h>
#include <sys/wait.h>

static void test_arena(void **state)
{
    struct arena *arena = arena_new();
    char *big = arena_alloc(arena, 100000);
    const char *texts[200];

    (void)state;
    for (int i = 0; i < 100000; i++)
        assert_int_equal(big[i], 0);
    memset(big, 'x', 100000);
    for (int i = 0; i < 200; i++) {
        void *aligned = arena_alloc(arena, (size_t)i);

        assert_int_equal((uintptr_t)aligned % 16, 0);
        texts[i] = arena_printf(arena, "%0*d", i * 3, i);
    }
    for (int i = 0; i < 200; i++) {
        auto_buf struct buf want = {0};

        buf_addf(&want, "%0*d", i * 3, i);
        assert_string_equal(texts[i], want.data);
    }
    assert_null(arena_strdup(arena, NULL));
    assert_string_equal(arena_strdup(arena, ""), "");
    assert_string_equal(arena_strndup(arena, "abcdef", 3), "abc");
    arena_free(arena);
    arena_free(NULL);
}

/* Many megabytes: blocks of every size, the large ones too, come zeroed, aligned and apart. */
static void test_large_arena(void **state)
{
    struct arena *arena = arena_new();
    static unsigned char *parts[20000];

    (void)state;
    for (size_t i = 0; i < 20000; i++) {
        size_t n = i % 1000 == 999 ? 700 * 1000 : 1 + i % 300;

        parts[i] = arena_alloc(arena, n);
        assert_int_equal((uintptr_t)parts[i] % 16, 0);
        for (size_t k = 0; k < n; k += 1 + n / 64)
            assert_int_equal(parts[i][k], 0);
        memset(parts[i], (int)(i % 251), n);
    }
    for (size_t i = 0; i < 20000; i++)
        assert_int_equal(parts[i][i % 1000 == 999 ? 699999 : i % 300], i % 251);
    arena_free(arena);
}

static void test_strvec(void **state)
{
    static const char *const more[] = {"c", "d", NULL};
    struct strvec vec = {0};
    struct arena *arena = arena_new();
    auto_free char *joined = NULL;
    auto_free char *none = NULL;
    char **list;

    (void)state;
    none = strvec_join(&vec, ", ");
    assert_string_equal(none, "");
    assert_null(arena_list(arena, &vec)[0]);
    strvec_push(&vec, "a");
    strvec_pushf(&vec, "%s%d", "b", 1);
    strvec_push_all(&vec, more);
    strvec_push_all(&vec, NULL);
    assert_int_equal(vec.n, 4);
    assert_null(vec.v[4]);
    assert_true(strvec_has(&vec, "b1"));
    assert_false(strvec_has(&vec, "b"));
    joined = strvec_join(&vec, ", ");
    assert_string_equal(joined, "a, b1, c, d");
    list = arena_list(arena, &vec);
    strvec_release(&vec);
    assert_string_equal(list[3], "d");
    assert_null(list[4]);
    for (int i = 0; i < 1000; i++)
        strvec_pushf(&vec, "%d", i);
    assert_string_equal(vec.v[999], "999");
    assert_null(vec.v[1000]);
    strvec_release(&vec);
    strvec_release(&vec);
    arena_free(arena);
}

static void test_heap(void **state)
{
    auto_free char *text = mem_strdup("abc");
    auto_free char *zeroed = mem_alloc(0);

    (void)state;
    text = mem_realloc(text, 4000);
    assert_string_equal(text, "abc");
    assert_int_equal(zeroed[0], 0);
    mem_free(NULL);
}

/* Out of memory ends the program with one line; the compiler must not see the size. */
static void test_out_of_memory(void **state)
{
    volatile size_t huge = PTRDIFF_MAX;
    int status;
    pid_t pid;

    (void)state;
    pid = fork();
    if (pid == 0) {
        close(STDERR_FILENO);
        mem_free(mem_alloc(huge - 4096));
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_large_arena),
        cmocka_unit_test(test_strvec),
        cmocka_unit_test(test_heap),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
