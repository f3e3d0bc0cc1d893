/*
 * fuzz_header - the reader of revision files against any bytes. What it says it knows must be text
 * that JSON and the terminal can show: no NUL inside, valid lists, a revision that is one string.
 *
 * With FUZZ_LINKED the plugin is linked, not included.
 */
#ifndef FUZZ_LINKED
#include "../../plugins/alembic/lex.c"
#include "../../plugins/alembic/lex_value.c"

#include "../../plugins/alembic/header_text.c"
#include "../../plugins/alembic/header.c"
#else
#include "alembic/header.h"
#endif

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* JSON takes it, which is strict about UTF-8. */
static void must_be_text(const char *text)
{
    json_t *string = json_string(text);

    if (string == NULL)
        abort();
    json_decref(string);
}

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
                must_be_text(*item);
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
