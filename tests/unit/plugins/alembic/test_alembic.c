/*
 * The callbacks, with commands of the test's own and, where no database is needed, real Alembic.
 * time-limit: 300
 */
#include "basetest.h"

#include <sys/stat.h>
#include <time.h>

#include "fakehost.c"

static struct ddb_call *call;
static const struct ddb_engine *engine;
static char *dir;

static int setup(void **state)
{
    dir = basetest_dir();
    call = *state = fakehost_open(ddb_plugin());
    engine = ddb_plugin()->ops;
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
    chmod(path, 0755);
}

static const char *get(const char *name)
{
    char *path = arena_printf(call->arena, "%s/%s", dir, name);
    char *text = arena_alloc(call->arena, 65536);
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    text[fread(text, 1, 65535, file)] = '\0';
    fclose(file);
    return text;
}

static void contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

/* A copy of one of the projects, which becomes the project. */
static void use_project(const char *name)
{
    static const char *const debian[] = {"/usr/bin/alembic", NULL};
    const char *source = getenv("DDB_SRC");
    struct proc proc = {.argv = LIST("cp", "-r",
                                     arena_printf(call->arena,
                                                  "%s/tests/unit/plugins/alembic/projects/%s",
                                                  source != NULL ? source : ".", name),
                                     dir)};
    struct proc_result result;
    struct err err = ERR_INIT;

    assert_int_equal(proc_run(&proc, &result, &err), 0);
    assert_int_equal(result.status, 0);
    fakehost_setting(call, "directory", arena_printf(call->arena, "%s/%s", dir, name));
    fakehost_setting_list(call, "command", debian);
}

/* --- revisions ---------------------------------------------------------------------------------*/

static struct buf listed;
static int paths; /* how many revisions came with one */

/* "id<down[labels]{depends} first line of doc\n" */
static int each(void *arg, const struct ddb_revision *revision)
{
    int *left = arg;
    const char *const *lists[] = {revision->down, revision->labels, revision->depends_on};
    static const char *const brackets[] = {"<", "[", "{"};

    buf_addf(&listed, "%s", revision->id);
    for (size_t i = 0; i < 3; i++) {
        buf_adds(&listed, brackets[i]);
        for (size_t j = 0; lists[i][j] != NULL; j++)
            buf_addf(&listed, "%s%s", j > 0 ? "," : "", lists[i][j]);
    }
    buf_addf(&listed, " %.*s\n", (int)strcspn(revision->doc, "\n"), revision->doc);
    assert_true(revision->path[0] == '/' || revision->path[0] == '\0');
    paths += revision->path[0] == '/';
    return left != NULL && --*left == 0;
}

static const char *list(int rc)
{
    buf_reset(&listed);
    paths = 0;
    assert_int_equal(engine->revisions(call, each, NULL), rc);
    return buf_text(&listed);
}

static const char shop[] = "1a2b3c4d0001<[core{ create the companies\n"
                           "1a2b3c4d0002<1a2b3c4d0001[{ create the users\n"
                           "1a2b3c4d0003<1a2b3c4d0002[{ index the addresses in lower case\n"
                           "9f8e7d6c0001<[audit{1a2b3c4d0002 the audit's own tree, after the users\n";

static void listed_natively(void **state)
{
    int left = 2;

    (void)state;
    use_project("shop");
    assert_string_equal(list(0), shop);
    assert_int_equal(call->n_runs, 0);
    buf_reset(&listed);
    assert_int_equal(engine->revisions(call, each, &left), 0); /* stops after two */
    assert_non_null(strstr(buf_text(&listed), "0002<"));
    assert_null(strstr(buf_text(&listed), "0003<"));
}

static void listed_by_alembic(void **state)
{
    (void)state;
    use_project("shop");
    put("shop/pyproject.toml", "[tool.alembic]\n");
    assert_string_equal(list(0), shop);
    assert_int_equal(paths, 4);
    assert_int_equal(call->n_runs, 1);
}

/* Python is asked once, for the files that need it. */
static void listed_partly(void **state)
{
    (void)state;
    use_project("asynchronous");
    assert_string_equal(list(0), "room000000001<[{ rooms\nroom000000002<room000000001[{ guests\n");
    assert_int_equal(call->n_runs, 1);
    contains(call->log.data, "revision in line 6");
}

