/* test_fault - fault points; compiled in here whatever the variant. */
#ifndef FAULTS
#define FAULTS 1
#endif
#include "../../../src/base/fault.c"

#include "basetest.h"

#include <sys/wait.h>

/* The way in which a child that hits "a:b" ends, with DEPLOY_DB_FAULT as ${assignment} says. */
static int hit(const char *assignment, unsigned seconds)
{
    int status;
    pid_t pid;

    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(STDERR_FILENO);
        basetest_env(assignment);
        alarm(seconds);
        status = FAULT("a:b") == 0 ? 0 : 7;
        if (status == 0)
            status = FAULT("a:b") == 0 ? 0 : 8;
        basetest_env_reset();
        _exit(status);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void test_actions(void **state)
{
    (void)state;
    assert_int_equal(hit("OTHER=1", 10), 0);
    assert_int_equal(hit("DEPLOY_DB_FAULT=a:b:fail", 10), 7);
    assert_int_equal(hit("DEPLOY_DB_FAULT=a:b:kill", 10), 128 + SIGKILL);
    assert_int_equal(hit("DEPLOY_DB_FAULT=a:b:sleep", 1), 128 + SIGALRM);
    assert_int_equal(hit("DEPLOY_DB_FAULT=a:b:expode", 10), 128 + SIGABRT);
    assert_int_equal(hit("DEPLOY_DB_FAULT=a:b@1:fail", 10), 7);
    assert_int_equal(hit("DEPLOY_DB_FAULT=a:b@2:fail", 10), 8);
    assert_int_equal(hit("DEPLOY_DB_FAULT=a:b@3:fail", 10), 0);
}

static void test_other_points(void **state)
{
    (void)state;
    assert_int_equal(hit("DEPLOY_DB_FAULT=a:kill", 10), 0);
    assert_int_equal(hit("DEPLOY_DB_FAULT=a:bc:kill", 10), 0);
    assert_int_equal(hit("DEPLOY_DB_FAULT=b:kill", 10), 0);
    assert_int_equal(hit("DEPLOY_DB_FAULT=", 10), 0);
    assert_int_equal(hit("DEPLOY_DB_FAULT=kill", 10), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_other_points),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
