/* Configurations that are wrong: each mistake is found, at its line, with a hint that helps. */
#include "conftest.h"

/* ${says} is a part of the one mistake's text, after "FILE"; ${hint} a part of its hint. */
struct row {
    const char *text;
    const char *says;
    const char *hint;
};

#define ENGINE_TEXT(body)                                                                          \
    "project = \"shop\"; environments: { e: { database = \"a=b\"; }; };\nengine: { " body " };"
#define STORES_TEXT(body) ENV_TEXT("") "\nstores: { " body " };"

static const struct row rows[] = {
    /* the file's text */
    {"project = ;", ":1: syntax error", "NAME = VALUE"},
    {"project = \"x\";\nproject = \"y\";", ":2: duplicate setting name", NULL},
    {ENV_TEXT("") "\nx = [1, \"a\"];", ":3: mismatched element type in array", NULL},
    {HEAD_TEXT "\n/* no end", ":3: the comment that begins here has no end", NULL},
    {HEAD_TEXT "x = \"no end;\n\n", ":2: the text that begins here has no closing quote", NULL},
    {HEAD_TEXT "@include \"/etc/passwd\"", ":2: \"@include\" is not supported", "file:PATH"},
    {HEAD_TEXT "x \"no value\";", ":2: a text stands where none can", "NAME = VALUE"},
    {HEAD_TEXT "x = 5, \"y\";", ":2: a text stands where none can", NULL},
    {HEAD_TEXT "x = [5 \"y\"];", ":2: a text stands where none can", "need commas"},
    {HEAD_TEXT "x = ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((",
     ":2: the groups are too deep", NULL},
    {ENV_TEXT("apply: { lock_timeout = 5s; };"), ":2: syntax error", "in quotes"},
    {ENV_TEXT("apply: { retries = 5000000000; };"), ":2: the integer 5000000000 is too large",
     NULL},
    {ENV_TEXT("apply: { retries = -2147483649; };"), ":2: the integer -2147483649 is too large",
     NULL},
    {ENGINE_TEXT("plugin = \"x\"; n = 0x1FFFFFFFF;"), ":2: the integer 0x1FFFFFFFF is too large",
     NULL},
    {ENGINE_TEXT("plugin = \"x\"; n = 99999999999999999999L;"), "too large", NULL},
    /* keys */
    {ENV_TEXT("") "\nprojct = \"x\";", ":3: unknown key \"projct\"", "Did you mean \"project\"?"},
    {ENV_TEXT("protcted = true;"), ":2: unknown key \"protcted\" in environments.prod",
     "Did you mean \"protected\"?"},
    {ENV_TEXT("apply: { lock_timout = \"5s\"; };"),
     ":2: unknown key \"lock_timout\" in environments.prod.apply",
     "Did you mean \"lock_timeout\"?"},
    {ENV_TEXT("lock_timeout = \"5s\";"), "unknown key \"lock_timeout\"",
     "belongs in the group environments.NAME.apply"},
    {ENV_TEXT("version_table = \"x\";"), "unknown key", "belongs in the group engine"},
    {ENV_TEXT("hooks: { state_dir = \"x\"; };"), "unknown key", "at the top of the file"},
    {ENV_TEXT("qqqqqqqqqqqq = 1;"), "unknown key \"qqqqqqqqqqqq\"", NULL},
    {STORES_TEXT("a: { plugin = \"local\"; keep: { dayly = 7; daily = 1; }; };"),
     ":3: unknown key \"dayly\" in stores.a.keep", "Did you mean \"daily\"?"},
    /* types */
    {"project = 5; engine: { plugin = \"x\"; }; environments: { e: { database = \"a=b\"; }; };",
     ":1: project must be a text in quotes", NULL},
    {ENV_TEXT("protected = \"yes\";"), ":2: environments.prod.protected must be true or false",
     "protected = true;"},
    {ENV_TEXT("protected = 1;"), "must be true or false", NULL},
    {ENV_TEXT("snapshot: { plugin = 5; };"),
     "snapshot.plugin must be a text in quotes or a list of texts", "plugin = "},
    {ENV_TEXT("snapshot: { plugin = \"\"; };"), "snapshot.plugin must not be empty", NULL},
    {ENV_TEXT("snapshot: { plugin = []; };"), "snapshot.plugin is empty", NULL},
    {ENV_TEXT("snapshot: { plugin = (\"pgdump\", 5); };"),
     "snapshot.plugin: element 2 must be a text in quotes", NULL},
    {ENV_TEXT("apply: { retries = \"5\"; };"), "apply.retries must be an integer", "retries = 5;"},
    {ENV_TEXT("apply: { retries = 1.5; };"), "apply.retries must be an integer", NULL},
    {ENV_TEXT("apply = 5;"), "environments.prod.apply must be a group", "apply: { … };"},
    {ENV_TEXT("apply: { timeout = 5; };"), "apply.timeout must be a duration in quotes", "\"30s\""},
    {ENV_TEXT("preflight: { free_space_margin = 5; };"), "must be a size in quotes", "\"256MB\""},
    {ENV_TEXT("recover = \"restore\";"), "recover must be a list of texts", NULL},
    {ENV_TEXT("hooks: { verify = \"x\"; };"), "hooks.verify must be a list of texts", NULL},
    {ENV_TEXT("hooks: { verify = (\"x\", 5); };"), "hooks.verify: element 2 must be a text", NULL},
    {ENV_TEXT("hooks: { verify = [\"\"]; };"), "hooks.verify must not be empty", NULL},
    {ENV_TEXT("maintenance_database = \"\";"), "maintenance_database must not be empty", NULL},
    {ENV_TEXT("stores = \"local\";"), "unknown key \"stores\"",
     "belongs in the group environments.NAME.snapshot"},
    {ENGINE_TEXT("plugin = \"x\"; y = 1.5;"), ":2: engine.y must be a text, an integer", NULL},
    {ENGINE_TEXT("plugin = \"x\"; y: { z = 1; };"), ":2: engine.y must be a text", NULL},
    {ENGINE_TEXT("plugin = \"x\"; y = [1];"), "engine.y: element 1 must be a text", NULL},
    /* ranges */
    {ENV_TEXT("apply: { retries = 1001; };"), "must be between 0 and 1000, not 1001", NULL},
    {ENV_TEXT("apply: { retries = -1; };"), "must be between 0 and 1000, not -1", NULL},
    {ENV_TEXT("snapshot: { compression_level = 0; };"), "must be between 1 and 19", NULL},
    {ENV_TEXT("snapshot: { identity = \"AGE-SECRET-KEY-1XYZ\"; };"),
     "environment \"prod\" does not say where its identity is", "\"file:PATH\""},
    {ENV_TEXT("snapshot: { recipients = \"age1\"; };"), "snapshot.recipients must be a list of texts",
     NULL},
    {ENV_TEXT("snapshot: { jobs = 5000000000L; };"), "must be between 1 and 256, not 5000000000",
     NULL},
    {ENV_TEXT("apply: { lock_timeout = \"5 seconds\"; };"), "\"5 seconds\" is no duration",
     "ms, s, min, h or d"},
    {ENV_TEXT("apply: { lock_timeout = \"5\"; };"), "\"5\" is no duration", NULL},
    {ENV_TEXT("apply: { lock_timeout = \"30d\"; };"), "\"30d\" is too long", NULL},
    {ENV_TEXT("apply: { lock_timeout = \"\"; };"), "lock_timeout must not be empty", NULL},
    {ENV_TEXT("preflight: { free_space_margin = \"5 apples\"; };"), "\"5 apples\" is no size",
     "kB, MB, GB"},
    {ENV_TEXT("preflight: { free_space_margin = \"9999999999TB\"; };"), "is no size", NULL},
    {ENV_TEXT("preflight: { free_space_margin = \"-1\"; };"), "is no size", NULL},
    /* choices */
    {ENV_TEXT("target = \"base\";"), "target cannot be \"base\"", "\"head\" or \"heads\""},
    {ENV_TEXT("snapshot: { verify = \"none\"; };"), "verify cannot be \"none\"",
     "\"fast\" or \"full\""},
    {ENV_TEXT("recover = [\"transaktion\"];"), "unknown rung \"transaktion\"",
     "Did you mean \"transaction\"?"},
    {ENV_TEXT("recover = [\"pray\"];"), "unknown rung \"pray\"", "The rungs are"},
    {ENV_TEXT("recover = [\"restore\", \"restore\"];"), "names \"restore\" twice", NULL},
    {ENV_TEXT("recover = [];"), "recover is empty", NULL},
    /* names */
    {HEAD_TEXT "environments: { a*b: { database = \"a=b\"; }; };",
     ":2: environment \"a*b\" cannot have this name", "letters, digits"},
    {HEAD_TEXT "environments: { plan: { database = \"a=b\"; }; };",
     "the name of the command \"plan\"", "plan-env"},
    {HEAD_TEXT "environments: { check: { database = \"a=b\"; }; };", "the command \"check\"", NULL},
    {HEAD_TEXT "environments: { list: { database = \"a=b\"; }; };", "the command \"list\"", NULL},
    {HEAD_TEXT "environments: { e123456789012345678901234567890123456789012345678: { database = "
               "\"a=b\"; }; };",
     "cannot have this name", "at most 48"},
    {HEAD_TEXT "environments: { e = \"dbname=x\"; };", "environments.e must be a group", NULL},
    {STORES_TEXT("all: { plugin = \"local\"; };"), "cannot have the label \"all\"", NULL},
    {"project = \"a/b\"; engine: { plugin = \"x\"; }; environments: { e: { database = \"a=b\"; }; "
     "};",
     ":1: the project's name \"a/b\"", "letters, digits"},
    {"project = \"..\"; engine: { plugin = \"x\"; }; environments: { e: { database = \"a=b\"; }; "
     "};",
     ":1: the project's name \"..\"", NULL},
    /* what is missing */
    {"engine: { plugin = \"x\"; }; environments: { e: { database = \"a=b\"; }; };",
     ": \"project\" is missing", NULL},
    {"project = \"x\"; environments: { e: { database = \"a=b\"; }; };", ": \"engine\" is missing",
     NULL},
    {ENGINE_TEXT("directory = \"x\";"), ":2: engine names no plugin", NULL},
    {STORES_TEXT("a: { path = \"x\"; };"), ":3: stores.a names no plugin", NULL},
    {STORES_TEXT("a: { plugin = \"local\"; keep: { }; };"), "keep has no rule", "last = 7"},
    {HEAD_TEXT, ": no environment is configured", "environments: {"},
    {HEAD_TEXT "environments: { };", ":2: no environment is configured", NULL},
    {HEAD_TEXT "environments: { e: { }; };", ":2: environment \"e\" names no database", "service="},
    /* one key against another */
    {ENV_TEXT("snapshot: { stores = [\"locl\"]; };"), "names the store \"locl\"",
     "Did you mean \"local\"?"},
    {ENV_TEXT("snapshot: { stores = [\"moon\"]; };"),
     "names the store \"moon\", which does not exist", "group stores"},
    {ENV_TEXT("snapshot: { stores = [\"local\", \"local\"]; };"), "the store \"local\" twice",
     NULL},
    {ENV_TEXT("snapshot: { stores = []; };"), "keeps snapshots in no store", NULL},
    {ENV_TEXT("snapshot: { require = \"offsite\"; };"), "requires the store \"offsite\"",
     "\"any\""},
    {ENV_TEXT("protected = true;\nhooks: { pre_deploy = [\"x\"]; };"),
     ":3: environment \"prod\" is protected, but", "Put \"snapshot\""},
    {ENV_TEXT("hooks: { pre_deploy = [\"snapshot\", \"snapshot\"]; };"),
     "takes the snapshot 2 times", NULL},
    {ENV_TEXT("hooks: { post_deploy = [\"snapshot\"]; };"), "\"snapshot\" is no post_deploy hook",
     "pre_deploy"},
    {ENV_TEXT("hooks: { pre_deploy = []; }; recover = [\"transaction\", \"restore\"];"),
     "cannot recover by \"restore\"", "Put \"snapshot\""},

    /* refresh */
    {ENV_TEXT("refresh: { from = \"prod\"; };"), "cannot be refreshed from itself", NULL},
    {ENV_TEXT("\nrefresh: { from = \"prod2\"; };"),
     ":3: environment \"prod\" is to be refreshed from \"prod2\", which does not exist",
     "\"prod\"?"},
    {ENV_TEXT("protected = true; refresh: { keep = 2; };"), "cannot be refreshed", NULL},
    {ENV_TEXT("refresh: { keep = 0; };"), "must be between 1 and 99", NULL},
    {ENV_TEXT("refresh: { masks = [\"x\"]; };"), "refresh.masks must be a list of rules", "masks = ("},
    {ENV_TEXT("refresh: { masks = ( \"x\" ); };"), "rule 1 must be a group", NULL},
    {ENV_TEXT("refresh: { masks = ( { column = \"a.b.c\"; } ); };"),
     "a rule needs a column and a mask", NULL},
    {ENV_TEXT("refresh: { masks = ( { column = \"a.b.c\"; with = 5; } ); };"),
     "with must be a text in quotes", NULL},
    {ENV_TEXT("refresh: { masks = ( { column = \"a.b.c\"; with = \"hahs\"; } ); };"),
     "there is no mask \"hahs\"", "\"hash\"?"},
    {ENV_TEXT("refresh: { masks = ( { column = \"a.b.c\"; with = \"null\"; valu = \"\"; } ); };"),
     "unknown key \"valu\"", "\"value\"?"},
    {ENV_TEXT("refresh: { masks = ( { column = \"a.b.c\"; with = \"constant\"; } ); };"),
     "the constant for a.b.c has no value", NULL},
    {ENV_TEXT("refresh: { masks = ( { column = \"a.b.c\"; with = \"null\"; value = \"x\"; } ); };"),
     "has a value, but is no constant", NULL},
    {ENV_TEXT("refresh: { masks = ( { column = \"a.b.c\"; with = \"null\"; }, "
              "{ column = \"a.b.c\"; with = \"keep\"; } ); };"),
     "has two rules for a.b.c", NULL},
    {ENV_TEXT("refresh: { masks = ( { column = \"a.b.c\"; with = \"hash\"; } ); };"),
     "has masks that need a salt", "env:MASK_SALT"},
    {ENV_TEXT("refresh: { mask_salt = \"pepper\"; };"), "stands in the configuration itself",
     "env:NAME"},
    {ENV_TEXT("hooks: { post_refresh = [\"snapshot\"]; };"), "\"snapshot\" is no post_refresh hook",
     "pre_deploy"},
};

