/* folder: which files are revisions, and in which order. */
#include "filetest.h"

#include "sql/folder.h"

static void put_revision(struct filetest *f, const char *name, const char *id)
{
    filetest_put(f, name, arena_printf(f->call->arena, "-- doc of %s\n--\n-- Revision ID: %s\n"
                                       "-- Revises: below\n-- Branch Labels: l\n-- Depends On: d\n"
                                       "\n-- upgrade\n", id, id));
}

static int show(void *arg, const struct ddb_revision *revision)
{
    struct buf *out = arg;

    buf_addf(out, "%s ", revision->id);
    return strcmp(revision->id, "stop") == 0;
}

/* The identifiers in load order, as text. */
static const char *ids(struct filetest *f)
{
    auto_buf struct buf out = {0};

    if (folder_revisions(f->call, show, &out) != 0)
        return "(failed)";
    return arena_strdup(f->call->arena, buf_text(&out));
}

static void test_names_and_order(void **state)
{
    struct filetest *f = *state;

    filetest_mkdir(f, "versions");
    assert_string_equal(ids(f), "");
    put_revision(f, "versions/b.sql", "2");
    put_revision(f, "versions/B.sql", "1");
    put_revision(f, "versions/a_.sql", "a");
    put_revision(f, "versions/.hidden.sql", "no");
    put_revision(f, "versions/.b.sql.123", "no");
    put_revision(f, "versions/c.SQL", "no");
    put_revision(f, "versions/d.sql~", "no");
    put_revision(f, "versions/.sql", "no");
    filetest_put(f, "versions/notes.txt", "no");
    filetest_mkdir(f, "versions/folder.sql");
    put_revision(f, "versions/folder.sql/e.sql", "no");
    assert_string_equal(ids(f), "1 a 2 ");
    put_revision(f, "versions/a.sql", "stop");
    assert_string_equal(ids(f), "1 stop ");
}

static int keep(void *arg, const struct ddb_revision *revision)
{
    *(struct ddb_revision *)arg = *revision;
    return 0;
}

static void test_fields(void **state)
{
    struct filetest *f = *state;
    struct ddb_revision revision = {0};

    filetest_mkdir(f, "versions");
    put_revision(f, "versions/a.sql", "x");
    assert_int_equal(folder_revisions(f->call, keep, &revision), 0);
    assert_int_equal(revision.size, sizeof revision);
    assert_string_equal(revision.id, "x");
    assert_int_equal(strncmp(revision.doc, "doc of x\n\nRevision ID: x\nRevises: below", 39), 0);
    assert_string_equal(revision.path, filetest_path(f, "versions/a.sql"));
    assert_string_equal(filetest_joined(f, revision.down), "below|");
    assert_string_equal(filetest_joined(f, revision.labels), "l|");
    assert_string_equal(filetest_joined(f, revision.depends_on), "d|");
}

static void test_locations(void **state)
{
    struct filetest *f = *state;
    static const char *const names[] = {"z", "./a", "z/", NULL};
    const char *const absolute[] = {filetest_path(f, "a"), NULL};

    filetest_mkdir(f, "a");
    filetest_mkdir(f, "z");
    put_revision(f, "a/1.sql", "1");
    put_revision(f, "z/2.sql", "2");
    fakehost_setting_list(f->call, "version_locations", names);
    assert_string_equal(ids(f), "2 1 ");
    assert_int_equal(f->call->log.len, 0);
    fakehost_setting_list(f->call, "version_locations", absolute);
    assert_string_equal(ids(f), "1 ");
}

static void test_missing(void **state)
{
    struct filetest *f = *state;
    static const char *const names[] = {"there", "gone", "file", NULL};

    assert_string_equal(ids(f), "(failed)");
    filetest_failed(f, arena_printf(f->call->arena, "version location \"%s/versions\" cannot be "
                                    "read: No such file", f->dir), "\"version_locations\"");
    filetest_mkdir(f, "there");
    filetest_put(f, "file", "");
    fakehost_setting_list(f->call, "version_locations", names);
    assert_string_equal(ids(f), "(failed)");
    assert_non_null(strstr(f->call->err.detail, "/file\" is no folder"));
    filetest_failed(f, "/gone\" cannot be read", "\"directory\"");
}

