/* Configurations that are right: what is read, what is filled in, and the functions around it. */
#include "conftest.h"

#include <sys/stat.h>

/* The format that the documentation of the project prints. */
static const char printed[] =
    "project = \"shop\";\n"
    "engine: { plugin = \"alembic\"; directory = \"backend\"; command = [\"poetry\", \"run\", "
    "\"alembic\"]; };\n"
    "stores: {\n"
    "  local:   { plugin = \"local\"; path = \"snapshots\"; keep: { last = 3; daily = 7; weekly = "
    "4; "
    "monthly = 6; }; };\n"
    "  offsite: { plugin = \"sftp\"; url = \"sftp://backup@vault.example:22/srv/shop\"; identity = "
    "\"~/.ssh/id_ed25519\"; };\n"
    "};\n"
    "environments: {\n"
    "  production: {\n"
    "    database = \"service=shop-production\";   # any libpq conninfo or URI; env:NAME reads a "
    "variable; SQLAlchemy URLs are understood\n"
    "    protected = true;                       # refresh and restore ask for this environment's "
    "name\n"
    "    strict: { compare_type = true; compare_server_default = true; };\n"
    "    snapshot: { plugin = \"pgdump\"; stores = [\"local\", \"offsite\"]; require = \"all\"; "
    "};\n"
    "    apply: { lock_timeout = \"5s\"; statement_timeout = \"0\"; retries = 10; };\n"
    "    recover = [\"transaction\", \"downgrade\", \"restore\"];\n"
    "    hooks: { pre_deploy = [\"snapshot\", \"hooks/maintenance-on\"]; post_deploy = "
    "[\"hooks/maintenance-off\"]; };\n"
    "  };\n"
    "  staging: { database = \"env:STAGING_URL\"; strict: { compare_type = true; }; };\n"
    "};\n";

static void test_printed(void **state)
{
    struct fixture *f = *state;
    const struct env *env;
    const struct conf_store *store;

    fixture_good(f, printed);
    assert_string_equal(f->conf->project, "shop");
    assert_string_equal(f->conf->dir, f->dir);
    assert_string_equal(f->conf->engine.plugin, "alembic");
    assert_string_equal(f->conf->engine.label, "engine");
    assert_string_equal(conf_value(&f->conf->engine, "directory")->text, "backend");
    assert_true(conf_value(&f->conf->engine, "directory")->quoted);
    assert_string_equal(conf_value(&f->conf->engine, "command")->list[2], "alembic");
    assert_null(conf_value(&f->conf->engine, "command")->list[3]);
    assert_null(conf_value(&f->conf->engine, "plugin")); /* the core's, not the plugin's */
    assert_int_equal(f->conf->n_stores, 2);
    store = conf_store(f->conf, "local");
    assert_true(store->keep.given);
    assert_int_equal(store->keep.last, 3);
    assert_int_equal(store->keep.monthly, 6);
    assert_int_equal(store->keep.hourly, 0);
    store = conf_store(f->conf, "offsite");
    assert_false(store->keep.given);
    assert_int_equal(store->plugin.line, 5);
    assert_string_equal(conf_value(&store->plugin, "identity")->text, "~/.ssh/id_ed25519");
    assert_int_equal(f->conf->n_envs, 2);
    env = conf_env(f->conf, "production");
    assert_int_equal(env->line, 8);
    assert_true(env->is_protected);
    assert_string_equal(env->snapshot.stores[1], "offsite");
    assert_null(env->snapshot.stores[2]);
    assert_int_equal(env->apply.retries, 10);
    assert_int_equal(env->n_recover, 3);
    assert_int_equal(env->recover[2], RUNG_RESTORE);
    assert_string_equal(env->hooks.pre_deploy[1], "hooks/maintenance-on");
    assert_string_equal(env->hooks.post_deploy[0], "hooks/maintenance-off");
    env = conf_env(f->conf, "staging");
    assert_false(env->is_protected);
    assert_true(env->strict.compare_type);
    assert_false(env->strict.compare_server_default);
}

