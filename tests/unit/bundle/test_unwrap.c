/* unwrap: every format and compression is told by its content; what is cut off, damaged, appended to or
 * leads out of its folder is refused. */
#include "basetest.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include "bundle/unwrap.h"

static struct arena *arena;
static char *dir, *path;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    dir = basetest_dir();
    path = fs_join(arena, dir, "given.sql.gz"); /* a name that is wrong for most of them */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    basetest_dir_remove(dir);
    arena_free(arena);
    return 0;
}

static const int filters[] = {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_BZIP2,
                              ARCHIVE_FILTER_XZ,   ARCHIVE_FILTER_LZMA, ARCHIVE_FILTER_LZ4,
                              ARCHIVE_FILTER_ZSTD};
enum { N_FILTERS = sizeof filters / sizeof *filters };

/* One member of a tar, or with ${name} NULL the bytes themselves. */
struct part {
    const char *name;
    const char *data;
    size_t n;
    unsigned type; /* 0: a file */
    const char *link;
    int owner;
};

static void pack_to(const char *to, int filter, int second, const struct part *parts, size_t n)
{
    struct archive *archive = archive_write_new();

    assert_int_equal(archive_write_add_filter(archive, filter), ARCHIVE_OK);
    if (second != ARCHIVE_FILTER_NONE)
        assert_int_equal(archive_write_add_filter(archive, second), ARCHIVE_OK);
    assert_int_equal(parts[0].name == NULL ? archive_write_set_format_raw(archive)
                                           : archive_write_set_format_ustar(archive),
                     ARCHIVE_OK);
    archive_write_set_bytes_in_last_block(archive, 1);
    assert_int_equal(archive_write_open_filename(archive, to), ARCHIVE_OK);
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *entry = archive_entry_new();

        archive_entry_set_pathname(entry, parts[i].name != NULL ? parts[i].name : "data");
        archive_entry_set_filetype(entry, parts[i].type != 0 ? parts[i].type : AE_IFREG);
        archive_entry_set_perm(entry, 0600);
        archive_entry_set_uid(entry, parts[i].owner);
        archive_entry_set_gid(entry, parts[i].owner / 2);
        if (parts[i].type == AE_IFLNK)
            archive_entry_set_symlink(entry, parts[i].link);
        else if (parts[i].link != NULL)
            archive_entry_set_hardlink(entry, parts[i].link);
        else
            archive_entry_set_size(entry, (la_int64_t)parts[i].n);
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        if (parts[i].n > 0)
            assert_int_equal(archive_write_data(archive, parts[i].data, parts[i].n), parts[i].n);
        archive_entry_free(entry);
    }
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
}

static void pack(int filter, const struct part *parts, size_t n)
{
    pack_to(path, filter, ARCHIVE_FILTER_NONE, parts, n);
}

/* Lines of text that do not compress to nothing. */
static const char *lines(size_t *n)
{
    static char text[300000];
    unsigned random = 1;

    *n = 0;
    while (*n + 64 < sizeof text)
        *n += (size_t)snprintf(text + *n, 64, "-- %u %u\n", random = random * 1103515245u + 12345u,
                               (unsigned)*n);
    return text;
}

static int read_all(struct buf *out, struct err *err)
{
    struct unwrap *unwrap = NULL;
    char data[8192];
    ssize_t n;

    if (unwrap_open(path, &unwrap, err) != 0)
        return -1;
    while ((n = unwrap_read(unwrap, data, sizeof data, err)) > 0)
        buf_add(out, data, (size_t)n);
    if (n == 0)
        assert_int_equal(unwrap_read(unwrap, data, sizeof data, err), 0);
    unwrap_close(unwrap);
    return (int)n;
}

