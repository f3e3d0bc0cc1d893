/* test_retention - which snapshots stay: tables of cases, and what must hold for all of them. */
#include "basetest.h"

#include "base/clock.h"
#include "deploy/retention.h"

enum { MOST = 60, ROUNDS = 4000 };

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static time_t at(const char *text)
{
    time_t when = clock_parse(text);

    assert_true(when != (time_t)-1);
    return when;
}

/* The reasons of the snapshots taken at ${times} (NULL-terminated), a line each; "-" where it goes. */
static const char *decided(const struct conf_keep *policy, const char *const *times)
{
    struct retention_item items[MOST] = {0};
    const char *text = "";
    size_t n = 0;

    for (; times[n] != NULL; n++)
        items[n] = (struct retention_item){.name = times[n], .taken = at(times[n])};
    retention_apply(arena, policy, at("2026-11-27T12:00:00Z"), items, n);
    for (size_t i = 0; i < n; i++) {
        text = arena_printf(arena, "%s%s", text, items[i].keep ? "" : "-");
        for (size_t r = 0; r < items[i].n_reasons; r++)
            text = arena_printf(arena, "%s%s%s", text, r == 0 ? "" : ", ", items[i].reasons[r]);
        text = arena_printf(arena, "%s\n", text);
    }
    return text;
}

#define TIMES(...) (const char *const[]){__VA_ARGS__, NULL}

static void by_number(void **state)
{
    (void)state;
    assert_string_equal(decided(&(struct conf_keep){.last = 2},
                                TIMES("2026-11-25T01:00:00Z", "2026-11-27T01:00:00Z",
                                      "2026-11-26T01:00:00Z")),
                        "-\nlast 1\nlast 2\n");
    assert_string_equal(decided(&(struct conf_keep){.last = 9}, TIMES("2026-11-25T01:00:00Z")),
                        "last 1\n");
}

static void by_calendar(void **state)
{
    (void)state;
    /* The newest of each day, in UTC; with fewer days than asked for, the oldest too. */
    assert_string_equal(decided(&(struct conf_keep){.daily = 2},
                                TIMES("2026-11-24T23:59:59Z", "2026-11-25T00:00:00Z",
                                      "2026-11-25T23:59:59Z", "2026-11-26T00:00:00Z")),
                        "-\n-\ndaily 2026-11-25\ndaily 2026-11-26\n");
    assert_string_equal(decided(&(struct conf_keep){.daily = 3},
                                TIMES("2026-11-25T00:00:00Z", "2026-11-25T10:00:00Z",
                                      "2026-11-25T23:59:59Z", "2026-11-26T00:00:00Z")),
                        "oldest daily 2026-11-25\n-\ndaily 2026-11-25\ndaily 2026-11-26\n");
    assert_string_equal(decided(&(struct conf_keep){.hourly = 2},
                                TIMES("2026-11-25T09:10:00Z", "2026-11-25T10:00:00Z",
                                      "2026-11-25T10:59:59Z", "2026-11-25T11:00:00Z")),
                        "-\n-\nhourly 2026-11-25T10\nhourly 2026-11-25T11\n");
    /* ISO weeks begin on Monday and belong to the year of their Thursday. */
    assert_string_equal(decided(&(struct conf_keep){.weekly = 2},
                                TIMES("2025-12-28T12:00:00Z", "2025-12-29T12:00:00Z",
                                      "2026-01-04T12:00:00Z", "2026-01-05T00:00:00Z")),
                        "-\n-\nweekly 2026-W01\nweekly 2026-W02\n");
    assert_string_equal(decided(&(struct conf_keep){.monthly = 1, .yearly = 2},
                                TIMES("2024-02-29T12:00:00Z", "2025-12-31T23:59:59Z",
                                      "2026-01-01T00:00:00Z", "2026-10-31T12:00:00Z")),
                        "-\nyearly 2025\n-\nmonthly 2026-10, yearly 2026\n");
    assert_string_equal(decided(&(struct conf_keep){.last = 1, .daily = 1, .monthly = 1},
                                TIMES("2026-11-26T01:00:00Z", "2026-11-26T02:00:00Z")),
                        "-\nlast 1, daily 2026-11-26, monthly 2026-11\n");
}

