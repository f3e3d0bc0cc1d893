/*
 * corpus - a fuzzer's corpus as a test: each file whole, cut off at every byte, and with each byte
 * changed. The test includes the fuzzer before.
 */
#ifndef HARNESS_CORPUS_H
#define HARNESS_CORPUS_H

#include "basetest.h"

static inline void corpus_file(const char *path)
{
    auto_buf struct buf text = {0};
    struct err err = ERR_INIT;

    assert_int_equal(fs_read(path, 1 << 20, &text, &err), 0);
    for (size_t n = 0; n <= text.len; n++)
        LLVMFuzzerTestOneInput((const uint8_t *)buf_text(&text), n);
    for (size_t n = 0; n < text.len; n++) {
        char kept = text.data[n];

        text.data[n] = (char)(kept ^ (n % 2 ? 0x01 : 0x40));
        LLVMFuzzerTestOneInput((const uint8_t *)text.data, text.len);
        text.data[n] = kept;
    }
}

/* corpus_run(name, at_least): the files of tests/fuzz/corpus/${name}. */
static inline void corpus_run(const char *name, size_t at_least)
{
    const char *root = getenv("DDB_SRC");
    struct arena *arena = arena_new();
    const char *folder = arena_printf(arena, "%s/tests/fuzz/corpus/%s", root == NULL ? "." : root,
                                      name);
    auto_strvec struct strvec names = {0};
    struct err err = ERR_INIT;

    assert_int_equal(fs_list(folder, &names, &err), 0);
    assert_true(names.n >= at_least);
    for (size_t i = 0; i < names.n; i++)
        corpus_file(fs_join(arena, folder, names.v[i]));
    arena_free(arena);
}

#endif