static void test_rows(void **state)
{
    struct fixture *f = *state;

    assert_true(sizeof rows / sizeof *rows >= 40);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];

        if (fixture_load(f, row->text) != -1)
            fail_msg("row %zu was accepted: %s", i, row->text);
        if (f->errs.n != 1)
            fail_msg("row %zu has %zu mistakes: %s; %s", i, f->errs.n, f->errs.items[0].primary,
                     f->errs.items[1].primary);
        assert_int_equal(f->errs.items[0].code, ERR_CONFIG);
        basetest_has(f->errs.items[0].primary, arena_printf(f->arena, "%s/deploy-db.cfg", f->dir));
        basetest_has(f->errs.items[0].primary, row->says);
        if (row->hint != NULL)
            basetest_has(f->errs.items[0].hint, row->hint);
    }
}

/* Everything at once, in the order of the file. */
static void test_many(void **state)
{
    struct fixture *f = *state;
    static const char text[] =
        "project = \"my shop\";\n"                                                      /* 1 */
        "statedir = \"x\";\n"                                                           /* 2 */
        "engine: { plugin = 5; big = 5000000000; };\n"                                  /* 3: two */
        "stores: { any: { plugin = \"local\"; keep: { last = -1; daily = 1; }; }; };\n" /* 4: two */
        "environments: {\n"
        "  status: { };\n" /* 6: two */
        "  prod: {\n"
        "    database = 1;\n" /* 8 */
        "    protected = true;\n"
        "    recover = [\"restore\", \"undo\", \"restore\"];\n"        /* 10: two */
        "    hooks: { pre_deploy = []; timeout = \"soon\"; };\n"       /* 11: two */
        "    snapshot: { stores = [\"moon\"]; require = \"sun\"; };\n" /* 12: two */
        "    locks: { wait = \"5s\"; };\n"                             /* 13 */
        "  };\n"
        "};\n";
    static const char *const expected[] = {
        ":1: the project's name",
        ":2: unknown key \"statedir\"",
        ":3: engine.plugin must be",
        ":3: the integer",
        ":4: stores.any.keep.last must be between",
        ":4: a store cannot have the label",
        ":6: an environment cannot have the name",
        ":6: environment \"status\" names no database",
        ":8: environments.prod.database must be",
        ":10: environments.prod.recover: unknown rung \"undo\"",
        ":10: environments.prod.recover names \"restore\" twice",
        ":11: environments.prod.hooks.timeout: \"soon\" is no duration",
        ":11: environment \"prod\" is protected",
        ":12: environment \"prod\" names the store",
        ":12: environment \"prod\" requires the store \"sun\"",
        ":13: unknown key \"locks\"",
    };

    assert_int_equal(fixture_load(f, text), -1);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        bool found = false;

        for (size_t j = 0; j < f->errs.n; j++)
            found |= strstr(f->errs.items[j].primary, expected[i]) != NULL;
        if (!found)
            fail_msg("not reported: %s", expected[i]);
    }
    assert_int_equal(f->errs.n, sizeof expected / sizeof *expected);
    /* What could be read is there, so that plugins can be checked in the same run. */
    assert_string_equal(conf_value(&f->conf->engine, "big")->key, "big");
    assert_int_equal(f->conf->n_envs, 2);
    assert_null(conf_env(f->conf, "prod")->database);
}

