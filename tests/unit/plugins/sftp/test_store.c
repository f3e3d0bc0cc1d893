/* Tests of the store plugin "sftp" on a real server: files, lists, cut connections, a full disk, a
 * server that does not answer.
 * time-limit: 300 */
#include "basetest.h"

#include "fakehost.c"
#include "sshdtest.h"

#define call  sshdtest.call
#define store sshdtest.store

enum { LARGE = 20 * 1024 * 1024, PIECE = 128 * 1024 };

/* Write data[from..n) in pieces; the answer of the first one that fails. */
static int write_pieces(void *file, const char *data, size_t from, size_t n)
{
    for (size_t at = from; at < n; at += PIECE) {
        size_t part = n - at < PIECE ? n - at : PIECE;
        int rc = store->write(call, file, data + at, part);

        if (rc != 0)
            return rc;
    }
    return 0;
}

/* The signal for every session of the server. */
static void signal_sessions(const char *name)
{
    sshdtest_run(arena_printf(call->arena, "for p in $(sshd_sessions \"$D\"); do kill -%s $p || true; "
                              "done", name));
}

/* --- files ----------------------------------------------------------------------------------------- */

static void test_round_trip(void **state)
{
    char *data = sshdtest_bytes(LARGE);
    void *file = NULL;

    (void)state;
    sshdtest_expect_list(""); /* no folder yet */
    sshdtest_ok(store->create(call, "large.tar", &file));
    assert_true(sshdtest_exists(".large.tar.part"));
    sshdtest_ok(write_pieces(file, data, 0, LARGE));
    assert_false(sshdtest_exists("large.tar"));
    sshdtest_ok(store->commit(call, file));
    sshdtest_expect("large.tar", data, LARGE);
    assert_false(sshdtest_exists(".large.tar.part"));
    sshdtest_put("empty.tar", "", 0);
    sshdtest_expect_list("empty.tar 0\nlarge.tar 20971520\n");
    assert_string_equal(buf_text(&call->log), "");
}

static void expect_read(void *file, const char *data, int64_t offset, size_t cap, size_t expected)
{
    char *bytes = mem_alloc(cap + 1);

    assert_int_equal(store->read(call, file, offset, bytes, cap), expected);
    assert_memory_equal(bytes, data + offset, expected);
    mem_free(bytes);
}

static void test_read_anywhere(void **state)
{
    char *data = sshdtest_bytes(LARGE);
    int64_t size = 0;
    void *file = NULL;
    uint32_t random = 7;

    (void)state;
    sshdtest_put("a.tar", data, LARGE);
    sshdtest_ok(store->open(call, "a.tar", &file, &size));
    assert_int_equal(size, LARGE);
    expect_read(file, data, LARGE - 512, 1024, 512);
    expect_read(file, data, LARGE, 10, 0);
    for (int64_t at = 0; at < LARGE; at += 3 * PIECE + 1)
        expect_read(file, data, at, 3 * PIECE + 1,
                    LARGE - at < 3 * PIECE + 1 ? (size_t)(LARGE - at) : 3 * PIECE + 1);
    for (int i = 0; i < 100; i++) {
        random = random * 1664525u + 1013904223u;
        expect_read(file, data, random % (LARGE - PIECE), random % PIECE, random % PIECE);
    }
    sshdtest_ok(store->close(call, file));
}

static void test_names(void **state)
{
    void *file;
    int64_t size;

    (void)state;
    sshdtest_put("a b 'c' \"d\" *.tar", "x", 1);
    sshdtest_expect_list("a b 'c' \"d\" *.tar 1\n");
    sshdtest_expect("a b 'c' \"d\" *.tar", "x", 1);
    basetest_has(store->locate(call, "n.tar"), arena_printf(call->arena, "%s/n.tar", sshdtest.url));
    for (size_t i = 0; i < 4; i++) {
        const char *bad = ((const char *const[]){"", ".hidden", "a/b", "../x"})[i];

        sshdtest_refused(store->create(call, bad, &file), "cannot be the name", NULL);
        sshdtest_refused(store->open(call, bad, &file, &size), "cannot be the name", NULL);
        sshdtest_refused(store->remove(call, bad), "cannot be the name", NULL);
    }
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
    sshdtest_run(arena_printf(call->arena, "cd \"$D\"/store/* && echo other >b.tar"));
    sshdtest_refused(store->commit(call, first), "exists already", NULL);
    sshdtest_expect("b.tar", "other\n", 6);
    assert_false(sshdtest_exists(".b.tar.part"));
    sshdtest_expect("a.tar", "one", 3);
}

