/* test_evidence_name - names that say which snapshot was verified, how and when. */
#include "basetest.h"

#include "base/clock.h"
#include "deploy/evidence_name.h"

static const char SNAPSHOT[] = "production-20261127T030000Z-a1b2c3.tar";

static void there_and_back(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    time_t when = clock_parse("2026-11-28T04:05:06Z");

    for (int i = EVIDENCE_FAST; i < EVIDENCE_LEVELS; i++) {
        const char *name = evidence_name(arena, SNAPSHOT, (enum evidence_level)i, when);
        const char *snapshot = NULL;
        enum evidence_level level = EVIDENCE_NONE;
        time_t then = 0;

        assert_true(evidence_parse(arena, name, &snapshot, &level, &then));
        assert_string_equal(snapshot, SNAPSHOT);
        assert_int_equal(level, i);
        assert_int_equal(then, when);
        assert_true(evidence_is(name));
        assert_true(evidence_is(arena_printf(arena, ".%s.part", name)));
        assert_int_equal(evidence_level(evidence_level_name(level)), i);
    }
    assert_string_equal(evidence_name(arena, SNAPSHOT, EVIDENCE_FULL, when),
                        "production-20261127T030000Z-a1b2c3.tar.full-20261128T040506Z.json");
    arena_free(arena);
}

static void others(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        ".json",
        "production-20261127T030000Z-a1b2c3.tar",
        ".production-20261127T030000Z-a1b2c3.tar.part",
        "production-20261127T030000Z-a1b2c3.tar.json",
        "production-20261127T030000Z-a1b2c3.tar.some-20261128T040506Z.json",
        "production-20261127T030000Z-a1b2c3.tarfull-20261128T040506Z.json",
        "production-20261127T030000Z-a1b2c3.tar.full-20261328T040506Z.json",
        "production-20261127T030000Z-a1b2c3.tar.full-20261128T040506Z.txt",
        ".full-20261128T040506Z.json",
        "full-20261128T040506Z.json",
    };
    struct arena *arena = arena_new();

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *snapshot;
        enum evidence_level level;
        time_t when;

        assert_false(evidence_is(names[i]));
        assert_false(evidence_parse(arena, names[i], &snapshot, &level, &when));
    }
    assert_int_equal(evidence_level(""), EVIDENCE_NONE);
    assert_int_equal(evidence_level("Full"), EVIDENCE_NONE);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
