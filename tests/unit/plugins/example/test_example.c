/* example: the store in two directories. */
#include "basetest.h"

#include <sys/stat.h>

#include "fakehost.c"

static char *root;
static struct buf sides[2];
static struct ddb_call *call;
static const struct ddb_store *store;

static int setup(void **state)
{
    (void)state;
    root = basetest_dir();
    for (int i = 0; i < 2; i++) {
        buf_addf(&sides[i], "%s/%d", root, i);
        assert_int_equal(mkdir(sides[i].data, 0700), 0);
    }
    call = fakehost_open(ddb_plugin());
    fakehost_setting(call, "path", sides[0].data);
    fakehost_setting(call, "copy", sides[1].data);
    store = ddb_plugin()->ops;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fakehost_close(call);
    for (int i = 0; i < 2; i++)
        buf_release(&sides[i]);
    basetest_dir_remove(root);
    return 0;
}

static char *path_in(int side, const char *name)
{
    struct buf path = {0};

    buf_addf(&path, "%s/%s", sides[side].data, name);
    return path.data;
}

static bool exists(int side, const char *name)
{
    auto_free char *path = path_in(side, name);

    return fs_exists(path);
}

static void put(int side, const char *name, const char *text)
{
    struct err err = ERR_INIT;
    auto_free char *path = path_in(side, name);

    assert_int_equal(fs_write(path, text, strlen(text), 0600, &err), 0);
}

static void save(const char *name, const char *text)
{
    void *file;

    assert_int_equal(store->create(call, name, &file), 0);
    assert_int_equal(store->write(call, file, text, strlen(text)), 0);
    assert_int_equal(store->write(call, file, "", 0), 0);
    assert_int_equal(store->commit(call, file), 0);
}

static void has(const char *name, const char *text)
{
    char data[64];
    int64_t size = -1;
    void *file;

    assert_int_equal(store->open(call, name, &file, &size), 0);
    assert_int_equal(size, strlen(text));
    assert_int_equal(store->read(call, file, 0, data, sizeof data), strlen(text));
    assert_memory_equal(data, text, strlen(text));
    assert_int_equal(store->read(call, file, 2, data, 1), 1);
    assert_int_equal(data[0], text[2]);
    assert_int_equal(store->read(call, file, size, data, 1), 0);
    assert_int_equal(store->close(call, file), 0);
}

/* The failure that the plugin recorded; cleared. */
static void failed(const char *part)
{
    assert_int_not_equal(call->err.code, ERR_NONE);
    if (strstr(call->err.primary, part) == NULL)
        print_error("%s\n", call->err.primary);
    assert_non_null(strstr(call->err.primary, part));
    fakehost_clear(call);
}

static void test_written_twice(void **state)
{
    (void)state;
    save("a.tar", "content");
    assert_true(exists(0, "a.tar") && exists(1, "a.tar"));
    assert_false(exists(0, "a.tar.part") || exists(1, "a.tar.part"));
    has("a.tar", "content");
    assert_string_equal(buf_text(&call->log), "");
}

static void test_one_side_is_enough(void **state)
{
    auto_free char *path = path_in(0, "a.tar");

    (void)state;
    save("a.tar", "content");
    assert_int_equal(unlink(path), 0);
    has("a.tar", "content");
    assert_non_null(strstr(buf_text(&call->log), "is kept in one place only"));
}

static void test_partial(void **state)
{
    void *file;

    (void)state;
    assert_int_equal(store->create(call, "a.tar", &file), 0);
    assert_true(exists(0, "a.tar.part") && exists(1, "a.tar.part"));
    assert_false(exists(0, "a.tar"));
    assert_int_equal(store->abort(call, file), 0);
    assert_false(exists(0, "a.tar.part") || exists(1, "a.tar.part"));
    assert_int_equal(store->open(call, "a.tar", &file, &(int64_t){0}), -1);
    failed("could not open \"");
}

