/* Tests of the store plugin "sftp" with transport = "ssh": the system's sftp program and a real server.
 * time-limit: 300 */
#include "basetest.h"

#include "fakehost.c"
#include "sshdtest.h"

#define call  sshdtest.call
#define store sshdtest.store

enum { LARGE = 12 * 1024 * 1024 };

static int fresh(void **state)
{
    sshdtest_fresh(state);
    fakehost_setting(call, "transport", "ssh");
    fakehost_setting(call, "identity", sshdtest_path("keys/rsa")); /* which libssh2 1.10 cannot use */
    return 0;
}

/* Nothing of the spool is left. */
static int clean(void **state)
{
    sshdtest_run("for f in \"$D\"/deploy-db-sftp-*; do [[ ! -e $f ]] || { echo \"left: $f\"; exit 1; }; "
                 "done");
    return sshdtest_clean(state);
}

static void test_round_trip(void **state)
{
    char *data = sshdtest_bytes(LARGE), *bytes = mem_alloc(LARGE);
    int64_t size = 0;
    void *file = NULL;

    (void)state;
    sshdtest_expect_list("");
    sshdtest_ok(store->create(call, "a.tar", &file));
    assert_true(sshdtest_exists(".a.tar.part"));
    sshdtest_ok(store->write(call, file, data, 1000));
    sshdtest_ok(store->write(call, file, data + 1000, LARGE - 1000));
    sshdtest_expect_list(".a.tar.part 0 partial\n");
    sshdtest_ok(store->commit(call, file));
    sshdtest_expect("a.tar", data, LARGE);
    sshdtest_expect_list("a.tar 12582912\n");
    sshdtest_run("cd \"$D\"/store/* && [[ $(stat -c %a a.tar) == 600 ]]");

    sshdtest_ok(store->open(call, "a.tar", &file, &size));
    assert_int_equal(size, LARGE);
    assert_int_equal(store->read(call, file, 777, bytes, LARGE), LARGE - 777);
    assert_memory_equal(bytes, data + 777, LARGE - 777);
    sshdtest_ok(store->close(call, file));
    mem_free(bytes);
}

/* What a dead process has left goes with the next file; what is in use stays, and what is another's. */
static void test_spool_is_swept(void **state)
{
    void *file = NULL, *other = NULL;

    (void)state;
    sshdtest_ok(store->create(call, "a.tar", &file));
    sshdtest_run("mkdir \"$D\"/deploy-db-sftp-dead00 \"$D\"/elsewhere && "
                 "echo x >\"$D\"/deploy-db-sftp-dead00/data && echo x >\"$D\"/elsewhere/data && "
                 "ln -s elsewhere \"$D\"/deploy-db-sftp-link00");
    sshdtest_ok(store->create(call, "b.tar", &other));
    sshdtest_run("[[ ! -e $D/deploy-db-sftp-dead00 && -e $D/elsewhere/data ]] && "
                 "rm \"$D\"/deploy-db-sftp-link00 && ls -d \"$D\"/deploy-db-sftp-* | wc -l | grep -qx 2");
    sshdtest_ok(store->write(call, file, "whole", 5));
    sshdtest_ok(store->commit(call, file));
    sshdtest_expect("a.tar", "whole", 5);
    sshdtest_ok(store->abort(call, other));
}

static void test_names(void **state)
{
    (void)state;
    sshdtest_put("a b 'c' \"d\" [e]*?\\ #f.tar", "x", 1);
    sshdtest_put("-rf", "y", 1);
    sshdtest_expect_list("-rf 1\na b 'c' \"d\" [e]*?\\ #f.tar 1\n");
    sshdtest_expect("a b 'c' \"d\" [e]*?\\ #f.tar", "x", 1);
    sshdtest_ok(store->remove(call, "a b 'c' \"d\" [e]*?\\ #f.tar"));
    sshdtest_expect_list("-rf 1\n");
    sshdtest_ok(store->remove(call, "-rf"));
    sshdtest_ok(store->remove(call, "-rf"));
    sshdtest_expect_list("");
}

static void test_never_over_a_file(void **state)
{
    void *first = NULL, *second = NULL;

    (void)state;
    sshdtest_put("a.tar", "one", 3);
    sshdtest_refused(store->create(call, "a.tar", &first), "exists already", NULL);
    sshdtest_ok(store->create(call, "b.tar", &first));
    sshdtest_refused(store->create(call, "b.tar", &second), "an unfinished", "remove it");
    sshdtest_ok(store->write(call, first, "two", 3));
    sshdtest_run("cd \"$D\"/store/* && echo other >b.tar");
    sshdtest_refused(store->commit(call, first), "exists already", NULL);
    sshdtest_expect("b.tar", "other\n", 6);
    assert_false(sshdtest_exists(".b.tar.part"));
}

static void test_abort_suspend_resume(void **state)
{
    int64_t size = -1;
    void *file = NULL;

    (void)state;
    sshdtest_ok(store->create(call, "a.tar", &file));
    sshdtest_ok(store->write(call, file, "abc", 3));
    sshdtest_ok(store->abort(call, file));
    sshdtest_expect_list("");
    sshdtest_ok(store->create(call, "a.tar", &file));
    sshdtest_ok(store->write(call, file, "abc", 3));
    sshdtest_ok(store->suspend(call, file));
    sshdtest_ok(store->resume(call, "a.tar", &file, &size));
    assert_int_equal(size, 0);
    sshdtest_ok(store->write(call, file, "abcdef", 6));
    sshdtest_ok(store->commit(call, file));
    sshdtest_expect("a.tar", "abcdef", 6);
    sshdtest_refused(store->resume(call, "a.tar", &file, &size), "exists already", NULL);
}

