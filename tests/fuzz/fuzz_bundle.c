/*
 * fuzz_bundle - the readers of a snapshot against any bytes. Input that starts with "{" goes to the
 * manifest's parser, which a whole file reaches only with a right hash; anything else is a file:
 * opened, verified and read.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bundle/bundle_manifest.h"

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

static void read_all(const struct bundle *bundle, const char *name)
{
    struct bundle_stream *stream = NULL;
    struct err err = ERR_INIT;
    char data[4096];

    if (bundle_read_open(bundle, name, &stream, &err) == 0)
        while (bundle_read(stream, data, sizeof data, &err) > 0)
            ;
    bundle_read_close(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct bundle_in in = {input_read, (int64_t)size, &input};
    struct arena *arena = arena_new();
    struct bundle bundle = {0};
    struct err err = ERR_INIT;

    if (size > 0 && data[0] == '{') {
        if (bundle_manifest_parse((const char *)data, size, arena, &bundle, &err) == 0) {
            /* Members that were never compared with a file: reading them must still be safe. */
            bundle.in = in;
            err_clear(&err);
            if (bundle_verify(&bundle, 3, NULL, NULL, &err) == 0)
                read_all(&bundle, "main.dump");
        }
    } else if (bundle_open(&in, arena, &bundle, &err) == 0 &&
               bundle_verify(&bundle, 3, NULL, NULL, &err) == 0) {
        read_all(&bundle, "main.dump");
        read_all(&bundle, "globals.sql");
    }
    arena_free(arena);
    return 0;
}
