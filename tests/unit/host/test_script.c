/* script: which files of a folder are hooks, how one is called, what its exit status means. */
#include "basetest.h"

#include <sys/stat.h>

#include "base/log.h"
#include "host/script.h"

static char *dir;

static char *put_in(const char *name, const char *text, mode_t mode)
{
    struct err err = ERR_INIT;
    struct buf path = {0};

    buf_addf(&path, "%s/%s", dir, name);
    assert_int_equal(fs_write(path.data, text, strlen(text), 0600, &err), 0);
    assert_int_equal(chmod(path.data, mode), 0);
    return path.data;
}

/* --- script_expand -----------------------------------------------------------------------------*/

static void test_expand_folder(void **state)
{
    static const char *const names[] = {"20-b", "10-a", "05-c~", "README.md", ".git", "30.disabled"};
    auto_strvec struct strvec files = {0};
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        mem_free(put_in(names[i], "#!/bin/sh\n", i < 2 ? 0755 : 0600));
    assert_int_equal(script_expand(dir, &files, &err), 0);
    assert_int_equal(files.n, 2);
    assert_string_equal(strrchr(files.v[0], '/'), "/10-a");
    assert_string_equal(strrchr(files.v[1], '/'), "/20-b");
}

static void test_expand_file(void **state)
{
    auto_free char *path = put_in("one", "#!/bin/sh\n", 0755);
    auto_strvec struct strvec files = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(script_expand(path, &files, &err), 0);
    assert_int_equal(files.n, 1);
    assert_string_equal(files.v[0], path);
}

static void test_expand_empty(void **state)
{
    auto_strvec struct strvec files = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(script_expand(dir, &files, &err), 0);
    assert_int_equal(files.n, 0);
}

