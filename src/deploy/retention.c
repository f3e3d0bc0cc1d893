/* retention - see retention.h. */
#include "deploy/retention.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One calendar rule while it walks from the newest snapshot to the oldest. */
struct rule {
    const char *word;
    const char *bucket; /* strftime: snapshots of the same text are of the same bucket; NULL: each alone */
    int left;
    int found;
    char latest[32];
};

bool retention_is_empty(const struct conf_keep *policy)
{
    return policy->last <= 0 && policy->hourly <= 0 && policy->daily <= 0 && policy->weekly <= 0 &&
           policy->monthly <= 0 && policy->yearly <= 0 && policy->min_keep <= 0 &&
           policy->within_ms <= 0;
}

void retention_add(struct retention_item *item, const char *reason)
{
    item->keep = true;
    if (item->n_reasons < RETENTION_REASONS)
        item->reasons[item->n_reasons++] = reason;
}

static int newest_first(const void *a, const void *b)
{
    const struct retention_item *left = *(struct retention_item *const *)a;
    const struct retention_item *right = *(struct retention_item *const *)b;

    if (left->taken != right->taken)
        return left->taken > right->taken ? -1 : 1;
    return strcmp(right->name, left->name);
}

/* --- the rules ---------------------------------------------------------------------------------- */

static void try_rule(struct arena *arena, struct rule *rule, struct retention_item *item, bool oldest)
{
    char bucket[sizeof rule->latest] = "";
    bool is_new = true;
    struct tm parts;

    if (rule->left == 0)
        return;
    if (rule->bucket != NULL) {
        if (gmtime_r(&item->taken, &parts) == NULL ||
            strftime(bucket, sizeof bucket, rule->bucket, &parts) == 0)
            bucket[0] = '\0';
        is_new = strcmp(bucket, rule->latest) != 0;
        memcpy(rule->latest, bucket, sizeof bucket);
    }
    if (!is_new && !oldest)
        return;
    rule->left--;
    rule->found++;
    retention_add(item, rule->bucket == NULL
                            ? arena_printf(arena, "%s %d", rule->word, rule->found)
                            : arena_printf(arena, "%s%s %s", is_new ? "" : "oldest ", rule->word,
                                           bucket));
}

/* "90d", "36h", "1500ms": the largest unit that it is a whole number of. */
static const char *duration_text(struct arena *arena, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
    size_t i = 0;

    while (ms % units[i].ms != 0)
        i++;
    return arena_printf(arena, "%lld%s", (long long)(ms / units[i].ms), units[i].unit);
}

static void apply_rules(struct arena *arena, const struct conf_keep *policy,
                        struct retention_item **sorted, size_t n)
{
    struct rule rules[] = {
        {.word = "last", .left = policy->last},
        {.word = "hourly", .bucket = "%Y-%m-%dT%H", .left = policy->hourly},
        {.word = "daily", .bucket = "%Y-%m-%d", .left = policy->daily},
        {.word = "weekly", .bucket = "%G-W%V", .left = policy->weekly},
        {.word = "monthly", .bucket = "%Y-%m", .left = policy->monthly},
        {.word = "yearly", .bucket = "%Y", .left = policy->yearly},
    };

    for (size_t i = 0; i < n; i++) {
        for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
            try_rule(arena, &rules[r], sorted[i], i + 1 == n);
        /* in milliseconds it might not fit */
        if (policy->within_ms > 0 &&
            sorted[0]->taken - sorted[i]->taken <= policy->within_ms / 1000)
            retention_add(sorted[i], arena_printf(arena, "within %s",
                                                  duration_text(arena, policy->within_ms)));
    }
}

/* --- what stays whatever they say ------------------------------------------------------------------ */

static struct retention_item *newest_of(struct retention_item **sorted, size_t n,
                                        enum evidence_level level)
{
    for (size_t i = 0; i < n; i++)
        if (sorted[i]->level >= level)
            return sorted[i];
    return NULL;
}

static void apply_floors(const struct conf_keep *policy, struct retention_item **sorted, size_t n)
{
    struct retention_item *verified = newest_of(sorted, n, EVIDENCE_FULL);
    struct retention_item *restored = newest_of(sorted, n, EVIDENCE_RESTORE);
    int kept = 0;

    if (verified == NULL)
        verified = newest_of(sorted, n, EVIDENCE_FAST);
    if (verified != NULL)
        retention_add(verified, "newest verified");
    if (restored != NULL)
        retention_add(restored, "newest restored in a drill");
    for (size_t i = 0; i < n; i++) {
        if (sorted[i]->pinned != NULL)
            retention_add(sorted[i], sorted[i]->pinned);
        kept += sorted[i]->keep;
    }
    for (size_t i = 0; i < n && kept < policy->min_keep; i++)
        if (!sorted[i]->keep) {
            retention_add(sorted[i], "min_keep");
            kept++;
        }
}

void retention_apply(struct arena *arena, const struct conf_keep *policy, time_t now,
                     struct retention_item *items, size_t n)
{
    struct retention_item **sorted = arena_alloc(arena, (n + 1) * sizeof *sorted);
    bool is_empty = retention_is_empty(policy);
    size_t counted = 0;

    for (size_t i = 0; i < n; i++) {
        items[i].keep = false;
        items[i].n_reasons = 0;
        if (is_empty)
            retention_add(&items[i], "no rule removes anything");
        else if (items[i].taken > now)
            retention_add(&items[i], "its time is in the future");
        else
            sorted[counted++] = &items[i];
    }
    if (counted == 0)
        return;
    qsort(sorted, counted, sizeof *sorted, newest_first);
    apply_rules(arena, policy, sorted, counted);
    apply_floors(policy, sorted, counted);
}