static void needs_python(void **state)
{
    (void)state;
    use_project("asynchronous");
    fakehost_setting_list(call, "python", LIST("/nonexistent/python"));
    list(-1);
    contains(call->err.primary, "could not run \"/nonexistent/python\"");
    contains(call->err.detail, "could not read revision in line 6 of");
    contains(call->err.detail, "r1_rooms.py");
    fakehost_clear(call);

    fakehost_setting_list(call, "python", LIST("/bin/sh", "-c", "echo lost >&2; exit 3"));
    list(-1);
    contains(call->err.primary, "could not read revision in line 6 of");
    contains(call->err.primary, ": lost");
    contains(call->err.hint, "standard input");
    fakehost_clear(call);

    fakehost_setting_list(call, "python", LIST("/bin/true"));
    list(-1);
    contains(call->err.primary, "ended with status 0 and without an answer");
    fakehost_clear(call);

    fakehost_setting_list(call, "python", LIST("/usr/bin/python3", "-S"));
    list(-1);
    contains(call->err.primary, "cannot import alembic");
    fakehost_clear(call);

    put("asynchronous/alembic/versions/r3.py", "revision = (\n");
    fakehost_setting_list(call, "python", NULL);
    list(-1);
    contains(call->err.primary, "SyntaxError");
    fakehost_clear(call);

    fakehost_setting_list(call, "python", NULL);
    fakehost_setting_list(call, "command", LIST("docker", "compose", "run", "migrate"));
    list(-1);
    contains(call->err.primary, "the project's Python is not known");
}

/* The project is in a container only: a stand-in for docker that insists on -i. */
static void listed_in_container(void **state)
{
    const char *docker = arena_printf(call->arena, "%s/docker", dir);
    const char *const command[] = {docker, "exec", "app", "alembic", NULL};

    (void)state;
    use_project("shop");
    put("docker", "#!/bin/sh\n"
                  "[ \"$1 $2 $3 $4\" = 'exec -i app python' ] || exec </dev/null\n"
                  "cd \"${0%/*}/shop\" && exec /usr/bin/python3 -\n");
    fakehost_setting(call, "directory", "/nonexistent/app");
    fakehost_setting_list(call, "command", command);
    fakehost_fact(call, "config_dir", dir);
    assert_string_equal(list(0), shop);
    assert_int_equal(paths, 0); /* they mean nothing here */
    fakehost_setting_list(call, "python", LIST(docker, "exec", "app", "python"));
    list(-1);
    contains(call->err.primary, "could not list the revisions with Alembic: ");
    contains(call->err.detail, "because directory \"/nonexistent/app\" cannot be read here");
}

/* A file that only one of the two sees. */
static void told_of_others(void **state)
{
    (void)state;
    use_project("asynchronous");
    fakehost_setting_list(call, "python",
                          LIST("/bin/sh", "-c",
                               "cp alembic/versions/r1_rooms.py alembic/versions/r0.py &&"
                               " rm alembic/versions/r1_rooms.py && exec /usr/bin/python3 -",
                               "sh"));
    list(-1);
    contains(call->err.primary, "r1_rooms.py\"");
}

static void legacy_names(void **state)
{
    (void)state;
    put("alembic.ini", "[alembic]\nscript_location = alembic\n");
    put("alembic/versions/01dfeed.py", "'''  of old\n\n'''\ndown_revision = None\n");
    assert_string_equal(list(0), "01dfeed<[{ of old\n");
    put("alembic/versions/helper.py", "x = 1\n");
    list(-1);
    contains(call->err.primary, "helper.py\" declares no revision");
    fakehost_clear(call);
    put("alembic/versions/helper.py", "revision = 'b'\n");
    assert_string_equal(list(0), "01dfeed<[{ of old\nb<[{ \n");
    mkdir(arena_printf(call->arena, "%s/alembic/versions/x.py", dir), 0755);
    assert_string_equal(list(0), "01dfeed<[{ of old\nb<[{ \n");
    call->cancelled = true;
    list(-1);
    contains(call->err.primary, "cancelled");
}

static double list_cpu_ms(void)
{
    clock_t from = clock();

    list(0);
    return (double)(clock() - from) * 1000 / CLOCKS_PER_SEC;
}

