/*
 * Tests of restore.sh: a snapshot of a real database (cluster of DDB_TEST_CONNINFO) is unpacked by
 * tar and restored by the script, with stock tools only.
 */
#include "basetest.h"

#include "base/proc.h"
#include "membundle.h"

/* What meta.json and globals.sql hold; the role is one that the cluster does not have. */
#define META                                                                                       \
    "{\n \"database\": \"restore it's \\\"new\\\"\",\n \"properties\": {\"encoding\": \"LATIN1\", "  \
    "\"collate\": \"C\", \"ctype\": \"C\", \"provider\": \"libc\", \"icu_locale\": null}\n}\n"
#define NEW "restore it's \"new\""
#define NEW_SQL "\"restore it's \"\"new\"\"\""
#define ROLES "CREATE ROLE restore_owner;\nCREATE ROLE postgres;\n"
#define PROPERTIES                                                                                 \
    "ALTER DATABASE :\"db\" OWNER TO restore_owner;\n"                                             \
    "ALTER DATABASE :\"db\" SET default_transaction_read_only = on;\n"

static char *dir;
static struct arena *arena;
static char host_env[300], port_env[32], user_env[80];
static struct buf output; /* of the latest command: stdout, then stderr */

static int keep_output(void *arg, const void *data, size_t n)
{
    buf_add(arg, data, n);
    return 0;
}

static void keep_line(void *arg, const char *line)
{
    buf_addf(arg, "%s\n", line);
}

/* Its exit status; what it printed is in ${output}. */
static int run(const char *database, const char *const *argv)
{
    const char *name = arena_printf(arena, "PGDATABASE=%s", database != NULL ? database : "postgres");
    struct proc proc = {
        .argv = argv,
        .env = (const char *const[]){database != NULL ? name : "PGDATABASE", host_env, port_env,
                                     user_env, NULL},
        .cwd = dir,
        .output = keep_output,
        .error_line = keep_line,
        .arg = &output,
    };
    struct proc_result result = {0};
    struct err err = ERR_INIT;

    buf_reset(&output);
    if (proc_run(&proc, &result, &err) < 0)
        fail_msg("%s: %s", argv[0], err.primary);
    return result.status;
}

static void must(const char *database, const char *const *argv)
{
    if (run(database, argv) != 0)
        fail_msg("%s %s: %s", argv[0], argv[1], buf_text(&output));
}

