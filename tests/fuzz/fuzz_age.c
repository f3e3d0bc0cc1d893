/*
 * fuzz_age - the reader of encrypted files against any bytes, with an identity that fits the corpus.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bundle/age.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t size;
};

static ssize_t input_read(void *arg, int64_t offset, void *data, size_t cap, struct err *err)
{
    struct input *input = arg;
    size_t n;

    (void)err;
    if (offset < 0 || (size_t)offset >= input->size)
        return 0;
    n = input->size - (size_t)offset < cap ? input->size - (size_t)offset : cap;
    memcpy(data, input->data + offset, n);
    return (ssize_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char identity[] =
        "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    struct input input = {data, size};
    const struct bundle_in in = {input_read, (int64_t)size, &input};
    auto_age_keys struct age_keys identities = {0};
    struct age_reader *reader = NULL;
    struct err err = ERR_INIT;
    char plain[1000];
    int64_t at = 0;
    ssize_t n;

    if (age_identities(identity, "the fuzzer", &identities, &err) != 0 ||
        age_open(&in, &identities, "the fuzzer", &reader, &err) != 0)
        return 0;
    while ((n = age_in(reader).read(reader, at, plain, sizeof plain, &err)) > 0)
        at += n;
    age_close(reader);
    return 0;
}
