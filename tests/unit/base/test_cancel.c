/* test_cancel - signals ask to stop; each case in a child of its own, since a request stays. */
#include "basetest.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/cancel.h"
#include "base/clock.h"

/* Run ${body} in a child; its exit status must be 0. */
static void in_child(int (*body)(void))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(body());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int requests(void)
{
    basetest_capture();
    cancel_install();
    if (cancel_requested())
        return 1;
    raise(SIGTERM);
    return cancel_requested() ? 0 : 2;
}

static int masks(void)
{
    basetest_capture();
    cancel_install();
    cancel_mask(true);
    cancel_mask(true);
    raise(SIGINT);
    if (cancel_requested())
        return 1;
    cancel_mask(false);
    if (cancel_requested())
        return 2;
    cancel_mask(false);
    if (!cancel_requested())
        return 3;
    cancel_mask(false); /* one too many does no harm */
    return cancel_requested() ? 0 : 4;
}

static int survives_sigpipe(void)
{
    int fds[2];

    cancel_install();
    if (pipe(fds) != 0)
        return 1;
    close(fds[0]);
    return write(fds[1], "x", 1) == -1 ? 0 : 2;
}

static int ends_sleep(void)
{
    int64_t before = clock_mono_ms();

    basetest_capture();
    cancel_install();
    alarm(20); /* a sleep that is not cut short ends the child */
    raise(SIGTERM);
    clock_sleep_ms(60000);
    return clock_mono_ms() - before < 10000 ? 0 : 1;
}

static int speaks(void)
{
    auto_buf struct buf out = {0};
    const char *text;

    basetest_capture();
    cancel_install();
    raise(SIGINT);
    raise(SIGINT);
    cancel_on_second("deploy-db: the snapshot would be left behind");
    raise(SIGTERM);
    cancel_on_second(NULL);
    raise(SIGTERM);
    basetest_captured(&out);
    text = buf_text(&out);
    if (strncmp(text, "deploy-db: stopping at the next safe point\n", 43) != 0)
        return 1;
    if (strstr(text, "\ndeploy-db: the snapshot would be left behind\n") == NULL)
        return 2;
    return strstr(text, "deploy-db: already stopping") == NULL ? 3 : 0;
}

static void test_requests(void **state)
{
    (void)state;
    in_child(requests);
}

static void test_masks(void **state)
{
    (void)state;
    in_child(masks);
}

static void test_sigpipe(void **state)
{
    (void)state;
    in_child(survives_sigpipe);
}

static void test_sleep(void **state)
{
    (void)state;
    in_child(ends_sleep);
}

static void test_speaks(void **state)
{
    (void)state;
    in_child(speaks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests), cmocka_unit_test(test_masks),
        cmocka_unit_test(test_sigpipe),  cmocka_unit_test(test_sleep),
        cmocka_unit_test(test_speaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