static void test_defaults(void **state)
{
    struct fixture *f = *state;
    const struct env *env;

    basetest_env("HOME=/home/me");
    basetest_env("XDG_STATE_HOME=/state");
    fixture_good(f, ENV_TEXT(""));
    env = conf_env(f->conf, "prod");
    assert_string_equal(env->database, "dbname=x");
    assert_string_equal(env->maintenance_database, "postgres");
    assert_string_equal(env->target, "head");
    assert_false(env->strict.compare_type || env->strict.compare_server_default);
    assert_true(env->strict.models);
    assert_string_equal(env->snapshot.plugin.plugin, "pgdump");
    assert_string_equal(env->snapshot.plugins[0], "pgdump");
    assert_null(env->snapshot.plugins[1]);
    assert_int_equal(env->snapshot.plugin.n, 0);
    assert_string_equal(env->snapshot.stores[0], "local");
    assert_null(env->snapshot.stores[1]);
    assert_string_equal(env->snapshot.require, "all");
    assert_string_equal(env->snapshot.verify, "full");
    assert_int_equal(env->snapshot.compression_level, 3);
    assert_in_range(env->snapshot.jobs, 1, 4);
    assert_int_equal(env->apply.lock_timeout_ms, 5000);
    assert_int_equal(env->apply.statement_timeout_ms, 0);
    assert_int_equal(env->apply.retries, 5);
    assert_int_equal(env->apply.timeout_ms, 0);
    assert_int_equal(env->lock_wait_ms, 10000);
    assert_int_equal(env->n_recover, 3);
    assert_int_equal(env->recover[0], RUNG_TRANSACTION);
    assert_int_equal(env->recover[1], RUNG_DOWNGRADE);
    assert_string_equal(env->hooks.pre_deploy[0], "snapshot");
    assert_null(env->hooks.pre_deploy[1]);
    assert_null(env->hooks.verify[0]);
    assert_null(env->hooks.post_deploy[0]);
    assert_null(env->hooks.on_failure[0]);
    assert_int_equal(env->hooks.timeout_ms, 600000);
    assert_int_equal(env->preflight.long_transaction_ms, 300000);
    assert_int_equal(env->preflight.free_bytes_margin, 256 << 20);
    assert_string_equal(f->conf->version_table, "alembic_version");
    assert_null(f->conf->version_table_schema);
    assert_null(f->conf->plugin_dirs[0]);
    assert_int_equal(f->conf->n_stores, 1);
    assert_string_equal(f->conf->stores[0].plugin.plugin, "local");
    assert_string_equal(conf_value(&f->conf->stores[0].plugin, "path")->text, "snapshots");
    assert_string_equal(f->conf->state_dir,
                        geteuid() == 0 ? "/var/lib/deploy-db/shop" : "/state/deploy-db/shop");
}

/* A protected environment compares both, unless the file says otherwise. */
static void test_protected(void **state)
{
    struct fixture *f = *state;
    const struct env *env;

    fixture_good(f, ENV_TEXT("protected = true;"));
    env = conf_env(f->conf, "prod");
    assert_true(env->strict.compare_type && env->strict.compare_server_default);
    fixture_good(f, ENV_TEXT("strict = { compare_type = false; models = false; }; "
                             "protected = true;"));
    env = conf_env(f->conf, "prod");
    assert_false(env->strict.compare_type);
    assert_true(env->strict.compare_server_default);
    assert_false(env->strict.models);
}

