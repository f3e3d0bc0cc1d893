/* The plugin interface: its layout, and plugins built for it in other ways, which the host refuses
 * with a message or adopts. Needs the C compiler. */
#include "basetest.h"

#include <sys/stat.h>

#include "../../abi/layout.h"
#include "base/proc.h"
#include "host/host.h"

static char *root;
static char *dir;        /* below it: the folder of the latest plugin */
static struct buf heard; /* what plugins logged */

static void hear(struct ddb_call *call, enum ddb_level level, const char *fmt, ...)
{
    (void)call;
    (void)level;
    buf_adds(&heard, fmt);
    buf_addc(&heard, '\n');
}

static const struct ddb_host services = {
    .size = sizeof services,
    .abi = DDB_ABI,
    .log = hear,
};

static const char *source_dir(void)
{
    const char *src = getenv("DDB_SRC");

    return src == NULL ? "." : src;
}

/* A new folder for each plugin: where the code of an earlier one stays in memory (sanitizers), the
 * loader would give that one again for the same path. */
static void new_dir(void)
{
    static int n;
    struct buf path = {0};

    buf_addf(&path, "%s/%d", root, ++n);
    assert_int_equal(mkdir(path.data, 0755), 0);
    mem_free(dir);
    dir = path.data;
}

/* Build tests/abi/variant.c as ${dir}/variant.so with ${flags}. */
static void build(const char *const *flags)
{
    struct err err = ERR_INIT;
    auto_strvec struct strvec argv = {0};
    auto_buf struct buf out = {0};
    struct proc proc;

    new_dir();
    strvec_push(&argv, "cc");
    strvec_push_all(&argv, (const char *const[]){"-std=gnu11", "-Wall", "-shared", "-fPIC", NULL});
    strvec_push_all(&argv, flags);
    strvec_pushf(&argv, "-I%s/src", source_dir());
    strvec_pushf(&argv, "%s/tests/abi/variant.c", source_dir());
    strvec_push(&argv, "-o");
    strvec_pushf(&argv, "%s/variant.so", dir);
    proc = (struct proc){.argv = (const char *const *)argv.v};
    if (proc_output(&proc, &out, &err) != 0)
        print_error("%s\n%s\n", err.primary, err.detail);
    assert_int_equal(err.code, ERR_NONE);
}

#define BUILD(...) build((const char *const[]){__VA_ARGS__, NULL})

static int load(enum ddb_kind kind, const struct plugin **plugin, struct err *err)
{
    const char *const dirs[] = {dir, NULL};

    host_search_path(dirs);
    *plugin = NULL;
    return host_load("variant", kind, &services, plugin, err);
}

static void refused(const char *primary, const char *hint)
{
    struct err err = ERR_INIT;
    const struct plugin *plugin;
    auto_buf struct buf file = {0};

    buf_addf(&file, "file %s/variant.so", dir);
    assert_int_equal(load(DDB_KIND_STORE, &plugin, &err), -1);
    assert_null(plugin);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_string_equal(err.primary, primary);
    assert_string_equal(err.detail, file.data);
    assert_non_null(strstr(err.hint, hint));
}

static void test_other_major(void **state)
{
    (void)state;
    BUILD("-DMAJOR=2");
    refused("plugin \"variant\" was built for ABI 2.3, this deploy-db has 1.3",
            "Build the plugin with the plugin.h of this deploy-db");
    BUILD("-DMAJOR=0", "-DMINOR=7");
    refused("plugin \"variant\" was built for ABI 0.7, this deploy-db has 1.3", "Build");
    /* Nothing else in a table of another major version is looked at. */
    BUILD("-DMAJOR=2", "-DPLUGIN_SIZE=3", "-DKIND=9");
    refused("plugin \"variant\" was built for ABI 2.3, this deploy-db has 1.3", "Build");
}

static void test_lacks_callback(void **state)
{
    (void)state;
    BUILD("-DLACKS=1");
    refused("plugin \"variant\" lacks the callback \"read\"", "deploy-db-plugin(7)");
    BUILD("-DOPS_SIZE=24");
    refused("plugin \"variant\" lacks the callback \"commit\"", "deploy-db-plugin(7)");
}

