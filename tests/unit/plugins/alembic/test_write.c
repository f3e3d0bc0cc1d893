/* New revision files: folder and name, what is in them, what is left to the project's command. */
#include "basetest.h"

#include <dirent.h>
#include <sys/stat.h>

#include "alembic/write.h"
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

#define WRITE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const char *const none[] = {NULL};
static const char *const one[] = {"a1", NULL};
static const char *const two[] = {"a1", "b'2", NULL};

/* --- the file ---------------------------------------------------------------------------------*/

#define HEADER                                                                                     \
    "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n"                    \
    "branch_labels = ${repr(branch_labels)}\ndepends_on = ${repr(depends_on)}\n"

static const char *in_dir(const char *name)
{
    return arena_printf(call->arena, "%s/%s", dir, name);
}

static void put(const char *name, const char *text)
{
    FILE *out = fopen(in_dir(name), "w");

    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

/* A project with these lines of alembic.ini and this template. */
static void start(const char *options, const char *template)
{
    put("alembic.ini", arena_printf(call->arena, "[alembic]\nscript_location = m\n%s", options));
    mkdir(in_dir("m"), 0777);
    mkdir(in_dir("m/versions"), 0777);
    put("m/script.py.mako", template);
}

static struct ddb_new_revision new_revision(const char *message)
{
    return (struct ddb_new_revision){
        .size = sizeof(struct ddb_new_revision),
        .id = "c3",
        .message = message,
        .create_date = "2026-01-05 03:04:09",
        .down = none,
        .labels = none,
        .depends_on = none,
    };
}

/* The file's name below the project, or "failed: " and why. */
static const char *written(const struct ddb_new_revision *revision)
{
    const char *path;

    fakehost_clear(call);
    if (write_revision(call, revision, &path) != 0)
        return arena_printf(call->arena, "failed: %s", call->err.primary);
    assert_int_equal(strncmp(path, dir, strlen(dir)), 0);
    assert_int_equal(access(path, R_OK), 0);
    return path + strlen(dir) + 1;
}

static const char *text_of(const char *name)
{
    static char text[4096];
    FILE *in = fopen(in_dir(name), "r");

    assert_non_null(in);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    return text;
}

static size_t files_in(const char *name)
{
    DIR *folder = opendir(in_dir(name));
    size_t n = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL)
        n++;
    closedir(folder);
    return n - 2;
}

static void plain_file(void **state)
{
    struct ddb_new_revision revision = new_revision("Two Words");

    (void)state;
    start("", "\"\"\"${message}\n${create_date}\n\"\"\"\n" HEADER);
    assert_string_equal(written(&revision), "m/versions/c3_two_words.py");
    assert_string_equal(text_of("m/versions/c3_two_words.py"),
                        "\"\"\"Two Words\n2026-01-05 03:04:09\n\"\"\"\nrevision = 'c3'\n"
                        "down_revision = None\nbranch_labels = None\ndepends_on = None\n");
    assert_non_null(strstr(written(&revision), "c3_two_words.py\" exists already"));
    assert_int_equal(files_in("m/versions"), 1);
    revision.message = "";
    assert_string_equal(written(&revision), "m/versions/c3_.py");
    assert_non_null(strstr(text_of("m/versions/c3_.py"), "empty message"));
    revision.upgrade = "SELECT 1";
    assert_non_null(strstr(written(&revision), "SQL cannot be put into"));
}

static void names(void **state)
{
    static const char *const templates[][2] = {
        {"%%(rev)s", "c3.py"},
        {"%%(year)d-%%(month).2d-%%(day)02d_%%(slug)s", "2026-01-05_a_b.py"},
        {"%%(hour)s%%(minute)d%%(second)2d", "34 9.py"},
        {"100%%%%_%%(year)06d%%(slug)s", "100%_002026a_b.py"},
        {"%%(year)+d%%(day)-3d%%(rev)s", "+20265  c3.py"},
    };
    static const char *const beyond[] = {"%%(slug)10s", "%%(nope)s", "%%(year)x", "%%(year)", "%%x",
                                         "%%(year)#d", "a/%%(rev)s", "%%(rev)d"};
    struct ddb_new_revision revision = new_revision("a b");

    (void)state;
    for (size_t i = 0; i < sizeof templates / sizeof *templates; i++) {
        start(arena_printf(call->arena, "file_template = %s\n", templates[i][0]), HEADER);
        assert_string_equal(written(&revision) + strlen("m/versions/"), templates[i][1]);
    }
    fakehost_setting_list(call, "command", (const char *[]){"/nonexistent/alembic", NULL});
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        start(arena_printf(call->arena, "file_template = %s\n", beyond[i]), HEADER);
        assert_non_null(strstr(written(&revision), "failed: "));
        assert_non_null(strstr(call->err.detail, "Alembic was asked because file_template is"));
    }
    start("", HEADER);
    revision.message = "İstanbul";
    assert_non_null(strstr(written(&revision), "failed: "));
    assert_non_null(strstr(call->err.detail, "Alembic was asked because the message has char"));
    revision.message = "a b";
    revision.id = "c/3";
    assert_non_null(strstr(written(&revision), "failed: "));
    assert_non_null(strstr(call->err.detail, "because the identifier has a slash"));
    revision.id = "c3";
    start("truncate_slug_length = 2\n", HEADER);
    assert_string_equal(written(&revision), "m/versions/c3_a_.py");
    start("truncate_slug_length = many\n", HEADER);
    assert_non_null(strstr(written(&revision), "failed: "));
    assert_non_null(strstr(call->err.detail, "because truncate_slug_length is \"many\""));
}