static void expand_fails(const char *path, const char *primary, const char *hint)
{
    auto_strvec struct strvec files = {0};
    struct err err = ERR_INIT;

    assert_int_equal(script_expand(path, &files, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    if (strstr(err.primary, primary) == NULL)
        print_error("%s\n", err.primary);
    assert_non_null(strstr(err.primary, primary));
    assert_non_null(strstr(err.hint, hint));
}

static void test_expand_refuses(void **state)
{
    auto_buf struct buf path = {0};
    auto_free char *file = NULL;

    (void)state;
    buf_addf(&path, "%s/missing", dir);
    expand_fails(path.data, "could not find hook \"", "");
    file = put_in("10-a", "#!/bin/sh\n", 0644);
    expand_fails(dir, "/10-a\" is not executable", "chmod +x");
    assert_int_equal(chmod(file, 0775), 0);
    expand_fails(dir, "is not safe to run", "chmod go-w");
    assert_int_equal(chmod(file, 0755), 0);
    assert_int_equal(chmod(dir, 0777), 0);
    expand_fails(file, "is not safe to run", "chmod go-w");
    assert_int_equal(chmod(dir, 0755), 0);
    buf_reset(&path);
    buf_addf(&path, "%s/20-folder", dir);
    assert_int_equal(mkdir(path.data, 0755), 0);
    expand_fails(dir, "/20-folder\" is not a file", "");
}

/* --- script_run --------------------------------------------------------------------------------*/

struct run {
    const char *event;
    const char *const *env;
    int64_t timeout_ms;
};

static int run_as(const char *text, const struct run *run, enum script_outcome *outcome,
                  struct err *err)
{
    auto_free char *path = put_in("50-hook", text, 0755);
    struct script script = {
        .path = path,
        .event = run->event == NULL ? "pre-deploy" : run->event,
        .env = run->env,
        .timeout_ms = run->timeout_ms,
    };
    auto_buf struct buf shown = {0};
    int rc;

    basetest_capture(); /* the log */
    rc = script_run(&script, outcome, err);
    basetest_captured(&shown);
    return rc;
}

static void ends(const char *text, const char *event, enum script_outcome want,
                 enum err_code code, const char *primary)
{
    const struct run run = {.event = event};
    enum script_outcome outcome;
    struct err err = ERR_INIT;
    bool good = want == SCRIPT_DONE || want == SCRIPT_NOT_FOR_ME;

    assert_int_equal(run_as(text, &run, &outcome, &err), good ? 0 : -1);
    assert_int_equal(outcome, want);
    assert_int_equal(err.code, code);
    assert_string_equal(err.primary, primary);
}

static void test_statuses(void **state)
{
    (void)state;
    ends("#!/bin/sh\nexit 0\n", NULL, SCRIPT_DONE, ERR_NONE, "");
    ends("#!/bin/sh\necho noise >&2\nexit 2\n", NULL, SCRIPT_NOT_FOR_ME, ERR_NONE, "");
    ends("#!/bin/sh\necho first >&2\necho 'standby lags' >&2\necho '  ' >&2\nexit 1\n", NULL,
         SCRIPT_FAILED, ERR_PREPARE, "hook \"50-hook\" failed: standby lags");
    ends("#!/bin/sh\necho out\nexit 1\n", NULL, SCRIPT_FAILED, ERR_PREPARE,
         "hook \"50-hook\" failed: exit status 1");
    ends("#!/bin/sh\necho 'not on Fridays' >&2\nexit 3\n", NULL, SCRIPT_VETO, ERR_REFUSED,
         "hook \"50-hook\" refused the deployment: not on Fridays");
    ends("#!/bin/sh\nexit 3\n", NULL, SCRIPT_VETO, ERR_REFUSED,
         "hook \"50-hook\" refused the deployment");
    ends("#!/bin/sh\nexit 3\n", "post-deploy", SCRIPT_FAILED, ERR_PREPARE,
         "hook \"50-hook\" failed: exit status 3");
    ends("#!/bin/sh\nexit 4\n", NULL, SCRIPT_FAILED, ERR_PREPARE,
         "hook \"50-hook\" failed: exit status 4 is reserved");
    ends("#!/bin/sh\nexit 15\n", NULL, SCRIPT_FAILED, ERR_PREPARE,
         "hook \"50-hook\" failed: exit status 15 is reserved");
    ends("#!/bin/sh\nexit 16\n", NULL, SCRIPT_FAILED, ERR_PREPARE,
         "hook \"50-hook\" failed: exit status 16");
    ends("#!/bin/sh\nkill -KILL $$\n", NULL, SCRIPT_FAILED, ERR_PREPARE,
         "hook \"50-hook\" was ended by signal 9");
    ends("#!/bin/sh\nexit 127\n", NULL, SCRIPT_FAILED, ERR_PREPARE,
         "hook \"50-hook\" could not be run, or a program that it calls is missing: "
         "exit status 127");
}

/* The last words of a hook that ended in another way are facts, not the reason. */
static void test_words_are_detail(void **state)
{
    const struct run run = {0};
    enum script_outcome outcome;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(run_as("#!/bin/sh\necho words >&2\nexit 7\n", &run, &outcome, &err), -1);
    assert_string_equal(err.detail, "words");
}

static void test_missing_interpreter(void **state)
{
    const struct run run = {0};
    enum script_outcome outcome = SCRIPT_DONE;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(run_as("#!/nonexistent/sh\n", &run, &outcome, &err), -1);
    assert_int_equal(outcome, SCRIPT_FAILED);
    assert_int_equal(err.code, ERR_PREPARE);
    assert_non_null(strstr(err.primary, "hook \"50-hook\""));
}

/* One argument, the event; the environment; a private directory that is gone afterwards; nothing
 * to read. */
static void test_call(void **state)
{
    static const char *const env[] = {"DEPLOY_DB_ENV=production", "DEPLOY_DB_RUN=r1", NULL};
    static const char text[] =
        "#!/bin/sh\n"
        "exec >\"$(dirname \"$0\")/said\"\n"
        "echo \"$# $1 $DEPLOY_DB_EVENT $DEPLOY_DB_ENV $DEPLOY_DB_RUN\"\n"
        "read -r line || echo closed\n"
        "stat -c '%a %F' \"$DEPLOY_DB_TMPDIR\"\n"
        "mkdir \"$DEPLOY_DB_TMPDIR/deep\" && touch \"$DEPLOY_DB_TMPDIR/deep/file\"\n"
        "echo \"$DEPLOY_DB_TMPDIR\"\n";
    const struct run run = {.event = "verify", .env = env};
    enum script_outcome outcome;
    struct err err = ERR_INIT;
    auto_buf struct buf path = {0}, said = {0};
    char *tmp;

    (void)state;
    assert_int_equal(run_as(text, &run, &outcome, &err), 0);
    buf_addf(&path, "%s/said", dir);
    assert_int_equal(fs_read(path.data, 4096, &said, &err), 0);
    tmp = strstr(said.data, "directory\n");
    assert_non_null(tmp);
    tmp += strlen("directory\n");
    tmp[strcspn(tmp, "\n")] = '\0';
    assert_int_equal(tmp[0], '/');
    assert_false(fs_exists(tmp));
    *tmp = '\0';
    assert_string_equal(said.data, "1 verify verify production r1\nclosed\n700 directory\n");
}

static void test_logged_under_its_name(void **state)
{
    auto_free char *path = put_in("50-hook", "#!/bin/sh\necho 'key is s3cret' >&2\nexit 1\n", 0755);
    struct script script = {.path = path, .event = "verify"};
    enum script_outcome outcome;
    struct err err = ERR_INIT;
    auto_buf struct buf shown = {0};

    (void)state;
    log_secret("s3cret");
    basetest_capture();
    assert_int_equal(script_run(&script, &outcome, &err), -1);
    basetest_captured(&shown);
    assert_non_null(strstr(buf_text(&shown), "50-hook: key is ***\n"));
    assert_string_equal(err.primary, "hook \"50-hook\" failed: key is ***");
}

static void test_timeout(void **state)
{
    const struct run run = {.timeout_ms = 200};
    enum script_outcome outcome;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(run_as("#!/bin/sh\nexec sleep 30\n", &run, &outcome, &err), -1);
    assert_int_equal(outcome, SCRIPT_FAILED);
    assert_int_equal(err.code, ERR_PREPARE);
    assert_int_equal(strncmp(err.primary, "hook \"50-hook\" failed: ", 23), 0);
}

static void test_run_refuses(void **state)
{
    auto_free char *path = put_in("50-hook", "#!/bin/sh\ntouch \"$0.ran\"\n", 0757);
    auto_buf struct buf ran = {0};
    struct script script = {.path = path, .event = "verify"};
    enum script_outcome outcome = SCRIPT_DONE;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(script_run(&script, &outcome, &err), -1);
    assert_int_equal(outcome, SCRIPT_FAILED);
    assert_int_equal(err.code, ERR_PREPARE);
    assert_non_null(strstr(err.primary, "is not safe to run"));
    buf_addf(&ran, "%s.ran", path);
    assert_false(fs_exists(ran.data));
}

static void test_no_room(void **state)
{
    auto_free char *path = put_in("50-hook", "#!/bin/sh\n", 0755);
    struct script script = {.path = path, .event = "verify"};
    enum script_outcome outcome = SCRIPT_DONE;
    struct err err = ERR_INIT;

    (void)state;
    basetest_env("TMPDIR=/nonexistent");
    assert_int_equal(script_run(&script, &outcome, &err), -1);
    basetest_env_reset();
    assert_string_equal(err.primary, "could not create a temporary directory in \"/nonexistent\": "
                                     "No such file or directory");
    assert_int_equal(err.code, ERR_PREPARE);
    assert_non_null(strstr(err.hint, "TMPDIR"));
}

static int setup(void **state)
{
    (void)state;
    dir = basetest_dir();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    basetest_dir_remove(dir);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_expand_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expand_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expand_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expand_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_statuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words_are_detail, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing_interpreter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_call, setup, teardown),
        cmocka_unit_test_setup_teardown(test_logged_under_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timeout, setup, teardown),
        cmocka_unit_test_setup_teardown(test_run_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
