/* From what the configuration says about a database to libpq's keywords. */
#include "conftest.h"

#include "base/log.h"
#include "conf/secret.h"

static void load(struct fixture *f)
{
    fixture_good(f, "project = \"x\"; engine: { plugin = \"alembic\"; directory = \"backend\"; }; "
                    "environments: { e: { database = \"a=b\"; }; };");
}

static struct secret_database resolve(struct fixture *f, const char *text)
{
    struct secret_database out = {NULL, NULL, NULL};
    struct err err = ERR_INIT;

    if (secret_resolve(f->arena, f->conf, text, &out, &err) != 0)
        fail_msg("%s: %s", text, err.primary);
    assert_int_equal(err.code, ERR_NONE);
    return out;
}

/* ${text} is refused with a message that has ${says}; gives the hint and detail. */
static struct err refused(struct fixture *f, const char *text, const char *says)
{
    struct secret_database out = {NULL, NULL, NULL};
    struct err err = ERR_INIT;

    if (secret_resolve(f->arena, f->conf, text, &out, &err) != -1)
        fail_msg("%s was accepted: %s", text, out.conninfo);
    assert_int_equal(err.code, ERR_CONFIG);
    basetest_has(err.primary, says);
    assert_null(out.conninfo);
    return err;
}

static void hidden(const char *secret)
{
    auto_free char *text = log_redact(secret);

    if (strstr(text, secret) != NULL)
        fail_msg("\"%s\" is not registered as a secret", secret);
}

static void test_urls(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *url, *conninfo, *scheme;
    } rows[] = {
        {"postgresql+psycopg2://user:p%40ss@host:5433/db?sslmode=require&application_name=a%20b",
         "user='user' password='p@ss' dbname='db' sslmode='require' application_name='a b' "
         "host='host' port='5433'",
         "postgresql+psycopg2"},
        {"postgresql://host/db", "dbname='db' host='host'", "postgresql"},
        {"postgres://u@host/db", "user='u' dbname='db' host='host'", "postgresql"},
        {"postgresql:///db", "dbname='db'", "postgresql"},
        {"postgresql://", "", "postgresql"},
        /* sockets */
        {"postgresql+psycopg2://user@/db?host=/var/run/postgresql",
         "user='user' dbname='db' host='/var/run/postgresql'", "postgresql+psycopg2"},
        {"postgresql+psycopg2://user@:5433/db?host=/sock",
         "user='user' dbname='db' host='/sock' "
         "port='5433'",
         "postgresql+psycopg2"},
        {"postgresql+psycopg2://user@/db?host=/sock&port=5433",
         "user='user' dbname='db' "
         "host='/sock' port='5433'",
         "postgresql+psycopg2"},
        {"postgresql://%2Fvar%2Frun/db", "dbname='db' host='/var/run'", "postgresql"},
        /* several hosts */
        {"postgresql+psycopg2:///db?host=a:1&host=b:2", "dbname='db' host='a,b' port='1,2'",
         "postgresql+psycopg2"},
        {"postgresql+psycopg2:///db?host=a:1&host=b", "dbname='db' host='a,b' port='1,'",
         "postgresql+psycopg2"},
        {"postgresql+psycopg://x/db?host=a,b&port=1,2", "dbname='db' host='a,b' port='1,2'",
         "postgresql+psycopg"},
        {"postgresql+psycopg://x/db?host=a&host=b&port=6", "dbname='db' host='a,b' port='6'",
         "postgresql+psycopg"},
        {"postgresql://u:pass@a:1,b:2/db?target_session_attrs=any",
         "user='u' password='pass' dbname='db' target_session_attrs='any' host='a,b' port='1,2'",
         "postgresql"},
        {"postgresql://[::1]:5433/db", "dbname='db' host='::1' port='5433'", "postgresql"},
        {"postgresql://[2001:db8::1],b/db", "dbname='db' host='2001:db8::1,b'", "postgresql"},
        {"postgresql:///db?host=::1", "dbname='db' host='::1'", "postgresql"},
        /* asyncpg */
        {"postgresql+asyncpg://u@h/db?ssl=verify-full",
         "user='u' dbname='db' "
         "sslmode='verify-full' host='h'",
         "postgresql+asyncpg"},
        {"postgresql+asyncpg://h/db?ssl=True&timeout=9&prepared_statement_cache_size=0",
         "dbname='db' sslmode='require' connect_timeout='9' host='h'", "postgresql+asyncpg"},
        {"postgresql+asyncpg://h/db?ssl=0", "dbname='db' sslmode='disable' host='h'",
         "postgresql+asyncpg"},
        /* odd passwords: SQLAlchemy takes anything but "@" */
        {"postgresql+psycopg2://u:a/b?c#d@h/db", "user='u' password='a/b?c#d' dbname='db' host='h'",
         "postgresql+psycopg2"},
        {"postgresql+psycopg2://u:12/34@h/db", "user='u' password='12/34' dbname='db' host='h'",
         "postgresql+psycopg2"},
        {"postgresql+psycopg2://u:100%25sure%zz%@h/db",
         "user='u' password='100%sure%zz%' "
         "dbname='db' host='h'",
         "postgresql+psycopg2"},
        {"postgresql://u:it%27s%5Cme+you@h/my%20db",
         "user='u' password='it\\'s\\\\me+you' "
         "dbname='my db' host='h'",
         "postgresql"},
        {"postgresql://h:5432/db?application_name=a@b",
         "dbname='db' application_name='a@b' "
         "host='h' port='5432'",
         "postgresql"},
        {"postgresql://u:@h/db", "user='u' password='' dbname='db' host='h'", "postgresql"},
        /* "+" is a space for SQLAlchemy, a plus for libpq */
        {"postgresql+psycopg2://h/db?options=-c+x", "dbname='db' options='-c x' host='h'",
         "postgresql+psycopg2"},
        {"postgresql://h/db?options=-c+x", "dbname='db' options='-c+x' host='h'", "postgresql"},
        /* SQLAlchemy takes the database's name as it is written, libpq decodes it */
        {"postgresql+psycopg2://h/my%20db", "dbname='my%20db' host='h'", "postgresql+psycopg2"},
        /* parameters after the path win; empty ones between "&" are nothing */
        {"postgresql://u:old@h/db?user=v&password=newer&database=db2&&",
         "user='v' "
         "password='newer' dbname='db2' host='h'",
         "postgresql"},
    };

    load(f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct secret_database got = resolve(f, rows[i].url);

        if (strcmp(got.conninfo, rows[i].conninfo) != 0)
            fail_msg("%s\n  gave     %s\n  not      %s", rows[i].url, got.conninfo,
                     rows[i].conninfo);
        assert_string_equal(got.scheme, rows[i].scheme);
        assert_string_equal(got.source, "the configuration");
    }
}