static void test_recursive(void **state)
{
    struct filetest *f = *state;

    filetest_mkdir(f, "versions/b/deep");
    filetest_mkdir(f, "versions/a");
    filetest_mkdir(f, "versions/.git");
    put_revision(f, "versions/z.sql", "z");
    put_revision(f, "versions/b/1.sql", "b1");
    put_revision(f, "versions/b/deep/2.sql", "b2");
    put_revision(f, "versions/a/3.sql", "a3");
    put_revision(f, "versions/.git/4.sql", "no");
    assert_int_equal(symlink("b", filetest_path(f, "versions/link")), 0);
    assert_string_equal(ids(f), "z ");
    fakehost_setting(f->call, "recursive", "true");
    assert_string_equal(ids(f), "z a3 b1 b2 ");
    assert_int_equal(f->call->log.len, 0);
}

static void test_reached_twice(void **state)
{
    struct filetest *f = *state;
    static const char *const names[] = {"versions", "versions/sub", NULL};

    filetest_mkdir(f, "versions/sub");
    put_revision(f, "versions/b.sql", "b");
    put_revision(f, "versions/sub/c.sql", "c");
    assert_int_equal(symlink("b.sql", filetest_path(f, "versions/a.sql")), 0);
    assert_int_equal(symlink("sub", filetest_path(f, "versions/d.sql")), 0);
    assert_string_equal(ids(f), "b ");
    assert_non_null(strstr(buf_text(&f->call->log), "warning: \""));
    assert_non_null(strstr(buf_text(&f->call->log), "versions/b.sql\" is the same file as \""));
    fakehost_clear(f->call);
    fakehost_setting_list(f->call, "version_locations", names);
    fakehost_setting(f->call, "recursive", "true");
    assert_string_equal(ids(f), "b c ");
    assert_non_null(strstr(buf_text(&f->call->log), "sub/c.sql\" is the same file as"));
    assert_int_equal(symlink("nowhere", filetest_path(f, "versions/z.sql")), 0);
    assert_string_equal(ids(f), "(failed)");
    filetest_failed(f, "versions/z.sql\": No such file", NULL);
}

/* Every mistake is reported, and nothing is handed out behind the first one. */
static void test_mistakes(void **state)
{
    struct filetest *f = *state;
    auto_buf struct buf out = {0};

    filetest_mkdir(f, "versions");
    put_revision(f, "versions/a.sql", "a");
    filetest_put(f, "versions/b.sql", "SELECT 1;");
    put_revision(f, "versions/c.sql", "c");
    filetest_put(f, "versions/d.sql", "-- Revision ID:\n");
    assert_int_equal(folder_revisions(f->call, show, &out), -1);
    assert_string_equal(buf_text(&out), "a ");
    assert_non_null(strstr(f->call->err.detail, "d.sql\" line 1: \"Revision ID\" is empty"));
    filetest_failed(f, "b.sql\" line 1: the header has no", NULL);
    f->call->cancelled = true;
    assert_int_equal(folder_revisions(f->call, show, &out), -1);
    filetest_failed(f, "cancelled", NULL);
}

static int count(void *arg, const struct ddb_revision *revision)
{
    (void)revision;
    ++*(int *)arg;
    return 0;
}

static void test_many(void **state)
{
    struct filetest *f = *state;
    int n = 0;

    filetest_mkdir(f, "versions");
    for (int i = 0; i < 1000; i++) {
        char name[32], text[64];
        int fd;

        snprintf(name, sizeof name, "versions/%04d.sql", i);
        snprintf(text, sizeof text, "-- Revision ID: %d\n-- upgrade\n", i);
        fd = open(filetest_path(f, name), O_WRONLY | O_CREAT, 0644);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        close(fd);
    }
    assert_int_equal(folder_revisions(f->call, count, &n), 0);
    assert_int_equal(n, 1000);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_names_and_order),
        TEST(test_fields),
        TEST(test_locations),
        TEST(test_missing),
        TEST(test_recursive),
        TEST(test_reached_twice),
        TEST(test_mistakes),
        TEST(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