static void test_abort_and_remove(void **state)
{
    void *file = NULL;
    int64_t size;

    (void)state;
    sshdtest_ok(store->create(call, "a.tar", &file));
    sshdtest_ok(store->write(call, file, "abc", 3));
    sshdtest_expect_list(".a.tar.part 0 partial\n");
    sshdtest_ok(store->abort(call, file));
    sshdtest_expect_list("");
    sshdtest_put("b.tar", "x", 1);
    sshdtest_run("cd \"$D\"/store/* && touch .c.tar.part foreign && mkdir folder && ln -s b.tar link");
    sshdtest_expect_list("b.tar 1\n.c.tar.part 0 partial\nforeign 0\n");
    sshdtest_refused(store->open(call, "folder", &file, &size), "is not a plain file", NULL);
    sshdtest_refused(store->open(call, "none", &file, &size), "no such file", NULL);
    sshdtest_ok(store->remove(call, ".c.tar.part"));
    sshdtest_ok(store->remove(call, "b.tar"));
    sshdtest_ok(store->remove(call, "b.tar"));
    sshdtest_expect_list("foreign 0\n");
}

static void test_home(void **state)
{
    const char *home = getenv("HOME");

    (void)state;
    /* Where the server thinks home is tells the system's user list, not the environment. */
    assert_non_null(home);
    sshdtest_url("/~/deploy-db-test-home");
    basetest_has(store->locate(call, "x"), "/~/deploy-db-test-home/x");
    sshdtest_put("x.tar", "home", 4);
    sshdtest_expect_list("x.tar 4\n");
    sshdtest_ok(store->remove(call, "x.tar"));
    sshdtest_run("rmdir ~\"$(id -un)\"/deploy-db-test-home 2>/dev/null || "
                 "rmdir \"$(getent passwd \"$(id -un)\" | cut -d: -f6)/deploy-db-test-home\"");
}

static void test_free_bytes(void **state)
{
    int64_t bytes = store->free_bytes(call);

    (void)state;
    sshdtest_ok(bytes > 0 ? 0 : -1);
    assert_true(bytes < INT64_MAX);
    assert_false(fs_exists(sshdtest.dir)); /* asking makes no folder */
    sshdtest_url("/proc/none");
    assert_int_equal(store->free_bytes(call), -1);
    sshdtest_refused(-1, "\"/proc\" on 127.0.0.1", "write access");
}

/* --- cut connections -------------------------------------------------------------------------------- */

static void test_resume(void **state)
{
    char *data = sshdtest_bytes(LARGE);
    int64_t size = -1;
    void *file = NULL;

    (void)state;
    sshdtest_ok(store->resume(call, "a.tar", &file, &size)); /* nothing there: a new file */
    assert_int_equal(size, 0);
    sshdtest_ok(write_pieces(file, data, 0, LARGE / 2));
    signal_sessions("KILL");
    sshdtest_refused(write_pieces(file, data, LARGE / 2, LARGE), "the connection was lost", NULL);
    sshdtest_ok(store->suspend(call, file));
    assert_true(sshdtest_exists(".a.tar.part"));

    sshdtest_ok(store->resume(call, "a.tar", &file, &size));
    assert_in_range(size, LARGE / 2 - 6 * 1024 * 1024, LARGE / 2);
    sshdtest_ok(write_pieces(file, data, (size_t)size, LARGE * 3 / 4));
    sshdtest_ok(store->suspend(call, file));
    sshdtest_ok(store->resume(call, "a.tar", &file, &size));
    sshdtest_ok(write_pieces(file, data, (size_t)size, LARGE));
    sshdtest_ok(store->commit(call, file));
    sshdtest_expect("a.tar", data, LARGE);
    sshdtest_refused(store->resume(call, "a.tar", &file, &size), "exists already", NULL);
}

static void test_abort_after_cut(void **state)
{
    char *data = sshdtest_bytes(LARGE);
    void *file = NULL;

    (void)state;
    sshdtest_ok(store->create(call, "a.tar", &file));
    signal_sessions("KILL");
    sshdtest_refused(write_pieces(file, data, 0, LARGE), "the connection was lost", NULL);
    sshdtest_ok(store->abort(call, file));
    sshdtest_expect_list("");

    sshdtest_ok(store->create(call, "a.tar", &file));
    sshdtest_ok(store->write(call, file, data, 1000));
    signal_sessions("KILL");
    sshdtest_refused(store->commit(call, file), "the connection was lost", NULL);
    assert_false(sshdtest_exists("a.tar"));
    assert_true(sshdtest_exists(".a.tar.part")); /* for resume() */
}

static void test_read_reconnects(void **state)
{
    char *data = sshdtest_bytes(LARGE);
    int64_t size;
    void *file = NULL;

    (void)state;
    sshdtest_put("a.tar", data, LARGE);
    sshdtest_ok(store->open(call, "a.tar", &file, &size));
    expect_read(file, data, 5, PIECE, PIECE);
    signal_sessions("KILL");
    expect_read(file, data, 9 * PIECE, PIECE, PIECE);
    basetest_has(buf_text(&call->log), "connecting again");
    sshdtest_run("sshd_stop \"$D\"");
    sshdtest_refused((int)store->read(call, file, 20 * PIECE, data, PIECE), "could not connect",
                     "SSH server runs");
    sshdtest_run("sshd_start \"$D\"");
    sshdtest_ok(store->close(call, file));
}

static void test_cancel(void **state)
{
    char *data = sshdtest_bytes(LARGE);
    void *file = NULL;

    (void)state;
    sshdtest_ok(store->create(call, "a.tar", &file));
    call->cancelled = true;
    sshdtest_refused(write_pieces(file, data, 0, LARGE), "it was cancelled", NULL);
    sshdtest_ok(store->abort(call, file)); /* also then nothing is left */
    call->cancelled = false;
    sshdtest_expect_list("");
}