static void by_age(void **state)
{
    (void)state;
    /* From the newest one, not from now: backups may have stopped. */
    assert_string_equal(decided(&(struct conf_keep){.within_ms = INT64_C(90) * 86400 * 1000},
                                TIMES("2024-01-01T00:00:00Z", "2024-11-01T00:00:00Z",
                                      "2024-12-01T00:00:00Z")),
                        "-\nwithin 90d\nwithin 90d\n");
    assert_string_equal(decided(&(struct conf_keep){.within_ms = 36 * 3600 * 1000},
                                TIMES("2026-11-25T23:59:59Z", "2026-11-26T00:00:00Z",
                                      "2026-11-27T12:00:00Z")),
                        "-\nwithin 36h\nwithin 36h\n");
}

static void whatever_the_rules_say(void **state)
{
    (void)state;
    struct retention_item items[] = {
        {.name = "a", .taken = at("2020-01-01T00:00:00Z"), .level = EVIDENCE_RESTORE},
        {.name = "b", .taken = at("2021-01-01T00:00:00Z"), .level = EVIDENCE_FULL},
        {.name = "c", .taken = at("2022-01-01T00:00:00Z"), .pinned = "needed by run 7"},
        {.name = "d", .taken = at("2023-01-01T00:00:00Z")},
        {.name = "e", .taken = at("2026-01-01T00:00:00Z"), .level = EVIDENCE_FAST},
        {.name = "f", .taken = at("2026-02-01T00:00:00Z")},
        {.name = "g", .taken = at("2027-01-01T00:00:00Z"), .level = EVIDENCE_RESTORE},
    };

    retention_apply(arena, &(struct conf_keep){.last = 1}, at("2026-11-27T12:00:00Z"), items, 7);
    assert_string_equal(items[0].reasons[0], "newest restored in a drill");
    assert_string_equal(items[1].reasons[0], "newest verified");
    assert_string_equal(items[2].reasons[0], "needed by run 7");
    assert_false(items[3].keep);
    assert_false(items[4].keep);
    assert_string_equal(items[5].reasons[0], "last 1");
    assert_string_equal(items[6].reasons[0], "its time is in the future");

    /* Where nothing was read whole, the newest that was looked at; min_keep fills up. */
    items[0].level = items[1].level = EVIDENCE_NONE;
    retention_apply(arena, &(struct conf_keep){.min_keep = 4}, at("2026-11-27T12:00:00Z"), items, 7);
    assert_string_equal(items[4].reasons[0], "newest verified");
    assert_string_equal(items[5].reasons[0], "min_keep");
    assert_string_equal(items[3].reasons[0], "min_keep");
    assert_string_equal(items[2].reasons[0], "needed by run 7");
    assert_false(items[1].keep);
    assert_false(items[0].keep);
}

static void an_empty_policy(void **state)
{
    (void)state;
    assert_true(retention_is_empty(&(struct conf_keep){.given = true, .partial_after_ms = 1}));
    assert_string_equal(decided(&(struct conf_keep){.given = true, .partial_after_ms = 1},
                                TIMES("1999-01-01T00:00:00Z", "2026-01-01T00:00:00Z")),
                        "no rule removes anything\nno rule removes anything\n");
    retention_apply(arena, &(struct conf_keep){.last = 1}, 0, NULL, 0);
}

/* --- what holds for all ------------------------------------------------------------------------- */

static unsigned below(unsigned n)
{
    return (unsigned)random() % n;
}

