/* write: new revision files, their names, and what is refused. */
#include "filetest.h"

#include <time.h>

#include "sql/name.h"
#include "sql/write.h"

static const char *const none[] = {NULL};

static struct ddb_new_revision blank(const char *message)
{
    return (struct ddb_new_revision){
        .size = sizeof(struct ddb_new_revision),
        .id = "a1b2",
        .message = message,
        .create_date = "2026-01-31 13:45:10",
        .down = none,
        .labels = none,
        .depends_on = none,
    };
}

/* The new file's text, or "" when it was refused. */
static const char *written(struct filetest *f, const struct ddb_new_revision *revision,
                           const char **path)
{
    auto_buf struct buf text = {0};
    struct err err = ERR_INIT;

    *path = NULL;
    if (write_revision(f->call, revision, path) != 0) {
        assert_null(*path);
        return "";
    }
    assert_int_equal(fs_read(*path, 1 << 20, &text, &err), 0);
    return arena_strdup(f->call->arena, buf_text(&text));
}

/* Only these names, with a blank behind each, are in the folder. */
static void check_names(struct filetest *f, const char *folder, const char *wanted)
{
    auto_strvec struct strvec names = {0};
    auto_free char *all = NULL;
    struct err err = ERR_INIT;

    assert_int_equal(fs_list(filetest_path(f, folder), &names, &err), 0);
    all = strvec_join(&names, " ");
    assert_string_equal(all, wanted);
}

static void test_whole(void **state)
{
    struct filetest *f = *state;
    static const char *const down[] = {"x1", "y2", NULL}, *const labels[] = {"shop", NULL},
                      *const depends[] = {"d1", "d2", NULL};
    struct ddb_new_revision revision = blank("Add users & teams");
    const char *path;
    struct stat st;

    filetest_mkdir(f, "versions");
    umask(022);
    revision.down = down;
    revision.labels = labels;
    revision.depends_on = depends;
    revision.upgrade = "CREATE TABLE users (id int);\nSELECT 1";
    revision.downgrade = "DROP TABLE users;\n";
    revision.flags = DDB_NEW_DOWNGRADE_NO_TRANSACTION;
    assert_string_equal(written(f, &revision, &path),
                        "-- Add users & teams\n"
                        "--\n"
                        "-- Revision ID: a1b2\n"
                        "-- Revises: x1, y2\n"
                        "-- Create Date: 2026-01-31 13:45:10\n"
                        "-- Branch Labels: shop\n"
                        "-- Depends On: d1, d2\n"
                        "\n"
                        "-- upgrade\n"
                        "CREATE TABLE users (id int);\n"
                        "SELECT 1\n"
                        "\n"
                        "-- downgrade\n"
                        "-- no transaction\n"
                        "DROP TABLE users;\n");
    assert_string_equal(path, filetest_path(f, "versions/a1b2_add_users_teams.sql"));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    check_names(f, "versions", "a1b2_add_users_teams.sql");
}

/* Without bodies: sections with one line of comment, which can be run. */
static void test_empty(void **state)
{
    struct filetest *f = *state;
    struct ddb_new_revision revision = blank(NULL);
    struct file file;
    const char *path, *text;
    time_t now = time(NULL);
    struct tm when = {.tm_isdst = -1};

    filetest_mkdir(f, "versions");
    revision.create_date = NULL;
    revision.upgrade = " \n";
    text = written(f, &revision, &path);
    assert_int_equal(strncmp(text, "-- empty message\n--\n-- Revision ID: a1b2\n-- Revises:\n", 51),
                     0);
    assert_string_equal(strrchr(path, '/'), "/a1b2_.sql");
    assert_int_equal(file_read(f->call, path, &file), 0);
    assert_string_equal(file.id, "a1b2");
    assert_int_equal(strncmp(file.upgrade.text, "-- Write here", 13), 0);
    assert_int_equal(strncmp(file.downgrade.text, "-- Write here", 13), 0);
    assert_non_null(strptime(file.create_date, "%Y-%m-%d %H:%M:%S", &when));
    when.tm_isdst = -1;
    assert_in_range(mktime(&when) - now + 5, 0, 65);
}

/* An upgrade that is given without a downgrade has no way back: no section stands for one. */
static void test_one_way(void **state)
{
    struct filetest *f = *state;
    struct ddb_new_revision revision = blank("one way");
    struct file file;
    const char *path, *text;

    filetest_mkdir(f, "versions");
    revision.upgrade = "DROP TABLE users;\n";
    text = written(f, &revision, &path);
    assert_null(strstr(text, "-- downgrade"));
    assert_int_equal(file_read(f->call, path, &file), 0);
    assert_int_equal(file.upgrade.n, strlen(revision.upgrade));
    assert_null(file.downgrade.text);
}

