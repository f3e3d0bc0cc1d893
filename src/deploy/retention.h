/*
 * retention - which snapshots stay in a store, and why: grandfather, father, son.
 *
 * The rules are those of restic's `forget` (its documentation, "Removing snapshots according to a
 * policy"): a snapshot stays when any rule keeps it; a calendar rule keeps the newest snapshot of
 * each of the newest N hours, days, ISO weeks, months or years that have one, in UTC, and, while it
 * has found fewer than N, the oldest snapshot too; `within` counts from the newest snapshot, so that
 * backups that have stopped do not wear away. An empty policy keeps everything.
 *
 * Whatever the rules say, these stay: the newest verified snapshot (by reading all of it, or, where
 * there is none such, fast); the newest that was restored in a drill; what is pinned; what is of the
 * future, which is not counted by any rule; and as many of the newest as make up min_keep. Pure.
 */
#ifndef DEPLOY_RETENTION_H
#define DEPLOY_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/mem.h"
#include "conf/conf.h"
#include "deploy/evidence_name.h"

enum { RETENTION_REASONS = 13 };

struct retention_item {
    const char *name;           /* unique; the younger of two of the same second is the greater */
    time_t taken;
    enum evidence_level level;  /* the highest that it was verified at */
    const char *pinned;         /* why it is needed; NULL: it is not */

    /* the answer */
    bool keep;
    const char *reasons[RETENTION_REASONS]; /* "last 1", "daily 2026-11-27"; none: no rule keeps it */
    size_t n_reasons;
};

/* retention_is_empty(policy): whether it keeps everything. */
bool retention_is_empty(const struct conf_keep *policy);

/* retention_apply(arena, policy, now, items, n): fill the answer of each of ${items}, whose order does
 * not matter and is kept. The reasons are made in ${arena}. */
void retention_apply(struct arena *arena, const struct conf_keep *policy, time_t now,
                     struct retention_item *items, size_t n);

/* retention_add(item, reason): one more reason to keep it. */
void retention_add(struct retention_item *item, const char *reason);

#endif
