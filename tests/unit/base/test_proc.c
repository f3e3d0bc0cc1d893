/* test_proc - other programs, well-behaved and not. */
#include "basetest.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/proc.h"

/* What a test collects. */
struct collected {
    struct buf out;
    struct buf errors;
    int lines;
    size_t to_send;
    int ticks;
    int stop_at_tick;
};

static int take_output(void *arg, const void *data, size_t n)
{
    struct collected *collected = arg;

    buf_add(&collected->out, data, n);
    return 0;
}

static void take_line(void *arg, const char *line)
{
    struct collected *collected = arg;

    collected->lines++;
    buf_addf(&collected->errors, "%s|", line);
}

static int count_tick(void *arg)
{
    struct collected *collected = arg;

    return ++collected->ticks == collected->stop_at_tick;
}

/* ${to_send} bytes "x". */
static ssize_t send(void *arg, void *data, size_t cap)
{
    struct collected *collected = arg;
    size_t n = collected->to_send < cap ? collected->to_send : cap;

    memset(data, 'x', n);
    collected->to_send -= n;
    return (ssize_t)n;
}

static void release(struct collected *collected)
{
    buf_release(&collected->out);
    buf_release(&collected->errors);
}

#define SHELL(text) ((const char *const[]){"sh", "-c", text, NULL})

/* Run a shell line that must be able to start; its exit status. */
static int shell(const char *line, struct collected *collected)
{
    struct proc proc = {.argv = SHELL(line), .output = take_output, .error_line = take_line,
                        .arg = collected};
    struct proc_result result;
    struct err err = ERR_INIT;

    assert_int_equal(proc_run(&proc, &result, &err), 0);
    assert_int_equal(err.code, ERR_NONE);
    return result.status;
}

static void test_output_and_status(void **state)
{
    struct collected got = {0};

    (void)state;
    assert_int_equal(shell("printf 'a\\nb'; printf 'e1\\ne2\\r\\n\\nlast' >&2; exit 3", &got), 3);
    assert_string_equal(got.out.data, "a\nb");
    assert_string_equal(got.errors.data, "e1|e2||last|");
    release(&got);
    assert_int_equal(shell("kill -KILL $$", &got), 128 + SIGKILL);
    assert_int_equal(shell("kill -SEGV $$", &got), 128 + SIGSEGV);
    release(&got);
}

static void test_missing_program(void **state)
{
    struct proc proc = {.argv = (const char *const[]){"deploy-db-missing", NULL}};
    struct proc_result result;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(proc_run(&proc, &result, &err), -1);
    assert_int_equal(result.status, 127);
    assert_int_equal(err.code, ERR_INTERNAL);
    basetest_has(err.primary, "\"deploy-db-missing\": No such file");
    basetest_has(err.hint, "PATH");
    err_clear(&err);
    proc.argv = (const char *const[]){"/missing/program", NULL};
    assert_int_equal(proc_run(&proc, &result, &err), -1);
    assert_int_equal(result.status, 127);
    assert_string_equal(err.hint, "");
    /* Nothing is left to be waited for. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_not_executable(void **state)
{
    struct arena *arena = arena_new();
    char *dir = basetest_dir();
    const char *path = fs_join(arena, dir, "script");
    const char *const argv[] = {path, NULL};
    struct proc proc = {.argv = argv};
    struct proc_result result;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(fs_write(path, "#!/bin/sh\nexit 4\n", 17, 0600, &err), 0);
    assert_false(proc_find(path));
    assert_int_equal(proc_run(&proc, &result, &err), -1);
    assert_int_equal(result.status, 126);
    basetest_has(err.primary, "Permission denied");
    basetest_has(err.hint, "executable");
    err_clear(&err);
    assert_int_equal(chmod(path, 0700), 0);
    assert_true(proc_find(path));
    assert_int_equal(proc_run(&proc, &result, &err), 0);
    assert_int_equal(result.status, 4);
    /* The interpreter of the script is missing: an execve that valgrind cannot survive. */
    assert_int_equal(fs_write(path, "#!/missing/interpreter\n", 23, 0700, &err), 0);
    if (getenv("DDB_WRAP") == NULL) {
        assert_int_equal(proc_run(&proc, &result, &err), -1);
        assert_int_equal(result.status, 127);
        err_clear(&err);
    }
    proc.cwd = "/missing/directory";
    assert_int_equal(proc_run(&proc, &result, &err), -1);
    assert_int_equal(result.status, 126);
    basetest_has(err.primary, "in directory \"/missing/directory\"");
    basetest_dir_remove(dir);
    arena_free(arena);
}