static void ten_thousand(void **state)
{
    static const char text[] =
        "\"\"\"add column %d\n\nRevision ID: %012x\nRevises: %012x\n\n\"\"\"\n"
        "from typing import Sequence, Union\n\nfrom alembic import op\nimport sqlalchemy as sa\n\n\n"
        "# revision identifiers, used by Alembic.\nrevision: str = '%012x'\n"
        "down_revision: Union[str, None] = '%012x'\n"
        "branch_labels: Union[str, Sequence[str], None] = None\n"
        "depends_on: Union[str, Sequence[str], None] = None\n\n\n"
        "def upgrade() -> None:\n    # ### commands auto generated by Alembic ###\n"
        "    op.add_column('users', sa.Column('c', sa.String(length=20), nullable=True))\n"
        "    # ### end Alembic commands ###\n\n\ndef downgrade() -> None:\n"
        "    op.drop_column('users', 'c')\n";
    double few = 0, many = 0;

    (void)state;
    put("alembic.ini", "[alembic]\nscript_location = alembic\n");
    for (unsigned i = 1; i <= 10000; i++) {
        char body[2048], name[64];

        snprintf(body, sizeof body, text, i, i, i - 1, i, i - 1);
        snprintf(name, sizeof name, "alembic/versions/%012x_add_column.py", i);
        put(name, body);
        if (i == 1000)
            few = list_cpu_ms();
    }
    many = list_cpu_ms();
    print_message("1,000 files: %.0f ms, 10,000 files: %.0f ms of processor time\n", few, many);
    assert_true(many < 40 * (few + 1)); /* it grows with the number, not with its square */
    contains(buf_text(&listed), "00000000270f<00000000270e[{ add column 9999\n");
}

/* --- commands ----------------------------------------------------------------------------------*/

/* A stand-in for alembic that writes its vector and environment into files, then BODY. */
static void stand_in(const char *body)
{
    static const char *const own[] = {"./alembic", NULL};

    put("alembic", arena_printf(call->arena,
                                "#!/bin/sh\n"
                                "for a; do printf '%%s\\n' \"$a\"; done >args\n"
                                "env >env\n"
                                "pwd >pwd\n"
                                "%s\n",
                                body));
    fakehost_setting_list(call, "command", own);
}

static void vectors(void **state)
{
    (void)state;
    stand_in("");
    assert_int_equal(engine->upgrade(call, "heads"), 0);
    assert_string_equal(get("args"), "upgrade\nheads\n");
    contains(dir, arena_strndup(call->arena, get("pwd"), strlen(get("pwd")) - 1));
    assert_int_equal(engine->downgrade(call, "a@base"), 0);
    assert_string_equal(get("args"), "downgrade\na@base\n");
    fakehost_setting(call, "config", "conf/a.ini");
    fakehost_setting(call, "section", "shop");
    assert_int_equal(engine->upgrade(call, "heads"), 0);
    assert_string_equal(get("args"), "-c\nconf/a.ini\n-n\nshop\nupgrade\nheads\n");
    fakehost_setting_list(call, "command", LIST("/bin/sh", "./alembic", "-x", "a b"));
    assert_int_equal(engine->upgrade(call, "heads"), 0);
    assert_string_equal(get("args"), "-x\na b\n-c\nconf/a.ini\n-n\nshop\nupgrade\nheads\n");
}

static int add_text(void *arg, const char *text, size_t n)
{
    (void)arg;
    buf_add(&listed, text, n);
    return 0;
}

static void replacements(void **state)
{
    (void)state;
    stand_in("");
    assert_int_equal(engine->can_downgrade(call), DDB_CAN_FULLY);
    fakehost_setting_list(call, "upgrade", LIST("./alembic", "up"));
    assert_int_equal(engine->upgrade(call, "heads"), 0);
    assert_string_equal(get("args"), "up\n");
    assert_int_equal(engine->can_downgrade(call), DDB_CAN_NONE);
    assert_int_equal(engine->downgrade(call, "base"), -1);
    contains(call->err.primary, "a replacement for \"upgrade\" but none for \"downgrade\"");
    fakehost_clear(call);
    fakehost_setting_list(call, "upgrade", LIST("./alembic", "--to={revision}", "{revision}{to}"));
    assert_int_equal(engine->upgrade(call, "heads"), 0);
    assert_string_equal(get("args"), "--to=heads\nheads{to}\n");
    fakehost_setting_list(call, "downgrade", LIST("./alembic", "down"));
    assert_int_equal(engine->can_downgrade(call), DDB_CAN_PARTLY);
    fakehost_setting_list(call, "downgrade", LIST("./alembic", "down", "{revision}"));
    assert_int_equal(engine->can_downgrade(call), DDB_CAN_FULLY);
    assert_int_equal(engine->downgrade(call, "base"), 0);
    assert_string_equal(get("args"), "down\nbase\n");
    fakehost_setting_list(call, "sql", LIST("./alembic", "{from}-{to}", "{revision}"));
    assert_int_equal(engine->sql(call, "base", "b", add_text, NULL), 0);
    assert_string_equal(get("args"), "base-b\nbase:b\n");
}

