/* evidence_name - see evidence_name.h. */
#include "deploy/evidence_name.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { TIME_BYTES = sizeof "20260131T134510Z" - 1 };

static const char ENDING[] = ".json";
static const char *const names[EVIDENCE_LEVELS] = {"", "fast", "full", "restore"};

const char *evidence_level_name(enum evidence_level level)
{
    return level >= 0 && level < EVIDENCE_LEVELS ? names[level] : "";
}

enum evidence_level evidence_level(const char *name)
{
    for (int level = EVIDENCE_FAST; level < EVIDENCE_LEVELS; level++)
        if (strcmp(names[level], name) == 0)
            return (enum evidence_level)level;
    return EVIDENCE_NONE;
}

char *evidence_name(struct arena *arena, const char *snapshot, enum evidence_level level,
                    time_t when)
{
    char time[32];

    return arena_printf(arena, "%s.%s-%s%s", snapshot, evidence_level_name(level),
                        clock_compact(when, time), ENDING);
}

/* How many bytes of ${name} are the snapshot's name; 0: it is no evidence. */
static size_t parse(const char *name, size_t len, enum evidence_level *level, time_t *when)
{
    const size_t tail = 1 + TIME_BYTES + sizeof ENDING - 1;
    char time[TIME_BYTES + 1];
    const char *end;

    if (len <= tail || strncmp(name + len - sizeof ENDING + 1, ENDING, sizeof ENDING - 1) != 0)
        return 0;
    end = name + len - tail;
    snprintf(time, sizeof time, "%s", end + 1);
    *when = clock_parse(time);
    if (*end != '-' || *when == (time_t)-1)
        return 0;
    for (int i = EVIDENCE_FAST; i < EVIDENCE_LEVELS; i++) {
        size_t n = strlen(names[i]);

        if ((size_t)(end - name) > n + 1 && end[-(ptrdiff_t)n - 1] == '.' &&
            strncmp(end - n, names[i], n) == 0) {
            *level = (enum evidence_level)i;
            return (size_t)(end - name) - n - 1;
        }
    }
    return 0;
}

bool evidence_parse(struct arena *arena, const char *name, const char **snapshot,
                    enum evidence_level *level, time_t *when)
{
    size_t n = name[0] == '.' ? 0 : parse(name, strlen(name), level, when);

    if (n > 0)
        *snapshot = arena_strndup(arena, name, n);
    return n > 0;
}

bool evidence_is(const char *name)
{
    static const char part[] = ".part";
    size_t len = strlen(name);
    enum evidence_level level;
    time_t when;

    if (name[0] == '.') {
        name++;
        len--;
        if (len > sizeof part && strcmp(name + len - sizeof part + 1, part) == 0)
            len -= sizeof part - 1;
    }
    return parse(name, len, &level, &when) > 0;
}
