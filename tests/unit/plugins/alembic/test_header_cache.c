/* What is kept of revision files: it counts for the very state it was read in, and whole or not at all. */
#include "basetest.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "alembic/header_cache.h"
#include "alembic/header_cache_impl.h"
#include "alembic/project.h"

enum { FILES = 300 };

static char *dir, kept[512], file[600];
static char names[FILES][512];

static void text_of(size_t n, char *text, size_t cap)
{
    static const char *const docs[] = {"\"\"\"  add table %03zu\n\nmore\n\"\"\"\n", "", "'plain %03zu'\n"};
    int used = snprintf(text, cap, docs[n % 3], n);

    snprintf(text + used, cap - (size_t)used, "revision = 'r%03zu'\ndown_revision = %s'b%zu'%s\n%s", n,
             n % 2 ? "('a', " : "", n, n % 2 ? ")" : "", n % 5 ? "branch_labels = None\n" : "");
}

static void write_text(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

/* The files, so old that their states can be kept. */
static int setup(void **state)
{
    char text[512];

    (void)state;
    dir = basetest_dir();
    snprintf(kept, sizeof kept, "%s/state/deep", dir);
    snprintf(file, sizeof file, "%s/" HEADER_CACHE_FILE, kept);
    for (size_t i = 0; i < FILES; i++) {
        snprintf(names[i], sizeof names[i], "%s/%03zu.py", dir, i);
        text_of(i, text, sizeof text);
        write_text(names[i], text);
    }
    nanosleep(&(struct timespec){.tv_sec = 3, .tv_nsec = 100 * 1000 * 1000}, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    basetest_dir_remove(dir);
    return 0;
}

static void read_file(size_t n, struct header *header, struct header_stamp *stamp)
{
    struct project_folder folder = {.fd = -1};
    struct project_text text = {0};

    assert_int_equal(project_read_into(&folder, names[n], PROJECT_MAX_FILE, &text, stamp), 0);
    assert_int_equal(header_read(header, text.at, text.n), 0);
    project_close_folder(&folder);
    free(text.at);
}

static void expect_equal(const struct header *a, const struct header *b)
{
    for (int name = 0; name < HEADER_NAMES; name++) {
        const char *const *left = header_list(a, (enum header_name)name);
        const char *const *right = header_list(b, (enum header_name)name);

        assert_int_equal(a->values[name].kind, b->values[name].kind);
        for (; *left != NULL && *right != NULL; left++, right++)
            assert_string_equal(*left, *right);
        assert_true(*left == NULL && *right == NULL);
    }
}

/* One run over the files from ${first} on, as listing.c does it; how many the cache knew. Whatever it
 * says is compared with the file. */
static size_t run(size_t first, size_t n, bool complete)
{
    struct header_cache *cache = header_cache_open(kept);
    struct header header = {0}, loaded = {0};
    size_t known = 0;

    header_cache_settle(cache);
    for (size_t i = first; i < first + n; i++) {
        const struct header_entry *entry = header_cache_find(cache, names[i]);
        struct header_stamp stamp;

        read_file(i, &header, &stamp);
        if (entry != NULL) {
            header_entry_load(entry, &loaded);
            expect_equal(&loaded, &header);
            header_cache_keep(cache, entry);
            known++;
        } else {
            header_cache_put(cache, names[i], &stamp, &header);
        }
    }
    header_cache_close(cache, complete);
    header_release(&header);
    header_release(&loaded);
    return known;
}

static void anew(void)
{
    unlink(file);
    assert_int_equal(run(0, FILES, true), 0);
    assert_int_equal(run(0, FILES, true), FILES);
}

static void test_kept_whole(void **state)
{
    struct stat before, st;

    (void)state;
    assert_int_equal(run(0, FILES, false), 0);
    assert_int_equal(access(file, F_OK), -1);
    anew();
    assert_int_equal(stat(file, &before), 0);
    assert_int_equal(before.st_mode & 07777, 0600);
    assert_int_equal(run(0, FILES, true), FILES);
    assert_int_equal(stat(file, &st), 0);
    assert_true(st.st_ino == before.st_ino); /* nothing new: not written */
    header_cache_close(NULL, true);
}

static void test_files_come_and_go(void **state)
{
    (void)state;
    anew();
    assert_int_equal(run(100, 100, true), 100); /* the others are forgotten */
    assert_int_equal(run(0, FILES, true), 100);
    assert_int_equal(run(0, FILES, true), FILES);
    assert_int_equal(run(0, 1, true), 1);
    assert_int_equal(run(0, 0, true), 0);
    assert_int_equal(run(0, 2, true), 0);
}

/* Content of the same length, and the old times put back: the inode's own time still tells. */
static void test_changed_in_place(void **state)
{
    struct stat st;
    char text[512];

    (void)state;
    anew();
    assert_int_equal(stat(names[7], &st), 0);
    text_of(7, text, sizeof text);
    memcpy(strstr(text, "r007"), "rX07", 4);
    write_text(names[7], text);
    assert_int_equal(utimensat(AT_FDCWD, names[7], (struct timespec[]){st.st_atim, st.st_mtim}, 0), 0);
    assert_int_equal(run(0, FILES, true), FILES - 1);
    assert_int_equal(run(0, FILES, true), FILES - 1); /* changed just now: not kept yet */
    text_of(7, text, sizeof text);
    write_text(names[7], text);
}

static void test_another_file_of_the_name(void **state)
{
    char other[600];

    (void)state;
    nanosleep(&(struct timespec){.tv_sec = 3, .tv_nsec = 100 * 1000 * 1000}, NULL);
    anew();
    snprintf(other, sizeof other, "%s/other", dir);
    assert_int_equal(link(names[9], other), 0);
    assert_int_equal(rename(names[9], names[11]), 0);
    assert_int_equal(rename(other, names[9]), 0);
    assert_int_equal(run(0, FILES, true), FILES - 2); /* 9 has a new time, 11 is another inode */
    write_text(other, "revision = 'r011'\n");
    assert_int_equal(rename(other, names[11]), 0);
    assert_int_equal(run(0, FILES, true), FILES - 2);
    assert_int_equal(unlink(names[11]), 0);
    assert_int_equal(mkdir(names[11], 0755), 0);
    assert_int_equal(run(0, 11, true), 10);
    assert_int_equal(rmdir(names[11]), 0);
    write_text(names[11], "revision = 'r011'\n");
}

static char *slurp(size_t *n)
{
    FILE *in = fopen(file, "r");
    char *data = malloc(1 << 20);

    assert_non_null(in);
    *n = fread(data, 1, 1 << 20, in);
    fclose(in);
    return data;
}

static void spit(const char *data, size_t n)
{
    FILE *out = fopen(file, "w");

    assert_non_null(out);
    assert_int_equal(fwrite(data, 1, n, out), n);
    fclose(out);
}

static void test_damage(void **state)
{
    size_t n, flips = 0;
    char *data;

    (void)state;
    unlink(file);
    assert_int_equal(run(20, 20, true), 0);
    data = slurp(&n);
    for (size_t i = 0; i < n; i += 1 + i / 300, flips++) {
        data[i] ^= (char)(1 << i % 8);
        spit(data, n);
        data[i] ^= (char)(1 << i % 8);
        assert_int_equal(run(20, 20, false), 0);
    }
    assert_true(flips > 300);
    for (size_t cut = 0; cut < n; cut += 41) {
        spit(data, cut);
        assert_int_equal(run(20, 20, false), 0);
    }
    spit(data, n);
    assert_int_equal(run(20, 20, false), 20);
    free(data);
}

/* Lengths that lead outside, with a checksum that is right. */
static void test_lengths_that_lie(void **state)
{
    size_t n;
    char *data;

    (void)state;
    unlink(file);
    assert_int_equal(run(20, 20, true), 0);
    data = slurp(&n);
    for (size_t i = 16; i < n; i++) {
        static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};

        for (size_t v = 0; v < sizeof values; v++) {
            struct header_cache *cache;
            struct header header = {0};
            char was = data[i];
            uint64_t sum;

            data[i] = (char)values[v];
            sum = XXH3_64bits(data + 16, n - 16);
            memcpy(data + 8, &sum, sizeof sum);
            spit(data, n);
            data[i] = was;
            cache = header_cache_open(kept);
            header_cache_settle(cache);
            for (size_t k = 20; k < 40; k++) {
                const struct header_entry *entry = header_cache_find(cache, names[k]);

                if (entry != NULL)
                    header_entry_load(entry, &header);
                for (int name = 0; entry != NULL && name < HEADER_NAMES; name++)
                    for (const char *const *text = header_list(&header, (enum header_name)name);
                         *text != NULL; text++)
                        assert_true(strlen(*text) < n);
            }
            header_cache_close(cache, false);
            header_release(&header);
        }
    }
    free(data);
}

static void test_of_another_build(void **state)
{
    size_t n;
    char *data;
    struct head head;

    (void)state;
    unlink(file);
    assert_int_equal(run(20, 20, true), 0);
    data = slurp(&n);
    memcpy(&head, data, sizeof head);
    head.reader.changed++;
    memcpy(data, &head, sizeof head);
    head.checksum = header_cache_checksum(data, n);
    memcpy(data, &head, sizeof head);
    spit(data, n);
    assert_int_equal(run(20, 20, true), 0);
    assert_int_equal(run(20, 20, true), 20);
    free(data);
}

static void test_not_ours_alone(void **state)
{
    char other[700];

    (void)state;
    anew();
    assert_int_equal(chmod(file, 0620), 0);
    assert_int_equal(run(0, FILES, false), 0);
    assert_int_equal(chmod(file, 0600), 0);
    assert_int_equal(run(0, FILES, false), FILES);
    snprintf(other, sizeof other, "%s.real", file);
    assert_int_equal(rename(file, other), 0);
    assert_int_equal(symlink(other, file), 0);
    assert_int_equal(run(0, FILES, false), 0);
    assert_int_equal(run(0, FILES, true), 0); /* replaces the link, not what it leads to */
    assert_int_equal(run(0, FILES, true), FILES);
    assert_int_equal(unlink(other), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(file, 65534, (gid_t)-1), 0);
        assert_int_equal(run(0, FILES, false), 0);
    }
}

