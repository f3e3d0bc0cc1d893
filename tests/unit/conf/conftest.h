/* conftest - what the tests of conf share: a configuration from text, in a private directory. */
#ifndef CONF_CONFTEST_H
#define CONF_CONFTEST_H

#include "basetest.h"

#include "conf/conf.h"

struct fixture {
    char *dir;
    struct arena *arena;
    struct conf *conf;
    struct errs errs;
};

static inline int fixture_setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    char *dir = basetest_dir();

    f->dir = realpath(dir, NULL); /* as conf gives it */
    mem_free(dir);
    f->arena = arena_new();
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;

    errs_release(&f->errs);
    arena_free(f->arena);
    basetest_dir_remove(f->dir);
    basetest_env_reset();
    mem_free(f);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

/* A file in the fixture's directory; its folders are made. Gives its path. */
static inline const char *fixture_write(struct fixture *f, const char *name, const char *text)
{
    char *path = fs_join(f->arena, f->dir, name);
    struct err err = ERR_INIT;

    assert_int_equal(fs_mkdirs(fs_dirname(f->arena, path), 0755, &err), 0);
    assert_int_equal(fs_write(path, text, strlen(text), 0600, &err), 0);
    return path;
}

static inline int fixture_load_bytes(struct fixture *f, const char *text, size_t n)
{
    char *path = fs_join(f->arena, f->dir, "deploy-db.cfg");
    struct err err = ERR_INIT;

    errs_release(&f->errs);
    assert_int_equal(fs_write(path, text, n, 0600, &err), 0);
    return conf_load(f->arena, path, &f->conf, &f->errs);
}

static inline int fixture_load(struct fixture *f, const char *text)
{
    return fixture_load_bytes(f, text, strlen(text));
}

/* Load a file that must have no mistake; says which it has. */
static inline void fixture_good(struct fixture *f, const char *text)
{
    if (fixture_load(f, text) != 0)
        fail_msg("%s (%s)", f->errs.items[0].primary, f->errs.items[0].hint);
    assert_int_equal(f->errs.n, 0);
}

#define HEAD_TEXT      "project = \"shop\"; engine: { plugin = \"alembic\"; };\n"
#define ENV_TEXT(body) HEAD_TEXT "environments: { prod: { database = \"dbname=x\"; " body " }; };"

#endif
