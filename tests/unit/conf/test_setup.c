/* What is found in a project, and that the configuration written from it can be loaded. */
#include "conftest.h"

#include "conf/secret.h"
#include "conf/setup.h"

struct result {
    struct buf text;
    struct strvec notes;
    char *folder;
};

static void result_release(struct result *r)
{
    buf_release(&r->text);
    strvec_release(&r->notes);
    mem_free(r->folder);
}
#define auto_result __attribute__((cleanup(result_release)))

/* Look at the fixture's folder, write the file, load it without a mistake. */
static void set_up_for(struct fixture *f, struct result *r, const char *engine)
{
    struct err err = ERR_INIT;

    result_release(r);
    memset(r, 0, sizeof *r);
    if (setup_write(f->dir, &r->text, &r->folder, &r->notes, &err) != 0)
        fail_msg("%s", err.primary);
    fixture_good(f, buf_text(&r->text));
    assert_string_equal(f->conf->engine.plugin, engine);
    assert_true(conf_env(f->conf, "production")->is_protected);
}

static void set_up(struct fixture *f, struct result *r)
{
    set_up_for(f, r, "alembic");
}

static const char *engine_text(const struct fixture *f, const char *key)
{
    return conf_value(&f->conf->engine, key)->text;
}

static void noted(const struct result *r, const char *part)
{
    auto_free char *all = r->notes.n > 0 ? strvec_join(&r->notes, "\n") : mem_strdup("");

    basetest_has(all, part);
}

#define INI(url) "[alembic]\nscript_location = alembic\nsqlalchemy.url = " url "\n"

static void test_poetry(void **state)
{
    struct fixture *f = *state;
    auto_result struct result r = {0};
    const struct conf_value *command;

    fixture_write(f, "backend/alembic.ini", INI("driver://user:pass@localhost/dbname"));
    fixture_write(f, "backend/alembic/env.py", "import os\nurl = os.getenv(\"DATABASE_URL\")\n");
    fixture_write(f, "backend/pyproject.toml", "[build]\n[tool.poetry]\nname = 'x'\n");
    fixture_write(f, "backend/.env",
                  "DATABASE_URL=postgresql://user:pw-secret@localhost/vintage\n");
    set_up(f, &r);
    assert_string_equal(engine_text(f, "directory"), "backend");
    command = conf_value(&f->conf->engine, "command");
    assert_string_equal(command->list[0], "poetry");
    assert_string_equal(command->list[2], "alembic");
    assert_string_equal(conf_value(&f->conf->engine, "python")->list[2], "python");
    assert_string_equal(conf_env(f->conf, "production")->database, "env:DATABASE_URL");
    assert_null(strstr(buf_text(&r.text), "pw-secret"));
    noted(&r, "found alembic.ini in \"backend\"");
    noted(&r, "\"backend/.env\" sets DATABASE_URL");
    noted(&r, "poetry");
    noted(&r, "sqlalchemy.url is not used");
}