static void test_wrong_urls(void **state)
{
    struct fixture *f = *state;
    struct err err;

    load(f);
    err = refused(f, "mysql://h/db", "is for \"mysql\", not for PostgreSQL");
    basetest_has(err.hint, "postgresql://");
    refused(f, "driver://user:pass@localhost/dbname", "is for \"driver\"");
    refused(f, "postgresqlx://h/db", "not for PostgreSQL");
    refused(f, "sqlite:///file.db", "is for \"sqlite\"");
    refused(f, "postgresql+://h/db", "names no driver");
    err = refused(f, "postgresql://u:p@ss@h/db", "more than one \"@\"");
    basetest_has(err.hint, "%40");
    err = refused(f, "postgresql://user:topsecret", "has a port that is no number");
    assert_null(strstr(err.primary, "topsecret"));
    refused(f, "postgresql://h:0/db", "port");
    refused(f, "postgresql://h:65536/db", "port");
    refused(f, "postgresql://h:-1/db", "port");
    refused(f, "postgresql://[::1/db", "\"[\" without");
    refused(f, "postgresql://[::1]x/db", "\"[\" without");
    refused(f, "postgresql://h/db?port=x", "port");
    refused(f, "postgresql:///db?host=a&host=b&port=1&port=2&port=3", "3 ports for 2 hosts");
    err = refused(f, "postgresql://h/db?sslmod=require", "unknown parameter \"sslmod\"");
    assert_string_equal(err.hint, "Did you mean \"sslmode\"?");
    err = refused(f, "postgresql://h/db?schema=public", "unknown parameter \"schema\"");
    assert_string_equal(err.hint, "");
    refused(f, "postgresql://h/db?statement_cache_size=0", "unknown parameter");
    refused(f, "postgresql://h/db?sslmode", "\"sslmode\" without a value");
    refused(f, "postgresql+asyncpg://h/db?ssl=maybe", "ssl=maybe");
    refused(f, "postgresql://h/a%00b", "NUL byte");
    refused(f, "postgresql://a%00b@h/d", "NUL byte");
    refused(f, "postgresql://u:a%00b@h/d", "NUL byte");
    refused(f, "postgresql://h%00/d", "NUL byte");
    refused(f, "postgresql://h/d?user=%00", "NUL byte");
}