static void test_messages(void **state)
{
    struct filetest *f = *state;
    static const char *const kept[] = {
        "one line", "two\nlines", "a\n\nparagraph\n\n\nand one",
        "- list\n  - deeper\n-- dashes\n---", "upgrade", "downgrade", "up", "it's \"quoted\" $$ /* ; */ \\i", "ünï 日本", "-- -- x", "a: b",
        "trailing blank \nx",
    };
    static const char *const lost[] = {
        " blank before", "\n", "Revision ID: other", "x\nrevises: y", "a\rb", "no transaction",
        "x\n-- upgrade\n\xff",
    };

    filetest_mkdir(f, "versions");
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        struct ddb_new_revision revision = blank(kept[i]);
        struct file file;
        const char *path;

        revision.id = arena_printf(f->call->arena, "k%zu", i);
        if (written(f, &revision, &path)[0] == '\0')
            print_error("%s: %s %s\n", kept[i], f->call->err.primary, f->call->err.detail);
        assert_non_null(path);
        assert_int_equal(file_read(f->call, path, &file), 0);
        assert_int_equal(strncmp(file.doc, kept[i], strlen(kept[i])), 0);
        assert_int_equal(strncmp(file.doc + strlen(kept[i]), "\n\nRevision ID: k", 16), 0);
    }
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
        struct ddb_new_revision revision = blank(lost[i]);
        const char *path;

        revision.id = "lost";
        if (written(f, &revision, &path)[0] != '\0')
            print_error("kept: %s\n", lost[i]);
        assert_null(path);
        assert_true(f->call->err.code != ERR_NONE);
        fakehost_clear(f->call);
    }
    assert_int_equal(access(filetest_path(f, "versions/lost_.sql"), F_OK), -1);
}

static void test_bodies(void **state)
{
    struct filetest *f = *state;
    static const struct {
        const char *body, *primary;
    } lost[] = {
        {"SELECT 1;\n-- downgrade\nSELECT 2;", "stands in line"},
        {"SELECT 1;\n-- upgrade\nSELECT 2;", "the marker \"-- upgrade\" stands in line"},
        {"-- no transaction\nSELECT 1;", "the upgrade of revision \"a1b2\" would be read other"},
        {"SELECT 'x", "the quote that begins in line 8 does not end"},
        {"/* x", "the block comment that begins in line 8 does not end"},
        {"SELECT (1;", "the upgrade of revision \"a1b2\" would be read other"},
        {"\\i x", "\"\\i x\" is a command of psql"},
        {"COMMIT;", "line 8: \"COMMIT\" begins or ends a transaction"},
        {"COPY t FROM stdin;\n1\n", "the COPY data that begins in line 9 does not end"},
        {"SELECT '\xff';", "line 8: a character is not in UTF-8"},
    };
    static const char *const kept[] = {
        "COPY t FROM stdin;\n-- downgrade\n\\.\n", "DO $$\n-- upgrade\n$$;\r\n", "\n\nSELECT 1",
        "SELECT 1 -- the end", "-- only a comment",
    };
    struct ddb_new_revision revision = blank("m");
    struct file file;
    const char *path;

    filetest_mkdir(f, "versions");
    revision.downgrade = "SELECT 3;";
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
        revision.upgrade = lost[i].body;
        written(f, &revision, &path);
        if (path != NULL)
            print_error("kept: %s\n", lost[i].body);
        assert_null(path);
        filetest_failed(f, lost[i].primary, NULL);
    }
    check_names(f, "versions", "");
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        revision.id = arena_printf(f->call->arena, "k%zu", i);
        revision.upgrade = kept[i];
        revision.downgrade = "SELECT 2;";
        revision.flags = DDB_NEW_UPGRADE_NO_TRANSACTION;
        written(f, &revision, &path);
        assert_non_null(path);
        assert_int_equal(file_read(f->call, path, &file), 0);
        assert_int_equal(strncmp(file.upgrade.text, "-- no transaction\n", 18), 0);
        assert_int_equal(strncmp(file.upgrade.text + 18, kept[i], strlen(kept[i])), 0);
        assert_int_equal(strncmp(file.downgrade.text, "SELECT 2;\n", 10), 0);
        assert_true(file.upgrade.no_transaction && !file.downgrade.no_transaction);
    }
}

static void test_never_over(void **state)
{
    struct filetest *f = *state;
    struct ddb_new_revision revision = blank("m");
    const char *path;

    filetest_mkdir(f, "versions");
    filetest_put(f, "versions/a1b2_m.sql", "mine");
    written(f, &revision, &path);
    assert_null(path);
    filetest_failed(f, "versions/a1b2_m.sql\" exists", "another identifier");
    check_names(f, "versions", "a1b2_m.sql");
    revision.flags = DDB_NEW_AUTOGENERATE;
    written(f, &revision, &path);
    assert_null(path);
    filetest_failed(f, "no models", "--autogenerate");
    revision = blank("m");
    revision.create_date = "yesterday";
    written(f, &revision, &path);
    filetest_failed(f, "create date \"yesterday\" is not of the form", NULL);
    revision = blank("m");
    revision.id = "a,b";
    written(f, &revision, &path);
    assert_non_null(path); /* what is illegal in identifiers is the graph's to say */
    static const char *const comma[] = {"a,b", NULL};
    revision.id = " c";
    written(f, &revision, &path);
    assert_null(path);
    filetest_failed(f, "the identifier of revision \" c\" would be read other", NULL);
    revision.id = "../c";
    written(f, &revision, &path);
    assert_null(path);
    filetest_failed(f, "is no name for a revision file", NULL);
    revision.id = "c";
    revision.down = comma;
    written(f, &revision, &path);
    assert_null(path);
    filetest_failed(f, "the list of what it revises of revision \"c\" would be read other", NULL);
}