/* The first session that has taken a part of the file is killed; the next one goes on there. */
static void test_cut_connection(void **state)
{
    char *data = sshdtest_bytes(4 * (size_t)LARGE);
    void *file = NULL;

    (void)state;
    sshdtest_ok(store->create(call, "a.tar", &file));
    sshdtest_ok(store->write(call, file, data, 4 * (size_t)LARGE));
    sshdtest_run("(f=$(echo \"$D\"/store/*)/.a.tar.part; "
                 "while [[ $(stat -c %s \"$f\") -lt 1000000 ]]; do :; done; "
                 "kill -KILL $(sshd_sessions \"$D\"); stat -c %s \"$f\" >\"$D/cut\") "
                 ">/dev/null 2>&1 </dev/null &");
    sshdtest_ok(store->commit(call, file));
    basetest_has(buf_text(&call->log), "going on");
    sshdtest_expect("a.tar", data, 4 * (size_t)LARGE);
    sshdtest_run("[[ $(cat \"$D/cut\") -lt 50331648 ]]");
}

static void test_full_disk(void **state)
{
    char *data = sshdtest_bytes(LARGE);
    void *file = NULL;

    (void)state;
    sshdtest_run("mkdir -p \"$D/small\"; sshd_stop \"$D\"; sshd_start \"$D\" unshare --mount "
                 "sh -c 'mount -t tmpfs -o size=1m,mode=755 tmpfs \"$0\" && exec \"$@\"' \"$D/small\"");
    sshdtest_url(sshdtest_path("small/store"));
    sshdtest_ok(store->create(call, "a.tar", &file));
    sshdtest_ok(store->write(call, file, data, LARGE));
    assert_int_equal(store->commit(call, file), DDB_NO_ROOM);
    basetest_has(call->err.primary, "/small/store: 0.0 MiB free, at least ");
    sshdtest_refused(-1, "no space left on 127.0.0.1:", "prune old snapshots");
    sshdtest_expect_list("");
    sshdtest_run("sshd_stop \"$D\"; sshd_start \"$D\"");
}

static void test_free_bytes(void **state)
{
    int64_t bytes = store->free_bytes(call);

    (void)state;
    sshdtest_ok(bytes > 0 ? 0 : -1);
    assert_true(bytes < INT64_MAX);
    assert_false(fs_exists(sshdtest.dir));
    sshdtest_url("/sys/none");
    sshdtest_refused((int)store->free_bytes(call), "could not write in \"/sys\"", NULL);
}

static void test_refusals(void **state)
{
    void *file = NULL;
    int64_t size;

    (void)state;
    sshdtest_put("a.tar", "x", 1);
    sshdtest_refused(store->open(call, "none", &file, &size), "no such plain file", NULL);
    fakehost_setting(call, "fingerprint", "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    sshdtest_refused(store->list(call, sshdtest_each, NULL), "fingerprint of the sftp store does not",
                     "known_hosts");
    fakehost_setting(call, "fingerprint", NULL);
    fakehost_setting(call, "passphrase", "env:X");
    sshdtest_refused(store->list(call, sshdtest_each, NULL), "passphrase of the sftp store does not",
                     "ssh-agent");
    fakehost_setting(call, "passphrase", NULL);
    fakehost_setting(call, "identity", sshdtest_path("keys/stranger"));
    sshdtest_refused(store->list(call, sshdtest_each, NULL), "Permission denied (publickey)",
                     "by hand");
    fakehost_setting(call, "identity", sshdtest_path("keys/rsa"));
    sshdtest_run(": >\"$D/mine\"");
    fakehost_setting(call, "known_hosts", sshdtest_path("mine"));
    sshdtest_refused(store->list(call, sshdtest_each, NULL), "Host key verification failed", "by hand");
    fakehost_setting(call, "host_key", "accept-new");
    sshdtest_expect_list("a.tar 1\n");
    fakehost_setting(call, "host_key", "strict");
    sshdtest_expect_list("a.tar 1\n");
    fakehost_setting(call, "spool", "/nowhere");
    sshdtest_refused(store->create(call, "b.tar", &file), "could not create folder", "\"spool\"");
    fakehost_setting(call, "spool", sshdtest.server);
}

static void test_black_hole(void **state)
{
    (void)state;
    sshdtest_put("a.tar", "x", 1);
    fakehost_setting(call, "timeout", "3000");
    sshdtest_run("kill -STOP $(cat \"$D/sshd.pid\")");
    sshdtest_refused(store->list(call, sshdtest_each, NULL), "onnect", "by hand");
    sshdtest_run("kill -CONT $(cat \"$D/sshd.pid\")");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),           TEST(test_spool_is_swept),
        TEST(test_names),
        TEST(test_never_over_a_file),    TEST(test_abort_suspend_resume),
        TEST(test_cut_connection),       TEST(test_free_bytes),
        TEST(test_refusals),             TEST(test_black_hole),
        TEST(test_full_disk),
    };

    return cmocka_run_group_tests(tests, sshdtest_start, sshdtest_stop);
}