static void put(const void *data, size_t n)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void test_every_compression(void **state)
{
    static const char *const names[] = {"", "gzip", "bzip2", "xz", "lzma", "lz4", "zstd"};
    size_t n;
    const char *text = lines(&n);

    (void)state;
    for (size_t i = 0; i < N_FILTERS; i++) {
        const struct part part = {.data = text, .n = n};
        struct unwrap_about about;
        auto_buf struct buf out = {0};
        struct err err = ERR_INIT;

        pack(filters[i], &part, 1);
        if (unwrap_look(arena, path, &about, &err) != 0)
            fail_msg("%s: %s: %s", names[i], err.primary, err.detail);
        assert_int_equal(about.kind, UNWRAP_SQL);
        assert_string_equal(about.compression, names[i]);
        assert_int_equal(read_all(&out, &err), 0);
        assert_int_equal(out.len, n);
        assert_memory_equal(out.data, text, n);
    }
}

static void test_twice(void **state)
{
    const struct part part = {.data = "SELECT 1;\n", .n = 10};
    struct unwrap_about about;
    auto_buf struct buf out = {0};
    struct err err = ERR_INIT;

    (void)state;
    pack_to(path, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD, &part, 1);
    assert_int_equal(unwrap_look(arena, path, &about, &err), 0);
    assert_string_equal(about.compression, "zstd and gzip");
    assert_int_equal(read_all(&out, &err), 0);
    assert_string_equal(buf_text(&out), "SELECT 1;\n");
}

/* Cut anywhere, and with something behind it: never taken for whole. */
static void test_cut_and_appended(void **state)
{
    static const double shares[] = {0.02, 0.5, 0.9, 0.9999};
    size_t n;
    const char *text = lines(&n);

    (void)state;
    for (size_t i = 1; i < N_FILTERS; i++) {
        const struct part part = {.data = text, .n = n};
        auto_buf struct buf file = {0};
        struct err err = ERR_INIT;

        pack(filters[i], &part, 1);
        assert_int_equal(fs_read(path, 1 << 24, &file, &err), 0);
        for (size_t s = 0; s < sizeof shares / sizeof *shares; s++) {
            auto_buf struct buf out = {0};

            err_clear(&err);
            put(file.data, (size_t)((double)file.len * shares[s]));
            if (read_all(&out, &err) == 0)
                fail_msg("filter %d cut at %g was taken for whole", filters[i], shares[s]);
            basetest_has(err.primary, "cut off or damaged");
        }
        {
            auto_buf struct buf out = {0};

            err_clear(&err);
            put(file.data, file.len - 1);
            if (read_all(&out, &err) == 0)
                fail_msg("filter %d without its last byte was taken for whole", filters[i]);
            err_clear(&err);
            buf_adds(&file, "something else");
            put(file.data, file.len);
            buf_reset(&out);
            if (read_all(&out, &err) == 0)
                fail_msg("filter %d: bytes behind the end were not noticed", filters[i]);
        }
    }
}

static void expect_look(const char *expected)
{
    struct unwrap_about about;
    struct err err = ERR_INIT;

    assert_int_equal(unwrap_look(arena, path, &about, &err), -1);
    assert_int_equal(err.code, ERR_PREPARE);
    basetest_has(err.primary, expected);
}

static void test_nothing_known(void **state)
{
    char binary[4096];
    struct part empty = {.data = "", .n = 0};

    (void)state;
    expect_look("No such file");
    put("", 0);
    expect_look("is empty");
    pack(ARCHIVE_FILTER_GZIP, &empty, 1);
    expect_look("given.sql.gz\"");
    for (size_t i = 0; i < sizeof binary; i++)
        binary[i] = (char)(i * 7);
    put(binary, sizeof binary);
    expect_look("is no dump of PostgreSQL");
    put("\x1f\x8b\x08\0\0\0\0\0\0\3 and no more of gzip", 30);
    expect_look("cut off or damaged");
    put("PK\3\4rest of it", 14);
    expect_look("is no dump");
    put("1 2 3\n", 6);
    expect_look("is no dump");
    put("PGDMP\1\16\0\4\10\3rest", 15); /* toc.dat alone */
    expect_look("table of contents without its data");
}

static enum unwrap_kind kind_of(void)
{
    struct unwrap_about about;
    struct err err = ERR_INIT;

    if (unwrap_look(arena, path, &about, &err) != 0)
        fail_msg("%s: %s", err.primary, err.detail);
    return about.kind;
}