static void test_where(void **state)
{
    struct filetest *f = *state;
    static const char *const two[] = {"one", "two", NULL};
    struct ddb_new_revision revision = blank("m");
    const char *path;

    written(f, &revision, &path);
    assert_null(path);
    filetest_failed(f, "version location", "\"version_locations\"");
    filetest_mkdir(f, "one/sub");
    filetest_mkdir(f, "two");
    filetest_mkdir(f, "three");
    fakehost_setting_list(f->call, "version_locations", two);
    written(f, &revision, &path);
    assert_null(path);
    filetest_failed(f, "multiple version locations are present", "--version-path");
    revision.beside = filetest_path(f, "two/other.sql");
    written(f, &revision, &path);
    assert_string_equal(path, filetest_path(f, "two/a1b2_m.sql"));
    revision.version_path = "one";
    written(f, &revision, &path);
    assert_string_equal(path, filetest_path(f, "one/a1b2_m.sql"));
    revision.version_path = "three";
    written(f, &revision, &path);
    assert_null(path);
    filetest_failed(f, "path \"three\" is not represented in current version locations", NULL);
    revision.version_path = filetest_path(f, "one/sub");
    written(f, &revision, &path);
    assert_null(path);
    filetest_failed(f, "is not represented", NULL);
    fakehost_setting(f->call, "recursive", "true");
    written(f, &revision, &path);
    assert_string_equal(path, filetest_path(f, "one/sub/a1b2_m.sql"));
}

static const char *named(struct filetest *f, const char *template, const char *message)
{
    const char *name;

    fakehost_setting(f->call, "file_template", template);
    name = name_file(f->call, "a1", message, "2026-01-05 07:08:09");
    return name == NULL ? "(failed)" : name;
}

static void test_file_template(void **state)
{
    struct filetest *f = *state;

    assert_string_equal(named(f, NULL, "Hello there"), "a1_hello_there.sql");
    assert_string_equal(named(f, "%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d-"
                              "%%(rev)s_%%(slug)s", "m"), "2026_01_05_0708-a1_m.sql");
    assert_string_equal(named(f, "%(year)d%(month)02d%(day)3d%(second)s", "m"), "202601  59.sql");
    assert_string_equal(named(f, "x%%y%(rev)s", "m"), "x%ya1.sql");
    for (size_t i = 0; i < 6; i++) {
        static const char *const bad[] = {"%(none)s", "%d", "%", "%(rev", "%(rev)5s", "%(year)f"};

        assert_string_equal(named(f, bad[i], "m"), "(failed)");
        filetest_failed(f, "is not understood", "%(month).2d");
    }
    assert_string_equal(named(f, ".%(rev)s", "m"), "(failed)");
    filetest_failed(f, "begins with a dot", NULL);
    assert_string_equal(named(f, "%(year)d/%(rev)s", "m"), "(failed)");
    filetest_failed(f, "it has a folder", "\"recursive\"");
    fakehost_setting(f->call, "recursive", "true");
    assert_string_equal(named(f, "%(year)d/../%(rev)s", "m"), "(failed)");
    filetest_failed(f, "begins with a dot", NULL);
    assert_string_equal(named(f, "%(year)d/%(month).2d/%(rev)s", "m"), "2026/01/a1.sql");
    /* What only Python could tell for sure is as the C library has it. */
    assert_string_equal(named(f, NULL, "İstanbul ΣΑΣ"), "a1_istanbul_σασ.sql");
    fakehost_setting(f->call, "truncate_slug_length", "5");
    assert_string_equal(named(f, NULL, "abc def"), "a1_abc_.sql");
}

static void test_folders_by_template(void **state)
{
    struct filetest *f = *state;
    struct ddb_new_revision revision = blank("m");
    const char *path;

    filetest_mkdir(f, "versions/2026");
    fakehost_setting(f->call, "recursive", "true");
    fakehost_setting(f->call, "file_template", "%(year)d/%(month).2d/%(rev)s");
    written(f, &revision, &path);
    assert_string_equal(path, filetest_path(f, "versions/2026/01/a1b2.sql"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_whole),
        TEST(test_empty),
        TEST(test_one_way),
        TEST(test_messages),
        TEST(test_bodies),
        TEST(test_never_over),
        TEST(test_where),
        TEST(test_file_template),
        TEST(test_folders_by_template),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
