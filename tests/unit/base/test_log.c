/* test_log - messages: their form, their filter, their two places. */
#include "basetest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"

static int reset(void **state)
{
    (void)state;
    log_setup(LOG_INFO, 0);
    log_close();
    log_hold(NULL);
    return 0;
}

static void test_levels(void **state)
{
    auto_buf struct buf out = {0};

    (void)state;
    basetest_capture();
    log_error("e %d", 1);
    log_warning("w");
    log_info("i");
    log_detail("hidden");
    log_debug("hidden");
    log_setup(LOG_DEBUG, 0);
    log_detail("d");
    log_debug("g");
    log_setup(LOG_ERROR, 0);
    log_warning("hidden");
    log_at(LOG_ERROR, "%s", "last");
    basetest_captured(&out);
    assert_string_equal(buf_text(&out), "deploy-db: error: e 1\ndeploy-db: warning: w\n"
                                        "deploy-db: i\ndeploy-db: d\ndeploy-db: debug: g\n"
                                        "deploy-db: error: last\n");
}

static void test_colour(void **state)
{
    auto_buf struct buf out = {0};

    (void)state;
    log_setup(LOG_INFO, 1);
    basetest_capture();
    log_error("x");
    log_info("y");
    basetest_captured(&out);
    assert_string_equal(buf_text(&out), "deploy-db: \033[1;31merror:\033[0m x\ndeploy-db: y\n");
}

static void test_failure(void **state)
{
    auto_buf struct buf out = {0};
    struct err err = ERR_INIT;

    (void)state;
    err_set(&err, ERR_CONFIG, "could not read \"x\"");
    err_detail(&err, "line one");
    err_detail(&err, "line two");
    err_hint(&err, "Do this.");
    basetest_capture();
    log_failure(&err);
    basetest_captured(&out);
    assert_string_equal(buf_text(&out), "deploy-db: error: could not read \"x\"\n"
                                        "  detail: line one\n  detail: line two\n"
                                        "  hint: Do this.\n");
}

static void test_control_characters(void **state)
{
    auto_buf struct buf out = {0};

    (void)state;
    basetest_capture();
    log_info("a\nb\r\033[2Jc\td\x7f");
    log_info("caf\xc3\xa9 \xc2\x9b" "31m \xc2\xa0");
    log_child(LOG_WARNING, "pg_dump", "x\by");
    basetest_captured(&out);
    assert_string_equal(buf_text(&out), "deploy-db: a\\nb\\x0d\\x1b[2Jc\td\\x7f\n"
                                        "deploy-db: caf\xc3\xa9 \\u009b31m \xc2\xa0\n"
                                        "deploy-db: warning: pg_dump: x\\x08y\n");
}

static void test_secrets(void **state)
{
    auto_buf struct buf out = {0};
    auto_free char *redacted = NULL;
    struct err err = ERR_INIT;

    (void)state;
    log_secret("geheim");
    log_secret("geheimnis");
    log_secret("geheim"); /* twice is once */
    log_secret("zwei\nzeilen");
    log_secret("ab"); /* too short to be hidden */
    log_secret("");
    log_secret(NULL);
    redacted = log_redact("geheimnis,geheim,gehei,ab");
    assert_string_equal(redacted, "***,***,gehei,ab");
    err_set(&err, ERR_INTERNAL, "password geheim");
    err_detail(&err, "it was zwei\nzeilen, geheimnis");
    err_hint(&err, "Not geheim.");
    basetest_capture();
    log_info("postgresql://u:geheimnis@h/d");
    log_child(LOG_INFO, "alembic", "geheim");
    log_failure(&err);
    basetest_captured(&out);
    assert_null(strstr(buf_text(&out), "gehei"));
    assert_null(strstr(buf_text(&out), "zeilen"));
    basetest_has(buf_text(&out), "postgresql://u:***@h/d\n");
    basetest_has(buf_text(&out), "detail: it was ***, ***\n");
}