static void test_too_many(void **state)
{
    struct fixture *f = *state;
    auto_buf struct buf text = {0};

    for (int i = 0; i < 500; i++)
        buf_addf(&text, "wrong%d = %d;\n", i, i);
    assert_int_equal(fixture_load(f, buf_text(&text)), -1);
    assert_int_equal(f->errs.n, 101);
    basetest_has(f->errs.items[100].primary, "there are more mistakes than these 100");
}

/* Mistakes found before keep their place: the list may have entries of another caller. */
static void test_unreadable(void **state)
{
    struct fixture *f = *state;
    auto_buf struct buf large = {0};

    assert_int_equal(conf_load(f->arena, fs_join(f->arena, f->dir, "none.cfg"), &f->conf, &f->errs),
                     -1);
    assert_int_equal(f->errs.n, 1);
    assert_int_equal(f->errs.items[0].code, ERR_CONFIG);
    basetest_has(f->errs.items[0].primary, "none.cfg");
    basetest_has(f->errs.items[0].hint, "deploy-db init");
    assert_int_equal(f->conf->n_envs, 0);
    assert_null(f->conf->plugin_dirs[0]);
    assert_int_equal(conf_load(f->arena, f->dir, &f->conf, &f->errs), -1);
    assert_int_equal(f->errs.n, 2);
    basetest_has(f->errs.items[1].primary, "is a folder");
    assert_int_equal(fixture_load_bytes(f, "project = \"x\";\0\n", 16), -1);
    basetest_has(f->errs.items[0].primary, ":1: there is a NUL byte");
    assert_int_equal(f->errs.n, 1);
    while (large.len < 1024 * 1024 + 1)
        buf_adds(&large, "# much too large\n");
    assert_int_equal(fixture_load(f, buf_text(&large)), -1);
    assert_int_equal(f->errs.n, 1);
    assert_int_equal(conf_load(f->arena, "", &f->conf, &f->errs), -1);
}

/* No message repeats what may be a password. */
static void test_no_secrets(void **state)
{
    struct fixture *f = *state;
    static const char *const texts[] = {
        HEAD_TEXT "environments: { e: { database = \"postgresql://u:hunter2@h/d\" x; }; };",
        HEAD_TEXT "environments: { e: { database = [\"postgresql://u:hunter2@h/d\"]; }; };",
        HEAD_TEXT "environments: { e: { databse = \"postgresql://u:hunter2@h/d\"; }; };",
        ENGINE_TEXT("plugin = \"x\"; secret: { password = \"hunter2\"; };"),
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(fixture_load(f, texts[i]), -1);
        for (size_t j = 0; j < f->errs.n; j++) {
            assert_null(strstr(f->errs.items[j].primary, "hunter2"));
            assert_null(strstr(f->errs.items[j].detail, "hunter2"));
            assert_null(strstr(f->errs.items[j].hint, "hunter2"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rows),       TEST(test_many),       TEST(test_too_many),
        TEST(test_unreadable), TEST(test_no_secrets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
