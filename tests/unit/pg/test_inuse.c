/* Tests of inuse and scratch: who uses what, and the databases that nobody uses any more. */
#include "basetest.h"

#include "base/clock.h"
#include "base/log.h"
#include "pg/inuse.h"
#include "pg/scratch.h"
#include "pg/swap.h"
#include "pgtest.h"

#define RUN   "20260131T134510Z-4f2a01"
#define OTHER "20260131T134611Z-77aa02"

static struct arena *arena;
static struct db_target *target;

static int setup(void **state)
{
    (void)state;
    log_setup(LOG_ERROR, 0);
    arena = arena_new();
    target = pgtest_target(arena, NULL, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static bool claim(struct db *db, const char *name)
{
    struct err err = ERR_INIT;
    bool claimed = false;

    assert_int_equal(inuse_claim(db, name, &claimed, &err), 0);
    return claimed;
}

static void test_shared_and_claimed(void **state)
{
    struct db *one = pgtest_open(target, DB_READ), *two = pgtest_open(target, DB_READ);
    struct db *three = pgtest_open(target, DB_READ);
    struct err err = ERR_INIT;
    bool claimed = false;

    (void)state;
    assert_int_equal(inuse_share(one, "a.tar", &err), 0);
    assert_int_equal(inuse_share(two, "a.tar", &err), 0);
    assert_false(claim(three, "a.tar"));
    assert_true(claim(three, "b.tar"));
    inuse_release(one, "a.tar");
    assert_false(claim(three, "a.tar"));
    db_close(two); /* as a killed process would; the server needs a moment to notice */
    for (int i = 0; i < 100 && !claimed; i++) {
        claimed = claim(three, "a.tar");
        clock_sleep_ms(50);
    }
    assert_true(claimed);

    /* who comes while it is removed waits, and is told */
    assert_int_equal(inuse_share(one, "b.tar", &err), -1);
    assert_int_equal(err.code, ERR_PREPARE);
    basetest_has(err.primary, "\"b.tar\" is being removed");
    inuse_unclaim(three, "b.tar");
    err_clear(&err);
    assert_int_equal(inuse_share(one, "b.tar", &err), 0);
    db_close(one);
    db_close(three);
}

static void test_run(void **state)
{
    struct db *db = pgtest_open(target, DB_READ), *of_run;
    struct err err = ERR_INIT;
    bool alive = true;

    (void)state;
    assert_int_equal(inuse_run(db, RUN, &alive, &err), 0);
    assert_false(alive);
    db_set_run(RUN);
    of_run = pgtest_open(target, DB_READ);
    assert_int_equal(inuse_run(db, RUN, &alive, &err), 0);
    assert_true(alive);
    assert_int_equal(inuse_run(db, OTHER, &alive, &err), 0);
    assert_false(alive);
    db_close(of_run);
    db_close(db);
}

static void test_scratch(void **state)
{
    static const char *const others[] = {"shop_drill_20260131T134510Z-4f2a0",
                                         "shop_fresh_20260131T134510Z-4f2a01",
                                         "shops_drill_20260131T134510Z-4f2a01"};
    const char *name = swap_name(arena, "shop", "drill", RUN), **list;
    struct db *db = pgtest_open(target, DB_WRITE);
    struct err err = ERR_INIT;
    bool may = false;
    size_t n;

    (void)state;
    pgtest_sql(NULL, "CREATE DATABASE \"%s\"", name);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        pgtest_sql(NULL, "CREATE DATABASE \"%s\"", others[i]);
    assert_int_equal(scratch_list(db, arena, "shop", "drill", &list, &n, &err), 0);
    assert_int_equal(n, 1);
    assert_string_equal(list[0], name);
    assert_int_equal(scratch_may_create(db, &may, &err), 0);
    assert_true(may);
    db_close(db);
    pgtest_sql(NULL, "CREATE ROLE reader LOGIN");
    db = pgtest_open(pgtest_target(arena, NULL, "reader"), DB_READ);
    assert_int_equal(scratch_may_create(db, &may, &err), 0);
    assert_false(may);
    db_close(db);
    pgtest_sql(NULL, "DROP ROLE reader");
    pgtest_drop(name);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        pgtest_drop(others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_and_claimed),
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_scratch),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
