/*
 * fuzz_header - the reader of revision files against any bytes. What it says it knows must be text
 * that JSON and the terminal can show: no NUL inside, valid lists, a revision that is one string.
 */
#include "../../plugins/alembic/lex.c"

#include "../../plugins/alembic/header.c"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct header header; /* reused, as for the files of a project */
    char *text = malloc(size + 1);
    size_t total = 0;

    if (text == NULL)
        abort();
    memcpy(text, data, size); /* exactly as long, so that a step beyond it is seen */
    text = realloc(text, size > 0 ? size : 1);
    if (header_read(&header, text, size) != 0) {
        if (header.unknown_name == NULL || header.unknown_line < 1)
            abort();
    } else {
        for (size_t name = 0; name < HEADER_NAMES; name++)
            for (const char *const *item = header_list(&header, (enum header_name)name);
                 *item != NULL; item++) {
                if (!is_utf8(*item, strlen(*item)))
                    abort();
                total += strlen(*item) + 1;
            }
        if (header.values[HEADER_REVISION].kind != HEADER_UNSET &&
            header.values[HEADER_REVISION].kind != HEADER_TEXT)
            abort();
        if (total > HEADER_NAMES * (size + 1)) /* one value may serve all names */
            abort();
    }
    free(text);
    return 0;
}