static void test_two_at_once(void **state)
{
    char other[700];
    int fd;

    (void)state;
    unlink(file);
    snprintf(other, sizeof other, "%s.new", file);
    fd = open(other, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(run(0, FILES, true), 0);
    assert_int_equal(access(file, F_OK), -1); /* somebody else is writing it */
    close(fd);
    assert_int_equal(run(0, FILES, true), 0);
    assert_int_equal(run(0, FILES, true), FILES);
    assert_int_equal(access(other, F_OK), -1);
}

static void test_changed_just_now(void **state)
{
    struct header_stamp stamp;
    char text[512];

    (void)state;
    text_of(3, text, sizeof text);
    write_text(names[3], text);
    header_stamp_of(AT_FDCWD, names[3], &stamp);
    assert_true(header_stamp_is_known(&stamp));
    assert_false(header_stamp_is_settled(&stamp));
    header_stamp_of(AT_FDCWD, dir, &stamp);
    assert_false(header_stamp_is_known(&stamp));
    assert_false(header_stamp_is_same(&stamp, &stamp));
    header_stamp_of(AT_FDCWD, "/nowhere", &stamp);
    assert_false(header_stamp_is_settled(&stamp));
    unlink(file);
    assert_int_equal(run(0, FILES, true), 0);
    assert_true(run(0, FILES, true) < FILES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_whole),
        cmocka_unit_test(test_files_come_and_go),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_lengths_that_lie),
        cmocka_unit_test(test_of_another_build),
        cmocka_unit_test(test_not_ours_alone),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_changed_in_place),
        cmocka_unit_test(test_another_file_of_the_name),
        cmocka_unit_test(test_changed_just_now),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