static void test_every_key(void **state)
{
    struct fixture *f = *state;
    const struct env *env;

    basetest_env("HOME=/home/me");
    fixture_good(
        f,
        "project = \"a_b-3\"; state_dir = \"~/state\"; plugin_dirs = [\"p\", \"/q\"];\n"
        "engine = { plugin = \"sql\"; version_table = \"v\"; version_table_schema = \"s\"; n = 5; "
        "big = 5000000000L; on = TRUE; none = []; };\n"
        "stores = { a = { plugin = \"local\"; keep = { within = \"7d\"; yearly = 1; min_keep = 2; "
        "hourly = 1; }; }; b = { plugin = \"local\"; }; };\n"
        "environments = { x = { database = \"dbname=x\"; maintenance_database = \"template1\"; "
        "target = \"heads\"; snapshot = { plugin = [\"template\", \"p/x.so\"]; stores = (\"b\", \"a\"); require "
        "= "
        "\"a\"; compression_level = 19L; jobs = 0x10; verify = \"fast\"; raw = \"kept\"; }; apply "
        "= "
        "{ lock_timeout = \"500ms\"; statement_timeout = \"2 min\"; retries = 0; timeout = \"1h\"; "
        "}; lock = { wait = \"0\"; }; recover = [\"restore\"]; hooks = { pre_deploy = "
        "[\"snapshot\"]; "
        "verify = [\"v\"]; on_failure = [\"f\"]; timeout = \"30s\"; }; preflight = { "
        "long_transaction = \"0\"; free_space_margin = \"10 GB\"; }; }; };");
    assert_string_equal(f->conf->state_dir, "/home/me/state");
    assert_string_equal(f->conf->plugin_dirs[0], fs_join(f->arena, f->dir, "p"));
    assert_string_equal(f->conf->plugin_dirs[1], "/q");
    assert_null(f->conf->plugin_dirs[2]);
    assert_string_equal(f->conf->version_table, "v");
    assert_string_equal(f->conf->version_table_schema, "s");
    assert_int_equal(f->conf->engine.n, 4);
    assert_string_equal(conf_value(&f->conf->engine, "n")->text, "5");
    assert_string_equal(conf_value(&f->conf->engine, "big")->text, "5000000000");
    assert_string_equal(conf_value(&f->conf->engine, "on")->text, "true");
    assert_null(conf_value(&f->conf->engine, "none")->list[0]);
    assert_int_equal(f->conf->stores[0].keep.within_ms, 7 * 86400000LL);
    assert_int_equal(f->conf->stores[0].keep.min_keep, 2);
    env = conf_env(f->conf, "x");
    assert_string_equal(env->maintenance_database, "template1");
    assert_string_equal(env->target, "heads");
    assert_string_equal(env->snapshot.plugins[0], "template");
    assert_string_equal(env->snapshot.plugins[1], "p/x.so");
    assert_null(env->snapshot.plugins[2]);
    assert_string_equal(env->snapshot.plugin.plugin, "template");
    assert_string_equal(conf_value(&env->snapshot.plugin, "raw")->text, "kept");
    assert_string_equal(env->snapshot.stores[0], "b");
    assert_string_equal(env->snapshot.require, "a");
    assert_int_equal(env->snapshot.compression_level, 19);
    assert_int_equal(env->snapshot.jobs, 16);
    assert_string_equal(env->snapshot.verify, "fast");
    assert_int_equal(env->apply.lock_timeout_ms, 500);
    assert_int_equal(env->apply.statement_timeout_ms, 120000);
    assert_int_equal(env->apply.retries, 0);
    assert_int_equal(env->apply.timeout_ms, 3600000);
    assert_int_equal(env->lock_wait_ms, 0);
    assert_int_equal(env->n_recover, 1);
    assert_int_equal(env->hooks.timeout_ms, 30000);
    assert_string_equal(env->hooks.on_failure[0], "f");
    assert_int_equal(env->preflight.long_transaction_ms, 0);
    assert_int_equal(env->preflight.free_bytes_margin, 10LL << 30);
}

/* Without a snapshot there is no restore rung; a protected environment cannot do without. */
static void test_no_snapshot(void **state)
{
    struct fixture *f = *state;
    const struct env *env;

    fixture_good(f, ENV_TEXT("hooks: { pre_deploy = []; };"));
    env = conf_env(f->conf, "prod");
    assert_int_equal(env->n_recover, 2);
    assert_int_equal(env->recover[1], RUNG_DOWNGRADE);
}

/* Odd but right: a byte order mark, line ends of another system, comments, environments first. */
static void test_odd_text(void **state)
{
    struct fixture *f = *state;

    fixture_good(f,
                 "\xef\xbb\xbf// top\r\n# 5000000000 @include\r\n/* \" \r\n */\r\n" ENV_TEXT(""));
    assert_int_equal(conf_env(f->conf, "prod")->line, 6);
    fixture_good(f, "environments: { e: { database = \"dbname=\" \"x\"; snapshot: { stores = "
                    "[\"late\"]; }; }; }\n"
                    "stores: { late: { plugin = \"local\"; url = \"x\\\" @include 9999999999\"; } "
                    "}\n" HEAD_TEXT);
    assert_string_equal(conf_env(f->conf, "e")->database, "dbname=x");
    assert_string_equal(conf_value(&f->conf->stores[0].plugin, "url")->text,
                        "x\" @include 9999999999");
}