static void test_environment(void **state)
{
    static const char *const changes[] = {"ADDED=1 2",     "GONE", "CHANGED=new", "TWICE=a",
                                          "TWICE=b", "LATER=x", "LATER", NULL};
    struct proc proc = {
        .argv = SHELL("echo \"$ADDED/${GONE-unset}/$CHANGED/$TWICE/${LATER-unset}/$KEPT\""),
        .env = changes,
    };
    auto_buf struct buf out = {0};
    struct err err = ERR_INIT;

    (void)state;
    basetest_env("GONE=here");
    basetest_env("CHANGED=old");
    basetest_env("KEPT=kept");
    assert_int_equal(proc_output(&proc, &out, &err), 0);
    assert_string_equal(out.data, "1 2/unset/new/b/unset/kept\n");
    assert_string_equal(getenv("CHANGED"), "old"); /* ours is not touched */
    assert_null(getenv("ADDED"));
    basetest_env_reset();
}

/* The program is searched where the child's PATH says. */
static void test_child_path(void **state)
{
    struct arena *arena = arena_new();
    char *dir = basetest_dir();
    const char *path = arena_printf(arena, "PATH=%s", dir);
    const char *const env[] = {path, NULL};
    struct proc proc = {.argv = (const char *const[]){"deploy-db-tool", NULL}, .env = env};
    auto_buf struct buf out = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(fs_write(fs_join(arena, dir, "deploy-db-tool"), "#!/bin/sh\necho found\n", 21,
                              0700, &err), 0);
    assert_int_equal(proc_output(&proc, &out, &err), 0);
    assert_string_equal(out.data, "found\n");
    assert_false(proc_find("deploy-db-tool"));
    basetest_env(path);
    assert_true(proc_find("deploy-db-tool"));
    basetest_env_reset();
    assert_true(proc_find("sh"));
    assert_false(proc_find(""));
    assert_false(proc_find(dir));
    basetest_dir_remove(dir);
    arena_free(arena);
}

/* No terminal, an own session, an own process group, nothing inherited but three descriptors. */
static void test_surroundings(void **state)
{
    struct collected got = {0};
    int leaked = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
    char line[256];

    (void)state;
    assert_true(leaked > 2);
    snprintf(line, sizeof line,
             "set -- $(cat /proc/self/stat); test \"$6\" = $$ && test \"$5\" = $$ || exit 11; "
             "test ! -e /proc/self/fd/%d || exit 12; "
             "(: </dev/tty) 2>/dev/null && exit 13; read x && exit 14; "
             "test \"$(readlink /proc/self/fd/0)\" = /dev/null || exit 15; exit 0", leaked);
    assert_int_equal(shell(line, &got), 0);
    close(leaked);
    release(&got);
}

static void test_directory(void **state)
{
    struct proc proc = {.argv = SHELL("pwd"), .cwd = "/usr"};
    auto_buf struct buf out = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(proc_output(&proc, &out, &err), 0);
    assert_string_equal(out.data, "/usr\n");
}

static void test_input(void **state)
{
    struct collected got = {.to_send = 3000001};
    struct proc proc = {.argv = SHELL("cat; echo end >&2"), .input = send,
                        .output = take_output, .error_line = take_line, .arg = &got};
    struct proc_result result;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(proc_run(&proc, &result, &err), 0);
    assert_int_equal(result.status, 0);
    assert_int_equal(got.out.len, 3000001);
    assert_int_equal(got.out.data[3000000], 'x');
    assert_string_equal(got.errors.data, "end|");
    release(&got);
}

