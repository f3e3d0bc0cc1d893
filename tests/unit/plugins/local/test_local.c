/* Tests of the store plugin "local": nothing has its name before it is whole and durable. */
#include "basetest.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fakehost.c"

/* --- libc calls that a test may make fail: these definitions stand before the library's --------- */

static int fsync_errno, fdatasync_errno, rename_errno, link_errno, write_errno, n_fdatasync;
static size_t write_limit; /* a short write first, then write_errno */

int fsync(int fd)
{
    errno = fsync_errno;
    return fsync_errno ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    n_fdatasync++;
    errno = fdatasync_errno;
    return fdatasync_errno ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
    errno = rename_errno;
    return rename_errno ? -1 : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    errno = link_errno;
    return link_errno ? -1 : (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
}

ssize_t write(int fd, const void *data, size_t n)
{
    if (write_errno != 0 && fd > 2) {
        if (write_limit == 0) {
            errno = write_errno;
            write_errno = write_errno == EINTR ? 0 : write_errno; /* comes once */
            return -1;
        }
        n = n < write_limit ? n : write_limit;
        write_limit -= n;
    }
    return syscall(SYS_write, fd, data, n);
}

/* --- the store ----------------------------------------------------------------------------------*/

static char *dir;
static struct ddb_call *call;
static const struct ddb_store *store;

static int fresh(void **state)
{
    (void)state;
    dir = basetest_dir();
    call = fakehost_open(ddb_plugin());
    store = call->plugin->ops;
    fakehost_setting(call, "path", arena_printf(call->arena, "%s/a/snapshots", dir));
    fsync_errno = fdatasync_errno = rename_errno = link_errno = write_errno = n_fdatasync = 0;
    write_limit = 0;
    return 0;
}

static int clean(void **state)
{
    (void)state;
    fsync_errno = fdatasync_errno = rename_errno = write_errno = 0;
    fakehost_close(call);
    basetest_dir_remove(dir);
    return 0;
}

static const char *path_of(const char *name)
{
    return arena_printf(call->arena, "%s/a/snapshots/%s", dir, name);
}

static void put(const char *name, const char *text)
{
    void *file;

    assert_int_equal(store->create(call, name, &file), 0);
    assert_int_equal(store->write(call, file, text, strlen(text)), 0);
    assert_int_equal(store->commit(call, file), 0);
}

struct listing {
    struct buf text;
    int stop_after;
};

static int each(void *arg, const struct ddb_stored *stored)
{
    struct listing *listing = arg;

    assert_true(stored->modified > 1700000000);
    buf_addf(&listing->text, "%s %lld%s\n", stored->name, (long long)stored->size_bytes,
             stored->partial ? " partial" : "");
    return --listing->stop_after == 0;
}

static void expect_list(const char *text)
{
    struct listing listing = {0};

    assert_int_equal(store->list(call, each, &listing), 0);
    assert_string_equal(buf_text(&listing.text), text);
    buf_release(&listing.text);
}

static void expect_failure(int rc, const char *part)
{
    assert_int_equal(rc, -1);
    if (strstr(call->err.primary, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, call->err.primary);
    assert_int_equal(call->err.primary[strlen(call->err.primary) - 1] == '.', 0);
    fakehost_clear(call);
}

static void write_commit_read(void **state)
{
    struct stat st;
    int64_t size;
    char data[20];
    void *file, *growing;

    (void)state;
    expect_list(""); /* the folder does not exist yet */
    assert_int_equal(store->create(call, "one.tar", &file), 0);
    assert_int_equal(store->write(call, file, "hello ", 6), 0);
    assert_int_equal(stat(path_of("one.tar"), &st), -1);
    expect_list(".one.tar.part 6 partial\n");
    assert_int_equal(store->open(call, ".one.tar.part", &growing, &size), 0);
    assert_int_equal(size, 6);
    assert_int_equal(store->read(call, growing, 0, data, sizeof data), 6);
    assert_int_equal(store->write(call, file, "world", 5), 0);
    assert_int_equal(store->write(call, file, "", 0), 0);
    assert_int_equal(store->read(call, growing, 4, data, sizeof data), 7);
    assert_memory_equal(data, "o world", 7);
    assert_int_equal(store->commit(call, file), 0);
    assert_int_equal(store->close(call, growing), 0);
    expect_failure(store->open(call, ".one.tar.part", &growing, &size), "could not open");
    expect_list("one.tar 11\n");
    assert_int_equal(stat(path_of("one.tar"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(path_of("."), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_string_equal(store->locate(call, "one.tar"), path_of("one.tar"));

    assert_int_equal(store->open(call, "one.tar", &file, &size), 0);
    assert_int_equal(size, 11);
    assert_int_equal(store->read(call, file, 6, data, sizeof data), 5);
    assert_memory_equal(data, "world", 5);
    assert_int_equal(store->read(call, file, 0, data, 3), 3);
    assert_memory_equal(data, "hel", 3);
    assert_int_equal(store->read(call, file, 11, data, 3), 0);
    assert_int_equal(store->read(call, file, 1000, data, 3), 0);
    expect_failure((int)store->read(call, file, -1, data, 3), "could not read \"one.tar\"");
    assert_int_equal(store->close(call, file), 0);
}

static void abort_leaves_nothing(void **state)
{
    void *file;

    (void)state;
    assert_int_equal(store->create(call, "one.tar", &file), 0);
    assert_int_equal(store->write(call, file, "x", 1), 0);
    assert_int_equal(store->abort(call, file), 0);
    expect_list("");
    assert_int_equal(store->create(call, "one.tar", &file), 0);
    assert_int_equal(unlink(path_of(".one.tar.part")), 0);
    assert_int_equal(store->abort(call, file), 0); /* somebody else removed it */
}

static void names_are_never_reused(void **state)
{
    void *file, *other;

    (void)state;
    put("one.tar", "first");
    expect_failure(store->create(call, "one.tar", &file), "\"one.tar\" exists already");
    assert_int_equal(store->create(call, "two.tar", &file), 0);
    expect_failure(store->create(call, "two.tar", &other), "an unfinished \".two.tar.part\"");
    put("three.tar", "");
    assert_int_equal(rename(path_of("three.tar"), path_of("two.tar")), 0); /* taken meanwhile */
    expect_failure(store->commit(call, file), "\"two.tar\" exists already");
    expect_list("one.tar 5\ntwo.tar 0\n");
}

/* A file system that cannot rename without replacing: a link does the same. */
static void commit_without_renameat2(void **state)
{
    void *file;

    (void)state;
    rename_errno = EINVAL;
    put("one.tar", "first");
    expect_list("one.tar 5\n");
    assert_int_equal(store->create(call, "two.tar", &file), 0);
    assert_int_equal(rename(path_of("one.tar"), path_of("two.tar")), 0);
    expect_failure(store->commit(call, file), "\"two.tar\" exists already");
    rename_errno = EIO;
    assert_int_equal(store->create(call, "three.tar", &file), 0);
    expect_failure(store->commit(call, file), "could not give its name to \"three.tar\"");
    expect_list("two.tar 5\n");
}

/* One that has no links either: it is looked before. */
static void commit_without_links(void **state)
{
    void *file;

    (void)state;
    rename_errno = EINVAL;
    link_errno = EPERM;
    put("one.tar", "first");
    expect_list("one.tar 5\n");
    assert_int_equal(store->create(call, "two.tar", &file), 0);
    assert_int_equal(rename(path_of("one.tar"), path_of("two.tar")), 0);
    expect_failure(store->commit(call, file), "\"two.tar\" exists already");
    link_errno = EIO;
    assert_int_equal(store->create(call, "three.tar", &file), 0);
    expect_failure(store->commit(call, file), "could not give its name to \"three.tar\"");
    expect_list("two.tar 5\n");
}

static void bad_names_are_refused(void **state)
{
    static const char *const bad[] = {"", ".", "..", ".hidden", "a/b", "/etc/passwd", "../up",
                                      ".one.tar.part"};
    char longest[300];
    int64_t size;
    void *file;

    (void)state;
    put("one.tar", "x");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect_failure(store->create(call, bad[i], &file), "cannot be the name");
        if (strcmp(bad[i], ".one.tar.part") == 0)
            continue;
        expect_failure(store->open(call, bad[i], &file, &size), "cannot be the name");
        expect_failure(store->remove(call, bad[i]), "cannot be the name");
    }
    expect_failure(store->remove(call, "..part"), "cannot be the name");
    expect_failure(store->remove(call, "./x.part"), "cannot be the name");
    expect_failure(store->remove(call, "../x.part"), "cannot be the name");
    memset(longest, 'n', sizeof longest);
    longest[249] = '\0'; /* with the temporary name's "..part" as long as a name may be */
    put(longest, "x");
    longest[249] = 'n';
    longest[250] = '\0';
    expect_failure(store->create(call, longest, &file), "cannot be the name");
}

static void links_are_not_followed(void **state)
{
    struct stat st;
    int64_t size;
    void *file;

    (void)state;
    put("one.tar", "x");
    assert_int_equal(symlink("/etc/passwd", path_of("link.tar")), 0);
    assert_int_equal(symlink(arena_printf(call->arena, "%s/target", dir), path_of(".new.tar.part")),
                     0);
    expect_failure(store->open(call, "link.tar", &file, &size), "could not open \"link.tar\"");
    expect_failure(store->create(call, "link.tar", &file), "exists already");
    expect_failure(store->create(call, "new.tar", &file), "an unfinished");
    assert_int_equal(lstat(arena_printf(call->arena, "%s/target", dir), &st), -1);
    expect_list("one.tar 1\n");
    assert_int_equal(store->remove(call, "link.tar"), 0);
    assert_int_equal(lstat(path_of("link.tar"), &st), -1);
    assert_int_equal(access("/etc/passwd", R_OK), 0);
}

static void odd_files_are_not_opened(void **state)
{
    int64_t size;
    void *file;

    (void)state;
    put("one.tar", "x");
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    assert_int_equal(mkdir(path_of("sub"), 0700), 0);
    expect_failure(store->open(call, "fifo", &file, &size), "is not a plain file");
    expect_failure(store->open(call, "sub", &file, &size), "is not a plain file");
    expect_failure(store->open(call, "none", &file, &size), "No such file");
    expect_list("one.tar 1\n");
    expect_failure(store->remove(call, "sub"), "could not remove \"sub\"");
}

static void list_is_sorted_and_can_be_stopped(void **state)
{
    struct listing listing = {.stop_after = 2};
    void *file;

    (void)state;
    put("b.tar", "22");
    put("a.tar", "1");
    put("c.tar", "333");
    assert_int_equal(store->create(call, "bb.tar", &file), 0);
    expect_list("a.tar 1\nb.tar 2\n.bb.tar.part 0 partial\nc.tar 3\n");
    assert_int_equal(store->list(call, each, &listing), 0);
    assert_string_equal(buf_text(&listing.text), "a.tar 1\nb.tar 2\n");
    buf_release(&listing.text);
    assert_int_equal(store->remove(call, ".bb.tar.part"), 0);
    assert_int_equal(store->remove(call, "a.tar"), 0);
    assert_int_equal(store->remove(call, "a.tar"), 0);
    expect_list("b.tar 2\nc.tar 3\n");
    assert_int_equal(store->abort(call, file), 0);
}

static void a_full_disk_is_explained(void **state)
{
    char data[100] = {0};
    void *file;

    (void)state;
    assert_int_equal(store->create(call, "one.tar", &file), 0);
    write_errno = ENOSPC;
    write_limit = 70;
    assert_int_equal(store->write(call, file, data, sizeof data), -1);
    assert_non_null(strstr(call->err.primary, "could not write \".one.tar.part\" in \""));
    assert_non_null(strstr(call->err.primary, "No space left on device"));
    assert_non_null(strstr(call->err.detail, "were free before"));
    assert_string_not_equal(call->err.hint, "");
    write_errno = 0;
    assert_int_equal(store->abort(call, file), 0);
    expect_list("");

    fakehost_clear(call);
    assert_int_equal(store->create(call, "two.tar", &file), 0);
    write_errno = EIO;
    write_limit = 0;
    assert_int_equal(store->write(call, file, data, sizeof data), -1);
    assert_string_equal(call->err.detail, "");
    write_errno = 0;
    assert_int_equal(store->abort(call, file), 0);
}

/* Short writes and interrupted ones are continued. */
static void short_writes_are_continued(void **state)
{
    void *file;

    (void)state;
    assert_int_equal(store->create(call, "one.tar", &file), 0);
    write_errno = EINTR;
    write_limit = 3;
    assert_int_equal(store->write(call, file, "abcdef", 6), 0);
    assert_int_equal(write_errno, 0);
    assert_int_equal(store->commit(call, file), 0);
    expect_list("one.tar 6\n");
}

static void a_failed_sync_is_a_failure(void **state)
{
    void *file;

    (void)state;
    put("zero.tar", "x");
    assert_int_equal(store->create(call, "one.tar", &file), 0);
    assert_int_equal(store->write(call, file, "x", 1), 0);
    fsync_errno = EIO;
    expect_failure(store->commit(call, file), "could not write \".one.tar.part\"");
    fsync_errno = 0;
    expect_list("zero.tar 1\n");
}

static void large_files_are_synced_on_the_way(void **state)
{
    char *data = mem_alloc(1 << 20);
    void *file;

    (void)state;
    assert_int_equal(store->create(call, "one.tar", &file), 0);
    for (int i = 0; i < 130; i++)
        assert_int_equal(store->write(call, file, data, 1 << 20), 0);
    assert_int_equal(n_fdatasync, 2);
    fdatasync_errno = EIO;
    for (int i = 0; i < 61; i++)
        assert_int_equal(store->write(call, file, data, 1 << 20), 0);
    expect_failure(store->write(call, file, data, 1 << 20), "could not write \".one.tar.part\"");
    assert_int_equal(store->abort(call, file), 0);
    mem_free(data);
}

static void free_bytes_is_asked_of_the_nearest_folder(void **state)
{
    struct stat st;

    (void)state;
    assert_true(store->free_bytes(call) > 0);
    assert_int_equal(stat(path_of("."), &st), -1); /* nothing was made */
    put("one.tar", "x");
    assert_true(store->free_bytes(call) > 0);
    expect_list("one.tar 1\n");
    fakehost_setting(call, "path", "/proc/snapshots");
    expect_failure((int)store->free_bytes(call), "directory \"/proc\" cannot be written");
    fakehost_setting(call, "path", arena_printf(call->arena, "%s/a/snapshots/one.tar/x", dir));
    expect_failure((int)store->free_bytes(call), "Not a directory");
    fakehost_setting(call, "path", arena_printf(call->arena, "%s/a/snapshots", dir));
    write_errno = ENOSPC; /* statvfs may lie: the probe counts */
    expect_failure((int)store->free_bytes(call), "No space left on device");
}

static void a_folder_that_cannot_be_made(void **state)
{
    struct listing listing = {0};
    void *file;

    (void)state;
    fakehost_setting(call, "path", "/proc/snapshots");
    expect_failure(store->create(call, "one.tar", &file), "could not create directory \"/proc/snap");
    assert_int_equal(store->remove(call, "one.tar"), 0);
    fakehost_setting(call, "path", "/etc/passwd");
    expect_failure(store->create(call, "one.tar", &file), "Not a directory");
    expect_failure(store->list(call, each, &listing), "could not list directory \"/etc/passwd\"");
    expect_failure(store->remove(call, "one.tar"), "Not a directory");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(write_commit_read),
        TEST(abort_leaves_nothing),
        TEST(names_are_never_reused),
        TEST(commit_without_renameat2),
        TEST(commit_without_links),
        TEST(bad_names_are_refused),
        TEST(links_are_not_followed),
        TEST(odd_files_are_not_opened),
        TEST(list_is_sorted_and_can_be_stopped),
        TEST(a_full_disk_is_explained),
        TEST(short_writes_are_continued),
        TEST(a_failed_sync_is_a_failure),
        TEST(large_files_are_synced_on_the_way),
        TEST(free_bytes_is_asked_of_the_nearest_folder),
        TEST(a_folder_that_cannot_be_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
