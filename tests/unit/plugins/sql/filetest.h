/*
 * filetest - what the tests of revision files share: a private project directory, the fake host,
 * files.
 */
#ifndef FILETEST_H
#define FILETEST_H

#include "basetest.h"

#include <stdbool.h>
#include <sys/stat.h>

#include "fakehost.c"
#include "sql/file.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, filetest_setup, filetest_teardown)

struct filetest {
    struct ddb_call *call;
    char *dir; /* the setting "directory"; without symbolic links */
};

static inline int filetest_setup(void **state)
{
    struct filetest *f = mem_alloc(sizeof *f);
    char *dir = basetest_dir();

    f->dir = realpath(dir, NULL);
    mem_free(dir);
    f->call = fakehost_open(ddb_plugin());
    fakehost_setting(f->call, "directory", f->dir);
    *state = f;
    return 0;
}

static inline int filetest_teardown(void **state)
{
    struct filetest *f = *state;

    fakehost_close(f->call);
    basetest_dir_remove(f->dir);
    mem_free(f);
    return 0;
}

/* A path below the directory; the call's memory. */
static inline const char *filetest_path(struct filetest *f, const char *name)
{
    return arena_printf(f->call->arena, "%s/%s", f->dir, name);
}

static inline void filetest_mkdir(struct filetest *f, const char *name)
{
    struct err err = ERR_INIT;

    assert_int_equal(fs_mkdirs(filetest_path(f, name), 0755, &err), 0);
}

static inline const char *filetest_put(struct filetest *f, const char *name, const char *text)
{
    struct err err = ERR_INIT;
    const char *path = filetest_path(f, name);

    assert_int_equal(fs_write(path, text, strlen(text), 0644, &err), 0);
    return path;
}

static inline const char *filetest_joined(struct filetest *f, const char *const *list)
{
    const char *text = "";

    for (; *list != NULL; list++)
        text = arena_printf(f->call->arena, "%s%s|", text, *list);
    return text;
}

/* The failure has this in its sentence, and the hint that too (NULL: no matter); then forget it. */
static inline void filetest_failed(struct filetest *f, const char *primary, const char *hint)
{
    struct err *err = &f->call->err;

    if (strstr(err->primary, primary) == NULL)
        print_error("primary: %s\ndetail: %s\n", err->primary, err->detail);
    assert_non_null(strstr(err->primary, primary));
    if (hint != NULL && strstr(err->hint, hint) == NULL)
        print_error("hint: %s\n", err->hint);
    assert_true(hint == NULL || strstr(err->hint, hint) != NULL);
    fakehost_clear(f->call);
}

#endif