static ssize_t input_fails(void *arg, void *data, size_t cap)
{
    (void)arg, (void)data, (void)cap;
    return -1;
}

/* Standard input that nobody reads is no failure; SIGPIPE does not reach us. */
static void test_input_closed_early(void **state)
{
    struct collected got = {.to_send = 10000000};
    struct proc proc = {.argv = SHELL("exec <&-; sleep 0.3; exit 5"), .input = send, .arg = &got};
    struct proc_result result;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(proc_run(&proc, &result, &err), 0);
    assert_int_equal(result.status, 5);
    assert_false(result.stopped);
    proc.input = input_fails;
    proc.argv = SHELL("sleep 60");
    assert_int_equal(proc_run(&proc, &result, &err), -1);
    assert_true(result.stopped);
    basetest_has(err.primary, "\"sh\" was stopped");
}

static void test_much_output(void **state)
{
    struct collected got = {0};
    struct proc proc = {
        .argv = SHELL("head -c 10000000 /dev/zero | tr '\\0' 'e' | fold -w 99 >&2; "
                      "head -c 10000000 /dev/zero | tr '\\0' 'o'; echo 'the end' >&2"),
        .output = take_output, .error_line = take_line, .arg = &got,
    };
    struct proc_result result;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(proc_run(&proc, &result, &err), 0);
    assert_int_equal(got.out.len, 10000000);
    assert_int_equal(got.lines, 101011); /* the rest of the last cut stands before "the end" */
    assert_true(strlen(result.errors) < sizeof result.errors);
    assert_true(strlen(result.errors) > sizeof result.errors - 200);
    basetest_has(result.errors, "the end");
    assert_memory_equal(result.errors, "eeee", 4); /* begins with a whole line */
    release(&got);
}

static void test_long_lines(void **state)
{
    struct collected got = {0};
    size_t longest = 0;

    (void)state;
    assert_int_equal(shell("head -c 20000 /dev/zero | tr '\\0' 'e' >&2; printf 'a\\0b' >&2", &got),
                     0);
    assert_int_equal(got.lines, 3);
    for (char *line, *rest = got.errors.data; (line = strsep(&rest, "|")) != NULL;)
        longest = strlen(line) > longest ? strlen(line) : longest;
    assert_int_equal(longest, 8191);
    release(&got);
    assert_int_equal(shell("printf 'a\\0b\\n' >&2", &got), 0);
    assert_string_equal(got.errors.data, "a b|");
    release(&got);
}

static void test_logged_by_lines(void **state)
{
    struct proc proc = {.argv = SHELL("echo out; echo; echo err geheim >&2"), .tool = "tool"};
    struct proc_result result;
    auto_buf struct buf log = {0};
    struct err err = ERR_INIT;
    int rc;

    (void)state;
    log_secret("geheim");
    log_setup(LOG_DETAIL, 0);
    basetest_capture();
    rc = proc_run(&proc, &result, &err);
    basetest_captured(&log);
    log_setup(LOG_INFO, 0);
    assert_int_equal(rc, 0);
    basetest_has(log.data, "deploy-db: tool: out\n");
    basetest_has(log.data, "deploy-db: tool: err ***\n");
    assert_null(strstr(log.data, "tool: \n"));
    assert_string_equal(result.errors, "err ***");
}

static void test_timeout(void **state)
{
    struct proc proc = {.argv = SHELL("echo 'still here' >&2; sleep 60 & sleep 60"),
                        .timeout_ms = 300};
    struct proc_result result;
    struct err err = ERR_INIT;
    int64_t before = clock_mono_ms();

    (void)state;
    assert_int_equal(proc_run(&proc, &result, &err), -1);
    assert_in_range(clock_mono_ms() - before, 300, 4000);
    assert_true(result.timed_out);
    assert_false(result.cancelled);
    assert_int_equal(result.status, 128 + SIGTERM);
    assert_string_equal(err.primary, "\"sh\" was stopped because its time of 300 ms was over");
    assert_string_equal(err.detail, "still here");
}

