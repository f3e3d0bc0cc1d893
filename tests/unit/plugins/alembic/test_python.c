/* Which Python belongs to a command. */
#include "basetest.h"

#include <sys/stat.h>

#include "alembic/python.h"
#include "fakehost.c"

static struct ddb_call *call;
static char *dir;

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

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The derived vector in one line, "(none)" for NULL. */
static const char *derived(const char *const *command)
{
    const char *const *argv;
    const char *text = "";

    fakehost_setting_list(call, "command", command);
    argv = python_argv(call);
    if (argv == NULL)
        return "(none)";
    for (; *argv != NULL; argv++)
        text = arena_printf(call->arena, "%s%s%s", text, *text != '\0' ? " " : "", *argv);
    return text;
}

static void script(const char *name, const char *first_line)
{
    const char *path = arena_printf(call->arena, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fprintf(file, "%s\n", first_line);
    fclose(file);
    assert_int_equal(chmod(path, 0755), 0);
}

static void prefixes(void **state)
{
    (void)state;
    assert_string_equal(derived(LIST("poetry", "run", "alembic")), "poetry run python");
    assert_string_equal(derived(LIST("uv", "run", "alembic", "-x", "a=b")), "uv run python");
    assert_string_equal(derived(LIST("python3.9", "-m", "alembic")), "python3.9");
    assert_string_equal(derived(LIST("docker", "compose", "exec", "-T", "app", "alembic")),
                        "docker compose exec -T app python");
    assert_string_equal(derived(LIST("docker-compose", "exec", "-T", "app", "alembic")),
                        "docker-compose exec -T app python");
    assert_string_equal(derived(LIST("docker", "compose", "exec", "-T", "app", "python", "-m",
                                     "alembic", "-c", "x.ini")),
                        "docker compose exec -T app python");
    assert_string_equal(derived(LIST("docker", "compose", "exec", "-T", "alembic", "alembic")),
                        "docker compose exec -T alembic python");
    assert_string_equal(derived(LIST("ssh", "host", "/srv/bin/alembic")), "ssh host python");
}

/* Without -i, docker leaves the standard input unconnected, and nothing would be asked. */
static void standard_input(void **state)
{
    (void)state;
    assert_string_equal(derived(LIST("docker", "exec", "backend", "alembic")),
                        "docker exec -i backend python");
    assert_string_equal(derived(LIST("docker", "exec", "-i", "backend", "alembic")),
                        "docker exec -i backend python");
    assert_string_equal(derived(LIST("sudo", "podman", "run", "--rm", "image", "alembic")),
                        "sudo podman run -i --rm image python");
    assert_string_equal(derived(LIST("kubectl", "exec", "pod", "--", "alembic")),
                        "kubectl exec -i pod -- python");
    assert_string_equal(derived(LIST("docker", "exec", "backend", "poetry", "run", "alembic")),
                        "docker exec -i backend poetry run python");
}

static void shebangs(void **state)
{
    (void)state;
    script("alembic", "#!/opt/venv/bin/python3");
    script("env-alembic", "#!/usr/bin/env python3.12");
    script("wrapper", "#!/bin/sh");
    script("empty", "");
    assert_string_equal(derived(LIST("./alembic")), "/opt/venv/bin/python3");
    assert_string_equal(derived(LIST("nice", "-n", "5", "./alembic")),
                        "nice -n 5 /opt/venv/bin/python3");
    assert_string_equal(derived(LIST("./env-alembic")), "/usr/bin/env python3.12");
    assert_string_equal(derived(LIST("./wrapper")), "python3");
    assert_string_equal(derived(LIST("./empty")), "python3");
    assert_string_equal(derived(LIST("./missing")), "python3");
    assert_string_equal(derived(LIST("no-such-program-anywhere")), "python3");
    assert_string_equal(derived(LIST("/usr/bin/alembic")), "/usr/bin/python3");
}

static void told(void **state)
{
    (void)state;
    fakehost_setting_list(call, "python", LIST("/x/python", "-I"));
    assert_string_equal(derived(LIST("docker", "compose", "run", "migrate")), "/x/python -I");
    fakehost_setting_list(call, "python", NULL);
    assert_string_equal(derived(LIST("docker", "compose", "run", "migrate")), "(none)");
    assert_true(python_is_remote(call));
    assert_string_equal(derived(LIST("make", "migrate")), "python3");
    assert_false(python_is_remote(call));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(prefixes, setup, teardown),
        cmocka_unit_test_setup_teardown(standard_input, setup, teardown),
        cmocka_unit_test_setup_teardown(shebangs, setup, teardown),
        cmocka_unit_test_setup_teardown(told, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
