/*
 * importtest - a history for each test, from files written as strings.
 */
#ifndef IMPORT_IMPORTTEST_H
#define IMPORT_IMPORTTEST_H

#include "basetest.h"

#include "import/import.h"

static struct arena *arena;
static struct import_history *history;
static struct errs errs;
static enum import_tool testing;

static inline int importtest_setup(void **state)
{
    (void)state;
    arena = arena_new();
    history = import_start(arena, testing);
    return 0;
}

static inline int importtest_teardown(void **state)
{
    (void)state;
    errs_release(&errs);
    arena_free(arena);
    return 0;
}

#define IMPORTTEST(name)                                                                           \
    cmocka_unit_test_setup_teardown(name, importtest_setup, importtest_teardown)

static inline void file(const char *path, const char *text)
{
    assert_true(import_takes(testing, path));
    import_add(history, path, text, strlen(text), &errs);
}

/* finish(): the identifiers in order, "0001 0002". */
static inline const char *finish(void)
{
    const char *ids = "";
    int rc = import_finish(history, &errs);

    for (size_t i = 0; i < errs.n; i++)
        print_message("%s\n", errs.items[i].primary);
    assert_int_equal(rc, 0);
    for (size_t i = 0; i < history->n; i++)
        ids = arena_printf(arena, "%s%s%s", ids, i > 0 ? " " : "", history->items[i].id);
    return ids;
}

/* mistakes(): what import_finish reports, one line each. */
static inline const char *mistakes(void)
{
    const char *text = "";

    assert_int_equal(import_finish(history, &errs), -1);
    for (size_t i = 0; i < errs.n; i++) {
        assert_int_equal(errs.items[i].code, ERR_REFUSED);
        text = arena_printf(arena, "%s%s\n", text, errs.items[i].primary);
    }
    return text;
}

static inline const char *left_out(void)
{
    const char *text = "";

    for (size_t i = 0; i < history->n_left_out; i++)
        text = arena_printf(arena, "%s%s: %s\n", text, history->left_out[i].path,
                            history->left_out[i].reason);
    return text;
}

#endif