/* As another user: root's state lies elsewhere. The file must be readable for that user. */
static void test_state_dir(void **state)
{
    struct fixture *f = *state;
    bool was_root = geteuid() == 0;
    const char *path = fixture_write(f, "deploy-db.cfg", ENV_TEXT(""));

    assert_int_equal(chmod(f->dir, 0755), 0);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(chmod(f->dir, 0755), 0);
    if (was_root) {
        assert_int_equal(chown(f->dir, 65534, 65534), 0);
        assert_int_equal(chown(path, 65534, 65534), 0);
        assert_int_equal(seteuid(65534), 0);
    }
    basetest_env("HOME=/home/me");
    basetest_env("XDG_STATE_HOME=relative");
    assert_int_equal(conf_load(f->arena, path, &f->conf, &f->errs), 0);
    assert_string_equal(f->conf->state_dir, "/home/me/.local/state/deploy-db/shop");
    basetest_env("XDG_STATE_HOME=/state");
    assert_int_equal(conf_load(f->arena, path, &f->conf, &f->errs), 0);
    assert_string_equal(f->conf->state_dir, "/state/deploy-db/shop");
    basetest_env("XDG_STATE_HOME=");
    basetest_env("HOME=");
    assert_int_equal(conf_load(f->arena, path, &f->conf, &f->errs), -1);
    if (was_root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(f->errs.n, 1);
    basetest_has(f->errs.items[0].primary, "HOME is not set");
    assert_null(f->conf->state_dir);
}

static void test_paths(void **state)
{
    struct fixture *f = *state;
    const char *path = fixture_write(f, "sub/my.cfg", ENV_TEXT("") "state_dir = \"var\";");
    const char *link = fs_join(f->arena, f->dir, "link.cfg");

    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(chdir(f->dir), 0);
    assert_int_equal(conf_load(f->arena, "sub/../sub/my.cfg", &f->conf, &f->errs), 0);
    assert_string_equal(f->conf->path, path);
    assert_string_equal(f->conf->state_dir, fs_join(f->arena, f->dir, "sub/var"));
    assert_int_equal(conf_load(f->arena, "link.cfg", &f->conf, &f->errs), 0);
    assert_string_equal(f->conf->path, link); /* relative paths start where the link is */
    assert_string_equal(f->conf->dir, f->dir);
    assert_int_equal(chdir("/"), 0);
}

static void test_find(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(chdir(f->dir), 0);
    basetest_env("DEPLOY_DB_CONFIG=");
    assert_string_equal(conf_find(f->arena, "/given"), "/given");
    if (!fs_exists("/etc/deploy-db/deploy-db.cfg"))
        assert_null(conf_find(f->arena, NULL));
    fixture_write(f, "config/deploy-db.cfg", "");
    assert_string_equal(conf_find(f->arena, NULL), "config/deploy-db.cfg");
    fixture_write(f, "deploy-db.cfg", "");
    assert_string_equal(conf_find(f->arena, NULL), "deploy-db.cfg");
    basetest_env("DEPLOY_DB_CONFIG=/not/there");
    assert_string_equal(conf_find(f->arena, NULL), "/not/there");
    assert_string_equal(conf_find(f->arena, "given"), "given");
    assert_int_equal(chdir("/"), 0);
}

static void test_lookup(void **state)
{
    struct fixture *f = *state;

    fixture_good(f,
                 HEAD_TEXT "environments: { production: { database = \"dbname=x\"; }; staging: { "
                           "database = \"dbname=y\"; }; };");
    assert_null(conf_env(f->conf, "prod"));
    assert_string_equal(conf_nearest_env(f->conf, "produktion"), "production");
    assert_string_equal(conf_nearest_env(f->conf, "stagign"), "staging");
    assert_null(conf_nearest_env(f->conf, "qa"));
    assert_null(conf_nearest_env(f->conf, ""));
    assert_null(conf_store(f->conf, "vault"));
}

static void test_duration(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0", 0},          {"500ms", 500},
                {"5s", 5000},      {"2min", 120000},
                {"2 min", 120000}, {"1h", 3600000},
                {"7d", 604800000}, {"0s", 0},
                {"00", 0},         {"9223372036854775807ms", INT64_MAX}};
    static const char *const bad[] = {"",
                                      "5",
                                      "5 seconds",
                                      "5sec",
                                      "-5s",
                                      "+5s",
                                      " 5s",
                                      "5s ",
                                      "5  s",
                                      "1.5h",
                                      "5S",
                                      "s",
                                      "5m",
                                      "1h30min",
                                      "9223372036854775808ms",
                                      "9223372036854775807d",
                                      "0x5s"};
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ms = -1;
        assert_int_equal(conf_duration(good[i].text, &ms), 0);
        assert_true(ms == good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (conf_duration(bad[i], &ms) == 0)
            fail_msg("\"%s\" was taken for a duration", bad[i]);
}

static const struct conf_known known[] = {
    {"directory", CONF_PATH}, {"command", CONF_LIST},      {"port", CONF_INT},
    {"fast", CONF_BOOL},      {"patience", CONF_DURATION}, {"note", CONF_STRING},
};
enum { KNOWN = sizeof known / sizeof *known };

static void test_check_plugin(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "directory = 5;",    "directory = [\"x\"];", "command = \"alembic\";", "command = true;",
        "port = \"22\";",    "port = true;",         "port = [\"1\"];",        "fast = \"true\";",
        "fast = 1;",         "patience = 5;",        "patience = \"5\";",      "note = true;",
        "comand = [\"x\"];",
    };

    fixture_good(f,
                 "project = \"x\"; environments: { e: { database = \"a=b\"; }; }; engine: { plugin "
                 "= \"alembic\"; directory = \"d\"; command = [\"c\"]; port = 22; fast = false; "
                 "patience = \"5s\"; note = \"n\"; };");
    assert_int_equal(conf_check_plugin(f->conf, &f->conf->engine, known, KNOWN, &f->errs), 0);
    assert_int_equal(f->errs.n, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fixture_good(f, arena_printf(f->arena,
                                     "project = \"x\"; environments: { e: { database = "
                                     "\"a=b\"; }; };\nengine: { plugin = \"alembic\";\n%s };",
                                     bad[i]));
        if (conf_check_plugin(f->conf, &f->conf->engine, known, KNOWN, &f->errs) != -1)
            fail_msg("\"%s\" was accepted", bad[i]);
        assert_int_equal(f->errs.n, 1);
        assert_int_equal(f->errs.items[0].code, ERR_CONFIG);
        basetest_has(f->errs.items[0].primary, "deploy-db.cfg:3: ");
    }
    basetest_has(f->errs.items[0].primary, "unknown key \"comand\" in engine, plugin \"alembic\"");
    assert_string_equal(f->errs.items[0].hint, "Did you mean \"command\"?");
    /* A misspelt key of the core is known too; several mistakes are all reported. */
    fixture_good(f,
                 "project = \"x\"; environments: { e: { database = \"a=b\"; }; }; engine: { plugin "
                 "= \"alembic\"; version_tabel = \"v\"; port = \"x\"; };");
    assert_int_equal(conf_check_plugin(f->conf, &f->conf->engine, known, KNOWN, &f->errs), -1);
    assert_int_equal(f->errs.n, 2);
    assert_string_equal(f->errs.items[0].hint, "Did you mean \"version_table\"?");
}