/* Whether a process that is not our child ends soon; as a zombie that nobody reaps it counts. */
static bool is_gone(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    for (int i = 0; i < 100; i++) {
        auto_buf struct buf stat = {0};
        struct err err = ERR_INIT;

        if (fs_read(path, 4096, &stat, &err) != 0 || strstr(stat.data, ") Z ") != NULL)
            return true;
        clock_sleep_ms(20);
    }
    return false;
}

/* SIGTERM ignored by the whole group: SIGKILL after five seconds. The grandchild's number comes out
 * on standard output, and it must be gone too. */
static void test_ignores_sigterm(void **state)
{
    struct collected got = {0};
    struct proc proc = {.argv = SHELL("trap '' TERM; sleep 60 & echo $!; sleep 60; sleep 60"),
                        .timeout_ms = 200, .output = take_output, .arg = &got};
    struct proc_result result;
    struct err err = ERR_INIT;
    int64_t before = clock_mono_ms();
    pid_t grandchild;

    (void)state;
    assert_int_equal(proc_run(&proc, &result, &err), -1);
    assert_in_range(clock_mono_ms() - before, 5000, 9000);
    assert_true(result.timed_out);
    assert_int_equal(result.status, 128 + SIGKILL);
    grandchild = (pid_t)strtol(got.out.data, NULL, 10);
    assert_true(grandchild > 1);
    assert_true(is_gone(grandchild));
    release(&got);
}

static void test_grandchild_holds_pipe(void **state)
{
    struct collected got = {0};
    int64_t before = clock_mono_ms();
    pid_t grandchild;

    (void)state;
    assert_int_equal(shell("sleep 60 & echo $!; exit 6", &got), 6);
    assert_in_range(clock_mono_ms() - before, 900, 4000);
    grandchild = (pid_t)strtol(got.out.data, NULL, 10);
    assert_int_equal(kill(grandchild, SIGKILL), 0); /* a service that was started lives on */
    release(&got);
}

static void test_tick(void **state)
{
    struct collected got = {.stop_at_tick = 3};
    struct proc proc = {.argv = SHELL("sleep 60"), .tick = count_tick, .arg = &got};
    struct proc_result result;
    struct err err = ERR_INIT;
    int64_t before = clock_mono_ms();

    (void)state;
    err_set(&err, ERR_REFUSED, "the lock was lost");
    assert_int_equal(proc_run(&proc, &result, &err), -1);
    assert_in_range(clock_mono_ms() - before, 350, 4000);
    assert_true(result.stopped);
    assert_int_equal(got.ticks, 3);
    assert_string_equal(err.primary, "the lock was lost"); /* the callback's reason stays first */
    assert_int_equal(err.code, ERR_REFUSED);
}

static int output_refuses(void *arg, const void *data, size_t n)
{
    int *calls = arg;

    (void)data, (void)n;
    (*calls)++;
    return 1;
}

static void test_output_stops(void **state)
{
    int calls = 0;
    struct proc proc = {.argv = SHELL("yes"), .output = output_refuses, .arg = &calls};
    struct proc_result result;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(proc_run(&proc, &result, &err), -1);
    assert_true(result.stopped);
    assert_int_equal(calls, 1);
}

/* In a process of its own, since a cancel stays: 0 when all is as it should be. */
static int cancelled_run(void)
{
    struct proc proc = {.argv = SHELL("sleep 60")};
    struct proc quick = {.argv = SHELL("sleep 0.3; exit 9"), .uncancellable = true};
    struct proc_result result;
    struct err err = ERR_INIT;
    int64_t before = clock_mono_ms();
    pid_t parent = getpid();
    pid_t pid;

    basetest_capture();
    cancel_install();
    if ((pid = fork()) == 0) {
        clock_sleep_ms(300);
        kill(parent, SIGTERM);
        _exit(0);
    }
    if (proc_run(&proc, &result, &err) != -1 || !result.cancelled || result.stopped)
        return 1;
    if (clock_mono_ms() - before > 4000 || strstr(err.primary, "cancelled") == NULL)
        return 2;
    waitpid(pid, NULL, 0);
    err_clear(&err);
    if (proc_run(&quick, &result, &err) != 0 || result.status != 9 || result.cancelled)
        return 3;
    cancel_mask(true);
    quick.uncancellable = false;
    return proc_run(&quick, &result, &err) == 0 && result.status == 9 ? 0 : 4;
}

