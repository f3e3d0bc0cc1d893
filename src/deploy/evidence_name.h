/*
 * evidence_name - the levels of a verification, and the name of the file that says one has succeeded.
 *
 * The file stands beside the snapshot, in the same store, and its name alone says what and when:
 * SNAPSHOT.LEVEL-YYYYMMDDTHHMMSSZ.json. Pure.
 */
#ifndef DEPLOY_EVIDENCE_NAME_H
#define DEPLOY_EVIDENCE_NAME_H

#include <stdbool.h>
#include <time.h>

#include "base/mem.h"

/* Each level includes the ones before it. */
enum evidence_level {
    EVIDENCE_NONE,
    EVIDENCE_FAST,    /* manifest, sizes */
    EVIDENCE_FULL,    /* every byte, every frame; the snapshot plugin understands it */
    EVIDENCE_RESTORE, /* restored into a scratch database and compared */
    EVIDENCE_LEVELS
};

/* evidence_level_name(level): "fast", "full", "restore". evidence_level(name): the other way round;
 * EVIDENCE_NONE for anything else. */
const char *evidence_level_name(enum evidence_level level);
enum evidence_level evidence_level(const char *name);

/* evidence_name(arena, snapshot, level, when): the name of the file. */
char *evidence_name(struct arena *arena, const char *snapshot, enum evidence_level level,
                    time_t when);

/* evidence_parse(arena, name, snapshot, level, when): what a name says; false when it is none of
 * these. ${snapshot} is made in ${arena}. evidence_is(name): whether it is one, also while it is
 * unfinished (".NAME.part"). */
bool evidence_parse(struct arena *arena, const char *name, const char **snapshot,
                    enum evidence_level *level, time_t *when);
bool evidence_is(const char *name);

#endif