static void test_create_refuses(void **state)
{
    void *file;

    (void)state;
    save("a.tar", "content");
    assert_int_equal(store->create(call, "a.tar", &file), -1);
    failed("exists already");
    put(1, "b.tar", "only there"); /* the first side was created: it must be gone again */
    assert_int_equal(store->create(call, "b.tar", &file), -1);
    failed("exists already");
    assert_false(exists(0, "b.tar.part"));
    for (size_t i = 0; i < 4; i++) {
        static const char *const names[] = {"", "..", "a/b", ".hidden"};

        assert_int_equal(store->create(call, names[i], &file), -1);
        failed("is no file name");
    }
    fakehost_setting(call, "copy", NULL);
    assert_int_equal(store->create(call, "c.tar", &file), -1);
    failed("the setting \"copy\" is missing");
    assert_false(exists(0, "c.tar.part"));
}

/* A file that cannot be kept in both places is kept in none. */
static void test_commit_fails(void **state)
{
    auto_free char *target = path_in(1, "a.tar");
    auto_free char *below = path_in(1, "a.tar/x");
    void *file;

    (void)state;
    assert_int_equal(store->create(call, "a.tar", &file), 0);
    assert_int_equal(mkdir(target, 0700), 0); /* rename onto a directory that is not empty fails */
    assert_int_equal(mkdir(below, 0700), 0);
    assert_int_equal(store->commit(call, file), -1);
    failed("could not rename \"");
    assert_false(exists(0, "a.tar") || exists(0, "a.tar.part") || exists(1, "a.tar.part"));
}

static int remember(void *arg, const struct ddb_stored *stored)
{
    buf_addf(arg, "%s %d %d%s\n", stored->name, (int)stored->size_bytes, (int)(stored->modified > 0),
             stored->partial ? " partial" : "");
    return strcmp(stored->name, "stop") == 0;
}

static void test_list(void **state)
{
    auto_buf struct buf seen = {0};
    auto_free char *folder = path_in(0, "folder");

    (void)state;
    assert_int_equal(store->list(call, remember, &seen), 0);
    assert_string_equal(buf_text(&seen), "");
    save("b", "12");
    put(1, "a", "1");
    put(0, "c.part", "");
    put(0, ".hidden", "");
    assert_int_equal(mkdir(folder, 0700), 0);
    put(1, "stop", "");
    put(1, "z", "");
    assert_int_equal(store->list(call, remember, &seen), 0);
    assert_string_equal(buf_text(&seen), "a 1 1\nb 2 1\nc.part 0 1 partial\nstop 0 1\n");
}

static void test_list_fails(void **state)
{
    auto_buf struct buf seen = {0};

    (void)state;
    fakehost_setting(call, "copy", "/nonexistent");
    assert_int_equal(store->list(call, remember, &seen), -1);
    failed("could not read directory \"/nonexistent\"");
}

static void test_remove(void **state)
{
    (void)state;
    save("a.tar", "content");
    put(0, "b.tar.part", "half");
    assert_int_equal(store->remove(call, "a.tar"), 0);
    assert_int_equal(store->remove(call, "b.tar.part"), 0);
    assert_false(exists(0, "a.tar") || exists(1, "a.tar") || exists(0, "b.tar.part"));
    assert_int_equal(store->remove(call, "a.tar"), 0); /* a missing file is fine */
    assert_int_equal(store->remove(call, "../a.tar"), -1);
    failed("is no file name");
}

static void test_free_bytes(void **state)
{
    auto_free char *path = path_in(0, "a.tar");

    (void)state;
    assert_true(store->free_bytes(call) > 0);
    assert_string_equal(store->locate(call, "a.tar"), path);
    fakehost_setting(call, "copy", "/nonexistent");
    assert_int_equal(store->free_bytes(call), -1);
    assert_non_null(strstr(call->err.hint, "Create it"));
    failed("could not use directory \"/nonexistent\"");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_written_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_side_is_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(test_partial, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commit_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
        cmocka_unit_test_setup_teardown(test_free_bytes, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