static size_t some_items(struct retention_item *items, time_t now)
{
    static const time_t spans[] = {3600 * 30, 86400 * 20, 86400 * 300, (time_t)86400 * 3000};
    time_t span = spans[below(4)];
    size_t n = below(MOST);

    for (size_t i = 0; i < n; i++)
        items[i] = (struct retention_item){
            .name = arena_printf(arena, "s%03zu", i),
            .taken = now + span / 20 - (time_t)((double)random() / RAND_MAX * (double)span),
            .level = below(4) == 0 ? (enum evidence_level)below(EVIDENCE_LEVELS) : EVIDENCE_NONE,
            .pinned = below(15) == 0 ? "pinned" : NULL,
        };
    return n;
}

static int some_number(void)
{
    return below(2) == 0 ? 0 : (int)below(9);
}

static struct conf_keep some_policy(void)
{
    return (struct conf_keep){.last = some_number(),
                              .hourly = some_number(),
                              .daily = some_number(),
                              .weekly = some_number(),
                              .monthly = some_number(),
                              .yearly = some_number(),
                              .min_keep = below(3) == 0 ? (int)below(12) : 0,
                              .within_ms = below(3) == 0 ? (int64_t)below(40) * 86400000 : 0};
}

/* The number of ${item}'s bucket, counted by plain arithmetic on days since Monday, 1969-12-29. */
static long bucket_of(int rule, time_t taken)
{
    struct tm parts;

    gmtime_r(&taken, &parts);
    switch (rule) {
    case 0: return (long)(taken / 3600);
    case 1: return (long)(taken / 86400);
    case 2: return (long)((taken / 86400 + 3) / 7);
    case 3: return parts.tm_year * 12 + parts.tm_mon;
    default: return parts.tm_year;
    }
}

static bool is_newer(const struct retention_item *a, const struct retention_item *b)
{
    return a->taken != b->taken ? a->taken > b->taken : strcmp(a->name, b->name) > 0;
}

/* Said another way than in the program: an item is the newest of its bucket, and fewer than ${count}
 * buckets are newer; or it is the oldest, and there are fewer than ${count} buckets. */
static bool by_rule(int rule, int count, const struct retention_item *items, size_t n, size_t me,
                    time_t now)
{
    long mine = bucket_of(rule, items[me].taken);
    long seen[MOST];
    size_t n_seen = 0;
    bool newest = true, oldest = true;

    for (size_t i = 0; i < n; i++) {
        long bucket = bucket_of(rule, items[i].taken);
        bool known = bucket == mine;

        if (items[i].taken > now || i == me)
            continue;
        if (!is_newer(&items[i], &items[me]))
            oldest = false;
        else if (bucket == mine)
            newest = false;
        for (size_t s = 0; s < n_seen; s++)
            known |= seen[s] == bucket;
        if (!known && is_newer(&items[i], &items[me]))
            seen[n_seen++] = bucket;
    }
    if (newest)
        return (int)n_seen < count;
    return oldest && (int)n_seen + 1 < count;
}

static bool by_any_rule(const struct conf_keep *policy, const struct retention_item *items, size_t n,
                        size_t me, time_t now)
{
    const int counts[] = {policy->hourly, policy->daily, policy->weekly, policy->monthly,
                          policy->yearly};
    time_t newest = items[me].taken;
    int newer = 0;

    for (size_t i = 0; i < n; i++)
        if (items[i].taken <= now && is_newer(&items[i], &items[me])) {
            newer++;
            if (items[i].taken > newest)
                newest = items[i].taken;
        }
    if (newer < policy->last)
        return true;
    if (policy->within_ms > 0 && newest - items[me].taken <= policy->within_ms / 1000)
        return true;
    for (int rule = 0; rule < 5; rule++)
        if (by_rule(rule, counts[rule], items, n, me, now))
            return true;
    return false;
}

/* Whether ${me} is the newest of those at ${level} or above. */
static bool is_newest_at(enum evidence_level level, const struct retention_item *items, size_t n,
                         size_t me, time_t now)
{
    if (items[me].level < level)
        return false;
    for (size_t i = 0; i < n; i++)
        if (items[i].taken <= now && items[i].level >= level && is_newer(&items[i], &items[me]))
            return false;
    return true;
}