static void test_wrong_table(void **state)
{
    (void)state;
    BUILD("-DPLUGIN_SIZE=48");
    refused("plugin \"variant\" has a table of 48 bytes, expected 72", "\"size\"");
    BUILD("-DPLUGIN_SIZE=73");
    refused("plugin \"variant\" has a table of 73 bytes, expected 72", "\"size\"");
    BUILD("-DOPS_SIZE=0");
    refused("plugin \"variant\" has a table of callbacks of 0 bytes, expected 112", "ddb_store");
    BUILD("-DOPS_SIZE=1000000");
    refused("plugin \"variant\" has a table of callbacks of 1000000 bytes, expected 112", "sizeof");
    BUILD("-DNO_OPS");
    refused("plugin \"variant\" has a table of callbacks of 0 bytes, expected 112", "\"ops\"");
    BUILD("-DNO_TABLE");
    refused("plugin \"variant\" gave no table", "struct ddb_plugin");
}

static void test_wrong_identity(void **state)
{
    (void)state;
    BUILD("-DKIND=DDB_KIND_SNAPSHOT");
    refused("plugin \"variant\" has the kind \"snapshot\", but the kind \"store\" is needed here",
            "deploy-db plugins");
    BUILD("-DKIND=9");
    refused("plugin \"variant\" is of kind 9, which this deploy-db does not know", "3 (store)");
    BUILD("-DNO_NAME");
    refused("plugin \"variant\" calls itself \"\"", "the plugin's name");
}

static void test_wrong_name(void **state)
{
    struct err err = ERR_INIT;
    const struct plugin *plugin;
    auto_buf struct buf from = {0}, to = {0};

    (void)state;
    BUILD("-DMINOR=0");
    buf_addf(&from, "%s/variant.so", dir);
    buf_addf(&to, "%s/other.so", dir);
    assert_int_equal(rename(from.data, to.data), 0);
    assert_int_equal(load(0, &plugin, &err), -1); /* its file is gone */
    assert_string_equal(err.primary, "there is no plugin \"variant\"");
    assert_non_null(strstr(err.detail, dir));
    assert_non_null(strstr(err.hint, "other"));
    err_clear(&err);
    assert_int_equal(host_load("other", 0, &services, &plugin, &err), -1);
    assert_string_equal(err.primary, "plugin \"other\" calls itself \"variant\"");
    assert_int_equal(unlink(to.data), 0);
}

static void test_no_function(void **state)
{
    auto_buf struct buf primary = {0};

    (void)state;
    BUILD("-DNO_FUNCTION");
    buf_addf(&primary, "\"%s/variant.so\" is no plugin: it has no function \"ddb_plugin\"", dir);
    refused(primary.data, "deploy-db-plugin(7)");
}

static void test_no_shared_object(void **state)
{
    struct err err = ERR_INIT;
    auto_buf struct buf path = {0}, primary = {0};

    (void)state;
    new_dir();
    buf_addf(&path, "%s/variant.so", dir);
    assert_int_equal(fs_write(path.data, "#!/bin/sh\n", 10, 0755, &err), 0);
    buf_addf(&primary, "could not load plugin \"variant\": %s: file too short", path.data);
    refused(primary.data, "ldd");
    buf_reset(&path);
    new_dir();
    buf_addf(&path, "%s/variant.so", dir);
    assert_int_equal(fs_write(path.data, "this is a text of more bytes than a header of an ELF "
                                         "file has, so that it is read as one", 88, 0755, &err), 0);
    buf_reset(&primary);
    buf_addf(&primary, "could not load plugin \"variant\": %s: invalid ELF header", path.data);
    refused(primary.data, "ldd");
}

