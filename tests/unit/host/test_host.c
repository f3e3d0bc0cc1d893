/* host: where plugins are searched for, and what is found. Loading itself: test_abi.c. */
#include "basetest.h"

#include <sys/stat.h>

#include "host/host.h"

static const struct ddb_host services = {.size = sizeof services, .abi = DDB_ABI};

static char *root, *first, *second;

static char *made_dir(const char *name)
{
    struct buf path = {0};

    buf_addf(&path, "%s/%s", root, name);
    assert_int_equal(mkdir(path.data, 0755), 0);
    return path.data;
}

/* A file that is found and cannot be loaded: the message tells which one was tried. */
static void put(const char *dir, const char *name)
{
    struct err err = ERR_INIT;
    auto_buf struct buf path = {0};

    buf_addf(&path, "%s/%s", dir, name);
    assert_int_equal(fs_write(path.data, "text", 4, 0644, &err), 0);
}

static void load_fails(const char *name, struct err *err)
{
    const struct plugin *plugin = NULL;

    err_clear(err);
    assert_int_equal(host_load(name, DDB_KIND_STORE, &services, &plugin, err), -1);
    assert_null(plugin);
    assert_int_equal(err->code, ERR_CONFIG);
}

static void test_order(void **state)
{
    const char *const dirs[] = {first, second, NULL};
    struct err err = ERR_INIT;
    auto_buf struct buf env = {0}, want = {0};

    (void)state;
    put(second, "a.so");
    host_search_path(dirs);
    load_fails("a", &err);
    buf_addf(&want, "file %s/a.so", second);
    assert_string_equal(err.detail, want.data);

    put(first, "a.so");
    load_fails("a", &err);
    buf_reset(&want);
    buf_addf(&want, "file %s/a.so", first);
    assert_string_equal(err.detail, want.data);

    /* The variable comes after the configured ones; empty parts of it are nothing. */
    put(second, "b.so");
    host_search_path(NULL);
    load_fails("b", &err);
    assert_string_equal(err.primary, "there is no plugin \"b\"");
    buf_addf(&env, "DEPLOY_DB_PLUGINS=:%s::%s:", first, second);
    basetest_env(env.data);
    load_fails("b", &err);
    buf_reset(&want);
    buf_addf(&want, "file %s/b.so", second);
    assert_string_equal(err.detail, want.data);
    basetest_env_reset();
}

static void test_not_found(void **state)
{
    const char *const dirs[] = {first, NULL};
    struct err err = ERR_INIT;

    (void)state;
    host_search_path(dirs);
    load_fails("sftpp", &err);
    assert_string_equal(err.primary, "there is no plugin \"sftpp\"");
    assert_int_equal(strncmp(err.detail, "searched for sftpp.so in ", 25), 0);
    assert_non_null(strstr(err.detail, first));
    assert_non_null(strstr(err.detail, "/plugins, " PLUGIN_DIR)); /* beside the program, installed */
    assert_non_null(strstr(err.hint, "DEPLOY_DB_PLUGINS"));
    put(first, "sftp.so");
    load_fails("sftpp", &err);
    assert_string_equal(err.hint, "Plugins found: sftp.");
}

static void test_path(void **state)
{
    struct err err = ERR_INIT;
    auto_buf struct buf path = {0}, want = {0};

    (void)state;
    put(first, "a.so");
    buf_addf(&path, "%s/a.so", first);
    load_fails(path.data, &err);
    buf_addf(&want, "file %s", path.data);
    assert_string_equal(err.detail, want.data);
    load_fails("./missing.so", &err);
    assert_string_equal(err.primary, "there is no plugin file \"./missing.so\"");
    assert_string_equal(err.hint, "Give the path of the plugin's .so file, or its name without a "
                                  "slash.");
    load_fails(first, &err); /* a folder */
    assert_non_null(strstr(err.primary, "could not load plugin"));
}

static void test_names(void **state)
{
    char missing[] = "/nonexistent/plugins";
    const char *const dirs[] = {second, missing, first, NULL};
    auto_strvec struct strvec names = {0};

    (void)state;
    put(second, "sql.so");
    put(second, "README.md");
    put(second, ".hidden.so");
    put(second, ".so");
    put(first, "alembic.so");
    put(first, "sql.so");
    host_search_path(dirs);
    host_names(&names);
    assert_int_equal(names.n, 2);
    assert_string_equal(names.v[0], "alembic");
    assert_string_equal(names.v[1], "sql");
}

static void test_kinds(void **state)
{
    (void)state;
    assert_string_equal(host_kind(DDB_KIND_ENGINE), "engine");
    assert_string_equal(host_kind(DDB_KIND_SNAPSHOT), "snapshot");
    assert_string_equal(host_kind(DDB_KIND_STORE), "store");
    assert_string_equal(host_kind((enum ddb_kind)0), "plugin");
    assert_string_equal(host_kind((enum ddb_kind)99), "plugin");
}

static int setup(void **state)
{
    (void)state;
    root = basetest_dir();
    first = made_dir("first");
    second = made_dir("second");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    host_unload_all();
    mem_free(first);
    mem_free(second);
    basetest_dir_remove(root);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_path, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test(test_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