static void test_cancel(void **state)
{
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(cancelled_run());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* When we are killed, the child goes with us. */
static void test_dies_with_us(void **state)
{
    struct arena *arena = arena_new();
    char *dir = basetest_dir();
    const char *file = fs_join(arena, dir, "pid");
    const char *const env[] = {arena_printf(arena, "FILE=%s", file), NULL};
    struct proc proc = {.argv = SHELL("echo $$ >\"$FILE.new\"; mv \"$FILE.new\" \"$FILE\"; "
                                      "exec sleep 60"), .env = env};
    struct proc_result result;
    auto_buf struct buf text = {0};
    struct err err = ERR_INIT;
    pid_t us;
    pid_t child;

    (void)state;
    if ((us = fork()) == 0)
        _exit(proc_run(&proc, &result, &err));
    for (int i = 0; i < 500 && !fs_exists(file); i++)
        clock_sleep_ms(20);
    assert_int_equal(fs_read(file, 100, &text, &err), 0);
    child = (pid_t)strtol(text.data, NULL, 10);
    assert_int_equal(kill(child, 0), 0);
    assert_int_equal(kill(us, SIGKILL), 0);
    waitpid(us, NULL, 0);
    assert_true(is_gone(child));
    basetest_dir_remove(dir);
    arena_free(arena);
}

static void test_output_failure(void **state)
{
    struct proc proc = {.argv = SHELL("echo partial; echo reason >&2; exit 2"), .tool = "pg_x"};
    auto_buf struct buf out = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(proc_output(&proc, &out, &err), -1);
    assert_string_equal(err.primary, "\"pg_x\" failed with exit status 2");
    assert_string_equal(err.detail, "reason");
    err_clear(&err);
    proc.argv = SHELL("kill -TERM $$");
    assert_int_equal(proc_output(&proc, &out, &err), -1);
    assert_string_equal(err.primary, "\"pg_x\" was ended by signal 15 (Terminated)");
}

static void test_output_keeps_callbacks(void **state)
{
    struct collected got = {.to_send = 5};
    struct proc proc = {.argv = SHELL("cat; echo e >&2; sleep 0.3"), .input = send,
                        .error_line = take_line, .tick = count_tick, .arg = &got};
    auto_buf struct buf out = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(proc_output(&proc, &out, &err), 0);
    assert_string_equal(out.data, "xxxxx");
    assert_string_equal(got.errors.data, "e|");
    assert_true(got.ticks >= 1);
    release(&got);
}

static void test_quote(void **state)
{
    const char *const argv[] = {"pg_dump", "-d", "a b", "it's", "", "x=$y", "p/hushhush", NULL};
    const char *const none[] = {NULL};
    auto_free char *quoted = NULL;
    auto_free char *empty = NULL;

    (void)state;
    log_secret("hushhush");
    quoted = proc_quote(argv);
    assert_string_equal(quoted, "pg_dump -d 'a b' 'it'\\''s' '' 'x=$y' 'p/***'");
    empty = proc_quote(none);
    assert_string_equal(empty, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output_and_status),
        cmocka_unit_test(test_missing_program),
        cmocka_unit_test(test_not_executable),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_child_path),
        cmocka_unit_test(test_surroundings),
        cmocka_unit_test(test_directory),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_input_closed_early),
        cmocka_unit_test(test_much_output),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_logged_by_lines),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_ignores_sigterm),
        cmocka_unit_test(test_grandchild_holds_pipe),
        cmocka_unit_test(test_tick),
        cmocka_unit_test(test_output_stops),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_dies_with_us),
        cmocka_unit_test(test_output_failure),
        cmocka_unit_test(test_output_keeps_callbacks),
        cmocka_unit_test(test_quote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