static const char *psql(const char *database, const char *sql)
{
    must(database, (const char *const[]){"psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql, NULL});
    return buf_text(&output);
}

static int restore(const char *name)
{
    return run(NULL, (const char *const[]){"sh", "un packed/restore.sh", name, NULL});
}

static bool exists(void)
{
    return strcmp(psql("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'restore it%'"),
                  "0\n") != 0;
}

/* --- the snapshot ------------------------------------------------------------------------------ */

static int write_dump(void *arg, const void *data, size_t n)
{
    struct err err = ERR_INIT;

    return bundle_write(arg, data, n, &err);
}

static void dump(struct bundle_writer *writer)
{
    struct proc proc = {
        .argv = (const char *const[]){"pg_dump", "-Fc", "-Z0", NULL},
        .env = (const char *const[]){"PGDATABASE=restore_source", host_env, port_env, user_env,
                                     NULL},
        .output = write_dump,
        .arg = writer,
    };
    struct proc_result result = {0};
    struct err err = ERR_INIT;

    assert_int_equal(bundle_begin(writer, "main.dump", &err), 0);
    if (proc_run(&proc, &result, &err) < 0 || result.status != 0)
        fail_msg("pg_dump: %s%s", err.primary, result.errors);
    assert_int_equal(bundle_end(writer, &err), 0);
}

/* A snapshot of restore_source, unpacked into "un packed"; its manifest counts ${rows} orders. */
static void unpack(int64_t rows)
{
    struct memfile file = {0};
    struct bundle_out out = memfile_out(&file);
    struct bundle_writer *writer = NULL;
    struct err err = ERR_INIT;
    int64_t raw, bytes;
    const char *globals = ROLES BUNDLE_PROPERTIES PROPERTIES;

    assert_int_equal(bundle_create(&out, 3, 0, &writer, &err), 0);
    assert_int_equal(bundle_put(writer, "meta.json", META, strlen(META), false, &err), 0);
    assert_int_equal(bundle_put(writer, "globals.sql", globals, strlen(globals), true, &err), 0);
    dump(writer);
    bundle_table(writer, &(struct bundle_table){"odd % schema", "my \"orders' %s", rows, NULL, NULL, 0});
    bundle_table(writer, &(struct bundle_table){"public", "uncounted", -1, NULL, NULL, 0});
    assert_int_equal(bundle_finish(writer, &raw, &bytes, &err), 0);
    assert_int_equal(fs_write(fs_join(arena, dir, "file.tar"), file.bytes.data, file.bytes.len,
                              0600, &err), 0);
    buf_release(&file.bytes);
    must(NULL, (const char *const[]){"mkdir", "un packed", NULL});
    must(NULL, (const char *const[]){"tar", "-C", "un packed", "-xf", "file.tar", NULL});
}

/* --- tests ------------------------------------------------------------------------------------- */

static void everything_comes_back(void **state)
{
    static const char sums[] = "SELECT count(*), sum(id), md5(string_agg(note, ',' ORDER BY id)) "
                               "FROM \"odd % schema\".\"my \"\"orders' %s\"";
    static const char properties[] =
        "SELECT pg_encoding_to_char(encoding), datcollate, datdba::regrole, (SELECT setconfig "
        "FROM pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database d WHERE datname LIKE "
        "'restore it%'";
    char *before;

    (void)state;
    unpack(500);
    if (restore(NULL) != 0)
        fail_msg("%s", buf_text(&output));
    basetest_has(buf_text(&output), "done: database \"" NEW "\" is restored");
    basetest_has(buf_text(&output), "every table has as many rows as the snapshot says");
    basetest_has(buf_text(&output), "role \"postgres\" already exists"); /* shown, and gone on */
    before = mem_strdup(psql("restore_source", sums));
    assert_string_equal(psql(NEW, sums), before);
    mem_free(before);
    assert_string_equal(psql("postgres", properties),
                        "LATIN1|C|restore_owner|{default_transaction_read_only=on}\n");

    /* Once more: what exists is not touched. */
    assert_int_equal(restore(NULL), 1);
    basetest_has(buf_text(&output), "exists already");
    assert_true(exists());
}

static void another_name_can_be_given(void **state)
{
    (void)state;
    unpack(500);
    if (restore("restore it = host=nowhere\\") != 0)
        fail_msg("%s", buf_text(&output));
    assert_true(exists());
    assert_int_equal(run(NULL, (const char *const[]){"sh", "un packed/restore.sh", "a", "b", NULL}),
                     1);
}

/* ${command} damages the unpacked folder. */
static void expect_refusal(const char *command)
{
    unpack(500);
    must(NULL, (const char *const[]){"sh", "-c", command, NULL});
    assert_int_equal(restore(NULL), 1);
    basetest_has(buf_text(&output), "nothing was changed");
    assert_false(exists());
    must(NULL, (const char *const[]){"rm", "-r", "un packed", NULL});
}

static void damage_is_refused(void **state)
{
    (void)state;
    expect_refusal("printf x | dd of='un packed/main.dump.zst.000000' bs=1 seek=100 conv=notrunc "
                   "2>/dev/null");
    expect_refusal("rm 'un packed/main.dump.zst.000000'");
    expect_refusal("echo >>'un packed/meta.json'");
    expect_refusal("echo garbage >'un packed/SHA256SUMS'");
}

/* A part that another snapshot left in the folder is no part of this one. */
static void foreign_files_are_ignored(void **state)
{
    (void)state;
    unpack(500);
    must(NULL, (const char *const[]){"sh", "-c", "echo x >'un packed/main.dump.zst.000001'", NULL});
    if (restore(NULL) != 0)
        fail_msg("%s", buf_text(&output));
}

static void other_row_counts_are_told(void **state)
{
    (void)state;
    unpack(501);
    assert_int_equal(restore(NULL), 1);
    basetest_has(buf_text(&output),
                 "table \"odd % schema\".\"my \"orders' %s\" has 500 rows, the snapshot had 501");
    basetest_has(buf_text(&output), "is incomplete; drop it");
    psql("postgres", "DROP DATABASE " NEW_SQL);
    if (run(NULL, (const char *const[]){"env", "RESTORE_COUNT=no", "sh", "un packed/restore.sh",
                                        NULL}) != 0)
        fail_msg("%s", buf_text(&output));
}

/* The server goes away, or a tool is missing: said, and no success. */
static void failures_are_told(void **state)
{
    (void)state;
    unpack(500);
    assert_int_equal(run(NULL, (const char *const[]){"env", "PGHOST=/nowhere", "sh",
                                                     "un packed/restore.sh", NULL}), 1);
    basetest_has(buf_text(&output), "no connection to the server");
    must(NULL, (const char *const[]){"sh", "-c", "cd 'un packed' && mkdir bin && "
                                                 "ln -s /bin/false bin/pg_restore", NULL});
    assert_int_equal(run(NULL, (const char *const[]){"env", "PATH=bin:/usr/bin:/bin", "sh",
                                                     "un packed/restore.sh", NULL}), 1);
    basetest_has(buf_text(&output), "pg_restore failed");
    basetest_has(buf_text(&output), "is incomplete; drop it");
}

/* --- fixtures ---------------------------------------------------------------------------------- */

static int setup(void **state)
{
    const char *conninfo = getenv("DDB_TEST_CONNINFO");
    char host_name[256], port[16], user[64];

    (void)state;
    if (conninfo == NULL ||
        sscanf(conninfo, "host=%255s port=%15s user=%63s", host_name, port, user) != 3)
        fail_msg("DDB_TEST_CONNINFO is not set: start a private cluster first");
    snprintf(host_env, sizeof host_env, "PGHOST=%s", host_name);
    snprintf(port_env, sizeof port_env, "PGPORT=%s", port);
    snprintf(user_env, sizeof user_env, "PGUSER=%s", user);
    arena = arena_new();
    dir = mem_strdup("/");
    psql("postgres", "CREATE DATABASE restore_source TEMPLATE template0 ENCODING 'LATIN1' "
                     "LC_COLLATE 'C' LC_CTYPE 'C'");
    psql("restore_source",
         "CREATE SCHEMA \"odd % schema\";"
         "CREATE TABLE \"odd % schema\".\"my \"\"orders' %s\" (id int PRIMARY KEY, note text);"
         "INSERT INTO \"odd % schema\".\"my \"\"orders' %s\" SELECT i, md5(i::text) || chr(233) "
         "FROM generate_series(1, 500) i; CREATE TABLE uncounted AS SELECT 1 AS a");
    mem_free(dir);
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    dir = basetest_dir();
    return 0;
}

static int clean(void **state)
{
    (void)state;
    psql("postgres", "DROP DATABASE IF EXISTS " NEW_SQL);
    psql("postgres", "DROP DATABASE IF EXISTS \"restore it = host=nowhere\\\"");
    psql("postgres", "DROP ROLE IF EXISTS restore_owner");
    basetest_dir_remove(dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dir = mem_strdup("/");
    psql("postgres", "DROP DATABASE restore_source");
    mem_free(dir);
    buf_release(&output);
    arena_free(arena);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_comes_back),
        TEST(another_name_can_be_given),
        TEST(damage_is_refused),
        TEST(foreign_files_are_ignored),
        TEST(other_row_counts_are_told),
        TEST(failures_are_told),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