static void folders(void **state)
{
    struct ddb_new_revision revision = new_revision("a");

    (void)state;
    start("version_locations = m/versions:%(here)s/x/../m/./more\nversion_path_separator = os\n",
          HEADER);
    assert_non_null(strstr(written(&revision), "may go to any of them"));
    revision.version_path = "m/more";
    assert_string_equal(written(&revision), "m/more/c3_a.py");
    revision.version_path = in_dir("m//versions/");
    assert_string_equal(written(&revision), "m/versions/c3_a.py");
    revision.version_path = "versions";
    assert_non_null(strstr(written(&revision), "\"versions\" is none of the version locations"));
    revision.version_path = NULL;
    revision.down = one;
    revision.beside = in_dir("m/more/a1_x.py");
    revision.message = "beside";
    assert_string_equal(written(&revision), "m/more/c3_beside.py");
    revision.beside = in_dir("elsewhere/a1_x.py");
    assert_non_null(strstr(written(&revision), "is none of the version locations"));
}

static void messages(void **state)
{
    static const char *const fine[] = {"C:\\data", "it's", "\"x\" y", "a\nb", "\\u00e9", "''' '"};
    static const char *const wrong[] = {"x\"", "\\", "a\"\"\"b", "\\x1", "\\ud800", "\\N{DASH}"};
    struct ddb_new_revision revision = new_revision("");

    (void)state;
    start("file_template = %%(rev)s\n", "\"\"\"${message}\"\"\"\n" HEADER);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        revision.message = wrong[i];
        assert_non_null(strstr(written(&revision), "Python could not load"));
    }
    assert_int_equal(files_in("m/versions"), 0);
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        revision.message = fine[i];
        assert_string_equal(written(&revision), "m/versions/c3.py");
        unlink(in_dir("m/versions/c3.py"));
    }
    start("", "# ${message}\n" HEADER);
    revision.message = "a \"\"\" b";
    assert_string_equal(written(&revision), "m/versions/c3_a_b.py");
    revision.message = "a\nb = 1";
    assert_non_null(strstr(written(&revision), "Python could not load"));
}

static void wrong_templates(void **state)
{
    struct ddb_new_revision revision = new_revision("a");

    (void)state;
    start("", "revision = ${repr(up_revision)}\n");
    assert_string_equal(written(&revision), "m/versions/c3_a.py");
    revision.id = "c4";
    revision.labels = one;
    assert_non_null(strstr(written(&revision), "does not write branch_labels"));
    revision.labels = none;
    revision.depends_on = two;
    assert_non_null(strstr(written(&revision), "does not write depends_on"));
    revision.depends_on = none;
    revision.down = one;
    assert_non_null(strstr(written(&revision), "does not write down_revision"));
    assert_int_equal(files_in("m/versions"), 1);
}

/* What is asked of the project's command: its words, one a line. */
static const char *words(struct ddb_new_revision *revision)
{
    const char *path;

    put("command", "#!/bin/sh\nprintf '%s\\n' \"$@\" >words\n"
                   "echo '  Generating /app/versions/c3 ... x.py ...  done'\n");
    assert_int_equal(chmod(in_dir("command"), 0755), 0);
    fakehost_setting_list(call, "command",
                          (const char *[]){arena_strdup(call->arena, in_dir("command")), NULL});
    fakehost_clear(call);
    if (write_revision(call, revision, &path) != 0)
        return arena_printf(call->arena, "failed: %s", call->err.primary);
    assert_string_equal(path, "/app/versions/c3 ... x.py");
    return text_of("words");
}

static void by_command(void **state)
{
    struct ddb_new_revision revision = new_revision("-x y");

    (void)state;
    start("", "% if True:\n");
    assert_string_equal(words(&revision),
                        "revision\n--head=base\n--message=-x y\n--rev-id=c3\n");
    revision.down = one;
    revision.message = "";
    revision.labels = one;
    revision.depends_on = two;
    revision.version_path = "m/versions";
    revision.flags = DDB_NEW_AUTOGENERATE | DDB_NEW_SPLICE;
    assert_string_equal(words(&revision), "revision\n--head=a1\n--autogenerate\n--splice\n"
                                          "--depends-on=a1\n--depends-on=b'2\n"
                                          "--version-path=m/versions\n--rev-id=c3\n"
                                          "--branch-label=a1\n");
    revision.down = two;
    assert_non_null(strstr(words(&revision), "several parents"));
    revision.depends_on = none;
    revision.version_path = NULL;
    revision.flags = 0;
    assert_string_equal(words(&revision), "merge\na1\nb'2\n--rev-id=c3\n--branch-label=a1\n");
    revision.labels = two;
    assert_non_null(strstr(words(&revision), "several branch labels"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRITE(plain_file), WRITE(names),           WRITE(folders),
        WRITE(messages),   WRITE(wrong_templates), WRITE(by_command),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