static void test_file(void **state)
{
    char *dir = basetest_dir();
    struct arena *arena = arena_new();
    char *path = fs_join(arena, dir, "log");
    auto_buf struct buf content = {0};
    auto_buf struct buf out = {0};
    struct err err = ERR_INIT;
    struct err failure = ERR_INIT;
    struct stat st;

    (void)state;
    err_set(&failure, ERR_INTERNAL, "broken");
    err_detail(&failure, "why");
    assert_int_equal(log_open(path, &err), 0);
    basetest_capture();
    log_info("one");
    log_detail("two");
    log_debug("not here");
    log_setup(LOG_ERROR, 0);
    log_warning("three");
    log_failure(&failure);
    log_close();
    log_error("after");
    basetest_captured(&out);
    assert_string_equal(buf_text(&out), "deploy-db: one\ndeploy-db: error: broken\n  detail: why\n"
                                        "deploy-db: error: after\n");
    assert_int_equal(fs_read(path, 10000, &content, &err), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    /* Every line begins with a time of 20 characters. */
    for (char *line = content.data, *rest = content.data; (line = strsep(&rest, "\n")) != NULL;)
        if (*line != '\0')
            buf_addf(&out, "%s\n", strlen(line) > 21 && line[19] == 'Z' ? line + 21 : line);
    basetest_has(out.data, "after\ninfo one\ndetail two\nwarning three\nerror broken\n"
                           "error detail: why\n");
    arena_free(arena);
    basetest_dir_remove(dir);
}

static void test_file_refused(void **state)
{
    char *dir = basetest_dir();
    struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    auto_buf struct buf out = {0};

    (void)state;
    assert_int_equal(log_open(fs_join(arena, dir, "missing/log"), &err), -1);
    basetest_has(err.primary, "missing/log\": No such file");
    err_clear(&err);
    assert_int_equal(log_open(dir, &err), -1);
    basetest_has(err.primary, "could not open log file");
    /* A full disk ends the file, with one warning; the program goes on. */
    err_clear(&err);
    assert_int_equal(log_open("/dev/full", &err), 0);
    basetest_capture();
    log_info("one");
    log_info("two");
    basetest_captured(&out);
    basetest_has(out.data, "deploy-db: warning: could not write the log file");
    basetest_has(out.data, "deploy-db: two\n");
    arena_free(arena);
    basetest_dir_remove(dir);
}

static void test_long_message(void **state)
{
    auto_buf struct buf out = {0};
    char *text = mem_alloc(100001);

    (void)state;
    memset(text, 'x', 100000);
    basetest_capture();
    log_info("%s", text);
    basetest_captured(&out);
    assert_int_equal(out.len, 100000 + strlen("deploy-db: \n"));
    mem_free(text);
}

static void erase(void)
{
    assert_int_equal(write(STDERR_FILENO, "<erased>", 8), 8);
}

static void test_hold(void **state)
{
    auto_buf struct buf out = {0};

    (void)state;
    basetest_capture();
    log_hold(erase);
    log_info("a");
    log_debug("not shown, nothing erased");
    log_hold(NULL);
    log_info("b");
    basetest_captured(&out);
    assert_string_equal(buf_text(&out), "<erased>deploy-db: a\ndeploy-db: b\n");
}

static void *redact_often(void *stop)
{
    while (!atomic_load((atomic_bool *)stop))
        mem_free(log_redact("a text with secret-7 in it"));
    return NULL;
}

/* A key is read, and so becomes a secret, while threads that ship files log. */
static void test_secrets_between_threads(void **state)
{
    atomic_bool stop = false;
    auto_free char *shown = NULL;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, redact_often, &stop), 0);
    for (int i = 0; i < 1500; i++) {
        char secret[32];

        snprintf(secret, sizeof secret, "secret-%d", i);
        log_secret(secret);
    }
    atomic_store(&stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    shown = log_redact("secret-1499");
    assert_string_equal(shown, "***");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_levels, reset),
        cmocka_unit_test_teardown(test_colour, reset),
        cmocka_unit_test_teardown(test_failure, reset),
        cmocka_unit_test_teardown(test_control_characters, reset),
        cmocka_unit_test_teardown(test_secrets, reset),
        cmocka_unit_test_teardown(test_file, reset),
        cmocka_unit_test_teardown(test_file_refused, reset),
        cmocka_unit_test_teardown(test_long_message, reset),
        cmocka_unit_test_teardown(test_hold, reset),
        cmocka_unit_test_teardown(test_secrets_between_threads, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