static void environment(void **state)
{
    const char *env;

    (void)state;
    stand_in("");
    strvec_push(&call->env, "PGHOST=/sockets");
    strvec_push(&call->env, "PGOPTIONS=-c work_mem=4MB");
    fakehost_fact(call, "lock_timeout_ms", "5000");
    fakehost_fact(call, "statement_timeout_ms", "0");
    fakehost_fact(call, "environment", "production");
    fakehost_fact(call, "url", "postgresql://u:geheim@h/d");
    assert_int_equal(engine->upgrade(call, "heads"), 0);
    env = get("env");
    contains(env, "PGHOST=/sockets\n");
    contains(env, "PGOPTIONS=-c work_mem=4MB -c lock_timeout=5000 -c statement_timeout=0\n");
    contains(env, "DATABASE_URL=postgresql://u:geheim@h/d\n");
    contains(env, "ENVIRONMENT=production\n");
    assert_null(strstr(get("args"), "geheim"));
    assert_null(strstr(buf_text(&call->log), "geheim"));
    fakehost_setting(call, "url_variable", "SHOP_URL");
    fakehost_setting(call, "environment_variable", "");
    fakehost_fact(call, "statement_timeout_ms", NULL);
    strvec_release(&call->env);
    call->env = (struct strvec){0};
    assert_int_equal(engine->upgrade(call, "heads"), 0);
    env = get("env");
    contains(env, "\nPGOPTIONS=-c lock_timeout=5000\n");
    contains(env, "SHOP_URL=postgresql://");
    assert_null(strstr(env, "DATABASE_URL="));
    assert_null(strstr(env, "\nENVIRONMENT="));
    fakehost_fact(call, "url", NULL);
    assert_int_equal(engine->upgrade(call, "heads"), 0);
    assert_null(strstr(get("env"), "SHOP_URL="));
}

static void progress(void **state)
{
    (void)state;
    stand_in("echo 'INFO  [alembic.runtime.migration] Running upgrade  -> a1, first' >&2\n"
             "echo 'INFO  [alembic.runtime.migration] Running upgrade a1 -> b2, next' >&2\n"
             "echo on standard output");
    assert_int_equal(engine->upgrade(call, "heads"), 0);
    assert_int_equal(call->progress_done, 2);
    contains(call->log.data, "info: running upgrade  -> a1, first");
    contains(call->log.data, "info: running upgrade a1 -> b2, next");
    contains(call->log.data, "detail: alembic: on standard output\n");
}

static void failures(void **state)
{
    (void)state;
    stand_in("printf 'FAILED: Multiple head revisions'; exit 255");
    assert_int_equal(engine->upgrade(call, "head"), -1);
    assert_string_equal(call->err.primary,
                        "\"./alembic upgrade head\" failed: Multiple head revisions");
    fakehost_clear(call);
    stand_in("kill -9 $$");
    assert_int_equal(engine->upgrade(call, "head"), -1);
    assert_string_equal(call->err.primary, "\"./alembic upgrade head\" was ended by signal 9");
    fakehost_clear(call);
    stand_in("exec sleep 60");
    fakehost_fact(call, "timeout_ms", "200");
    assert_int_equal(engine->upgrade(call, "head"), -1);
    assert_true(call->err.primary[0] != '\0');
    fakehost_clear(call);
    fakehost_setting_list(call, "command", LIST("no-such-program-anywhere"));
    assert_int_equal(engine->upgrade(call, "head"), -1);
    contains(call->err.primary, "could not run \"no-such-program-anywhere\"");
    fakehost_clear(call);
    /* A word on standard output alone does not make a success a failure. */
    stand_in("echo 'FAILED: 3 rows were left out'");
    assert_int_equal(engine->upgrade(call, "head"), 0);
}

/* --- sql ---------------------------------------------------------------------------------------*/

static void offline_text(void **state)
{
    (void)state;
    use_project("shop");
    fakehost_fact(call, "url", "postgresql://");
    buf_reset(&listed);
    assert_int_equal(engine->sql(call, "1a2b3c4d0001", "1a2b3c4d0003", add_text, NULL), 0);
    contains(buf_text(&listed), "-- Running upgrade 1a2b3c4d0002 -> 1a2b3c4d0003");
    contains(buf_text(&listed), "lower(email)");
    assert_null(strstr(buf_text(&listed), "CREATE TABLE companies"));
    buf_reset(&listed);
    assert_int_equal(engine->sql(call, "base", "1a2b3c4d0001", add_text, NULL), 0);
    contains(buf_text(&listed), "CREATE TABLE companies");
    buf_reset(&listed);
    assert_int_equal(engine->sql(call, "base", "beef", add_text, NULL), -1);
    contains(call->err.primary, "Can't locate revision identified by 'beef'");
    assert_null(strstr(buf_text(&listed), "FAILED"));
}

