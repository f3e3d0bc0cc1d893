/* fuzz_hazard - any text as the SQL of a run: the scan ends, and a text that has DROP TABLE outside
 * quotes and comments never counts as harmless unless it created something. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "pg/hazard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text as it is, then with a statement behind it that must be seen, or else the text before it
 * must have been refused. */
static void scan(struct arena *arena, const char *text, bool must_destroy)
{
    struct hazard *list;
    size_t n;

    hazard_scan(arena, text, "alembic_version", &list, &n);
    if (must_destroy && !hazard_any_destroys(list, n))
        abort();
    for (size_t i = 0; i < n; i++)
        if (strlen(list[i].statement) > 120 || list[i].reason[0] == '\0')
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char drop[] = "\n;DROP TABLE \"not created by any corpus text\"";
    struct arena *arena = arena_new();
    char *text = arena_alloc(arena, size + sizeof drop);

    memcpy(text, data, size);
    scan(arena, text, false);
    size = strlen(text);
    memcpy(text + size, drop, sizeof drop);
    /* Behind an open comment it is no statement, and nothing runs it either. */
    scan(arena, text, strstr(text, "/*") == NULL);
    arena_free(arena);
    return 0;
}