static void test_compose(void **state)
{
    struct fixture *f = *state;
    auto_result struct result r = {0};
    static const char *const rows[][2] = {
        {"services:\n  db:\n    image: postgres:15\n  api:\n    build: .\n    command: uvicorn\n",
         "\"-T\", \"api\", \"alembic\"];"},
        {"version: '3'\nservices:\n    db:\n        image: postgres\n    'web':  # x\n        "
         "volumes:\n            - \".:/app\"\n    built:\n        build:\n            context: .\n",
         "\"-T\", \"web\", \"alembic\"];"},
        {"services:\n  migrate:\n    build: .\n    command: alembic upgrade head\n    profiles:\n  "
         "    "
         "- migrate\n  api:\n    build:\n      context: .\n    command: sh -c \"alembic upgrade "
         "head\"\n",
         "\"-T\", \"api\", \"alembic\"];"},
        {"services:\n  db:\n    image: postgres\n    volumes:\n      - "
         "./data:/var/lib/postgresql\n  "
         "# app:\n  #   build: .\nvolumes:\n  app:\n    build: .\n",
         NULL},
        {"services:\n", NULL},
        {"", NULL},
    };

    fixture_write(f, "alembic.ini", INI("postgresql://localhost/db"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fixture_write(f, "docker-compose.yml", rows[i][0]);
        set_up(f, &r);
        if (rows[i][1] != NULL)
            basetest_has(buf_text(&r.text), rows[i][1]);
        else
            assert_null(strstr(buf_text(&r.text), "docker"));
        assert_string_equal(conf_value(&f->conf->engine, "command")->list[0], "alembic");
    }
}

static void test_compose_folder(void **state)
{
    struct fixture *f = *state;
    auto_result struct result r = {0};

    fixture_write(f, "backend/alembic.ini", INI("postgresql://localhost/db"));
    fixture_write(f, "compose.yaml",
                  "services:\n  front:\n    build: ./frontend\n  back:\n    volumes:\n"
                  "      - ./backend/:/srv\n  other:\n    build: ./backend2\n");
    set_up(f, &r);
    basetest_has(buf_text(&r.text), "\"-T\", \"back\", \"alembic\"];");
    noted(&r, "\"compose.yaml\" has the service \"back\"");
    fixture_write(f, "compose.yaml", "services:\n  db:\n    image: postgres\n");
    fixture_write(f, "backend/compose.yml", "services:\n  inner:\n    build: .\n");
    set_up(f, &r);
    noted(&r, "\"backend/compose.yml\" has the service \"inner\"");
}

static void test_database(void **state)
{
    struct fixture *f = *state;
    auto_result struct result r = {0};
    const struct env *env;
    struct secret_database database;
    struct err err = ERR_INIT;

    /* without a password: used as it is */
    fixture_write(f, "alembic.ini",
                  INI("postgresql+psycopg2://me@db/shop?application_name=\"x\\y"));
    set_up(f, &r);
    env = conf_env(f->conf, "production");
    assert_string_equal(env->database, "postgresql+psycopg2://me@db/shop?application_name=\"x\\y");
    /* with a password: only the place */
    fixture_write(f, "alembic.ini", INI("postgresql://me:pw-secret@db/shop"));
    set_up(f, &r);
    env = conf_env(f->conf, "production");
    assert_string_equal(env->database, "ini:alembic.ini");
    assert_null(strstr(buf_text(&r.text), "pw-secret"));
    assert_int_equal(secret_resolve(f->arena, f->conf, env->database, &database, &err), 0);
    basetest_has(database.conninfo, "pw-secret");
    /* hidden among the parameters */
    fixture_write(f, "alembic.ini", INI("postgresql://db/shop?user=me&password=pw-secret"));
    set_up(f, &r);
    assert_string_equal(conf_env(f->conf, "production")->database, "ini:alembic.ini");
    /* in a folder */
    fixture_write(f, "alembic.ini", "[alembic]\n");
    set_up(f, &r);
    assert_string_equal(conf_env(f->conf, "production")->database, "env:DATABASE_URL");
    noted(&r, "nothing says where the database is");
    /* the environment alone, and a .env file alone */
    basetest_env("DATABASE_URL=postgresql://h/d");
    set_up(f, &r);
    noted(&r, "DATABASE_URL is set in the environment");
    basetest_env_reset();
    fixture_write(f, ".env", "DATABASE_URL=postgresql://me:pw-secret@h/d\n");
    set_up(f, &r);
    noted(&r, "\".env\" sets DATABASE_URL");
    for (size_t i = 0; i < r.notes.n; i++)
        assert_null(strstr(r.notes.v[i], "pw-secret"));
}

static void test_env_py(void **state)
{
    struct fixture *f = *state;
    auto_result struct result r = {0};

    fixture_write(f, "alembic.ini", "[alembic]\nscript_location = %(here)s/db/migrations\n");
    fixture_write(
        f, "db/migrations/env.py",
        "import os\nDEBUG = os.getenv('DEBUG')\nx = os.environ[ 'SHOP_DB_URL' ]\n"
        "context.configure(\n    my_version_table='no', version_table = \"shop_version\",\n"
        "    version_table_schema='audit', compare_type=version_table == 'q')\n");
    set_up(f, &r);
    assert_string_equal(conf_env(f->conf, "production")->database, "env:SHOP_DB_URL");
    assert_string_equal(engine_text(f, "url_variable"), "SHOP_DB_URL");
    assert_string_equal(f->conf->version_table, "shop_version");
    assert_string_equal(f->conf->version_table_schema, "audit");
    fixture_write(
        f, "db/migrations/env.py",
        "a = os.environ.get('A_URL')\nb = os.environ[\"DATABASE_URL\"]\n"
        "version_table_schema=settings.schema\nc = os.getenv(name)\nd = os.getenv('x_URL')");
    set_up(f, &r);
    assert_string_equal(conf_env(f->conf, "production")->database, "env:DATABASE_URL");
    assert_null(f->conf->version_table_schema);
    assert_string_equal(f->conf->version_table, "alembic_version");
}

/* Without Alembic: plain SQL, ours or to be imported. */
static void test_sql(void **state)
{
    struct fixture *f = *state;
    auto_result struct result r = {0};

    set_up_for(f, &r, "sql");
    assert_string_equal(conf_value(&f->conf->engine, "version_locations")->list[0], "versions");
    noted(&r, "plain SQL in \"versions\"");
    assert_string_equal(r.folder, "versions");
    fixture_write(f, "db/migrations/20240101_a.sql", "-- migrate:up\nSELECT 1;\n");
    fixture_write(f, "flyway/sql/V1__a.sql", "SELECT 1;\n");
    fixture_write(f, "go/1_a.up.sql", "SELECT 1;\n");
    fixture_write(f, "goose/1_a.sql", "-- +goose Up\nSELECT 1;\n");
    fixture_write(f, "seed/other.sql", "SELECT 1;\n");
    set_up_for(f, &r, "sql");
    noted(&r, "`deploy-db import dbmate db/migrations --into versions`");
    noted(&r, "import flyway flyway/sql");
    noted(&r, "import golang-migrate go");
    noted(&r, "import goose goose");
    fixture_write(f, "schema/steps/a1.sql", "-- a\n--\n-- Revision ID: a1\n\n-- upgrade\n");
    set_up_for(f, &r, "sql");
    assert_string_equal(conf_value(&f->conf->engine, "version_locations")->list[0], "schema/steps");
    assert_null(r.folder);
    fixture_write(f, "alembic.ini", INI("x"));
    set_up(f, &r);
}

/* The usual folders first, then two levels; other people's code and deeper folders are left out. */
static void test_places(void **state)
{
    struct fixture *f = *state;
    auto_result struct result r = {0};

    fixture_write(f, "node_modules/x/alembic.ini", INI("x"));
    fixture_write(f, ".venv/x/alembic.ini", INI("x"));
    fixture_write(f, "a/b/c/alembic.ini", INI("x"));
    fixture_write(f, "alembic.ini/file", "a folder of that name");
    set_up_for(f, &r, "sql");
    noted(&r, "no alembic.ini was found");
    fixture_write(f, "services/shop/alembic.ini", INI("x"));
    set_up(f, &r);
    assert_string_equal(engine_text(f, "directory"), "services/shop");
    fixture_write(f, "api/alembic.ini", INI("x"));
    fixture_write(f, "aaa/alembic.ini", INI("x"));
    set_up(f, &r);
    assert_string_equal(engine_text(f, "directory"), "api");
    noted(&r, "another alembic.ini in \"aaa\"");
    noted(&r, "another alembic.ini in \"services/shop\"");
}

static void test_names(void **state)
{
    struct fixture *f = *state;
    auto_result struct result r = {0};
    struct err err = ERR_INIT;
    static const char *const rows[][2] = {
        {"My Shop (v2)", "My-Shop-v2"},
        {"...", "project"},
        {"\xc3\xa9t\xc3\xa9", "t"},
        {"a234567890123456789012345678901234567890123456789012345678901234567890",
         "a23456789012345678901234567890123456789012345678"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *dir = fs_join(f->arena, f->dir, rows[i][0]);

        result_release(&r);
        memset(&r, 0, sizeof r);
        assert_int_equal(fs_mkdirs(dir, 0755, &err), 0);
        assert_int_equal(setup_write(dir, &r.text, &r.folder, &r.notes, &err), 0);
        fixture_good(f, buf_text(&r.text));
        assert_string_equal(f->conf->project, rows[i][1]);
    }
    result_release(&r);
    memset(&r, 0, sizeof r);
    assert_int_equal(setup_write(fs_join(f->arena, f->dir, "nowhere"), &r.text, &r.folder, &r.notes,
                                 &err),
                     -1);
    assert_int_equal(err.code, ERR_CONFIG);
    basetest_has(err.primary, "nowhere\" is no folder");
}

/* Broken files are noted, and something that loads is written all the same. */
static void test_broken(void **state)
{
    struct fixture *f = *state;
    auto_result struct result r = {0};

    fixture_write(f, "alembic.ini",
                  "[alembic]\nscript_location = %(nowhere)s/x\n"
                  "sqlalchemy.url = postgresql://%(also)s/x\n");
    fixture_write(f, "compose.yaml", "\t%%: [\nservices\nservices:x\n :\n");
    fixture_write(f, "pyproject.toml", "[project]\n");
    fixture_write(f, ".env", "\"\n=\nexport\n");
    set_up(f, &r);
    noted(&r, "script_location: ");
    noted(&r, "sqlalchemy.url: ");
    assert_string_equal(conf_env(f->conf, "production")->database, "env:DATABASE_URL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_poetry), TEST(test_compose), TEST(test_compose_folder), TEST(test_database),
        TEST(test_env_py), TEST(test_places),  TEST(test_names),          TEST(test_broken),
        TEST(test_sql),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