static int refuse_text(void *arg, const char *text, size_t n)
{
    (void)arg;
    (void)text;
    (void)n;
    return -1;
}

static void offline_lines(void **state)
{
    (void)state;
    stand_in("printf 'BEGIN;\\nFAILED: a line of data\\n;\\nCOMMIT;'");
    buf_reset(&listed);
    assert_int_equal(engine->sql(call, "a", "b", add_text, NULL), 0);
    assert_string_equal(buf_text(&listed), "BEGIN;\nFAILED: a line of data\n;\nCOMMIT;");
    assert_string_equal(get("args"), "upgrade\na:b\n--sql\n");
    stand_in("printf 'BEGIN;\\nFAILED: the last line\\n'");
    buf_reset(&listed);
    assert_int_equal(engine->sql(call, "a", "b", add_text, NULL), 0);
    assert_string_equal(buf_text(&listed), "BEGIN;\nFAILED: the last line\n");
    stand_in("printf 'BEGIN;\\nFAILED: the last line\\n'; exit 255");
    buf_reset(&listed);
    assert_int_equal(engine->sql(call, "a", "b", add_text, NULL), -1);
    assert_string_equal(buf_text(&listed), "BEGIN;\n");
    assert_string_equal(call->err.primary,
                        "\"./alembic upgrade a:b --sql\" failed: the last line");
    fakehost_clear(call);
    assert_int_equal(engine->sql(call, "a", "b", refuse_text, NULL), -1);
}

static void capabilities(void **state)
{
    (void)state;
    assert_int_equal(engine->can_models(call), DDB_CAN_FULLY);
    fakehost_setting_list(call, "command", LIST("docker", "compose", "run", "--rm", "migrate"));
    assert_int_equal(engine->can_models(call), DDB_CAN_NONE);
    fakehost_setting_list(call, "python", LIST("python3"));
    assert_int_equal(engine->can_models(call), DDB_CAN_FULLY);
}

static void one_transaction(void **state)
{
    const char *const *shop_ids = LIST("1a2b3c4d0002", "1a2b3c4d0003");

    (void)state;
    use_project("shop");
    assert_int_equal(engine->can_transaction(call, shop_ids), DDB_CAN_FULLY);
    assert_int_equal(engine->can_transaction(call, LIST("beef")), DDB_CAN_PARTLY);
    put("shop/migrations/versions/2.py", "revision = 'two'\nfrom app import commands\n");
    assert_int_equal(engine->can_transaction(call, shop_ids), DDB_CAN_FULLY);
    assert_int_equal(engine->can_transaction(call, LIST("1a2b3c4d0003", "two")), DDB_CAN_PARTLY);
    contains(call->log.data, "versions/2.py");
    put("shop/migrations/env.py", "# nothing\n");
    assert_int_equal(engine->can_transaction(call, shop_ids), DDB_CAN_PARTLY);
    put("shop/migrations/versions/3.py", "x = 1\n");
    put("shop/alembic.ini", "[alembic]\nscript_location = gone\n");
    assert_int_equal(engine->can_transaction(call, shop_ids), -1);
    contains(call->err.primary, "does not exist");
    fakehost_setting_list(call, "upgrade", LIST("./migrate.sh"));
    assert_int_equal(engine->can_transaction(call, shop_ids), DDB_CAN_PARTLY);
}

static int release(void **state)
{
    (void)state;
    buf_release(&listed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(listed_natively, setup, teardown),
        cmocka_unit_test_setup_teardown(listed_by_alembic, setup, teardown),
        cmocka_unit_test_setup_teardown(listed_partly, setup, teardown),
        cmocka_unit_test_setup_teardown(needs_python, setup, teardown),
        cmocka_unit_test_setup_teardown(listed_in_container, setup, teardown),
        cmocka_unit_test_setup_teardown(told_of_others, setup, teardown),
        cmocka_unit_test_setup_teardown(legacy_names, setup, teardown),
        cmocka_unit_test_setup_teardown(ten_thousand, setup, teardown),
        cmocka_unit_test_setup_teardown(vectors, setup, teardown),
        cmocka_unit_test_setup_teardown(replacements, setup, teardown),
        cmocka_unit_test_setup_teardown(environment, setup, teardown),
        cmocka_unit_test_setup_teardown(progress, setup, teardown),
        cmocka_unit_test_setup_teardown(failures, setup, teardown),
        cmocka_unit_test_setup_teardown(offline_text, setup, teardown),
        cmocka_unit_test_setup_teardown(offline_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(capabilities, setup, teardown),
        cmocka_unit_test_setup_teardown(one_transaction, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, release);
}