static void test_writable_by_others(void **state)
{
    struct err err = ERR_INIT;
    const struct plugin *plugin;
    auto_buf struct buf path = {0}, primary = {0};

    (void)state;
    BUILD("-DMINOR=0");
    buf_addf(&path, "%s/variant.so", dir);
    assert_int_equal(chmod(path.data, 0777), 0);
    buf_addf(&primary, "plugin \"%s\" is not safe to load: \"%s\" can be written by other users "
             "(mode 0777)", path.data, path.data);
    refused(primary.data, "chmod go-w");

    assert_int_equal(chmod(path.data, 0755), 0);
    assert_int_equal(chmod(dir, 0777), 0);
    assert_int_equal(load(DDB_KIND_STORE, &plugin, &err), -1);
    buf_reset(&primary);
    buf_addf(&primary, "plugin \"%s\" is not safe to load: \"%s\" can be written by other users "
             "(mode 0777)", path.data, dir);
    assert_string_equal(err.primary, primary.data);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_int_equal(chmod(dir, 0755), 0);
}

static void test_load_fails(void **state)
{
    (void)state;
    BUILD("-DLOAD_FAILS");
    refused("plugin \"variant\" refused to start: its callback \"load\" failed", "newer");
}

static const struct plugin *adopted(void)
{
    struct err err = ERR_INIT;
    const struct plugin *plugin;

    if (load(DDB_KIND_STORE, &plugin, &err) != 0)
        print_error("%s\n", err.primary);
    assert_int_equal(err.code, ERR_NONE);
    assert_non_null(plugin);
    assert_string_equal(plugin->table.name, "variant");
    assert_non_null(plugin->store.remove);
    return plugin;
}

/* Built for an older minor version: what it does not know is NULL, whatever lies behind. */
static void test_smaller(void **state)
{
    const struct plugin *plugin;

    (void)state;
    BUILD("-DSMALLER");
    buf_reset(&heard);
    plugin = adopted();
    assert_int_equal(plugin->store.size, offsetof(struct ddb_store, free_bytes));
    assert_null(plugin->store.free_bytes);
    assert_null(plugin->store.locate);
    assert_null(plugin->table.load);
    assert_null(plugin->table.unload);
    assert_false(DDB_HAS(&plugin->store, locate));
    assert_true(DDB_HAS(&plugin->store, remove));
    host_unload_all();
    assert_string_equal(buf_text(&heard), "");
}

/* Built for a newer minor version: what we do not know is left out. */
static void test_larger(void **state)
{
    const struct plugin *plugin;

    (void)state;
    BUILD("-DLARGER", "-DMINOR=2");
    buf_reset(&heard);
    plugin = adopted();
    assert_int_equal(plugin->table.abi, 0x10002);
    assert_non_null(plugin->store.locate);
    assert_string_equal(buf_text(&heard), "variant loaded\n");
    host_unload_all();
    assert_string_equal(buf_text(&heard), "variant loaded\nvariant unloaded\n");
}

static void test_loaded_once(void **state)
{
    struct err err = ERR_INIT;
    const struct plugin *first, *second;
    auto_buf struct buf path = {0};

    (void)state;
    BUILD("-DMINOR=0");
    buf_reset(&heard);
    first = adopted();
    buf_addf(&path, "%s/./variant.so", dir);
    assert_int_equal(host_load(path.data, 0, &services, &second, &err), 0);
    assert_ptr_equal(first, second);
    assert_string_equal(buf_text(&heard), "variant loaded\n");
    /* The kind is asked of a loaded one too. */
    assert_int_equal(host_load("variant", DDB_KIND_ENGINE, &services, &second, &err), -1);
    assert_string_equal(err.primary, "plugin \"variant\" has the kind \"store\", but the kind "
                                     "\"engine\" is needed here");
    host_unload_all();
    host_unload_all();
    assert_string_equal(buf_text(&heard), "variant loaded\nvariant unloaded\n");
}

static int setup(void **state)
{
    (void)state;
    root = basetest_dir();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    host_unload_all();
    basetest_dir_remove(root);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_other_major, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lacks_callback, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_table, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_identity, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_function, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_shared_object, setup, teardown),
        cmocka_unit_test_setup_teardown(test_writable_by_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_smaller, setup, teardown),
        cmocka_unit_test_setup_teardown(test_larger, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loaded_once, setup, teardown),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    buf_release(&heard);
    mem_free(dir);
    return failed;
}
