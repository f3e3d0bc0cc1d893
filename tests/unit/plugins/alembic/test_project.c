/* Where the revision files are: alembic.ini, version locations, names, order. */
#include "basetest.h"

#include <sys/stat.h>

#include "alembic/project.h"
#include "alembic/scan.h"
#include "fakehost.c"

static struct ddb_call *call;
static char *dir;
static struct project project;
static struct locations locations;

static int setup(void **state)
{
    dir = basetest_dir();
    call = *state = fakehost_open(ddb_plugin());
    fakehost_setting(call, "directory", dir);
    return 0;
}

static int teardown(void **state)
{
    fakehost_close(*state);
    basetest_dir_remove(dir);
    return 0;
}

static const char *in_dir(const char *name)
{
    return arena_printf(call->arena, "%s/%s", dir, name);
}

/* A file below the project's directory, with the folders above it. */
static void put(const char *name, const char *text)
{
    char *path = arena_printf(call->arena, "%s/%s", dir, name);
    FILE *file;

    for (char *slash = path + strlen(dir) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int locate(void)
{
    project_open(call, &project);
    return project_locations(call, &project, &locations);
}

/* The files found, with blanks between, without the project's directory. */
static const char *found(void)
{
    struct list files = {0};
    const char *text = "";

    if (scan_files(call, &locations, &files) != 0)
        return "(failed)";
    for (size_t i = 0; i < files.n; i++) {
        assert_int_equal(strncmp(files.v[i], dir, strlen(dir)), 0);
        text = arena_printf(call->arena, "%s%s%s", text, i > 0 ? " " : "",
                            files.v[i] + strlen(dir) + 1);
    }
    return text;
}

static void names_and_order(void **state)
{
    (void)state;
    put("alembic.ini", "[alembic]\nscript_location = alembic\n");
    put("alembic/versions/b.py", "");
    put("alembic/versions/B.py", "");
    put("alembic/versions/a.py", "");
    put("alembic/versions/__init__.py", "");
    put("alembic/versions/__init__x.py", "");
    put("alembic/versions/.#a.py", "");
    put("alembic/versions/.hidden.py", "");
    put("alembic/versions/D.PY", "");
    put("alembic/versions/a.pyc", "");
    put("alembic/versions/README", "");
    put("alembic/versions/sub/c.py", "");
    assert_int_equal(locate(), 0);
    assert_null(locations.unknown);
    assert_string_equal(found(), "alembic/versions/.hidden.py alembic/versions/B.py "
                                 "alembic/versions/a.py alembic/versions/b.py");
}

static void folders_inside(void **state)
{
    (void)state;
    put("conf/a.ini", "[shop]\nscript_location = %(here)s/../db\n"
                      "recursive_version_locations = true\n");
    put("db/versions/z.py", "");
    put("db/versions/2024/c.py", "");
    put("db/versions/2023/d.py", "");
    put("db/versions/2023/old/e.py", "");
    put("db/versions/__pycache__/f.py", "");
    assert_int_equal(symlink(in_dir("db/versions/2023"), in_dir("db/versions/link")), 0);
    fakehost_setting(call, "config", "conf/a.ini");
    fakehost_setting(call, "section", "shop");
    assert_int_equal(locate(), 0);
    assert_string_equal(found(), "db/versions/z.py db/versions/2023/d.py "
                                 "db/versions/2023/old/e.py db/versions/2024/c.py");
}

static void several_locations(void **state)
{
    static const char *const forms[] = {
        "version_locations = two one",
        "version_locations = two, one,",
        "path_separator = os\nversion_locations = two : one:",
        "version_path_separator = ;\nversion_locations = two;one",
        "path_separator = :\nversion_path_separator = ;\nversion_locations = two:one",
        "path_separator = space\nversion_locations = two  one",
        "path_separator = newline\nversion_locations =\n    two\n\n    one\n",
    };

    (void)state;
    put("alembic/env.py", "");
    put("one/a.py", "");
    put("two/b.py", "");
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        put("alembic.ini",
            arena_printf(call->arena, "[alembic]\nscript_location = alembic\n%s\n", forms[i]));
        assert_int_equal(locate(), 0);
        assert_null(locations.unknown);
        assert_string_equal(found(), "two/b.py one/a.py");
    }
    put("alembic.ini", "[alembic]\nscript_location = alembic\n"
                       "version_locations = one gone\n");
    assert_int_equal(locate(), 0);
    assert_string_equal(found(), "one/a.py");
    assert_non_null(strstr(call->log.data, "gone\" does not exist"));
}

static void reached_twice(void **state)
{
    (void)state;
    put("alembic/env.py", "");
    put("one/a.py", "");
    put("one/b.py", "");
    put("alembic.ini", "[alembic]\nscript_location = alembic\n"
                       "version_locations = one %(here)s/one\n");
    assert_int_equal(locate(), 0);
    assert_string_equal(found(), "one/a.py one/b.py");
    assert_non_null(strstr(call->log.data, "one/a.py\" is reached twice"));
    fakehost_clear(call);

    put("alembic/versions/a.py", "");
    assert_int_equal(symlink("a.py", in_dir("alembic/versions/copy.py")), 0);
    put("alembic.ini", "[alembic]\nscript_location = alembic\n");
    assert_int_equal(locate(), 0);
    assert_string_equal(found(), "alembic/versions/a.py");
    assert_int_equal(symlink("gone.py", in_dir("alembic/versions/dead.py")), 0);
    assert_string_equal(found(), "(failed)");
    assert_non_null(strstr(call->err.primary, "dead.py\": No such file"));
}

/* Alembic itself is asked where the configuration cannot be understood here. */
static void unknown_here(void **state)
{
    (void)state;
    assert_int_equal(locate(), 0);
    assert_non_null(strstr(locations.unknown, "alembic.ini\" cannot be read here"));
    put("alembic.ini", "[alembic]\nscript_location = app:migrations\n");
    assert_int_equal(locate(), 0);
    assert_string_equal(locations.unknown,
                        "script_location \"app:migrations\" is inside a Python package");
    put("alembic.ini", "[alembic]\nscript_location = .\nversion_locations = app:v1, x\n");
    assert_int_equal(locate(), 0);
    assert_non_null(strstr(locations.unknown, "app:v1"));
    put("pyproject.toml", "[tool.poetry]\nname = 'x'\n");
    put("alembic.ini", "[alembic]\nscript_location = .\n");
    put("versions/a.py", "");
    assert_int_equal(locate(), 0);
    assert_null(locations.unknown);
    put("pyproject.toml", "[tool.alembic]\nscript_location = 'x'\n");
    assert_int_equal(locate(), 0);
    assert_string_equal(locations.unknown, "pyproject.toml configures Alembic");
    fakehost_setting(call, "directory", "/nonexistent/app");
    assert_int_equal(locate(), 0);
    assert_string_equal(locations.unknown, "directory \"/nonexistent/app\" cannot be read here");
}

static void expect_failure(const char *part)
{
    assert_int_equal(locate(), -1);
    if (strstr(call->err.primary, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, call->err.primary);
    fakehost_clear(call);
}

static void mistakes(void **state)
{
    static const char *const in_container[] = {"docker", "compose", "exec", "-T",
                                               "app",    "alembic", NULL};

    (void)state;
    put("alembic.ini", "[other]\na = b\n");
    expect_failure("has no script_location in section [alembic]");
    put("alembic.ini", "[alembic]\nscript_location =\n");
    expect_failure("has no script_location");
    put("alembic.ini", "[alembic]\nscript_location = gone\n");
    expect_failure("/gone\" does not exist");
    put("alembic.ini", "[alembic]\nscript_location = %(nothing)s\n");
    expect_failure("unknown \"%(nothing)s\"");
    put("alembic/env.py", "");
    put("alembic.ini", "[alembic]\nscript_location = alembic\n");
    expect_failure("alembic/versions\" does not exist");
    put("alembic.ini", "[alembic]\nscript_location = alembic\nversion_locations = x y\n");
    expect_failure("/x\" does not exist");
    put("alembic.ini", "[alembic]\nscript_location = alembic\nversion_locations = x\n"
                       "version_path_separator = os  # Use os.pathsep.\n");
    expect_failure("sets version_path_separator to \"os  # Use os.pathsep.\"");
    put("alembic.ini", "[alembic]\nscript_location = alembic\n[alembic\n");
    expect_failure("line 3");
    /* In a container the folder may exist all the same. */
    fakehost_setting_list(call, "command", in_container);
    put("alembic.ini", "[alembic]\nscript_location = /app/alembic-gone\n");
    assert_int_equal(locate(), 0);
    assert_non_null(strstr(locations.unknown, "/app/alembic-gone\" does not exist here"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_and_order, setup, teardown),
        cmocka_unit_test_setup_teardown(folders_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(several_locations, setup, teardown),
        cmocka_unit_test_setup_teardown(reached_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_here, setup, teardown),
        cmocka_unit_test_setup_teardown(mistakes, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
