/* test_fs - files appear whole or not at all. */
#include "basetest.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* libc calls that a test may make fail: these definitions stand before the library's. */
static int rename_errno, sync_errno;

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
    errno = rename_errno;
    return rename_errno != 0 ? -1 : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

int fsync(int fd)
{
    struct stat st;

    if (sync_errno != 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        errno = sync_errno;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

static struct arena *arena;
static char *dir;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    dir = basetest_dir();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    basetest_dir_remove(dir);
    arena_free(arena);
    return 0;
}

static const char *in_dir(const char *name)
{
    return fs_join(arena, dir, name);
}

static void put(const char *name, const char *text)
{
    struct err err = ERR_INIT;

    assert_int_equal(fs_write(in_dir(name), text, strlen(text), 0600, &err), 0);
}

static void holds(const char *name, const char *text)
{
    auto_buf struct buf content = {0};
    struct err err = ERR_INIT;

    assert_int_equal(fs_read(in_dir(name), 1 << 20, &content, &err), 0);
    assert_string_equal(buf_text(&content), text);
}

/* A failure that names the object and the reason. */
static void refused(int rc, struct err *err, const char *part, const char *reason)
{
    assert_int_equal(rc, -1);
    assert_int_equal(err->code, ERR_INTERNAL);
    basetest_has(err->primary, part);
    basetest_has(err->primary, reason);
    err_clear(err);
}

static size_t entries(const char *path)
{
    auto_strvec struct strvec names = {0};
    struct err err = ERR_INIT;

    assert_int_equal(fs_list(path, &names, &err), 0);
    return names.n;
}

static void test_write(void **state)
{
    struct err err = ERR_INIT;
    struct stat st;

    (void)state;
    umask(022);
    put("file", "one");
    assert_int_equal(fs_write(in_dir("file"), "two", 3, 0640, &err), 0);
    holds("file", "two");
    assert_int_equal(stat(in_dir("file"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(fs_write(in_dir("empty"), NULL, 0, 0666, &err), 0);
    holds("empty", "");
    assert_int_equal(stat(in_dir("empty"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644); /* the umask counts */
    assert_int_equal(entries(dir), 2);          /* no temporary file stays */
    assert_int_equal(err.code, ERR_NONE);
}

static void test_write_refused(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    refused(fs_write(in_dir("no/file"), "x", 1, 0600, &err), &err, "/no\"", "No such file");
    /* The name is a directory's: the temporary file goes away again. */
    assert_int_equal(fs_mkdirs(in_dir("sub"), 0700, &err), 0);
    refused(fs_write(in_dir("sub"), "x", 1, 0600, &err), &err, "/sub\"", "directory");
    assert_int_equal(entries(dir), 1);
    refused(fs_write("/proc/deploy-db-test", "x", 1, 0600, &err), &err, "/proc", "");
}

static void test_write_beside_leftovers(void **state)
{
    auto_buf struct buf stale = {0};

    (void)state;
    buf_addf(&stale, ".deploy-db.%ld.0.tmp", (long)getpid());
    put("file", "before");
    put(stale.data, "of a process that was killed");
    put("file", "after");
    holds("file", "after");
}

static int create(const char *name, const char *text, struct err *err)
{
    return fs_create(in_dir(name), text, strlen(text), 0666, err);
}

static void test_create(void **state)
{
    static const int errnums[] = {0, EINVAL, ENOSYS}; /* where it is not known, a link does it */
    struct err err = ERR_INIT;
    struct stat st;

    (void)state;
    umask(027);
    for (size_t i = 0; i < sizeof errnums / sizeof *errnums; i++) {
        rename_errno = errnums[i];
        assert_int_equal(create("new", "one", &err), 0);
        holds("new", "one");
        assert_int_equal(create("new", "two", &err), FS_EXISTS);
        holds("new", "one");
        assert_int_equal(stat(in_dir("new"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_int_equal(st.st_nlink, 1);
        assert_int_equal(entries(dir), 1); /* no temporary file stays */
        assert_int_equal(unlink(in_dir("new")), 0);
    }
    rename_errno = 0;
    umask(022);
    assert_int_equal(symlink("nowhere", in_dir("link")), 0);
    assert_int_equal(create("link", "x", &err), FS_EXISTS);
    assert_int_equal(fs_mkdirs(in_dir("sub"), 0700, &err), 0);
    assert_int_equal(create("sub", "x", &err), FS_EXISTS);
    assert_int_equal(create("sub/empty", "", &err), 0);
    holds("sub/empty", "");
    assert_int_equal(err.code, ERR_NONE);
}

static void test_create_refused(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    refused(create("no/file", "x", &err), &err, "/no/file\"", "No such file");
    rename_errno = EIO;
    refused(create("file", "x", &err), &err, "could not write \"", "Input/output error");
    rename_errno = 0;
    sync_errno = EIO; /* it would not be durable: then it is not there */
    refused(create("file", "x", &err), &err, dir, "Input/output error");
    sync_errno = EINVAL;
    assert_int_equal(create("file", "x", &err), 0); /* the file system has no such thing */
    assert_int_equal(entries(dir), 1);
}

/* Names that others left beside it: the next one is taken; where all are, the file is not "there". */
static void test_create_beside_leftovers(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    for (int i = 0; i < 100; i++) {
        if (i == 99) {
            assert_int_equal(create("file", "after", &err), 0);
            holds("file", "after");
        }
        put(arena_printf(arena, ".deploy-db.%ld.%d.tmp", (long)getpid(), i), "left");
    }
    refused(create("other", "x", &err), &err, "/other\"", "File exists");
    holds(arena_printf(arena, ".deploy-db.%ld.0.tmp", (long)getpid()), "left");
}

/* ${act} in a process of its own, in the directory. */
static void apart(void (*act)(void))
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        if (chdir(dir) == 0)
            act();
        _exit(99);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* End the process: 0 when creating "file" fails with ${reason}, and nothing is left. */
static void create_fails(const char *folder, size_t n, const char *reason)
{
    struct err err = ERR_INIT;
    char *zeros = mem_alloc(n);
    int rc = fs_create(arena_printf(arena, "%s/file", folder), zeros, n, 0666, &err);

    mem_free(zeros);
    if (rc == -1 && strstr(err.primary, reason) != NULL && entries(folder) == 0)
        _exit(0);
    fprintf(stderr, "%d: %s; %zu files\n", rc, err.primary, entries(folder));
    _exit(1);
}

static void create_unprivileged(void)
{
    if (chmod(".", 0555) == 0 && (geteuid() != 0 || (setgid(65534) == 0 && setuid(65534) == 0)))
        create_fails(".", 1, "Permission denied");
}

static bool is_written(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool is_done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    return fd >= 0 && close(fd) == 0 && is_done;
}

/* Our user is root in here, and may mount. */
static void create_on_full_disk(void)
{
    const char *users = arena_printf(arena, "0 %u 1", (unsigned)geteuid());
    const char *groups = arena_printf(arena, "0 %u 1", (unsigned)getegid());

    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && is_written("/proc/self/uid_map", users) &&
        is_written("/proc/self/setgroups", "deny") && is_written("/proc/self/gid_map", groups) &&
        mkdir("disk", 0700) == 0 && mount("tmpfs", "disk", "tmpfs", 0, "size=64k") == 0)
        create_fails("disk", 1 << 20, "No space left");
    perror("a small file system");
}

static void test_create_where_it_fails(void **state)
{
    (void)state;
    apart(create_on_full_disk);
    assert_int_equal(rmdir(in_dir("disk")), 0);
    apart(create_unprivileged);
    assert_int_equal(chmod(dir, 0700), 0);
    assert_int_equal(entries(dir), 0);
}

static void test_append(void **state)
{
    struct err err = ERR_INIT;
    struct stat st;

    (void)state;
    assert_int_equal(fs_append(in_dir("journal"), "one\n", 4, &err), 0);
    assert_int_equal(fs_append(in_dir("journal"), "two\n", 4, &err), 0);
    holds("journal", "one\ntwo\n");
    assert_int_equal(stat(in_dir("journal"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    refused(fs_append(in_dir("no/journal"), "x", 1, &err), &err, "no/journal", "No such file");
    refused(fs_append(dir, "x", 1, &err), &err, dir, "directory");
    refused(fs_append("/dev/full", "x", 1, &err), &err, "/dev/full", "No space");
}

static void test_read(void **state)
{
    auto_buf struct buf content = {0};
    struct err err = ERR_INIT;

    (void)state;
    put("file", "0123456789");
    buf_adds(&content, "> ");
    assert_int_equal(fs_read(in_dir("file"), 10, &content, &err), 0);
    assert_string_equal(content.data, "> 0123456789");
    refused(fs_read(in_dir("file"), 9, &content, &err), &err, "/file\"", "longer than 9 bytes");
    refused(fs_read("/dev/zero", 100000, &content, &err), &err, "/dev/zero", "longer");
    refused(fs_read(in_dir("missing"), 9, &content, &err), &err, "/missing\"", "No such file");
    refused(fs_read(dir, 9, &content, &err), &err, dir, "directory");
}

static void test_mkdirs(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(fs_mkdirs(in_dir("a/b//c/"), 0700, &err), 0);
    assert_true(fs_is_dir(in_dir("a/b/c")));
    assert_int_equal(fs_mkdirs(in_dir("a/b"), 0700, &err), 0);
    assert_int_equal(fs_mkdirs("/", 0700, &err), 0);
    put("file", "x");
    refused(fs_mkdirs(in_dir("file"), 0700, &err), &err, "/file\"", "exists");
    refused(fs_mkdirs(in_dir("file/below"), 0700, &err), &err, "/file\"", "exists");
}

static void test_exists(void **state)
{
    (void)state;
    put("file", "x");
    assert_true(fs_exists(in_dir("file")));
    assert_true(fs_exists(dir));
    assert_false(fs_exists(in_dir("missing")));
    assert_false(fs_is_dir(in_dir("file")));
    assert_int_equal(symlink("nowhere", in_dir("link")), 0);
    assert_false(fs_exists(in_dir("link")));
}

static void test_list(void **state)
{
    auto_strvec struct strvec names = {0};
    auto_free char *joined = NULL;
    struct err err = ERR_INIT;

    (void)state;
    put("b", "");
    put("a", "");
    put("B", "");
    put(".hidden", "");
    strvec_push(&names, "zero");
    assert_int_equal(fs_list(dir, &names, &err), 0);
    joined = strvec_join(&names, " ");
    assert_string_equal(joined, "zero .hidden B a b");
    refused(fs_list(in_dir("missing"), &names, &err), &err, "missing", "No such file");
    refused(fs_list(in_dir("a"), &names, &err), &err, "/a\"", "Not a directory");
    refused(fs_sync_dir(in_dir("a"), &err), &err, "/a\"", "Not a directory");
}

static void test_free_bytes(void **state)
{
    (void)state;
    assert_true(fs_free_bytes(dir) >= 0);
    assert_true(fs_free_bytes(in_dir("not/yet/there")) >= 0);
    put("file", "x");
    assert_true(fs_free_bytes(in_dir("file/below")) >= 0);
    assert_true(fs_free_bytes("relative-and-missing") >= 0);
}

static void test_private(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    put("plugin.so", "x");
    assert_int_equal(fs_private(in_dir("plugin.so"), &err), 0);
    assert_int_equal(chmod(in_dir("plugin.so"), 0620), 0);
    assert_int_equal(fs_private(in_dir("plugin.so"), &err), -1);
    basetest_has(err.hint, "chmod go-w");
    refused(-1, &err, "plugin.so\"", "mode 0620");
    assert_int_equal(chmod(in_dir("plugin.so"), 0600), 0);
    assert_int_equal(chmod(dir, 0777), 0);
    refused(fs_private(in_dir("plugin.so"), &err), &err, dir, "mode 0777");
    assert_int_equal(chmod(dir, 0700), 0);
    refused(fs_private(in_dir("missing"), &err), &err, "missing", "No such file");
}

static void test_private_link(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(fs_mkdirs(in_dir("open"), 0700, &err), 0);
    put("plugin.so", "x");
    assert_int_equal(symlink("../plugin.so", in_dir("open/plugin.so")), 0);
    assert_int_equal(fs_private(in_dir("open/plugin.so"), &err), 0);
    assert_int_equal(chmod(in_dir("open"), 0733), 0);
    refused(fs_private(in_dir("open/plugin.so"), &err), &err, "/open\"", "mode 0733");
}

static void test_private_owner(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    put("plugin.so", "x");
    if (geteuid() != 0) { /* only root can give files away: another's file is there to be read */
        assert_int_equal(fs_private("/etc/passwd", &err), 0);
        return;
    }
    assert_int_equal(chown(in_dir("plugin.so"), 65534, 65534), 0);
    refused(fs_private(in_dir("plugin.so"), &err), &err, "plugin.so\"", "another user (uid 65534)");
}

static void test_remove_tree(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(fs_mkdirs(in_dir("t/a/b"), 0700, &err), 0);
    put("t/a/file", "x");
    put("kept", "x");
    assert_int_equal(symlink("../kept", in_dir("t/link")), 0);
    assert_int_equal(fs_remove_tree(in_dir("t"), &err), 0);
    assert_false(fs_exists(in_dir("t")));
    holds("kept", "x"); /* a link goes, what it points to stays */
    assert_int_equal(fs_remove_tree(in_dir("t"), &err), 0);
    assert_int_equal(fs_remove_tree(in_dir("kept"), &err), 0);
    assert_false(fs_exists(in_dir("kept")));
    refused(fs_remove_tree("/proc/self/fdinfo", &err), &err, "/proc/self/fdinfo", "");
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(fs_join(arena, "a", "b"), "a/b");
    assert_string_equal(fs_join(arena, "a/", "b"), "a/b");
    assert_string_equal(fs_join(arena, "a", "/b"), "/b");
    assert_string_equal(fs_join(arena, "", "b"), "b");
    assert_string_equal(fs_join(arena, "/", "b"), "/b");
    assert_string_equal(fs_dirname(arena, "a/b"), "a");
    assert_string_equal(fs_dirname(arena, "a/b//"), "a");
    assert_string_equal(fs_dirname(arena, "a"), ".");
    assert_string_equal(fs_dirname(arena, ""), ".");
    assert_string_equal(fs_dirname(arena, "/a"), "/");
    assert_string_equal(fs_dirname(arena, "/"), "/");
    assert_string_equal(fs_dirname(arena, "//a//b"), "//a");
}

static void test_expand(void **state)
{
    (void)state;
    basetest_env("HOME=/home/x");
    assert_string_equal(fs_expand(arena, "~/y"), "/home/x/y");
    assert_string_equal(fs_expand(arena, "~"), "~");
    assert_string_equal(fs_expand(arena, "~other/y"), "~other/y");
    assert_string_equal(fs_expand(arena, "a/~/y"), "a/~/y");
    basetest_env("HOME=");
    assert_string_equal(fs_expand(arena, "~/y"), "~/y");
    basetest_env_reset();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_write),         TEST(test_write_refused), TEST(test_write_beside_leftovers),
        TEST(test_create),        TEST(test_create_refused),
        TEST(test_create_beside_leftovers),                 TEST(test_create_where_it_fails),
        TEST(test_append),        TEST(test_read),          TEST(test_mkdirs),
        TEST(test_exists),        TEST(test_list),          TEST(test_free_bytes),
        TEST(test_private),       TEST(test_private_link),  TEST(test_private_owner),
        TEST(test_remove_tree),   TEST(test_names),         TEST(test_expand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