/* Rules as they stand; strict where there are some. */
static void test_refresh(void **state)
{
    struct fixture *f = *state;
    const struct env *env;

    fixture_good(f, HEAD_TEXT "environments: { prod: { database = \"dbname=x\"; };\n"
                              "stage: { database = \"dbname=y\"; refresh: { from = \"prod\"; "
                              "keep = 3; mask_salt = \"env:SALT\"; exclude_data = [\"a.log\"]; "
                              "masks = ( { column = \"a.b.c\"; with = \"hash\"; },\n"
                              "{ column = \"a.b.d\"; with = \"constant\"; value = \"\"; } ); }; };"
                              "bare: { database = \"dbname=z\"; }; };");
    env = conf_env(f->conf, "stage");
    assert_string_equal(env->refresh.from, "prod");
    assert_int_equal(env->refresh.keep, 3);
    assert_int_equal(env->refresh.masks.n, 2);
    assert_string_equal(env->refresh.masks.items[0].column, "a.b.c");
    assert_string_equal(env->refresh.masks.items[0].with, "hash");
    assert_null(env->refresh.masks.items[0].value);
    assert_string_equal(env->refresh.masks.items[1].value, "");
    assert_int_equal(env->refresh.masks.items[1].line, 4);
    assert_string_equal(env->refresh.exclude_data[0], "a.log");
    assert_true(env->refresh.mask_strict);
    env = conf_env(f->conf, "bare");
    assert_null(env->refresh.from);
    assert_int_equal(env->refresh.keep, 1);
    assert_int_equal(env->refresh.masks.n, 0);
    assert_false(env->refresh.mask_strict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_printed),     TEST(test_defaults), TEST(test_protected), TEST(test_every_key),
        TEST(test_no_snapshot), TEST(test_odd_text), TEST(test_state_dir), TEST(test_paths),
        TEST(test_find),        TEST(test_lookup),   TEST(test_duration),  TEST(test_check_plugin),
        TEST(test_refresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