static void test_keywords(void **state)
{
    struct fixture *f = *state;
    struct secret_database got;

    load(f);
    got = resolve(f, " service=shop-production\n");
    assert_string_equal(got.conninfo, "service=shop-production");
    assert_string_equal(got.scheme, "postgresql");
    resolve(f, "host=h password = 'qu\\'o te\\\\d' dbname=d sslpassword=kEyPaSs");
    hidden("qu'o te\\d");
    hidden("qu\\'o te\\\\d");
    hidden("kEyPaSs");
    resolve(f, "password=plAin\\ word dbname=x");
    hidden("plAin word");
    resolve(f, "password='never closed");
    hidden("never closed");
    resolve(f, "= = ="); /* libpq says what is wrong with it, later */
    basetest_has(refused(f, "shop", "does not name a database").hint, "dbname=NAME");
    refused(f, "", "does not name a database");
    refused(f, "://x", "does not name a database");
}

static void test_hidden(void **state)
{
    struct fixture *f = *state;

    load(f);
    resolve(f, "postgresql://u:enc%40ded-A@h/d");
    hidden("enc%40ded-A");
    hidden("enc@ded-A");
    resolve(f, "postgresql://u:qu%27ote-B@h/d");
    hidden("qu'ote-B");
    hidden("qu\\'ote-B");
    resolve(f, "postgresql://h/d?password=par%40m-C");
    hidden("par%40m-C");
    hidden("par@m-C");
}

static void test_variable(void **state)
{
    struct fixture *f = *state;
    struct secret_database got;
    struct err err;

    load(f);
    err = refused(f, "env:SHOP_URL", "environment variable \"SHOP_URL\" is not set");
    basetest_has(err.detail, fs_join(f->arena, f->dir, ".env (does not exist)"));
    basetest_has(err.detail, fs_join(f->arena, f->dir, "backend/.env (does not exist)"));
    basetest_has(err.hint, "SHOP_URL");
    fixture_write(f, ".env", "OTHER=1\n");
    basetest_has(refused(f, "env:SHOP_URL", "not set").detail, ".env (does not set it)");
    fixture_write(f, "backend/.env", "SHOP_URL=postgresql://backend/db\n");
    got = resolve(f, "env:SHOP_URL");
    assert_string_equal(got.conninfo, "dbname='db' host='backend'");
    basetest_has(got.source, "variable SHOP_URL in \"");
    basetest_has(got.source, "backend/.env\"");
    fixture_write(f, ".env", "SHOP_URL=postgresql://beside/db\n");
    assert_string_equal(resolve(f, "env:SHOP_URL").conninfo, "dbname='db' host='beside'");
    basetest_env("SHOP_URL=  postgresql+asyncpg://environ/db \n");
    got = resolve(f, "env:SHOP_URL");
    assert_string_equal(got.conninfo, "dbname='db' host='environ'");
    assert_string_equal(got.scheme, "postgresql+asyncpg");
    assert_string_equal(got.source, "environment variable SHOP_URL");
    basetest_env("SHOP_URL=");
    refused(f, "env:SHOP_URL", "environment variable SHOP_URL is empty");
    refused(f, "env:", "names no environment variable");
    refused(f, "env:9X", "names no environment variable");
    refused(f, "env:A-B", "names no environment variable");
    basetest_env("SHOP_URL=mysql://x");
    refused(f, "env:SHOP_URL", "the database URL from environment variable SHOP_URL is for");
}