static bool any_at(enum evidence_level level, const struct retention_item *items, size_t n,
                   time_t now)
{
    for (size_t i = 0; i < n; i++)
        if (items[i].taken <= now && items[i].level >= level)
            return true;
    return false;
}

static bool is_floor(const struct retention_item *items, size_t n, size_t me, time_t now)
{
    enum evidence_level verified = any_at(EVIDENCE_FULL, items, n, now) ? EVIDENCE_FULL
                                                                         : EVIDENCE_FAST;

    return items[me].taken > now || items[me].pinned != NULL ||
           is_newest_at(verified, items, n, me, now) ||
           is_newest_at(EVIDENCE_RESTORE, items, n, me, now);
}

/* Exactly what the rules, the floors and min_keep say, and no other. */
static void as_defined(void **state)
{
    (void)state;
    time_t now = at("2026-11-27T12:00:00Z");

    srandom(1);
    for (int round = 0; round < ROUNDS; round++) {
        struct conf_keep policy = some_policy();
        struct retention_item items[MOST] = {0};
        size_t n = some_items(items, now), counted = 0, kept = 0;

        retention_apply(arena, &policy, now, items, n);
        for (size_t i = 0; i < n; i++) {
            bool wanted = retention_is_empty(&policy) || is_floor(items, n, i, now) ||
                          by_any_rule(&policy, items, n, i, now);

            if (wanted)
                assert_true(items[i].keep);
            else if (policy.min_keep == 0)
                assert_false(items[i].keep);
            assert_true(items[i].keep == (items[i].n_reasons > 0));
            counted += items[i].taken <= now;
            kept += items[i].taken <= now && items[i].keep;
        }
        assert_true(kept >= counted || (int)kept >= policy.min_keep);
    }
}

/* What was kept is kept again; the order in which they come does not matter. */
static void again_and_shuffled(void **state)
{
    (void)state;
    time_t now = at("2026-11-27T12:00:00Z");

    srandom(2);
    for (int round = 0; round < ROUNDS; round++) {
        struct conf_keep policy = some_policy();
        struct retention_item items[MOST] = {0}, left[MOST] = {0};
        size_t n = some_items(items, now), n_left = 0;

        retention_apply(arena, &policy, now, items, n);
        for (size_t i = n; i-- > 0;)
            if (items[i].keep)
                left[n_left++] = items[i];
        retention_apply(arena, &policy, now, left, n_left);
        for (size_t i = 0; i < n_left; i++)
            assert_true(left[i].keep);
    }
}

/* A policy with greater numbers keeps no snapshot less. */
static void monotone(void **state)
{
    (void)state;
    time_t now = at("2026-11-27T12:00:00Z");

    srandom(3);
    for (int round = 0; round < ROUNDS; round++) {
        struct conf_keep less = some_policy(), more;
        struct retention_item items[MOST] = {0}, again[MOST];
        size_t n = some_items(items, now);

        less.min_keep = 0; /* it fills up what the others leave, so less of it may be needed */
        more = less;
        more.last += (int)below(3);
        more.hourly += (int)below(3);
        more.daily += (int)below(3);
        more.weekly += (int)below(3);
        more.monthly += (int)below(3);
        more.yearly += (int)below(3);
        more.within_ms += (int64_t)below(2) * 86400000;
        if (retention_is_empty(&less))
            continue; /* the one policy that keeps more than a greater one */
        memcpy(again, items, sizeof again);
        retention_apply(arena, &less, now, items, n);
        retention_apply(arena, &more, now, again, n);
        for (size_t i = 0; i < n; i++)
            assert_true(!items[i].keep || again[i].keep);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(by_calendar, set_up, tear_down),
        cmocka_unit_test_setup_teardown(by_age, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whatever_the_rules_say, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_policy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(as_defined, set_up, tear_down),
        cmocka_unit_test_setup_teardown(again_and_shuffled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(monotone, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