static void test_kinds(void **state)
{
    const struct part custom = {.data = "PGDMP\1\16\0\4\10\1rest", .n = 15};
    const struct part tar[] = {{.name = "toc.dat", .data = "PGDMP", .n = 5, .owner = 04000}};
    const struct part packed[] = {{.name = "d/", .type = AE_IFDIR},
                                  {.name = "d/1.dat", .data = "x", .n = 1},
                                  {.name = "d/toc.dat", .data = "PGDMP", .n = 5}};
    const struct part flat[] = {{.name = "toc.dat", .data = "PGDMP", .n = 5}};
    const struct part bundle[] = {{.name = "RESTORE.md", .data = "x", .n = 1}};

    (void)state;
    for (size_t i = 0; i < N_FILTERS; i++) {
        pack(filters[i], &custom, 1);
        assert_int_equal(kind_of(), UNWRAP_CUSTOM);
        pack(filters[i], tar, 1);
        assert_int_equal(kind_of(), UNWRAP_TAR);
        pack(filters[i], packed, 3);
        assert_int_equal(kind_of(), UNWRAP_PACKED);
        pack(filters[i], flat, 1);
        assert_int_equal(kind_of(), UNWRAP_PACKED);
        pack(filters[i], bundle, 1);
        assert_int_equal(kind_of(), UNWRAP_BUNDLE);
    }
}

static int members(const char *into, struct err *err)
{
    return unwrap_members(path, into, NULL, NULL, err);
}

static void test_members(void **state)
{
    const struct part parts[] = {{.name = "./a/b/", .type = AE_IFDIR},
                                 {.name = "./a/b/3350.dat.gz", .data = "zipped", .n = 6},
                                 {.name = "./a/b/toc.dat", .data = "PGDMP", .n = 5}};
    const char *into = fs_join(arena, dir, "into");
    auto_buf struct buf out = {0};
    auto_strvec struct strvec names = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(fs_mkdirs(into, 0700, &err), 0);
    pack(ARCHIVE_FILTER_ZSTD, parts, 3);
    assert_int_equal(members(NULL, &err), 0);
    assert_int_equal(fs_list(into, &names, &err), 0);
    assert_int_equal(names.n, 0);
    if (members(into, &err) != 0)
        fail_msg("%s: %s", err.primary, err.detail);
    assert_int_equal(fs_list(into, &names, &err), 0);
    assert_int_equal(names.n, 2);
    assert_int_equal(fs_read(fs_join(arena, into, "3350.dat.gz"), 100, &out, &err), 0);
    assert_string_equal(buf_text(&out), "zipped");
}