/* A server that is there but does not answer. */
static void test_black_hole(void **state)
{
    char *data = sshdtest_bytes(LARGE);
    void *file = NULL, *other = NULL;
    int64_t size;

    (void)state;
    sshdtest_put("b.tar", data, LARGE);
    fakehost_setting(call, "timeout", "1500");
    sshdtest_ok(store->create(call, "a.tar", &file));
    sshdtest_ok(store->open(call, "b.tar", &other, &size));
    signal_sessions("STOP");
    sshdtest_refused(write_pieces(file, data, 0, LARGE), "has not answered for 1.5 s", "timeout");
    sshdtest_run("kill -STOP $(cat \"$D/sshd.pid\")");
    assert_int_equal(store->read(call, other, 100, data, 100), -1);
    err_clear(&call->err);
    sshdtest_refused(store->list(call, sshdtest_each, NULL), "has not answered", "timeout");
    sshdtest_run("kill -CONT $(cat \"$D/sshd.pid\")");
    sshdtest_ok(store->suspend(call, file));
    sshdtest_ok(store->close(call, other));
    signal_sessions("CONT");
}

/* --- servers that refuse ---------------------------------------------------------------------------- */

static void restart_with(const char *change, const char *prefix)
{
    sshdtest_run(arena_printf(call->arena, "sshd_stop \"$D\"; cp \"$D/server.conf\" \"$D/usual.conf\";"
                              "%s; sshd_start \"$D\" %s", change, prefix));
}

static void restart_usual(void)
{
    sshdtest_run("sshd_stop \"$D\"; cp \"$D/usual.conf\" \"$D/server.conf\"; sshd_start \"$D\"");
}

static void test_no_rename(void **state)
{
    void *file = NULL;

    (void)state;
    restart_with("sed -i 's/internal-sftp/internal-sftp -P rename/' \"$D/server.conf\"", "");
    sshdtest_ok(store->create(call, "a.tar", &file));
    sshdtest_ok(store->write(call, file, "abc", 3));
    sshdtest_refused(store->commit(call, file), "could not give its name to", "the right to do so");
    sshdtest_expect_list("");
    restart_usual();
}

static void test_no_fsync_no_statvfs(void **state)
{
    (void)state;
    restart_with("sed -i 's/internal-sftp/internal-sftp -P fsync,statvfs/' \"$D/server.conf\"", "");
    sshdtest_put("a.tar", "abc", 3);
    basetest_has(buf_text(&call->log), "warning: 127.0.0.1:");
    basetest_has(buf_text(&call->log), "does not offer fsync@openssh.com");
    assert_true(store->free_bytes(call) == INT64_MAX);
    restart_usual();
    sshdtest_expect("a.tar", "abc", 3);
}

static void test_full_disk(void **state)
{
    char *data = sshdtest_bytes(LARGE);
    void *file = NULL;

    (void)state;
    sshdtest_run("mkdir -p \"$D/small\"");
    restart_with(":", "unshare --mount sh -c 'mount -t tmpfs -o size=8m,mode=755 tmpfs \"$0\" && "
                      "exec \"$@\"' \"$D/small\"");
    sshdtest_url(sshdtest_path("small/store"));
    sshdtest_ok(store->create(call, "a.tar", &file));
    assert_int_equal(write_pieces(file, data, 0, LARGE), DDB_NO_ROOM);
    basetest_has(call->err.primary, "/small/store: 0.0 MiB free, at least ");
    sshdtest_refused(-1, "no space left on 127.0.0.1:", "prune old snapshots");
    sshdtest_ok(store->abort(call, file));
    sshdtest_expect_list("");
    sshdtest_put("b.tar", data, 4 * 1024 * 1024);
    sshdtest_expect_list("b.tar 4194304\n");
    restart_usual();
}

static void test_no_server(void **state)
{
    (void)state;
    sshdtest_run("sshd_stop \"$D\"");
    sshdtest_refused(store->list(call, sshdtest_each, NULL), "Connection refused", "firewall");
    sshdtest_run("sshd_start \"$D\"");
    fakehost_setting(call, "url", "sftp://no-such-host.invalid/x");
    sshdtest_refused(store->list(call, sshdtest_each, NULL), "could not find the address",
                     "transport = \"ssh\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sshdtest_fresh, sshdtest_clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),       TEST(test_read_anywhere),
        TEST(test_names),            TEST(test_never_over_a_file),
        TEST(test_abort_and_remove), TEST(test_home),
        TEST(test_free_bytes),       TEST(test_resume),
        TEST(test_abort_after_cut),  TEST(test_read_reconnects),
        TEST(test_cancel),           TEST(test_black_hole),
        TEST(test_no_rename),        TEST(test_no_fsync_no_statvfs),
        TEST(test_full_disk),        TEST(test_no_server),
    };

    return cmocka_run_group_tests(tests, sshdtest_start, sshdtest_stop);
}