static void test_file(void **state)
{
    struct fixture *f = *state;
    const char *path;
    struct err err = ERR_INIT;

    load(f);
    path = fixture_write(f, "secrets/url", "\n postgresql://u:fromfile-D@h/d\n\n");
    assert_string_equal(resolve(f, "file:secrets/url").conninfo,
                        "user='u' password='fromfile-D' dbname='d' host='h'");
    hidden("fromfile-D");
    basetest_has(resolve(f, arena_printf(f->arena, "file:%s", path)).source, "secrets/url\"");
    basetest_env(arena_printf(f->arena, "HOME=%s", f->dir));
    resolve(f, "file:~/secrets/url");
    fixture_write(f, "two", "env:SHOP_URL");
    basetest_env("SHOP_URL=dbname=nested");
    assert_string_equal(resolve(f, "file:two").conninfo, "dbname=nested");
    fixture_write(f, "circle", "file:circle");
    refused(f, "file:circle", "without an end");
    fixture_write(f, "empty", " \n");
    refused(f, "file:empty", "is empty");
    refused(f, "file:missing", "missing");
    refused(f, "file:secrets", "is a folder");
    assert_int_equal(fs_write(fs_join(f->arena, f->dir, "nul"), "dbname=x\0y", 10, 0600, &err), 0);
    refused(f, "file:nul", "NUL byte");
}

static void test_ini(void **state)
{
    struct fixture *f = *state;
    struct err err;

    load(f);
    fixture_write(
        f, "backend/alembic.ini",
        "[DEFAULT]\nname = shop\n\n[loggers]\nsqlalchemy.url = postgresql://wrong/db\n"
        "[alembic]\n# sqlalchemy.url = postgresql://comment/db\nscript_location = %(here)s/m\n"
        "SQLAlchemy.URL: postgresql://u:p%%40ss-E@%(host)s/%(name)s ; no comment\r\n"
        "host = db1\n[other]\nhost = db2\n");
    assert_string_equal(resolve(f, "ini:backend/alembic.ini").conninfo,
                        "user='u' password='p@ss-E' dbname='shop ; no comment' host='db1'");
    hidden("p@ss-E");
    fixture_write(f, "a.ini",
                  "[alembic]\nsqlalchemy.url = postgresql:///db?sslrootcert=%(here)s/ca\n");
    assert_string_equal(resolve(f, "ini:a.ini").conninfo,
                        arena_printf(f->arena, "dbname='db' sslrootcert='%s/ca'", f->dir));
    fixture_write(f, "a.ini", "[alembic]\nsqlalchemy.url =\n   postgresql://h/folded\n");
    assert_string_equal(resolve(f, "ini:a.ini").conninfo, "dbname='folded' host='h'");
    fixture_write(f, "a.ini", "[alembic]\nsqlalchemy.url = postgresql://%(DB_USER)s@h/d\n");
    err = refused(f, "ini:a.ini", "refers to %(DB_USER)s");
    basetest_has(err.hint, "env:NAME");
    fixture_write(f, "a.ini", "[alembic]\nsqlalchemy.url = postgresql://u:p%40@h/d\n");
    basetest_has(refused(f, "ini:a.ini", "\"%\" that stands alone").hint, "%%");
    fixture_write(f, "a.ini", "[alembic]\nsqlalchemy.url = %(a)s\na = %(b)s\nb = %(a)s\n");
    refused(f, "ini:a.ini", "in a circle");
    fixture_write(f, "a.ini", "[alembic]\nsqlalchemy.url = \n");
    refused(f, "ini:a.ini", "is empty");
    fixture_write(f, "a.ini", "sqlalchemy.url = postgresql://h/d\n[alembic");
    refused(f, "ini:a.ini", "has no sqlalchemy.url");
    fixture_write(f, "a.ini", "");
    refused(f, "ini:a.ini", "has no sqlalchemy.url");
    refused(f, "ini:none.ini", "none.ini");
}