static void test_hostile_members(void **state)
{
    const char *into = fs_join(arena, dir, "into");
    static const struct {
        struct part part;
        const char *expected;
    } cases[] = {
        {{.name = "d/../../out.dat", .data = "x", .n = 1}, "leads out"},
        {{.name = "../out.dat", .data = "x", .n = 1}, "leads out"},
        {{.name = "/tmp/files-out.dat", .data = "x", .n = 1}, "leads out"},
        {{.name = "d/link.dat", .type = AE_IFLNK, .link = "/etc/passwd"}, "is a link"},
        {{.name = "d/hard.dat", .link = "/etc/passwd"}, "is a link"},
        {{.name = "d/pipe.dat", .type = AE_IFIFO}, "is a link or a special file"},
        {{.name = "d/.hidden", .data = "x", .n = 1}, "has a name"},
        {{.name = "d/toc.dat", .data = "x", .n = 1}, "is there twice"},
        {{.name = "e/1.dat", .data = "x", .n = 1}, "in another folder"},
        {{.name = "d/sub/1.dat", .data = "x", .n = 1}, "in another folder"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct part parts[] = {{.name = "d/toc.dat", .data = "PGDMP", .n = 5},
                                     cases[i].part};
        struct err err = ERR_INIT;

        assert_int_equal(fs_remove_tree(into, &err), 0);
        assert_int_equal(fs_mkdirs(into, 0700, &err), 0);
        pack(ARCHIVE_FILTER_GZIP, parts, 2);
        if (members(into, &err) == 0)
            fail_msg("member \"%s\" was taken", cases[i].part.name);
        basetest_has(err.primary, cases[i].expected);
    }
    assert_false(fs_exists(fs_join(arena, dir, "out.dat")));
    assert_false(fs_exists("/tmp/files-out.dat"));
}

static void test_tar_ends(void **state)
{
    const struct part parts[] = {{.name = "toc.dat", .data = "PGDMP", .n = 5, .owner = 04000},
                                 {.name = "1.dat", .data = "rows", .n = 4, .owner = 04000}};
    const struct part other[] = {{.name = "readme.txt", .data = "x", .n = 1}};
    auto_buf struct buf file = {0};
    struct err err = ERR_INIT;

    (void)state;
    pack(ARCHIVE_FILTER_NONE, parts, 2);
    assert_int_equal(members(NULL, &err), 0);
    assert_int_equal(fs_read(path, 1 << 20, &file, &err), 0);
    buf_adds(&file, "behind the end");
    put(file.data, file.len);
    assert_int_equal(members(NULL, &err), -1);
    basetest_has(err.primary, "behind the end of its tar");
    err_clear(&err);
    put(file.data, 4 * 512 + 512); /* only half of its end */
    assert_int_equal(members(NULL, &err), -1);
    basetest_has(err.primary, "cut off or damaged");
    err_clear(&err);
    put(file.data, 512 + 512 + 512 + 2); /* within the second file */
    assert_int_equal(members(NULL, &err), -1);
    basetest_has(err.primary, "cut off or damaged");
    err_clear(&err);
    pack(ARCHIVE_FILTER_NONE, other, 1);
    assert_int_equal(members(NULL, &err), -1);
    basetest_has(err.primary, "has no toc.dat");
}

static int folder(const char *rows, struct err *err)
{
    static const char *const names[] = {"toc.dat", "blob_1.dat", "3350.dat"};
    const char *const data[] = {"PGDMP", "x", rows};
    const char *into = fs_join(arena, dir, "folder");

    assert_int_equal(fs_mkdirs(into, 0700, err), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            fs_write(fs_join(arena, into, names[i]), data[i], strlen(data[i]), 0600, err), 0);
    return unwrap_folder(into, NULL, NULL, err);
}

static void test_folder(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(folder("1\n2\n\\.\n\n\n", &err), 0);
    assert_int_equal(folder("\n\n\n", &err), 0);
    assert_int_equal(folder("1\n2\n", &err), -1);
    basetest_has(err.primary, "3350.dat\" is cut off");
    err_clear(&err);
    assert_int_equal(folder("\n\n", &err), -1);
}

/* The least archive: a head, one entry, one block of data; and the table of contents ${again}. */
static size_t archive_of(char *out, unsigned char minor, bool again)
{
    struct buf b = {0};
    size_t toc, toc_end, n;

    buf_add(&b, "PGDMP\1", 6);
    buf_addc(&b, (char)minor);
    buf_add(&b, "\0\4\10\1", 4);
    buf_add(&b, "\0\0\0\0\0", minor >= 15 ? 1 : 5);             /* compression */
    for (int i = 0; i < 7; i++)
        buf_add(&b, "\0\1\0\0\0", 5);                           /* time */
    buf_add(&b, "\0\4\0\0\0shop\0\5\0\0\0" "15.20\0\4\0\0\0" "17.2", 9 + 10 + 9);
    toc = b.len;
    buf_add(&b, "\0\1\0\0\0", 5);                               /* entries */
    buf_add(&b, "\0\7\0\0\0\0\1\0\0\0", 10);                    /* dumpId, hadDumper */
    for (int i = 0; i < 4; i++)
        buf_add(&b, "\0\1\0\0\0x", 6);                          /* tableoid, oid, tag, desc */
    buf_add(&b, "\0\2\0\0\0", 5);                               /* section */
    for (int i = 0; i < (minor >= 14 ? 6 : 5); i++)
        buf_add(&b, "\1\1\0\0\0", 5);                           /* no string */
    if (minor >= 16)
        buf_add(&b, "\0\162\0\0\0", 5);                         /* relkind */
    buf_add(&b, "\0\1\0\0\0x\0\5\0\0\0" "false", 6 + 10);      /* owner, with oids */
    buf_add(&b, "\0\1\0\0\0" "6\1\1\0\0\0", 6 + 5);             /* dependencies */
    buf_add(&b, "\2\0\0\0\0\0\0\0\0", 9);                       /* offset */
    toc_end = b.len;
    buf_add(&b, "\1\0\7\0\0\0\0\3\0\0\0abc\0\0\0\0\0", 1 + 5 + 8 + 5);
    buf_add(&b, "\3\0\10\0\0\0\0\11\0\0\0\0\1\0\0\0z\0\0\0\0\0\0\0\0\0\0", 1 + 5 + 5 + 6 + 5 + 5);
    n = b.len;
    memcpy(out, b.data, n);
    if (again) {
        memcpy(out + n, b.data + toc, toc_end - toc);
        n += toc_end - toc;
    }
    buf_release(&b);
    return n;
}

/* pg_dump that is redirected to a file leaves the table of contents behind the data once more. */
static void expect_again(unsigned char minor)
{
    char data[1024];
    const size_t whole = archive_of(data, minor, false), n = archive_of(data, minor, true);
    struct unwrap_archive archive;
    struct err err = ERR_INIT;

    put(data, n);
    if (unwrap_custom(path, &archive, NULL, NULL, &err) != 0)
        fail_msg("1.%d, contents twice: %s: %s", minor, err.primary, err.detail);
    for (size_t cut = whole + 1; cut < n; cut++) {
        put(data, cut);
        if (unwrap_custom(path, &archive, NULL, NULL, &err) == 0)
            fail_msg("1.%d, %zu of %zu bytes were taken for whole", minor, cut, n);
        err_clear(&err);
    }
    data[n] = '\0';
    put(data, n + 1);
    assert_int_equal(unwrap_custom(path, &archive, NULL, NULL, &err), -1);
    basetest_has(err.primary, "goes on behind its end");
    err_clear(&err);
    data[whole + 1] = 2; /* entries */
    put(data, n);
    assert_int_equal(unwrap_custom(path, &archive, NULL, NULL, &err), -1);
    basetest_has(err.primary, "goes on behind its end");
}

/* Every length but the whole one, and any byte behind it, is refused, in every version. */
static void test_custom(void **state)
{
    char data[1024];
    struct unwrap_archive archive;
    const char *version;

    (void)state;
    for (unsigned char minor = 12; minor <= 16; minor++) {
        struct err err = ERR_INIT;
        size_t n = archive_of(data, minor, false);

        put(data, n);
        if (unwrap_custom(path, &archive, NULL, NULL, &err) != 0)
            fail_msg("1.%d: %s: %s", minor, err.primary, err.detail);
        assert_true(archive.known);
        assert_string_equal(archive.server, "15.20");
        assert_string_equal(archive.pg_dump, "17.2");
        assert_int_equal(unwrap_version(arena, path, UNWRAP_CUSTOM, &version, &err), 0);
        assert_string_equal(version, arena_printf(arena, "1.%d", minor));
        for (size_t cut = 7; cut < n; cut++) {
            if (cut == n - 27 || cut == n - 46)
                continue; /* between two blocks: pg_restore misses the next one */
            put(data, cut);
            if (unwrap_custom(path, &archive, NULL, NULL, &err) == 0)
                fail_msg("1.%d, %zu of %zu bytes were taken for whole", minor, cut, n);
            err_clear(&err);
        }
        data[n] = 'S';
        put(data, n + 1);
        assert_int_equal(unwrap_custom(path, &archive, NULL, NULL, &err), -1);
        basetest_has(err.primary, "goes on behind its end");
        expect_again(minor);
    }
    {
        struct err err = ERR_INIT;

        put(data, archive_of(data, 99, false));
        assert_int_equal(unwrap_custom(path, &archive, NULL, NULL, &err), 0);
        assert_false(archive.known);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_compression, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_and_appended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_kinds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostile_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tar_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_custom, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