/* python-dotenv's own answers to this file are the expected ones. */
static void test_dotenv(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name, *value;
    } rows[] = {
        {"PLAIN", "value"},
        {"EXPORTED", "x y"},
        {"SPACED", "a b"},
        {"COMMENTED", "v"},
        {"HASH", "a#b"},
        {"EMPTY", ""},
        {"SINGLE", "a # b\\n"},
        {"DOUBLE", "a # \"b\"\n\tc"},
        {"LINES", "one\ntwo"},
        {"QUOTED NAME", "q"},
        {"REF", "value/end"},
        {"DEFAULTED", "dflt"},
        {"UNKNOWN", "[]"},
        {"FROM_ENV", "outer"},
        {"TWICE", "second"},
        {"AFTER_BAD", "ok"},
        {"NOT_CLOSED", NULL},
        {"NO_VALUE", NULL},
        {"TRAILING", NULL},
        {"DOLLAR", "$PLAIN ${"},
        {"CRLF", "cr"},
        {"APOSTROPHE", "it's"},
        {"ONLY_COMMENT", "# nothing"},
        {"missing", NULL},
        {"LAST", "no newline"},
    };
    const char *path = fixture_write(
        f, ".env",
        "# comment\nPLAIN=value\n  export EXPORTED=x y  \nSPACED = a b\nCOMMENTED=v # note\n"
        "HASH=a#b\nEMPTY=\nSINGLE='a # b\\n'\nDOUBLE=\"a # \\\"b\\\"\\n\\tc\" # note\n"
        "LINES=\"one\ntwo\"\n'QUOTED NAME'=q\nREF=${PLAIN}/end\nDEFAULTED=${NOPE:-dflt}\n"
        "UNKNOWN=[${NOPE}]\nFROM_ENV=${OUTER}\nTWICE=first\nTWICE=second\nnonsense here\n"
        "AFTER_BAD=ok\nNO_VALUE\nTRAILING=\"x\" y\nDOLLAR=$PLAIN ${\nCRLF=cr\r\n"
        "APOSTROPHE='it\\'s'\nONLY_COMMENT= # nothing\nNOT_CLOSED=\"abc\nLAST=no newline");

    basetest_env("OUTER=outer");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *value = secret_dotenv(f->arena, path, rows[i].name);

        if (rows[i].value == NULL ? value != NULL
                                  : value == NULL || strcmp(value, rows[i].value) != 0)
            fail_msg("%s is <%s>, not <%s>", rows[i].name, value ? value : "NULL",
                     rows[i].value ? rows[i].value : "NULL");
    }
    assert_null(secret_dotenv(f->arena, f->dir, "PLAIN"));
    assert_null(secret_dotenv(f->arena, "/not/there/.env", "PLAIN"));
    basetest_env("PLAIN=outer"); /* the environment comes before earlier lines */
    assert_string_equal(secret_dotenv(f->arena, path, "REF"), "outer/end");
    assert_string_equal(secret_dotenv(f->arena, path, "PLAIN"), "value");
}

/* A secret that is no database: from a variable or a file only, and hidden from then on. */
static void test_text(void **state)
{
    struct fixture *f = *state;
    struct err err = ERR_INIT;
    const char *text = NULL;
    char *shown;

    fixture_good(f, ENV_TEXT(""));
    fixture_write(f, "salt", "  pepper and more of it\n");
    basetest_env("SALT=from the variable");
    assert_int_equal(secret_text(f->arena, f->conf, "env:SALT", &text, &err), 0);
    assert_string_equal(text, "from the variable");
    assert_int_equal(secret_text(f->arena, f->conf, "file:salt", &text, &err), 0);
    assert_string_equal(text, "pepper and more of it");
    shown = log_clean("<pepper and more of it>");
    assert_null(strstr(shown, "pepper"));
    mem_free(shown);
    assert_int_equal(secret_text(f->arena, f->conf, "pepper", &text, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_null(strstr(err.primary, "pepper"));
    err_clear(&err);
    assert_int_equal(secret_text(f->arena, f->conf, "env:NOT_SET", &text, &err), -1);
    basetest_has(err.primary, "\"NOT_SET\" is not set");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_urls),     TEST(test_wrong_urls), TEST(test_keywords), TEST(test_hidden),
        TEST(test_variable), TEST(test_file),       TEST(test_ini),      TEST(test_dotenv),
        TEST(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
